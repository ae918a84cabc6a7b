//! Products for load tests.

use crate::harness::{Place, databases};
use commerce::catalog::{Filters, ListingQuery, Page, Scope, Sorting, queries};
use server::{seed, startup};

#[tokio::test]
async fn plausible_products_can_be_made_again_and_again() {
    for kind in databases() {
        let place = Place::new(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        seed::products(shop, 60).await.expect("made");
        seed::products(shop, 60).await.expect("made");
        let query = ListingQuery {
            scope: Scope::Shop,
            sorting: Sorting::Newest,
            filters: Filters::default(),
            page: Page::First,
            size: 200,
        };
        let listing = queries::listing(shop.db.read(), &query, shop.prices()).await.expect("read");
        assert_eq!(listing.cards.len(), 120, "{kind:?}");
        assert!(listing.cards.iter().all(|card| card.price_from.minor() > 0 && card.name.split(' ').count() >= 3));
        assert!(commerce::inventory::receive::discrepancies(shop.db.read()).await.expect("read").is_empty());
        assert_eq!(shop.reference().delivery_methods.len(), 3);
        // A shop with products is left alone.
        seed::demo(shop).await.expect("left alone");
        let listing = queries::listing(shop.db.read(), &query, shop.prices()).await.expect("read");
        assert_eq!(listing.cards.len(), 120, "{kind:?}");
        opened.close().await;
    }
}
