//! The WASM entry point: makes the islands of `app` come alive.

// Without a use of the crate its islands would not be in the module at all.
pub use app::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's loader once the module is there.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
