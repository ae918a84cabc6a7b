//! What an edited order comes to.

use super::*;
use crate::orders::{OrderId, OrderLine, OrderLineId, Payment};
use crate::payments::PaymentTerms;
use crate::pricing::{Amounts, TaxRate};
use chrono::{DateTime, Utc};
use proptest::prelude::*;
use uuid::Uuid;

/// Currencies with 0, 2 and 3 decimals.
const CURRENCIES: [Currency; 3] = [Currency::JPY, Currency::EUR, Currency::KWD];

fn rate(text: &str) -> TaxRate {
    TaxRate(text.parse().expect("a rate"))
}

fn rates(standard: &str) -> TaxRates {
    let row = |class: &str, country: &str, text: &str| (class.to_owned(), country.to_owned(), rate(text));
    TaxRates::new([row("standard", "DE", standard), row("reduced", "DE", "0.07"), row("standard", "FR", "0.2")])
}

/// Two ways of delivery, the first of which costs nothing from some value on.
fn methods(currency: Currency, price: i64, free_over: i64) -> Vec<DeliveryMethod> {
    let standard = DeliveryMethod {
        code: "standard".to_owned(),
        name: "Standard".to_owned(),
        description: String::new(),
        price: Money::new(price, currency),
        free_over: Some(Money::new(free_over, currency)),
        min_days: 1,
        max_days: 2,
    };
    let express = DeliveryMethod { code: "express".to_owned(), free_over: None, ..standard.clone() };
    vec![standard, express]
}

fn address(country: &str) -> Address {
    Address { name: "Ada".to_owned(), ..Address::nowhere(country) }
}

/// An order of nothing, as drafts begin.
pub(crate) fn nothing(currency: Currency, prices_include_tax: bool, country: &str) -> Order {
    let nothing = LineTotal { rate: rate("0"), amounts: Amounts::default() };
    Order {
        id: OrderId(Uuid::nil()),
        number: "E-0000-0000".parse().expect("a number"),
        lifecycle: Lifecycle::Draft,
        payment: Payment::None,
        fulfilment: Fulfilment::Unfulfilled,
        payment_method: String::new(),
        payment_terms: PaymentTerms::InAdvance,
        email: String::new(),
        phone: String::new(),
        delivery_address: address(country),
        billing_address: address(country),
        note: String::new(),
        currency,
        prices_include_tax,
        delivery_code: String::new(),
        delivery_name: String::new(),
        delivery: nothing,
        total: Amounts::default(),
        store_credit: Money::zero(currency),
        pay_by: None,
        keeps_payment: false,
        version: 1,
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        lines: Vec::new(),
    }
}

/// A line that is wanted: which goods, what one costs, how many.
type Wanted = (u128, i64, i32);

fn class(goods: u128) -> &'static str {
    if goods.is_multiple_of(2) { "standard" } else { "reduced" }
}

/// The order with these lines, by the functions that proposals are priced by.
fn become_(order: &Order, wanted: &[Wanted], delivery: &str, prices: Prices<'_>) -> Order {
    let to_price = |(goods, price, quantity): &Wanted| LineToPrice {
        unit_price: Money::new(*price, order.currency),
        quantity: *quantity,
        tax_class: class(*goods).to_owned(),
    };
    let lines: Vec<_> = wanted.iter().map(to_price).collect();
    let value = Money::new(wanted.iter().map(|(_, price, pieces)| price * i64::from(*pieces)).sum(), order.currency);
    let cost = delivery_price(order, prices, delivery, value);
    let totals = super::price(order, prices, Some(&order.delivery_address), &lines, cost).expect("in range");
    let line = |((goods, price, quantity), total): (&Wanted, &LineTotal)| OrderLine {
        id: OrderLineId(Uuid::from_u128(*goods)),
        product: ProductId(Uuid::from_u128(*goods)),
        variation: VariationId(Uuid::from_u128(*goods)),
        name: String::new(),
        slug: String::new(),
        sku: String::new(),
        options: ChosenOptions::default(),
        quantity: *quantity,
        unit_price: Money::new(*price, order.currency),
        tax_class: class(*goods).to_owned(),
        total: *total,
        picture: None,
    };
    Order {
        lifecycle: Lifecycle::Placed,
        delivery_code: delivery.to_owned(),
        delivery: totals.delivery,
        total: totals.total,
        lines: wanted.iter().zip(&totals.lines).filter(|((.., quantity), _)| *quantity > 0).map(line).collect(),
        ..order.clone()
    }
}

fn amounts(order: &Order) -> (Amounts, LineTotal, Vec<(VariationId, LineTotal)>) {
    let mut lines: Vec<_> = order.lines.iter().map(|line| (line.variation, line.total)).collect();
    lines.sort_by_key(|(variation, _)| *variation);
    (order.total, order.delivery, lines)
}

fn quantities() -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(0_i32..=5, 6)
}

proptest! {
    #[test]
    fn edited_to_and_fro_an_order_comes_to_what_a_fresh_one_does(
        currency in 0_usize..3,
        include_tax in any::<bool>(),
        costs in prop::collection::vec(0_i64..100_000, 6),
        steps in prop::collection::vec((quantities(), any::<bool>()), 2..6),
        delivery in 0_i64..2_000,
        free_over in 0_i64..500_000,
    ) {
        let currency = CURRENCIES[currency];
        let (rates, methods) = (rates("0.19"), methods(currency, delivery, free_over));
        let prices = Prices { currency, include_tax, rates: &rates, methods: &methods, home: "DE" };
        let wanted = |quantities: &[i32]| -> Vec<Wanted> {
            (0..).zip(&costs).zip(quantities).map(|((goods, cost), quantity)| (goods, *cost, *quantity)).collect()
        };
        let method = |express: bool| if express { "express" } else { "standard" };
        let fresh = |(quantities, express): &(Vec<i32>, bool)| {
            let draft = nothing(currency, include_tax, "DE");
            become_(&draft, &wanted(quantities), method(*express), prices)
        };
        let mut order = fresh(&steps[0]);
        for step in steps.iter().skip(1).chain([&steps[0]]) {
            order = become_(&order, &wanted(&step.0), method(step.1), prices);
            prop_assert_eq!(amounts(&order), amounts(&fresh(step)));
            let every = || order.lines.iter().map(|line| line.total).chain([order.delivery]);
            prop_assert_eq!(every().map(|line| line.amounts.gross).sum::<i64>(), order.total.gross);
            prop_assert_eq!(order.total.net + order.total.tax, order.total.gross);
        }
    }
}

#[test]
fn what_was_agreed_on_stays_when_the_shop_changes_its_prices() {
    let (old, new) = (rates("0.19"), rates("0.25"));
    let (cheap, dear) = (methods(Currency::EUR, 490, 10_000), methods(Currency::EUR, 690, 10_000));
    let before = Prices { currency: Currency::EUR, include_tax: true, rates: &old, methods: &cheap, home: "DE" };
    let after = Prices { rates: &new, methods: &dear, ..before };
    let order = become_(&nothing(Currency::EUR, true, "DE"), &[(0, 1_000, 2)], "standard", before);
    assert_eq!((order.total.gross, order.delivery.amounts.gross), (2_490, 490));
    let more = become_(&order, &[(0, 1_000, 3), (2, 500, 1)], "standard", after);
    assert_eq!((more.total.gross, more.delivery.amounts.gross), (3_990, 490), "delivery costs what was agreed on");
    assert!(more.lines.iter().all(|line| line.total.rate == rate("0.19")), "one order, one rate");
    let free = become_(&more, &[(0, 1_000, 10)], "standard", after);
    assert_eq!(free.delivery.amounts.gross, 0);
    let express = become_(&order, &[(0, 1_000, 2)], "express", after);
    assert_eq!(express.delivery.amounts.gross, 690, "another way costs what it costs now");
    let gone = Prices { methods: &[], ..after };
    assert_eq!(become_(&order, &[(0, 1_000, 9)], "standard", gone).delivery.amounts.gross, 490);
}

#[test]
fn an_order_that_goes_to_another_country_is_taxed_there() {
    let (rates, methods) = (rates("0.19"), methods(Currency::EUR, 490, 10_000));
    let prices = Prices { currency: Currency::EUR, include_tax: false, rates: &rates, methods: &methods, home: "DE" };
    let order = become_(&nothing(Currency::EUR, false, "DE"), &[(0, 1_000, 1)], "standard", prices);
    assert_eq!(order.total.gross, 1_190 + 583);
    let lines =
        [LineToPrice { unit_price: Money::new(1_000, Currency::EUR), quantity: 1, tax_class: "standard".into() }];
    let there = address("FR");
    let delivery = delivery_price(&order, prices, "standard", Money::new(1_000, Currency::EUR));
    let totals = super::price(&order, prices, Some(&there), &lines, delivery).expect("in range");
    assert_eq!(totals.total.gross, 1_200 + 588);
}

#[test]
fn a_variation_is_in_an_order_once() {
    let mut composition = Composition::empty();
    for number in 0..MAX_LINES as u128 {
        composition.add(VariationId(Uuid::from_u128(number))).expect("there is room");
    }
    for _ in 0..200 {
        composition.add(VariationId(Uuid::from_u128(0))).expect("one more of it");
    }
    assert_eq!((composition.lines.len(), composition.lines[0].quantity), (MAX_LINES, MAX_QUANTITY));
    let other = composition.add(VariationId(Uuid::from_u128(1_000)));
    assert!(matches!(other, Err(EditError::TooManyLines)));
}

#[test]
fn only_what_was_not_sent_can_be_changed() {
    for lifecycle in Lifecycle::ALL {
        for fulfilment in Fulfilment::ALL {
            let order = Order { lifecycle: *lifecycle, fulfilment: *fulfilment, ..nothing(Currency::EUR, true, "DE") };
            let open = matches!(lifecycle, Lifecycle::AwaitingPayment | Lifecycle::InReview | Lifecycle::Placed);
            assert_eq!(
                can_edit(&order),
                open && *fulfilment == Fulfilment::Unfulfilled,
                "{lifecycle:?} {fulfilment:?}"
            );
        }
    }
}

#[test]
fn what_was_kept_before_phone_numbers_were_can_be_read() {
    let empty = serde_json::to_value(Composition::empty()).expect("JSON");
    assert_eq!(empty.get("phone"), None, "drafts with nothing in them are found by this");
    assert_eq!(serde_json::from_value::<Composition>(empty).expect("read"), Composition::empty());
}
