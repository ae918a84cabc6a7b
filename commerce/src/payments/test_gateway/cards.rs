//! The cards that the test gateway remembers, as a bank would: they are told by a token.

use super::TestGateway;
use super::books::{find, status, unavailable};
use crate::clock::uuid_at;
use crate::db::sql;
use crate::payments::gateway::{KeptMethod, Payer, Wallet};
use crate::payments::saved::MethodLabel;
use crate::payments::{GatewayError, PaymentAttemptId, PaymentRef};
use chrono::{DateTime, Months, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

/// How long a card is good, in months.
const GOOD_MONTHS: Months = Months::new(48);

/// What every card ends in.
const LAST_FOUR: &str = "4242";

/// What the books call whoever pays: by it their cards are found again.
pub(super) fn customer(payer: &Payer, attempt: PaymentAttemptId) -> Option<String> {
    match payer {
        Payer::Guest => None,
        Payer::New => Some(format!("customer-{}", attempt.0.simple())),
        Payer::Known(customer) => Some(customer.clone()),
    }
}

/// Remembers a card for a customer.
pub(super) async fn remember<C: ConnectionTrait>(db: &C, customer: &str, now: DateTime<Utc>) -> Result<(), DbErr> {
    let expires = now.checked_add_months(GOOD_MONTHS).unwrap_or(now).format("%Y-%m").to_string();
    let text = "INSERT INTO test_cards (token, customer, last_four, expires, created_at) VALUES ($1, $2, $3, $4, $5)";
    let token = format!("card-{}", uuid_at(now).simple());
    let values = [token.into(), customer.into(), LAST_FOUR.into(), expires.into(), now.into()];
    db.execute_raw(sql(db, text, values)).await.map(drop)
}

/// The cards of a customer, the latest first.
pub(super) async fn cards<C: ConnectionTrait>(db: &C, customer: &str) -> Result<Vec<KeptMethod>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        token: String,
        last_four: String,
        expires: String,
    }
    let text = "SELECT token, last_four, expires FROM test_cards WHERE customer = $1 ORDER BY created_at DESC, token";
    let rows = Row::find_by_statement(sql(db, text, [customer.into()])).all(db).await?;
    let card = |row: Row| KeptMethod {
        token: row.token,
        label: MethodLabel {
            brand: "test_card".to_owned(),
            last_four: Some(row.last_four),
            expires: Some(row.expires),
        },
    };
    Ok(rows.into_iter().map(card).collect())
}

impl TestGateway {
    /// The shopper wants the card remembered by which they pay, if they do; guests can't have it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remember(&self, reference: &str) -> Result<(), DbErr> {
        let db = self.db.primary();
        let text = "UPDATE test_payments SET remembers = $2
                    WHERE reference = $1 AND customer IS NOT NULL AND state IN ($3, $4)";
        let values = [reference.into(), true.into(), status::OPEN.into(), status::DECLINED.into()];
        db.execute_raw(sql(db, text, values)).await.map(drop)
    }

    pub(super) async fn wallet_of(&self, payment: &PaymentRef) -> Result<Option<Wallet>, GatewayError> {
        let Some(reference) = &payment.reference else { return Ok(None) };
        let db = self.db.primary();
        let row = find(db, reference, "").await.map_err(unavailable)?;
        let Some(customer) = row.and_then(|row| row.customer) else { return Ok(None) };
        let methods = cards(db, &customer).await.map_err(unavailable)?;
        Ok(Some(Wallet { customer, methods }))
    }

    pub(super) async fn let_go(&self, customer: &str, card: Option<&str>) -> Result<(), GatewayError> {
        let db = self.db.primary();
        let statement = match card {
            Some(card) => {
                let text = "DELETE FROM test_cards WHERE customer = $1 AND token = $2";
                sql(db, text, [customer.into(), card.into()])
            }
            None => sql(db, "DELETE FROM test_cards WHERE customer = $1", [customer.into()]),
        };
        db.execute_raw(statement).await.map(drop).map_err(unavailable)
    }
}
