//! Store credit can be spent: what each person has of it, and what becomes of it.

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
        balances(manager).await?;
        // What was written before came of refunds.
        add(manager, "store_credit_entries", ColumnDef::new("kind").string().not_null().default("refunded")).await?;
        add(manager, "store_credit_entries", ColumnDef::new("reason").text().null()).await?;
        add(manager, "store_credit_entries", ColumnDef::new("actor_id").uuid().null()).await?;
        add(manager, "store_credit_entries", ColumnDef::new("idempotency_key").string().null()).await?;
        unique(manager, "store_credit_entries", &["user_id", "idempotency_key"]).await?;
        index(manager, "store_credit_entries", &["user_id", "id"]).await?;
        let connection = manager.get_connection();
        connection
            .execute_unprepared(
                "CREATE UNIQUE INDEX uq_store_credit_entries_spent ON store_credit_entries (order_id)
                 WHERE kind = 'spent'",
            )
            .await?;
        // Of a refund, what gives back store credit that the order was paid with.
        connection
            .execute_unprepared(
                "ALTER TABLE refunds ADD COLUMN from_credit BIGINT NOT NULL DEFAULT 0
                 CONSTRAINT \"ck_refunds_from_credit\" CHECK (0 <= from_credit AND from_credit <= amount)",
            )
            .await?;
        add(manager, "checkouts", ColumnDef::new("use_credit").boolean().not_null().default(false)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let indexes = ["user_id_idempotency_key", "user_id_id", "spent"];
        for (kind, columns) in ["uq", "ix", "uq"].into_iter().zip(indexes) {
            let name = format!("{kind}_store_credit_entries_{columns}");
            manager.drop_index(Index::drop().table("store_credit_entries").name(name).to_owned()).await?;
        }
        let columns = [
            ("store_credit_entries", "kind"),
            ("store_credit_entries", "reason"),
            ("store_credit_entries", "actor_id"),
            ("store_credit_entries", "idempotency_key"),
            ("refunds", "from_credit"),
            ("checkouts", "use_credit"),
        ];
        for (table, column) in columns {
            manager.alter_table(Table::alter().table(table).drop_column(column).to_owned()).await?;
        }
        manager.drop_table(Table::drop().table("store_credit_balances").to_owned()).await
    }
}

async fn add(manager: &SchemaManager<'_>, table: &'static str, column: &mut ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column.to_owned()).to_owned()).await
}

async fn balances(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("store_credit_balances")
                .col(uuid("user_id"))
                .col(string("currency"))
                .col(big_integer("balance"))
                .col(timestamp_with_time_zone("updated_at"))
                .primary_key(Index::create().name("pk_store_credit_balances").col("user_id").col("currency"))
                .check(named_check("ck_store_credit_balances_balance", "balance >= 0"))
                .foreign_key(&mut belongs_to("store_credit_balances", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    let text = "INSERT INTO store_credit_balances (user_id, currency, balance, updated_at)
                SELECT user_id, currency, SUM(amount), MAX(created_at) FROM store_credit_entries
                GROUP BY user_id, currency";
    manager.get_connection().execute_unprepared(text).await.map(drop)
}
