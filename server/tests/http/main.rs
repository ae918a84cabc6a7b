//! The real server over real connections, on SQLite and, where
//! `TEST_DATABASE_URL` names one, on PostgreSQL.

mod api_auth;
mod fixture;
mod forms;
mod harness;
mod health;
mod lifecycle;
mod media;
mod origin;
mod pages;
mod policy;
mod rate_limits;
mod seeding;
mod startup;
mod workers;
