//! What Stripe keeps for a customer: <https://docs.stripe.com/payments/checkout/save-during-payment>. Whether something
//! is saved is for the shopper to say, on Stripe's page; what they have said so of is shown to them there again.

use super::Stripe;
use super::objects::Page;
use crate::payments::gateway::{KeptMethod, Payer, Wallet};
use crate::payments::saved::MethodLabel;
use crate::payments::{GatewayError, PaymentRef};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

/// Which may be shown to their owner again, who has said so.
const SHOWN: (&str, &str) = ("allow_redisplay", "always");

/// How many methods are read: more than anybody chooses from.
const MOST: (&str, &str) = ("limit", "100");

/// <https://docs.stripe.com/api/payment_methods/object>
#[derive(Debug, Deserialize)]
struct PaymentMethodObject {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    card: Option<Card>,
}

#[derive(Debug, Deserialize)]
struct Card {
    #[serde(default)]
    display_brand: Option<String>,
    brand: String,
    last4: String,
    exp_month: u8,
    exp_year: u16,
}

impl From<PaymentMethodObject> for KeptMethod {
    fn from(object: PaymentMethodObject) -> Self {
        let label = match object.card {
            Some(card) => MethodLabel {
                brand: card.display_brand.unwrap_or(card.brand),
                last_four: Some(card.last4),
                expires: Some(format!("{:04}-{:02}", card.exp_year, card.exp_month)),
            },
            None => MethodLabel { brand: object.kind, last_four: None, expires: None },
        };
        Self { token: object.id, label }
    }
}

/// What a session is asked for so that its shopper can save how they pay, and is shown what they have saved.
pub(super) fn fields(payer: &Payer, email: &str) -> Vec<(&'static str, String)> {
    let save = ("saved_payment_method_options[payment_method_save]", "enabled".to_owned());
    match payer {
        Payer::Guest => vec![("customer_email", email.to_owned())],
        Payer::New => {
            vec![("customer_email", email.to_owned()), ("customer_creation", "always".to_owned()), save]
        }
        Payer::Known(customer) => vec![("customer", customer.clone()), save],
    }
}

/// Whether Stripe does not know the customer any more that it was named.
pub(super) fn is_gone(error: &GatewayError) -> bool {
    matches!(error, GatewayError::Refused(reason) if reason.ends_with("resource_missing"))
}

impl Stripe {
    pub(super) async fn kept(&self, payment: &PaymentRef) -> Result<Option<Wallet>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(None) };
        let Some(customer) = self.session(reference).await?.customer else { return Ok(None) };
        let path = format!("customers/{customer}/payment_methods");
        let page: Page<PaymentMethodObject> = self.get(&path, &[SHOWN, MOST]).await?;
        Ok(Some(Wallet { customer, methods: page.data.into_iter().map(KeptMethod::from).collect() }))
    }

    pub(super) async fn let_go(&self, customer: &str, method: Option<&str>) -> Result<(), GatewayError> {
        match method {
            Some(method) => self.post::<Value>(&format!("payment_methods/{method}/detach"), &[], None).await,
            None => {
                let request = self.ask(Method::DELETE, &format!("customers/{customer}"));
                super::remote::send(request).await?.read(super::why)
            }
        }
        .map(drop)
    }
}
