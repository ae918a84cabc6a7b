//! How far a return is: a total table of transitions.

use serde::{Deserialize, Serialize};

/// How far a return is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnState {
    /// It was asked for.
    Requested,
    /// It may be sent back.
    Approved,
    /// It has come back, and was counted.
    Received,
    /// Money was given back for it.
    Refunded,
    /// It may not be sent back.
    Rejected,
    /// Its customer keeps it after all.
    Withdrawn,
    /// It ended without money: nothing came, or what came is not worth any.
    Closed,
}

/// What can happen to a return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReturnEvent {
    /// Staff agree to it.
    Approve,
    /// Staff don't agree to it.
    Reject,
    /// Its customer takes it back.
    Withdraw,
    /// It has come, and staff have counted it.
    Receive,
    /// Staff give money back for it.
    Refund,
    /// Staff end it without money.
    Close,
}

impl ReturnState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Requested,
        Self::Approved,
        Self::Received,
        Self::Refunded,
        Self::Rejected,
        Self::Withdrawn,
        Self::Closed,
    ];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Received => "received",
            Self::Refunded => "refunded",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
            Self::Closed => "closed",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == text)
    }

    /// The state after an event; `None` where it cannot happen.
    pub fn after(self, event: ReturnEvent) -> Option<Self> {
        match (self, event) {
            (Self::Requested, ReturnEvent::Approve)
            | (Self::Requested, ReturnEvent::Reject)
            | (Self::Requested, ReturnEvent::Withdraw)
            | (Self::Approved, ReturnEvent::Receive)
            | (Self::Received, ReturnEvent::Refund)
            | (Self::Approved | Self::Received, ReturnEvent::Close) => Some(event.leads_to()),
            _ => None,
        }
    }

    /// Whether nothing happens to it any more.
    pub fn has_ended(self) -> bool {
        ReturnEvent::ALL.into_iter().all(|event| self.after(event).is_none())
    }

    /// Whether what is in it is still to come.
    pub fn is_expected(self) -> bool {
        matches!(self, Self::Requested | Self::Approved)
    }
}

impl ReturnEvent {
    /// Every event.
    pub const ALL: [Self; 6] = [Self::Approve, Self::Reject, Self::Withdraw, Self::Receive, Self::Refund, Self::Close];

    /// The state that it leads to, wherever it can happen.
    pub fn leads_to(self) -> ReturnState {
        match self {
            Self::Approve => ReturnState::Approved,
            Self::Reject => ReturnState::Rejected,
            Self::Withdraw => ReturnState::Withdrawn,
            Self::Receive => ReturnState::Received,
            Self::Refund => ReturnState::Refunded,
            Self::Close => ReturnState::Closed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_goes_only_these_ways() {
        use ReturnEvent::{Approve, Close, Receive, Refund, Reject, Withdraw};
        use ReturnState::{Approved, Closed, Received, Refunded, Rejected, Requested, Withdrawn};
        let ways = [
            (Requested, Approve, Approved),
            (Requested, Reject, Rejected),
            (Requested, Withdraw, Withdrawn),
            (Approved, Receive, Received),
            (Approved, Close, Closed),
            (Received, Refund, Refunded),
            (Received, Close, Closed),
        ];
        for from in ReturnState::ALL {
            for event in ReturnEvent::ALL {
                let expected = ways.iter().find(|way| way.0 == from && way.1 == event).map(|way| way.2);
                assert_eq!(from.after(event), expected, "{from:?} {event:?}");
            }
        }
        let ended: Vec<_> = ReturnState::ALL.into_iter().filter(|state| state.has_ended()).collect();
        assert_eq!(ended, [Refunded, Rejected, Withdrawn, Closed]);
    }

    #[test]
    fn what_is_stored_can_be_read_back() {
        for state in ReturnState::ALL {
            assert_eq!(ReturnState::parse(state.code()), Some(state));
        }
        assert_eq!(ReturnState::parse("lost"), None);
    }
}
