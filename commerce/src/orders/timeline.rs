//! Everything that has happened to an order: its events, which are written with each change, and what is written down
//! elsewhere: store credit that came and went, labels that were bought, and what carriers tell.

use super::OrderId;
use crate::accounts::{UserId, queries as accounts};
use crate::db::sql;
use crate::events::{HTTP, Metadata, WEBHOOK};
use crate::fulfilment::{Tracked, queries as fulfilment};
use crate::money::Money;
use crate::store_credit::{EntryKind, queries as store_credit};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use serde_json::json;

/// How many entries a timeline shows at most, the newest of them.
const MOST: usize = 200;

/// The kind of what a carrier tells: its data are `parcel`, `carrier`, `kind`, `text` and `place`.
pub const CARRIER_TOLD: &str = "CarrierTold";

/// The kind of a label that was bought: its data are `carrier`, `tracking_number` and `cost`.
pub const LABEL_BOUGHT: &str = "LabelBought";

/// The kind of store credit that has paid the order: its data is `amount`, as of those below.
pub const CREDIT_SPENT: &str = "StoreCreditSpent";

/// The kind of store credit that went back when the order was given up.
pub const CREDIT_RETURNED: &str = "StoreCreditReturned";

/// The kind of store credit that a refund gave.
pub const CREDIT_REFUNDED: &str = "StoreCreditRefunded";

/// What customers do, with their browsers or by what they do at gateways: other requests are those of staff.
const BY_CUSTOMERS: [&str; 7] = [
    "OrderPlaced",
    "OrderCancelled",
    "PaymentProcessed",
    "PaymentFailed",
    "PaymentVoided",
    "ReturnRequested",
    "ReturnWithdrawn",
];

/// Who did something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doer {
    /// Somebody of the staff, by their address.
    Staff(String),
    /// Somebody of the staff whose account is gone.
    Gone,
    /// The customer.
    Customer,
    /// A gateway, by itself.
    Gateway,
    /// The shop, by itself.
    Shop,
}

/// Something that has happened to an order.
#[derive(Clone, Debug)]
pub struct Happening {
    /// The name of the event, or one of the kinds above.
    pub kind: String,
    /// What it reports.
    pub data: serde_json::Value,
    /// When.
    pub occurred_at: DateTime<Utc>,
    /// Who did it, if that is known.
    pub by: Option<Doer>,
}

/// Something that has happened, and who of the staff did it, if one of them did.
type Found = (Happening, Option<UserId>);

/// What has happened to an order of which this was sent, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn timeline<C: ConnectionTrait>(db: &C, order: OrderId, sent: &[Tracked]) -> Result<Vec<Happening>, DbErr> {
    let mut found = events(db, order).await?;
    found.extend(credit(db, order).await?);
    found.extend(labels(db, order).await?.map(|label| (label, None)));
    found.extend(told(sent).map(|told| (told, None)));
    // What happened at one moment stays in the order in which it was written.
    found.sort_by_key(|(happening, _)| happening.occurred_at);
    found.drain(..found.len().saturating_sub(MOST));
    let staff = accounts::addresses(db, found.iter().filter_map(|(_, user)| *user)).await?;
    let named = |(happening, user): Found| match user {
        Some(user) => Happening { by: Some(staff.get(&user).cloned().map_or(Doer::Gone, Doer::Staff)), ..happening },
        None => happening,
    };
    Ok(found.into_iter().map(named).collect())
}

async fn events<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Found>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        kind: String,
        data: serde_json::Value,
        metadata: serde_json::Value,
        occurred_at: DateTime<Utc>,
    }
    let text = format!(
        "SELECT kind, data, metadata, occurred_at FROM events WHERE aggregate_id = $1
         ORDER BY aggregate_version DESC, occurred_at DESC, id DESC LIMIT {MOST}"
    );
    let rows = Row::find_by_statement(sql(db, &text, [order.into()])).all(db).await?;
    let found = |Row { kind, data, metadata, occurred_at }| {
        let metadata: Metadata = serde_json::from_value(metadata).unwrap_or_default();
        let by = by_source(&metadata.source, &kind);
        (Happening { kind, data, occurred_at, by }, metadata.user.map(UserId))
    };
    Ok(rows.into_iter().rev().map(found).collect())
}

/// Who did what nobody of the staff is known to have done.
fn by_source(source: &str, kind: &str) -> Option<Doer> {
    match source {
        HTTP => BY_CUSTOMERS.contains(&kind).then_some(Doer::Customer),
        WEBHOOK => Some(Doer::Gateway),
        "" => None,
        _ => Some(Doer::Shop),
    }
}

async fn credit<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<Vec<Found>, DbErr> {
    let found = |entry: store_credit::OfOrder| {
        let (kind, by) = match entry.kind {
            EntryKind::Spent | EntryKind::Taken => (CREDIT_SPENT, Some(Doer::Customer)),
            EntryKind::Returned => (CREDIT_RETURNED, None),
            EntryKind::Refunded | EntryKind::Granted => (CREDIT_REFUNDED, None),
        };
        let amount = Money::new(entry.amount.minor().abs(), entry.amount.currency());
        let data = json!({ "amount": amount });
        (Happening { kind: kind.to_owned(), data, occurred_at: entry.at, by }, entry.by)
    };
    Ok(store_credit::of_order(db, order).await?.into_iter().map(found).collect())
}

async fn labels<C: ConnectionTrait>(db: &C, order: OrderId) -> Result<impl Iterator<Item = Happening>, DbErr> {
    let bought = fulfilment::labels_of_order(db, order).await?;
    Ok(bought.into_iter().map(|label| {
        let (number, cost) = (label.bought.tracking_number, label.bought.cost);
        let data = json!({ "carrier": label.carrier, "tracking_number": number, "cost": cost });
        Happening { kind: LABEL_BOUGHT.to_owned(), data, occurred_at: label.at, by: None }
    }))
}

fn told(sent: &[Tracked]) -> impl Iterator<Item = Happening> {
    sent.iter().flat_map(|Tracked { shipment, told }| {
        told.iter().rev().map(|event| {
            let data = json!({ "parcel": shipment.number, "carrier": shipment.carrier, "kind": event.kind.code(),
                "text": event.text, "place": event.place });
            Happening { kind: CARRIER_TOLD.to_owned(), data, occurred_at: event.at, by: None }
        })
    })
}
