//! The labels that staff buy, and the streets that parcels leave from.

use crate::define::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The rest of an address, each with a default: the version before still opens locations.
const OF_LOCATIONS: [&str; 3] = ["line1", "line2", "city"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in OF_LOCATIONS {
            let column = ColumnDef::new(name).string().not_null().default("").to_owned();
            manager.alter_table(Table::alter().table("locations").add_column(column).to_owned()).await?;
        }
        // What a carrier is about to be asked for, and what came of it.
        manager
            .create_table(
                table("label_requests")
                    .col(pk_uuid("id"))
                    .col(uuid("order_id"))
                    // The key of the form, and of the shipment that the label is for.
                    .col(string("idempotency_key"))
                    .col(string("carrier"))
                    .col(text("request"))
                    .col(json_binary_null("bought"))
                    .col(timestamp_with_time_zone("created_at"))
                    .col(timestamp_with_time_zone_null("asked_until"))
                    .foreign_key(&mut belongs_to("label_requests", "order_id", "orders"))
                    .to_owned(),
            )
            .await?;
        unique(manager, "label_requests", &["idempotency_key"]).await?;
        index(manager, "label_requests", &["order_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("label_requests").to_owned()).await?;
        for name in OF_LOCATIONS {
            manager.alter_table(Table::alter().table("locations").drop_column(name).to_owned()).await?;
        }
        Ok(())
    }
}
