//! Which of the states that could be stored of an order can't be.

use crate::orders::{Fulfilment, Lifecycle, Payment};

/// Which times are noted of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Timestamps {
    /// When it was placed.
    pub placed: bool,
    /// When it was given up.
    pub cancelled: bool,
    /// Until when its payment has to be agreed.
    pub pay_by: bool,
    /// When its payment is looked at again.
    pub check_at: bool,
}

/// What is wrong with an order in this state; `None` where nothing is.
pub(super) fn impossible(
    lifecycle: Lifecycle,
    payment: Payment,
    fulfilment: Fulfilment,
    times: Timestamps,
) -> Option<&'static str> {
    let sent = fulfilment != Fulfilment::Unfulfilled;
    let waits = lifecycle == Lifecycle::AwaitingPayment;
    if sent && lifecycle != Lifecycle::Placed {
        return Some("something was sent of what does not stand");
    }
    if waits && matches!(payment, Payment::Authorised | Payment::Paid) {
        return Some("it waits for a payment that is agreed");
    }
    if lifecycle == Lifecycle::Draft && payment != Payment::None {
        return Some("a draft was paid");
    }
    if (lifecycle == Lifecycle::Cancelled) != times.cancelled {
        return Some("when it was given up does not fit");
    }
    let placed_fits = match lifecycle {
        Lifecycle::Placed => times.placed,
        Lifecycle::Draft | Lifecycle::AwaitingPayment | Lifecycle::InReview => !times.placed,
        Lifecycle::Cancelled => true,
    };
    if !placed_fits {
        return Some("when it was placed does not fit");
    }
    if waits != times.pay_by {
        return Some("until when it waits for its payment does not fit");
    }
    // The rest of what was placed already may be paid, too, because it has become dearer.
    let looked_at_fits = match lifecycle {
        Lifecycle::AwaitingPayment => times.check_at,
        Lifecycle::Placed => true,
        Lifecycle::Draft | Lifecycle::InReview | Lifecycle::Cancelled => !times.check_at,
    };
    if !looked_at_fits {
        return Some("when its payment is looked at again does not fit");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_state() -> impl Iterator<Item = (Lifecycle, Payment, Fulfilment, Timestamps)> {
        let times = (0..16_u8).map(|bits| Timestamps {
            placed: bits & 1 != 0,
            cancelled: bits & 2 != 0,
            pay_by: bits & 4 != 0,
            check_at: bits & 8 != 0,
        });
        times.flat_map(|times| {
            Lifecycle::ALL.iter().flat_map(move |lifecycle| {
                Payment::ALL.iter().flat_map(move |payment| {
                    Fulfilment::ALL.iter().map(move |fulfilment| (*lifecycle, *payment, *fulfilment, times))
                })
            })
        })
    }

    #[test]
    fn each_lifecycle_has_these_states_and_no_others() {
        let times = |text: &str| Timestamps {
            placed: text.contains('p'),
            cancelled: text.contains('c'),
            pay_by: text.contains('b'),
            check_at: text.contains('l'),
        };
        use Payment::{Authorised, None, Paid, PartlyPaid, PartlyRefunded, Refunded, Voided};
        let unpaid = [None, PartlyPaid, PartlyRefunded, Refunded, Voided];
        let every = [None, Authorised, PartlyPaid, Paid, PartlyRefunded, Refunded, Voided];
        for (lifecycle, payment, fulfilment, at) in every_state() {
            let unsent = fulfilment == Fulfilment::Unfulfilled;
            let possible = match lifecycle {
                Lifecycle::Draft => unsent && payment == None && at == times(""),
                Lifecycle::AwaitingPayment => unsent && unpaid.contains(&payment) && at == times("bl"),
                Lifecycle::InReview => unsent && every.contains(&payment) && at == times(""),
                Lifecycle::Placed => every.contains(&payment) && (at == times("p") || at == times("pl")),
                Lifecycle::Cancelled => unsent && (at == times("c") || at == times("pc")),
            };
            let found = impossible(lifecycle, payment, fulfilment, at);
            assert_eq!(found.is_none(), possible, "{lifecycle:?} {payment:?} {fulfilment:?} {at:?}: {found:?}");
        }
    }
}
