//! Shoppers who pay at a gateway: what they are told.

use crate::fixture::fill;
use crate::harness::{Kind, Place, databases};
use crate::workers::buy_by;
use commerce::Shop;
use commerce::db::sql;
use commerce::events::dispatch::dispatch_due;
use commerce::orders::queries as orders;
use commerce::payments::ledger::{self, Attempt};
use commerce::payments::record::{Source, record};
use commerce::payments::{Action, Fact, Outcome};
use commerce::token::Token;
use sea_orm::ConnectionTrait;
use server::startup;

async fn place(kind: Kind) -> Place {
    Place::new(kind).await.with("TEST_GATEWAY", "on")
}

/// Buys something that is to be paid at the test gateway.
async fn buy(shop: &Shop) -> (Token, Attempt) {
    fill(shop).await;
    let token = buy_by(shop, "test").await;
    let order = orders::by_access_token(shop.db.primary(), &token.hash()).await.expect("read").expect("one");
    let attempts = ledger::attempts(shop.db.primary(), order.id).await.expect("read");
    (token, attempts.into_iter().next().expect("one"))
}

#[tokio::test]
async fn a_payment_that_did_not_go_through_is_told_once_whatever_gateways_call_it() {
    for kind in databases() {
        let place = place(kind).await;
        let opened = startup::open(&place.config(), "http://127.0.0.1:3000").await.expect("opens");
        let shop = &opened.shop;
        let (_, attempt) = buy(shop).await;
        let failed = |name: &str, action| Fact {
            name: name.to_owned(),
            action,
            outcome: Outcome::Failed,
            amount: attempt.amount,
            reference: None,
            operation: None,
            reason: None,
        };
        let facts = [("one", Action::Capture), ("two", Action::Capture), ("two", Action::Authorise)];
        for (name, action) in facts {
            assert!(record(shop, attempt.id, &[failed(name, action)], Source::Webhook).await.expect("recorded"));
            while dispatch_due(shop).await.expect("delivered") > 0 {}
        }
        let db = shop.db.primary();
        let text = "SELECT subject FROM mails WHERE subject LIKE 'Your payment did not go through%'";
        assert_eq!(db.query_all_raw(sql(db, text, [])).await.expect("read").len(), 1, "{kind:?}");
        opened.close().await;
    }
}
