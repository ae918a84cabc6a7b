//! Gets the payment of an order agreed, and places it: once, whoever asks first.

use super::CheckoutError;
use crate::Shop;
use crate::db::{self, sql};
use crate::events::{self, NewEvent};
use crate::orders::{Lifecycle, OrderEvent, OrderId, OrderPlaced, PlacedLine, queries};
use crate::payments::{GatewayError, PaymentAttemptId, PaymentRequest, attempt};
use sea_orm::{ConnectionTrait, DbErr};

/// Asks the gateway of an order that awaits its payment, and places it when
/// the gateway agrees. Does nothing for an order that is placed already.
///
/// # Errors
/// [`CheckoutError::PaymentDeclined`], or the database failed; the order then
/// goes on waiting.
pub async fn finalise(shop: &Shop, order: OrderId) -> Result<(), CheckoutError> {
    let order = queries::by_id(shop.db.primary(), order).await?.ok_or(CheckoutError::NotStarted)?;
    if order.lifecycle.after(OrderEvent::Place).is_none() {
        return Ok(());
    }
    let attempt = attempt::newest(shop.db.primary(), order.id).await?.ok_or(CheckoutError::NotStarted)?;
    let gateway = shop.gateways.get(&order.payment_method).ok_or(CheckoutError::PaymentDeclined)?;
    let request = PaymentRequest { attempt, order_number: order.number.to_string(), amount: order.to_pay() };
    match gateway.request(&request).await {
        Ok(accepted) => {
            db::retry(|| place(shop, order.id, attempt, accepted.reference.as_deref())).await?;
            shop.outbox.notify_one();
            Ok(())
        }
        Err(GatewayError::Declined) => Err(CheckoutError::PaymentDeclined),
        // It is asked again later; the order stands meanwhile.
        Err(GatewayError::Unavailable) => Ok(()),
    }
}

/// Marks an order placed and reports it, unless that was done.
async fn place(shop: &Shop, id: OrderId, attempt: PaymentAttemptId, reference: Option<&str>) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text = "UPDATE orders SET lifecycle = $2, placed_at = $3, pay_by = NULL, version = version + 1, updated_at = $3
                WHERE id = $1 AND lifecycle = $4 RETURNING version";
    let values = [id.into(), Lifecycle::Placed.code().into(), now.into(), Lifecycle::AwaitingPayment.code().into()];
    let Some(row) = tx.query_one_raw(sql(&tx, text, values)).await? else { return Ok(()) };
    let version: i64 = row.try_get("", "version")?;
    attempt::set_reference(&tx, attempt, reference).await?;
    let placed = placed_event(&tx, id).await?;
    events::emit(shop, &tx, vec![NewEvent::of(&placed, version)]).await?;
    tx.commit().await
}

async fn placed_event<C: ConnectionTrait>(tx: &C, id: OrderId) -> Result<OrderPlaced, DbErr> {
    let order = queries::by_id(tx, id).await?.ok_or_else(|| DbErr::RecordNotFound(id.to_string()))?;
    Ok(OrderPlaced {
        order: id,
        number: order.number,
        total: order.to_pay(),
        payment_method: order.payment_method,
        lines: order
            .lines
            .iter()
            .map(|line| PlacedLine { product: line.product, variation: line.variation, quantity: line.quantity })
            .collect(),
    })
}
