//! PayPal: shoppers approve an order of the Orders API on PayPal's page; it is captured or authorised when they come
//! back, or when it is looked up, since an approved order alone moves no money.
//!
//! | fact | named by |
//! |---|---|
//! | authorised | the authorisation |
//! | captured | the capture |
//! | refunded | the refund |
//! | void | the authorisation, or the order, where nothing was set aside |
//! | declined | the order, where PayPal did not even make a capture |
//!
//! Our identifiers go along as `custom_id`: that of the attempt on the order, which its authorisation and capture
//! inherit; `refund:` and that of the operation on refunds.
//!
//! PayPal has nothing to end an order with. A void marks it by its `custom_id`, and we capture no marked order: it
//! can be approved, and no money moves.
//!
//! <https://developer.paypal.com/docs/api/orders/v2/>, <https://developer.paypal.com/docs/api/payments/v2/>,
//! <https://developer.paypal.com/api/rest/reference/idempotency/>

mod amounts;
mod connection;
mod objects;
mod operations;
mod webhooks;

pub use connection::Environment;

use super::gateway::Header;
use super::remote::ClientError;
use super::{
    Action, Answer, Fact, Gateway, GatewayError, OperationRequest, Outcome, PaymentContext, PaymentRef, PaymentRequest,
    PaymentTerms, Webhook, WebhookError,
};
use chrono::{DateTime, Utc};
use connection::Connection;
use objects::{Amount, Order};
use reqwest::Method;
use serde_json::json;

/// Identifies it.
pub const CODE: &str = "paypal";

/// Where its pages are, live and for tests, which forms may lead to.
const PAGES: &str = "https://*.paypal.com";

/// How many characters of an attempt tell the payments of an order apart.
const TAIL: usize = 6;

/// An account at PayPal.
#[derive(Debug)]
pub struct PayPal {
    connection: Connection,
    certificates: webhooks::Certificates,
}

impl PayPal {
    /// The app with these credentials, and the webhook that sends to us.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(
        environment: Environment,
        client_id: &str,
        client_secret: &str,
        webhook_id: &str,
    ) -> Result<Self, ClientError> {
        let certificates = webhooks::Certificates::new(&environment.certificates, webhook_id);
        Ok(Self { connection: Connection::new(environment, client_id, client_secret)?, certificates })
    }

    async fn order(&self, id: &str) -> Result<Option<Order>, GatewayError> {
        self.connection.find(&format!("v2/checkout/orders/{id}")).await
    }

    /// Captures or authorises an order that its payer has approved. Asked for again it is the same: by its key, and
    /// because an order is captured once.
    async fn complete(&self, order: Order, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let (verb, action) =
            if order.is_authorised_first() { ("authorize", Action::Authorise) } else { ("capture", Action::Capture) };
        let path = format!("v2/checkout/orders/{}/{verb}", order.id);
        let key = format!("{}-{verb}", payment.attempt);
        match self.connection.send::<Order>(Method::POST, &path, Some(&key), &json!({})).await {
            Ok(done) => Ok(done.facts()),
            Err(GatewayError::Declined(reason)) => {
                let declined = super::remote::fact(&order.id, action, Outcome::Failed, payment.amount);
                Ok(vec![Fact { reason, ..declined }])
            }
            // Somebody else was faster.
            Err(error @ GatewayError::Refused(_)) => match self.order(&order.id).await? {
                Some(now) if !now.is_approved() => Ok(now.facts()),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

#[async_trait::async_trait]
impl Gateway for PayPal {
    fn code(&self) -> &'static str {
        CODE
    }

    fn terms(&self) -> PaymentTerms {
        PaymentTerms::InAdvance
    }

    /// In the currencies that it has, for what it can charge to the minor unit.
    fn is_offered_for(&self, context: PaymentContext<'_>) -> bool {
        amounts::value(context.total).is_ok()
    }

    fn origins(&self) -> Vec<String> {
        vec![PAGES.to_owned()]
    }

    async fn request(&self, request: &PaymentRequest) -> Result<Answer, GatewayError> {
        let attempt = request.attempt.to_string();
        // PayPal takes one payment per invoice, and an order that costs more later is paid in two.
        let invoice = format!("{}/{}", request.order_number, &attempt[attempt.len() - TAIL..]);
        let body = json!({
            "intent": if request.capture_later { "AUTHORIZE" } else { "CAPTURE" },
            "purchase_units": [{
                "custom_id": attempt,
                "invoice_id": invoice,
                "description": format!("Order {}", request.order_number),
                "amount": Amount::of(request.amount)?,
            }],
            "payment_source": { "paypal": { "experience_context": {
                "return_url": request.return_to,
                "cancel_url": request.return_to,
                "user_action": "PAY_NOW",
                "shipping_preference": "NO_SHIPPING",
            } } },
        });
        let order: Order = self.connection.send(Method::POST, "v2/checkout/orders", Some(&attempt), &body).await?;
        let to = order.link(&["payer-action", "approve"]).map(str::to_owned);
        let to = to.ok_or_else(|| GatewayError::Unavailable("an order without a page".to_owned()))?;
        Ok(Answer::Redirect { reference: order.id, to })
    }

    /// Everything that has happened; takes the money of an order that was approved, which is PayPal's way.
    async fn look_up(&self, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(Vec::new()) };
        match self.order(reference).await? {
            Some(order) if order.is_ended() => Ok(vec![order.ended(payment.amount)]),
            Some(order) if order.is_approved() => self.complete(order, payment).await,
            Some(order) => Ok(order.facts()),
            // Orders that nobody has approved are forgotten after some hours.
            None if payment.authorised.is_none() && payment.captured.is_none() => Ok(Vec::new()),
            None => Err(GatewayError::Refused("the order is not known any more".to_owned())),
        }
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
        self.certificates.verify(&self.connection.client, header, body, now).await
    }

    fn read_webhook(&self, _: Header<'_>, body: &[u8]) -> Result<Webhook, WebhookError> {
        webhooks::read(body)
    }
}
