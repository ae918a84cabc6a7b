//! Products and categories by their addresses.

use crate::harness::{Goods, TestShop};
use commerce::catalog::queries::{category_tree, moved_category, product};
use commerce::catalog::rename::{rename_category, rename_product};
use commerce::catalog::{Found, Product, Scope};

async fn at(shop: &TestShop, slug: &str) -> Found<Product> {
    product(shop.db.read(), slug, shop.prices()).await.expect("read")
}

both_databases! {
    async fn a_product_is_shown_with_its_variations(shop: TestShop) {
        let shirt = Goods::varied(&shop, "SHIRT", 2_000, &[("Colour", &["Red", "Blue"]), ("Size", &["S", "M"])])
            .variation("SHIRT-RED-M", &["Red", "M"], 0, 5)
            .variation("SHIRT-BLUE-S", &["Blue", "S"], -500, 0)
            .variation("SHIRT-BLUE-M", &["Blue", "M"], 150, 7);
        shop.add_goods(vec![shirt]).await;
        let Found::Here(shirt) = at(&shop, "shirt").await else { panic!("not found") };
        let variations = shirt.variations.iter().map(|one| (one.sku.as_str(), one.price.minor(), one.available));
        assert_eq!(
            variations.collect::<Vec<_>>(),
            [("SHIRT-RED-M", 2_000, 5), ("SHIRT-BLUE-S", 1_500, 0), ("SHIRT-BLUE-M", 2_150, 7)],
        );
        let mut guest = shop.guest();
        guest.add("SHIRT-BLUE-M", 3).await.expect("added");
        guest.start().await.expect("started");
        shop.execute("UPDATE variations SET archived_at = $1 WHERE sku = 'SHIRT-RED-M'", [shop.clock.now().into()])
            .await;
        let Found::Here(shirt) = at(&shop, "shirt").await else { panic!("not found") };
        let variations = shirt.variations.iter().map(|one| (one.sku.as_str(), one.available));
        assert_eq!(variations.collect::<Vec<_>>(), [("SHIRT-BLUE-S", 0), ("SHIRT-BLUE-M", 4)]);
    }

    async fn old_addresses_lead_to_the_present_one(shop: TestShop) {
        let mug = shop.sells("MUG", 1_290, 5).await;
        let bowl = shop.sells("BOWL", 1_290, 5).await;
        let now = shop.clock.now();
        let rename = async |id, slug: &str| rename_product(shop.db.primary(), id, slug, now).await;
        rename(mug, "tall-mug").await.expect("renamed");
        rename(mug, "taller-mug").await.expect("renamed");
        for old in ["mug", "tall-mug"] {
            assert_eq!(at(&shop, old).await, Found::Moved("taller-mug".to_owned()));
        }
        assert!(matches!(at(&shop, "taller-mug").await, Found::Here(found) if found.id == mug));
        rename(bowl, "mug").await.expect("an old address may be used again");
        assert!(matches!(at(&shop, "mug").await, Found::Here(found) if found.id == bowl));
        assert_eq!(at(&shop, "bowl").await, Found::Moved("mug".to_owned()));
        rename(bowl, "bowl").await.expect("back to what it was");
        assert!(matches!(at(&shop, "bowl").await, Found::Here(found) if found.id == bowl));
        assert_eq!(at(&shop, "mug").await, Found::Moved("bowl".to_owned()), "the last that had it");
        rename(bowl, "bowl").await.expect("to what it is");
        assert!(matches!(at(&shop, "bowl").await, Found::Here(found) if found.id == bowl));
        rename(mug, "bowl").await.expect_err("an address has one product");
        for unknown in ["", "nothing", "MUG ", "'; DROP TABLE products; --", "mug\0", &"x".repeat(100_000)] {
            assert_eq!(at(&shop, unknown).await, Found::Nowhere, "{unknown:.40}");
        }
    }

    async fn what_is_archived_is_gone(shop: TestShop) {
        let mug = shop.sells("MUG", 1_290, 5).await;
        rename_product(shop.db.primary(), mug, "tall-mug", shop.clock.now()).await.expect("renamed");
        shop.execute("UPDATE products SET archived_at = $1", [shop.clock.now().into()]).await;
        assert_eq!(at(&shop, "tall-mug").await, Found::Nowhere);
        assert_eq!(at(&shop, "mug").await, Found::Nowhere);
    }

    async fn categories_are_a_tree_and_move_too(shop: TestShop) {
        let tree = category_tree(shop.db.read()).await.expect("read");
        assert_eq!(tree.roots().map(|root| root.slug.as_str()).collect::<Vec<_>>(), ["kitchen", "garden"]);
        let mugs = tree.by_slug("mugs").expect("a category").id;
        assert_eq!(tree.path(mugs).iter().map(|one| one.slug.as_str()).collect::<Vec<_>>(), ["kitchen", "mugs"]);
        rename_category(shop.db.primary(), mugs, "cups", shop.clock.now()).await.expect("renamed");
        assert_eq!(moved_category(shop.db.read(), "mugs").await.expect("read"), Some("cups".to_owned()));
        assert_eq!(moved_category(shop.db.read(), "cups").await.expect("read"), None);
        assert_eq!(moved_category(shop.db.read(), "mugs\0").await.expect("read"), None);
        shop.refresh().await.expect("read anew");
        assert!(shop.reference().categories.by_slug("cups").is_some());
    }

    async fn a_slug_or_sku_that_is_taken_adds_nothing(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        let warehouse = shop.warehouse().await;
        let tree = shop.reference().categories.clone();
        for (name, sku) in [("MUG", "OTHER"), ("OTHER", "MUG")] {
            let goods = Goods::varied(&shop, name, 100, &[]).variation(sku, &[], 0, 1);
            let tx = shop.db.begin().await.expect("a transaction");
            let added = goods.add_to(&tx, &tree, warehouse, shop.clock.now()).await;
            assert!(added.is_err(), "{name} {sku}");
            tx.rollback().await.expect("rolled back");
        }
        let choices = commerce::catalog::queries::choices(shop.db.read(), Scope::Shop, shop.prices()).await;
        assert_eq!((choices.expect("read").count, shop.count("products").await, shop.count("stock").await), (1, 1, 1));
    }
}
