//! Links that open the page of an order, for a while and without an account.

use super::OrderId;
use crate::Shop;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// How long the link in a mail can be used, in days.
pub const MAILED_LINK_DAYS: i64 = 90;

/// How long an order is shown to who knows its number and address, in minutes.
pub const LOOKUP_MINUTES: i64 = 30;

/// How much of an order a link shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Everything: the link came by mail to whoever ordered.
    Whole,
    /// Without names and streets: whoever has it knows the number and the address of the order, as anybody may who
    /// has seen one of its mails or its parcel.
    Masked,
}

impl View {
    fn purpose(self) -> &'static str {
        match self {
            Self::Whole => "order link",
            Self::Masked => "order lookup",
        }
    }

    fn lasts(self) -> TimeDelta {
        match self {
            Self::Whole => TimeDelta::days(MAILED_LINK_DAYS),
            Self::Masked => TimeDelta::minutes(LOOKUP_MINUTES),
        }
    }
}

/// Bytes of the identifier and of the time before the signature.
const SIGNED: usize = 16 + 8;

/// The link to an order: its identifier, when the link expires, and a signature of both, as URL-safe base 64.
pub fn link(shop: &Shop, order: OrderId, view: View) -> String {
    let expires_at = (shop.clock.now() + view.lasts()).timestamp();
    let mut bytes = [order.0.as_bytes().as_slice(), &expires_at.to_be_bytes()].concat();
    bytes.extend(shop.sign(view.purpose(), &bytes));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The order that a link opens, and how much of it; `None` for what is no link of ours, or has expired.
pub fn open(shop: &Shop, text: &str) -> Option<(OrderId, View)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (signed, signature) = bytes.split_at_checked(SIGNED)?;
    let (order, expires_at) = signed.split_at_checked(16)?;
    let expires_at = DateTime::<Utc>::from_timestamp(i64::from_be_bytes(expires_at.try_into().ok()?), 0)?;
    let views = [View::Whole, View::Masked];
    let view = views.into_iter().find(|view| shop.has_signed(view.purpose(), signed, signature))?;
    (expires_at > shop.clock.now()).then_some((OrderId(Uuid::from_slice(order).ok()?), view))
}
