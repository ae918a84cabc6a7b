//! Ways to pay that gateways keep for people.

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
        customers(manager).await?;
        methods(manager).await?;
        forgets(manager).await?;
        // Whose account they were signed in to who opened an attempt: only they pay with what is kept for them.
        let payer = ColumnDef::new("payer_id").uuid().null().to_owned();
        manager.alter_table(Table::alter().table("payment_attempts").add_column(payer).to_owned()).await?;
        test_gateway(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("payment_attempts").drop_column("payer_id").to_owned()).await?;
        for column in ["customer", "remembers"] {
            let table = Table::alter().table("test_payments").drop_column(column).to_owned();
            manager.alter_table(table).await?;
        }
        for name in ["test_cards", "payment_forgets", "saved_payment_methods", "payment_customers"] {
            manager.drop_table(Table::drop().table(name).to_owned()).await?;
        }
        Ok(())
    }
}

/// People as gateways know them; the hash tells whether two are the same without opening what is sealed.
async fn customers(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("payment_customers")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("gateway"))
                .col(text("reference"))
                .col(string("reference_hash"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("payment_customers", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "payment_customers", &["user_id", "gateway", "reference_hash"]).await
}

async fn methods(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("saved_payment_methods")
                .col(pk_uuid("id"))
                .col(uuid("customer_id"))
                .col(text("token"))
                .col(string("token_hash"))
                .col(string("brand"))
                .col(string_null("last_four"))
                .col(string_null("expires"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("saved_payment_methods", "customer_id", "payment_customers"))
                .to_owned(),
        )
        .await?;
    unique(manager, "saved_payment_methods", &["customer_id", "token_hash"]).await
}

/// What gateways are still to be asked to forget; it outlives whom it is about.
async fn forgets(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("payment_forgets")
                .col(pk_uuid("id"))
                .col(string("gateway"))
                .col(text("what"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("due_at"))
                .col(integer("tries"))
                .to_owned(),
        )
        .await?;
    index(manager, "payment_forgets", &["due_at"]).await
}

/// What the test gateway would keep in a bank of its own.
async fn test_gateway(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let customer = ColumnDef::new("customer").string().null().to_owned();
    let remembers = ColumnDef::new("remembers").boolean().not_null().default(false).to_owned();
    for column in [customer, remembers] {
        let table = Table::alter().table("test_payments").add_column(column).to_owned();
        manager.alter_table(table).await?;
    }
    manager
        .create_table(
            table("test_cards")
                .col(string("token").primary_key())
                .col(string("customer"))
                .col(string("last_four"))
                .col(string("expires"))
                .col(timestamp_with_time_zone("created_at"))
                .to_owned(),
        )
        .await?;
    index(manager, "test_cards", &["customer"]).await
}
