//! Carts.

use crate::harness::{Goods, TestShop};
use commerce::cart::add_line::{Addition, add_line};
use commerce::cart::{CartError, Holder, LineProblem, MAX_LINES, drafts, purge, queries};
use commerce::catalog::VariationId;
use commerce::forms::{Errors, FieldError, Fields};
use commerce::token::Token;
use uuid::Uuid;

both_databases! {
    async fn lines_are_added_changed_removed_and_cleared(shop: TestShop) {
        shop.sells("MUG", 1_290, 20).await;
        shop.sells("BOWL", 2_450, 20).await;
        let mut guest = shop.guest();
        assert_eq!(guest.cart().await, None);
        guest.add("MUG", 2).await.expect("added");
        guest.add("BOWL", 1).await.expect("added");
        guest.add("MUG", 3).await.expect("added to the same line");
        assert_eq!(guest.lines().await, [("MUG".to_owned(), 5), ("BOWL".to_owned(), 1)]);
        guest.set("MUG", 4).await.expect("changed");
        let cart = guest.cart().await.expect("a cart");
        assert_eq!((cart.items(), cart.subtotal().minor()), (5, 4 * 1_290 + 2_450));
        assert!(cart.can_check_out());
        assert_eq!(guest.remove("BOWL").await.expect("removed"), 1);
        assert_eq!(guest.lines().await, [("MUG".to_owned(), 4)]);
        assert!(matches!(guest.remove("BOWL").await, Err(CartError::NotInCart)));
        assert!(matches!(guest.set("BOWL", 2).await, Err(CartError::NotInCart)));
        guest.clear().await.expect("cleared");
        let cart = guest.cart().await.expect("still the guest's cart");
        assert!(cart.lines.is_empty() && !cart.can_check_out());
        let summary = queries::summary(shop.db.read(), &guest.token().hash()).await.expect("read").expect("a cart");
        assert_eq!((summary.items, summary.version), (0, cart.version));
    }

    async fn what_is_refused_leaves_the_cart_as_it_was(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        shop.sells("PLENTY", 100, 1_000).await;
        let mut guest = shop.guest();
        assert!(matches!(guest.add("MUG", 6).await, Err(CartError::NotEnough { available: 5, in_cart: 0 })));
        assert_eq!(shop.count("carts").await, 0, "a refused first line makes no cart");
        guest.add("MUG", 4).await.expect("added");
        guest.add("PLENTY", 99).await.expect("added");
        let before = guest.cart().await;
        assert!(matches!(guest.add("MUG", 2).await, Err(CartError::NotEnough { available: 5, in_cart: 4 })));
        assert!(matches!(guest.set("MUG", 6).await, Err(CartError::NotEnough { available: 5, in_cart: 4 })));
        assert!(matches!(guest.add("PLENTY", 2).await, Err(CartError::TooMany { in_cart: 99 })));
        assert_eq!(guest.cart().await, before);
        guest.add("PLENTY", 1).await.expect("100 is allowed");
        // The form refuses it before; should it not, the database does.
        for quantity in [0, -1, 101] {
            assert!(guest.set("PLENTY", quantity).await.is_err(), "{quantity}");
        }
        assert_eq!(guest.lines().await, [("MUG".to_owned(), 4), ("PLENTY".to_owned(), 100)]);
    }

    async fn only_what_the_page_showed_can_be_added(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        shop.sells("BOWL", 2_450, 5).await;
        let (mug, _) = shop.variation("MUG").await;
        let add = |variation, slug: &str| {
            let (shop, addition) = (shop.clone(), Addition { variation, product_slug: slug.to_owned(), quantity: 1 });
            async move { add_line(&shop, &Holder::Guest(None), &addition).await }
        };
        for (variation, slug) in
            [(mug, "bowl"), (mug, ""), (mug, "'; DROP TABLE carts; --"), (VariationId(Uuid::nil()), "mug")]
        {
            assert!(matches!(add(variation, slug).await, Err(CartError::UnknownVariation)), "{slug}");
        }
        shop.execute("UPDATE variations SET archived_at = $1 WHERE id = $2", [shop.clock.now().into(), mug.into()])
            .await;
        assert!(matches!(add(mug, "mug").await, Err(CartError::UnknownVariation)), "the variation is archived");
        let (bowl, _) = shop.variation("BOWL").await;
        shop.execute("UPDATE products SET archived_at = $1 WHERE slug = 'bowl'", [shop.clock.now().into()]).await;
        assert!(matches!(add(bowl, "bowl").await, Err(CartError::UnknownVariation)), "the product is archived");
        assert_eq!(shop.count("carts").await, 0);
    }

    async fn what_is_archived_later_stays_in_the_cart_and_says_so(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        shop.sells("BOWL", 2_450, 5).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.add("BOWL", 2).await.expect("added");
        shop.execute("UPDATE products SET archived_at = $1 WHERE slug = 'mug'", [shop.clock.now().into()]).await;
        let cart = guest.cart().await.expect("a cart");
        assert_eq!(cart.lines[0].problem(), Some(LineProblem::NotOffered));
        assert_eq!(cart.lines[1].problem(), None);
        assert_eq!(cart.subtotal().minor(), 4_900);
        assert!(!cart.can_check_out());
        assert_eq!(guest.remove("MUG").await.expect("can be taken out"), 1);
    }

    async fn stock_that_shrank_is_shown_and_may_be_followed(shop: TestShop) {
        shop.sells("MUG", 1_290, 9).await;
        let mut guest = shop.guest();
        guest.add("MUG", 9).await.expect("added");
        let mut other = shop.guest();
        other.add("MUG", 6).await.expect("added");
        other.start().await.expect("holds six");
        let line = guest.cart().await.expect("a cart").lines.remove(0);
        assert_eq!((line.quantity, line.problem()), (9, Some(LineProblem::NotEnough { available: 3 })));
        guest.set("MUG", 8).await.expect("fewer is always allowed, also where it is still too many");
        assert!(matches!(guest.set("MUG", 9).await, Err(CartError::NotEnough { available: 3, in_cart: 8 })));
        let own = other.cart().await.expect("a cart").lines.remove(0);
        assert_eq!((own.available, own.problem()), (9, None), "a cart's own claims count as available to it");
        guest.set("MUG", 3).await.expect("what there is");
        guest.start().await.expect("holds three");
        let mut third = shop.guest();
        assert!(matches!(third.add("MUG", 1).await, Err(CartError::NotEnough { available: 0, in_cart: 0 })));
    }

    async fn a_price_that_changed_is_shown_until_the_shopper_has_seen_it(shop: TestShop) {
        shop.sells("MUG", 1_290, 9).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        shop.execute("UPDATE products SET base_price = 1490 WHERE slug = 'mug'", []).await;
        let line = guest.cart().await.expect("a cart").lines.remove(0);
        assert_eq!(line.unit_price.map(|price| price.minor()), Some(1_490));
        assert_eq!(line.price_before().map(|price| price.minor()), Some(1_290));
        guest.start().await.expect("checkout shows the new price");
        let line = guest.cart().await.expect("a cart").lines.remove(0);
        assert_eq!(line.price_before(), None, "confirmed by going to checkout");
        shop.execute("UPDATE products SET base_price = 990 WHERE slug = 'mug'", []).await;
        guest.set("MUG", 2).await.expect("changed");
        assert_eq!(guest.cart().await.expect("a cart").lines[0].price_before(), None, "confirmed by changing the line");
    }

    async fn a_token_without_a_cart_is_not_taken_over(shop: TestShop) {
        shop.sells("MUG", 1_290, 9).await;
        let chosen = Token::from_bytes([7; 16]);
        let mut victim = shop.guest();
        victim.token = Some(chosen.clone());
        victim.add("MUG", 1).await.expect("added");
        assert_ne!(victim.token(), &chosen, "who sent the token may not be alone in knowing it");
        let mut other = shop.guest();
        other.add("MUG", 2).await.expect("added");
        assert_eq!(victim.lines().await, [("MUG".to_owned(), 1)]);
        assert_eq!(other.lines().await, [("MUG".to_owned(), 2)]);
        let mut stranger = shop.guest();
        stranger.token = Some(chosen);
        assert_eq!(stranger.cart().await, None);
        assert!(matches!(stranger.set("MUG", 1).await, Err(CartError::NotInCart)));
        assert!(matches!(stranger.clear().await, Err(CartError::NotInCart)));
        assert_eq!(shop.count("carts").await, 2);
    }

    async fn a_cart_takes_a_hundred_lines(shop: TestShop) {
        let mut many = Goods::varied(&shop, "MANY", 100, &[("Number", &[])]);
        for number in 0..=MAX_LINES {
            many = many.variation(&format!("MANY-{number}"), &[&number.to_string()], number, 5);
        }
        shop.add_goods(vec![many]).await;
        let mut guest = shop.guest();
        for number in 0..MAX_LINES {
            guest.add(&format!("MANY-{number}"), 1).await.expect("added");
        }
        assert!(matches!(guest.add(&format!("MANY-{MAX_LINES}"), 1).await, Err(CartError::TooManyLines)));
        guest.add("MANY-7", 1).await.expect("more of what is there is no new line");
        let cart = guest.cart().await.expect("a cart");
        assert_eq!((cart.lines.len(), cart.items()), (100, 101));
        guest.start().await.expect("such a cart can be checked out");
        shop.assert_stock_is_sound().await;
    }

    async fn concurrent_edits_lose_nothing(shop: TestShop) {
        const TASKS: i32 = 20;
        shop.sells("MUG", 1_290, 1_000).await;
        shop.sells("BOWL", 1_290, 1_000).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        let before = guest.cart().await.expect("a cart").version;
        let tasks = (0..TASKS).map(|number| {
            let mut tab = guest.clone();
            let token = guest.token().clone();
            tokio::spawn(async move {
                tab.add("MUG", 1 + number % 3).await.expect("added");
                tab.add("BOWL", 1).await.expect("added");
                assert_eq!(tab.token(), &token, "the cart stays the guest's");
                1 + number % 3
            })
        });
        let mut added = 0;
        for task in tasks.collect::<Vec<_>>() {
            added += task.await.expect("no panic");
        }
        assert_eq!(guest.lines().await, [("MUG".to_owned(), 1 + added), ("BOWL".to_owned(), TASKS)]);
        let cart = guest.cart().await.expect("a cart");
        assert_eq!(cart.version, before + 2 * i64::from(TASKS), "each change was counted");
        assert_eq!(shop.count("cart_lines").await, 2, "one line per variation");
        assert_eq!(shop.count("carts").await, 1);
    }

    async fn refused_forms_are_kept_for_their_owner_for_half_an_hour(shop: TestShop) {
        let (owner, other) = (Token::random(), Token::random());
        let draft = drafts::Draft {
            fields: Fields::from([
                ("name".to_owned(), "<script>alert('1')</script> Zoë".to_owned()),
                ("note".to_owned(), "\u{1}\n".to_owned()),
            ]),
            errors: Errors::from([("email".to_owned(), FieldError::Required)]),
        };
        let db = shop.db.primary();
        let id = drafts::keep(db, &owner, "address", &draft, shop.clock.now()).await.expect("kept");
        let load = |token: Token, form: &'static str| {
            let shop = shop.clone();
            async move { drafts::load(shop.db.primary(), &token, form, id, shop.clock.now()).await.expect("read") }
        };
        assert_eq!(load(owner.clone(), "address").await, Some(draft));
        assert_eq!(load(other, "address").await, None, "somebody else's");
        assert_eq!(load(owner.clone(), "delivery").await, None, "another form's");
        shop.wait_minutes(31);
        assert_eq!(load(owner.clone(), "address").await, None, "too old");
        let zero = drafts::Draft {
            fields: Fields::from([("na\0me".to_owned(), "a\0b".to_owned())]),
            ..drafts::Draft::default()
        };
        drafts::keep(db, &owner, "address", &zero, shop.clock.now())
            .await
            .expect("a zero character is no reason to fail");
        shop.wait_minutes(31);
        purge::purge(&shop).await.expect("purged");
        assert_eq!(shop.count("form_drafts").await, 0);
    }

    async fn old_carts_are_forgotten_unless_they_hold_or_became_something(shop: TestShop) {
        shop.sells("MUG", 1_290, 9).await;
        let (mut idle, mut holding, mut buyer) = (shop.guest(), shop.guest(), shop.guest());
        for guest in [&mut idle, &mut holding, &mut buyer] {
            guest.add("MUG", 1).await.expect("added");
        }
        holding.start().await.expect("holds");
        buyer.checkout_to(commerce::checkout::Step::Review).await.expect("reviewed");
        buyer.place().await.expect("placed");
        shop.wait_minutes(30 * 24 * 60 - 1);
        assert_eq!(purge::purge(&shop).await.expect("purged"), 0);
        shop.wait_minutes(2);
        assert_eq!(purge::purge(&shop).await.expect("purged"), 1);
        assert_eq!(idle.cart().await, None);
        commerce::inventory::release_expired::release_expired(&shop).await.expect("swept");
        assert_eq!(purge::purge(&shop).await.expect("purged"), 1);
        assert_eq!(shop.count("carts").await, 1, "the one that became an order stays");
    }
}
