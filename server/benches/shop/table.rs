//! What was measured, as a table of plain text.

use crate::load::Outcome;
use crate::usage::Cpu;

/// What an issue asks of an operation.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Operations per second at least.
    pub rate: f64,
    /// Milliseconds that 99 of 100 take at most.
    pub p99: Option<f64>,
}

/// What was measured of an operation.
pub struct Row {
    /// What was done.
    pub name: String,
    /// How it went at the shop.
    pub shop: Outcome,
    /// What it used there.
    pub cpu: Cpu,
    /// The shop's resident memory afterwards, in MB.
    pub resident: f64,
    /// How the same bytes went at the floor.
    pub floor: Outcome,
    /// What they used there.
    pub floor_cpu: Cpu,
    /// How large the answers of one operation are together, in bytes.
    pub bytes: usize,
    /// What is asked of it.
    pub target: Option<Target>,
}

const HEADINGS: [&str; 15] = [
    "ops/s",
    "p50 ms",
    "p99 ms",
    "cpu shop",
    "database",
    "client",
    "RSS MB",
    "errors",
    "kB/op",
    "floor ops/s",
    "p99 ms",
    "cpu",
    "times",
    "target",
    "",
];

/// Prints the rows of a database below each other.
pub fn print(database: &str, rows: &[Row]) {
    let headings = std::iter::once(database).chain(HEADINGS).map(str::to_owned);
    let mut lines = vec![headings.collect::<Vec<_>>()];
    lines.extend(rows.iter().map(cells));
    let columns = lines[0].len();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<_> = (0..columns).map(width).collect();
    for line in &lines {
        let padded = line.iter().zip(&widths).enumerate().map(|(column, (text, width))| match column {
            0 => format!("{text:<width$}"),
            words if words + 2 >= columns => format!("{text:<width$}"),
            _ => format!("{text:>width$}"),
        });
        println!("{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    for row in rows {
        for (place, outcome) in [("", &row.shop), (" (floor)", &row.floor)] {
            if let Some(error) = &outcome.first_error {
                println!("first error of {}{place}: {error}", row.name);
            }
        }
    }
}

fn cells(row: &Row) -> Vec<String> {
    let per_thousand = |seconds: f64, outcome: &Outcome| format!("{:.3}", seconds * 1_000.0 / outcome.count() as f64);
    let (shop, floor) = (&row.shop, &row.floor);
    vec![
        row.name.clone(),
        thousands(shop.rate()),
        format!("{:.1}", shop.percentile(50)),
        format!("{:.1}", shop.percentile(99)),
        per_thousand(row.cpu.server, shop),
        if row.cpu.database > 0.0 { per_thousand(row.cpu.database, shop) } else { "-".to_owned() },
        per_thousand(row.cpu.client, shop),
        format!("{:.0}", row.resident),
        (shop.errors + floor.errors).to_string(),
        format!("{:.1}", row.bytes as f64 / 1_000.0),
        thousands(floor.rate()),
        format!("{:.1}", floor.percentile(99)),
        per_thousand(row.floor_cpu.server, floor),
        format!("{:.1}", floor.rate() / shop.rate()),
        row.target.map_or_else(String::new, |target| {
            format!("{}/s {}", thousands(target.rate), mark(shop.rate() >= target.rate))
        }),
        row.target
            .and_then(|target| target.p99)
            .map_or_else(String::new, |p99| format!("p99 {p99:.0} ms {}", mark(shop.percentile(99) < p99))),
    ]
}

/// Whether a target was met, in a word.
pub fn mark(met: bool) -> &'static str {
    if met { "met" } else { "missed" }
}

/// A number with its thousands set apart; one decimal where there are few.
pub fn thousands(number: f64) -> String {
    if number < 100.0 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
