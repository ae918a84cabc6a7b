//! The outbox.

/// Events.
pub mod event {
    use sea_orm::entity::prelude::*;

    /// Something that has happened. Rows are never changed.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "events")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The name of its kind.
        pub kind: String,
        /// The version of its data.
        pub kind_version: i32,
        /// What it is about.
        pub aggregate_id: Uuid,
        /// The version that this gave it.
        pub aggregate_version: i64,
        /// What it reports.
        #[sea_orm(column_type = "JsonBinary")]
        pub data: Json,
        /// Where it comes from.
        #[sea_orm(column_type = "JsonBinary")]
        pub metadata: Json,
        /// When it happened.
        pub occurred_at: DateTimeUtc,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// Deliveries of events to handlers.
pub mod delivery {
    use sea_orm::entity::prelude::*;

    /// Yet to be handled.
    pub const PENDING: &str = "pending";
    /// Handled.
    pub const DONE: &str = "done";
    /// Given up: what follows for the same handler and aggregate waits.
    pub const DEAD: &str = "dead";

    /// What became of an event at one handler.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "event_deliveries")]
    pub struct Model {
        /// The event.
        #[sea_orm(primary_key, auto_increment = false)]
        pub event_id: Uuid,
        /// The handler.
        #[sea_orm(primary_key, auto_increment = false)]
        pub handler: String,
        /// What the event is about.
        pub aggregate_id: Uuid,
        /// [`PENDING`], [`DONE`] or [`DEAD`].
        pub state: String,
        /// How often it was tried.
        pub attempts: i32,
        /// When it is to be tried next.
        pub due_at: DateTimeUtc,
        /// While it is tried, when to think that the one who does has died.
        pub leased_until: Option<DateTimeUtc>,
        /// What went wrong last.
        pub error: Option<String>,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
