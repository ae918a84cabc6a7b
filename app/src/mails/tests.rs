//! Mails say what they must, in both forms, and nothing that is typed becomes markup.

use super::*;
use chrono::{DateTime, Utc};
use commerce::catalog::{ChosenOptions, ProductId, VariationId};
use commerce::checkout::Address;
use commerce::money::{Currency, Money};
use commerce::notifications::Mail;
use commerce::orders::{Fulfilment, Lifecycle, Order, OrderId, OrderLine, OrderLineId, Payment};
use commerce::payments::PaymentTerms;
use commerce::pricing::{Amounts, LineTotal, TaxRate};
use commerce::settings::Settings;
use uuid::Uuid;

const URL: &str = "https://shop.example.com/account/orders/E-0000-0000?a=1&b=2";

/// Two mugs, with a name that would be markup.
pub(crate) fn order() -> Order {
    let address = Address {
        name: "Zoë <b>Ærø</b>".to_owned(),
        line1: "Größe 1".to_owned(),
        line2: String::new(),
        city: "Łódź".to_owned(),
        region: String::new(),
        postal_code: "90-001".to_owned(),
        country: "PL".to_owned(),
    };
    let rate = TaxRate("0.19".parse().expect("a rate"));
    let total = LineTotal { rate, amounts: Amounts { net: 2_168, tax: 412, gross: 2_580 } };
    Order {
        id: OrderId(Uuid::nil()),
        number: "E-0000-0000".parse().expect("a number"),
        lifecycle: Lifecycle::Placed,
        payment: Payment::Paid,
        fulfilment: Fulfilment::Unfulfilled,
        payment_method: "bank_transfer".to_owned(),
        payment_terms: PaymentTerms::InAdvance,
        email: "zoe@example.org".to_owned(),
        phone: String::new(),
        delivery_address: address.clone(),
        billing_address: address,
        note: String::new(),
        currency: Currency::EUR,
        prices_include_tax: true,
        delivery_code: "standard".to_owned(),
        delivery_name: "Standard".to_owned(),
        delivery: LineTotal { rate, amounts: Amounts { net: 412, tax: 78, gross: 490 } },
        total: Amounts { net: 2_580, tax: 490, gross: 3_070 },
        store_credit: Money::new(0, Currency::EUR),
        pay_by: None,
        keeps_payment: false,
        version: 1,
        created_at: DateTime::<Utc>::UNIX_EPOCH,
        lines: vec![OrderLine {
            id: OrderLineId(Uuid::nil()),
            product: ProductId(Uuid::nil()),
            variation: VariationId(Uuid::nil()),
            name: "Mug & <script>Saucer</script>".to_owned(),
            slug: "mug".to_owned(),
            sku: "MUG".to_owned(),
            options: ChosenOptions::default(),
            quantity: 2,
            unit_price: Money::new(1_290, Currency::EUR),
            tax_class: "standard".to_owned(),
            total,
            picture: None,
        }],
    }
}

fn settings() -> Settings {
    Settings { name: "Emporion".to_owned(), ..Settings::default() }
}

/// The mail that `write` writes about the order, after checks that hold for every mail about one.
fn mail(write: impl Fn(About<'_>) -> Mail) -> Mail {
    let (order, settings) = (order(), settings());
    let mail = write(About { order: &order, settings: &settings, url: URL });
    assert_eq!(mail.recipient, "zoe@example.org");
    assert!(mail.subject.ends_with(" – E-0000-0000"), "{}", mail.subject);
    assert!(mail.text.contains("E-0000-0000") && mail.html.contains("E-0000-0000"));
    assert!(mail.text.contains("Emporion"), "{}", mail.text);
    assert!(!mail.text.contains("<p") && !mail.text.contains("&amp;"), "{}", mail.text);
    assert!(!mail.html.contains("<script>") && !mail.html.contains("<b>Ærø"), "{}", mail.html);
    // What has a ground has a colour of its own, so that a program that makes it dark hides nothing.
    for style in mail.html.split("style=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let rules: Vec<_> = style.split(';').filter_map(|rule| rule.split(':').next()).collect();
        assert!(!rules.contains(&"background") || rules.contains(&"color"), "{style}");
    }
    mail
}

fn both(mail: &Mail, parts: &[&str]) {
    for part in parts {
        assert!(mail.text.contains(part), "{part} is not in {}", mail.text);
        let escaped = part.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(mail.html.contains(&escaped), "{escaped} is not in {}", mail.html);
    }
}

fn one_mug() -> Vec<Pieces> {
    vec![Pieces::of(&order().lines[0], 1)]
}

fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

#[test]
fn a_parcel_is_told_with_its_carrier_and_what_is_in_it() {
    let tracking = "https://track.example.com/?n=1&m=2";
    let parcel = Parcel {
        carrier: "DHL Express",
        tracking_number: Some("JD014600001234567890"),
        tracking_url: Some(tracking),
        is_last: false,
        is_one_of_several: true,
        pieces: one_mug(),
    };
    let part = mail(|about| order_shipped(about, &parcel));
    assert!(part.subject.starts_with("A part of your order is on its way"), "{}", part.subject);
    both(
        &part,
        &["DHL Express", "JD014600001234567890", tracking, URL, "1 × ", "Mug & <script>Saucer</script>", "Łódź"],
    );
    both(&part, &["We send the rest as soon as we can"]);
    let rest = mail(|about| order_shipped(about, &Parcel { is_last: true, ..parcel.clone() }));
    assert!(rest.subject.starts_with("The rest of your order"), "{}", rest.subject);
    assert!(!rest.text.contains("We send the rest"), "{}", rest.text);
    let whole = Parcel { is_last: true, is_one_of_several: false, tracking_number: None, tracking_url: None, ..parcel };
    let whole_mail = mail(|about| order_shipped(about, &whole));
    assert!(whole_mail.subject.starts_with("Your order is on its way"), "{}", whole_mail.subject);
    both(&whole_mail, &["DHL Express brings it to", URL]);
    assert!(!whole_mail.text.contains("tracking number"), "{}", whole_mail.text);
    both(&mail(|about| order_delivered(about, &whole)), &["Your parcel has come", "DHL Express", URL]);
}

#[test]
fn money_that_goes_back_is_told_with_its_way() {
    let pieces = [one_mug().remove(0).for_amount(euro(1_290))];
    let to_card = mail(|about| refund_issued(about, euro(104_820), RefundedTo::Method("Visa •••• 4242"), &pieces));
    both(&to_card, &["We have refunded €1,048.20", "Visa •••• 4242", "1 × ", "€12.90", URL]);
    let credit = mail(|about| refund_issued(about, euro(500), RefundedTo::StoreCredit, &[]));
    both(&credit, &["€5.00 to your store credit"]);
    assert!(!credit.html.contains(" × "), "{}", credit.html);
    let by_hand = mail(|about| refund_issued(about, euro(500), RefundedTo::ByHand, &[]));
    both(&by_hand, &["We have sent €5.00 back to you"]);
    let decided = mail(|about| refund_decided(about, euro(500), None));
    both(&decided, &["We will refund €5.00", "We send €5.00 back to you", URL]);
    assert!(!decided.text.contains("We have"), "nothing has gone yet: {}", decided.text);
    both(&mail(|about| refund_decided(about, euro(500), Some(euro(70)))), &["We send €5.00", "added €0.70"]);
}

#[test]
fn staff_are_told_what_is_wrong_with_a_payment() {
    let settings = Settings::default();
    let mail = |trouble| {
        let number = "E-0000-0000".parse().expect("a number");
        payment_trouble("ada@example.org", number, "stripe", &trouble, &settings, "https://shop.example.com")
    };
    let page = "https://shop.example.com/admin/orders/E-0000-0000";
    both(&mail(PaymentTrouble::NotTaken(Some("<expired>".to_owned()))), &["refused to take", "<expired>", page]);
    both(&mail(PaymentTrouble::NotGivenBack(None)), &["did not go back by Card or wallet", page]);
    both(&mail(PaymentTrouble::Lapsed), &["not paid any more", page]);
}

#[test]
fn a_cancelled_order_says_what_becomes_of_its_money() {
    let paid = mail(|about| order_cancelled(about, Some("It is <sold out>"), Some(euro(3_070)), None));
    both(&paid, &["Your order was cancelled", "It is <sold out>", "We send €30.70 back", "2 × ", URL]);
    let unpaid = mail(|about| order_cancelled(about, None, None, None));
    both(&unpaid, &["There is nothing to pay."]);
    assert!(!unpaid.text.contains("The reason"), "{}", unpaid.text);
    let credit = mail(|about| order_cancelled(about, None, None, Some(euro(500))));
    both(&credit, &["€5.00 that you had paid with store credit is in your account again"]);
    assert!(!credit.text.contains("nothing to pay"), "{}", credit.text);
}

#[test]
fn a_confirmation_says_what_store_credit_has_paid() {
    let with_credit = Order { store_credit: euro(1_000), payment: Payment::PartlyPaid, ..order() };
    let told = order_confirmation(&with_credit, with_credit.due(), &settings(), URL);
    both(&told, &["€30.70", "Paid with store credit", "€10.00", "To pay", "Please transfer €20.70"]);
    let without = order_confirmation(&order(), order().due(), &settings(), URL);
    assert!(!without.text.contains("store credit"), "{}", without.text);
}

#[test]
fn what_is_to_be_paid_leads_to_where_it_can_be() {
    let pay = "https://shop.example.com/checkout/pay/abc";
    let until = "2026-12-01T10:00:00Z".parse::<DateTime<Utc>>().expect("a time");
    let reminder = mail(|about| payment_reminder(about, euro(1_000), Some(until), pay));
    both(&reminder, &["€10.00 of your order is still to be paid", "1 December 2026", pay, "€25.80"]);
    let declined = mail(|about| payment_declined(about, None, pay));
    both(&declined, &["The payment of €30.70 did not go through", "nothing was charged", pay]);
    assert!(!declined.text.contains("until"), "{}", declined.text);
}

#[test]
fn a_changed_order_says_what_becomes_of_the_difference() {
    let more = mail(|about| order_changed(about, euro(2_000), Difference::ToPay(euro(1_070))));
    both(&more, &["It comes to €30.70 now; before it was €20.00", "Please transfer €10.70", "Pay now", URL]);
    let less = mail(|about| order_changed(about, euro(5_000), Difference::GoesBack));
    both(&less, &["before it was €50.00", "goes back the way you paid", "See your order"]);
    let same = mail(|about| order_changed(about, euro(3_070), Difference::None));
    both(&same, &["€30.70, as before", "2 × "]);
    assert!(!same.text.contains("paid") && !same.text.contains("now;"), "{}", same.text);
    let agreed = mail(|about| order_changed(about, euro(2_000), Difference::AsAgreed(euro(3_070))));
    both(&agreed, &["before it was €20.00", &next_step(&order(), euro(3_070), &settings())]);
}

#[test]
fn an_order_of_staffs_is_handed_to_its_customer() {
    let until = "2026-12-01T10:00:00Z".parse::<DateTime<Utc>>().expect("a time");
    let asked = mail(|about| order_to_pay(about, Some(until), "https://shop.example.com/pay"));
    both(&asked, &["Please pay €30.70", "until 1 December 2026", "https://shop.example.com/pay", "€25.80"]);
}

#[test]
fn a_return_is_told_step_by_step() {
    let address = ["Emporion".to_owned(), "Lager 1".to_owned(), "10117 Berlin".to_owned()];
    let cases = [
        (ReturnStep::Requested, "We have got your return request"),
        (ReturnStep::Approved(&address), "to Emporion, Lager 1, 10117 Berlin"),
        (ReturnStep::Rejected("It was <worn>"), "The reason: It was <worn>"),
        (ReturnStep::Received, "Your return has come"),
        (ReturnStep::Refunded(euro(1_000), euro(290)), "we give back €10.00. We keep €2.90"),
        (ReturnStep::Closed("It <never> came"), "The reason: It <never> came"),
    ];
    for (step, says) in cases {
        let told = mail(|about| return_update(about, "R-1", step, "Greetings & thanks", &one_mug()));
        both(&told, &[says, "R-1", "Greetings & thanks", "1 × ", URL]);
    }
}
