//! A sheet of paper about an order: what is on it, whether it becomes a page or a file.

use crate::accounts::day;
use commerce::checkout::Address;
use commerce::fulfilment::Shipment;
use commerce::invoices::{CancelledInvoice, Content, Invoice};
use commerce::money::Money;
use commerce::orders::{Order, OrderLineId};
use commerce::payments::PaymentTerms;
use commerce::settings::{Seller, Settings};

/// A sheet of paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// What it is: `Invoice INV-000042`.
    pub title: String,
    /// Who sends it, line by line.
    pub sender: Vec<String>,
    /// Who gets it, line by line.
    pub recipient: Vec<String>,
    /// What has to be known of it: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// What the columns of the table are called.
    pub columns: Vec<Column>,
    /// The table, with as many cells in each row as there are columns.
    pub rows: Vec<Vec<Cell>>,
    /// What it comes to.
    pub sums: Vec<Sum>,
    /// What else is said.
    pub notes: Vec<String>,
    /// What is at the foot of every page.
    pub footer: String,
    /// The invoices that were cancelled before this one was issued: their numbers, and what their cancellations are
    /// called.
    pub cancelled: Vec<(i64, String)>,
}

/// A column of a sheet's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it is called.
    pub name: &'static str,
    /// Its share of the width, in hundredths.
    pub width: u8,
    /// Whether it has numbers, which stand at the right.
    pub is_number: bool,
}

/// A cell of a sheet's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// What is in it.
    pub text: String,
    /// What is below it, smaller; perhaps empty.
    pub detail: String,
}

/// A line below a sheet's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: Money,
    /// Whether it is what one looks for.
    pub is_strong: bool,
}

fn text(text: impl Into<String>) -> Cell {
    Cell { text: text.into(), detail: String::new() }
}

fn number(name: &'static str, width: u8) -> Column {
    Column { name, width, is_number: true }
}

fn words(name: &'static str, width: u8) -> Column {
    Column { name, width, is_number: false }
}

/// What of an invoice was paid and what is not, in minor units of its currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Paid with store credit.
    pub store_credit: i64,
    /// Paid with money, whatever of it went back.
    pub taken: i64,
    /// Set aside by a gateway and not taken yet.
    pub set_aside: i64,
    /// Given back, as money and as store credit.
    pub given_back: i64,
    /// Still to be paid.
    pub due: i64,
    /// Whether that is to be transferred.
    pub by_transfer: bool,
}

/// The invoice of an order of which this was paid; `cancelled` are those that it replaces.
pub fn invoice(
    content: &Content,
    invoice: &Invoice,
    received: Received,
    cancelled: &[CancelledInvoice],
    settings: &Settings,
) -> Sheet {
    let Received { store_credit, taken, set_aside, given_back, due, .. } = received;
    let mut sums = sums(content, 1);
    let sum = |name: &str, minor, is_strong| Sum {
        name: name.to_owned(),
        amount: Money::new(minor, content.currency),
        is_strong,
    };
    let paid = [
        ("Paid with store credit", store_credit),
        ("Paid", taken),
        ("Set aside", set_aside),
        ("Given back", given_back),
    ];
    sums.extend(paid.into_iter().filter(|(_, minor)| *minor != 0).map(|(name, minor)| sum(name, minor, false)));
    sums.push(sum("Still to be paid", due, due > 0));
    let mut notes = invoice_notes(content, received, settings);
    let labels: Vec<_> = cancelled.iter().map(|cancelled| cancelled.invoice.label()).collect();
    if !labels.is_empty() {
        notes.push(format!("It replaces {}, cancelled because the order was changed.", labels.join(", ")));
    }
    Sheet {
        title: format!("Invoice {}", invoice.label()),
        facts: facts(content, "Invoice number", invoice, settings),
        rows: rows(content, 1),
        sums,
        notes,
        cancelled: cancelled.iter().map(|of| (of.invoice.number, of.invoice.cancellation_label())).collect(),
        ..blank(content, settings)
    }
}

/// What cancels an invoice whose order was changed: the same amounts, taken back.
pub fn cancellation(cancelled: &CancelledInvoice, settings: &Settings) -> Sheet {
    let (content, invoice) = (&cancelled.content, &cancelled.invoice);
    let mut facts = facts(content, "Cancels invoice", invoice, settings);
    facts.push(("Cancelled", day(cancelled.cancelled_at)));
    Sheet {
        title: format!("Cancellation {}", invoice.cancellation_label()),
        facts,
        rows: rows(content, -1),
        sums: sums(content, -1),
        notes: vec!["The order was changed. Another invoice says what it comes to now.".to_owned()],
        ..blank(content, settings)
    }
}

/// A sheet about what was sold on which nothing is said of it yet.
fn blank(content: &Content, settings: &Settings) -> Sheet {
    Sheet {
        title: String::new(),
        sender: sender(settings),
        recipient: content.billing_address.lines(),
        facts: Vec::new(),
        columns: vec![
            words("Description", 40),
            number("Pieces", 9),
            number("Tax rate", 10),
            number("Net", 14),
            number("Tax", 12),
            number("Gross", 15),
        ],
        rows: Vec::new(),
        sums: Vec::new(),
        notes: Vec::new(),
        footer: footer(settings),
        cancelled: Vec::new(),
    }
}

fn facts(
    content: &Content,
    number: &'static str,
    invoice: &Invoice,
    settings: &Settings,
) -> Vec<(&'static str, String)> {
    vec![
        (number, invoice.label()),
        ("Invoice date", day(invoice.issued_at)),
        ("Order", content.order_number.to_string()),
        ("Order date", day(content.ordered_at)),
        ("Seller’s tax number", settings.seller.tax_id.clone()),
    ]
}

/// What was sold, line by line; every amount times `sign`.
fn rows(content: &Content, sign: i64) -> Vec<Vec<Cell>> {
    let amount = |minor: i64| Money::new(sign * minor, content.currency);
    let line = |description: Cell, quantity: String, total: &commerce::pricing::LineTotal| {
        let amounts = total.amounts;
        let shown = [amounts.net, amounts.tax, amounts.gross].map(|minor| text(amount(minor).to_string()));
        let [net, tax, gross] = shown;
        vec![description, text(quantity), text(format!("{} %", total.rate.percent())), net, tax, gross]
    };
    let mut rows: Vec<_> = content
        .lines
        .iter()
        .map(|sold| {
            let description = description(&sold.name, &sold.options.to_string(), &sold.sku);
            line(description, sold.quantity.to_string(), &sold.total)
        })
        .collect();
    rows.push(line(text(format!("Delivery: {}", content.delivery_name)), "1".to_owned(), &content.delivery));
    rows
}

/// What it comes to; every amount times `sign`.
fn sums(content: &Content, sign: i64) -> Vec<Sum> {
    let sum = |name: String, minor: i64, is_strong| Sum {
        name,
        amount: Money::new(sign * minor, content.currency),
        is_strong,
    };
    let mut sums = vec![sum("Net".to_owned(), content.total.net, false)];
    for (rate, tax) in content.tax_by_rate() {
        sums.push(sum(format!("Tax {} %", rate.percent()), tax.minor(), false));
    }
    sums.push(sum("Total".to_owned(), content.total.gross, true));
    sums
}

fn invoice_notes(content: &Content, received: Received, settings: &Settings) -> Vec<String> {
    let mut notes = vec![format!("Delivered to: {}", content.delivery_address.lines().join(", "))];
    if received.due > 0 {
        let due = Money::new(received.due, content.currency);
        notes.extend(match content.payment_terms {
            PaymentTerms::OnDelivery => Some(format!("Please have {due} at hand when the parcel comes.")),
            // It is paid on the page of the order.
            PaymentTerms::InAdvance if !received.by_transfer => None,
            PaymentTerms::InAdvance | PaymentTerms::Invoice => {
                let number = content.order_number;
                Some(format!("Please transfer {due} to {} with the reference {number}.", settings.bank_account))
            }
        });
    }
    notes
}

/// What is in a parcel, for whoever opens it. `lines` are the lines of the order with their identifiers.
pub fn packing_slip(order: &Order, lines: &[OrderLineId], shipment: &Shipment, settings: &Settings) -> Sheet {
    let mut rows = Vec::new();
    for (id, line) in lines.iter().zip(&order.lines) {
        let packed = shipment.lines.iter().find(|packed| packed.line == *id);
        if let Some(packed) = packed {
            let ordered = format!("{} of {}", packed.quantity, line.quantity);
            let description = description(&line.name, &line.options.to_string(), &line.sku);
            rows.push(vec![description, text(line.sku.clone()), text(ordered)]);
        }
    }
    let mut facts = vec![
        ("Order", order.number.to_string()),
        ("Order date", day(order.created_at)),
        ("Parcel", shipment.number.to_string()),
        ("Sent", day(shipment.shipped_at)),
    ];
    facts.extend(shipment.tracking_number.clone().map(|number| ("Tracking number", number)));
    let note = (!order.note.is_empty()).then(|| format!("Your note: {}", order.note));
    Sheet {
        title: format!("Packing slip {}-{}", order.number, shipment.number),
        sender: sender(settings),
        recipient: order.delivery_address.lines(),
        facts,
        columns: vec![words("Description", 55), words("Article", 25), number("Pieces", 20)],
        rows,
        sums: Vec::new(),
        notes: note.into_iter().collect(),
        footer: footer(settings),
        cancelled: Vec::new(),
    }
}

fn description(name: &str, options: &str, sku: &str) -> Cell {
    let detail = if options.is_empty() { sku.to_owned() } else { format!("{options} · {sku}") };
    Cell { text: name.to_owned(), detail }
}

fn sender(settings: &Settings) -> Vec<String> {
    let Seller { address, phone, .. } = &settings.seller;
    let mut lines = Address::lines(address);
    lines.extend([phone.clone(), settings.email.clone()].into_iter().filter(|line| !line.is_empty()));
    lines
}

fn footer(settings: &Settings) -> String {
    let seller = &settings.seller;
    let parts = [&seller.address.name, &seller.registration, &seller.tax_id];
    parts.into_iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mails::tests::order;
    use chrono::{DateTime, Utc};
    use commerce::fulfilment::{ShipmentId, ShipmentLine};
    use commerce::inventory::LocationId;
    use uuid::Uuid;

    fn issued(order: &Order) -> Invoice {
        Invoice { order: order.id, number: 42, issued_at: DateTime::<Utc>::UNIX_EPOCH }
    }

    fn invoiced(order: &Order, received: Received) -> Sheet {
        invoice(&Content::of(order), &issued(order), received, &[], &Settings::default())
    }

    /// What comes after the total.
    fn paid(sheet: &Sheet) -> Vec<(&str, i64)> {
        sheet.sums[3..].iter().map(|sum| (sum.name.as_str(), sum.amount.minor())).collect()
    }

    #[test]
    fn an_invoice_adds_up() {
        let order = order();
        let received = Received { taken: 1_000, due: 2_070, by_transfer: true, ..Received::default() };
        let sheet = invoiced(&order, received);
        assert_eq!(sheet.title, "Invoice INV-000042");
        let sums: Vec<_> = sheet.sums[..3].iter().map(|sum| (sum.name.as_str(), sum.amount.minor())).collect();
        assert_eq!(sums, [("Net", 2_580), ("Tax 19 %", 490), ("Total", 3_070)]);
        assert_eq!(paid(&sheet), [("Paid", 1_000), ("Still to be paid", 2_070)]);
        assert!(sheet.rows.iter().all(|row| row.len() == sheet.columns.len()));
        assert_eq!(sheet.columns.iter().map(|column| u32::from(column.width)).sum::<u32>(), 100);
        let last: Vec<_> = sheet.rows.iter().map(|row| row[5].text.as_str()).collect();
        assert_eq!(last, ["€25.80", "€4.90"]);
        assert!(sheet.notes[1].contains("€20.70") && sheet.notes[1].contains("E-0000-0000"), "{:?}", sheet.notes);
        assert!(sheet.facts.contains(&("Seller’s tax number", "DE000000000".to_owned())));
        let sheet = invoiced(&order, Received { taken: 3_070, by_transfer: true, ..Received::default() });
        assert_eq!((sheet.sums[4].amount.minor(), sheet.sums[4].is_strong, sheet.notes.len()), (0, false, 1));
        let sheet = invoiced(&order, Received { store_credit: 70, due: 2_000, ..received });
        assert_eq!(paid(&sheet), [("Paid with store credit", 70), ("Paid", 1_000), ("Still to be paid", 2_000)]);
    }

    #[test]
    fn an_invoice_asks_for_what_is_owed_and_where_it_is_paid() {
        let order = order();
        let back = invoiced(&order, Received { taken: 3_070, given_back: 1_000, ..Received::default() });
        assert_eq!(paid(&back), [("Paid", 3_070), ("Given back", 1_000), ("Still to be paid", 0)]);
        let held = invoiced(&order, Received { set_aside: 3_070, by_transfer: true, ..Received::default() });
        assert_eq!(paid(&held), [("Set aside", 3_070), ("Still to be paid", 0)]);
        let rest = invoiced(&order, Received { taken: 3_000, due: 70, ..Received::default() });
        assert_eq!(paid(&rest), [("Paid", 3_000), ("Still to be paid", 70)]);
        for sheet in [&back, &held, &rest] {
            assert_eq!(sheet.notes.len(), 1, "nothing is to be transferred: {:?}", sheet.notes);
        }
        let in_cash = Order { payment_terms: PaymentTerms::OnDelivery, ..order };
        let sheet = invoiced(&in_cash, Received { due: 3_070, ..Received::default() });
        assert!(sheet.notes[1].contains("€30.70 at hand"), "{:?}", sheet.notes);
    }

    #[test]
    fn a_cancellation_takes_back_what_its_invoice_says() {
        let (order, settings) = (order(), Settings::default());
        let cancelled = CancelledInvoice {
            invoice: issued(&order),
            cancelled_at: DateTime::<Utc>::UNIX_EPOCH,
            content: Content::of(&order),
        };
        let sheet = cancellation(&cancelled, &settings);
        assert_eq!(sheet.title, "Cancellation INV-000042-C");
        let sums: Vec<_> = sheet.sums.iter().map(|sum| sum.amount.minor()).collect();
        assert_eq!(sums, [-2_580, -490, -3_070]);
        assert!(sheet.facts.contains(&("Cancels invoice", "INV-000042".to_owned())), "{:?}", sheet.facts);
        let next = Invoice { number: 43, ..issued(&order) };
        let sheet = invoice(&Content::of(&order), &next, Received::default(), &[cancelled], &settings);
        assert_eq!(sheet.title, "Invoice INV-000043");
        assert_eq!(sheet.cancelled, [(42, "INV-000042-C".to_owned())]);
        assert!(sheet.notes.iter().any(|note| note.contains("replaces INV-000042")), "{:?}", sheet.notes);
    }

    #[test]
    fn a_packing_slip_has_no_prices() {
        let (order, settings) = (order(), Settings::default());
        let (line, other) = (OrderLineId(Uuid::from_u128(1)), OrderLineId(Uuid::from_u128(2)));
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut shipment = Shipment {
            id: ShipmentId(Uuid::nil()),
            order: order.id,
            number: 2,
            location: LocationId(Uuid::nil()),
            carrier: "dhl".to_owned(),
            service: None,
            tracking_number: Some("JD01".to_owned()),
            tracking_url: None,
            label_file: None,
            carrier_reference: None,
            created_at: now,
            shipped_at: now,
            delivered_at: None,
            version: 1,
            lines: vec![ShipmentLine { line, quantity: 1 }],
        };
        let sheet = packing_slip(&order, &[line], &shipment, &settings);
        assert_eq!(sheet.title, "Packing slip E-0000-0000-2");
        assert_eq!(sheet.rows[0][2].text, "1 of 2");
        assert!(sheet.facts.contains(&("Tracking number", "JD01".to_owned())));
        assert!(!format!("{sheet:?}").contains('€') && sheet.sums.is_empty());
        shipment.lines[0].line = other;
        assert!(packing_slip(&order, &[line], &shipment, &settings).rows.is_empty(), "of other lines nothing is in it");
    }
}
