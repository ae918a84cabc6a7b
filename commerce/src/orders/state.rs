//! The state of an order: three facts, each with a total table of
//! transitions, and the one word that people see of them.

use crate::payments::PaymentTerms;
use serde::{Deserialize, Serialize};

/// Declares a fact: its states and how they are stored.
macro_rules! fact {
    ($(#[$doc:meta])* $name:ident { $($(#[$state_doc:meta])* $state:ident = $code:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$state_doc])* $state,)+ }

        impl $name {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$state),+];

            /// How it is stored.
            pub fn code(self) -> &'static str {
                match self { $(Self::$state => $code,)+ }
            }

            /// Reads what [`code`](Self::code) writes.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.code() == text)
            }
        }
    };
}

fact! {
    /// Whether an order stands.
    Lifecycle {
        /// Staff are still making it.
        Draft = "draft",
        /// It stands once its payment is agreed.
        AwaitingPayment = "awaiting_payment",
        /// Staff look at it before it goes on.
        InReview = "in_review",
        /// It stands.
        Placed = "placed",
        /// It does not stand any more.
        Cancelled = "cancelled",
    }
}

fact! {
    /// What of an order is paid, recomputed from the ledger.
    Payment {
        /// Nothing.
        None = "none",
        /// It can be captured.
        Authorised = "authorised",
        /// Some of it.
        PartlyPaid = "partly_paid",
        /// All of it.
        Paid = "paid",
        /// Some of what was paid went back.
        PartlyRefunded = "partly_refunded",
        /// All of what was paid went back.
        Refunded = "refunded",
        /// What was authorised was given up.
        Voided = "voided",
    }
}

fact! {
    /// What of an order is sent, from the quantities of its lines.
    Fulfilment {
        /// Nothing.
        Unfulfilled = "unfulfilled",
        /// Some of it.
        PartlyShipped = "partly_shipped",
        /// All of it.
        Shipped = "shipped",
        /// All of it has come.
        Delivered = "delivered",
    }
}

fact! {
    /// What people see of an order.
    Status {
        /// It waits for its payment, or for staff.
        Pending = "pending",
        /// It is being made ready.
        Processing = "processing",
        /// It is on its way.
        Shipped = "shipped",
        /// It has come.
        Delivered = "delivered",
        /// It does not stand any more.
        Cancelled = "cancelled",
    }
}

/// What can happen to the lifecycle of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderEvent {
    /// A draft is handed to its customer to be paid.
    Submit,
    /// A rule wants staff to look at it.
    Hold,
    /// Its payment is agreed, or staff let it pass.
    Place,
    /// It is given up.
    Cancel,
}

impl OrderEvent {
    /// Every event.
    pub const ALL: [Self; 4] = [Self::Submit, Self::Hold, Self::Place, Self::Cancel];
}

impl Lifecycle {
    /// The state after an event; `None` where it cannot happen.
    pub fn after(self, event: OrderEvent) -> Option<Self> {
        match (self, event) {
            (Self::Draft, OrderEvent::Submit) => Some(Self::AwaitingPayment),
            (Self::AwaitingPayment, OrderEvent::Hold) => Some(Self::InReview),
            (Self::Draft | Self::AwaitingPayment | Self::InReview, OrderEvent::Place) => Some(Self::Placed),
            (Self::Draft | Self::AwaitingPayment | Self::InReview | Self::Placed, OrderEvent::Cancel) => {
                Some(Self::Cancelled)
            }
            _ => None,
        }
    }
}

/// The one word for the three facts of an order that comes to `total`, in minor units. Where payment is due on delivery
/// or by invoice, the terms count as the confirmation that payment gives else; what costs nothing needs none.
pub fn status(
    lifecycle: Lifecycle,
    payment: Payment,
    fulfilment: Fulfilment,
    terms: PaymentTerms,
    total: i64,
) -> Status {
    let agreed = match terms {
        PaymentTerms::OnDelivery | PaymentTerms::Invoice => true,
        PaymentTerms::InAdvance => {
            matches!(payment, Payment::Authorised | Payment::Paid | Payment::PartlyRefunded | Payment::Refunded)
        }
    };
    let confirmed = agreed || total <= 0;
    match (lifecycle, fulfilment) {
        (Lifecycle::Cancelled, _) => Status::Cancelled,
        (Lifecycle::Draft | Lifecycle::AwaitingPayment | Lifecycle::InReview, _) => Status::Pending,
        (Lifecycle::Placed, Fulfilment::Delivered) => Status::Delivered,
        (Lifecycle::Placed, Fulfilment::Shipped) => Status::Shipped,
        (Lifecycle::Placed, Fulfilment::PartlyShipped) => Status::Processing,
        (Lifecycle::Placed, Fulfilment::Unfulfilled) if confirmed => Status::Processing,
        (Lifecycle::Placed, Fulfilment::Unfulfilled) => Status::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lifecycle_goes_only_these_ways() {
        use Lifecycle::{AwaitingPayment, Cancelled, Draft, InReview, Placed};
        use OrderEvent::{Cancel, Hold, Place, Submit};
        let ways = [
            (Draft, Submit, AwaitingPayment),
            (Draft, Place, Placed),
            (Draft, Cancel, Cancelled),
            (AwaitingPayment, Hold, InReview),
            (AwaitingPayment, Place, Placed),
            (AwaitingPayment, Cancel, Cancelled),
            (InReview, Place, Placed),
            (InReview, Cancel, Cancelled),
            (Placed, Cancel, Cancelled),
        ];
        for from in Lifecycle::ALL {
            for event in OrderEvent::ALL {
                let expected = ways.iter().find(|way| way.0 == *from && way.1 == event).map(|way| way.2);
                assert_eq!(from.after(event), expected, "{from:?} {event:?}");
            }
        }
    }

    #[test]
    fn every_combination_of_facts_has_its_word() {
        for lifecycle in Lifecycle::ALL {
            for payment in Payment::ALL {
                for fulfilment in Fulfilment::ALL {
                    for terms in PaymentTerms::ALL {
                        let word = status(*lifecycle, *payment, *fulfilment, terms, 100);
                        assert_eq!(word == Status::Cancelled, *lifecycle == Lifecycle::Cancelled);
                        if matches!(word, Status::Shipped | Status::Delivered) {
                            assert_eq!(*lifecycle, Lifecycle::Placed);
                        }
                    }
                }
            }
        }
        let placed = |payment, terms| status(Lifecycle::Placed, payment, Fulfilment::Unfulfilled, terms, 100);
        assert_eq!(placed(Payment::None, PaymentTerms::InAdvance), Status::Pending);
        assert_eq!(placed(Payment::PartlyPaid, PaymentTerms::InAdvance), Status::Pending);
        assert_eq!(placed(Payment::Paid, PaymentTerms::InAdvance), Status::Processing);
        assert_eq!(placed(Payment::None, PaymentTerms::OnDelivery), Status::Processing);
        let free = |lifecycle| status(lifecycle, Payment::None, Fulfilment::Unfulfilled, PaymentTerms::InAdvance, 0);
        assert_eq!([free(Lifecycle::Placed), free(Lifecycle::Draft)], [Status::Processing, Status::Pending]);
    }

    #[test]
    fn what_is_stored_can_be_read_back() {
        for state in Lifecycle::ALL {
            assert_eq!(Lifecycle::parse(state.code()), Some(*state));
        }
        assert_eq!(Payment::parse("nonsense"), None);
    }
}
