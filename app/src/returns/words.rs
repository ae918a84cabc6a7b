//! What people call what has to do with returns.

use crate::layout::log_failure;
use commerce::media::pipeline::PictureError;
use commerce::money::Money;
use commerce::orders::Order;
use commerce::returns::photos::PhotoError;
use commerce::returns::{ReturnError, ReturnReason, ReturnState};

/// What people call a state.
pub(crate) fn state_name(state: ReturnState) -> &'static str {
    match state {
        ReturnState::Requested => "Requested",
        ReturnState::Approved => "Approved",
        ReturnState::Received => "Received",
        ReturnState::Refunded => "Refunded",
        ReturnState::Rejected => "Rejected",
        ReturnState::Withdrawn => "Withdrawn",
        ReturnState::Closed => "Closed without refund",
    }
}

/// What a state means for whoever sends something back.
pub(super) fn state_text(state: ReturnState) -> &'static str {
    match state {
        ReturnState::Requested => "We look at your request and answer by mail. Please don’t send anything yet.",
        ReturnState::Approved => "You can send it back. Write the number of the return on the parcel.",
        ReturnState::Received => "It has come. We tell you by mail how it goes on.",
        ReturnState::Refunded => "It has come, and the money is on its way back.",
        ReturnState::Rejected => "We can’t take it back.",
        ReturnState::Withdrawn => "You keep it after all.",
        ReturnState::Closed => "It has ended, and no money is given back for it.",
    }
}

/// What it means for them that this much was given back as store credit.
pub(super) fn credited_text(order: &Order, credit: Money) -> String {
    // Of an order that was paid with both, some may go back the way that the money came.
    let rest = if order.store_credit.minor() > 0 { " Whatever else we give back is on its way." } else { "" };
    format!("It has come, and {credit} is in your account as store credit.{rest}")
}

/// What people call a reason.
pub(crate) fn reason_name(reason: ReturnReason) -> &'static str {
    match reason {
        ReturnReason::Damaged => "It came damaged or doesn’t work",
        ReturnReason::WrongItem => "It is not what I ordered",
        ReturnReason::NotAsDescribed => "It is not as described",
        ReturnReason::DoesNotFit => "It doesn’t fit",
        ReturnReason::TooLate => "It came too late",
        ReturnReason::ChangedMind => "I don’t want it any more",
        ReturnReason::Other => "Something else",
    }
}

/// The code of a notice for why a return stays as it is.
pub(crate) fn code(error: &ReturnError) -> &'static str {
    match error {
        ReturnError::NotFound => "no-return",
        ReturnError::WrongState => "return-state",
        ReturnError::TooMuch | ReturnError::Nothing => "return-pieces",
        ReturnError::Amount => "return-amount",
        ReturnError::TooMany => "return-many",
        ReturnError::NoAccount => "order-no-account",
        ReturnError::NoLocation => "no-location",
        ReturnError::NotAllowed => "forbidden",
        ReturnError::Db(_) => {
            log_failure(error);
            "unavailable"
        }
    }
}

/// The code of a notice for why a photo was not kept.
pub fn photo_code(error: &PhotoError) -> &'static str {
    match error {
        PhotoError::TooMany => "photo-many",
        PhotoError::Picture(PictureError::TooLarge | PictureError::TooManyPixels) => "photo-size",
        PhotoError::Picture(PictureError::Unsupported | PictureError::Broken) => "photo-type",
        PhotoError::Return(error) => code(error),
        PhotoError::Files(_) | PhotoError::Db(_) | PhotoError::Broken(_) => {
            log_failure(error);
            "unavailable"
        }
    }
}
