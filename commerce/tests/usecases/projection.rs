//! The listing projection says what recomputing it would say.

use crate::harness::{Goods, TestShop};
use commerce::catalog::projection;
use commerce::checkout::Step;
use std::collections::BTreeSet;

impl TestShop {
    /// Fails where a listing shows another price or availability than the
    /// product has. Above ten pieces of a stock row listings are not kept up:
    /// they only show that there is plenty, so plenty is what is compared.
    pub async fn assert_listings_are_right(&self) {
        let wrong = "SELECT COUNT(*) AS n FROM (
            SELECT l.product_id, l.name, l.price_from, l.price_to,
                   CASE WHEN l.available > 10 THEN 11 ELSE l.available END AS shown,
                   p.name AS true_name, p.base_price + MIN(v.price_modifier) AS true_from,
                   p.base_price + MAX(v.price_modifier) AS true_to,
                   COALESCE(SUM((
                       SELECT SUM(s.on_hand - s.reserved) FROM stock s WHERE s.variation_id = v.id
                   )), 0) AS true_available
            FROM product_listings l JOIN products p ON p.id = l.product_id
            JOIN variations v ON v.product_id = p.id AND v.archived_at IS NULL
            GROUP BY l.scope_id, l.product_id, l.name, l.price_from, l.price_to, l.available, p.name, p.base_price
        ) AS t WHERE t.name <> t.true_name OR t.price_from <> t.true_from OR t.price_to <> t.true_to
            OR t.shown <> CASE WHEN t.true_available > 10 THEN 11 ELSE t.true_available END";
        assert_eq!(self.number(wrong, []).await, 0, "listings that are wrong");
    }
}

both_databases! {
    async fn selling_out_and_coming_back_is_listed(shop: TestShop) {
        let cup = Goods::varied(&shop, "CUP", 900, &[("Size", &["S", "M"])])
            .variation("CUP-S", &["S"], -100, 12)
            .variation("CUP-M", &["M"], 50, 1);
        shop.add_goods(vec![cup]).await;
        shop.assert_listings_are_right().await;
        assert_eq!(shop.count("product_listings").await, 3, "in mugs, in kitchen and in the shop");
        let available = || shop.number("SELECT MAX(available) AS n FROM product_listings", []);
        assert_eq!(available().await, 13);
        let mut guest = shop.guest();
        guest.add("CUP-S", 12).await.expect("added");
        guest.add("CUP-M", 1).await.expect("added");
        guest.start().await.expect("started");
        assert_eq!(available().await, 0);
        shop.assert_listings_are_right().await;
        guest.set("CUP-S", 3).await.expect("lowered");
        shop.assert_listings_are_right().await;
        guest.checkout_to(Step::Review).await.expect("reviewed");
        guest.place().await.expect("placed");
        shop.assert_listings_are_right().await;
        let mut other = shop.guest();
        other.add("CUP-S", 9).await.expect("added");
        other.start().await.expect("started");
        assert_eq!(available().await, 0);
        shop.wait_minutes(10);
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        assert_eq!(available().await, 9);
        shop.assert_listings_are_right().await;
    }

    async fn prices_and_names_are_listed_after_a_refresh(shop: TestShop) {
        let cup = Goods::varied(&shop, "CUP", 900, &[("Size", &["S", "M"])])
            .variation("CUP-S", &["S"], -100, 4)
            .variation("CUP-M", &["M"], 50, 1);
        let ids = shop.add_goods(vec![cup, Goods::new(&shop, "MUG", 500, 3)]).await;
        let refresh =
            async || projection::refresh(shop.db.primary(), &ids.iter().copied().collect::<BTreeSet<_>>()).await;
        for change in [
            "UPDATE products SET base_price = base_price + 11, name = name || '!'",
            "UPDATE variations SET price_modifier = -200 WHERE sku = 'CUP-M'",
            "UPDATE variations SET archived_at = created_at WHERE sku = 'CUP-M'",
            "UPDATE variations SET archived_at = NULL",
        ] {
            shop.execute(change, []).await;
            refresh().await.expect("refreshed");
            shop.assert_listings_are_right().await;
        }
        projection::refresh(shop.db.primary(), &BTreeSet::new()).await.expect("nothing to do");
    }
}
