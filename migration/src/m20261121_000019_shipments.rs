//! What was sent of an order, what its carriers tell about it, and the numbers of invoices.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["invoices", "shipment_events", "shipment_lines", "shipments"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("shipments")
                .col(pk_uuid("id"))
                .col(uuid("order_id"))
                .col(integer("number"))
                .col(uuid("location_id"))
                .col(string("carrier"))
                .col(string_null("service"))
                .col(string_null("tracking_number"))
                .col(text_null("tracking_url"))
                .col(string_null("label_file"))
                .col(string_null("carrier_reference"))
                .col(string("idempotency_key"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("shipped_at"))
                .col(timestamp_with_time_zone_null("delivered_at"))
                .col(timestamp_with_time_zone_null("checked_at"))
                .col(big_integer("version"))
                .check(named_check("ck_shipments_number", "number >= 1"))
                .foreign_key(&mut belongs_to("shipments", "order_id", "orders"))
                .foreign_key(&mut references("shipments", "location_id", "locations"))
                .to_owned(),
        )
        .await?;
    unique(manager, "shipments", &["order_id", "number"]).await?;
    unique(manager, "shipments", &["idempotency_key"]).await?;
    index(manager, "shipments", &["carrier", "tracking_number"]).await?;
    index(manager, "shipments", &["delivered_at", "checked_at"]).await?;
    manager
        .create_table(
            table("shipment_lines")
                .col(uuid("shipment_id"))
                .col(uuid("line_id"))
                .col(big_integer("quantity"))
                .primary_key(Index::create().name("pk_shipment_lines").col("shipment_id").col("line_id"))
                .check(named_check("ck_shipment_lines_quantity", "quantity > 0"))
                .foreign_key(&mut belongs_to("shipment_lines", "shipment_id", "shipments"))
                .foreign_key(&mut references("shipment_lines", "line_id", "order_lines"))
                .to_owned(),
        )
        .await?;
    index(manager, "shipment_lines", &["line_id"]).await?;
    manager
        .create_table(
            table("shipment_events")
                .col(pk_uuid("id"))
                .col(uuid("shipment_id"))
                .col(string("carrier_event_id"))
                .col(string("kind"))
                .col(text("place"))
                .col(text("text"))
                .col(timestamp_with_time_zone("at"))
                .col(timestamp_with_time_zone("received_at"))
                .foreign_key(&mut belongs_to("shipment_events", "shipment_id", "shipments"))
                .to_owned(),
        )
        .await?;
    unique(manager, "shipment_events", &["shipment_id", "carrier_event_id"]).await?;
    // The numbers are 1, 2, 3 … without a gap: each is one more than the greatest, in the transaction that takes it.
    manager
        .create_table(
            table("invoices")
                .col(uuid("order_id").primary_key())
                .col(big_integer("number"))
                .col(timestamp_with_time_zone("issued_at"))
                .check(named_check("ck_invoices_number", "number >= 1"))
                .foreign_key(&mut references("invoices", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    unique(manager, "invoices", &["number"]).await
}
