//! Carts and orders know whose they are.

use crate::define::index;
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
        for table in ["carts", "orders"] {
            // What bookkeeping needs of an order outlives the account.
            let reference = format!("CONSTRAINT fk_{table}_user_id REFERENCES users (id) ON DELETE SET NULL");
            let column = ColumnDef::new("user_id").uuid().null().extra(reference).to_owned();
            manager.alter_table(Table::alter().table(table).add_column(column).to_owned()).await?;
            index(manager, table, &["user_id"]).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["carts", "orders"] {
            let name = format!("ix_{table}_user_id");
            manager.drop_index(Index::drop().name(name).table(table).to_owned()).await?;
            manager.alter_table(Table::alter().table(table).drop_column("user_id").to_owned()).await?;
        }
        Ok(())
    }
}
