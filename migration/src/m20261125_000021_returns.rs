//! What customers send back: how far it is, what of which lines, and the photos that show why.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["return_photos", "return_steps", "return_lines", "returns"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("returns")
                .col(pk_uuid("id"))
                .col(uuid("order_id"))
                .col(integer("number"))
                .col(string("idempotency_key"))
                .col(string("state"))
                .col(uuid_null("location_id"))
                .col(uuid_null("refund_id"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("ended_at"))
                .check(named_check("ck_returns_number", "number >= 1"))
                .foreign_key(&mut references("returns", "order_id", "orders"))
                .foreign_key(&mut references("returns", "location_id", "locations"))
                .foreign_key(&mut references("returns", "refund_id", "refunds"))
                .to_owned(),
        )
        .await?;
    unique(manager, "returns", &["order_id", "number"]).await?;
    unique(manager, "returns", &["order_id", "idempotency_key"]).await?;
    unique(manager, "returns", &["refund_id"]).await?;
    index(manager, "returns", &["state", "id"]).await?;
    manager
        .create_table(
            table("return_lines")
                .col(uuid("return_id"))
                .col(uuid("line_id"))
                .col(big_integer("quantity"))
                .col(string("reason"))
                .col(text("comment"))
                .col(big_integer_null("received"))
                .col(big_integer_null("resellable"))
                .primary_key(Index::create().name("pk_return_lines").col("return_id").col("line_id"))
                .check(named_check("ck_return_lines_quantity", "quantity > 0"))
                .check(named_check("ck_return_lines_received", "received >= 0 AND received <= quantity"))
                .check(named_check("ck_return_lines_resellable", "resellable >= 0 AND resellable <= received"))
                .foreign_key(&mut belongs_to("return_lines", "return_id", "returns"))
                .foreign_key(&mut references("return_lines", "line_id", "order_lines"))
                .to_owned(),
        )
        .await?;
    index(manager, "return_lines", &["line_id"]).await?;
    // Nothing comes to a state twice.
    manager
        .create_table(
            table("return_steps")
                .col(uuid("return_id"))
                .col(string("state"))
                .col(string("idempotency_key"))
                .col(uuid_null("actor_id"))
                .col(text("note"))
                .col(timestamp_with_time_zone("at"))
                .primary_key(Index::create().name("pk_return_steps").col("return_id").col("state"))
                .foreign_key(&mut belongs_to("return_steps", "return_id", "returns"))
                .to_owned(),
        )
        .await?;
    // One that belongs to no return any more is still to be deleted from the file store.
    manager
        .create_table(
            table("return_photos")
                .col(pk_uuid("id"))
                .col(uuid_null("return_id"))
                .col(string("digest"))
                .col(integer("width"))
                .col(integer("height"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut references("return_photos", "return_id", "returns"))
                .to_owned(),
        )
        .await?;
    unique(manager, "return_photos", &["return_id", "digest"]).await
}
