//! What is open of the outbox is found by indexes of their own, which stay small however much was delivered.

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
        for statement in [
            "DROP INDEX ix_event_deliveries_state_due_at",
            "DROP INDEX ix_event_deliveries_handler_aggregate_id_state",
            "CREATE INDEX ix_event_deliveries_due ON event_deliveries (handler, due_at) WHERE state = 'pending'",
            "CREATE INDEX ix_event_deliveries_open ON event_deliveries (handler, aggregate_id, event_id)
             WHERE state <> 'done'",
            "CREATE INDEX ix_event_deliveries_dead ON event_deliveries (event_id, handler) WHERE state = 'dead'",
        ] {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for name in ["due", "open", "dead"] {
            manager.get_connection().execute_unprepared(&format!("DROP INDEX ix_event_deliveries_{name}")).await?;
        }
        index(manager, "event_deliveries", &["state", "due_at"]).await?;
        index(manager, "event_deliveries", &["handler", "aggregate_id", "state"]).await
    }
}
