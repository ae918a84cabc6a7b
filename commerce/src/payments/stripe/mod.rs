//! Stripe: shoppers pay on a page of Checkout.
//!
//! | fact | named by |
//! |---|---|
//! | authorised, captured | the payment intent, `pi_…` |
//! | void | the payment intent, or the session, `cs_…`, where nobody has tried to pay |
//! | refunded | the refund, `re_…` |
//!
//! So what is looked up, answered and sent counts once. Our identifiers go along as metadata: `attempt` on session,
//! intent and refund, `operation` on refunds.
//!
//! <https://docs.stripe.com/api/checkout/sessions/create>, <https://docs.stripe.com/payments/place-a-hold-on-a-payment-method>,
//! <https://docs.stripe.com/api/idempotent_requests>

mod amounts;
mod objects;
mod wallet;
mod webhooks;

use super::gateway::{Header, Payer, Wallet};
use super::remote::{self, ClientError, Refusal, answering, named, open_until, text};
use super::{
    Action, Answer, Fact, Gateway, GatewayError, OperationRequest, PaymentContext, PaymentRef, PaymentRequest,
    PaymentTerms, Webhook, WebhookError,
};
use chrono::{DateTime, Utc};
use objects::{CAPTURE, Intent, LATER, Page, RefundObject, Session};
use reqwest::{Client, Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// Identifies it.
pub const CODE: &str = "stripe";

/// Where its API is.
pub const API: &str = "https://api.stripe.com";

/// Where its pages are, which forms may lead to.
const PAGES: &str = "https://checkout.stripe.com";

/// The version of the API that this is written for: <https://docs.stripe.com/api/versioning>.
const VERSION: &str = "2024-06-20";

/// How many refunds are read at a time: the most there may be.
const PAGE: &str = "100";

/// An account at Stripe.
#[derive(Clone)]
pub struct Stripe {
    client: Client,
    api: String,
    secret_key: String,
    webhook_secret: String,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stripe").field("api", &self.api).finish_non_exhaustive()
    }
}

impl Stripe {
    /// The account with this key, whose webhooks are signed with that secret, at an API like [`API`].
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(api: &str, secret_key: &str, webhook_secret: &str) -> Result<Self, ClientError> {
        Ok(Self {
            client: remote::client()?,
            api: api.to_owned(),
            secret_key: secret_key.to_owned(),
            webhook_secret: webhook_secret.to_owned(),
        })
    }

    fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/v1/{path}", self.api))
            .bearer_auth(&self.secret_key)
            .header("Stripe-Version", VERSION)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, GatewayError> {
        remote::send(self.ask(Method::GET, path).query(query)).await?.read(why)
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        form: &[(&str, String)],
        key: Option<String>,
    ) -> Result<T, GatewayError> {
        let mut request = self.ask(Method::POST, path).form(form);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        remote::send(request).await?.read(why)
    }

    /// Opens a session for whoever pays, by a request of this name.
    async fn open(&self, request: &PaymentRequest, payer: &Payer, key: String) -> Result<Session, GatewayError> {
        let attempt = request.attempt.to_string();
        let title = format!("Order {}", request.order_number);
        let mut form = vec![
            ("mode", "payment".to_owned()),
            ("client_reference_id", attempt.clone()),
            ("metadata[attempt]", attempt.clone()),
            ("metadata[order]", request.order_number.clone()),
            ("payment_intent_data[metadata][attempt]", attempt.clone()),
            ("payment_intent_data[metadata][order]", request.order_number.clone()),
            ("payment_intent_data[description]", title.clone()),
            ("line_items[0][quantity]", "1".to_owned()),
            ("line_items[0][price_data][currency]", request.amount.currency().code().to_ascii_lowercase()),
            ("line_items[0][price_data][unit_amount]", amounts::units(request.amount)?.to_string()),
            ("line_items[0][price_data][product_data][name]", title),
            ("success_url", request.return_to.clone()),
            ("cancel_url", request.return_to.clone()),
            ("expires_at", open_until(request.attempt.0).timestamp().to_string()),
        ];
        if request.capture_later {
            form.push(("payment_intent_data[capture_method]", "manual".to_owned()));
            form.push((CAPTURE, LATER.to_owned()));
        }
        form.extend(wallet::fields(payer, &request.email));
        self.post("checkout/sessions", &form, Some(key)).await
    }

    async fn session(&self, id: &str) -> Result<Session, GatewayError> {
        self.get(&format!("checkout/sessions/{id}"), &[("expand[]", "payment_intent")]).await
    }

    async fn intent(&self, id: &str) -> Result<Intent, GatewayError> {
        self.get(&format!("payment_intents/{id}"), &[]).await
    }

    /// The refunds of a payment intent, all of them.
    async fn refunds(&self, intent: &str) -> Result<Vec<RefundObject>, GatewayError> {
        let mut all: Vec<RefundObject> = Vec::new();
        loop {
            let mut query = vec![("payment_intent", intent), ("limit", PAGE)];
            if let Some(last) = all.last() {
                query.push(("starting_after", &last.id));
            }
            let page: Page<RefundObject> = self.get("refunds", &query).await?;
            let (empty, more) = (page.data.is_empty(), page.has_more);
            all.extend(page.data);
            if empty || !more {
                return Ok(all);
            }
        }
    }

    async fn capture(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.authorised.as_ref())?;
        let form = [("amount_to_capture", amounts::units(operation.amount)?.to_string())];
        let path = format!("payment_intents/{id}/capture");
        let facts = match self.post::<Intent>(&path, &form, Some(operation.id.to_string())).await {
            Ok(intent) => intent.facts(),
            // Asked for before, and not answered then.
            Err(error @ (GatewayError::Refused(_) | GatewayError::Declined(_))) => {
                let facts = self.intent(id).await?.facts();
                if !facts.iter().any(|fact| fact.action == Action::Capture) {
                    return Err(error);
                }
                facts
            }
            Err(error) => return Err(error),
        };
        Ok(answering(operation, facts))
    }

    async fn refund(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.captured.as_ref())?;
        if operation.again {
            // The answer to the same request is kept for a day only, and says what was true then.
            let refunds = self.refunds(id).await?;
            if let Some(refund) = refunds.iter().find(|refund| refund.operation() == Some(operation.id)) {
                return Ok(refund.fact().into_iter().collect());
            }
        }
        let form = [
            ("payment_intent", id.to_owned()),
            ("amount", amounts::units(operation.amount)?.to_string()),
            ("metadata[attempt]", operation.payment.attempt.to_string()),
            ("metadata[operation]", operation.id.to_string()),
        ];
        let refund: RefundObject = self.post("refunds", &form, Some(operation.id.to_string())).await?;
        Ok(refund.fact().into_iter().collect())
    }

    /// Lets go what was set aside, or ends the session. Both can be asked for again.
    async fn void(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let facts = match &operation.payment.authorised {
            Some(intent) => self.cancel(intent).await?,
            None => {
                let id = named(operation.payment.reference.as_ref())?;
                match self.post::<Session>(&format!("checkout/sessions/{id}/expire"), &[], None).await {
                    Ok(session) => session.facts(),
                    // It is not open any more.
                    Err(error @ GatewayError::Refused(_)) => {
                        let session = self.session(id).await?;
                        match session.intent_id() {
                            Some(intent) if !session.is_expired() => self.cancel(intent).await?,
                            _ if session.is_expired() => session.facts(),
                            _ => return Err(error),
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        Ok(answering(operation, facts))
    }

    async fn cancel(&self, intent: &str) -> Result<Vec<Fact>, GatewayError> {
        match self.post::<Intent>(&format!("payment_intents/{intent}/cancel"), &[], None).await {
            Ok(intent) => Ok(intent.facts()),
            Err(error @ GatewayError::Refused(_)) => {
                let intent = self.intent(intent).await?;
                if intent.is_cancelled() { Ok(intent.facts()) } else { Err(error) }
            }
            Err(error) => Err(error),
        }
    }
}

/// <https://docs.stripe.com/api/errors>
fn why(body: &Value) -> Refusal {
    let of = |name: &str| text(body, &format!("/error/{name}"));
    let code = of("decline_code").or_else(|| of("code"));
    if of("type").as_deref() == Some("card_error") {
        return Refusal::Declined(code.unwrap_or_default());
    }
    Refusal::Refused(code.or_else(|| of("message")).unwrap_or_default())
}

#[async_trait::async_trait]
impl Gateway for Stripe {
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
        vec![PAGES.to_owned()]
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError> {
        let attempt = request.attempt.to_string();
        let session = match self.open(request, &request.payer, attempt.clone()).await {
            // Somebody has deleted the customer there: another one is made, by a request of another name.
            Err(error) if matches!(request.payer, Payer::Known(_)) && wallet::is_gone(&error) => {
                self.open(request, &Payer::New, format!("{attempt}-new")).await?
            }
            outcome => outcome?,
        };
        let to = session.url.ok_or_else(|| GatewayError::Unavailable("a session without a page".to_owned()))?;
        Ok(Answer::Redirect { reference: session.id, to })
    }

    async fn look_up(&self, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(Vec::new()) };
        let session = self.session(reference).await?;
        let mut facts = session.facts();
        if let Some(intent) = session.intent().filter(|intent| intent.has_taken()) {
            facts.extend(self.refunds(&intent.id).await?.iter().filter_map(RefundObject::fact));
        }
        Ok(facts)
    }

    async fn operate(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        match operation.action {
            Action::Capture => self.capture(operation).await,
            Action::Refund => self.refund(operation).await,
            Action::Void => self.void(operation).await,
            Action::Authorise => Err(GatewayError::Refused("shoppers authorise".to_owned())),
        }
    }

    fn keeps_methods(&self) -> bool {
        true
    }

    async fn wallet(&self, payment: &PaymentRef) -> Result<Option<Wallet>, GatewayError> {
        self.kept(payment).await
    }

    async fn forget(&self, customer: &str, method: Option<&str>) -> Result<(), GatewayError> {
        self.let_go(customer, method).await
    }

    async fn verify_webhook(&self, header: Header<'_>, body: &[u8], now: DateTime<Utc>) -> Result<(), WebhookError> {
        webhooks::verify(&self.webhook_secret, header, body, now)
    }

    fn read_webhook(&self, _: Header<'_>, body: &[u8]) -> Result<Webhook, WebhookError> {
        webhooks::read(body)
    }
}
