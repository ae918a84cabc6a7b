//! Staff look for orders.

use super::queries::stored_summary;
use super::{Lifecycle, Order, OrderId, OrderNumber, OrderSummary, queries};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::db::sql;
use crate::fulfilment::ship::MAY_SHIP;
use crate::orders::cancel::OrderError;
use sea_orm::{ConnectionTrait, Value};

/// How many orders a page has.
const PAGE: usize = 50;

/// Which orders are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// The beginning of a number, or an address.
    pub text: String,
    /// In which state of their lifecycle.
    pub lifecycle: Option<Lifecycle>,
    /// Only those of which something may be sent.
    pub to_ship: bool,
    /// Those made before this one.
    pub before: Option<OrderId>,
}

/// An order among those that were found, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The order.
    pub order: OrderSummary,
    /// Where its mails go.
    pub email: String,
}

/// The orders that fit, the last first, and whether there are more.
///
/// # Errors
/// [`OrderError::NotAllowed`], or when the database fails.
pub async fn search(shop: &Shop, who: &SignedIn, filter: &OrderFilter) -> Result<(Vec<Found>, bool), OrderError> {
    if !who.role.allows(Permission::OrdersRead) {
        return Err(OrderError::NotAllowed);
    }
    let mut conditions = vec![if filter.to_ship { MAY_SHIP } else { "1 = 1" }.to_owned()];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        conditions.push(condition.replace("$?", &format!("${}", values.len())));
    };
    let text = filter.text.trim();
    if text.contains('@') {
        add("LOWER(email) = $?", text.to_lowercase().into());
    } else if !text.is_empty() {
        let from = text.to_uppercase();
        add("number >= $?", from.clone().into());
        add("number < $?", format!("{from}\u{7f}").into());
    }
    if let Some(lifecycle) = filter.lifecycle {
        add("lifecycle = $?", lifecycle.code().into());
    }
    if let Some(before) = filter.before {
        add("id < $?", before.into());
    }
    let db = shop.db.read();
    let text = format!("SELECT * FROM orders WHERE {} ORDER BY id DESC LIMIT {}", conditions.join(" AND "), PAGE + 1);
    let rows = db.query_all_raw(sql(db, &text, values)).await?;
    let more = rows.len() > PAGE;
    let found = rows.iter().take(PAGE).map(|row| stored_summary(row).map(|(order, email)| Found { order, email }));
    Ok((found.collect::<Result<_, _>>()?, more))
}

/// An order by its number, for staff.
///
/// # Errors
/// [`OrderError::NotAllowed`], or when the database fails.
pub async fn by_number(shop: &Shop, who: &SignedIn, number: OrderNumber) -> Result<Option<Order>, OrderError> {
    if !who.role.allows(Permission::OrdersRead) {
        return Err(OrderError::NotAllowed);
    }
    Ok(queries::by_number(shop.db.latest(), number).await?)
}
