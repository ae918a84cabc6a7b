//! What was sent of an order, and how far it has come.

use crate::inventory::LocationId;
use crate::orders::{Fulfilment, OrderId, OrderLineId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

id!(
    /// Identifies a shipment.
    ShipmentId
);
id!(
    /// Identifies what a carrier has told about a shipment.
    TrackingEventId
);

/// What was sent in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Which shipment.
    pub id: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Counts the shipments of the order from 1 on.
    pub number: i32,
    /// From where it was sent.
    pub location: LocationId,
    /// The code of its carrier, or the name that staff gave it.
    pub carrier: String,
    /// What the carrier calls the way it sends it.
    pub service: Option<String>,
    /// What the carrier knows it by.
    pub tracking_number: Option<String>,
    /// Where people can see how far it has come.
    pub tracking_url: Option<String>,
    /// Where its label is in the file store.
    pub label_file: Option<String>,
    /// What the carrier calls the order of the label.
    pub carrier_reference: Option<String>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// When it was handed to the carrier.
    pub shipped_at: DateTime<Utc>,
    /// When it came.
    pub delivered_at: Option<DateTime<Utc>>,
    /// Counts the changes.
    pub version: i64,
    /// What is in it.
    pub lines: Vec<ShipmentLine>,
}

/// What of an order's line is in a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct ShipmentLine {
    /// The line of the order.
    pub line: OrderLineId,
    /// How many pieces of it.
    pub quantity: i64,
}

/// What a carrier tells about a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingKind {
    /// The carrier knows that it will come.
    Announced,
    /// It moves.
    InTransit,
    /// It is on the last van.
    OutForDelivery,
    /// It has come.
    Delivered,
    /// Something is in its way.
    Problem,
    /// It goes back.
    Returned,
}

impl TrackingKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Announced, Self::InTransit, Self::OutForDelivery, Self::Delivered, Self::Problem, Self::Returned];

    /// How it is stored.
    pub fn code(self) -> &'static str {
        match self {
            Self::Announced => "announced",
            Self::InTransit => "in_transit",
            Self::OutForDelivery => "out_for_delivery",
            Self::Delivered => "delivered",
            Self::Problem => "problem",
            Self::Returned => "returned",
        }
    }

    /// Reads what [`code`](Self::code) writes.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == text)
    }
}

/// One thing that a carrier has told about a shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingEvent {
    /// What tells it from the others of the same shipment: told twice, it is the same.
    pub carrier_event_id: String,
    /// What it means.
    pub kind: TrackingKind,
    /// Where it happened, perhaps empty.
    pub place: String,
    /// What the carrier says of it.
    pub text: String,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// A shipment, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tracked {
    /// The shipment.
    pub shipment: Shipment,
    /// What its carrier has told about it, the newest first.
    pub told: Vec<TrackingEvent>,
}

/// What of an order is sent, from how many pieces its lines have and what its shipments hold.
///
/// An order is delivered when all of it is sent and every shipment has come.
pub fn fulfilment_of(ordered: &[(OrderLineId, i64)], shipments: &[Shipment]) -> Fulfilment {
    let mut shipped: HashMap<OrderLineId, i64> = HashMap::new();
    for line in shipments.iter().flat_map(|shipment| &shipment.lines) {
        *shipped.entry(line.line).or_default() += line.quantity;
    }
    let of = |line: &OrderLineId| shipped.get(line).copied().unwrap_or_default();
    if ordered.iter().all(|(line, _)| of(line) == 0) {
        Fulfilment::Unfulfilled
    } else if ordered.iter().any(|(line, quantity)| of(line) < *quantity) {
        Fulfilment::PartlyShipped
    } else if shipments.iter().any(|shipment| shipment.delivered_at.is_none()) {
        Fulfilment::Shipped
    } else {
        Fulfilment::Delivered
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn line(n: u128) -> OrderLineId {
        OrderLineId(Uuid::from_u128(n))
    }

    fn shipment(lines: &[(u128, i64)], delivered: bool) -> Shipment {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        Shipment {
            id: ShipmentId(Uuid::nil()),
            order: OrderId(Uuid::nil()),
            number: 1,
            location: LocationId(Uuid::nil()),
            carrier: "dhl".to_owned(),
            service: None,
            tracking_number: None,
            tracking_url: None,
            label_file: None,
            carrier_reference: None,
            created_at: now,
            shipped_at: now,
            delivered_at: delivered.then_some(now),
            version: 1,
            lines: lines.iter().map(|(n, quantity)| ShipmentLine { line: line(*n), quantity: *quantity }).collect(),
        }
    }

    #[test]
    fn an_order_is_as_far_as_its_pieces() {
        let ordered = [(line(1), 2), (line(2), 1)];
        let of = |shipments: &[Shipment]| fulfilment_of(&ordered, shipments);
        assert_eq!(of(&[]), Fulfilment::Unfulfilled);
        assert_eq!(of(&[shipment(&[(1, 1)], false)]), Fulfilment::PartlyShipped);
        assert_eq!(of(&[shipment(&[(1, 1)], true)]), Fulfilment::PartlyShipped);
        assert_eq!(of(&[shipment(&[(1, 2)], true)]), Fulfilment::PartlyShipped);
        let (first, rest) = (shipment(&[(1, 1)], true), [(1, 1), (2, 1)]);
        assert_eq!(of(&[first.clone(), shipment(&rest, false)]), Fulfilment::Shipped);
        assert_eq!(of(&[first, shipment(&rest, true)]), Fulfilment::Delivered);
        assert_eq!(fulfilment_of(&[], &[]), Fulfilment::Unfulfilled);
    }

    /// What can happen to the parcels of an order.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    enum Step {
        Send,
        Arrive,
    }

    #[test]
    fn what_of_an_order_is_sent_goes_only_these_ways() {
        use Fulfilment::{Delivered, PartlyShipped, Shipped, Unfulfilled};
        use Step::{Arrive, Send};
        let ways = [
            (Unfulfilled, Send, PartlyShipped),
            (Unfulfilled, Send, Shipped),
            (PartlyShipped, Send, PartlyShipped),
            (PartlyShipped, Send, Shipped),
            (PartlyShipped, Arrive, PartlyShipped),
            (Shipped, Arrive, Shipped),
            (Shipped, Arrive, Delivered),
        ];
        // Every history of the parcels of an order of two pieces of one thing and one of another.
        let ordered = [(line(0), 2), (line(1), 1)];
        let parcels: [&[(u128, i64)]; 4] = [&[(0, 1)], &[(1, 1)], &[(0, 1), (1, 1)], &[(0, 2), (1, 1)]];
        let (mut seen, mut histories) = (Vec::new(), vec![Vec::<Shipment>::new()]);
        while let Some(before) = histories.pop() {
            let sent = |of| -> i64 {
                let lines = before.iter().flat_map(|shipment| &shipment.lines).filter(|sent| sent.line == of);
                lines.map(|sent| sent.quantity).sum()
            };
            let fits = |lines: &[(u128, i64)]| {
                lines.iter().all(|(n, pieces)| {
                    let most = ordered.iter().find(|(of, _)| *of == line(*n)).map_or(0, |(_, most)| *most);
                    sent(line(*n)) + pieces <= most
                })
            };
            let mut next = Vec::new();
            for lines in parcels.iter().filter(|lines| fits(lines)) {
                next.push((Send, [before.as_slice(), &[shipment(lines, false)]].concat()));
            }
            for number in (0..before.len()).filter(|number| before[*number].delivered_at.is_none()) {
                let mut after = before.clone();
                after[number].delivered_at = Some(after[number].shipped_at);
                next.push((Arrive, after));
            }
            for (step, after) in next {
                seen.push((fulfilment_of(&ordered, &before), step, fulfilment_of(&ordered, &after)));
                histories.push(after);
            }
        }
        for way in &seen {
            assert!(ways.contains(way), "{way:?}");
        }
        for way in ways {
            assert!(seen.contains(&way), "{way:?} never happens");
        }
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in TrackingKind::ALL {
            assert_eq!(TrackingKind::parse(kind.code()), Some(kind));
        }
        assert_eq!(TrackingKind::parse("lost"), None);
    }

    proptest! {
        #[test]
        fn another_parcel_never_takes_an_order_back(
            parcels in proptest::collection::vec(proptest::collection::vec((0_u128..3, 1_i64..4), 1..3), 0..6),
        ) {
            let ordered = [(line(0), 3), (line(1), 1), (line(2), 2)];
            let rank = |fulfilment| Fulfilment::ALL.iter().position(|known| *known == fulfilment);
            let mut sent = Vec::new();
            let mut before = rank(fulfilment_of(&ordered, &sent));
            for lines in parcels {
                sent.push(shipment(&lines, false));
                let after = rank(fulfilment_of(&ordered, &sent));
                prop_assert!(after >= before);
                prop_assert!(fulfilment_of(&ordered, &sent) != Fulfilment::Delivered);
                before = after;
            }
        }
    }
}
