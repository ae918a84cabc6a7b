//! The schema of Emporion, one file a step.
//!
//! Steps only go forward and stay safe while the previous version still
//! serves. They never use entities: those move on, a step does not.

pub use sea_orm_migration::prelude::*;

mod define;
mod m20261120_000001_settings;
mod m20261120_000002_catalog;
mod m20261120_000003_inventory;
mod m20261120_000004_cart;
mod m20261120_000005_orders;
mod m20261120_000006_payments;
mod m20261120_000007_events;
mod m20261121_000008_accounts;
mod m20261121_000009_customers;
mod m20261121_000010_roles;
mod m20261121_000011_linked_accounts;
mod m20261121_000012_second_factors;
mod m20261121_000013_api_tokens;
mod m20261121_000014_address_book;
mod m20261121_000015_sign_in_guesses;
mod m20261121_000016_payments;
mod m20261121_000017_inventory;
mod m20261121_000018_events;
mod m20261121_000019_shipments;
mod m20261121_000020_refunds;
mod m20261125_000021_returns;
mod m20261125_000022_order_edits;
mod m20261125_000023_store_credit;
mod m20261125_000024_labels;
mod m20261125_000025_saved_payment_methods;
mod m20261126_000026_refunds_of_operations;
mod m20261126_000029_phones_of_orders;
mod m20261126_000030_placing;

/// Every step in the order in which it is applied.
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261120_000001_settings::Migration),
            Box::new(m20261120_000002_catalog::Migration),
            Box::new(m20261120_000003_inventory::Migration),
            Box::new(m20261120_000004_cart::Migration),
            Box::new(m20261120_000005_orders::Migration),
            Box::new(m20261120_000006_payments::Migration),
            Box::new(m20261120_000007_events::Migration),
            Box::new(m20261121_000008_accounts::Migration),
            Box::new(m20261121_000009_customers::Migration),
            Box::new(m20261121_000010_roles::Migration),
            Box::new(m20261121_000011_linked_accounts::Migration),
            Box::new(m20261121_000012_second_factors::Migration),
            Box::new(m20261121_000013_api_tokens::Migration),
            Box::new(m20261121_000014_address_book::Migration),
            Box::new(m20261121_000015_sign_in_guesses::Migration),
            Box::new(m20261121_000016_payments::Migration),
            Box::new(m20261121_000017_inventory::Migration),
            Box::new(m20261121_000018_events::Migration),
            Box::new(m20261121_000019_shipments::Migration),
            Box::new(m20261121_000020_refunds::Migration),
            Box::new(m20261125_000021_returns::Migration),
            Box::new(m20261125_000022_order_edits::Migration),
            Box::new(m20261125_000023_store_credit::Migration),
            Box::new(m20261125_000024_labels::Migration),
            Box::new(m20261125_000025_saved_payment_methods::Migration),
            Box::new(m20261126_000026_refunds_of_operations::Migration),
            Box::new(m20261126_000029_phones_of_orders::Migration),
            Box::new(m20261126_000030_placing::Migration),
        ]
    }
}
