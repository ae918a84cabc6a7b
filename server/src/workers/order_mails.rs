//! Mails what becomes of orders.

use app::mails::{
    About, Difference, Parcel, Pieces, RefundedTo, order_cancelled, order_changed, order_delivered, order_shipped,
    order_to_pay, payment_declined, refund_decided, refund_issued,
};
use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::fulfilment::ship::{OrderShipped, ShipmentDelivered};
use commerce::fulfilment::{ShipmentId, ShipmentLine, queries as shipments};
use commerce::money::Money;
use commerce::notifications::Mail;
use commerce::notifications::send_mail::send_mail;
use commerce::orders::cancel::{Cause, OrderCancelled};
use commerce::orders::draft::OrderSubmitted;
use commerce::orders::edit::OrderEdited;
use commerce::orders::link::{View, link};
use commerce::orders::refund::{RefundRequested, given_as_credit, given_back_at_the_end};
use commerce::orders::send_money::to_send_for;
use commerce::orders::{Lifecycle, Order, OrderId, Payment, queries};
use commerce::payments::{Action, PaymentFailed, PaymentTerms, RefundIssued, pay};

/// Tells customers what becomes of their orders. The event is the key of its mail, so that there is one however often
/// it is asked for; of a payment that did not go through it is the attempt, of which gateways tell in several ways.
#[derive(Debug)]
pub struct OrderMails {
    /// Where the page of an order is found.
    pub public_url: String,
}

const KINDS: [&str; 8] = [
    OrderSubmitted::KIND.name,
    OrderEdited::KIND.name,
    OrderShipped::KIND.name,
    ShipmentDelivered::KIND.name,
    OrderCancelled::KIND.name,
    RefundIssued::KIND.name,
    RefundRequested::KIND.name,
    PaymentFailed::KIND.name,
];

#[async_trait::async_trait]
impl Handler for OrderMails {
    fn name(&self) -> &'static str {
        "order_mails"
    }

    fn wants(&self, kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let Some(order) = queries::by_id(shop.db.primary(), OrderId(event.aggregate)).await? else { return Ok(()) };
        // Whoever ordered has asked to be forgotten meanwhile.
        if order.email.is_empty() {
            return Ok(());
        }
        match self.mail(shop, event, &order).await? {
            Some(mail) => {
                let about = match event.kind == PaymentFailed::KIND.name {
                    true => event.read::<PaymentFailed>()?.attempt.0,
                    false => event.id,
                };
                Ok(send_mail(shop, &format!("order_mail:{about}"), &mail).await?)
            }
            None => Ok(()),
        }
    }
}

impl OrderMails {
    async fn mail(&self, shop: &Shop, event: &Event, order: &Order) -> Result<Option<Mail>, HandlerError> {
        let path = order_path(shop, order).await?;
        let (url, settings) = (format!("{}{path}", self.public_url), &shop.reference().settings);
        let about = About { order, settings, url: &url };
        let kind = event.kind.as_str();
        if kind == OrderShipped::KIND.name {
            let sent: OrderShipped = event.read()?;
            return parcel_mail(shop, about, sent.shipment, order_shipped).await;
        }
        if kind == ShipmentDelivered::KIND.name {
            let come: ShipmentDelivered = event.read()?;
            return parcel_mail(shop, about, come.shipment, order_delivered).await;
        }
        if kind == OrderSubmitted::KIND.name {
            // Who was faster than the mail has paid.
            let waits = order.lifecycle == Lifecycle::AwaitingPayment;
            return Ok(waits.then(|| order_to_pay(about, order.pay_by, &url)));
        }
        if kind == OrderEdited::KIND.name {
            let edited: OrderEdited = event.read()?;
            return changed_mail(shop, about, &edited).await;
        }
        if kind == OrderCancelled::KIND.name {
            let cancelled: OrderCancelled = event.read()?;
            // Who has just put everything back into their cart knows.
            if cancelled.cause == Cause::CartChanged {
                return Ok(None);
            }
            let reason = (cancelled.cause == Cause::Unpaid).then_some("it was not paid in time");
            let (money, credit) = given_back_at_the_end(shop.db.primary(), order).await?;
            let back = |amount: Money| (cancelled.refunded && amount.minor() > 0).then_some(amount);
            return Ok(Some(order_cancelled(about, reason, back(money), back(credit))));
        }
        if kind == RefundIssued::KIND.name {
            let issued: RefundIssued = event.read()?;
            let gateway = shop.gateways.get(&issued.gateway);
            let to = match gateway.is_some_and(|gateway| gateway.terms() != PaymentTerms::InAdvance) {
                true => RefundedTo::ByHand,
                false => RefundedTo::Method(app::method_name(&issued.gateway)),
            };
            return Ok(Some(refund_issued(about, issued.amount, to, &[])));
        }
        if kind == RefundRequested::KIND.name {
            let asked: RefundRequested = event.read()?;
            let credit = given_as_credit(shop.db.primary(), asked.refund, order).await?;
            // What a gateway sends is told once it has.
            let by_hand = Money::new(to_send_for(shop, asked.refund).await?, order.currency);
            if by_hand.minor() > 0 {
                let credit = (credit.minor() > 0).then_some(credit);
                return Ok(Some(refund_decided(about, by_hand, credit)));
            }
            return Ok((credit.minor() > 0).then(|| refund_issued(about, credit, RefundedTo::StoreCredit, &[])));
        }
        let failed: PaymentFailed = event.read()?;
        // Gateways that take money at once never set it aside.
        let asked = matches!(failed.action, Action::Authorise | Action::Capture);
        let waits = order.lifecycle == Lifecycle::AwaitingPayment && asked;
        Ok(waits.then(|| payment_declined(about, order.pay_by, &url)))
    }
}

/// The page of an order for its customer. Who has an account finds the order there; a mail is kept longer than a link
/// should open it.
pub(super) async fn order_path(shop: &Shop, order: &Order) -> Result<String, HandlerError> {
    let owned = queries::owners(shop.db.primary(), &[order.id]).await?.contains_key(&order.id);
    Ok(path_of(shop, order, owned))
}

/// The page of an order for its customer, who has it in an account or not.
pub(super) fn path_of(shop: &Shop, order: &Order, owned: bool) -> String {
    match owned {
        true => format!("/account/orders/{}", order.number),
        false => format!("/orders/view/{}", link(shop, order.id, View::Whole)),
    }
}

async fn changed_mail(shop: &Shop, about: About<'_>, edited: &OrderEdited) -> Result<Option<Mail>, HandlerError> {
    let order = about.order;
    // The mail that says so says everything.
    if order.lifecycle == Lifecycle::Cancelled {
        return Ok(None);
    }
    let owed = pay::owed(shop.db.primary(), order).await?;
    let cheaper = edited.after.minor() < edited.before.minor();
    let difference = match owed.minor() {
        1.. if pay::can_pay(shop, order, owed) => Difference::ToPay(owed),
        1.. => Difference::AsAgreed(owed),
        _ if cheaper && !matches!(order.payment, Payment::None | Payment::Authorised | Payment::Voided) => {
            Difference::GoesBack
        }
        _ => Difference::None,
    };
    Ok(Some(order_changed(about, edited.before, difference)))
}

async fn parcel_mail(
    shop: &Shop,
    about: About<'_>,
    id: ShipmentId,
    mail: fn(About<'_>, &Parcel<'_>) -> Mail,
) -> Result<Option<Mail>, HandlerError> {
    let all = shipments::shipments_of_order(shop.db.primary(), about.order.id).await?;
    let Some(shipment) = all.iter().find(|shipment| shipment.id == id) else { return Ok(None) };
    let pieces = |sent: &ShipmentLine| {
        let line = about.order.lines.iter().find(|line| line.id == sent.line)?;
        Some(Pieces::of(line, sent.quantity))
    };
    let parcel = Parcel {
        carrier: shop.carriers.name(&shipment.carrier),
        tracking_number: shipment.tracking_number.as_deref(),
        tracking_url: shipment.tracking_url.as_deref(),
        is_last: all.last().is_some_and(|last| last.id == id)
            && matches!(
                about.order.fulfilment,
                commerce::orders::Fulfilment::Shipped | commerce::orders::Fulfilment::Delivered
            ),
        is_one_of_several: all.len() > 1,
        pieces: shipment.lines.iter().filter_map(pieces).collect(),
    };
    Ok(Some(mail(about, &parcel)))
}
