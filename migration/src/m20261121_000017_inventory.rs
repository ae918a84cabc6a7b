//! Where locations are, when stock is low, and what staff did with it.

use crate::define::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The columns that locations get, each with a default: the version before still opens some.
fn of_locations() -> [ColumnDef; 5] {
    let text = |name: &'static str| ColumnDef::new(name).string().not_null().default("").to_owned();
    [
        text("country"),
        text("region"),
        text("postal_code"),
        ColumnDef::new("active").boolean().not_null().default(true).to_owned(),
        ColumnDef::new("version").big_integer().not_null().default(1).to_owned(),
    ]
}

fn of_variations() -> [ColumnDef; 3] {
    [
        ColumnDef::new("low_stock_threshold").big_integer().null().to_owned(),
        ColumnDef::new("low_since").timestamp_with_time_zone().null().to_owned(),
        ColumnDef::new("low_alerts").big_integer().not_null().default(0).to_owned(),
    ]
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // PostgreSQL wraps a step by itself, SQLite only when asked.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in of_locations() {
            manager.alter_table(Table::alter().table("locations").add_column(column).to_owned()).await?;
        }
        for column in of_variations() {
            manager.alter_table(Table::alter().table("variations").add_column(column).to_owned()).await?;
        }
        manager
            .create_table(
                table("stock_operations")
                    // The key of the form: the same again does nothing.
                    .col(pk_uuid("id"))
                    .col(string("kind"))
                    .col(string("fingerprint"))
                    .col(text("note"))
                    .col(timestamp_with_time_zone("created_at"))
                    .to_owned(),
            )
            .await?;
        // The movements of a variation are read by the page, the latest first.
        index(manager, "stock_movements", &["stock_id", "id"]).await?;
        index(manager, "stock", &["location_id", "variation_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name("ix_stock_location_id_variation_id").table("stock").to_owned()).await?;
        manager
            .drop_index(Index::drop().name("ix_stock_movements_stock_id_id").table("stock_movements").to_owned())
            .await?;
        manager.drop_table(Table::drop().table("stock_operations").to_owned()).await?;
        for name in ["low_alerts", "low_since", "low_stock_threshold"] {
            manager.alter_table(Table::alter().table("variations").drop_column(name).to_owned()).await?;
        }
        for name in ["version", "active", "postal_code", "region", "country"] {
            manager.alter_table(Table::alter().table("locations").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
