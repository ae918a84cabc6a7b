//! What the environment says of providers.

use super::apple::AppleKey;
use super::oauth::{Dialect, Way};
use super::{ClientSecret, Credentials};
use crate::config::{ConfigError, Secret, Variables};
use std::collections::BTreeSet;
use std::net::IpAddr;
use url::{Host, Url};

/// Who Apple is unless the environment says otherwise.
const APPLE: &str = "https://appleid.apple.com";

/// A provider as the environment describes it.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    pub(super) name: String,
    pub(super) label: String,
    pub(super) credentials: Credentials,
    pub(super) scopes: Vec<String>,
    pub(super) kind: Kind,
}

/// What a provider speaks.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// OpenID Connect; the rest is asked of the issuer.
    OpenId {
        /// As it calls itself, to the letter.
        issuer: String,
    },
    /// OAuth 2, with a way of its own to tell who somebody is.
    OAuth(Dialect),
}

impl ProviderSettings {
    /// Whether all that is said to it is encrypted.
    pub(super) fn is_https(&self) -> bool {
        match &self.kind {
            Kind::OpenId { issuer } => issuer.starts_with("https://"),
            Kind::OAuth(dialect) => [&dialect.site, &dialect.api].iter().all(|address| address.starts_with("https://")),
        }
    }
}

/// Reads `OIDC_<NAME>_ISSUER`, `_CLIENT_ID`, `_CLIENT_SECRET`, `_LABEL` and `_SCOPES` for any name; for `APPLE` also
/// `_TEAM_ID`, `_KEY_ID` and `_PRIVATE_KEY` in the place of a secret; and `OAUTH_GITHUB_…` and `OAUTH_FACEBOOK_…` with
/// `CLIENT_ID`, `CLIENT_SECRET`, `LABEL`, `SCOPES`, and `URL` and `API_URL` for servers of one's own.
///
/// # Errors
/// [`ConfigError`] for the first variable that is wrong or missing.
pub(crate) fn parse(variables: &Variables) -> Result<Vec<ProviderSettings>, ConfigError> {
    let names: BTreeSet<String> = variables.names().filter_map(|name| openid_name(name).map(str::to_owned)).collect();
    let mut all = Vec::new();
    for name in names {
        let prefix = format!("OIDC_{name}_");
        // One that is set and empty is none.
        if ["ISSUER", "CLIENT_ID", "CLIENT_SECRET", "TEAM_ID"].iter().any(|rest| is_set(variables, &prefix, rest)) {
            all.push(openid(variables, &name, &prefix)?);
        }
    }
    for way in Way::ALL {
        let (name, prefix) = (way.name(), format!("OAUTH_{}_", way.name().to_ascii_uppercase()));
        if ["CLIENT_ID", "CLIENT_SECRET"].iter().any(|rest| is_set(variables, &prefix, rest)) {
            all.push(oauth(variables, way, name, &prefix)?);
        }
    }
    let names: BTreeSet<_> = all.iter().map(|provider| &provider.name).collect();
    if names.len() < all.len() {
        let problem = "and OAUTH_GITHUB_CLIENT_ID, or the same of Facebook, name two providers alike";
        return Err(ConfigError::new("OIDC_<NAME>_ISSUER", problem));
    }
    Ok(all)
}

/// `GOOGLE` of `OIDC_GOOGLE_ISSUER`. What else begins with `OIDC_` may be somebody else's.
fn openid_name(variable: &str) -> Option<&str> {
    let rest = variable.strip_prefix("OIDC_")?;
    let name = ["_ISSUER", "_CLIENT_ID", "_CLIENT_SECRET", "_TEAM_ID"].iter().find_map(|end| rest.strip_suffix(end))?;
    let known = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    (!name.is_empty() && name.len() <= 40 && name.chars().all(known)).then_some(name)
}

fn openid(variables: &Variables, name: &str, prefix: &str) -> Result<ProviderSettings, ConfigError> {
    let is_apple = name == "APPLE" && is_set(variables, prefix, "TEAM_ID");
    let issuer = match variables.text(&format!("{prefix}ISSUER"))? {
        None if is_apple => APPLE.to_owned(),
        _ => checked_address(format!("{prefix}ISSUER"), &needed(variables, prefix, "ISSUER")?)?,
    };
    let secret = if is_apple {
        let (team, key_id) = (needed(variables, prefix, "TEAM_ID")?, needed(variables, prefix, "KEY_ID")?);
        let key = AppleKey::parse(team, key_id, &needed(variables, prefix, "PRIVATE_KEY")?);
        let problem = "must be the key that Apple gives, beginning with -----BEGIN PRIVATE KEY-----";
        ClientSecret::Apple(key.ok_or_else(|| ConfigError::new(format!("{prefix}PRIVATE_KEY"), problem))?)
    } else {
        ClientSecret::Fixed(Secret::from(needed(variables, prefix, "CLIENT_SECRET")?))
    };
    let usual: &[&str] = if is_apple { &["email", "name"] } else { &["email", "profile"] };
    let credentials = Credentials { client_id: needed(variables, prefix, "CLIENT_ID")?, secret };
    let address_name = name.to_ascii_lowercase().replace('_', "-");
    Ok(ProviderSettings {
        label: label(variables, prefix, &address_name)?,
        name: address_name,
        credentials,
        scopes: scopes(variables, prefix, usual)?,
        kind: Kind::OpenId { issuer },
    })
}

fn oauth(variables: &Variables, way: Way, name: &str, prefix: &str) -> Result<ProviderSettings, ConfigError> {
    let (site, api) = way.usual_addresses();
    let address = |rest: &str, usual: &str| {
        let variable = format!("{prefix}{rest}");
        let text = variables.text(&variable)?.unwrap_or_else(|| usual.to_owned());
        checked_address(variable, &text).map(|text| text.trim_end_matches('/').to_owned())
    };
    let secret = ClientSecret::Fixed(Secret::from(needed(variables, prefix, "CLIENT_SECRET")?));
    Ok(ProviderSettings {
        name: name.to_owned(),
        label: label(variables, prefix, name)?,
        credentials: Credentials { client_id: needed(variables, prefix, "CLIENT_ID")?, secret },
        scopes: scopes(variables, prefix, way.scopes())?,
        kind: Kind::OAuth(Dialect { way, site: address("URL", site)?, api: address("API_URL", api)? }),
    })
}

pub(crate) fn is_set(variables: &Variables, prefix: &str, rest: &str) -> bool {
    // What can't be read is an error of whoever reads it.
    !matches!(variables.text(&format!("{prefix}{rest}")), Ok(None))
}

pub(crate) fn needed(variables: &Variables, prefix: &str, rest: &str) -> Result<String, ConfigError> {
    let variable = format!("{prefix}{rest}");
    let missing = || ConfigError::new(variable.clone(), format!("must be set, as other variables of {prefix}… are"));
    variables.text(&variable)?.ok_or_else(missing)
}

fn scopes(variables: &Variables, prefix: &str, usual: &[&str]) -> Result<Vec<String>, ConfigError> {
    let text = variables.text(&format!("{prefix}SCOPES"))?.unwrap_or_else(|| usual.join(" "));
    let scopes = text.split([' ', ',']).filter(|scope| !scope.is_empty() && *scope != "openid");
    Ok(scopes.map(str::to_owned).collect())
}

/// What people call a provider.
fn label(variables: &Variables, prefix: &str, name: &str) -> Result<String, ConfigError> {
    let variable = format!("{prefix}LABEL");
    match variables.text(&variable)? {
        Some(label) if label.chars().count() > 40 => Err(ConfigError::new(variable, "must have at most 40 characters")),
        Some(label) => Ok(label),
        None if name == "github" => Ok("GitHub".to_owned()),
        None => {
            let words = name.split('-').map(|word| {
                let mut letters = word.chars();
                letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string())
                    + letters.as_str()
            });
            Ok(words.collect::<Vec<_>>().join(" "))
        }
    }
}

/// An address of a provider: encrypted, unless it is on this machine. It is kept to the letter: issuers are compared so.
pub(crate) fn checked_address(variable: String, text: &str) -> Result<String, ConfigError> {
    let here = |host: &Host<&str>| match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(ip) => IpAddr::from(*ip).is_loopback(),
        Host::Ipv6(ip) => IpAddr::from(*ip).is_loopback(),
    };
    let good = Url::parse(text).is_ok_and(|url| {
        let encrypted =
            url.scheme() == "https" || (url.scheme() == "http" && url.host().is_some_and(|host| here(&host)));
        let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        encrypted && plain && url.password().is_none()
    });
    let problem = "must be an address such as https://accounts.example.com; http:// only on this machine";
    if good { Ok(text.to_owned()) } else { Err(ConfigError::new(variable, problem)) }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
