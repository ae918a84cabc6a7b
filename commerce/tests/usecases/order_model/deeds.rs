//! How what is done in a history is done with the shop.

use super::attempt::{self, Method};
use super::model::{Deed, Label, MEMBER, Model, SentBack, Share, Way};
use super::order::{self, Outcome};
use super::{Known, World};
use crate::harness::{Answer, Guest, TestShop};
use crate::stock_model::model::{self as stock, VARIATIONS};
use crate::transfers::send_all;
use chrono::TimeDelta;
use commerce::checkout::CheckoutError;
use commerce::checkout::change_cart::change_cart;
use commerce::checkout::place_order::Agreement;
use commerce::checkout::save_step::StepDone;
use commerce::clock::uuid_at;
use commerce::fulfilment::record_tracking::record_tracking;
use commerce::fulfilment::ship::{deliver, ship};
use commerce::fulfilment::{TrackingEvent, TrackingKind, queries as shipments};
use commerce::money::{Currency, Money};
use commerce::orders::cancel::{self, OrderError};
use commerce::orders::receive_money::{receive_money, withdraw_money};
use commerce::orders::refund::{Refund, refund};
use commerce::orders::{Order, OrderId, queries};
use commerce::payments::test_gateway::Scenario;
use commerce::payments::webhook::{ReceiveError, receive};
use commerce::payments::{PaymentAttemptId, WebhookError, ledger, operate, pay, settle};
use commerce::token::Token;
use proptest::prelude::*;
use sea_orm::FromQueryResult;
use std::collections::BTreeMap;

/// Something that the gateway with books has sent, or will.
#[derive(Clone, FromQueryResult)]
pub struct Sent {
    pub body: String,
}

/// Money that staff have noted.
#[derive(FromQueryResult)]
struct Noted {
    fact: String,
}

/// How often a gateway that is told how to answer can be asked in one sweep.
const ANSWERS: usize = 64;

pub(super) fn euros(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// What came of something that was done with an order, as the model says it.
pub(super) fn of_order<T>(outcome: Result<T, OrderError>) -> Outcome {
    Outcome::Refused(match outcome {
        Ok(_) => return Outcome::Done,
        Err(OrderError::WrongState) => "state",
        Err(OrderError::Unpaid) => "unpaid",
        Err(OrderError::TooMuch) => "too much",
        Err(OrderError::Nothing) => "nothing",
        Err(OrderError::NoAccount) => "no account",
        Err(OrderError::NotHeld) => "not held",
        Err(error) => panic!("{error}"),
    })
}

fn of_payment<T>(outcome: Result<T, CheckoutError>) -> Outcome {
    Outcome::Refused(match outcome {
        Ok(_) => return Outcome::Done,
        Err(CheckoutError::PaymentDeclined) => "declined",
        Err(CheckoutError::NotStarted) => "not started",
        Err(CheckoutError::UnknownChoice) => "unknown",
        Err(error) => panic!("{error}"),
    })
}

impl World {
    pub(super) async fn choose(&self, me: usize, method: Method, with_credit: bool) -> stock::Outcome {
        let (guest, code) = (&self.goods.guests[me], method.code().to_owned());
        let done = if with_credit { StepDone::Credit(Some(code)) } else { StepDone::Payment(code) };
        let saved = match guest.token {
            Some(_) => guest.save(done).await,
            None => Err(CheckoutError::NotStarted),
        };
        self.goods.came_of(saved).await
    }

    /// What came of the cart, and of paying for it.
    pub(super) async fn place(&mut self, me: usize, answer: Answer) -> (stock::Outcome, Outcome) {
        let guest = self.goods.guests[me].clone();
        let under_way = match guest.token {
            Some(_) => guest.checkout().await,
            None => None,
        };
        let Some(checkout) = under_way else {
            return (stock::Outcome::Refused("not started"), Outcome::Done);
        };
        let (total, credit) = (checkout.totals.total.gross, checkout.credit.minor());
        let agreement = Agreement { cart: checkout.cart.id, total, credit };
        let outcome = self.answering(answer, guest.place_as(agreement)).await;
        let text = "SELECT id FROM orders WHERE cart_id = $1";
        let made: Vec<Made> = self.shop().rows(text, [agreement.cart.into()]).await;
        let Some(Made { id }) = made.first() else {
            return (self.goods.came_of(outcome.map(drop)).await, Outcome::Done);
        };
        let (id, cart) = (*id, guest.token().clone());
        let access = commerce::checkout::place_order::access_token(self.shop(), id);
        self.orders.push(Known { id, access, form: Some((cart, agreement)), attempts: Vec::new() });
        (stock::Outcome::Done, of_payment(outcome))
    }

    /// Has the card gateway answer in one way while something is done.
    async fn answering<T>(&self, answer: Answer, work: impl Future<Output = T>) -> T {
        let card = &self.shop().world().card;
        card.will([answer; ANSWERS]);
        let outcome = work.await;
        card.forget();
        outcome
    }

    pub(super) async fn settle(&self, answer: Answer, wait: TimeDelta) {
        self.shop().clock.advance(wait);
        // However long it was left alone, it is its turn.
        let text = "UPDATE orders SET check_at = $1 WHERE check_at > $1";
        self.shop().execute(text, [self.shop().clock.now().into()]).await;
        self.answering(answer, settle::settle_due(self.shop())).await.expect("settled");
    }

    /// Lets the workers do what is to be done now, and looks what gateways have to say.
    pub(super) async fn work(&mut self) {
        let shop = self.shop().clone();
        while operate::operate_due(&shop).await.expect("operated") + send_all(&shop, &self.goods.frame.who).await > 0 {}
        let sent: Vec<Sent> = shop.rows("DELETE FROM test_webhooks RETURNING body", []).await;
        self.sent.extend(sent);
        for order in &mut self.orders {
            let text = "SELECT id FROM payment_attempts WHERE order_id = $1 ORDER BY id";
            let rows: Vec<Tried> = shop.rows(text, [order.id.into()]).await;
            order.attempts = rows.into_iter().map(|row| row.id).collect();
        }
    }

    /// Something that was sent arrives; one that is forged or damaged does nothing.
    pub(super) async fn hear(&self, number: usize, model: &mut Model) -> Result<(), TestCaseError> {
        let (shop, body) = (self.shop(), &self.sent[number].body);
        let gateway = shop.test_gateway.as_ref().expect("on offer");
        let signature = gateway.sign(body, shop.clock.now());
        let arrives = async |body: &[u8], signature: &str| {
            let header = |name: &str| (name == "emporion-test-signature").then(|| signature.to_owned());
            receive(shop, "test", &header, body).await
        };
        let mut damaged = body.clone().into_bytes();
        damaged[number % body.len()] ^= 1 << (number % 8);
        let forged = signature.replace("v1=", "v1=0");
        let late = gateway.sign(body, shop.clock.now() - TimeDelta::seconds(301));
        for (body, signature) in
            [(damaged.as_slice(), &signature), (body.as_bytes(), &forged), (body.as_bytes(), &late)]
        {
            let refused = arrives(body, signature).await;
            let is_refused = matches!(refused, Err(ReceiveError::Webhook(WebhookError::Signature)));
            prop_assert!(is_refused, "{:?}", refused);
        }
        arrives(body.as_bytes(), &signature).await.expect("taken");
        let told: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let attempt: PaymentAttemptId = text(&told["attempt"]).parse().expect("an attempt");
        let facts = told["facts"].as_array().expect("facts").iter().map(|fact| {
            (text(&fact["action"]), fact["outcome"] == "succeeded", fact["amount"].as_i64().expect("an amount"))
        });
        for (order, known) in self.orders.iter().enumerate() {
            if let Some(number) = known.attempts.iter().position(|own| *own == attempt) {
                model.hear(order, number, &facts.clone().collect::<Vec<_>>());
            }
        }
        Ok(())
    }

    /// Does something with an order. What forms name by a key is done twice.
    pub(super) async fn deed(&mut self, number: usize, deed: &Deed, model: &mut Model) -> Result<(), TestCaseError> {
        let Some(deed) = possible(deed, &model.orders[number]) else { return Ok(()) };
        if let Deed::Edit(what, pieces) = deed
            && pieces - model.orders[number].lines[&what] > model.stock.free(what)
        {
            return Ok(());
        }
        let shop = self.shop().clone();
        let (id, who) = (self.orders[number].id, self.goods.frame.who.clone());
        let key = uuid_at(shop.clock.now()).to_string();
        let mut could = [0; VARIATIONS];
        let outcome = match &deed {
            Deed::Pay(answer, Way::Form) => {
                let known = &self.orders[number];
                let (cart, agreement) = known.form.clone().expect("it was a cart");
                let placed = self.answering(*answer, Guest::with(shop.clone(), cart).place_as(agreement)).await;
                if let Ok(access) = &placed {
                    prop_assert_eq!(access, &known.access);
                }
                of_payment(placed)
            }
            Deed::Pay(answer, way) => {
                let payer = (*way == Way::Account).then_some(self.customer);
                of_payment(self.answering(*answer, pay::pay(&shop, id, payer)).await)
            }
            Deed::Change(method) => of_payment(pay::change_method(&shop, id, None, method.code()).await),
            Deed::Reopen => {
                let guest = &mut self.goods.guests[model.orders[number].guest.unwrap_or(MEMBER)];
                let changed = change_cart(&shop, id, &guest.holder()).await;
                of_order(changed.map(|token: Token| guest.token = Some(token)))
            }
            Deed::Play(attempt, scenario) => {
                self.play(number, *attempt, *scenario).await;
                Outcome::Done
            }
            Deed::Return(attempt) => {
                self.come_back(number, *attempt).await;
                Outcome::Done
            }
            Deed::CancelOwn => of_order(cancel::cancel_own(&shop, id).await),
            Deed::CancelFor { restock, refund } => {
                of_order(cancel::cancel_for(&shop, &who, id, *restock, *refund).await)
            }
            Deed::Ship { at, pieces, label, .. } => {
                could = self.could_leave(id, *at).await;
                let parcel = self.parcel(id, *at, *pieces, key).await;
                let sent = async || match label {
                    Label::ByHand => of_order(ship(&shop, &who, id, &parcel).await),
                    Label::Bought { refused } => self.send(id, &parcel, *refused).await,
                };
                let outcome = sent().await;
                if outcome == Outcome::Done {
                    prop_assert_eq!(sent().await, Outcome::Done, "sent twice it is the same");
                }
                outcome
            }
            Deed::Deliver(parcel, told) => {
                let sent = shipments::shipments_of_order(shop.db.primary(), id).await.expect("read");
                let shipment = sent[*parcel].id;
                if *told {
                    let came = TrackingEvent {
                        carrier_event_id: "came".to_owned(),
                        kind: TrackingKind::Delivered,
                        place: String::new(),
                        text: String::new(),
                        at: shop.clock.now(),
                    };
                    record_tracking(&shop, shipment, &[came]).await.expect("told");
                    Outcome::Done
                } else {
                    of_order(deliver(&shop, &who, shipment).await)
                }
            }
            Deed::Refund(share, method) => {
                let (amount, lines) = match *share {
                    Share::Percent(percent) => (Some(euros(model.orders[number].total * percent / 100)), Vec::new()),
                    Share::Pieces(what, pieces) => {
                        let line = self.line(id, what).await;
                        (None, vec![(line, i32::try_from(pieces).expect("few"))])
                    }
                };
                let asked = Refund { key, amount, lines, method: *method, reason: "broken".to_owned() };
                let outcome = refund(&shop, &who, id, &asked).await;
                if let Ok(first) = &outcome {
                    prop_assert_eq!(&refund(&shop, &who, id, &asked).await.expect("decided already"), first);
                }
                of_order(outcome)
            }
            Deed::SendBack(back) => self.send_back(id, *back, &key).await,
            Deed::Edit(what, pieces) => self.edit(id, *what, *pieces).await,
            Deed::Money(percent) => {
                let amount = euros(model.orders[number].total * percent / 100);
                let outcome = of_order(receive_money(&shop, &who, id, amount, &key).await);
                prop_assert_eq!(&of_order(receive_money(&shop, &who, id, amount, &key).await), &outcome);
                outcome
            }
            Deed::Mistake(which) => {
                let text = "SELECT e.fact FROM payment_events e JOIN payment_attempts a ON a.id = e.attempt_id
                            WHERE a.order_id = $1 AND e.source = 'staff' AND e.action = 'capture'
                            AND e.outcome = 'succeeded' ORDER BY e.id";
                let noted: Vec<Noted> = shop.rows(text, [id.into()]).await;
                match noted.get(which % noted.len().max(1)) {
                    Some(Noted { fact }) => {
                        let outcome = of_order(withdraw_money(&shop, &who, id, fact).await);
                        prop_assert_eq!(&of_order(withdraw_money(&shop, &who, id, fact).await), &outcome);
                        outcome
                    }
                    None => Outcome::Done,
                }
            }
        };
        model.stock.now = shop.clock.now();
        prop_assert_eq!(outcome, model.order(number, &deed, could), "{:?}", deed);
        Ok(())
    }

    async fn play(&self, number: usize, attempt: usize, scenario: Scenario) {
        let shop = self.shop();
        let reference = format!("test-{}", self.orders[number].attempts[attempt].0.simple());
        let gateway = shop.test_gateway.as_ref().expect("on offer");
        let to = gateway.play(&reference, scenario).await.expect("played").expect("a payment");
        if to.contains("/return?") {
            self.come_back(number, attempt).await;
        }
        if matches!(scenario, Scenario::Slow | Scenario::TimeoutAfterCharge) {
            shop.wait_seconds(attempt::DARK_SECONDS);
        }
    }

    async fn come_back(&self, number: usize, attempt: usize) {
        let known = &self.orders[number];
        let order = pay::returned(self.shop(), "test", known.attempts[attempt], &BTreeMap::new()).await;
        assert_eq!(order.expect("asked"), Some(known.id));
    }

    pub(super) async fn order(&self, id: OrderId) -> Order {
        queries::by_id(self.shop().db.primary(), id).await.expect("read").expect("the order")
    }

    pub(super) async fn line(&self, id: OrderId, what: usize) -> commerce::orders::OrderLineId {
        let lines = self.order(id).await.lines;
        lines.iter().find(|line| line.sku == self.goods.skus[what]).expect("a line").id
    }
}

#[derive(FromQueryResult)]
struct Made {
    id: OrderId,
}

#[derive(FromQueryResult)]
struct Tried {
    id: PaymentAttemptId,
}

/// What is done, with numbers of what there is; nothing where there is nothing to do it with.
fn possible(deed: &Deed, order: &order::Order) -> Option<Deed> {
    let tests = |number: usize| {
        let all = order.attempts.iter().enumerate();
        let named: Vec<_> = all.filter(|(_, of)| of.method == Method::Test && of.named).map(|(at, _)| at).collect();
        named.get(number.checked_rem(named.len())?).copied()
    };
    Some(match *deed {
        Deed::Pay(answer, Way::Form) if order.guest.is_none() => Deed::Pay(answer, Way::Link),
        Deed::Edit(what, pieces) => Deed::Edit(*order.lines.keys().nth(what % order.lines.len())?, pieces),
        Deed::Play(attempt, scenario) => Deed::Play(tests(attempt)?, scenario),
        Deed::Return(attempt) => Deed::Return(tests(attempt)?),
        Deed::Deliver(parcel, told) => Deed::Deliver(parcel.checked_rem(order.parcels.len())?, told),
        // Pieces of what is not in it can't be asked for.
        Deed::Refund(Share::Pieces(what, pieces), method) => {
            let what = *order.lines.keys().nth(what % order.lines.len())?;
            Deed::Refund(Share::Pieces(what, pieces), method)
        }
        Deed::SendBack(back) => {
            let what = *order.shipped.keys().nth(back.what.checked_rem(order.shipped.len())?)?;
            Deed::SendBack(SentBack { what, ..back })
        }
        Deed::Ship { at, mut pieces, fits, label } => {
            for (what, of) in pieces.iter_mut().enumerate() {
                let most = if fits { order.left(what) } else { i64::MAX };
                *of = if order.lines.contains_key(&what) { most.min(*of) } else { 0 };
            }
            Deed::Ship { at, pieces, fits, label }
        }
        ref other => other.clone(),
    })
}

/// The payment ledger of an order.
pub async fn attempts(shop: &TestShop, id: OrderId) -> Vec<ledger::Attempt> {
    ledger::attempts(shop.db.primary(), id).await.expect("read")
}
