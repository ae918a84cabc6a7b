//! Razorpay: shoppers pay on the page of a Payment Link. It is reached by a plain redirect, which Razorpay's other
//! hosted page, posted to with a form, is not.
//!
//! | fact | named by |
//! |---|---|
//! | authorised, captured, declined | the payment, `pay_…` |
//! | refunded | the refund, `rfnd_…` |
//! | void | the link, `plink_…`, where nobody has paid, or the payment that Razorpay gave back uncaptured |
//!
//! Our identifiers go along as notes: `attempt` on links and refunds, `operation` on refunds; the attempt is the
//! `reference_id` of its link too. Whether links capture at once is a setting of the account, usually so: money that
//! was to be taken later is then taken at once. Only the whole of a payment can be captured; what is too much goes
//! back.
//!
//! <https://razorpay.com/docs/api/payments/payment-links/>, <https://razorpay.com/docs/api/payments/>,
//! <https://razorpay.com/docs/api/refunds/normal-refunds-idempotent>

mod amounts;
mod objects;
mod webhooks;

use super::gateway::Header;
use super::remote::{self, ClientError, Refusal, answering, named, open_until, text};
use super::{
    Action, Answer, Fact, Gateway, GatewayError, OperationRequest, PaymentContext, PaymentRef, PaymentRequest,
    PaymentTerms, Webhook, WebhookError,
};
use chrono::{DateTime, Utc};
use objects::{Link, Links, List, Payment, RefundObject};
use reqwest::{Client, Method};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// Identifies it.
pub const CODE: &str = "razorpay";

/// Where its API is.
pub const API: &str = "https://api.razorpay.com";

/// Where its pages are, which forms may lead to: the short address of a link, and where that leads.
const PAGES: [&str; 3] = ["https://rzp.io", "https://razorpay.com", "https://*.razorpay.com"];

/// How many refunds are read: the most that are given at once.
const PAGE: &str = "100";

/// The header by which the same refund asked for again is one.
const IDEMPOTENCY: &str = "X-Refund-Idempotency";

/// An account at Razorpay.
#[derive(Clone)]
pub struct Razorpay {
    client: Client,
    api: String,
    key_id: String,
    key_secret: String,
    webhook_secret: String,
}

impl fmt::Debug for Razorpay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Razorpay").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Razorpay {
    /// The account with this key, whose webhooks are signed with that secret, at an API like [`API`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(api: &str, key_id: &str, key_secret: &str, webhook_secret: &str) -> Result<Self, ClientError> {
        Ok(Self {
            client: remote::client()?,
            api: api.to_owned(),
            key_id: key_id.to_owned(),
            key_secret: key_secret.to_owned(),
            webhook_secret: webhook_secret.to_owned(),
        })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, GatewayError> {
        let request = self.client.get(format!("{}/v1/{path}", self.api)).query(query);
        remote::send(request.basic_auth(&self.key_id, Some(&self.key_secret))).await?.read(why)
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, key: Option<&str>, body: &Value) -> Result<T, GatewayError> {
        let mut request = self
            .client
            .request(Method::POST, format!("{}/v1/{path}", self.api))
            .basic_auth(&self.key_id, Some(&self.key_secret))
            .header("Content-Type", "application/json")
            .body(body.to_string());
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY, key);
        }
        remote::send(request).await?.read(why)
    }

    async fn link(&self, id: &str) -> Result<Link, GatewayError> {
        self.get(&format!("payment_links/{id}"), &[]).await
    }

    async fn payment(&self, id: &str) -> Result<Payment, GatewayError> {
        self.get(&format!("payments/{id}"), &[]).await
    }

    /// Every try to pay a link, those that were declined too.
    async fn payments(&self, link: &Link) -> Result<Vec<Payment>, GatewayError> {
        if let Some(order) = &link.order_id {
            let list: List<Payment> = self.get(&format!("orders/{order}/payments"), &[]).await?;
            return Ok(list.items);
        }
        let mut all = Vec::new();
        for paid in link.paid() {
            all.push(self.payment(paid).await?);
        }
        Ok(all)
    }

    async fn refunds(&self, payment: &str) -> Result<Vec<RefundObject>, GatewayError> {
        let list: List<RefundObject> = self.get(&format!("payments/{payment}/refunds"), &[("count", PAGE)]).await?;
        Ok(list.items)
    }

    async fn capture(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.authorised.as_ref())?;
        let whole = operation.payment.amount;
        let body = json!({ "amount": amounts::units(whole)?, "currency": whole.currency().code() });
        let facts = match self.post::<Payment>(&format!("payments/{id}/capture"), None, &body).await {
            Ok(payment) => payment.fact(),
            // Captured before, and not answered then.
            Err(error @ GatewayError::Refused(_)) => {
                let payment = self.payment(id).await?;
                if !payment.is_captured() {
                    return Err(error);
                }
                payment.fact()
            }
            Err(error) => return Err(error),
        };
        Ok(answering(operation, facts.into_iter().collect()))
    }

    async fn refund(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.captured.as_ref())?;
        let key = operation.id.to_string();
        if operation.again {
            let refunds = self.refunds(id).await?;
            if let Some(refund) = refunds.iter().find(|refund| refund.operation() == Some(operation.id)) {
                return Ok(refund.fact().into_iter().collect());
            }
        }
        let body = json!({
            "amount": amounts::units(operation.amount)?,
            "speed": "normal",
            "receipt": key,
            "notes": { "attempt": operation.payment.attempt, "operation": operation.id },
        });
        let refund: RefundObject = self.post(&format!("payments/{id}/refund"), Some(&key), &body).await?;
        Ok(answering(operation, refund.fact().into_iter().collect()))
    }

    /// Ends a link. There is no way to let go what was set aside: Razorpay does that by itself after some days.
    async fn void(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let facts = match &operation.payment.authorised {
            Some(id) => self.payment(id).await?.letting_go(),
            None => {
                let id = named(operation.payment.reference.as_ref())?;
                match self.post::<Link>(&format!("payment_links/{id}/cancel"), None, &json!({})).await {
                    Ok(link) => link.ended(),
                    // It has ended before, or was paid.
                    Err(error @ GatewayError::Refused(_)) => {
                        let ended = self.link(id).await?.ended();
                        if ended.is_none() {
                            return Err(error);
                        }
                        ended
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(answering(operation, facts.into_iter().collect()))
    }
}

/// <https://razorpay.com/docs/errors/>
fn why(body: &Value) -> Refusal {
    let of = |name: &str| text(body, &format!("/error/{name}"));
    Refusal::Refused(of("description").or_else(|| of("code")).unwrap_or_default())
}

#[async_trait::async_trait]
impl Gateway for Razorpay {
    fn code(&self) -> &'static str {
        CODE
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::InAdvance
    }

    /// For what it can charge to the minor unit.
    fn is_offered_for(&self, context: PaymentContext<'_>) -> bool {
        amounts::units(context.total).is_ok()
    }

    fn origins(&self) -> Vec<String> {
        PAGES.map(str::to_owned).to_vec()
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError> {
        let attempt = request.attempt.to_string();
        let body = json!({
            "amount": amounts::units(request.amount)?,
            "currency": request.amount.currency().code(),
            "accept_partial": false,
            "reference_id": attempt,
            "description": format!("Order {}", request.order_number),
            "customer": { "email": request.email },
            // The shopper is there, and reads our mails.
            "notify": { "sms": false, "email": false },
            "reminder_enable": false,
            "notes": { "attempt": attempt, "order": request.order_number },
            "callback_url": request.return_to,
            "callback_method": "get",
            "expire_by": open_until(request.attempt.0).timestamp(),
        });
        let link: Link = match self.post("payment_links", None, &body).await {
            Ok(link) => link,
            // There is one link by a reference: that of the request which was not answered.
            Err(error @ GatewayError::Refused(_)) => {
                let known: Links = self.get("payment_links", &[("reference_id", &attempt)]).await?;
                known.payment_links.into_iter().find(|link| link.attempt() == Some(request.attempt)).ok_or(error)?
            }
            Err(error) => return Err(error),
        };
        let to = link.short_url.ok_or_else(|| GatewayError::Unavailable("a link without a page".to_owned()))?;
        Ok(Answer::Redirect { reference: link.id, to })
    }

    async fn look_up(&self, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(Vec::new()) };
        let link = self.link(reference).await?;
        let mut facts: Vec<Fact> = link.ended().into_iter().collect();
        for payment in self.payments(&link).await? {
            facts.extend(payment.fact());
            if payment.is_captured() {
                facts.extend(self.refunds(&payment.id).await?.iter().filter_map(RefundObject::fact));
            }
        }
        Ok(facts)
    }

    /// Looks the payment up, unless what the shopper brings along was signed by somebody else.
    async fn returned(
        &self,
        payment: &PaymentRef,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Vec<Fact>, GatewayError> {
        if !webhooks::is_callback(&self.key_secret, payment, parameters) {
            return Err(GatewayError::Refused("a return that Razorpay has not signed".to_owned()));
        }
        self.look_up(payment).await
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        match operation.action {
            Action::Capture => self.capture(operation).await,
            Action::Refund => self.refund(operation).await,
            Action::Void => self.void(operation).await,
            Action::Authorise => Err(GatewayError::Refused("shoppers authorise".to_owned())),
        }
    }

    async fn verify_webhook(&self, header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
        webhooks::verify(&self.webhook_secret, header, body, now)
    }

    fn read_webhook(&self, header: Header<'_>, body: &[u8]) -> Result<Webhook, WebhookError> {
        webhooks::read(header, body)
    }
}
