//! What people are to the shop, and who did what.

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
        // With a default: the version before still registers people while this one is rolled out.
        let role = ColumnDef::new("role").string().not_null().default("customer").to_owned();
        manager.alter_table(Table::alter().table("users").add_column(role).to_owned()).await?;
        index(manager, "users", &["role", "id"]).await?;
        manager
            .create_table(
                table("audit_log")
                    .col(pk_uuid("id"))
                    .col(timestamp_with_time_zone("at"))
                    .col(string("action"))
                    // No foreign keys: an entry outlives the account.
                    .col(uuid_null("actor_id"))
                    .col(uuid_null("subject_id"))
                    .col(string("client"))
                    .col(string_null("correlation_id"))
                    .col(json_binary_null("before"))
                    .col(json_binary_null("after"))
                    .to_owned(),
            )
            .await?;
        index(manager, "audit_log", &["at"]).await?;
        index(manager, "audit_log", &["action", "id"]).await?;
        index(manager, "audit_log", &["actor_id"]).await?;
        index(manager, "audit_log", &["subject_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_log").to_owned()).await?;
        manager.drop_index(Index::drop().name("ix_users_role_id").table("users").to_owned()).await?;
        manager.alter_table(Table::alter().table("users").drop_column("role").to_owned()).await
    }
}
