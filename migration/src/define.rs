//! Shorthand for table definitions in which every constraint has a name.

use sea_orm_migration::prelude::*;
pub use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, json_binary, json_binary_null, pk_uuid, string, string_null, text,
    text_null, timestamp_with_time_zone, timestamp_with_time_zone_null, uuid, uuid_null,
};

/// An empty table definition.
pub fn table(name: &'static str) -> TableCreateStatement {
    Table::create().table(name).to_owned()
}

/// A foreign key `fk_<table>_<column>` to the `id` of `to`, which may not be deleted while referred to.
pub fn references(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    foreign_key(table, column, to, ForeignKeyAction::Restrict)
}

/// A foreign key `fk_<table>_<column>` to the `id` of `to`, deleted with it.
pub fn belongs_to(table: &'static str, column: &'static str, to: &'static str) -> ForeignKeyCreateStatement {
    foreign_key(table, column, to, ForeignKeyAction::Cascade)
}

fn foreign_key(
    table: &'static str,
    column: &'static str,
    to: &'static str,
    on_delete: ForeignKeyAction,
) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("fk_{table}_{column}"))
        .from(table, column)
        .to(to, "id")
        .on_delete(on_delete)
        .to_owned()
}

/// A named CHECK constraint, for [`TableCreateStatement::check`].
pub fn named_check(name: &'static str, condition: &'static str) -> (&'static str, Expr) {
    (name, Expr::cust(condition))
}

/// Creates the index `ix_<table>_<columns>`.
pub async fn index(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    create_index(manager, "ix", table, columns, false).await
}

/// Creates the unique index `uq_<table>_<columns>`.
pub async fn unique(manager: &SchemaManager<'_>, table: &'static str, columns: &[&'static str]) -> Result<(), DbErr> {
    create_index(manager, "uq", table, columns, true).await
}

async fn create_index(
    manager: &SchemaManager<'_>,
    kind: &str,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let mut index = Index::create();
    index.name(format!("{kind}_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    manager.create_index(index.to_owned()).await
}

/// Writes the [`MigrationTrait`] of a step that creates tables: `up` is the
/// given body, `down` drops the tables in the given order.
macro_rules! step {
    ($up:expr, drops: [$($table:literal),+ $(,)?]) => {
        #[derive(DeriveMigrationName)]
        pub struct Migration;

        #[async_trait::async_trait]
        impl MigrationTrait for Migration {
            // PostgreSQL wraps a step by itself, SQLite only when asked.
            fn use_transaction(&self) -> Option<bool> {
                Some(true)
            }

            async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                $up(manager).await
            }

            async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
                $(manager.drop_table(Table::drop().table($table).to_owned()).await?;)+
                Ok(())
            }
        }
    };
}
pub(crate) use step;
