//! The process of Emporion: configuration, HTTP, workers, the demo shop.

#![recursion_limit = "256"]

pub mod admin;
pub mod api;
pub mod carriers;
pub mod config;
pub mod doctor;
pub mod gateways;
pub mod http;
pub mod limits;
pub mod oidc;
pub mod pdf;
pub mod schemas;
mod secret;
pub mod seed;
pub mod startup;
pub mod telemetry;
pub mod workers;
