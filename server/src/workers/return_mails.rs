//! Mails how far returns are.

use super::order_mails::order_path;
use app::mails::{About, Pieces, ReturnStep, return_update};
use commerce::Shop;
use commerce::events::{DomainEvent, Event, Handler, HandlerError};
use commerce::notifications::Mail;
use commerce::notifications::send_mail::send_mail;
use commerce::orders::refund::given_as_credit;
use commerce::orders::{Order, OrderId, queries as orders};
use commerce::returns::events::{
    ReturnApproved, ReturnClosed, ReturnReceived, ReturnRefunded, ReturnRejected, ReturnRequested,
};
use commerce::returns::{Return, ReturnId, ReturnState, queries};
use serde::Deserialize;

/// Tells customers how far their returns are. The event is the key of its mail, so that there is one however often it
/// is asked for.
#[derive(Debug)]
pub struct ReturnMails {
    /// Where the page of a return is found.
    pub public_url: String,
}

/// What is mailed about. Who withdraws a request knows.
const KINDS: [&str; 6] = [
    ReturnRequested::KIND.name,
    ReturnApproved::KIND.name,
    ReturnRejected::KIND.name,
    ReturnReceived::KIND.name,
    ReturnRefunded::KIND.name,
    ReturnClosed::KIND.name,
];

/// What each of these events says.
#[derive(Deserialize)]
struct Told {
    return_id: ReturnId,
}

#[async_trait::async_trait]
impl Handler for ReturnMails {
    fn name(&self) -> &'static str {
        "return_mails"
    }

    fn wants(&self, kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    async fn handle(&self, shop: &Shop, event: &Event) -> Result<(), HandlerError> {
        let db = shop.db.primary();
        let Some(order) = orders::by_id(db, OrderId(event.aggregate)).await? else { return Ok(()) };
        // Whoever ordered has asked to be forgotten meanwhile.
        if order.email.is_empty() {
            return Ok(());
        }
        let told: Told = event.read()?;
        let returns = queries::of_order(db, order.id).await?;
        let Some(of) = returns.iter().find(|of| of.id == told.return_id) else { return Ok(()) };
        match self.mail(shop, event, &order, of).await? {
            // The key is one of those that go with the order's customer.
            Some(mail) => {
                let key = format!("order_mail:{}", event.id);
                Ok(send_mail(shop, &key, &mail).await?)
            }
            None => Ok(()),
        }
    }
}

impl ReturnMails {
    async fn mail(&self, shop: &Shop, event: &Event, order: &Order, of: &Return) -> Result<Option<Mail>, HandlerError> {
        let path = order_path(shop, order).await?;
        let url = format!("{}{path}/returns/{}", self.public_url, of.number.number);
        let settings = &shop.reference().settings;
        let about = About { order, settings, url: &url };
        let said = |state| of.step(state).map(|step| step.note.as_str()).unwrap_or_default();
        let address = settings.seller.address.lines();
        let kind = event.kind.as_str();
        let (step, note) = if kind == ReturnRequested::KIND.name {
            let requested: ReturnRequested = event.read()?;
            // Staff agree at once to what they open, and tell that.
            if requested.by_staff {
                return Ok(None);
            }
            (ReturnStep::Requested, "")
        } else if kind == ReturnApproved::KIND.name {
            (ReturnStep::Approved(&address), said(ReturnState::Approved))
        } else if kind == ReturnRejected::KIND.name {
            (ReturnStep::Rejected(said(ReturnState::Rejected)), "")
        } else if kind == ReturnReceived::KIND.name {
            (ReturnStep::Received, said(ReturnState::Received))
        } else if kind == ReturnRefunded::KIND.name {
            let refunded: ReturnRefunded = event.read()?;
            let note = said(ReturnState::Refunded);
            // The mail about the money says all there is, unless something was kept or staff have a word to add.
            if refunded.deduction.minor() == 0 && note.is_empty() {
                return Ok(None);
            }
            let (amount, deduction) = (refunded.amount, refunded.deduction);
            let step = if given_as_credit(shop.db.primary(), refunded.refund, order).await? == amount {
                ReturnStep::Credited(amount, deduction)
            } else {
                ReturnStep::Refunded(amount, deduction)
            };
            (step, note)
        } else {
            (ReturnStep::Closed(said(ReturnState::Closed)), "")
        };
        Ok(Some(return_update(about, &of.number.to_string(), step, note, &pieces(order, of, kind))))
    }
}

/// What was asked for, and from when it has come on what has.
fn pieces(order: &Order, of: &Return, kind: &str) -> Vec<Pieces> {
    let counted = [ReturnReceived::KIND.name, ReturnRefunded::KIND.name].contains(&kind);
    let pieces = of.lines.iter().filter_map(|line| {
        let bought = order.lines.iter().find(|bought| bought.id == line.line)?;
        let quantity = if counted { line.received.unwrap_or_default() } else { line.quantity };
        (quantity > 0).then(|| Pieces::of(bought, quantity))
    });
    pieces.collect()
}
