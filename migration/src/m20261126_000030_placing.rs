//! Placing an order writes less: indexes leave out rows that nobody looks for there, taking a delivery of an event
//! changes no index, and a sale locks neither its variation nor its product.

use crate::define::*;
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// Indexes of which only part is needed, or nothing: tables, columns, and which rows are left in.
const INDEXES: [(&str, &[&str], Option<&str>); 7] = [
    ("orders", &["lifecycle", "check_at"], Some("check_at IS NOT NULL")),
    ("orders", &["user_id"], Some("user_id IS NOT NULL")),
    ("carts", &["user_id"], Some("user_id IS NOT NULL")),
    ("claims", &["expires_at"], Some("expires_at IS NOT NULL")),
    ("orders", &["lifecycle", "pay_by"], None),
    ("orders", &["email"], None),
    ("order_lines", &["variation_id"], None),
];

/// Documents and letters: nobody looks for them by what is in them, and counting their values takes long.
const DOCUMENTS: [(&str, &str); 7] = [
    ("orders", "delivery_address"),
    ("orders", "billing_address"),
    ("order_lines", "options"),
    ("events", "data"),
    ("events", "metadata"),
    ("mails", "text"),
    ("mails", "html"),
];

/// What lines of orders refer to, and nothing deletes: PostgreSQL locks it at each sale, which is a write to the row of
/// what sells best.
const SOLD: [(&str, &str); 2] = [("variation_id", "variations"), ("product_id", "products")];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let column = ColumnDef::new("leased_until").timestamp_with_time_zone().null().to_owned();
        manager.alter_table(Table::alter().table("event_deliveries").add_column(column).to_owned()).await?;
        for (table, columns, of) in INDEXES {
            let (name, columns) = (format!("ix_{table}_{}", columns.join("_")), columns.join(", "));
            db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
            if let Some(of) = of {
                db.execute_unprepared(&format!("CREATE INDEX {name} ON {table} ({columns}) WHERE {of}")).await?;
            }
        }
        if manager.get_database_backend() != DbBackend::Postgres {
            return Ok(());
        }
        // Room for the row that says who has it, beside the one that says that it is open.
        db.execute_unprepared("ALTER TABLE event_deliveries SET (fillfactor = 50)").await?;
        for (table, column) in DOCUMENTS {
            let text = format!("ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0");
            db.execute_unprepared(&text).await?;
        }
        for (column, _) in SOLD {
            let text = format!("ALTER TABLE order_lines DROP CONSTRAINT fk_order_lines_{column}");
            db.execute_unprepared(&text).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        if manager.get_database_backend() == DbBackend::Postgres {
            for (column, sold) in SOLD {
                let key = references("order_lines", column, sold);
                manager.create_foreign_key(key).await?;
            }
            for (table, column) in DOCUMENTS {
                let text = format!("ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS -1");
                db.execute_unprepared(&text).await?;
            }
            db.execute_unprepared("ALTER TABLE event_deliveries RESET (fillfactor)").await?;
        }
        for (table, columns, of) in INDEXES {
            if of.is_some() {
                let name = format!("ix_{table}_{}", columns.join("_"));
                db.execute_unprepared(&format!("DROP INDEX {name}")).await?;
            }
            index(manager, table, columns).await?;
        }
        manager.alter_table(Table::alter().table("event_deliveries").drop_column("leased_until").to_owned()).await
    }
}
