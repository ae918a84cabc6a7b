//! What a gateway keeps for whoever has paid is noted.

use super::queries::{customer_place, method_place};
use super::{PaymentCustomerId, SavedMethodId, forget};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::{self, for_no_key_update, sql};
use crate::orders::OrderId;
use crate::payments::ledger;
use crate::payments::pay::payment_of;
use crate::payments::{GatewayError, PaymentAttemptId, Wallet};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use std::collections::BTreeMap;

/// Why it could not be noted what a gateway keeps.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The gateway did not say.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbErr),
}

/// Asks the gateway of a payment what it keeps for whoever has paid, and notes it: what is new, and what is not there
/// any more. Of guests nothing is kept.
///
/// # Errors
/// [`KeepError`]; then nothing is noted.
pub async fn keep(shop: &Shop, order: OrderId, gateway: &str, attempt: PaymentAttemptId) -> Result<(), KeepError> {
    let Some(asked) = shop.gateways.get(gateway).filter(|gateway| gateway.keeps_methods()) else { return Ok(()) };
    let attempts = ledger::attempts(shop.db.primary(), order).await?;
    let payer = attempts.iter().find(|one| one.id == attempt).and_then(|one| one.payer);
    let Some(user) = payer else { return Ok(()) };
    let Some(payment) = payment_of(shop, order, attempt).await? else { return Ok(()) };
    let Some(wallet) = asked.wallet(&payment).await? else { return Ok(()) };
    db::retry(|| note(shop, user, gateway, &wallet)).await?;
    shop.operations.notify_one();
    Ok(())
}

async fn note(shop: &Shop, user: UserId, gateway: &str, wallet: &Wallet) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text = format!("SELECT u.id FROM users u WHERE u.id = $1{}", for_no_key_update(&tx, "u"));
    if tx.query_one_raw(sql(&tx, &text, [user.into()])).await?.is_none() {
        // They have erased their account meanwhile.
        forget::ask(shop, &tx, gateway, &wallet.customer, None, now).await?;
        return tx.commit().await;
    }
    let customer = customer(shop, &tx, user, gateway, wallet, now).await?;
    let Some(customer) = customer else { return tx.commit().await };
    let text = "SELECT id, token_hash FROM saved_payment_methods WHERE customer_id = $1";
    let mut known = BTreeMap::<String, SavedMethodId>::new();
    for row in tx.query_all_raw(sql(&tx, text, [customer.into()])).await? {
        known.insert(row.try_get("", "token_hash")?, row.try_get("", "id")?);
    }
    for method in &wallet.methods {
        let hash = fingerprint(shop, &method.token);
        if known.remove(&hash).is_some() {
            continue;
        }
        let id = SavedMethodId::new(now);
        let label = method.label.clone();
        let text = "INSERT INTO saved_payment_methods
                    (id, customer_id, token, token_hash, brand, last_four, expires, created_at)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = [
            id.into(),
            customer.into(),
            shop.keys.seal(method_place(id), method.token.as_bytes()).into(),
            hash.into(),
            label.brand.into(),
            label.last_four.into(),
            label.expires.into(),
            now.into(),
        ];
        tx.execute_raw(sql(&tx, text, values)).await?;
    }
    for id in known.into_values() {
        tx.execute_raw(sql(&tx, "DELETE FROM saved_payment_methods WHERE id = $1", [id.into()])).await?;
    }
    tx.commit().await
}

/// Tells whether two are the same without opening what is sealed.
fn fingerprint(shop: &Shop, token: &str) -> String {
    crate::token::hex(&shop.sign("payment method", token.as_bytes()))
}

/// The row of a customer; one that a gateway made and keeps nothing for is not noted.
async fn customer<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    gateway: &str,
    wallet: &Wallet,
    now: DateTime<Utc>,
) -> Result<Option<PaymentCustomerId>, DbErr> {
    let hash = fingerprint(shop, &wallet.customer);
    let text = "SELECT id FROM payment_customers WHERE user_id = $1 AND gateway = $2 AND reference_hash = $3";
    let values = [user.into(), gateway.into(), hash.clone().into()];
    if let Some(row) = tx.query_one_raw(sql(tx, text, values)).await? {
        return row.try_get("", "id").map(Some);
    }
    if wallet.methods.is_empty() {
        return Ok(None);
    }
    let id = PaymentCustomerId::new(now);
    let text = "INSERT INTO payment_customers (id, user_id, gateway, reference, reference_hash, created_at)
                VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        id.into(),
        user.into(),
        gateway.into(),
        shop.keys.seal(customer_place(id), wallet.customer.as_bytes()).into(),
        hash.into(),
        now.into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await?;
    Ok(Some(id))
}
