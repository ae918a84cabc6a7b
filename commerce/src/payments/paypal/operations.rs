//! Captures, refunds and voids: <https://developer.paypal.com/docs/api/payments/v2/>.

use super::PayPal;
use super::objects::{Amount, ENDED, Order, Part, refund_id};
use crate::payments::remote::{answering, fact, named};
use crate::payments::{Action, Fact, GatewayError, OperationRequest, Outcome};
use reqwest::Method;
use serde_json::{Value, json};

/// What a new order's only part is called: <https://developer.paypal.com/docs/api/orders/v2/#orders_patch>.
const CUSTOM_ID: &str = "/purchase_units/@reference_id=='default'/custom_id";

impl PayPal {
    /// What of this operation the order knows already.
    async fn done(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let order = self.order(named(operation.payment.reference.as_ref())?).await?;
        let mut facts = order.as_ref().map(Order::facts).unwrap_or_default();
        // There is one capture of an authorisation; of refunds there may be others.
        facts.retain(|fact| {
            fact.action == operation.action && (fact.action != Action::Refund || fact.operation == Some(operation.id))
        });
        Ok(answering(operation, facts))
    }

    pub(super) async fn capture(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.authorised.as_ref())?;
        let body = json!({ "amount": Amount::of(operation.amount)?, "final_capture": true });
        self.once(operation, &format!("v2/payments/authorizations/{id}/capture"), &body, Part::capture).await
    }

    pub(super) async fn refund(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.captured.as_ref())?;
        let body = json!({ "amount": Amount::of(operation.amount)?, "custom_id": refund_id(operation.id) });
        self.once(operation, &format!("v2/payments/captures/{id}/refund"), &body, Part::refund).await
    }

    /// Asks for something that may have been done before: what is known of it counts, then its key.
    async fn once(
        &self,
        operation: &OperationRequest,
        path: &str,
        body: &Value,
        facts: fn(&Part) -> Vec<Fact>,
    ) -> Result<Vec<Fact>, GatewayError> {
        if operation.again {
            let done = self.done(operation).await?;
            if !done.is_empty() {
                return Ok(done);
            }
        }
        let key = operation.id.to_string();
        let part: Part = self.connection.send(Method::POST, path, Some(&key), body).await?;
        Ok(answering(operation, facts(&part)))
    }

    pub(super) async fn void(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let facts = match &operation.payment.authorised {
            Some(authorisation) => self.let_go(authorisation).await?,
            None => self.end(operation).await?,
        };
        Ok(answering(operation, facts))
    }

    async fn let_go(&self, authorisation: &str) -> Result<Vec<Fact>, GatewayError> {
        let path = format!("v2/payments/authorizations/{authorisation}");
        let voided = self.connection.send::<Value>(Method::POST, &format!("{path}/void"), None, &json!({})).await;
        let known: Option<Part> = match voided {
            // What it answers is nothing, or the authorisation as it was.
            Ok(_) | Err(GatewayError::Refused(_)) => self.connection.find(&path).await?,
            Err(error) => return Err(error),
        };
        let facts = known.as_ref().map(Part::authorisation).unwrap_or_default();
        match (facts.iter().any(|fact| fact.action == Action::Void), voided) {
            (false, Err(error)) => Err(error),
            (false, Ok(_)) => Err(GatewayError::Unavailable("voided, and not yet".to_owned())),
            (true, _) => Ok(facts),
        }
    }

    /// Marks an order, so that it is never captured; one that was authorised meanwhile is let go.
    async fn end(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let id = named(operation.payment.reference.as_ref())?;
        let amount = operation.payment.amount;
        let Some(order) = self.order(id).await? else {
            return Ok(vec![fact(id, Action::Void, Outcome::Succeeded, amount)]);
        };
        if order.is_ended() {
            return Ok(vec![order.ended(amount)]);
        }
        if order.is_open() {
            let mark = format!("{ENDED}{}", operation.payment.attempt);
            let patch = json!([{ "op": "replace", "path": CUSTOM_ID, "value": mark }]);
            let path = format!("v2/checkout/orders/{id}");
            match self.connection.send::<Value>(Method::PATCH, &path, None, &patch).await {
                Ok(_) => return Ok(vec![order.ended(amount)]),
                // PayPal marks none that its payer is about to approve: then money that comes goes back.
                Err(GatewayError::Refused(reason)) if !order.is_approved() => {
                    tracing::warn!(order = id, reason, "an order could not be marked as ended");
                    return Ok(vec![order.ended(amount)]);
                }
                // It was captured in between.
                Err(GatewayError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let facts = self.order(id).await?.map(|order| order.facts()).unwrap_or_default();
        let taken = facts.iter().any(|fact| fact.action == Action::Capture && fact.outcome != Outcome::Failed);
        let authorised =
            facts.iter().find(|fact| fact.action == Action::Authorise && fact.outcome == Outcome::Succeeded);
        match authorised.and_then(|fact| fact.reference.as_deref()) {
            Some(authorisation) if !taken => self.let_go(authorisation).await,
            _ => Err(GatewayError::Refused("paid already".to_owned())),
        }
    }
}
