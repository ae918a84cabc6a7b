//! What the environment says of carriers.

use crate::config::{ConfigError, Variables};
use crate::oidc::{checked_address, is_set, needed};
use commerce::fulfilment::carrier::{Carrier, Carriers};
use commerce::fulfilment::carriers::{
    BlueDart, BlueDartAccount, Dhl, DhlAccount, FedEx, FedExAccount, HttpError, Manual,
};
use std::fmt;
use std::sync::Arc;

/// The carriers at which the shop has an account.
#[derive(Clone, Default)]
pub struct CarrierSettings {
    dhl: Option<DhlAccount>,
    fedex: Option<FedExAccount>,
    bluedart: Option<BlueDartAccount>,
}

impl fmt::Debug for CarrierSettings {
    /// Which there are, without their secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known =
            [("dhl", self.dhl.is_some()), ("fedex", self.fedex.is_some()), ("bluedart", self.bluedart.is_some())];
        f.debug_list().entries(known.into_iter().filter(|(_, set)| *set).map(|(name, _)| name)).finish()
    }
}

/// Reads `DHL_USERNAME`, `_PASSWORD` and `_ACCOUNT`; `FEDEX_CLIENT_ID`, `_CLIENT_SECRET` and `_ACCOUNT`;
/// `BLUEDART_CLIENT_ID`, `_CLIENT_SECRET`, `_LOGIN_ID`, `_LICENCE_KEY`, `_CUSTOMER_CODE` and `_ORIGIN_AREA`, and
/// `_TRACKING_KEY` where that is another; and of each `_URL`, to try it. Of a carrier all are set, or none.
///
/// # Errors
/// [`ConfigError`] for the first variable that is wrong or missing.
pub(crate) fn parse(variables: &Variables) -> Result<CarrierSettings, ConfigError> {
    Ok(CarrierSettings { dhl: dhl(variables)?, fedex: fedex(variables)?, bluedart: bluedart(variables)? })
}

fn dhl(variables: &Variables) -> Result<Option<DhlAccount>, ConfigError> {
    const PREFIX: &str = "DHL_";
    if !any_is_set(variables, PREFIX, &["USERNAME", "PASSWORD", "ACCOUNT"]) {
        return Ok(None);
    }
    Ok(Some(DhlAccount {
        username: needed(variables, PREFIX, "USERNAME")?,
        password: needed(variables, PREFIX, "PASSWORD")?,
        account: needed(variables, PREFIX, "ACCOUNT")?,
        url: url(variables, PREFIX, "https://express.api.dhl.com/mydhlapi")?,
    }))
}

fn fedex(variables: &Variables) -> Result<Option<FedExAccount>, ConfigError> {
    const PREFIX: &str = "FEDEX_";
    if !any_is_set(variables, PREFIX, &["CLIENT_ID", "CLIENT_SECRET", "ACCOUNT"]) {
        return Ok(None);
    }
    Ok(Some(FedExAccount {
        client_id: needed(variables, PREFIX, "CLIENT_ID")?,
        client_secret: needed(variables, PREFIX, "CLIENT_SECRET")?,
        account: needed(variables, PREFIX, "ACCOUNT")?,
        url: url(variables, PREFIX, "https://apis.fedex.com")?,
    }))
}

fn bluedart(variables: &Variables) -> Result<Option<BlueDartAccount>, ConfigError> {
    const PREFIX: &str = "BLUEDART_";
    if !any_is_set(variables, PREFIX, &["CLIENT_ID", "CLIENT_SECRET", "LOGIN_ID", "LICENCE_KEY"]) {
        return Ok(None);
    }
    let licence_key = needed(variables, PREFIX, "LICENCE_KEY")?;
    Ok(Some(BlueDartAccount {
        client_id: needed(variables, PREFIX, "CLIENT_ID")?,
        client_secret: needed(variables, PREFIX, "CLIENT_SECRET")?,
        login_id: needed(variables, PREFIX, "LOGIN_ID")?,
        tracking_key: variables.text("BLUEDART_TRACKING_KEY")?.unwrap_or_else(|| licence_key.clone()),
        licence_key,
        customer_code: needed(variables, PREFIX, "CUSTOMER_CODE")?,
        origin_area: needed(variables, PREFIX, "ORIGIN_AREA")?,
        url: url(variables, PREFIX, "https://apigateway.bluedart.com")?,
    }))
}

fn any_is_set(variables: &Variables, prefix: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_set(variables, prefix, name))
}

fn url(variables: &Variables, prefix: &str, usual: &str) -> Result<String, ConfigError> {
    let variable = format!("{prefix}URL");
    let text = variables.text(&variable)?.unwrap_or_else(|| usual.to_owned());
    checked_address(variable, &text).map(|text| text.trim_end_matches('/').to_owned())
}

impl CarrierSettings {
    /// The carriers, with the one that is any other first.
    ///
    /// # Errors
    /// When there can be no client to ask one with.
    pub fn carriers(self) -> Result<Carriers, HttpError> {
        let mut carriers: Vec<Arc<dyn Carrier>> = vec![Arc::new(Manual)];
        if let Some(account) = self.dhl {
            carriers.push(Arc::new(Dhl::new(account)?));
        }
        if let Some(account) = self.fedex {
            carriers.push(Arc::new(FedEx::new(account)?));
        }
        if let Some(account) = self.bluedart {
            carriers.push(Arc::new(BlueDart::new(account)?));
        }
        Ok(Carriers::new(carriers))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;
    use std::ffi::OsString;
    use std::path::Path;

    const ALL: [(&str, &str); 12] = [
        ("DHL_USERNAME", "shop"),
        ("DHL_PASSWORD", "hunter2"),
        ("DHL_ACCOUNT", "123456789"),
        ("FEDEX_CLIENT_ID", "shop"),
        ("FEDEX_CLIENT_SECRET", "hunter2"),
        ("FEDEX_ACCOUNT", "740561073"),
        ("BLUEDART_CLIENT_ID", "shop"),
        ("BLUEDART_CLIENT_SECRET", "hunter2"),
        ("BLUEDART_LOGIN_ID", "BOM00001"),
        ("BLUEDART_LICENCE_KEY", "hunter2"),
        ("BLUEDART_CUSTOMER_CODE", "000001"),
        ("BLUEDART_ORIGIN_AREA", "BOM"),
    ];

    fn parse(variables: &[(&str, &str)]) -> Result<Config, String> {
        let variables = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Config::parse(variables, Path::new("/opt/emporion/emporion")).map_err(|error| error.to_string())
    }

    fn codes(variables: &[(&str, &str)]) -> Vec<&'static str> {
        let carriers = parse(variables).expect("valid").carriers.carriers().expect("clients");
        carriers.all().iter().map(|carrier| carrier.code()).collect()
    }

    #[test]
    fn carriers_are_there_by_their_accounts() {
        assert_eq!(codes(&[]), ["manual"]);
        assert_eq!(codes(&ALL), ["manual", "dhl", "fedex", "bluedart"]);
        assert_eq!(codes(&ALL[3..6]), ["manual", "fedex"]);
        assert_eq!(codes(&[("DHL_USERNAME", "")]), ["manual"]);
        let config = parse(&ALL).expect("valid");
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for missing in ALL {
            let some: Vec<_> = ALL.into_iter().filter(|one| *one != missing).collect();
            let refusal = parse(&some).expect_err("refused");
            assert!(refusal.starts_with(missing.0) && !refusal.contains("hunter2"), "{refusal}");
        }
        for name in ["DHL_URL", "FEDEX_URL", "BLUEDART_URL"] {
            for address in ["api.example.com", "http://api.example.com", "https://me:hunter2@api.example.com"] {
                let some: Vec<_> = ALL.into_iter().chain([(name, address)]).collect();
                let refusal = parse(&some).expect_err("refused");
                assert!(refusal.starts_with(name) && !refusal.contains("hunter2"), "{refusal}");
            }
            let here: Vec<_> = ALL.into_iter().chain([(name, "http://127.0.0.1:8080/")]).collect();
            parse(&here).expect("valid");
        }
    }
}
