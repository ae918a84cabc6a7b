//! What the doctor says at the command line.

use commerce::Shop;
use commerce::db::DbErr;
use commerce::doctor::{Checked, examine, is_sound};
use std::fmt::Write;

/// Examines the shop and prints what was found, for people or as JSON; whether all is well by now.
///
/// # Errors
/// When the database fails.
pub async fn run(shop: &Shop, repair: bool, json: bool) -> Result<bool, DbErr> {
    let checked = examine(shop, repair).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&checked).map_err(|error| DbErr::Json(error.to_string()))?);
    } else {
        print!("{}", report(&checked));
    }
    Ok(is_sound(&checked))
}

/// A line for each check, and one for each row that is wrong.
fn report(checked: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { check, rule, findings, wrong, repaired } in checked {
        let mut state = if *wrong > 0 { format!("{wrong} WRONG") } else { "ok".to_owned() };
        if *repaired > 0 {
            let _ = write!(state, ", {repaired} repaired");
        }
        let _ = writeln!(text, "{check}: {state}. {rule}");
        for finding in findings {
            let _ = writeln!(text, "    {} {}", finding.id, finding.what);
        }
        if *wrong > findings.len() {
            let _ = writeln!(text, "    and {} more", wrong - findings.len());
        }
    }
    let _ = writeln!(text, "{}", if is_sound(checked) { "All is well." } else { "Not all is well." });
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use commerce::doctor::Finding;

    #[test]
    fn the_first_rows_are_named_and_the_rest_counted() {
        let finding = Finding { id: uuid::Uuid::nil(), what: "MUG: on hand 3 (ledger 4)".to_owned() };
        let check =
            |findings, wrong, repaired| Checked { check: "stock", rule: "It adds up.", findings, wrong, repaired };
        let checked = [check(Vec::new(), 0, 0), check(Vec::new(), 0, 2), check(vec![finding], 3, 1)];
        let lines = [
            "stock: ok. It adds up.",
            "stock: ok, 2 repaired. It adds up.",
            "stock: 3 WRONG, 1 repaired. It adds up.",
            "    00000000-0000-0000-0000-000000000000 MUG: on hand 3 (ledger 4)",
            "    and 2 more",
            "Not all is well.",
        ];
        assert_eq!(report(&checked), lines.map(|line| format!("{line}\n")).concat());
    }
}
