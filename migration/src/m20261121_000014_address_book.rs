//! What people keep with us about themselves: addresses, the mails they want, and a change of address under way.
//! Orders can be found by address however it was typed, and know when they were made anonymous.

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
        addresses(manager).await?;
        manager
            .create_table(
                table("mail_preferences")
                    .col(uuid("user_id"))
                    .col(string("topic"))
                    .col(boolean("wanted"))
                    .col(timestamp_with_time_zone("updated_at"))
                    .primary_key(Index::create().name("pk_mail_preferences").col("user_id").col("topic"))
                    .foreign_key(&mut belongs_to("mail_preferences", "user_id", "users"))
                    .to_owned(),
            )
            .await?;
        manager
            .create_table(
                table("email_changes")
                    .col(uuid("user_id").primary_key())
                    .col(string("email"))
                    .col(string("email_key"))
                    .col(timestamp_with_time_zone_null("old_confirmed_at"))
                    .col(timestamp_with_time_zone_null("new_confirmed_at"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone("expires_at"))
                    .foreign_key(&mut belongs_to("email_changes", "user_id", "users"))
                    .to_owned(),
            )
            .await?;
        index(manager, "email_changes", &["expires_at"]).await?;
        let column = ColumnDef::new("anonymised_at").timestamp_with_time_zone().null().to_owned();
        manager.alter_table(Table::alter().table("orders").add_column(column).to_owned()).await?;
        index(manager, "orders", &["anonymised_at", "created_at"]).await?;
        let text = "CREATE INDEX ix_orders_email_lower ON orders (LOWER(email))";
        manager.get_connection().execute_unprepared(text).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["ix_orders_email_lower", "ix_orders_anonymised_at_created_at"] {
            manager.drop_index(Index::drop().name(name).table("orders").to_owned()).await?;
        }
        manager.alter_table(Table::alter().table("orders").drop_column("anonymised_at").to_owned()).await?;
        for table in ["email_changes", "mail_preferences", "addresses"] {
            manager.drop_table(Table::drop().table(table).to_owned()).await?;
        }
        Ok(())
    }
}

async fn addresses(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("addresses")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("label"))
                .col(json_binary("address"))
                .col(boolean("default_delivery"))
                .col(boolean("default_billing"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .foreign_key(&mut belongs_to("addresses", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    index(manager, "addresses", &["user_id"]).await?;
    // One default of a kind for each person.
    for column in ["default_delivery", "default_billing"] {
        let text = format!("CREATE UNIQUE INDEX uq_addresses_{column} ON addresses (user_id) WHERE {column}");
        manager.get_connection().execute_unprepared(&text).await?;
    }
    Ok(())
}
