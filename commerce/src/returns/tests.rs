//! The rules of returns.

use super::*;
use crate::forms::{FieldError, Fields};
use crate::fulfilment::{ShipmentId, ShipmentLine};
use proptest::prelude::*;
use uuid::Uuid;

const NUMBER: &str = "E-0000-0000";

fn line(n: u128) -> OrderLineId {
    OrderLineId(Uuid::from_u128(n))
}

fn day(n: i64) -> DateTime<Utc> {
    DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(n)
}

fn shipment(lines: &[(u128, i64)], delivered: Option<i64>) -> Shipment {
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
        created_at: day(0),
        shipped_at: day(0),
        delivered_at: delivered.map(day),
        version: 1,
        lines: lines.iter().map(|(n, quantity)| ShipmentLine { line: line(*n), quantity: *quantity }).collect(),
    }
}

fn returned(state: ReturnState, lines: &[(u128, i64, Option<i64>)]) -> Return {
    let line = |(n, quantity, received): &(u128, i64, Option<i64>)| ReturnLine {
        line: line(*n),
        quantity: *quantity,
        reason: ReturnReason::Other,
        comment: String::new(),
        received: *received,
        resellable: *received,
    };
    Return {
        id: ReturnId(Uuid::nil()),
        order: OrderId(Uuid::nil()),
        number: ReturnNumber { order: NUMBER.parse().expect("a number"), number: 1 },
        state,
        location: None,
        refund: None,
        created_at: day(0),
        lines: lines.iter().map(line).collect(),
        steps: Vec::new(),
    }
}

#[test]
fn numbers_are_read_as_they_are_written() {
    let number = ReturnNumber { order: NUMBER.parse().expect("a number"), number: 12 };
    assert_eq!(number.to_string(), "E-0000-0000-R12");
    assert_eq!(number.to_string().parse(), Ok(number));
    assert_eq!(" e-0000-0000-r12 ".parse(), Ok(number));
    for text in [
        "",
        NUMBER,
        "E-0000-0000-R",
        "E-0000-0000-R0",
        "E-0000-0000-R-1",
        "E-0000-0000-R+1",
        "E-0000-0000R1",
        "E-0000-0001-R1",
        "R1",
        "-R1",
        "E-0000-0000-R99999999999",
    ] {
        assert_eq!(text.parse::<ReturnNumber>(), Err(NoReturnNumber), "{text}");
    }
}

#[test]
fn reasons_are_read_as_they_are_written() {
    for reason in ReturnReason::ALL {
        assert_eq!(ReturnReason::parse(reason.code()), Some(reason));
        assert_eq!(serde_json::to_value(reason).expect("text"), reason.code());
    }
}

#[test]
fn what_came_too_long_ago_is_left_to_staff() {
    let window = |now| Some(Window { days: 30, now });
    let sent = [shipment(&[(1, 2)], Some(0)), shipment(&[(1, 1), (2, 1)], Some(10)), shipment(&[(3, 1)], None)];
    let left = |window| returnable(&sent, &[], window).into_iter().map(|(line, n)| (line.0.as_u128(), n)).collect();
    let all: Vec<_> = left(None);
    assert_eq!(all, [(1, 3), (2, 1), (3, 1)]);
    assert_eq!(left(window(day(30))), all, "the last moment counts");
    assert_eq!(left(window(day(30) + TimeDelta::microseconds(1))), [(1, 1), (2, 1), (3, 1)]);
    assert_eq!(left(window(day(41))), [(3, 1)], "what is not known to have come has no end");
    let days = |days| returnable(&sent, &[], Some(Window { days, now: day(41) })).len();
    assert_eq!((days(0), days(i64::MAX)), (1, 3));
}

#[test]
fn a_return_has_the_pieces_that_could_be_asked_for_then() {
    let sent = [shipment(&[(1, 1)], Some(40)), shipment(&[(1, 1)], Some(0))];
    let left = |asked, by_staff, now| {
        let mut other = returned(ReturnState::Approved, &[(1, 1, None)]);
        other.created_at = day(asked);
        let step = |state| ReturnStep { state, key: String::new(), by_staff, note: String::new(), at: day(asked) };
        other.steps.push(step(ReturnState::Requested));
        let window = Some(Window { days: 30, now: day(now) });
        returnable(&sent, &[other], window).get(&line(1)).copied().unwrap_or_default()
    };
    assert_eq!(left(20, false, 50), 1, "it was the first, and the second is in time");
    assert_eq!(left(50, false, 50), 0, "it is the second, and the first came too long ago");
    assert_eq!(left(50, true, 50), 1, "staff have taken the first");
    assert_eq!(left(20, false, 80), 0);
}

#[test]
fn what_another_return_has_is_not_there_again() {
    let sent = [shipment(&[(1, 3)], None)];
    let left = |state, received| {
        let other = returned(state, &[(1, 2, received)]);
        returnable(&sent, &[other], None).get(&line(1)).copied().unwrap_or_default()
    };
    assert_eq!(left(ReturnState::Requested, None), 1);
    assert_eq!(left(ReturnState::Approved, None), 1);
    assert_eq!(left(ReturnState::Received, Some(2)), 1);
    assert_eq!(left(ReturnState::Refunded, Some(1)), 2, "what never came is still with the customer");
    assert_eq!(left(ReturnState::Closed, Some(2)), 1, "what came and was not paid for is gone all the same");
    for ended in [ReturnState::Closed, ReturnState::Rejected, ReturnState::Withdrawn] {
        assert_eq!(left(ended, None), 3, "{ended:?}");
    }
}

fn fields(typed: &[(String, &str)]) -> Fields {
    typed.iter().map(|(name, value)| (name.clone(), (*value).to_owned())).collect()
}

#[test]
fn everything_wrong_with_a_request_is_told_at_once() {
    let left = BTreeMap::from([(line(1), 2), (line(2), 1)]);
    let named = |name: &str, n| format!("{name}-{}", line(n));
    let key = || ("key".to_owned(), "k");
    let long = "x".repeat(COMMENT_MOST + 1);
    let typed = [
        key(),
        (named("quantity", 1), "3"),
        (named("quantity", 2), "1"),
        (named("reason", 2), "because"),
        (named("comment", 2), &long),
    ];
    let errors = NewReturn::parse(&fields(&typed), &left).expect_err("nothing of it is right");
    let expected = [
        (named("comment", 2), FieldError::TooLong),
        (named("quantity", 1), FieldError::QuantityOutOfRange),
        (named("reason", 1), FieldError::UnknownChoice),
        (named("reason", 2), FieldError::UnknownChoice),
    ];
    assert_eq!(errors.into_iter().collect::<Vec<_>>(), expected);
    for quantity in ["", "0"] {
        let typed = [key(), (named("quantity", 1), quantity), (named("quantity", 3), "1")];
        let errors = NewReturn::parse(&fields(&typed), &left).expect_err("nothing is wanted");
        assert_eq!(errors.into_iter().collect::<Vec<_>>(), [("lines".to_owned(), FieldError::Required)]);
    }
    let typed = [key(), (named("quantity", 1), " 2 "), (named("reason", 1), "damaged"), (named("comment", 1), " Ow ")];
    let wanted = Wanted { line: line(1), quantity: 2, reason: ReturnReason::Damaged, comment: "Ow".to_owned() };
    let new = NewReturn::parse(&fields(&typed), &left).expect("right");
    assert_eq!(new, NewReturn { key: "k".to_owned(), lines: vec![wanted] });
    assert!(NewReturn::parse(&fields(&typed[1..]), &left).expect_err("no key").contains_key("key"));
}

#[test]
fn no_more_comes_than_was_asked_for_or_can_be_sold_than_came() {
    let of = returned(ReturnState::Approved, &[(1, 2, None)]);
    let parse = |received, resellable| {
        let typed = [(format!("received-{}", line(1)), received), (format!("resellable-{}", line(1)), resellable)];
        parse_counts(&fields(&typed), &of)
    };
    assert_eq!(parse("2", "1"), Ok(vec![Counted { line: line(1), received: 2, resellable: 1 }]));
    assert_eq!(parse("", ""), Ok(vec![Counted { line: line(1), received: 0, resellable: 0 }]));
    for (received, resellable) in [("3", "0"), ("1", "2"), ("-1", "0"), ("1", "-1"), ("x", "0"), ("1", "1.0")] {
        assert!(parse(received, resellable).is_err(), "{received} {resellable}");
    }
}

proptest! {
    /// Whatever is asked for within what is left, in whatever order it comes, goes or is counted: nobody ever sends
    /// back more than they got.
    #[test]
    fn nobody_sends_back_more_than_they_got(
        sent in 1_i64..8,
        asked in proptest::collection::vec((1_i64..8, 0_usize..7, 0_i64..8), 0..12),
    ) {
        let shipments = [shipment(&[(1, sent)], None)];
        let mut returns = Vec::new();
        for (wanted, state, came) in asked {
            let left = returnable(&shipments, &returns, None).get(&line(1)).copied().unwrap_or_default();
            prop_assert!((0..=sent).contains(&left));
            if wanted > left {
                continue;
            }
            let state = ReturnState::ALL[state];
            let counted = matches!(state, ReturnState::Received | ReturnState::Refunded);
            returns.push(returned(state, &[(1, wanted, counted.then_some(came.min(wanted)))]));
        }
        let taken: i64 = returns.iter().flat_map(|one| one.lines.iter().map(|line| line.taken(one.state))).sum();
        prop_assert!(taken <= sent);
    }
}
