//! What a gateway is asked to give back knows the refund that has decided it.

use crate::define::*;
use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let column = ColumnDef::new("refund_id").uuid().null().to_owned();
        manager.alter_table(Table::alter().table("payment_operations").add_column(column).to_owned()).await?;
        // A refund and what it asks for were written at the same moment.
        let text = "UPDATE payment_operations SET refund_id = (
                        SELECT r.id FROM refunds r JOIN payment_attempts a ON a.order_id = r.order_id
                        WHERE a.id = payment_operations.attempt_id AND r.created_at = payment_operations.created_at
                            AND r.method = 'original'
                        ORDER BY r.id LIMIT 1
                    ) WHERE reason = 'refund'";
        manager.get_connection().execute_unprepared(text).await?;
        index(manager, "payment_operations", &["refund_id"]).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = Index::drop().table("payment_operations").name("ix_payment_operations_refund_id").to_owned();
        manager.drop_index(index).await?;
        manager.alter_table(Table::alter().table("payment_operations").drop_column("refund_id").to_owned()).await
    }
}
