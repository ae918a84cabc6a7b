//! What was tried to be paid, and the append-only ledger of what came of it.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["payment_events", "payment_attempts"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("payment_attempts")
                .col(pk_uuid("id"))
                .col(uuid("order_id"))
                .col(string("gateway"))
                .col(string("idempotency_key"))
                .col(string_null("reference"))
                .col(string("currency"))
                .col(big_integer("amount"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_payment_attempts_amount", "amount >= 0"))
                .foreign_key(&mut references("payment_attempts", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    unique(manager, "payment_attempts", &["gateway", "idempotency_key"]).await?;
    index(manager, "payment_attempts", &["order_id"]).await?;
    manager
        .create_table(
            table("payment_events")
                .col(pk_uuid("id"))
                .col(uuid("attempt_id"))
                .col(string("gateway"))
                .col(string("event_id"))
                .col(string("action"))
                .col(string("outcome"))
                .col(big_integer("amount"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_payment_events_amount", "amount >= 0"))
                .foreign_key(&mut references("payment_events", "attempt_id", "payment_attempts"))
                .to_owned(),
        )
        .await?;
    unique(manager, "payment_events", &["gateway", "event_id"]).await?;
    index(manager, "payment_events", &["attempt_id"]).await
}
