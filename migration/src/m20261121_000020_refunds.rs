//! Refunds as staff decide them, and store credit.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["store_credit_entries", "refund_lines", "refunds"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("refunds")
                .col(pk_uuid("id"))
                .col(uuid("order_id"))
                .col(string("idempotency_key"))
                .col(string("method"))
                .col(big_integer("amount"))
                .col(string("reason"))
                .col(uuid_null("actor_id"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_refunds_amount", "amount > 0"))
                .foreign_key(&mut references("refunds", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    unique(manager, "refunds", &["order_id", "idempotency_key"]).await?;
    manager
        .create_table(
            table("refund_lines")
                .col(uuid("refund_id"))
                .col(uuid("line_id"))
                .col(integer("quantity"))
                .col(big_integer("amount"))
                .primary_key(Index::create().name("pk_refund_lines").col("refund_id").col("line_id"))
                .check(named_check("ck_refund_lines_quantity", "quantity > 0"))
                .check(named_check("ck_refund_lines_amount", "amount >= 0"))
                .foreign_key(&mut belongs_to("refund_lines", "refund_id", "refunds"))
                .foreign_key(&mut references("refund_lines", "line_id", "order_lines"))
                .to_owned(),
        )
        .await?;
    index(manager, "refund_lines", &["line_id"]).await?;
    // Who has an account can spend it; erasing the account ends that.
    manager
        .create_table(
            table("store_credit_entries")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("currency"))
                .col(big_integer("amount"))
                .col(uuid_null("refund_id"))
                .col(uuid_null("order_id"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_store_credit_entries_amount", "amount <> 0"))
                .foreign_key(&mut belongs_to("store_credit_entries", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "store_credit_entries", &["refund_id"]).await?;
    index(manager, "store_credit_entries", &["user_id", "currency"]).await
}
