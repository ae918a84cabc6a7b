//! Orders that staff put together or change: what they come to, what is held for them, what is paid and given back.

use crate::harness::{Answer, TestShop, contact};
use crate::transfers::send_all;
use commerce::accounts::{Role, SignedIn};
use commerce::catalog::VariationId;
use commerce::checkout::save_step::StepDone;
use commerce::checkout::{PAY_BY_MINUTES, Step};
use commerce::fulfilment::ship::{Parcel, ship};
use commerce::invoices::{issue, queries as invoices};
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{OrderError, cancel_for};
use commerce::orders::compose::goods::search;
use commerce::orders::compose::proposal::proposal;
use commerce::orders::compose::stage::{discard, stage};
use commerce::orders::compose::{Agreement, Composition, EditError, EditId, Missing, Proposal};
use commerce::orders::receive_money::receive_money;
use commerce::orders::refund::{Refund, RefundMethod, refund};
use commerce::orders::search::{OrderFilter, search as orders_like};
use commerce::orders::{Lifecycle, Order, OrderId, Payment, Status, draft, edit, queries};
use commerce::payments::operate::operate_due;
use commerce::payments::record::{Source, record};
use commerce::payments::settle::settle_due;
use commerce::payments::{Action, Fact, Outcome, ledger, pay};
use commerce::settings::{self, Settings};

/// An order of two mugs for 10.01 each and a bowl for 20.00, paid as told: 44.92 with its delivery.
async fn ordered(shop: &TestShop, method: &str) -> OrderId {
    goods(shop).await;
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.add("BOWL", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("reviewed");
    guest.save(StepDone::Payment(method.to_owned())).await.expect("chosen");
    let access = guest.place().await.expect("placed");
    let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
    order.expect("an order").id
}

async fn goods(shop: &TestShop) {
    if shop.count("variations").await == 0 {
        shop.sells("MUG", 1_001, 10).await;
        shop.sells("BOWL", 2_000, 10).await;
        shop.sells("JUG", 3_333, 2).await;
    }
}

async fn order(shop: &TestShop, id: OrderId) -> Order {
    queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order")
}

async fn variation(shop: &TestShop, sku: &str) -> VariationId {
    shop.variation(sku).await.0
}

async fn proposed(shop: &TestShop, who: &SignedIn, id: OrderId) -> Proposal {
    let number = order(shop, id).await.number;
    proposal(shop, who, number).await.expect("read").expect("an order that can be changed")
}

/// Proposes a change, and gives what whoever sees the proposal agrees to.
pub async fn propose(
    shop: &TestShop,
    who: &SignedIn,
    id: OrderId,
    change: impl FnOnce(&mut Composition),
) -> Result<Agreement, EditError> {
    let number = order(shop, id).await.number;
    let known = proposal(shop, who, number).await?.expect("an order");
    let mut composition = known.composition.clone();
    change(&mut composition);
    stage(shop, who, id, known.revision, &composition).await?;
    Ok(proposed(shop, who, id).await.agreement())
}

/// Proposes so many pieces of what is in the order, line by line.
async fn pieces(shop: &TestShop, who: &SignedIn, id: OrderId, quantities: &[i32]) -> Agreement {
    let set = |composition: &mut Composition| {
        for (line, quantity) in composition.lines.iter_mut().zip(quantities) {
            line.quantity = *quantity;
        }
    };
    propose(shop, who, id, set).await.expect("kept")
}

/// Changes how many pieces are in the order, line by line.
pub async fn change(shop: &TestShop, who: &SignedIn, id: OrderId, quantities: &[i32]) -> Order {
    let seen = pieces(shop, who, id, quantities).await;
    edit::edit(shop, who, id, seen).await.expect("changed");
    let order = order(shop, id).await;
    let lines = order.lines.iter().map(|line| line.total.amounts.gross).sum::<i64>();
    assert_eq!(order.total.gross, lines + order.delivery.amounts.gross, "the sum of what is in it");
    assert_eq!(order.total.gross, seen.total, "what was seen");
    order
}

/// A draft of three mugs and a bowl at a price of its own, for Ada in Berlin.
async fn drafted(shop: &TestShop, who: &SignedIn, method: &str) -> OrderId {
    goods(shop).await;
    let number = draft::create(shop, who, EditId::new(shop.clock.now())).await.expect("begun");
    let id = queries::by_number(shop.db.primary(), number).await.expect("read").expect("a draft").id;
    let (mug, bowl) = (variation(shop, "MUG").await, variation(shop, "BOWL").await);
    let fill = |composition: &mut Composition| {
        for sku in [mug, mug, mug, bowl] {
            composition.add(sku).expect("there is room");
        }
        composition.lines[1].unit_price = Some(1_500);
        (composition.email, composition.phone) = (contact().email, contact().phone);
        composition.delivery_address = Some(contact().delivery);
        composition.delivery_method = "standard".to_owned();
        composition.payment_method = method.to_owned();
        composition.note = "Called at noon.".to_owned();
    };
    propose(shop, who, id, fill).await.expect("kept");
    id
}

/// A parcel with everything of an order in it.
pub async fn parcel(shop: &TestShop, id: OrderId) -> Parcel {
    Parcel {
        key: id.to_string(),
        location: shop.warehouse().await,
        carrier: "dhl".to_owned(),
        tracking_number: None,
        lines: order(shop, id).await.lines.iter().map(|line| (line.id, line.quantity.into())).collect(),
    }
}

async fn kept(shop: &TestShop, id: OrderId) -> i64 {
    operate_due(shop).await.expect("operated");
    ledger::kept(shop.db.primary(), id).await.expect("read")
}

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

both_databases! {
    async fn an_order_that_gets_smaller_gives_back_what_was_paid_too_much(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        assert_eq!(order(&shop, id).await.total.gross, 4_492);
        let seen = pieces(&shop, &ada, id, &[1, 1]).await;
        assert_eq!((seen.total, order(&shop, id).await.total.gross), (3_491, 4_492), "seen before anything is changed");
        let both = tokio::join!(edit::edit(&shop, &ada, id, seen), edit::edit(&shop, &ada, id, seen));
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        edit::edit(&shop, &ada, id, seen).await.expect("the same again");
        assert_eq!(kept(&shop, id).await, 3_491);
        let now = order(&shop, id).await;
        assert_eq!((now.total.gross, now.payment, now.lines[0].quantity), (3_491, Payment::Paid, 1));
        assert_eq!((shop.stock("MUG").await, shop.stock("BOWL").await), ((10, 1), (10, 1)));
        let told = shop.reported("OrderEdited").await;
        assert_eq!(told.len(), 1, "once, however often it was sent");
        assert_eq!((&told[0]["before"]["minor"], &told[0]["after"]["minor"]), (&4_492.into(), &3_491.into()));
        assert_eq!(told[0]["lines"][0]["after"], 1);
        let noted = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'order-edited'";
        assert_eq!(shop.number(noted, []).await, 1);
        // To nothing of one of them.
        let now = change(&shop, &ada, id, &[0, 1]).await;
        assert_eq!((now.total.gross, now.lines.len()), (2_490, 1));
        assert_eq!((kept(&shop, id).await, shop.stock("MUG").await), (2_490, (10, 0)));
        shop.assert_stock_is_sound().await;
        ship(&shop, &ada, id, &parcel(&shop, id).await).await.expect("sent");
        shop.assert_ledger_agrees().await;
    }

    async fn an_order_that_gets_bigger_is_sent_once_the_rest_is_paid(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let jug = variation(&shop, "JUG").await;
        shop.execute("UPDATE products SET base_price = base_price + 1000", []).await;
        let seen = propose(&shop, &ada, id, |composition| composition.add(jug).expect("room")).await.expect("kept");
        edit::edit(&shop, &ada, id, seen).await.expect("changed");
        let now = order(&shop, id).await;
        assert_eq!(now.lines[0].unit_price.minor(), 1_001, "what was bought keeps its price");
        assert_eq!((now.lines[2].unit_price.minor(), now.total.gross), (4_333, 8_825), "what is new costs what it does now");
        assert_eq!((now.lifecycle, now.payment), (Lifecycle::Placed, Payment::PartlyPaid));
        let owed = pay::owed(shop.db.primary(), &now).await.expect("read");
        assert_eq!((owed.minor(), pay::can_pay(&shop, &now, owed)), (4_333, true));
        let all = parcel(&shop, id).await;
        assert!(matches!(ship(&shop, &ada, id, &all).await, Err(OrderError::Unpaid)));
        // Whoever clicks twice pays once.
        let both = tokio::join!(pay::pay(&shop, id, None), pay::pay(&shop, id, None));
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        assert_eq!(kept(&shop, id).await, 8_825);
        let requests = shop.world().card.requests();
        let rest: Vec<_> = requests.iter().filter(|request| request.amount.minor() != 4_492).collect();
        assert!(!rest.is_empty() && rest.iter().all(|of| of.amount.minor() == 4_333 && of.attempt == rest[0].attempt));
        assert_eq!(order(&shop, id).await.payment, Payment::Paid);
        shop.assert_stock_is_sound().await;
        assert_eq!(pay::pay(&shop, id, None).await.expect("nothing is to be paid"), None);
        ship(&shop, &ada, id, &all).await.expect("sent");
        let again = proposal(&shop, &ada, now.number).await;
        assert!(matches!(again, Err(EditError::WrongState)), "what was sent stays as it is");
        shop.assert_ledger_agrees().await;
    }

    async fn a_declined_rest_is_paid_later_and_may_come_by_transfer(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        change(&shop, &ada, id, &[4, 1]).await;
        shop.world().card.will([crate::harness::Answer::Decline]);
        assert!(pay::pay(&shop, id, None).await.is_err());
        assert_eq!((order(&shop, id).await.lifecycle, kept(&shop, id).await), (Lifecycle::Placed, 4_492));
        for _ in 0..2 {
            receive_money(&shop, &ada, id, euros(2_002), "slip").await.expect("noted");
        }
        assert_eq!(kept(&shop, id).await, 6_494);
        assert_eq!(order(&shop, id).await.payment, Payment::Paid);
        let over = receive_money(&shop, &ada, id, euros(1), "more").await;
        assert!(matches!(over, Err(OrderError::WrongState)), "nothing is missing any more");
        shop.wait_minutes(60 * 24 * 30);
        settle_due(&shop).await.expect("settled");
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::Placed, "nobody cancels what was placed");
    }

    async fn edited_to_and_fro_an_order_is_what_it_was(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let before = order(&shop, id).await;
        for quantities in [[9, 10], [1, 0], [0, 3], [7, 2]] {
            change(&shop, &ada, id, &quantities).await;
            if order(&shop, id).await.payment == Payment::PartlyPaid {
                pay::pay(&shop, id, None).await.expect("paid");
            }
            assert_eq!(kept(&shop, id).await, order(&shop, id).await.total.gross);
            // Lines that went keep their place no more.
            let (mug, bowl) = (variation(&shop, "MUG").await, variation(&shop, "BOWL").await);
            let back = |composition: &mut Composition| {
                composition.lines.clear();
                for sku in [mug, mug, bowl] {
                    composition.add(sku).expect("room");
                }
            };
            let seen = propose(&shop, &ada, id, back).await.expect("kept");
            edit::edit(&shop, &ada, id, seen).await.expect("changed");
            if order(&shop, id).await.payment == Payment::PartlyPaid {
                pay::pay(&shop, id, None).await.expect("paid");
            }
            let after = order(&shop, id).await;
            assert_eq!((after.total, after.delivery), (before.total, before.delivery));
            assert_eq!(kept(&shop, id).await, 4_492);
            assert_eq!(order(&shop, id).await.payment, Payment::Paid);
            assert_eq!((shop.stock("MUG").await, shop.stock("BOWL").await), ((10, 2), (10, 1)));
            shop.assert_stock_is_sound().await;
        }
        shop.assert_ledger_agrees().await;
    }

    async fn what_was_seen_is_applied_or_nothing(shop: TestShop) {
        let (ada, bob) = (shop.admin("ada@example.org").await, shop.admin("bob@example.org").await);
        let id = ordered(&shop, "card").await;
        let unchanged = proposed(&shop, &ada, id).await;
        let refused = edit::edit(&shop, &ada, id, unchanged.agreement()).await;
        assert!(matches!(refused, Err(EditError::Unchanged)), "{refused:?}");
        let seen = pieces(&shop, &ada, id, &[1, 1]).await;
        let other = pieces(&shop, &bob, id, &[3, 1]).await;
        assert!(matches!(edit::edit(&shop, &ada, id, seen).await, Err(EditError::Stale)));
        let old = stage(&shop, &ada, id, seen.revision, &unchanged.composition).await;
        assert!(matches!(old, Err(EditError::Stale)), "{old:?}");
        assert_eq!(order(&shop, id).await.total.gross, 4_492);
        discard(&shop, &bob, id).await.expect("forgotten");
        assert!(matches!(edit::edit(&shop, &bob, id, other).await, Err(EditError::Stale)));
        let seen = pieces(&shop, &ada, id, &[0, 0]).await;
        assert!(matches!(edit::edit(&shop, &ada, id, seen).await, Err(EditError::Empty)));
        let seen = pieces(&shop, &ada, id, &[11, 1]).await;
        let short = edit::edit(&shop, &ada, id, seen).await;
        assert!(matches!(&short, Err(EditError::Short(short)) if short.len() == 1), "{short:?}");
        assert_eq!((order(&shop, id).await.version, shop.stock("MUG").await), (unchanged.order.version, (10, 2)));
        assert_eq!(shop.reported("OrderEdited").await.len(), 0);
        // A price of its own is for what is new, and takes the permission to set prices.
        let support = SignedIn { role: Role::Support, ..bob.clone() };
        let jug = variation(&shop, "JUG").await;
        let cheap = |composition: &mut Composition| {
            composition.lines.iter_mut().for_each(|line| line.quantity = 1);
            composition.add(jug).expect("room");
            composition.lines[2].unit_price = Some(1);
        };
        assert!(matches!(propose(&shop, &support, id, cheap).await, Err(EditError::NotAllowed)));
        let seen = propose(&shop, &ada, id, cheap).await.expect("kept");
        assert_eq!(seen.total, 1_001 + 2_000 + 1 + 490);
        let eve = shop.member("eve@example.org").await;
        assert!(matches!(edit::edit(&shop, &eve, id, seen).await, Err(EditError::NotAllowed)));
        assert!(matches!(proposal(&shop, &eve, unchanged.order.number).await, Err(EditError::NotAllowed)));
        edit::edit(&shop, &support, id, seen).await.expect("what somebody else has priced");
        cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
        assert!(matches!(edit::edit(&shop, &ada, id, Agreement { version: 9, ..other }).await, Err(EditError::WrongState)));
        assert_eq!(kept(&shop, id).await, 0);
    }

    async fn an_edit_and_a_cancellation_or_a_parcel_at_once_leave_one_of_them(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        for round in 0..4 {
            let id = ordered(&shop, "card").await;
            let seen = pieces(&shop, &ada, id, &[1, 1]).await;
            let (one, other) = tokio::join!(edit::edit(&shop, &ada, id, seen), cancel_for(&shop, &ada, id, true, true));
            other.expect("cancelled before or after");
            assert!(matches!(one, Ok(()) | Err(EditError::WrongState | EditError::Stale)), "{round}: {one:?}");
            assert_eq!((kept(&shop, id).await, order(&shop, id).await.lifecycle), (0, Lifecycle::Cancelled));
            assert_eq!(shop.stock("MUG").await.1, 0, "nothing is held");
        }
        for round in 0..4 {
            let id = ordered(&shop, "card").await;
            let seen = pieces(&shop, &ada, id, &[1, 0]).await;
            let all = parcel(&shop, id).await;
            let (one, other) = tokio::join!(edit::edit(&shop, &ada, id, seen), ship(&shop, &ada, id, &all));
            assert!(one.is_ok() != other.is_ok(), "{round}: {one:?} {other:?}");
            let now = order(&shop, id).await;
            assert_eq!(kept(&shop, id).await, now.total.gross, "{round}");
            if other.is_err() {
                cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
            }
        }
        shop.assert_all_is_well().await;
    }

    async fn money_that_comes_while_an_order_is_changed_is_counted_once(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        for round in 0..4 {
            let id = ordered(&shop, "bank_transfer").await;
            let seen = pieces(&shop, &ada, id, &[1, 0]).await;
            let attempt = ledger::attempts(shop.db.primary(), id).await.expect("read")[0].id;
            let captured = Fact {
                name: format!("told {round}"),
                action: Action::Capture,
                outcome: Outcome::Succeeded,
                amount: euros(4_492),
                reference: None,
                operation: None,
                reason: None,
            };
            let told = [captured];
            let (one, other) =
                tokio::join!(edit::edit(&shop, &ada, id, seen), record(&shop, attempt, &told, Source::Webhook));
            other.expect("recorded");
            // Money that was faster makes what was seen old: it is to be seen again.
            if let Err(error) = one {
                assert!(matches!(error, EditError::Stale), "{error:?}");
                let seen = proposed(&shop, &ada, id).await.agreement();
                edit::edit(&shop, &ada, id, seen).await.expect("changed");
            }
            assert!(!record(&shop, attempt, &told, Source::Webhook).await.expect("known"));
            assert_eq!(send_all(&shop, &ada).await, 1, "in {round}");
            assert_eq!(kept(&shop, id).await, 1_491, "what was too much went back, in {round}");
            assert_eq!(order(&shop, id).await.payment, Payment::Paid);
            cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
            send_all(&shop, &ada).await;
        }
        shop.assert_all_is_well().await;
    }

    async fn an_order_that_waits_is_paid_at_what_it_comes_to_now(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        goods(&shop).await;
        shop.world().card.will([crate::harness::Answer::Unavailable]);
        let id = ordered(&shop, "card").await;
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::AwaitingPayment);
        change(&shop, &ada, id, &[1, 0]).await;
        pay::pay(&shop, id, None).await.expect("paid");
        let now = order(&shop, id).await;
        assert_eq!((now.lifecycle, now.payment), (Lifecycle::Placed, Payment::Paid));
        assert_eq!(kept(&shop, id).await, 1_491);
        let by_transfer = ordered(&shop, "bank_transfer").await;
        let now = change(&shop, &ada, by_transfer, &[3, 1]).await;
        let owed = pay::owed(shop.db.primary(), &now).await.expect("read");
        assert_eq!((owed.minor(), pay::can_pay(&shop, &now, owed)), (5_493, false), "it is transferred in all");
        receive_money(&shop, &ada, by_transfer, owed, "slip").await.expect("noted");
        assert_eq!(order(&shop, by_transfer).await.payment, Payment::Paid);
    }

    async fn another_address_and_another_way_of_delivery_are_taxed_and_paid(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let elsewhere = |composition: &mut Composition| {
            let address = composition.delivery_address.as_mut().expect("an address");
            address.country = "AT".to_owned();
            address.postal_code = "1010".to_owned();
            composition.delivery_method = "express".to_owned();
        };
        let seen = propose(&shop, &ada, id, elsewhere).await.expect("kept");
        edit::edit(&shop, &ada, id, seen).await.expect("changed");
        let now = order(&shop, id).await;
        assert_eq!((now.delivery_name.as_str(), now.delivery.amounts.gross), ("Standard", 1_290));
        assert_eq!((now.delivery_address.country.as_str(), now.total.tax), ("AT", 0));
        assert_eq!(now.billing_address, now.delivery_address, "the invoice goes with it");
        let told = shop.reported("OrderEdited").await.pop().expect("told");
        assert_eq!((&told["address_changed"], &told["delivery_changed"]), (&true.into(), &true.into()));
    }

    async fn no_fewer_than_were_refunded_stay_in_an_order(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let mugs = order(&shop, id).await.lines[0].id;
        let asked = Refund {
            key: "broken".to_owned(),
            amount: None,
            lines: vec![(mugs, 1)],
            method: RefundMethod::Original,
            reason: "broken".to_owned(),
        };
        refund(&shop, &ada, id, &asked).await.expect("decided");
        assert_eq!(kept(&shop, id).await, 3_491);
        let seen = pieces(&shop, &ada, id, &[0, 1]).await;
        assert!(matches!(edit::edit(&shop, &ada, id, seen).await, Err(EditError::Refunded)));
        let now = change(&shop, &ada, id, &[3, 1]).await;
        let owed = pay::owed(shop.db.primary(), &now).await.expect("read");
        assert_eq!(owed.minor(), 1_001, "what was given back is not to be paid again");
        pay::pay(&shop, id, None).await.expect("paid");
        assert_eq!(kept(&shop, id).await, 4_492);
    }

    async fn no_piece_costs_less_than_was_given_back_for_it(shop: TestShop) {
        let settings = Settings { prices_include_tax: false, ..Settings::default() };
        settings::queries::save(shop.db.primary(), &settings, shop.clock.now()).await.expect("kept");
        shop.refresh().await.expect("read anew");
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let mugs = order(&shop, id).await.lines[0].clone();
        assert!(mugs.total.amounts.tax > 0, "{mugs:?}");
        let asked = Refund {
            key: "broken".to_owned(),
            amount: None,
            lines: vec![(mugs.id, 2)],
            method: RefundMethod::Original,
            reason: "broken".to_owned(),
        };
        refund(&shop, &ada, id, &asked).await.expect("decided");
        let untaxed = |composition: &mut Composition| {
            let address = composition.delivery_address.as_mut().expect("an address");
            address.country = "AT".to_owned();
            address.postal_code = "1010".to_owned();
            composition.delivery_method = "express".to_owned();
        };
        let seen = propose(&shop, &ada, id, untaxed).await.expect("kept");
        assert!(matches!(edit::edit(&shop, &ada, id, seen).await, Err(EditError::Refunded)));
        kept(&shop, id).await;
        shop.assert_all_is_well().await;
    }

    async fn pieces_whose_refund_was_refused_can_still_go(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let mugs = order(&shop, id).await.lines[0].id;
        let asked = Refund {
            key: "broken".to_owned(),
            amount: None,
            lines: vec![(mugs, 1)],
            method: RefundMethod::Original,
            reason: "broken".to_owned(),
        };
        refund(&shop, &ada, id, &asked).await.expect("decided");
        shop.world().card.will_refuse(1);
        assert_eq!(kept(&shop, id).await, 4_492, "its gateway has refused it");
        let now = change(&shop, &ada, id, &[0, 1]).await;
        assert_eq!((now.lines.len(), now.total.gross), (1, 2_490));
        // What was refused is asked for again after a while.
        shop.wait_minutes(61);
        assert_eq!(kept(&shop, id).await, 2_490);
        shop.assert_all_is_well().await;
    }

    async fn an_order_that_was_given_more_time_meanwhile_is_not_given_up(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let card = &shop.world().card;
        card.will([Answer::Unavailable, Answer::Decline]);
        let id = ordered(&shop, "card").await;
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::AwaitingPayment);
        card.is_asked().await;
        shop.wait_minutes(PAY_BY_MINUTES + 1);
        let held = card.hold().await;
        let meanwhile = async {
            card.is_asked().await;
            change(&shop, &ada, id, &[1, 1]).await;
            drop(held);
        };
        let (swept, ()) = tokio::join!(settle_due(&shop), meanwhile);
        assert_eq!(swept.expect("run"), 1);
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::AwaitingPayment);
        pay::pay(&shop, id, None).await.expect("paid");
        let now = order(&shop, id).await;
        assert_eq!((now.lifecycle, now.payment, kept(&shop, id).await), (Lifecycle::Placed, Payment::Paid, 3_491));
        shop.assert_all_is_well().await;
    }

    async fn an_issued_invoice_is_cancelled_and_another_one_issued(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let (id, other) = (ordered(&shop, "card").await, ordered(&shop, "card").await);
        change(&shop, &ada, other, &[1, 1]).await;
        assert_eq!(shop.count("invoices").await, 0, "what was not issued is issued when it is asked for");
        let first = issue::issue(&shop, id).await.expect("issued").expect("placed");
        let seen = pieces(&shop, &ada, id, &[1, 1]).await;
        // Others get their invoices meanwhile.
        let (one, two) = tokio::join!(edit::edit(&shop, &ada, id, seen), issue::issue(&shop, other));
        one.expect("changed");
        let two = two.expect("issued").expect("placed");
        let (order, now) = issue::with_order(&shop, order(&shop, id).await).await.expect("read").expect("placed");
        let mut numbers = vec![first.number, two.number, now.number];
        numbers.sort_unstable();
        assert_eq!(numbers, [1, 2, 3], "without gaps");
        assert_eq!((now.label().len(), order.total.gross), (10, 3_491));
        let cancelled = invoices::cancelled_of_order(shop.db.primary(), id).await.expect("read");
        assert_eq!(cancelled.len(), 1);
        assert_eq!((cancelled[0].invoice, cancelled[0].content.total.gross), (first, 4_492), "it says what it said");
        assert_eq!(cancelled[0].content.lines[0].quantity, 2);
    }

    async fn another_phone_number_is_no_reason_for_another_invoice(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let issued = issue::issue(&shop, id).await.expect("issued").expect("placed");
        let call = |composition: &mut Composition| composition.phone = "0171 555".to_owned();
        let seen = propose(&shop, &ada, id, call).await.expect("kept");
        edit::edit(&shop, &ada, id, seen).await.expect("changed");
        assert_eq!(order(&shop, id).await.phone, "0171 555");
        assert_eq!(invoices::of_order(shop.db.primary(), id).await.expect("read"), Some(issued));
        assert_eq!(shop.count("cancelled_invoices").await, 0);
    }

    async fn a_draft_is_submitted_once_and_paid_by_its_customer(shop: TestShop) {
        let ada = shop.admin("ada@shop.example").await;
        let customer = shop.member("ada@example.org").await;
        goods(&shop).await;
        let key = EditId::new(shop.clock.now());
        let both = tokio::join!(draft::create(&shop, &ada, key), draft::create(&shop, &ada, key));
        assert_eq!(both.0.expect("begun"), both.1.expect("the same"));
        assert!(matches!(draft::create(&shop, &customer, EditId::new(shop.clock.now())).await, Err(EditError::NotAllowed)));
        let id = drafted(&shop, &ada, "card").await;
        let draft = proposed(&shop, &ada, id).await;
        assert_eq!(draft.totals.total.gross, 3 * 1_001 + 1_500 + 490);
        assert_eq!((draft.missing(), shop.stock("MUG").await), (None, (10, 0)), "nothing is held for a draft");
        assert!(queries::own_by_number(shop.db.primary(), customer.user, draft.order.number).await.expect("read").is_none());
        let seen = draft.agreement();
        let both = tokio::join!(draft::submit(&shop, &ada, id, seen), draft::submit(&shop, &ada, id, seen));
        assert!(both.0.is_ok() && both.1.is_ok(), "{both:?}");
        let now = order(&shop, id).await;
        assert_eq!((now.lifecycle, now.total.gross), (Lifecycle::AwaitingPayment, 4_993));
        assert_eq!((now.lines[1].unit_price.minor(), now.note.as_str()), (1_500, "Called at noon."));
        assert_eq!(now.phone, contact().phone);
        assert!(queries::own_by_number(shop.db.primary(), customer.user, now.number).await.expect("read").is_some());
        assert_eq!((shop.stock("MUG").await, shop.reported("OrderSubmitted").await.len()), ((10, 3), 1));
        shop.wait_minutes(60 * 24 * 6);
        settle_due(&shop).await.expect("settled");
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::AwaitingPayment, "it waits for days");
        assert!(shop.world().card.requests().is_empty(), "no gateway is asked before its customer comes");
        pay::pay(&shop, id, None).await.expect("paid");
        assert_eq!(order(&shop, id).await.lifecycle, Lifecycle::Placed);
        assert_eq!((kept(&shop, id).await, shop.reported("OrderPlaced").await.len()), (4_993, 1));
        // What nobody pays is cancelled.
        let late = drafted(&shop, &ada, "card").await;
        let seen = proposed(&shop, &ada, late).await.agreement();
        draft::submit(&shop, &ada, late, seen).await.expect("submitted");
        shop.wait_minutes(60 * 24 * 7 + 1);
        settle_due(&shop).await.expect("settled");
        assert_eq!(order(&shop, late).await.lifecycle, Lifecycle::Cancelled);
        assert_eq!(shop.stock("MUG").await, (10, 3));
        shop.assert_ledger_agrees().await;
    }

    async fn a_draft_that_costs_nothing_is_made_ready_and_sent(shop: TestShop) {
        let ada = shop.admin("ada@shop.example").await;
        shop.execute("UPDATE delivery_methods SET price = 0", []).await;
        shop.refresh().await.expect("read anew");
        for method in ["card", "bank_transfer"] {
            let id = drafted(&shop, &ada, method).await;
            let free = |composition: &mut Composition| {
                composition.lines.iter_mut().for_each(|line| line.unit_price = Some(0));
            };
            let seen = propose(&shop, &ada, id, free).await.expect("kept");
            assert_eq!((seen.total, order(&shop, id).await.status()), (0, Status::Pending));
            draft::submit(&shop, &ada, id, seen).await.expect("submitted");
            let now = order(&shop, id).await;
            assert_eq!((now.lifecycle, now.status()), (Lifecycle::Placed, Status::Processing));
            let to_send = OrderFilter { to_ship: true, ..OrderFilter::default() };
            let (found, _) = orders_like(&shop, &ada, &to_send).await.expect("found");
            let found: Vec<_> = found.iter().map(|of| (of.order.id, of.order.status)).collect();
            assert_eq!(found, [(id, Status::Processing)]);
            ship(&shop, &ada, id, &parcel(&shop, id).await).await.expect("sent");
            assert_eq!(order(&shop, id).await.status(), Status::Shipped);
        }
        shop.assert_all_is_well().await;
    }

    async fn a_draft_comes_to_what_the_checkout_asks_for_the_same(shop: TestShop) {
        let ada = shop.admin("ada@shop.example").await;
        let bought = ordered(&shop, "bank_transfer").await;
        let id = drafted(&shop, &ada, "bank_transfer").await;
        let same = |composition: &mut Composition| {
            composition.lines[0].quantity = 2;
            composition.lines[1].unit_price = None;
        };
        let seen = propose(&shop, &ada, id, same).await.expect("kept");
        draft::submit(&shop, &ada, id, seen).await.expect("submitted");
        let (bought, now) = (order(&shop, bought).await, order(&shop, id).await);
        assert_eq!((now.total, now.delivery), (bought.total, bought.delivery));
        let totals = |order: &Order| order.lines.iter().map(|line| line.total).collect::<Vec<_>>();
        assert_eq!(totals(&now), totals(&bought));
        assert_eq!((now.lifecycle, now.payment_terms), (Lifecycle::Placed, bought.payment_terms), "it needs no agreement");
        assert_eq!(shop.reported("OrderPlaced").await.len(), 2);
        receive_money(&shop, &ada, id, now.to_pay(), "slip").await.expect("noted");
        ship(&shop, &ada, id, &parcel(&shop, id).await).await.expect("sent");
    }

    async fn what_a_draft_lacks_is_named_and_it_stays_a_draft(shop: TestShop) {
        let ada = shop.admin("ada@shop.example").await;
        let id = drafted(&shop, &ada, "card").await;
        for (missing, take) in [
            (Missing::Payment, (|of| of.payment_method.clear()) as fn(&mut Composition)),
            (Missing::Delivery, |of| of.delivery_method.clear()),
            (Missing::Contact, |of| of.email.clear()),
            (Missing::Goods, |of| of.lines.clear()),
        ] {
            let seen = propose(&shop, &ada, id, take).await.expect("kept");
            let refused = draft::submit(&shop, &ada, id, seen).await;
            assert!(matches!(refused, Err(EditError::Incomplete(of)) if of == missing), "{refused:?}");
        }
        let short = drafted(&shop, &ada, "card").await;
        let jug = variation(&shop, "JUG").await;
        let most = |composition: &mut Composition| {
            composition.lines[0].quantity = 11;
            (0..3).for_each(|_| composition.add(jug).expect("room"));
        };
        let seen = propose(&shop, &ada, short, most).await.expect("kept");
        let refused = draft::submit(&shop, &ada, short, seen).await;
        assert!(matches!(&refused, Err(EditError::Short(short)) if short.len() == 2), "{refused:?}");
        assert_eq!((shop.stock("MUG").await, order(&shop, short).await.lifecycle), ((10, 0), Lifecycle::Draft));
        assert!(matches!(cancel_for(&shop, &ada, short, true, true).await, Err(OrderError::WrongState)));
        for _ in 0..2 {
            draft::delete(&shop, &ada, short).await.expect("deleted");
        }
        assert!(queries::by_id(shop.db.primary(), short).await.expect("read").is_none());
        assert_eq!(shop.count("order_revisions").await, 1);
    }

    async fn goods_are_found_by_their_number_and_name(shop: TestShop) {
        let ada = shop.admin("ada@shop.example").await;
        let id = ordered(&shop, "card").await;
        let found = async |text: &str| {
            let (found, more) = search(&shop, &ada, id, Currency::EUR, text).await.expect("found");
            assert!(!more);
            found.into_iter().map(|goods| (goods.sku, goods.available)).collect::<Vec<_>>()
        };
        assert_eq!(found(" mug").await, [("MUG".to_owned(), 10)], "with what the order has claimed itself");
        assert_eq!(found("u").await.len(), 2);
        assert!(found("%").await.is_empty() && found("_").await.is_empty(), "they stand for themselves");
        let text = "UPDATE products SET name = 'Österreich-Becher'
                    WHERE id IN (SELECT product_id FROM variations WHERE sku = 'JUG')";
        shop.execute(text, []).await;
        for text in ["Österreich-Becher", "becher", "JUG"] {
            assert_eq!(found(text).await, [("JUG".to_owned(), 2)], "{text}");
        }
        let eve = shop.member("eve@example.org").await;
        assert!(matches!(search(&shop, &eve, id, Currency::EUR, "mug").await, Err(EditError::NotAllowed)));
    }
}
