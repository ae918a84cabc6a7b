//! The telephone numbers of those whom orders are for, which carriers ask for.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // With a default: the version before still places orders.
        let phone = ColumnDef::new("phone").string().not_null().default("").to_owned();
        manager.alter_table(Table::alter().table("orders").add_column(phone).to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.alter_table(Table::alter().table("orders").drop_column("phone").to_owned()).await
    }
}
