//! The tables of stock.

pub mod claim;
pub mod location;
pub mod movement;
pub mod stock;
