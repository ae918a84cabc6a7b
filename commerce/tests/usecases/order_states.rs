//! The tables of states in the documentation are those of the code.

use commerce::orders::{Fulfilment, Lifecycle, OrderEvent, Payment, Status, status};
use commerce::payments::PaymentTerms;
use commerce::returns::{ReturnEvent, ReturnState};
use std::fmt::Debug;
use std::path::Path;

fn words(code: &str) -> String {
    code.replace('_', " ")
}

fn table(heading: Vec<String>, rows: Vec<Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule = format!("|{}\n", "---|".repeat(heading.len()));
    [line(&heading), rule].into_iter().chain(rows.iter().map(|row| line(row))).collect()
}

/// Puts together what comes to the same.
fn grouped<T: Copy, Same: PartialEq>(all: &[T], comes_to: impl Fn(T) -> Same) -> Vec<(Vec<T>, Same)> {
    let mut groups: Vec<(Vec<T>, Same)> = Vec::new();
    for one in all {
        let same = comes_to(*one);
        match groups.iter_mut().find(|group| group.1 == same) {
            Some(group) => group.0.push(*one),
            None => groups.push((vec![*one], same)),
        }
    }
    groups
}

fn listed<T: Copy>(some: &[T], all: &[T], code: fn(T) -> &'static str) -> Option<String> {
    (some.len() < all.len()).then(|| some.iter().map(|one| words(code(*one))).collect::<Vec<_>>().join(", "))
}

/// What people see of an order, by everything that it depends on.
fn seen() -> String {
    let paid: Vec<_> =
        PaymentTerms::ALL.iter().flat_map(|terms| Payment::ALL.iter().map(|payment| (*terms, *payment))).collect();
    let columns = grouped(&paid, |(terms, payment)| -> Vec<Status> {
        let facts = Lifecycle::ALL.iter().flat_map(|of| Fulfilment::ALL.iter().map(|sent| (*of, *sent)));
        facts.map(|(of, sent)| status(of, payment, sent, terms, 1)).collect()
    });
    let heading = |some: &[(PaymentTerms, Payment)]| {
        let of_terms = grouped(some, |(terms, _)| terms).into_iter().map(|(pairs, terms)| {
            let payments: Vec<_> = pairs.into_iter().map(|(_, payment)| payment).collect();
            let payments = listed(&payments, Payment::ALL, Payment::code);
            payments.map_or(words(terms.code()), |payments| format!("{}: {payments}", words(terms.code())))
        });
        of_terms.collect::<Vec<_>>().join("; ")
    };
    let row = |of: Lifecycle, sent: Fulfilment| -> Vec<Status> {
        columns.iter().map(|(paid, _)| status(of, paid[0].1, sent, paid[0].0, 1)).collect()
    };
    let all_of = |of| Fulfilment::ALL.iter().map(|sent| row(of, *sent)).collect::<Vec<_>>();
    let mut rows = Vec::new();
    for (lifecycles, _) in grouped(Lifecycle::ALL, all_of) {
        let names: Vec<_> = lifecycles.iter().map(|of| words(of.code())).collect();
        for (sent, seen) in grouped(Fulfilment::ALL, |sent| row(lifecycles[0], sent)) {
            let sent = listed(&sent, Fulfilment::ALL, Fulfilment::code).unwrap_or_else(|| "any".to_owned());
            let seen = seen.iter().map(|status| words(status.code()));
            rows.push([names.join(", "), sent].into_iter().chain(seen).collect());
        }
    }
    let headings = columns.iter().map(|(paid, _)| heading(paid));
    table(["lifecycle", "fulfilment"].map(str::to_owned).into_iter().chain(headings).collect(), rows)
}

/// Where each event leads to from each state.
fn ways<S: Copy, E: Copy + Debug>(
    states: &[S],
    events: &[E],
    code: fn(S) -> &'static str,
    after: fn(S, E) -> Option<S>,
) -> String {
    let heading = events.iter().map(|event| format!("{event:?}").to_lowercase());
    let row = |from: &S| {
        let to = events.iter().map(|event| after(*from, *event).map_or("–".to_owned(), |to| words(code(to))));
        std::iter::once(words(code(*from))).chain(to).collect()
    };
    table(std::iter::once("from".to_owned()).chain(heading).collect(), states.iter().map(row).collect())
}

#[test]
fn the_documentation_has_the_tables_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let documentation = std::fs::read_to_string(path).expect("the documentation");
    let lifecycle = ways(Lifecycle::ALL, &OrderEvent::ALL, Lifecycle::code, Lifecycle::after);
    let returns = ways(&ReturnState::ALL, &ReturnEvent::ALL, ReturnState::code, ReturnState::after);
    for (of, table) in [("what people see of orders", seen()), ("orders", lifecycle), ("returns", returns)] {
        assert!(documentation.contains(&table), "the table of {of} in README.md is to be this:\n\n{table}");
    }
}
