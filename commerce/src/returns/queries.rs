//! Reads of returns.

use super::{
    Return, ReturnError, ReturnId, ReturnLine, ReturnNumber, ReturnPhotoId, ReturnReason, ReturnState, ReturnStep,
};
use crate::Shop;
use crate::accounts::{Permission, SignedIn, UserId};
use crate::db::{placeholders, sql};
use crate::inventory::LocationId;
use crate::orders::queries::{self as orders, unknown};
use crate::orders::{Order, OrderId, OrderLineId, RefundId};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;

/// How many returns a page of staff has.
const PAGE: usize = 50;

const COLUMNS: &str = "r.id, r.order_id, o.number AS order_number, r.number, r.state, r.location_id, r.refund_id,
                       r.created_at";

#[derive(FromQueryResult)]
struct Row {
    id: ReturnId,
    order_id: OrderId,
    order_number: String,
    number: i32,
    state: String,
    location_id: Option<LocationId>,
    refund_id: Option<RefundId>,
    created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct LineRow {
    return_id: ReturnId,
    line_id: OrderLineId,
    quantity: i64,
    reason: String,
    comment: String,
    received: Option<i64>,
    resellable: Option<i64>,
}

#[derive(FromQueryResult)]
struct StepRow {
    return_id: ReturnId,
    state: String,
    idempotency_key: String,
    actor_id: Option<UserId>,
    note: String,
    at: DateTime<Utc>,
}

fn state_of(text: &str) -> Result<ReturnState, DbErr> {
    ReturnState::parse(text).ok_or_else(|| unknown("state of a return", text))
}

impl Row {
    fn number(&self) -> Result<ReturnNumber, DbErr> {
        let order = self.order_number.parse().map_err(|_| unknown("order number", &self.order_number))?;
        Ok(ReturnNumber { order, number: self.number })
    }
}

async fn whole<C: ConnectionTrait>(db: &C, rows: Vec<Row>) -> Result<Vec<Return>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = || rows.iter().map(|row| row.id.into());
    let list = placeholders(1, rows.len());
    let text = format!(
        "SELECT l.return_id, l.line_id, l.quantity, l.reason, l.comment, l.received, l.resellable FROM return_lines l
         JOIN order_lines o ON o.id = l.line_id WHERE l.return_id IN ({list}) ORDER BY o.position"
    );
    let mut lines: HashMap<_, Vec<_>> = HashMap::new();
    for row in LineRow::find_by_statement(sql(db, &text, ids())).all(db).await? {
        lines.entry(row.return_id).or_default().push(ReturnLine {
            line: row.line_id,
            quantity: row.quantity,
            reason: ReturnReason::parse(&row.reason).ok_or_else(|| unknown("reason of a return", &row.reason))?,
            comment: row.comment,
            received: row.received,
            resellable: row.resellable,
        });
    }
    let text = format!(
        "SELECT return_id, state, idempotency_key, actor_id, note, at FROM return_steps
         WHERE return_id IN ({list}) ORDER BY at"
    );
    let mut steps: HashMap<_, Vec<_>> = HashMap::new();
    for row in StepRow::find_by_statement(sql(db, &text, ids())).all(db).await? {
        steps.entry(row.return_id).or_default().push(ReturnStep {
            state: state_of(&row.state)?,
            key: row.idempotency_key,
            by_staff: row.actor_id.is_some(),
            note: row.note,
            at: row.at,
        });
    }
    // What staff open is asked for and agreed to at one moment; every way leads down the list of states.
    let place = |step: &ReturnStep| ReturnState::ALL.into_iter().position(|state| state == step.state);
    steps.values_mut().for_each(|steps| steps.sort_by_key(|step| (step.at, place(step))));
    rows.into_iter()
        .map(|row| {
            Ok(Return {
                number: row.number()?,
                state: state_of(&row.state)?,
                lines: lines.remove(&row.id).unwrap_or_default(),
                steps: steps.remove(&row.id).unwrap_or_default(),
                id: row.id,
                order: row.order_id,
                location: row.location_id,
                refund: row.refund_id,
                created_at: row.created_at,
            })
        })
        .collect()
}

/// The returns of an order by their numbers.
///
/// # Errors
/// When the database fails.
pub async fn of_order<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Return>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM returns r JOIN orders o ON o.id = r.order_id WHERE r.order_id = $1 ORDER BY r.number"
    );
    whole(db, Row::find_by_statement(sql(db, &text, [order.into()])).all(db).await?).await
}

/// A return of an order by what it is counted as.
///
/// # Errors
/// When the database fails.
pub async fn of_order_by_number<C: ConnectionTrait>(
    db: &C,
    order: OrderId,
    number: i32,
) -> Result<Option<Return>, DbErr> {
    let text = format!(
        "SELECT {COLUMNS} FROM returns r JOIN orders o ON o.id = r.order_id WHERE r.order_id = $1 AND r.number = $2"
    );
    let rows = Row::find_by_statement(sql(db, &text, [order.into(), number.into()])).all(db).await?;
    Ok(whole(db, rows).await?.pop())
}

/// The order of a return.
///
/// # Errors
/// When the database fails.
pub async fn order_of<C: ConnectionTrait>(db: &C, id: ReturnId) -> Result<Option<OrderId>, DbErr> {
    let row = db.query_one_raw(sql(db, "SELECT order_id FROM returns WHERE id = $1", [id.into()])).await?;
    row.map(|row| row.try_get("", "order_id")).transpose()
}

/// The return that a request with this key has made.
///
/// # Errors
/// When the database fails.
pub async fn number_by_key<C: ConnectionTrait>(
    db: &C,
    order: &Order,
    key: &str,
) -> Result<Option<ReturnNumber>, DbErr> {
    let text = "SELECT number FROM returns WHERE order_id = $1 AND idempotency_key = $2";
    let row = db.query_one_raw(sql(db, text, [order.id.into(), key.into()])).await?;
    row.map(|row| Ok(ReturnNumber { order: order.number, number: row.try_get("", "number")? })).transpose()
}

/// Anybody's return with its order, for staff.
///
/// # Errors
/// [`ReturnError::NotAllowed`], or when the database fails.
pub async fn any(shop: &Shop, who: &SignedIn, number: ReturnNumber) -> Result<Option<(Order, Return)>, ReturnError> {
    may_read(who)?;
    let db = shop.db.latest();
    let Some(order) = orders::by_number(db, number.order).await? else { return Ok(None) };
    Ok(of_order_by_number(db, order.id, number.number).await?.map(|one| (order, one)))
}

fn may_read(who: &SignedIn) -> Result<(), ReturnError> {
    who.require(Permission::OrdersRead).map_err(|_| ReturnError::NotAllowed)
}

/// Which returns are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReturnFilter {
    /// In which state.
    pub state: Option<ReturnState>,
    /// Those asked for before this one.
    pub before: Option<ReturnId>,
}

/// A return in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Which return.
    pub id: ReturnId,
    /// What people call it.
    pub number: ReturnNumber,
    /// How far it is.
    pub state: ReturnState,
    /// How many pieces were asked for.
    pub pieces: i64,
    /// Where its mails go.
    pub email: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}

/// The returns that fit, the last first, and whether there are more.
///
/// # Errors
/// [`ReturnError::NotAllowed`], or when the database fails.
pub async fn search(shop: &Shop, who: &SignedIn, filter: ReturnFilter) -> Result<(Vec<Listed>, bool), ReturnError> {
    may_read(who)?;
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values: Vec<Value> = Vec::new();
    if let Some(state) = filter.state {
        values.push(state.code().into());
        conditions.push(format!("r.state = ${}", values.len()));
    }
    if let Some(before) = filter.before {
        values.push(before.into());
        conditions.push(format!("r.id < ${}", values.len()));
    }
    let db = shop.db.latest();
    // Identifiers begin with their time.
    let text = format!(
        "SELECT {COLUMNS}, o.email,
                (SELECT CAST(SUM(l.quantity) AS BIGINT) FROM return_lines l WHERE l.return_id = r.id) AS pieces
         FROM returns r JOIN orders o ON o.id = r.order_id WHERE {} ORDER BY r.id DESC LIMIT {}",
        conditions.join(" AND "),
        PAGE + 1
    );
    let rows = db.query_all_raw(sql(db, &text, values)).await?;
    let listed = |row: &sea_orm::QueryResult| {
        let of = Row::from_query_result(row, "")?;
        Ok(Listed {
            id: of.id,
            number: of.number()?,
            state: state_of(&of.state)?,
            pieces: row.try_get("", "pieces")?,
            email: row.try_get("", "email")?,
            created_at: of.created_at,
        })
    };
    let found = rows.iter().take(PAGE).map(listed).collect::<Result<_, DbErr>>()?;
    Ok((found, rows.len() > PAGE))
}

/// A photo of what is to be sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnPhoto {
    /// Which photo.
    pub id: ReturnPhotoId,
    /// Its width in pixels.
    pub width: i32,
    /// Its height in pixels.
    pub height: i32,
}

/// The photos of a return, in the order in which they came.
///
/// # Errors
/// When the database fails.
pub async fn photos<C: ConnectionTrait>(db: &C, id: ReturnId) -> Result<Vec<ReturnPhoto>, DbErr> {
    let text = "SELECT id, width, height FROM return_photos WHERE return_id = $1 ORDER BY id";
    let rows = db.query_all_raw(sql(db, text, [id.into()])).await?;
    let photo = |row: &sea_orm::QueryResult| {
        Ok(ReturnPhoto {
            id: row.try_get("", "id")?,
            width: row.try_get("", "width")?,
            height: row.try_get("", "height")?,
        })
    };
    rows.iter().map(photo).collect()
}
