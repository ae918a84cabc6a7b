//! Shipments, what is in them, and what their carriers tell.

/// Shipments.
pub mod shipment {
    use crate::fulfilment::ShipmentId;
    use crate::inventory::LocationId;
    use crate::orders::OrderId;
    use sea_orm::entity::prelude::*;

    /// A shipment.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shipments")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: ShipmentId,
        /// Of which order.
        pub order_id: OrderId,
        /// Counts the shipments of the order.
        pub number: i32,
        /// From where it was sent.
        pub location_id: LocationId,
        /// The code or the name of its carrier.
        pub carrier: String,
        /// What the carrier calls the way it sends it.
        pub service: Option<String>,
        /// What the carrier knows it by.
        pub tracking_number: Option<String>,
        /// Where people can see how far it has come.
        pub tracking_url: Option<String>,
        /// Where its label is in the file store.
        pub label_file: Option<String>,
        /// What the carrier calls the order of the label.
        pub carrier_reference: Option<String>,
        /// The key of the request that made it.
        #[sea_orm(unique)]
        pub idempotency_key: String,
        /// When it was written down.
        pub created_at: DateTimeUtc,
        /// When it was handed to the carrier.
        pub shipped_at: DateTimeUtc,
        /// When it came.
        pub delivered_at: Option<DateTimeUtc>,
        /// When its carrier was last asked about it.
        pub checked_at: Option<DateTimeUtc>,
        /// Counts the changes.
        pub version: i64,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What is in shipments.
pub mod line {
    use crate::fulfilment::ShipmentId;
    use crate::orders::OrderLineId;
    use sea_orm::entity::prelude::*;

    /// What of an order's line is in a shipment.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shipment_lines")]
    pub struct Model {
        /// The shipment.
        #[sea_orm(primary_key, auto_increment = false)]
        pub shipment_id: ShipmentId,
        /// The line of the order.
        #[sea_orm(primary_key, auto_increment = false)]
        pub line_id: OrderLineId,
        /// How many pieces of it.
        pub quantity: i64,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

/// What carriers tell.
pub mod event {
    use crate::fulfilment::{ShipmentId, TrackingEventId};
    use sea_orm::entity::prelude::*;

    /// One thing that a carrier has told. Rows are never changed.
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "shipment_events")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: TrackingEventId,
        /// About which shipment.
        pub shipment_id: ShipmentId,
        /// What tells it from the others of the shipment.
        pub carrier_event_id: String,
        /// What it means, by `TrackingKind::code`.
        pub kind: String,
        /// Where it happened, perhaps empty.
        pub place: String,
        /// What the carrier says of it.
        pub text: String,
        /// When it happened.
        pub at: DateTimeUtc,
        /// When the shop learned of it.
        pub received_at: DateTimeUtc,
    }

    /// Joins are written where they are needed.
    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}
