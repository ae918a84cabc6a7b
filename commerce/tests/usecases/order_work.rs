//! What staff do with orders: parcels, money that comes by hand, money that goes back.

use crate::harness::TestShop;
use commerce::accounts::SignedIn;
use commerce::checkout::Step;
use commerce::checkout::save_step::StepDone;
use commerce::forms::FieldError;
use commerce::fulfilment::ship::{Parcel, deliver, may_ship, ship};
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{self, OrderError};
use commerce::orders::receive_money::receive_money;
use commerce::orders::refund::{LineGivenBack, Refund, RefundMethod, given_back_by_line, refund, refundable};
use commerce::orders::refund_form::{AMOUNT, field_of, parse, too_much};
use commerce::orders::search::{OrderFilter, search};
use commerce::orders::{Fulfilment, Lifecycle, Order, OrderId, Payment, Status, queries};
use commerce::payments::PaymentTerms;
use commerce::payments::operate::operate_due;

fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// An order of two mugs and a bowl, paid as told.
pub async fn ordered(shop: &TestShop, method: &str) -> OrderId {
    if shop.count("variations").await == 0 {
        shop.sells("MUG", 1_001, 10).await;
        shop.sells("BOWL", 2_000, 10).await;
    }
    let mut guest = shop.guest();
    guest.add("MUG", 2).await.expect("added");
    guest.add("BOWL", 1).await.expect("added");
    guest.checkout_to(Step::Review).await.expect("reviewed");
    guest.save(StepDone::Payment(method.to_owned())).await.expect("chosen");
    let access = guest.place().await.expect("placed");
    let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
    order.expect("an order").id
}

async fn order(shop: &TestShop, id: OrderId) -> Order {
    queries::by_id(shop.db.primary(), id).await.expect("read").expect("the order")
}

async fn parcel(shop: &TestShop, id: OrderId, key: &str, pieces: &[(usize, i64)]) -> Parcel {
    let lines = order(shop, id).await.lines;
    Parcel {
        key: key.to_owned(),
        location: shop.warehouse().await,
        carrier: "dhl".to_owned(),
        tracking_number: Some("123".to_owned()),
        lines: pieces.iter().map(|(line, quantity)| (lines[*line].id, *quantity)).collect(),
    }
}

fn of_amount(key: &str, amount: i64) -> Refund {
    Refund {
        key: key.to_owned(),
        amount: Some(euros(amount)),
        lines: Vec::new(),
        method: RefundMethod::Original,
        reason: "broken".to_owned(),
    }
}

async fn left(shop: &TestShop, id: OrderId) -> i64 {
    refundable(shop.db.primary(), &order(shop, id).await).await.expect("read").minor()
}

async fn customer(shop: &TestShop) -> SignedIn {
    shop.member("eve@example.org").await
}

both_databases! {
    async fn an_order_is_sent_in_parcels_until_all_of_it_has_come(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        for pieces in [&[][..], &[(0, 0)], &[(0, -1)]] {
            let refused = ship(&shop, &ada, id, &parcel(&shop, id, "a", pieces).await).await;
            assert!(matches!(refused, Err(OrderError::Nothing)), "{pieces:?}");
        }
        for pieces in [&[(0, 3)][..], &[(0, 1), (0, 2)], &[(1, i64::MAX), (1, i64::MAX)]] {
            let refused = ship(&shop, &ada, id, &parcel(&shop, id, "a", pieces).await).await;
            assert!(matches!(refused, Err(OrderError::TooMuch)), "{pieces:?}");
        }
        let one = parcel(&shop, id, "a", &[(0, 1)]).await;
        assert!(matches!(ship(&shop, &customer(&shop).await, id, &one).await, Err(OrderError::NotAllowed)));
        let both = tokio::join!(ship(&shop, &ada, id, &one), ship(&shop, &ada, id, &one));
        let first = both.0.expect("sent");
        assert_eq!(first, both.1.expect("the same parcel"));
        assert_eq!(order(&shop, id).await.fulfilment, Fulfilment::PartlyShipped);
        assert_eq!(shop.stock("MUG").await, (9, 1));
        assert!(matches!(cancel::cancel_for(&shop, &ada, id, true, true).await, Err(OrderError::WrongState)));
        deliver(&shop, &ada, first).await.expect("it has come");
        assert_eq!(order(&shop, id).await.fulfilment, Fulfilment::PartlyShipped);
        let rest = ship(&shop, &ada, id, &parcel(&shop, id, "b", &[(0, 1), (1, 1)]).await).await.expect("sent");
        assert_eq!(order(&shop, id).await.status(), Status::Shipped);
        assert_eq!((shop.stock("MUG").await, shop.stock("BOWL").await), ((8, 0), (9, 0)));
        let over = ship(&shop, &ada, id, &parcel(&shop, id, "c", &[(0, 1)]).await).await;
        assert!(matches!(over, Err(OrderError::WrongState)));
        for _ in 0..2 {
            deliver(&shop, &ada, rest).await.expect("it has come");
        }
        assert_eq!(order(&shop, id).await.status(), Status::Delivered);
        assert_eq!(shop.reported("OrderShipped").await.len(), 2);
        assert_eq!(shop.reported("ShipmentDelivered").await.len(), 2);
        shop.assert_all_is_well().await;
    }

    async fn what_is_paid_in_advance_is_sent_once_the_money_is_there(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "bank_transfer").await;
        let all = parcel(&shop, id, "a", &[(0, 2), (1, 1)]).await;
        assert!(matches!(ship(&shop, &ada, id, &all).await, Err(OrderError::Unpaid)));
        let total = order(&shop, id).await.total.gross;
        for _ in 0..2 {
            receive_money(&shop, &ada, id, euros(1_000), "first").await.expect("noted");
        }
        assert_eq!(order(&shop, id).await.payment, Payment::PartlyPaid);
        let noted = "SELECT COUNT(*) AS n FROM audit_log WHERE action = 'payment-received'";
        assert_eq!(shop.number(noted, []).await, 1, "once, like the money");
        assert!(matches!(ship(&shop, &ada, id, &all).await, Err(OrderError::Unpaid)));
        receive_money(&shop, &ada, id, euros(total - 1_000), "second").await.expect("noted");
        assert_eq!(order(&shop, id).await.payment, Payment::Paid);
        assert_eq!(left(&shop, id).await, total);
        ship(&shop, &ada, id, &all).await.expect("sent");
        let by_card = ordered(&shop, "card").await;
        let refused = receive_money(&shop, &ada, by_card, euros(1), "third").await;
        assert!(matches!(refused, Err(OrderError::WrongState)), "its gateway tells");
    }

    async fn never_more_goes_back_than_came(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let total = order(&shop, id).await.total.gross;
        for amount in [0, -1] {
            assert!(matches!(refund(&shop, &ada, id, &of_amount("x", amount)).await, Err(OrderError::Nothing)));
        }
        assert!(matches!(refund(&shop, &ada, id, &of_amount("x", total + 1)).await, Err(OrderError::TooMuch)));
        assert!(matches!(refund(&shop, &ada, id, &of_amount("x", i64::MAX)).await, Err(OrderError::TooMuch)));
        let (part, other) = (of_amount("part", 500), of_amount("other", total - 499));
        let both = tokio::join!(refund(&shop, &ada, id, &part), refund(&shop, &ada, id, &part));
        assert_eq!(both.0.expect("decided"), both.1.expect("the same"));
        assert!(matches!(refund(&shop, &ada, id, &other).await, Err(OrderError::TooMuch)), "before the gateway knows");
        assert_eq!(left(&shop, id).await, total - 500);
        operate_due(&shop).await.expect("operated");
        assert_eq!(order(&shop, id).await.payment, Payment::PartlyRefunded);
        assert!(matches!(refund(&shop, &ada, id, &other).await, Err(OrderError::TooMuch)), "and after");
        refund(&shop, &ada, id, &of_amount("rest", total - 500)).await.expect("decided");
        operate_due(&shop).await.expect("operated");
        assert_eq!(order(&shop, id).await.payment, Payment::Refunded);
        assert_eq!(left(&shop, id).await, 0);
        assert!(matches!(
            refund(&shop, &customer(&shop).await, id, &of_amount("y", 1)).await,
            Err(OrderError::NotAllowed)
        ));
        shop.assert_all_is_well().await;
    }

    async fn the_pieces_of_a_line_give_back_exactly_what_it_cost(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let mugs = order(&shop, id).await.lines.remove(0);
        let by_piece = |key: &str, quantity| Refund { amount: None, lines: vec![(mugs.id, quantity)], ..of_amount(key, 1) };
        let before = left(&shop, id).await;
        assert!(matches!(refund(&shop, &ada, id, &by_piece("a", 3)).await, Err(OrderError::TooMuch)));
        refund(&shop, &ada, id, &by_piece("a", 1)).await.expect("decided");
        refund(&shop, &ada, id, &by_piece("b", 1)).await.expect("decided");
        assert!(matches!(refund(&shop, &ada, id, &by_piece("c", 1)).await, Err(OrderError::TooMuch)));
        assert_eq!(before - left(&shop, id).await, mugs.total.amounts.gross);
    }

    async fn staff_type_pieces_or_an_amount_or_an_amount_for_pieces(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let of = order(&shop, id).await;
        let mugs = field_of(of.lines[0].id);
        let read = |key: &str, pieces: &str, amount: &str| {
            let typed = [("key", key), ("reason", "broken"), (AMOUNT, amount), (mugs.as_str(), pieces)];
            parse(&typed.map(|(name, text)| (name.to_owned(), text.to_owned())).into(), &of)
        };
        let wrong = |name: &str, error| (name.to_owned(), error);
        for pieces in ["", " 0 "] {
            let errors = read("a", pieces, " ").expect_err("nothing");
            assert_eq!(errors, [wrong(AMOUNT, FieldError::Required)].into());
        }
        for pieces in ["3", "-1", "some"] {
            let errors = read("a", pieces, "").expect_err("there are two");
            assert_eq!(errors, [wrong(&mugs, FieldError::Invalid)].into(), "{pieces}");
        }
        let both = read("a", "3", "0").expect_err("both are wrong");
        assert_eq!(both, [wrong(AMOUNT, FieldError::Invalid), wrong(&mugs, FieldError::Invalid)].into());
        let one = read("a", "1", "").expect("right");
        assert_eq!((one.amount, &one.lines), (None, &vec![(of.lines[0].id, 1)]));
        refund(&shop, &ada, id, &one).await.expect("decided");
        let before = left(&shop, id).await;
        refund(&shop, &ada, id, &read("b", "1", "5.00").expect("right")).await.expect("decided");
        assert_eq!(before - left(&shop, id).await, 500, "what was typed, for the other mug");
        let given_back = given_back_by_line(shop.db.primary(), id).await.expect("read");
        let both = LineGivenBack { pieces: 2, amount: of.lines[0].total.amounts.gross };
        assert_eq!(given_back, [(of.lines[0].id, both)].into());
        for (pieces, amount, name) in [("1", "", mugs.as_str()), ("", "1000.00", AMOUNT)] {
            let wanted = read("c", pieces, amount).expect("right");
            assert!(matches!(refund(&shop, &ada, id, &wanted).await, Err(OrderError::TooMuch)));
            assert_eq!(too_much(&wanted, &of, &given_back), [wrong(name, FieldError::Wrong)].into());
        }
    }

    async fn store_credit_keeps_the_money_and_needs_an_account(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let id = ordered(&shop, "card").await;
        let credit = |key: &str, amount| Refund { method: RefundMethod::StoreCredit, ..of_amount(key, amount) };
        assert!(matches!(refund(&shop, &ada, id, &credit("a", 300)).await, Err(OrderError::NoAccount)));
        let text = "UPDATE orders SET user_id = $2 WHERE id = $1";
        shop.execute(text, [id.into(), ada.user.into()]).await;
        let total = order(&shop, id).await.total.gross;
        refund(&shop, &ada, id, &credit("a", 300)).await.expect("given");
        assert_eq!(left(&shop, id).await, total - 300);
        assert_eq!(order(&shop, id).await.payment, Payment::Paid);
        assert!(matches!(refund(&shop, &ada, id, &of_amount("b", total - 299)).await, Err(OrderError::TooMuch)));
        // Given up, the order gives back only what was not credited.
        cancel::cancel_for(&shop, &ada, id, true, true).await.expect("cancelled");
        operate_due(&shop).await.expect("operated");
        let back = "SELECT CAST(SUM(amount) AS BIGINT) AS n FROM payment_events WHERE action = 'refund'";
        assert_eq!(shop.number(back, []).await, total - 300);
    }

    async fn staff_cancel_with_or_without_stock_and_money(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let (kept, back) = (ordered(&shop, "card").await, ordered(&shop, "card").await);
        assert!(matches!(
            cancel::cancel_for(&shop, &customer(&shop).await, kept, true, true).await,
            Err(OrderError::NotAllowed)
        ));
        cancel::cancel_for(&shop, &ada, kept, false, false).await.expect("cancelled");
        assert_eq!(shop.stock("MUG").await, (8, 2), "what is lost is not for sale");
        operate_due(&shop).await.expect("operated");
        assert_eq!(order(&shop, kept).await.payment, Payment::Paid);
        cancel::cancel_for(&shop, &ada, back, true, true).await.expect("cancelled");
        assert_eq!(shop.stock("MUG").await, (8, 0));
        operate_due(&shop).await.expect("operated");
        assert_eq!(order(&shop, back).await.payment, Payment::Refunded);
        let wrong = commerce::inventory::receive::discrepancies(shop.db.primary()).await.expect("read");
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    async fn staff_find_orders_page_by_page(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        shop.sells("MUG", 1_000, 1_000).await;
        shop.sells("BOWL", 1_000, 1_000).await;
        let mut ids = Vec::new();
        for _ in 0..52 {
            ids.push(ordered(&shop, "card").await);
            shop.wait_seconds(1);
        }
        let all = OrderFilter::default();
        let (found, more) = search(&shop, &ada, &all).await.expect("found");
        assert_eq!((found.len(), more, found[0].order.id), (50, true, ids[51]));
        let next = OrderFilter { before: Some(found[49].order.id), ..all.clone() };
        let (rest, more) = search(&shop, &ada, &next).await.expect("found");
        assert_eq!((rest.len(), more, rest[1].order.id), (2, false, ids[0]));
        let by_number = OrderFilter { text: found[3].order.number.to_string().to_lowercase(), ..all.clone() };
        let (one, _) = search(&shop, &ada, &by_number).await.expect("found");
        assert_eq!(one, found[3..4]);
        for text in ["nobody@example.org", "' OR 1=1 --", "%", "\0"] {
            let none = OrderFilter { text: text.to_owned(), ..all.clone() };
            assert_eq!(search(&shop, &ada, &none).await.expect("found").0, [], "{text}");
        }
        assert!(matches!(search(&shop, &customer(&shop).await, &all).await, Err(OrderError::NotAllowed)));
    }

    async fn what_is_to_be_sent_is_what_may_be(shop: TestShop) {
        let ada = shop.admin("ada@example.org").await;
        let (by_transfer, by_card) = (ordered(&shop, "bank_transfer").await, ordered(&shop, "card").await);
        let in_cash = ordered(&shop, "cash_on_delivery").await;
        let to_send = OrderFilter { to_ship: true, ..OrderFilter::default() };
        let found = async || {
            let (found, _) = search(&shop, &ada, &to_send).await.expect("found");
            found.into_iter().map(|of| of.order.id).collect::<Vec<_>>()
        };
        assert_eq!(found().await.len(), 2);
        assert!(!found().await.contains(&by_transfer), "it is not paid");
        let total = order(&shop, by_card).await.total.gross;
        refund(&shop, &ada, by_card, &of_amount("all", total)).await.expect("decided");
        operate_due(&shop).await.expect("operated");
        assert_eq!(found().await, [in_cash], "what was given back is not sent");
        ship(&shop, &ada, in_cash, &parcel(&shop, in_cash, "a", &[(0, 2), (1, 1)]).await).await.expect("sent");
        assert_eq!(found().await, []);
        // Whatever is stored of an order.
        let (facts, free) = ("UPDATE orders SET lifecycle = $2, payment = $3, fulfilment = $4, payment_terms = $5
                              WHERE id = $1", "UPDATE orders SET net = 0, tax = 0, total = 0 WHERE id = $1");
        for costs in [true, false] {
            if !costs {
                shop.execute(free, [by_transfer.into()]).await;
            }
            for lifecycle in [Lifecycle::Placed, Lifecycle::InReview, Lifecycle::Cancelled] {
                for payment in Payment::ALL {
                    for fulfilment in Fulfilment::ALL {
                        for terms in PaymentTerms::ALL {
                            let codes = [lifecycle.code(), payment.code(), fulfilment.code(), terms.code()];
                            let values = codes.map(sea_orm::Value::from);
                            shop.execute(facts, std::iter::once(sea_orm::Value::from(by_transfer)).chain(values)).await;
                            let now = order(&shop, by_transfer).await;
                            let may = may_ship(&now).is_ok();
                            assert_eq!(found().await.contains(&by_transfer), may, "{codes:?}, {}", now.total.gross);
                        }
                    }
                }
            }
        }
    }
}
