//! What has happened: written in the same transaction as the change, then
//! delivered to every handler at least once.

use crate::Shop;
use crate::accounts::identity::IdentityLinked;
use crate::accounts::second_factor::{FactorAdded, FactorRemoved, RecoveryCodeUsed, SignInCodeRequested};
use crate::accounts::{
    AccountErased, EmailChangeRequested, EmailChanged, PasswordChanged, PasswordResetRequested, RegistrationRepeated,
    UserId, UserRegistered,
};
use crate::clock::uuid_at;
use crate::db::insert_all;
use crate::inventory::{StockChanged, StockLow};
use crate::orders::OrderPlaced;
use chrono::{DateTime, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::sync::Arc;
use uuid::Uuid;

pub mod dispatch;
pub mod entity;

/// A kind of event and the version of its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Its name.
    pub name: &'static str,
    /// Goes up when its data changes shape.
    pub version: i32,
}

/// An order was placed.
pub const ORDER_PLACED: Kind = Kind { name: "OrderPlaced", version: 1 };

/// What there is of a variation at a location has changed.
pub const STOCK_CHANGED: Kind = Kind { name: "StockChanged", version: 1 };

/// There is little left of a variation.
pub const STOCK_LOW: Kind = Kind { name: "StockLow", version: 1 };

/// Somebody has asked for an account.
pub const USER_REGISTERED: Kind = Kind { name: "UserRegistered", version: 1 };

/// Somebody has asked for an account with an address that has one.
pub const REGISTRATION_REPEATED: Kind = Kind { name: "RegistrationRepeated", version: 1 };

/// Somebody wants to choose a new password.
pub const PASSWORD_RESET_REQUESTED: Kind = Kind { name: "PasswordResetRequested", version: 1 };

/// Somebody has a new password.
pub const PASSWORD_CHANGED: Kind = Kind { name: "PasswordChanged", version: 1 };

/// Somebody has a second factor more.
pub const FACTOR_ADDED: Kind = Kind { name: "FactorAdded", version: 1 };

/// Somebody has a second factor less.
pub const FACTOR_REMOVED: Kind = Kind { name: "FactorRemoved", version: 1 };

/// Somebody has signed in with a recovery code.
pub const RECOVERY_CODE_USED: Kind = Kind { name: "RecoveryCodeUsed", version: 1 };

/// Somebody wants a code by mail to sign in with.
pub const SIGN_IN_CODE_REQUESTED: Kind = Kind { name: "SignInCodeRequested", version: 1 };
/// Somebody wants another address for their account.
pub const EMAIL_CHANGE_REQUESTED: Kind = Kind { name: "EmailChangeRequested", version: 1 };

/// Somebody's account has another address.
pub const EMAIL_CHANGED: Kind = Kind { name: "EmailChanged", version: 1 };

/// Somebody's account is gone.
pub const ACCOUNT_ERASED: Kind = Kind { name: "AccountErased", version: 1 };

/// Somebody has another way to sign in.
pub const IDENTITY_LINKED: Kind = Kind { name: "IdentityLinked", version: 1 };

/// An event that is about to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    kind: Kind,
    aggregate: Uuid,
    aggregate_version: i64,
    data: Result<serde_json::Value, String>,
}

impl NewEvent {
    /// Reports a placed order.
    pub fn order_placed(event: &OrderPlaced, version: i64) -> Self {
        Self::new(ORDER_PLACED, event.order.0, version, event)
    }

    /// Reports a change of stock.
    pub fn stock_changed(event: StockChanged) -> Self {
        Self::new(STOCK_CHANGED, event.stock.0, event.version, &event)
    }

    /// Reports that there is little left.
    pub fn stock_low(event: &StockLow) -> Self {
        Self::new(STOCK_LOW, event.variation.0, event.alert, event)
    }

    /// Reports somebody who wants an account.
    pub fn user_registered(event: &UserRegistered) -> Self {
        Self::new(USER_REGISTERED, event.user.0, 1, event)
    }

    /// Reports somebody who wants an account they have.
    pub fn registration_repeated(event: &RegistrationRepeated) -> Self {
        Self::new(REGISTRATION_REPEATED, event.user.0, 1, event)
    }

    /// Reports somebody who has forgotten their password.
    pub fn password_reset_requested(event: &PasswordResetRequested) -> Self {
        Self::new(PASSWORD_RESET_REQUESTED, event.user.0, 1, event)
    }

    /// Reports a new password.
    pub fn password_changed(event: &PasswordChanged) -> Self {
        Self::new(PASSWORD_CHANGED, event.user.0, 1, event)
    }

    /// Reports a second factor more.
    pub fn factor_added(event: &FactorAdded) -> Self {
        Self::new(FACTOR_ADDED, event.user.0, 1, event)
    }

    /// Reports a second factor less.
    pub fn factor_removed(event: &FactorRemoved) -> Self {
        Self::new(FACTOR_REMOVED, event.user.0, 1, event)
    }

    /// Reports a sign-in with a recovery code.
    pub fn recovery_code_used(event: &RecoveryCodeUsed) -> Self {
        Self::new(RECOVERY_CODE_USED, event.user.0, 1, event)
    }

    /// Reports somebody who wants a code by mail.
    pub fn sign_in_code_requested(event: &SignInCodeRequested) -> Self {
        Self::new(SIGN_IN_CODE_REQUESTED, event.user.0, 1, event)
    }

    /// Reports somebody who wants another address.
    pub fn email_change_requested(event: &EmailChangeRequested) -> Self {
        Self::new(EMAIL_CHANGE_REQUESTED, event.user.0, 1, event)
    }

    /// Reports another address.
    pub fn email_changed(event: &EmailChanged) -> Self {
        Self::new(EMAIL_CHANGED, event.user.0, 1, event)
    }

    /// Reports that an account is gone.
    pub fn account_erased(user: UserId, event: &AccountErased) -> Self {
        Self::new(ACCOUNT_ERASED, user.0, 1, event)
    }

    /// Reports another way to sign in.
    pub fn identity_linked(event: &IdentityLinked) -> Self {
        Self::new(IDENTITY_LINKED, event.user.0, 1, event)
    }

    fn new(kind: Kind, aggregate: Uuid, aggregate_version: i64, data: &impl Serialize) -> Self {
        let data = serde_json::to_value(data).map_err(|error| error.to_string());
        Self { kind, aggregate, aggregate_version, data }
    }
}

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
pub(crate) fn cause() -> Metadata {
    METADATA.try_with(Clone::clone).unwrap_or_else(|_| Metadata { source: "shop".to_owned(), ..Metadata::default() })
}

/// An event as a handler gets it.
#[derive(Clone, Debug)]
pub struct Event {
    /// Identifies it: a handler that has seen it does nothing.
    pub id: Uuid,
    /// The name of its kind.
    pub kind: String,
    /// What it is about.
    pub aggregate: Uuid,
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
    pub fn read<T: serde::de::DeserializeOwned>(&self) -> Result<T, HandlerError> {
        serde_json::from_value(self.data.clone()).map_err(|error| HandlerError(error.to_string()))
    }
}

/// Why a handler could not do its work; it will be asked again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HandlerError(pub String);

impl From<DbErr> for HandlerError {
    fn from(error: DbErr) -> Self {
        Self(error.to_string())
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
}

/// The handlers of a shop.
pub type Handlers = Vec<Arc<dyn Handler>>;

/// Writes events and a delivery for each handler that wants them, in a
/// transaction of the caller's.
///
/// # Errors
/// When the database fails.
pub async fn emit<C: ConnectionTrait>(shop: &Shop, tx: &C, events: Vec<NewEvent>) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let metadata = serde_json::to_value(cause()).map_err(|error| DbErr::Json(error.to_string()))?;
    let mut rows = Vec::with_capacity(events.len());
    let mut deliveries = Vec::new();
    for event in events {
        let id = uuid_at(now);
        for handler in shop.handlers.iter().filter(|handler| handler.wants(event.kind.name)) {
            deliveries.push(entity::delivery::ActiveModel {
                event_id: Set(id),
                handler: Set(handler.name().to_owned()),
                aggregate_id: Set(event.aggregate),
                state: Set(entity::delivery::PENDING.to_owned()),
                attempts: Set(0),
                due_at: Set(now),
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
            metadata: Set(metadata.clone()),
            occurred_at: Set(now),
        });
    }
    insert_all::<entity::event::Entity, _>(tx, rows).await?;
    insert_all::<entity::delivery::Entity, _>(tx, deliveries).await
}
