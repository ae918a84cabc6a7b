//! Shoppers who pay at a gateway: what they are told, and where they come back to.

use crate::fixture::fill;
use crate::harness::{Kind, Place, Server, databases};
use crate::workers::buy_by;
use commerce::Shop;
use commerce::db::sql;
use commerce::events::dispatch::dispatch_due;
use commerce::orders::queries as orders;
use commerce::orders::{Lifecycle, Payment};
use commerce::payments::ledger::{self, Attempt, NewAttempt};
use commerce::payments::pay::return_address;
use commerce::payments::record::{Source, record};
use commerce::payments::{Action, Fact, Outcome};
use commerce::token::Token;
use hyper::Method;
use sea_orm::ConnectionTrait;
use server::startup;
use std::process::Command;

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

#[tokio::test]
async fn who_comes_back_while_the_database_fails_can_look_again() {
    for kind in databases() {
        let server = Server::start_at(place(kind).await).await;
        let (token, attempt) = buy(&server.shop).await;
        let db = server.shop.db.primary();
        let address = return_address(&server.shop, "test", attempt.id);
        let path = address.strip_prefix(&server.origin()).expect("to the shop");
        db.execute_unprepared("ALTER TABLE payment_attempts RENAME TO away").await.expect("renamed");
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "https://gateway.example"),
            ("sec-fetch-site", "cross-site"),
        ];
        let failed = server.send(Method::POST, path, &headers, "told=%22%3Cb%3E&attempt=another").await;
        assert_eq!(failed.status, 503, "{kind:?}");
        assert!(failed.text().contains("Your payment is being checked"), "{}", failed.text());
        let (before, _) = failed.text().split_once("\">Look again").expect("a link");
        let again = before.rsplit_once("href=\"").expect("its address").1.replace("&amp;", "&");
        assert!(again.contains("told=%22%3Cb%3E"), "what the gateway has sent is kept: {again}");
        db.execute_unprepared("ALTER TABLE away RENAME TO payment_attempts").await.expect("renamed");
        let come_back = server.get_with(&again, &headers[..1]).await;
        come_back.assert_sends_to(&format!("/checkout/confirmation/{}", token.as_str()));
        server.stop().await;
    }
}

/// What Stripe's own SDK signs now.
fn signed_by_stripe(body: &str) -> String {
    const SIGN: &str = "import Stripe from 'stripe';
        const [payload, secret] = process.argv.slice(1);
        console.log(new Stripe('sk_test_1').webhooks.generateTestHeaderString({ payload, secret }));";
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../commerce/tests/vectors");
    let mut node = Command::new("node");
    node.args(["--input-type=module", "--eval", SIGN, "--", body, "whsec_1"]).current_dir(folder);
    let output = node.output().expect("Node.js is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "not signed (scripts/install test brings the SDKs): {said}");
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

#[tokio::test]
async fn only_what_a_gateway_has_signed_is_taken_and_once() {
    for kind in databases() {
        let place = place(kind).await.with("STRIPE_SECRET_KEY", "sk_test_1").with("STRIPE_WEBHOOK_SECRET", "whsec_1");
        let server = Server::start_at(place).await;
        let (token, attempt) = buy(&server.shop).await;
        let db = server.shop.db.primary();
        let order = async || orders::by_access_token(db, &token.hash()).await.expect("read").expect("one");
        let new = NewAttempt {
            order: order().await.id,
            gateway: "stripe",
            reference: None,
            amount: attempt.amount,
            capture_later: false,
            payer: None,
        };
        let tx = server.shop.db.begin().await.expect("a transaction");
        let attempt = ledger::open(&tx, new, server.shop.clock.now()).await.expect("opened");
        tx.commit().await.expect("committed");
        let amount = order().await.total.gross;
        let body = serde_json::json!({ "id": "evt_1", "type": "payment_intent.succeeded", "data": { "object": {
            "id": "pi_1", "status": "succeeded", "amount": amount, "amount_received": amount, "currency": "eur",
            "metadata": { "attempt": attempt.to_string() },
        } } })
        .to_string();
        let taken = async || {
            let row = db.query_one_raw(sql(db, "SELECT COUNT(*) AS n FROM webhook_events", [])).await.expect("read");
            row.expect("a row").try_get::<i64>("", "n").expect("a number")
        };
        let post = async |body: &str, signature: &str| {
            // As another site's page would send it, too: the signature alone decides.
            let headers = [
                ("content-type", "application/json"),
                ("origin", "https://gateway.example"),
                ("sec-fetch-site", "cross-site"),
                ("stripe-signature", signature),
            ];
            server.send(Method::POST, "/api/webhooks/stripe", &headers, body.to_owned()).await
        };
        let signature = signed_by_stripe(&body);
        post(&body.replace("evt_1", "evt_2"), &signature).await.assert_problem(400, "wrong-signature");
        post(&body, "").await.assert_problem(400, "wrong-signature");
        let cut = &body[..body.len() - 1];
        post(cut, &signed_by_stripe(cut)).await.assert_problem(422, "invalid");
        server.send(Method::POST, "/api/webhooks/nobody", &[], "{}").await.assert_problem(404, "not-found");
        assert_eq!((taken().await, order().await.lifecycle), (0, Lifecycle::AwaitingPayment), "{kind:?}");
        for _ in 0..2 {
            let answer = post(&body, &signature).await;
            assert_eq!((answer.status.as_u16(), answer.text(), taken().await), (204, "", 1), "{kind:?}");
        }
        assert_eq!((order().await.lifecycle, order().await.payment), (Lifecycle::Placed, Payment::Paid));
        assert_eq!(ledger::kept(db, order().await.id).await.expect("read"), amount, "it was paid once");
        server.stop().await;
    }
}
