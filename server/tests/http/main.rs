//! The real server over real connections, on SQLite and, where
//! `TEST_DATABASE_URL` names one, on PostgreSQL.

mod access;
mod api_auth;
mod checkout;
mod enumeration;
mod events;
mod fixture;
mod forms;
mod guest_orders;
mod harness;
mod health;
mod idor;
mod inventory;
mod lifecycle;
mod media;
mod oidc;
mod order_edits;
mod origin;
mod pages;
mod parcels;
mod payments;
mod people;
mod policy;
mod rabbit;
mod rate_limits;
mod refunds;
mod returns;
mod second_factor;
mod seeding;
mod sheets;
mod startup;
mod workers;
