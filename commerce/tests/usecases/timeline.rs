//! What staff are told of an order: everything, in its order, and who did it.

use crate::buy_label::packed;
use crate::harness::TestShop;
use crate::shipments::told;
use crate::store_credit::{give, reviewed};
use commerce::checkout::save_step::StepDone;
use commerce::events::{HTTP, Metadata, WEBHOOK, caused_by};
use commerce::fulfilment::record_tracking::record_tracking;
use commerce::fulfilment::{TrackingKind, buy_label, queries as fulfilment};
use commerce::money::{Currency, Money};
use commerce::orders::compose::EditId;
use commerce::orders::refund::{Refund, RefundMethod, refund};
use commerce::orders::timeline::{
    CARRIER_TOLD, CREDIT_REFUNDED, CREDIT_RETURNED, CREDIT_SPENT, Doer, Happening, LABEL_BOUGHT, timeline,
};
use commerce::orders::{OrderId, cancel, draft, queries};
use commerce::payments::operate::operate_due;
use uuid::Uuid;

/// What a request is noted with, by this person if it is one of staff.
fn request(user: Option<Uuid>) -> Metadata {
    Metadata { user, source: HTTP.to_owned(), ..Metadata::default() }
}

async fn happened(shop: &TestShop, order: OrderId) -> Vec<Happening> {
    let sent = fulfilment::tracked_of_order(shop.db.primary(), order).await.expect("read");
    timeline(shop.db.primary(), order, &sent).await.expect("read")
}

/// The kinds of what has happened, who did it, and the amounts, in order.
fn told_of(happened: &[Happening]) -> Vec<(&str, Option<Doer>, Option<i64>)> {
    let amount = |of: &Happening| of.data.get("amount")?.get("minor")?.as_i64();
    happened.iter().map(|of| (of.kind.as_str(), of.by.clone(), amount(of))).collect()
}

both_databases! {
    async fn a_timeline_tells_everything_and_who_did_it(shop: TestShop) {
        let (ada, eve) = (shop.admin("ada@example.org").await, shop.member("eve@example.org").await);
        let staff = Some(Doer::Staff("ada@example.org".to_owned()));
        give(&shop, &ada, &eve, 500).await;
        let account = reviewed(&shop, &eve, StepDone::Credit(Some("card".to_owned()))).await;
        let access = caused_by(request(None), account.place()).await.expect("placed");
        let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("the order");
        shop.wait_seconds(1);
        let parcel = packed(&shop, order.id, 2).await;
        let send = buy_label::send(&shop, &ada, order.id, "label", "P", &parcel);
        let shipment = caused_by(request(Some(ada.user.0)), send).await.expect("sent");
        shop.wait_seconds(1);
        let moving = told("1", TrackingKind::InTransit, shop.clock.now());
        record_tracking(&shop, shipment, &[moving]).await.expect("told");
        for (key, method) in [("a", RefundMethod::Original), ("b", RefundMethod::StoreCredit)] {
            shop.wait_seconds(1);
            let amount = Some(Money::new(300, Currency::EUR));
            let (key, reason) = (key.to_owned(), "broken".to_owned());
            let wanted = Refund { key, amount, lines: Vec::new(), method, reason };
            caused_by(request(Some(ada.user.0)), refund(&shop, &ada, order.id, &wanted)).await.expect("decided");
            shop.wait_seconds(1);
            operate_due(&shop).await.expect("operated");
        }
        let happened = happened(&shop, order.id).await;
        let mut told = told_of(&happened);
        told[..4].sort_by_key(|(kind, ..)| *kind);
        let customer = Some(Doer::Customer);
        let paid = Some(order.due().minor());
        assert_eq!(told[..4], [
            ("OrderPlaced", customer.clone(), None),
            // Authorised, and captured.
            ("PaymentProcessed", customer.clone(), paid),
            ("PaymentProcessed", customer.clone(), paid),
            (CREDIT_SPENT, customer, Some(500)),
        ]);
        let mut of_parcel = told[4..6].to_vec();
        of_parcel.sort_by_key(|(kind, ..)| *kind);
        assert_eq!(of_parcel, [(LABEL_BOUGHT, None, None), ("OrderShipped", staff.clone(), None)]);
        assert_eq!(told[6..9], [
            (CARRIER_TOLD, None, None),
            ("RefundRequested", staff.clone(), Some(300)),
            ("RefundIssued", Some(Doer::Shop), Some(300)),
        ]);
        let mut credited = told[9..].to_vec();
        credited.sort_by_key(|(kind, ..)| *kind);
        assert_eq!(credited, [("RefundRequested", staff.clone(), Some(300)), (CREDIT_REFUNDED, staff, Some(300))]);
        assert!(happened.is_sorted_by_key(|of| of.occurred_at));
        let carrier = &happened[6].data;
        assert_eq!((carrier["parcel"].as_i64(), carrier["place"].as_str()), (Some(1), Some("Leipzig")));
        assert_eq!(happened.iter().find(|of| of.kind == LABEL_BOUGHT).expect("it").data["carrier"], "van");
    }

    async fn what_was_given_up_or_begun_by_staff_is_told_too(shop: TestShop) {
        let (ada, eve) = (shop.admin("ada@example.org").await, shop.member("eve@example.org").await);
        give(&shop, &ada, &eve, 500).await;
        let account = reviewed(&shop, &eve, StepDone::Credit(Some("bank_transfer".to_owned()))).await;
        let access = account.place().await.expect("placed");
        let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read").expect("the order");
        shop.wait_seconds(1);
        // As of a gateway, of somebody who is gone, and of a request of staff before it was noted whose it was.
        let told = Metadata { source: WEBHOOK.to_owned(), ..Metadata::default() };
        caused_by(told, cancel::cancel_own(&shop, order.id)).await.expect("cancelled");
        let happened_to = happened(&shop, order.id).await;
        let told = told_of(&happened_to);
        assert!(told.contains(&("OrderCancelled", Some(Doer::Gateway), None)), "{told:?}");
        assert!(told.contains(&(CREDIT_RETURNED, None, Some(500))), "{told:?}");

        let gone = Some(Doer::Gone);
        let staff = Some(Doer::Staff("ada@example.org".to_owned()));
        for (user, by) in [(Some(ada.user.0), staff), (Some(Uuid::now_v7()), gone), (None, None)] {
            let begun = draft::create(&shop, &ada, EditId::new(shop.clock.now()));
            let number = caused_by(request(user), begun).await.expect("begun");
            let draft = queries::by_number(shop.db.primary(), number).await.expect("read").expect("the draft");
            assert_eq!(told_of(&happened(&shop, draft.id).await), [("OrderDrafted", by, None)]);
        }
    }
}
