//! What has happened: written in the same transaction as the change, then
//! delivered to every handler at least once, those about one aggregate in order.
//!
//! What an event reports is declared where it happens, with `event!`. A handler
//! gets what is written from when it is there: nothing of the past.

use crate::Shop;
use crate::clock::uuid_at;
use crate::db::{insert_together, inserts, is_unreachable};
use chrono::{DateTime, Utc};
use sea_orm::sea_query::InsertStatement;
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

pub mod catalogue;
pub mod dispatch;
pub mod entity;
mod outbox;
pub mod queries;
pub mod replay;

pub use outbox::Outbox;

/// A kind of event and the version of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Goes up when its data changes shape.
    pub version: i32,
}

/// What a capability reports of itself, declared with `event!` beside the type.
///
/// An event says what has happened in terms that outlive the code: identifiers, amounts, codes. Its shape is part of
/// what the shop promises to others.
pub trait DomainEvent: Serialize + DeserializeOwned + schemars::JsonSchema {
    /// Its kind: the name of the type, and the version of its shape.
    const KIND: Kind;

    /// What kind of thing it is about.
    const ABOUT: &'static str;

    /// What it is about. Events about one aggregate are delivered in order.
    fn aggregate(&self) -> Uuid;
}

/// An event that is about to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    kind: Kind,
    aggregate: Uuid,
    aggregate_version: i64,
    data: Result<serde_json::Value, String>,
}

impl NewEvent {
    /// Reports what gave its aggregate this version.
    pub fn of<E: DomainEvent>(event: &E, aggregate_version: i64) -> Self {
        let data = serde_json::to_value(event).map_err(|error| error.to_string());
        Self { kind: E::KIND, aggregate: event.aggregate(), aggregate_version, data }
    }

    /// Reports something about an aggregate that counts no versions: its events are in the order of their time.
    /// Those of one aggregate are either all counted or none is.
    pub fn uncounted<E: DomainEvent>(event: &E) -> Self {
        Self::of(event, 1)
    }
}

/// The [source](Metadata::source) of what requests lead to.
pub const HTTP: &str = "http";

/// The [source](Metadata::source) of what gateways tell by themselves.
pub const WEBHOOK: &str = "webhook";

/// Where an event comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// The request that led to it.
    pub correlation_id: Option<String>,
    /// The event that led to it.
    pub causation_id: Option<Uuid>,
    /// Who did it, if that is known.
    pub user: Option<Uuid>,
    /// Which part of the shop wrote it.
    pub source: String,
    /// The network address that asked for it: for the audit log, not for everybody who reads events.
    #[serde(skip)]
    pub client: Option<String>,
}

tokio::task_local! {
    static METADATA: Metadata;
}

/// Runs `work` so that the events written by it carry this metadata.
pub async fn caused_by<T>(metadata: Metadata, work: impl Future<Output = T>) -> T {
    METADATA.scope(metadata, work).await
}

/// What that which is being done is part of.
pub fn cause() -> Metadata {
    METADATA.try_with(Clone::clone).unwrap_or_else(|_| Metadata { source: "shop".to_owned(), ..Metadata::default() })
}

/// An event as a handler gets it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Identifies it: a handler that has seen it does nothing.
    pub id: Uuid,
    /// The name of its kind.
    pub kind: String,
    /// The version of its shape.
    pub kind_version: i32,
    /// What it is about.
    pub aggregate: Uuid,
    /// The version that this gave it.
    pub aggregate_version: i64,
    /// What it reports.
    pub data: serde_json::Value,
    /// Where it comes from.
    pub metadata: Metadata,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
}

impl Event {
    /// What it reports, as the type that was written.
    ///
    /// # Errors
    /// When it is of another shape.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, HandlerError> {
        serde_json::from_value(self.data.clone()).map_err(HandlerError::failed)
    }
}

/// How that begins which is kept of a delivery that waits for what its handler needs.
pub(crate) const NOT_NOW: &str = "not now: ";

/// How that begins which is kept of a delivery that was put off.
pub(crate) const PUT_OFF: &str = "put off: ";

/// Why a handler could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// It has failed with this event: it is asked again later, and after some attempts no more.
    #[error("{0}")]
    Failed(String),
    /// It can't work at all for now, because what it needs is not there: it is asked again for as long as that takes.
    #[error("{begin}{0}", begin = NOT_NOW)]
    NotNow(String),
    /// It was told to come again with this event: it is asked again for days, and goes on with others.
    #[error("{begin}{0}", begin = PUT_OFF)]
    PutOff(String),
}

impl HandlerError {
    /// It has failed with this event.
    pub fn failed(error: impl std::fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    /// It can't work at all for now.
    pub fn not_now(error: impl std::fmt::Display) -> Self {
        Self::NotNow(error.to_string())
    }

    /// It was told to come again with this event.
    pub fn put_off(error: impl std::fmt::Display) -> Self {
        Self::PutOff(error.to_string())
    }
}

impl From<DbErr> for HandlerError {
    fn from(error: DbErr) -> Self {
        if is_unreachable(&error) { Self::not_now(error) } else { Self::failed(error) }
    }
}

/// Someone who acts on events. It gets the events of one aggregate in order,
/// and may get one twice.
#[async_trait::async_trait]
pub trait Handler: Send + Sync + std::fmt::Debug {
    /// Identifies it among the deliveries.
    fn name(&self) -> &'static str;

    /// Whether it acts on this kind of event.
    fn wants(&self, kind: &str) -> bool;

    /// Acts on an event.
    ///
    /// # Errors
    /// What went wrong; the event is delivered again later.
    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError>;

    /// Acts on events of several aggregates at once, those of each in order: on all of them or on none. After an error
    /// each is handled by itself. `None` where it takes one after the other only.
    async fn handle_together(&self, _shop: &Shop, _events: &[Event]) -> Option<Result<(), HandlerError>> {
        None
    }
}

/// Events that this process has written, which orders those of one moment.
static WRITTEN: AtomicU32 = AtomicU32::new(0);

/// A UUID of version 7 that sorts by time to the microsecond, then by the order in which this process has asked.
fn event_id(now: DateTime<Utc>) -> Uuid {
    let micros = now.timestamp_subsec_micros() % 1_000;
    let count = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let mut bytes = *uuid_at(now).as_bytes();
    // Ten bits of the twelve after the version, the other two and thirty after the variant.
    bytes[6] = 0x70 | (micros >> 6) as u8;
    bytes[7] = ((micros << 2) as u8) | (count >> 30) as u8;
    bytes[8..12].copy_from_slice(&(0x8000_0000 | (count & 0x3fff_ffff)).to_be_bytes());
    Uuid::from_bytes(bytes)
}

/// The handlers of a shop.
pub type Handlers = Vec<Arc<dyn Handler>>;

/// Writes events and a delivery for each handler that wants them, in a
/// transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn emit<C: ConnectionTrait>(shop: &Shop, tx: &C, events: Vec<NewEvent>) -> Result<(), DbErr> {
    let cause = cause();
    insert_together(tx, rows(shop, events.into_iter().map(|event| (event, cause.clone())))?).await
}

/// Says that events of a kind were written, to the dispatchers of who wants them.
pub(crate) fn notify(shop: &Shop, kind: Kind) {
    let all = shop.handlers.iter().enumerate();
    all.filter(|(_, handler)| handler.wants(kind.name)).for_each(|(index, _)| shop.outbox.notify(index));
}

/// What [`emit`] inserts, for who inserts something else in the same statement: each event with where it comes from.
pub(crate) fn rows(
    shop: &Shop,
    events: impl IntoIterator<Item = (NewEvent, Metadata)>,
) -> Result<Vec<InsertStatement>, DbErr> {
    let now = shop.clock.now();
    let (mut rows, mut deliveries) = (Vec::new(), Vec::new());
    for (event, cause) in events {
        let id = event_id(now);
        for handler in shop.handlers.iter().filter(|handler| handler.wants(event.kind.name)) {
            deliveries.push(entity::delivery::ActiveModel {
                event_id: Set(id),
                handler: Set(handler.name().to_owned()),
                aggregate_id: Set(event.aggregate),
                state: Set(entity::delivery::PENDING.to_owned()),
                attempts: Set(0),
                due_at: Set(now),
                leased_until: Set(None),
                error: Set(None),
            });
        }
        rows.push(entity::event::ActiveModel {
            id: Set(id),
            kind: Set(event.kind.name.to_owned()),
            kind_version: Set(event.kind.version),
            aggregate_id: Set(event.aggregate),
            aggregate_version: Set(event.aggregate_version),
            data: Set(event.data.map_err(DbErr::Json)?),
            metadata: Set(serde_json::to_value(cause).map_err(|error| DbErr::Json(error.to_string()))?),
            occurred_at: Set(now),
        });
    }
    let events = inserts::<entity::event::Entity>(rows).into_iter();
    Ok(events.chain(inserts::<entity::delivery::Entity>(deliveries)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_of_one_moment_sort_as_they_were_written() {
        let now = DateTime::from_timestamp_micros(1_795_200_000_123_456).expect("a time");
        let ids: Vec<_> = (0..1_000).map(|_| event_id(now)).collect();
        assert!(ids.is_sorted());
        assert!(event_id(now - chrono::TimeDelta::microseconds(1)) < ids[0], "and by time before that");
        assert!(ids.iter().all(|id| id.get_version_num() == 7 && id.get_variant() == uuid::Variant::RFC4122));
    }
}
