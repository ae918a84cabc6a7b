//! The books of the test gateway: what a bank would know.

use super::cards::{self, cards};
use super::webhooks::{self, Sent};
use super::{Scenario, TestGateway};
use crate::catalog::queries::currency;
use crate::db::{for_update, sql};
use crate::money::Money;
use crate::payments::{
    Action, Fact, GatewayError, OperationId, OperationRequest, Outcome, PaymentAttemptId, PaymentRef, PaymentRequest,
};
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How long what is slow takes, in seconds.
const SLOW_SECONDS: i64 = 8;

/// How long after a payment its webhook is sent, in seconds.
const WEBHOOK_SECONDS: i64 = 2;

/// What state a payment is in at the bank.
pub(super) mod status {
    pub const OPEN: &str = "open";
    pub const CHALLENGED: &str = "challenged";
    pub const DECLINED: &str = "declined";
    pub const AUTHORISED: &str = "authorised";
    pub const CAPTURED: &str = "captured";
    pub const VOIDED: &str = "voided";
}

/// A payment as the gateway's page shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct TestPayment {
    /// What the gateway calls it.
    pub reference: String,
    /// The number of the order.
    pub order_number: String,
    /// How much.
    pub amount: Money,
    /// Where the shopper goes back to.
    pub return_to: String,
    /// Whether the shopper can still decide what happens.
    pub open: bool,
    /// Whether the bank waits for the shopper to confirm.
    pub challenged: bool,
    /// Whether a card can be remembered for them.
    pub can_remember: bool,
    /// What the cards are called that are remembered for them.
    pub cards: Vec<String>,
}

#[derive(Clone, FromQueryResult)]
pub(super) struct Row {
    reference: String,
    attempt: PaymentAttemptId,
    order_number: String,
    currency: String,
    amount: i64,
    capture_later: bool,
    return_to: String,
    state: String,
    scenario: Option<String>,
    captured: i64,
    refunded: i64,
    answers_at: DateTime<Utc>,
    pub customer: Option<String>,
    remembers: bool,
}

impl Row {
    fn money(&self, minor: i64) -> Result<Money, DbErr> {
        Ok(Money::new(minor, currency(&self.currency)?))
    }

    fn has_paid(&self) -> bool {
        [status::AUTHORISED, status::CAPTURED].contains(&self.state.as_str())
    }

    /// Whether what was decided is known to whoever asks.
    fn is_known(&self, now: DateTime<Utc>) -> bool {
        self.answers_at <= now
    }

    fn fact(&self, action: Action, outcome: Outcome, minor: i64) -> Result<Fact, DbErr> {
        Ok(Fact {
            name: format!("{}:{}", self.reference, action.code()),
            action,
            outcome,
            amount: self.money(minor)?,
            reference: Some(self.reference.clone()),
            operation: None,
            reason: None,
        })
    }

    /// What its state says; what was asked for afterwards is not in it.
    fn facts(&self) -> Result<Vec<Fact>, DbErr> {
        let mut facts = Vec::new();
        match self.state.as_str() {
            status::DECLINED => {
                let declined = self.fact(Action::Authorise, Outcome::Failed, self.amount)?;
                facts.push(Fact { reason: self.scenario.clone(), ..declined });
            }
            status::AUTHORISED => facts.push(self.fact(Action::Authorise, Outcome::Succeeded, self.amount)?),
            status::CAPTURED => {
                facts.push(self.fact(Action::Authorise, Outcome::Succeeded, self.amount)?);
                facts.push(self.fact(Action::Capture, Outcome::Succeeded, self.captured)?);
            }
            status::VOIDED => facts.push(self.fact(Action::Void, Outcome::Succeeded, self.amount)?),
            _ => {}
        }
        Ok(facts)
    }
}

#[derive(FromQueryResult)]
struct Done {
    idempotency_key: String,
    action: String,
    amount: i64,
}

pub(super) fn unavailable(error: DbErr) -> GatewayError {
    GatewayError::Unavailable(error.to_string())
}

impl TestGateway {
    /// Opens a payment; asked again, it is the same one.
    pub(super) async fn open(&self, request: &PaymentRequest) -> Result<String, GatewayError> {
        let db = self.db.primary();
        let now = self.clock.now();
        let reference = format!("test-{}", request.attempt.0.simple());
        let text = "INSERT INTO test_payments (reference, idempotency_key, attempt, order_number, currency, amount,
                        capture_later, return_to, state, captured, refunded, answers_at, created_at, customer)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, $10, $10, $11)
                    ON CONFLICT (idempotency_key) DO NOTHING";
        let values = [
            reference.clone().into(),
            request.attempt.to_string().into(),
            request.attempt.into(),
            request.order_number.clone().into(),
            request.amount.currency().code().into(),
            request.amount.minor().into(),
            request.capture_later.into(),
            request.return_to.clone().into(),
            status::OPEN.into(),
            now.into(),
            cards::customer(&request.payer, request.attempt).into(),
        ];
        db.execute_raw(sql(db, text, values)).await.map_err(unavailable)?;
        Ok(reference)
    }

    /// The payment that a page of the gateway is about.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn payment(&self, reference: &str) -> Result<Option<TestPayment>, DbErr> {
        let db = self.db.primary();
        let Some(row) = find(db, reference, "").await? else { return Ok(None) };
        let cards = match &row.customer {
            Some(customer) => cards(db, customer).await?,
            None => Vec::new(),
        };
        Ok(Some(TestPayment {
            can_remember: row.customer.is_some(),
            cards: cards.iter().map(|card| card.label.name()).collect(),
            open: [status::OPEN, status::DECLINED].contains(&row.state.as_str()),
            challenged: row.state == status::CHALLENGED,
            amount: row.money(row.amount)?,
            reference: row.reference,
            order_number: row.order_number,
            return_to: row.return_to,
        }))
    }

    /// The shopper lets something happen on the gateway's page; gives where they go on. What is decided stays so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn play(&self, reference: &str, scenario: Scenario) -> Result<Option<String>, DbErr> {
        let now = self.clock.now();
        let tx = self.db.begin().await?;
        let Some(mut row) = find(&tx, reference, &for_update(&tx, "t")).await? else { return Ok(None) };
        let back = row.return_to.clone();
        if ![status::OPEN, status::DECLINED, status::CHALLENGED].contains(&row.state.as_str()) {
            return Ok(Some(back));
        }
        let page = format!("{}/test-gateway/{reference}", self.public_url);
        let to = match scenario {
            Scenario::ThreeDSecure if row.state != status::CHALLENGED => {
                row.state = status::CHALLENGED.to_owned();
                page
            }
            Scenario::Decline | Scenario::InsufficientFunds => {
                row.state = status::DECLINED.to_owned();
                back
            }
            _ => {
                row.state = if row.capture_later { status::AUTHORISED } else { status::CAPTURED }.to_owned();
                row.captured = if row.capture_later { 0 } else { row.amount };
                back
            }
        };
        row.scenario = Some(scenario.code().to_owned());
        row.answers_at = match scenario {
            Scenario::Slow | Scenario::TimeoutAfterCharge => now + TimeDelta::seconds(SLOW_SECONDS),
            _ => now,
        };
        let text = "UPDATE test_payments SET state = $2, scenario = $3, captured = $4, answers_at = $5
                    WHERE reference = $1";
        let values = [
            reference.into(),
            row.state.clone().into(),
            row.scenario.clone().into(),
            row.captured.into(),
            row.answers_at.into(),
        ];
        tx.execute_raw(sql(&tx, text, values)).await?;
        if let Some(customer) = row.customer.as_ref().filter(|_| row.remembers && row.has_paid()) {
            cards::remember(&tx, customer, now).await?;
        }
        let facts = row.facts()?;
        if scenario != Scenario::WebhookNever && !facts.is_empty() {
            let at = match scenario {
                Scenario::WebhookFirst => now,
                _ => row.answers_at + TimeDelta::seconds(WEBHOOK_SECONDS),
            };
            webhooks::queue(&tx, &Sent::new(row.attempt, facts, now), at).await?;
        }
        tx.commit().await?;
        Ok(Some(to))
    }

    pub(super) async fn known(&self, payment: &PaymentRef) -> Result<Vec<Fact>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(Vec::new()) };
        let db = self.db.primary();
        let Some(row) = find(db, reference, "").await.map_err(unavailable)? else { return Ok(Vec::new()) };
        if !row.is_known(self.clock.now()) {
            return match row.scenario.as_deref().and_then(Scenario::parse) {
                Some(Scenario::TimeoutAfterCharge) => Err(GatewayError::Unavailable("no answer".to_owned())),
                _ => Ok(Vec::new()),
            };
        }
        facts_with_operations(db, &row).await.map_err(unavailable)
    }

    pub(super) async fn carry_out(&self, operation: &OperationRequest) -> Result<Vec<Fact>, GatewayError> {
        let tx = self.db.begin().await.map_err(unavailable)?;
        let reference = operation.payment.reference.as_deref().unwrap_or_default();
        let row = find(&tx, reference, &for_update(&tx, "t")).await.map_err(unavailable)?;
        let Some(mut row) = row else { return Err(GatewayError::Refused("no such payment".to_owned())) };
        if !row.is_known(self.clock.now()) {
            return Err(GatewayError::Unavailable("no answer".to_owned()));
        }
        let insert = "INSERT INTO test_operations (idempotency_key, reference, action, amount, created_at)
                      VALUES ($1, $2, $3, $4, $5) ON CONFLICT (idempotency_key) DO NOTHING";
        let values = [
            operation.id.to_string().into(),
            reference.into(),
            operation.action.code().into(),
            operation.amount.minor().into(),
            self.clock.now().into(),
        ];
        let new = tx.execute_raw(sql(&tx, insert, values)).await.map_err(unavailable)?.rows_affected() == 1;
        if new {
            let amount = operation.amount.minor();
            let allowed = match (operation.action, row.state.as_str()) {
                (Action::Capture, status::AUTHORISED) if amount <= row.amount => {
                    row.state = status::CAPTURED.to_owned();
                    row.captured = amount;
                    true
                }
                (Action::Refund, status::CAPTURED) if row.refunded + amount <= row.captured => {
                    row.refunded += amount;
                    true
                }
                (Action::Void, status::OPEN | status::CHALLENGED | status::DECLINED | status::AUTHORISED) => {
                    row.state = status::VOIDED.to_owned();
                    true
                }
                (Action::Void, status::VOIDED) => true,
                _ => false,
            };
            if !allowed {
                let reason = format!("{} of {amount} while {}", operation.action.code(), row.state);
                return Err(GatewayError::Refused(reason));
            }
            let text = "UPDATE test_payments SET state = $2, captured = $3, refunded = $4 WHERE reference = $1";
            let values = [reference.into(), row.state.clone().into(), row.captured.into(), row.refunded.into()];
            tx.execute_raw(sql(&tx, text, values)).await.map_err(unavailable)?;
        }
        let facts = facts_with_operations(&tx, &row).await.map_err(unavailable)?;
        if new {
            let at = self.clock.now() + TimeDelta::seconds(WEBHOOK_SECONDS);
            let sent = Sent::new(row.attempt, facts.clone(), self.clock.now());
            webhooks::queue(&tx, &sent, at).await.map_err(unavailable)?;
        }
        tx.commit().await.map_err(unavailable)?;
        Ok(facts)
    }
}

pub(super) async fn find<C: ConnectionTrait>(db: &C, reference: &str, lock: &str) -> Result<Option<Row>, DbErr> {
    let text = format!(
        "SELECT t.reference, t.attempt, t.order_number, t.currency, t.amount, t.capture_later, t.return_to, t.state,
                t.scenario, t.captured, t.refunded, t.answers_at, t.customer, t.remembers
         FROM test_payments t WHERE t.reference = $1{lock}"
    );
    Row::find_by_statement(sql(db, &text, [reference.into()])).one(db).await
}

/// Everything that has happened to a payment. What was asked for by the shop names its request.
async fn facts_with_operations<C: ConnectionTrait>(db: &C, row: &Row) -> Result<Vec<Fact>, DbErr> {
    let mut facts = row.facts()?;
    let text = "SELECT idempotency_key, action, amount FROM test_operations WHERE reference = $1 ORDER BY created_at";
    for done in Done::find_by_statement(sql(db, text, [row.reference.clone().into()])).all(db).await? {
        let operation = done.idempotency_key.parse().ok().map(OperationId);
        match Action::parse(&done.action) {
            Some(Action::Refund) => {
                let refund = row.fact(Action::Refund, Outcome::Succeeded, done.amount)?;
                facts.push(Fact { name: done.idempotency_key, operation, ..refund });
            }
            // The state tells of it already: only whose request it was is new.
            Some(action) => {
                for fact in facts.iter_mut().filter(|fact| fact.action == action) {
                    fact.operation = operation;
                }
            }
            None => {}
        }
    }
    // What was captured on request was authorised before.
    Ok(facts)
}
