//! What the environment says of gateways that orders are paid at.

use crate::config::{ConfigError, Secret, Variables};
use crate::oidc::{is_set, needed};
use commerce::payments::paypal::Environment;
use commerce::payments::{ClientError, Gateway, PayPal, Razorpay, Stripe, razorpay, stripe};
use std::sync::Arc;

/// The gateways at which the shop has an account.
#[derive(Clone, Debug, Default)]
pub struct GatewaySettings {
    stripe: Option<StripeAccount>,
    paypal: Option<PayPalAccount>,
    razorpay: Option<RazorpayAccount>,
}

#[derive(Clone, Debug)]
struct StripeAccount {
    secret_key: Secret,
    webhook_secret: Secret,
}

#[derive(Clone, Debug)]
struct PayPalAccount {
    client_id: String,
    client_secret: Secret,
    webhook_id: String,
    environment: Environment,
}

#[derive(Clone, Debug)]
struct RazorpayAccount {
    key_id: String,
    key_secret: Secret,
    webhook_secret: Secret,
}

/// Reads `STRIPE_SECRET_KEY` and `_WEBHOOK_SECRET`; `PAYPAL_CLIENT_ID`, `_CLIENT_SECRET` and `_WEBHOOK_ID`, and
/// `_ENVIRONMENT`, which is live or sandbox; `RAZORPAY_KEY_ID`, `_KEY_SECRET` and `_WEBHOOK_SECRET`. Of a gateway all
/// are set, or none: without the means to tell what it sends from what others send, payments would be found late.
///
/// # Errors
/// [`ConfigError`] for the first variable that is wrong or missing.
pub(crate) fn parse(variables: &Variables) -> Result<GatewaySettings, ConfigError> {
    Ok(GatewaySettings { stripe: stripe(variables)?, paypal: paypal(variables)?, razorpay: razorpay(variables)? })
}

fn any_is_set(variables: &Variables, prefix: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_set(variables, prefix, name))
}

fn stripe(variables: &Variables) -> Result<Option<StripeAccount>, ConfigError> {
    const PREFIX: &str = "STRIPE_";
    if !any_is_set(variables, PREFIX, &["SECRET_KEY", "WEBHOOK_SECRET"]) {
        return Ok(None);
    }
    Ok(Some(StripeAccount {
        secret_key: needed(variables, PREFIX, "SECRET_KEY")?.into(),
        webhook_secret: needed(variables, PREFIX, "WEBHOOK_SECRET")?.into(),
    }))
}

fn paypal(variables: &Variables) -> Result<Option<PayPalAccount>, ConfigError> {
    const PREFIX: &str = "PAYPAL_";
    const ENVIRONMENT: &str = "PAYPAL_ENVIRONMENT";
    if !any_is_set(variables, PREFIX, &["CLIENT_ID", "CLIENT_SECRET", "WEBHOOK_ID", "ENVIRONMENT"]) {
        return Ok(None);
    }
    Ok(Some(PayPalAccount {
        client_id: needed(variables, PREFIX, "CLIENT_ID")?,
        client_secret: needed(variables, PREFIX, "CLIENT_SECRET")?.into(),
        webhook_id: needed(variables, PREFIX, "WEBHOOK_ID")?,
        environment: match variables.text(ENVIRONMENT)?.as_deref() {
            None | Some("live") => Environment::live(),
            Some("sandbox") => Environment::sandbox(),
            Some(_) => return Err(ConfigError::new(ENVIRONMENT, "must be live or sandbox")),
        },
    }))
}

fn razorpay(variables: &Variables) -> Result<Option<RazorpayAccount>, ConfigError> {
    const PREFIX: &str = "RAZORPAY_";
    if !any_is_set(variables, PREFIX, &["KEY_ID", "KEY_SECRET", "WEBHOOK_SECRET"]) {
        return Ok(None);
    }
    Ok(Some(RazorpayAccount {
        key_id: needed(variables, PREFIX, "KEY_ID")?,
        key_secret: needed(variables, PREFIX, "KEY_SECRET")?.into(),
        webhook_secret: needed(variables, PREFIX, "WEBHOOK_SECRET")?.into(),
    }))
}

impl GatewaySettings {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stripe.is_none() && self.paypal.is_none() && self.razorpay.is_none()
    }

    /// The gateways, in the order in which they are offered.
    ///
    /// # Errors
    /// When there can be no client to ask one with.
    pub fn gateways(&self) -> Result<Vec<Arc<dyn Gateway>>, ClientError> {
        let mut gateways: Vec<Arc<dyn Gateway>> = Vec::new();
        if let Some(StripeAccount { secret_key, webhook_secret }) = &self.stripe {
            gateways.push(Arc::new(Stripe::new(stripe::API, secret_key.reveal(), webhook_secret.reveal())?));
        }
        if let Some(PayPalAccount { client_id, client_secret, webhook_id, environment }) = &self.paypal {
            gateways.push(Arc::new(PayPal::new(environment.clone(), client_id, client_secret.reveal(), webhook_id)?));
        }
        if let Some(RazorpayAccount { key_id, key_secret, webhook_secret }) = &self.razorpay {
            let (key, secret) = (key_secret.reveal(), webhook_secret.reveal());
            gateways.push(Arc::new(Razorpay::new(razorpay::API, key_id, key, secret)?));
        }
        Ok(gateways)
    }
}
