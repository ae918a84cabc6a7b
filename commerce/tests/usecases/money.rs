//! Every total is exact to the minor unit from the cart to the last refund, in currencies with 0, 2 and 3 digits.

use crate::harness::{Goods, TestShop, check};
use commerce::accounts::SignedIn;
use commerce::checkout::Step;
use commerce::checkout::save_step::StepDone;
use commerce::fulfilment::DeliveryMethod;
use commerce::fulfilment::create_delivery_method::create_delivery_method;
use commerce::money::{Currency, Money};
use commerce::orders::cancel::OrderError;
use commerce::orders::refund::{Refund, RefundMethod, refund, refundable};
use commerce::orders::{Order, OrderId, OrderLineId, Payment, queries};
use commerce::payments::ledger;
use commerce::payments::operate::operate_due;
use commerce::pricing::Amounts;
use commerce::settings::{Settings, queries::save};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

/// What is bought: what the product costs, what its variation adds, how many, and whether it is taxed less.
type Bought = (i64, i64, i32, bool);

/// What the van costs.
const DELIVERY: i64 = 495;

async fn trades_in(shop: &TestShop, currency: Currency, prices_include_tax: bool) {
    let settings = Settings { currency, prices_include_tax, ..Settings::default() };
    save(shop.db.primary(), &settings, shop.clock.now()).await.expect("saved");
    shop.refresh().await.expect("read again");
}

async fn has_a_van(shop: &TestShop, currency: Currency) {
    let method = DeliveryMethod {
        code: "van".to_owned(),
        name: "Van".to_owned(),
        description: String::new(),
        price: Money::new(DELIVERY, currency),
        free_over: None,
        min_days: 1,
        max_days: 1,
    };
    create_delivery_method(shop.db.primary(), &method, 2, shop.clock.now()).await.expect("created");
}

/// An order of these, paid by card.
async fn ordered(shop: &TestShop, currency: Currency, bought: &[Bought]) -> Order {
    let first = shop.count("products").await;
    let mut goods = Vec::new();
    let mut guest = shop.guest();
    for ((price, more, _, reduced), number) in bought.iter().zip(first..) {
        let product =
            Goods::varied(shop, &format!("P{number}"), 0, &[]).variation(&format!("P{number}"), &[], *more, 100);
        goods.push(product.with(|product| {
            product.base_price = Money::new(*price, currency);
            if *reduced {
                product.variations[0].tax_class = "reduced".to_owned();
            }
        }));
    }
    shop.add_goods(goods).await;
    for ((_, _, quantity, _), number) in bought.iter().zip(first..) {
        guest.add(&format!("P{number}"), *quantity).await.expect("added");
    }
    guest.checkout_to(Step::Delivery).await.expect("under way");
    for done in
        [StepDone::Delivery { method: "van".to_owned(), note: String::new() }, StepDone::Payment("card".to_owned())]
    {
        guest.save(done).await.expect("chosen");
    }
    let access = guest.place().await.expect("placed");
    let order = queries::by_access_token(shop.db.primary(), &access.hash()).await.expect("read");
    order.expect("the order")
}

/// What an amount comes to at a whole rate, reckoned without decimals.
fn taken_apart(amount: i64, percent: i128, included: bool) -> Amounts {
    let of = if included { 100 + percent } else { 100 };
    let tax = (2 * i128::from(amount) * percent + of) / (2 * of);
    let tax = i64::try_from(tax).expect("it fits");
    let (net, gross) = if included { (amount - tax, amount) } else { (amount, amount + tax) };
    Amounts { net, tax, gross }
}

fn by_lines(key: String, lines: Vec<(OrderLineId, i32)>) -> Refund {
    Refund { key, amount: None, lines, method: RefundMethod::Original, reason: String::new() }
}

fn of_amount(key: &str, amount: Money) -> Refund {
    Refund { amount: Some(amount), ..by_lines(key.to_owned(), Vec::new()) }
}

async fn left(shop: &TestShop, order: &Order) -> i64 {
    refundable(shop.db.primary(), order).await.expect("read").minor()
}

/// Gives a line back piece by piece: each costs its share, all of them what the line did.
async fn give_back(
    shop: &TestShop,
    staff: &SignedIn,
    order: &Order,
    line: OrderLineId,
    quantity: i32,
    gross: i64,
) -> Result<(), TestCaseError> {
    let before = left(shop, order).await;
    let mut last = before;
    for piece in 0..quantity {
        let one = by_lines(format!("{line} {piece}"), vec![(line, 1)]);
        refund(shop, staff, order.id, &one).await.expect("decided");
        let now = left(shop, order).await;
        let share = gross / i64::from(quantity);
        prop_assert!([share, share + 1].contains(&(last - now)), "{} of {gross} for one of {quantity}", last - now);
        last = now;
    }
    prop_assert_eq!(before - last, gross);
    Ok(())
}

async fn sum(shop: &TestShop, text: &str, order: OrderId) -> i64 {
    shop.number(&format!("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS n FROM {text}"), [order.into()]).await
}

async fn is_exact(
    shop: TestShop,
    staff: SignedIn,
    currency: Currency,
    included: bool,
    bought: Vec<Bought>,
) -> Result<(), TestCaseError> {
    trades_in(&shop, currency, included).await;
    let order = ordered(&shop, currency, &bought).await;
    prop_assert_eq!(order.currency, currency);
    prop_assert_eq!(order.lines.len(), bought.len());
    let mut sum_of_all = taken_apart(DELIVERY, 19, included);
    prop_assert_eq!(order.delivery.amounts, sum_of_all);
    for (line, (price, more, quantity, reduced)) in order.lines.iter().zip(&bought) {
        prop_assert_eq!(line.unit_price, Money::new(price + more, currency));
        let amount = (price + more) * i64::from(*quantity);
        let amounts = taken_apart(amount, if *reduced { 7 } else { 19 }, included);
        prop_assert_eq!(line.total.amounts, amounts);
        sum_of_all.net += amounts.net;
        sum_of_all.tax += amounts.tax;
        sum_of_all.gross += amounts.gross;
    }
    prop_assert_eq!(order.total, sum_of_all);
    let total = Money::new(sum_of_all.gross, currency);
    prop_assert_eq!(shop.world().card.requests().last().map(|request| request.amount), Some(total));
    let attempts = ledger::attempts(shop.db.primary(), order.id).await.expect("read");
    prop_assert_eq!(attempts.iter().map(|attempt| attempt.amount).collect::<Vec<_>>(), [total]);
    prop_assert_eq!(attempts[0].state.balance.kept(), total.minor());

    for line in &order.lines {
        give_back(&shop, &staff, &order, line.id, line.quantity, line.total.amounts.gross).await?;
    }
    let delivery = Money::new(order.delivery.amounts.gross, currency);
    prop_assert_eq!(left(&shop, &order).await, delivery.minor());
    refund(&shop, &staff, order.id, &of_amount("delivery", delivery)).await.expect("decided");
    let more = refund(&shop, &staff, order.id, &of_amount("more", Money::new(1, currency))).await;
    prop_assert!(matches!(more, Err(OrderError::TooMuch)));
    operate_due(&shop).await.expect("operated");
    let given_back = "payment_events WHERE action = 'refund' AND outcome = 'succeeded' AND attempt_id IN
                      (SELECT id FROM payment_attempts WHERE order_id = $1)";
    prop_assert_eq!(sum(&shop, given_back, order.id).await, total.minor());
    prop_assert_eq!(sum(&shop, "refunds WHERE order_id = $1", order.id).await, total.minor());
    let order = queries::by_id(shop.db.primary(), order.id).await.expect("read").expect("the order");
    prop_assert_eq!(order.payment, Payment::Refunded);
    Ok(())
}

/// Random orders in a shop of this currency.
async fn are_exact(shop: TestShop, currency: Currency) {
    has_a_van(&shop, currency).await;
    let staff = shop.admin("staff@example.org").await;
    let bought = (1_i64..300_000, 0_i64..1_000, 1_i32..8, prop::bool::ANY);
    check(6, &(prop::bool::ANY, prop::collection::vec(bought, 1..4)), |(included, bought)| {
        is_exact(shop.clone(), staff.clone(), currency, included, bought)
    });
    shop.assert_ledger_agrees().await;
}

both_databases! {
    async fn yen_have_no_minor_unit(shop: TestShop) {
        are_exact(shop, Currency::JPY).await;
    }

    async fn euros_have_cents(shop: TestShop) {
        are_exact(shop, Currency::EUR).await;
    }

    async fn dinars_have_a_thousand_fils(shop: TestShop) {
        are_exact(shop, Currency::KWD).await;
    }
}
