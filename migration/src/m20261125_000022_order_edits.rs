//! What staff want orders to become, and invoices that were cancelled because their orders were changed.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["cancelled_invoices", "order_revisions"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("order_revisions")
                .col(uuid("order_id").primary_key())
                .col(uuid("edit_id"))
                .col(big_integer("version"))
                // Null while nothing is to be changed.
                .col(json_binary_null("content"))
                // The last edit that was made: asked for again, it is not made again.
                .col(uuid_null("applied_id"))
                .col(timestamp_with_time_zone("updated_at"))
                .foreign_key(&mut belongs_to("order_revisions", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    unique(manager, "order_revisions", &["edit_id"]).await?;
    manager
        .create_table(
            table("cancelled_invoices")
                .col(big_integer("number").primary_key())
                .col(uuid("order_id"))
                .col(json_binary("content"))
                .col(timestamp_with_time_zone("issued_at"))
                .col(timestamp_with_time_zone("cancelled_at"))
                .check(named_check("ck_cancelled_invoices_number", "number >= 1"))
                .foreign_key(&mut references("cancelled_invoices", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    index(manager, "cancelled_invoices", &["order_id"]).await
}
