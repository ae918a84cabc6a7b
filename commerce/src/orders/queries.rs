//! Reads of orders.

use super::entity::{line, order};
use super::{Fulfilment, Lifecycle, Order, OrderId, OrderLine, OrderNumber, OrderSummary, Payment, status};
use crate::accounts::UserId;
use crate::catalog::queries::currency;
use crate::db::padded;
use crate::media::{self, Picture};
use crate::money::Money;
use crate::payments::PaymentTerms;
use crate::pricing::{Amounts, LineTotal, TaxRate};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::{HashMap, HashSet};

/// The order that a token opens, with its lines.
///
/// # Errors
/// When the database fails.
pub async fn by_access_token<C: ConnectionTrait>(db: &C, token_hash: &str) -> Result<Option<Order>, DbErr> {
    let row = order::Entity::find().filter(order::Column::AccessTokenHash.eq(token_hash)).one(db).await?;
    with_lines(db, row).await
}

/// An order with its lines, unless it was forgotten who it was for.
///
/// # Errors
/// When the database fails.
pub async fn by_link<C: ConnectionTrait>(db: &C, id: OrderId) -> Result<Option<Order>, DbErr> {
    // An erased account takes the address out of its orders: nobody has a link to them any more.
    let row = order::Entity::find_by_id(id).filter(order::Column::Email.ne("")).one(db).await?;
    with_lines(db, row).await
}

/// An order with its lines.
///
/// # Errors
/// When the database fails.
pub async fn by_id<C: ConnectionTrait>(db: &C, id: OrderId) -> Result<Option<Order>, DbErr> {
    Ok(by_ids(db, &[id]).await?.pop())
}

/// Those of these orders that there are, with their lines.
///
/// # Errors
/// When the database fails.
pub async fn by_ids<C: ConnectionTrait>(db: &C, ids: &[OrderId]) -> Result<Vec<Order>, DbErr> {
    let rows = order::Entity::find().filter(order::Column::Id.is_in(padded(ids.iter().copied()))).all(db).await?;
    all_with_lines(db, rows).await
}

/// Anybody's order by its number, with its lines: for staff.
///
/// # Errors
/// When the database fails.
pub async fn by_number<C: ConnectionTrait>(db: &C, number: OrderNumber) -> Result<Option<Order>, DbErr> {
    let row = order::Entity::find().filter(order::Column::Number.eq(number.to_string())).one(db).await?;
    with_lines(db, row).await
}

/// An order of a person's own by its number, with its lines.
///
/// # Errors
/// When the database fails.
pub async fn own_by_number<C: ConnectionTrait>(
    db: &C,
    user: UserId,
    number: OrderNumber,
) -> Result<Option<Order>, DbErr> {
    let own = order::Entity::find().filter(order::Column::UserId.eq(user));
    let row = own.filter(order::Column::Number.eq(number.to_string())).one(db).await?;
    with_lines(db, row).await
}

/// Whose account an order is in.
///
/// # Errors
/// When the database fails.
pub async fn owner<C: ConnectionTrait>(db: &C, id: OrderId) -> Result<Option<UserId>, DbErr> {
    Ok(owners(db, &[id]).await?.remove(&id))
}

/// Whose account each of these orders is in, as far as it is in one.
///
/// # Errors
/// When the database fails.
pub async fn owners<C: ConnectionTrait>(db: &C, ids: &[OrderId]) -> Result<HashMap<OrderId, UserId>, DbErr> {
    let owned = order::Entity::find().filter(order::Column::Id.is_in(padded(ids.iter().copied())));
    let owned = owned.filter(order::Column::UserId.is_not_null());
    let columns = [order::Column::Id, order::Column::UserId];
    Ok(owned.select_only().columns(columns).into_tuple().all(db).await?.into_iter().collect())
}

/// How many orders a page of a person's history has.
const HISTORY_SIZE: u64 = 20;

/// The orders of a person, the last first, in pages that begin after `before`; and whether there are more.
///
/// # Errors
/// When the database fails.
pub async fn of_user<C: ConnectionTrait>(
    db: &C,
    user: UserId,
    before: Option<OrderId>,
) -> Result<(Vec<OrderSummary>, bool), DbErr> {
    let mut query = order::Entity::find().filter(order::Column::UserId.eq(user));
    if let Some(before) = before {
        query = query.filter(order::Column::Id.lt(before));
    }
    // Identifiers begin with their time.
    let mut rows = query.order_by_desc(order::Column::Id).limit(HISTORY_SIZE + 1).all(db).await?;
    let more = rows.len() as u64 > HISTORY_SIZE;
    rows.truncate(HISTORY_SIZE as usize);
    Ok((rows.into_iter().map(summary_of).collect::<Result<_, _>>()?, more))
}

/// What a row stores of an order's state as codes.
struct Facts {
    number: OrderNumber,
    lifecycle: Lifecycle,
    payment: Payment,
    fulfilment: Fulfilment,
    terms: PaymentTerms,
}

pub(crate) fn unknown(what: &str, text: &str) -> DbErr {
    DbErr::Type(format!("no {what}: {text}"))
}

fn facts_of(row: &order::Model) -> Result<Facts, DbErr> {
    Ok(Facts {
        number: row.number.parse().map_err(|_| unknown("order number", &row.number))?,
        lifecycle: Lifecycle::parse(&row.lifecycle).ok_or_else(|| unknown("lifecycle", &row.lifecycle))?,
        payment: Payment::parse(&row.payment).ok_or_else(|| unknown("payment", &row.payment))?,
        fulfilment: Fulfilment::parse(&row.fulfilment).ok_or_else(|| unknown("fulfilment", &row.fulfilment))?,
        terms: PaymentTerms::parse(&row.payment_terms).ok_or_else(|| unknown("payment terms", &row.payment_terms))?,
    })
}

/// An order in a list, and where its mails go, of a whole row.
pub(super) fn stored_summary(row: &sea_orm::QueryResult) -> Result<(OrderSummary, String), DbErr> {
    let row = order::Model::from_query_result(row, "")?;
    let email = row.email.clone();
    Ok((summary_of(row)?, email))
}

fn summary_of(row: order::Model) -> Result<OrderSummary, DbErr> {
    let facts = facts_of(&row)?;
    Ok(OrderSummary {
        id: row.id,
        number: facts.number,
        lifecycle: facts.lifecycle,
        status: status(facts.lifecycle, facts.payment, facts.fulfilment, facts.terms, row.total),
        total: Money::new(row.total, currency(&row.currency)?),
        created_at: row.created_at,
    })
}

async fn with_lines<C: ConnectionTrait>(db: &C, row: Option<order::Model>) -> Result<Option<Order>, DbErr> {
    Ok(all_with_lines(db, row.into_iter().collect()).await?.pop())
}

async fn all_with_lines<C: ConnectionTrait>(db: &C, rows: Vec<order::Model>) -> Result<Vec<Order>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let all = line::Entity::find()
        .filter(line::Column::OrderId.is_in(padded(rows.iter().map(|row| row.id))))
        .order_by_asc(line::Column::Position)
        .all(db)
        .await?;
    let media: HashSet<_> = all.iter().filter_map(|line| line.media_id).collect();
    let pictures: HashMap<_, _> = media::entity::Entity::find()
        .filter(media::entity::Column::Id.is_in(padded(media)))
        .all(db)
        .await?
        .into_iter()
        .map(|picture| (picture.id, picture))
        .collect();
    let mut lines = HashMap::<_, Vec<_>>::new();
    for line in all {
        lines.entry(line.order_id).or_default().push(line);
    }
    rows.into_iter()
        .map(|row| {
            let own = lines.remove(&row.id).unwrap_or_default();
            order_of(row, own, &pictures)
        })
        .collect()
}

fn order_of(
    row: order::Model,
    lines: Vec<line::Model>,
    pictures: &HashMap<media::MediaId, media::entity::Model>,
) -> Result<Order, DbErr> {
    let currency = currency(&row.currency)?;
    let facts = facts_of(&row)?;
    let rate = |text: &str| text.parse().map(TaxRate).map_err(|_| unknown("tax rate", text));
    let lines = lines
        .into_iter()
        .map(|line| {
            let picture = line.media_id.and_then(|id| pictures.get(&id)).cloned();
            Ok(OrderLine {
                id: line.id,
                product: line.product_id,
                variation: line.variation_id,
                slug: line.product_slug,
                sku: line.sku,
                options: line.options,
                quantity: line.quantity,
                unit_price: Money::new(line.unit_price, currency),
                tax_class: line.tax_class,
                total: LineTotal {
                    rate: rate(&line.tax_rate)?,
                    amounts: Amounts { net: line.net, tax: line.tax, gross: line.gross },
                },
                picture: picture.map(|picture| Picture {
                    id: picture.id,
                    width: picture.width,
                    height: picture.height,
                    placeholder: picture.placeholder,
                    widths: picture.widths,
                    alt: line.name.clone(),
                }),
                name: line.name,
            })
        })
        .collect::<Result<_, DbErr>>()?;
    Ok(Order {
        id: row.id,
        number: facts.number,
        lifecycle: facts.lifecycle,
        payment: facts.payment,
        fulfilment: facts.fulfilment,
        payment_terms: facts.terms,
        payment_method: row.payment_method,
        email: row.email,
        phone: row.phone,
        delivery_address: row.delivery_address,
        billing_address: row.billing_address,
        note: row.note,
        currency,
        prices_include_tax: row.prices_include_tax,
        delivery_code: row.delivery_code,
        delivery_name: row.delivery_name,
        delivery: LineTotal {
            rate: rate(&row.delivery_tax_rate)?,
            amounts: Amounts { net: row.delivery_net, tax: row.delivery_tax, gross: row.delivery_gross },
        },
        total: Amounts { net: row.net, tax: row.tax, gross: row.total },
        store_credit: Money::new(row.store_credit, currency),
        pay_by: row.pay_by,
        keeps_payment: row.keeps_payment,
        version: row.version,
        created_at: row.created_at,
        lines,
    })
}
