//! The tables of the catalogue.

pub mod category;
pub mod product;
pub mod product_facet;
pub mod product_image;
pub mod variation;
