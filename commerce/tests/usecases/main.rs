//! The use cases against real databases: SQLite always, PostgreSQL too.
//!
//! `make test` runs all of it. By hand:
//! `SERVICES_FSYNC=off scripts/with-services cargo test -p commerce --features ssr --test usecases`,
//! or without PostgreSQL and Redis: `EMPORION_SQLITE_ONLY=1 cargo test -p commerce --features ssr --test usecases`.

#[macro_use]
mod harness;

mod access;
mod account_cart;
mod accounts;
mod address_book;
mod buy_label;
mod cart;
mod catalogue;
mod checkout;
mod concurrency;
mod delivery;
mod doctor;
mod draft_purge;
mod email_change;
mod erasure;
mod events;
mod gateway;
mod gateways;
mod guest_orders;
mod identities;
mod inventory;
mod invoices;
mod listing;
mod mails;
mod money;
mod order_edits;
mod order_model;
mod order_states;
mod order_work;
mod outage;
mod passkeys;
mod payment;
mod placing;
mod projection;
mod races;
mod refusals;
mod return_photos;
mod returns;
mod roles;
mod saved_methods;
mod schema;
mod second_factor;
mod sessions;
mod shipments;
mod statements;
mod stock_model;
mod store_credit;
mod timeline;
mod transfers;
