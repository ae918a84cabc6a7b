//! A proposal becomes what its order is.

use super::{EditError, Proposal, ProposedLine};
use crate::Shop;
use crate::db::{insert_all, sql};
use crate::inventory::{Actor, Demand, claims};
use crate::orders::entity::{line, order};
use crate::orders::{OrderId, OrderLineId};
use chrono::{DateTime, Utc};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

/// Writes the lines, amounts, phone number, addresses and the delivery of a proposal into its order, and has its claims
/// follow, all or nothing, in a transaction of the caller's that holds its lock; gives the version of the order then.
///
/// # Errors
/// [`EditError::Short`] names what there is not enough of, [`EditError::NotOffered`].
pub(in crate::orders) async fn write<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    proposal: &Proposal,
    actor: &Actor,
    now: DateTime<Utc>,
) -> Result<i64, EditError> {
    let (order, composition) = (&proposal.order, &proposal.composition);
    let delivery = proposal.delivery().ok_or(EditError::NotOffered)?;
    let address = composition.delivery_address.as_ref().ok_or(EditError::NotOffered)?;
    write_lines(tx, proposal, now).await?;
    let (totals, version) = (&proposal.totals, order.version + 1);
    let row = order::ActiveModel {
        id: Set(order.id),
        phone: Set(composition.phone.clone()),
        delivery_address: Set(address.clone()),
        billing_address: Set(composition.billing_address.as_ref().unwrap_or(address).clone()),
        delivery_code: Set(delivery.code.clone()),
        delivery_name: Set(
            if delivery.code == order.delivery_code { &order.delivery_name } else { &delivery.name }.clone()
        ),
        delivery_tax_rate: Set(totals.delivery.rate.0.to_string()),
        delivery_net: Set(totals.delivery.amounts.net),
        delivery_tax: Set(totals.delivery.amounts.tax),
        delivery_gross: Set(totals.delivery.amounts.gross),
        net: Set(totals.total.net),
        tax: Set(totals.total.tax),
        total: Set(totals.total.gross),
        version: Set(version),
        updated_at: Set(now),
        ..Default::default()
    };
    order::Entity::update(row).exec(tx).await?;
    // After the address: it decides from where things come.
    let demand = |line: &ProposedLine| Demand {
        variation: line.goods.variation,
        product: line.goods.product,
        quantity: i64::from(line.quantity),
    };
    let demands: Vec<_> = proposal.lines.iter().map(demand).collect();
    claims::claim_for_order(shop, tx, order.id, &demands, actor).await?;
    Ok(version)
}

async fn write_lines<C: ConnectionTrait>(tx: &C, proposal: &Proposal, now: DateTime<Utc>) -> Result<(), EditError> {
    let order = &proposal.order;
    let mut position = next_position(tx, order.id).await?;
    let mut added = Vec::new();
    for proposed in &proposal.lines {
        let Some(unit_price) = proposed.unit_price else {
            if proposed.quantity > 0 {
                return Err(EditError::NotOffered);
            }
            continue;
        };
        let bought = order.lines.iter().find(|line| line.variation == proposed.goods.variation);
        let (total, goods) = (proposed.total, &proposed.goods);
        match bought {
            Some(bought) if proposed.quantity == 0 => {
                // Of a refund that was refused, or the edit was: nobody has these pieces paid back.
                let text = "DELETE FROM refund_lines WHERE line_id = $1";
                tx.execute_raw(sql(tx, text, [bought.id.into()])).await?;
                tx.execute_raw(sql(tx, "DELETE FROM order_lines WHERE id = $1", [bought.id.into()])).await?;
            }
            Some(bought) => {
                let row = line::ActiveModel {
                    id: Set(bought.id),
                    quantity: Set(proposed.quantity),
                    tax_rate: Set(total.rate.0.to_string()),
                    net: Set(total.amounts.net),
                    tax: Set(total.amounts.tax),
                    gross: Set(total.amounts.gross),
                    ..Default::default()
                };
                line::Entity::update(row).exec(tx).await?;
            }
            None if proposed.quantity == 0 => {}
            None => {
                added.push(line::ActiveModel {
                    id: Set(OrderLineId::new(now)),
                    order_id: Set(order.id),
                    position: Set(position),
                    product_id: Set(goods.product),
                    variation_id: Set(goods.variation),
                    vendor_id: Set(goods.vendor),
                    media_id: Set(goods.media),
                    product_slug: Set(goods.slug.clone()),
                    name: Set(goods.name.clone()),
                    sku: Set(goods.sku.clone()),
                    options: Set(goods.options.clone()),
                    quantity: Set(proposed.quantity),
                    unit_price: Set(unit_price.minor()),
                    discount: Set(0),
                    tax_class: Set(goods.tax_class.clone()),
                    tax_rate: Set(total.rate.0.to_string()),
                    net: Set(total.amounts.net),
                    tax: Set(total.amounts.tax),
                    gross: Set(total.amounts.gross),
                });
                position += 1;
            }
        }
    }
    Ok(insert_all::<line::Entity, _>(tx, added).await?)
}

async fn next_position<C: ConnectionTrait>(tx: &C, order: OrderId) -> Result<i32, EditError> {
    let last = line::Entity::find().filter(line::Column::OrderId.eq(order)).select_only();
    let last = last.column(line::Column::Position).order_by_desc(line::Column::Position).limit(1);
    Ok(last.into_tuple::<i32>().one(tx).await?.map_or(0, |last| last + 1))
}

/// What was proposed for an order is what it is now: nothing of it is kept but its name.
pub(in crate::orders) async fn close<C: ConnectionTrait>(
    tx: &C,
    order: OrderId,
    now: DateTime<Utc>,
) -> Result<(), EditError> {
    let text = "UPDATE order_revisions SET content = NULL, applied_id = edit_id, version = version + 1, updated_at = $2
                WHERE order_id = $1";
    tx.execute_raw(sql(tx, text, [order.into(), now.into()])).await?;
    Ok(())
}
