//! The steps of the checkout and the holds that go with them.

use crate::harness::{TestShop, contact};
use chrono::TimeDelta;
use commerce::cart::CartError;
use commerce::checkout::save_step::StepDone;
use commerce::checkout::{CheckoutError, Contact, HOLD_MINUTES, HOLD_MOST_MINUTES, Step};
use commerce::inventory::release_expired::{Sweep, release_expired};
use commerce::settings::{Settings, queries::save};

both_databases! {
    async fn steps_are_done_one_after_the_other_and_kept(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        assert_eq!(guest.checkout().await, None, "not begun");
        assert!(matches!(guest.do_step(Step::Address).await, Err(CheckoutError::NotStarted)));
        guest.start().await.expect("started");
        assert_eq!(shop.stock("MUG").await, (10, 2), "pressing checkout holds the stock");
        for step in [Step::Address, Step::Delivery, Step::Payment] {
            assert_eq!(guest.checkout().await.expect("under way").next_step(), step);
            let agreement = guest.agreement().await;
            let missing = guest.place_as(agreement).await;
            assert!(matches!(missing, Err(CheckoutError::StepMissing(wanted)) if wanted == step), "{missing:?}");
            guest.do_step(step).await.expect("done");
        }
        let checkout = guest.checkout().await.expect("under way");
        assert_eq!(checkout.next_step(), Step::Review);
        assert_eq!(checkout.contact, Some(contact()));
        assert_eq!(checkout.note, "Ring twice");
        assert_eq!(checkout.totals.total.gross, 2 * 1_290 + 490);
        guest.start().await.expect("started anew");
        assert_eq!(guest.checkout().await.expect("under way").next_step(), Step::Review, "what was entered is kept");
        let billed = Contact { billing: Some(contact().delivery), ..contact() };
        guest.save(StepDone::Address(Box::new(billed.clone()))).await.expect("a step can be done again");
        assert_eq!(guest.checkout().await.expect("under way").contact, Some(billed));
        shop.assert_stock_is_sound().await;
    }

    async fn nothing_starts_without_something_to_buy(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        guest.remove("MUG").await.expect("removed");
        assert!(matches!(guest.start().await, Err(CheckoutError::EmptyCart)));
        guest.add("MUG", 1).await.expect("added");
        guest.start().await.expect("started");
        guest.clear().await.expect("cleared");
        assert_eq!(shop.stock("MUG").await, (10, 0));
        assert!(matches!(guest.do_step(Step::Address).await, Err(CheckoutError::EmptyCart)));
        let agreement = guest.agreement().await;
        assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::EmptyCart)));
        guest.add("MUG", 1).await.expect("added");
        shop.execute("UPDATE variations SET archived_at = $1", [shop.clock.now().into()]).await;
        assert!(matches!(guest.start().await, Err(CheckoutError::LineProblem)));
        let mut stranger = shop.guest();
        stranger.token = Some(commerce::token::Token::random());
        assert!(matches!(stranger.start().await, Err(CheckoutError::EmptyCart)));
        assert!(matches!(stranger.do_step(Step::Address).await, Err(CheckoutError::NotStarted)));
    }

    async fn only_what_is_offered_can_be_chosen(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("PIANO", 60_000, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.checkout_to(Step::Delivery).await.expect("addressed");
        let none = StepDone::Delivery { method: "teleport".to_owned(), note: String::new() };
        assert!(matches!(guest.save(none).await, Err(CheckoutError::UnknownChoice)));
        assert_eq!(
            guest.checkout().await.expect("under way").next_step(),
            Step::Delivery,
            "what was kept before stays"
        );
        guest.do_step(Step::Delivery).await.expect("chosen");
        assert!(matches!(guest.save(StepDone::Payment("gold".to_owned())).await, Err(CheckoutError::UnknownChoice)));
        guest.save(StepDone::Payment("cash_on_delivery".to_owned())).await.expect("offered for a mug");
        guest.add("PIANO", 1).await.expect("added");
        let checkout = guest.checkout().await.expect("under way");
        assert_eq!(checkout.next_step(), Step::Payment, "nobody collects that much in cash");
        assert_eq!(checkout.delivery_offers[0].1.minor(), 0, "delivery has become free");
        let agreement = guest.agreement().await;
        assert!(matches!(guest.place_as(agreement).await, Err(CheckoutError::StepMissing(Step::Payment))));
    }

    async fn totals_follow_country_delivery_and_tax(shop: TestShop) {
        shop.sells("MUG", 1_190, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 1).await.expect("added");
        guest.start().await.expect("started");
        let totals = guest.checkout().await.expect("under way").totals;
        assert_eq!(
            (totals.total.net, totals.total.tax, totals.total.gross),
            (1_000, 190, 1_190),
            "of the shop's country"
        );
        guest.checkout_to(Step::Payment).await.expect("addressed");
        let totals = guest.checkout().await.expect("under way").totals;
        assert_eq!((totals.delivery.amounts.tax, totals.total.gross), (78, 1_680));
        let mut abroad = contact();
        abroad.delivery.country = "FR".to_owned();
        guest.save(StepDone::Address(Box::new(abroad))).await.expect("moved");
        let totals = guest.checkout().await.expect("under way").totals;
        assert_eq!((totals.total.tax, totals.total.gross), (0, 1_680), "no rate is known for France");
        let settings = Settings { prices_include_tax: false, ..Settings::default() };
        save(shop.db.primary(), &settings, shop.clock.now()).await.expect("kept");
        shop.refresh().await.expect("read anew");
        guest.save(StepDone::Address(Box::new(contact()))).await.expect("moved back");
        let totals = guest.checkout().await.expect("under way").totals;
        assert_eq!((totals.total.net, totals.total.tax, totals.total.gross), (1_680, 226 + 93, 1_999));
    }

    async fn progress_extends_a_hold_to_half_an_hour_at_most(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        let mut guest = shop.guest();
        guest.add("MUG", 3).await.expect("added");
        guest.start().await.expect("started");
        let started = shop.clock.now();
        let expires = || async { guest.checkout().await.expect("under way").hold_expires_at };
        assert_eq!(expires().await, started + TimeDelta::minutes(HOLD_MINUTES));
        for step in [Step::Address, Step::Delivery, Step::Payment] {
            shop.wait_minutes(HOLD_MINUTES - 1);
            guest.do_step(step).await.expect("done in time");
            let most = started + TimeDelta::minutes(HOLD_MOST_MINUTES);
            assert_eq!(expires().await, most.min(shop.clock.now() + TimeDelta::minutes(HOLD_MINUTES)));
            assert_eq!(release_expired(&shop).await.expect("swept"), Sweep::default(), "nothing has expired");
        }
        shop.wait_minutes(3);
        assert!(matches!(guest.do_step(Step::Payment).await, Err(CheckoutError::NotStarted)), "30 minutes are over");
        assert_eq!(release_expired(&shop).await.expect("swept"), Sweep { rows: 1, pieces: 3 });
        assert_eq!(shop.stock("MUG").await, (3, 0));
        guest.start().await.expect("begun anew");
        assert_eq!(guest.checkout().await.expect("under way").next_step(), Step::Review, "with all that was entered");
        shop.assert_stock_is_sound().await;
    }

    async fn what_was_typed_is_kept_though_its_stock_is_gone(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        let (mut slow, mut fast) = (shop.guest(), shop.guest());
        slow.add("MUG", 3).await.expect("added");
        fast.add("MUG", 1).await.expect("added");
        slow.start().await.expect("started");
        let entered = || async {
            let checkout = slow.checkout().await.expect("under way");
            (checkout.contact, checkout.delivery.map(|method| method.code), checkout.note)
        };
        let delivery = |note: &str| StepDone::Delivery { method: "express".to_owned(), note: note.to_owned() };
        shop.wait_minutes(HOLD_MINUTES);
        fast.start().await.expect("takes one of them over");
        assert!(matches!(slow.do_step(Step::Address).await, Err(CheckoutError::Short(_))));
        assert!(matches!(slow.save(delivery("Ring")).await, Err(CheckoutError::Short(_))));
        assert_eq!(entered().await, (Some(contact()), Some("express".to_owned()), "Ring".to_owned()));
        assert_eq!(shop.stock("MUG").await, (3, 1), "nothing is held for it");
        assert!(slow.checkout().await.expect("under way").hold_expires_at <= shop.clock.now());

        shop.wait_minutes(HOLD_MOST_MINUTES);
        let moved = Contact { phone: "0171 555".to_owned(), ..contact() };
        let over = slow.save(StepDone::Address(Box::new(moved.clone()))).await;
        assert!(matches!(over, Err(CheckoutError::NotStarted)), "{over:?}");
        assert!(matches!(slow.save(delivery("Knock")).await, Err(CheckoutError::NotStarted)));
        slow.clear().await.expect("cleared");
        assert!(matches!(slow.save(delivery("Call")).await, Err(CheckoutError::NotStarted)));
        assert_eq!(entered().await, (Some(moved), Some("express".to_owned()), "Call".to_owned()));
        let none = StepDone::Delivery { method: "teleport".to_owned(), note: String::new() };
        assert!(matches!(slow.save(none).await, Err(CheckoutError::UnknownChoice)));
        assert_eq!(entered().await.2, "Call", "what was kept before stays");
        shop.assert_stock_is_sound().await;
    }

    async fn pressing_checkout_again_is_no_new_half_hour(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        let mut guest = shop.guest();
        guest.add("MUG", 2).await.expect("added");
        let mut other = shop.guest();
        other.add("MUG", 3).await.expect("added");
        guest.start().await.expect("started");
        let last = shop.clock.now() + TimeDelta::minutes(HOLD_MOST_MINUTES);
        let same = guest.clone();
        let hold = || async {
            let checkout = same.checkout().await.expect("under way");
            (checkout.hold_started_at + TimeDelta::minutes(HOLD_MOST_MINUTES), checkout.hold_expires_at)
        };
        for _ in 0..3 {
            shop.wait_minutes(HOLD_MINUTES - 1);
            guest.start().await.expect("pressed again");
            assert_eq!(hold().await, (last, last.min(shop.clock.now() + TimeDelta::minutes(HOLD_MINUTES))));
        }
        shop.wait_minutes(HOLD_MOST_MINUTES - 3 * (HOLD_MINUTES - 1));
        other.start().await.expect("it is free for everybody");
        other.clear().await.expect("given up");
        let anew = || shop.clock.now() + TimeDelta::minutes(HOLD_MOST_MINUTES);
        guest.start().await.expect("begun anew");
        assert_eq!(hold().await.0, anew(), "others had it meanwhile");
        shop.wait_minutes(HOLD_MINUTES);
        guest.start().await.expect("begun anew");
        assert_eq!(hold().await.0, anew(), "it had expired");
        shop.wait_minutes(1);
        guest.clear().await.expect("given up");
        guest.add("MUG", 1).await.expect("added");
        guest.start().await.expect("begun anew");
        assert_eq!(hold().await.0, anew(), "it was released");
        shop.assert_stock_is_sound().await;
    }

    async fn an_expired_hold_is_taken_over_without_a_sweep(shop: TestShop) {
        shop.sells("MUG", 1_290, 3).await;
        let mut slow = shop.guest();
        slow.add("MUG", 3).await.expect("added");
        let mut fast = shop.guest();
        fast.add("MUG", 2).await.expect("added");
        slow.start().await.expect("holds all");
        let short = fast.start().await;
        let (mug, _) = shop.variation("MUG").await;
        assert!(
            matches!(&short, Err(CheckoutError::Short(short)) if short[0].variation == mug && short[0].available == 0),
            "{short:?}",
        );
        shop.wait_minutes(HOLD_MINUTES);
        fast.start().await.expect("takes over what has expired");
        assert_eq!(shop.stock("MUG").await, (3, 2));
        assert!(
            matches!(slow.do_step(Step::Address).await, Err(CheckoutError::Short(short)) if short[0].available == 1)
        );
        slow.set("MUG", 1).await.expect("what is left");
        slow.do_step(Step::Address).await.expect("goes on with what is left");
        assert_eq!(shop.stock("MUG").await, (3, 3));
        shop.assert_stock_is_sound().await;
    }

    async fn changing_the_cart_lowers_what_it_holds(shop: TestShop) {
        shop.sells("MUG", 1_290, 10).await;
        shop.sells("BOWL", 1_290, 10).await;
        let mut guest = shop.guest();
        guest.add("MUG", 5).await.expect("added");
        guest.add("BOWL", 5).await.expect("added");
        guest.start().await.expect("started");
        guest.set("MUG", 2).await.expect("changed");
        assert_eq!(shop.stock("MUG").await, (10, 2));
        guest.add("MUG", 4).await.expect("added");
        assert_eq!(shop.stock("MUG").await, (10, 2), "more is held with the next step");
        guest.do_step(Step::Address).await.expect("done");
        assert_eq!(shop.stock("MUG").await, (10, 6));
        guest.remove("BOWL").await.expect("removed");
        assert_eq!(shop.stock("BOWL").await, (10, 0));
        guest.clear().await.expect("cleared");
        assert_eq!(shop.stock("MUG").await, (10, 0));
        shop.assert_stock_is_sound().await;
    }

    async fn one_address_holds_for_three_carts(shop: TestShop) {
        shop.sells("MUG", 1_290, 100).await;
        let mut guests = Vec::new();
        for _ in 0..4 {
            let mut guest = shop.guest();
            guest.client = "192.0.2.7".parse().expect("an address");
            guest.add("MUG", 1).await.expect("added");
            guests.push(guest);
        }
        for guest in &guests[..3] {
            guest.start().await.expect("within what is allowed");
        }
        assert!(matches!(guests[3].start().await, Err(CheckoutError::TooManyHolds)));
        assert_eq!(shop.stock("MUG").await, (100, 3));
        guests[0].start().await.expect("its own hold does not count against a cart");
        let mut elsewhere = guests[3].clone();
        elsewhere.client = "192.0.2.8".parse().expect("an address");
        elsewhere.start().await.expect("another address");
        elsewhere.clear().await.expect("cleared");
        guests[1].clear().await.expect("an empty cart holds nothing");
        guests[3].add("MUG", 1).await.expect("added");
        guests[3].start().await.expect("there is room again");
        shop.wait_minutes(HOLD_MINUTES);
        guests[1].add("MUG", 1).await.expect("added");
        guests[1].start().await.expect("expired holds do not count");
    }

    async fn what_is_missing_is_told_for_every_line_at_once(shop: TestShop) {
        for sku in ["MUG", "BOWL", "CUP"] {
            shop.sells(sku, 1_290, 4).await;
        }
        let mut guest = shop.guest();
        for sku in ["MUG", "BOWL", "CUP"] {
            guest.add(sku, 3).await.expect("added");
        }
        let mut other = shop.guest();
        other.add("MUG", 2).await.expect("added");
        other.add("CUP", 4).await.expect("added");
        other.start().await.expect("started");
        let Err(CheckoutError::Short(short)) = guest.start().await else { panic!("not short") };
        let mut short: Vec<_> = short.into_iter().map(|short| (short.variation, short.available)).collect();
        short.sort_unstable();
        let mut expected = [(shop.variation("MUG").await.0, 2), (shop.variation("CUP").await.0, 0)];
        expected.sort_unstable();
        assert_eq!(short, expected);
        assert_eq!(shop.stock("BOWL").await, (4, 0), "all or nothing");
        assert!(matches!(guest.add("CUP", 1).await, Err(CartError::NotEnough { available: 0, in_cart: 3 })));
        shop.assert_stock_is_sound().await;
    }
}
