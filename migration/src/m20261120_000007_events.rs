//! The outbox, its deliveries to handlers, and the mailbox.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["mails", "event_deliveries", "events"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("events")
                .col(pk_uuid("id"))
                .col(string("kind"))
                .col(integer("kind_version"))
                .col(uuid("aggregate_id"))
                .col(big_integer("aggregate_version"))
                .col(json_binary("data"))
                .col(json_binary("metadata"))
                .col(timestamp_with_time_zone("occurred_at"))
                .to_owned(),
        )
        .await?;
    index(manager, "events", &["aggregate_id", "aggregate_version"]).await?;
    manager
        .create_table(
            table("event_deliveries")
                .col(uuid("event_id"))
                .col(string("handler"))
                .col(uuid("aggregate_id"))
                .col(string("state"))
                .col(integer("attempts"))
                .col(timestamp_with_time_zone("due_at"))
                .col(text_null("error"))
                .primary_key(Index::create().name("pk_event_deliveries").col("event_id").col("handler"))
                .foreign_key(&mut belongs_to("event_deliveries", "event_id", "events"))
                .to_owned(),
        )
        .await?;
    index(manager, "event_deliveries", &["state", "due_at"]).await?;
    index(manager, "event_deliveries", &["handler", "aggregate_id", "state"]).await?;
    manager
        .create_table(
            table("mails")
                .col(pk_uuid("id"))
                .col(string("idempotency_key"))
                .col(string("recipient"))
                .col(string("subject"))
                .col(text("text"))
                .col(text("html"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("sent_at"))
                .to_owned(),
        )
        .await?;
    unique(manager, "mails", &["idempotency_key"]).await?;
    index(manager, "mails", &["created_at"]).await
}
