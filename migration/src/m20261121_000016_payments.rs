//! What gateways say of payments, what they have sent, and the books of the test gateway.

use crate::define::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // PostgreSQL wraps a step by itself, SQLite only when asked.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        add(manager, "payment_attempts", ColumnDef::new("capture_later").boolean().not_null().default(false)).await?;
        add(manager, "payment_attempts", ColumnDef::new("redirect_to").text().null()).await?;
        index(manager, "payment_attempts", &["gateway", "reference"]).await?;
        add(manager, "payment_events", ColumnDef::new("fact").string().not_null().default("")).await?;
        add(manager, "payment_events", ColumnDef::new("operation_id").uuid().null()).await?;
        add(manager, "payment_events", ColumnDef::new("reference").string().null()).await?;
        add(manager, "payment_events", ColumnDef::new("reason").string().null()).await?;
        add(manager, "payment_events", ColumnDef::new("source").string().not_null().default("shop")).await?;
        index(manager, "payment_events", &["operation_id"]).await?;
        // An attempt is the request that it is opened with.
        let text = "DELETE FROM payment_events WHERE action = 'authorise' AND outcome = 'requested'";
        manager.get_connection().execute_unprepared(text).await?;
        add(manager, "orders", ColumnDef::new("check_at").timestamp_with_time_zone().null()).await?;
        add(manager, "orders", ColumnDef::new("store_credit").big_integer().not_null().default(0)).await?;
        add(manager, "orders", ColumnDef::new("cancelled_at").timestamp_with_time_zone().null()).await?;
        add(manager, "orders", ColumnDef::new("keeps_payment").boolean().not_null().default(false)).await?;
        index(manager, "orders", &["lifecycle", "check_at"]).await?;
        let text = "UPDATE orders SET check_at = created_at WHERE lifecycle = 'awaiting_payment'";
        manager.get_connection().execute_unprepared(text).await?;
        operations(manager).await?;
        webhooks(manager).await?;
        test_gateway(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["test_webhooks", "test_operations", "test_payments", "webhook_events", "payment_operations"] {
            manager.drop_table(Table::drop().table(name).to_owned()).await?;
        }
        let indexes = [
            ("payment_attempts", "ix_payment_attempts_gateway_reference"),
            ("payment_events", "ix_payment_events_operation_id"),
            ("orders", "ix_orders_lifecycle_check_at"),
        ];
        for (table, name) in indexes {
            manager.drop_index(Index::drop().table(table).name(name).to_owned()).await?;
        }
        let columns = [
            ("payment_attempts", "capture_later"),
            ("payment_attempts", "redirect_to"),
            ("payment_events", "fact"),
            ("payment_events", "operation_id"),
            ("payment_events", "reference"),
            ("payment_events", "reason"),
            ("payment_events", "source"),
            ("orders", "check_at"),
            ("orders", "store_credit"),
            ("orders", "cancelled_at"),
            ("orders", "keeps_payment"),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        Ok(())
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: &mut ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column.to_owned()).to_owned()).await
}

/// What gateways are asked to do with a payment after it was agreed.
async fn operations(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("payment_operations")
                .col(pk_uuid("id"))
                .col(uuid("attempt_id"))
                .col(string("action"))
                .col(big_integer("amount"))
                .col(string("reason"))
                .col(string("actor"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("due_at"))
                .col(integer("tries"))
                .check(named_check("ck_payment_operations_amount", "amount > 0"))
                .foreign_key(&mut references("payment_operations", "attempt_id", "payment_attempts"))
                .to_owned(),
        )
        .await?;
    index(manager, "payment_operations", &["attempt_id"]).await?;
    // Null once it is known what came of it.
    index(manager, "payment_operations", &["due_at"]).await
}

/// What gateways have sent, as they sent it.
async fn webhooks(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("webhook_events")
                .col(pk_uuid("id"))
                .col(string("gateway"))
                .col(string("event_id"))
                .col(string("kind"))
                .col(text("body"))
                .col(timestamp_with_time_zone("received_at"))
                .col(timestamp_with_time_zone_null("due_at"))
                .col(integer("tries"))
                .col(string("outcome"))
                .to_owned(),
        )
        .await?;
    unique(manager, "webhook_events", &["gateway", "event_id"]).await?;
    index(manager, "webhook_events", &["due_at"]).await?;
    index(manager, "webhook_events", &["received_at"]).await
}

/// What the test gateway would keep in a bank of its own.
async fn test_gateway(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("test_payments")
                .col(string("reference").primary_key())
                .col(string("idempotency_key"))
                .col(uuid("attempt"))
                .col(string("order_number"))
                .col(string("currency"))
                .col(big_integer("amount"))
                .col(boolean("capture_later"))
                .col(text("return_to"))
                .col(string("state"))
                .col(string_null("scenario"))
                .col(big_integer("captured"))
                .col(big_integer("refunded"))
                .col(timestamp_with_time_zone("answers_at"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_test_payments_captured", "0 <= captured AND captured <= amount"))
                .check(named_check("ck_test_payments_refunded", "0 <= refunded AND refunded <= captured"))
                .to_owned(),
        )
        .await?;
    unique(manager, "test_payments", &["idempotency_key"]).await?;
    manager
        .create_table(
            table("test_operations")
                .col(string("idempotency_key").primary_key())
                .col(string("reference"))
                .col(string("action"))
                .col(big_integer("amount"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(
                    ForeignKey::create()
                        .name("fk_test_operations_reference")
                        .from("test_operations", "reference")
                        .to("test_payments", "reference"),
                )
                .to_owned(),
        )
        .await?;
    index(manager, "test_operations", &["reference"]).await?;
    manager
        .create_table(
            table("test_webhooks")
                .col(pk_uuid("id"))
                .col(string("kind"))
                .col(text("body"))
                .col(timestamp_with_time_zone("due_at"))
                .to_owned(),
        )
        .await?;
    index(manager, "test_webhooks", &["due_at"]).await
}
