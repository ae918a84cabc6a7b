//! What is on a sheet can be read from its file, in every alphabet that the shop ships to.

use super::{Face, render};
use app::sheets::{Cell, Column, Sheet, Sum};
use commerce::money::{Currency, Money};

fn cell(text: &str, detail: &str) -> Cell {
    Cell { text: text.to_owned(), detail: detail.to_owned() }
}

fn sheet(rows: usize) -> Sheet {
    let names = ["Kaffee-Becher „Größe“ mit Żółć", "Κούπα του καφέ", "Кружка для кофе", "Cafe\u{301} mug"];
    let long = "Donaudampfschifffahrtsgesellschaftskapitänskajütenschlüsselanhänger ".repeat(3);
    let row = |n: usize| {
        let name = if n % 10 == 9 { long.as_str() } else { names[n % names.len()] };
        vec![cell(name, &format!("SKU-{n:03}")), cell("2", ""), cell("€1,048.20", "")]
    };
    Sheet {
        title: "Invoice INV-000042".to_owned(),
        sender: vec!["Emporion GmbH".to_owned(), "Musterstraße 1".to_owned()],
        recipient: vec!["Zoë Ærøskøbing".to_owned(), "Łódź".to_owned()],
        facts: vec![("Invoice number", "INV-000042".to_owned())],
        columns: vec![
            Column { name: "Description", width: 60, is_number: false },
            Column { name: "Pieces", width: 15, is_number: true },
            Column { name: "Gross", width: 25, is_number: true },
        ],
        rows: (0..rows).map(row).collect(),
        sums: vec![Sum { name: "Total".to_owned(), amount: Money::new(209_640, Currency::INR), is_strong: true }],
        notes: vec!["Please transfer it.".to_owned()],
        footer: "Emporion GmbH · Amtsgericht Musterstadt".to_owned(),
        cancelled: Vec::new(),
    }
}

fn text_of(file: &[u8]) -> String {
    pdf_extract::extract_text_from_mem(file).expect("a PDF with text")
}

#[test]
fn what_is_on_it_can_be_read() {
    let file = render(&sheet(4)).expect("made");
    assert!(file.starts_with(b"%PDF-"));
    let text = text_of(&file);
    let parts = [
        "Invoice INV-000042",
        "Zoë Ærøskøbing",
        "Łódź",
        "Musterstraße 1",
        "Größe",
        "Żółć",
        "Κούπα του καφέ",
        "Кружка для кофе",
        "Café mug",
        "€1,048.20",
        "₹2,096.40",
        "SKU-003",
        "Please transfer it.",
        "Page 1 of 1",
    ];
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert!(file.len() < 100_000, "{} bytes: only the letters that are used are in it", file.len());
}

#[test]
fn the_same_sheet_gives_the_same_bytes() {
    assert_eq!(render(&sheet(60)).expect("made"), render(&sheet(60)).expect("made again"));
    assert_ne!(render(&sheet(60)).expect("made"), render(&sheet(61)).expect("made of another"));
}

#[test]
fn what_does_not_fit_goes_on_on_the_next_page() {
    let text = text_of(&render(&sheet(120)).expect("made"));
    for n in 0..120 {
        assert_eq!(text.matches(&format!("SKU-{n:03}")).count(), 1, "row {n}");
    }
    let pages = (1..20).take_while(|page| text.contains(&format!("Page {page} of "))).count();
    assert!(pages > 2 && text.contains(&format!("Page {pages} of {pages}")), "{pages}");
    assert_eq!(text.matches("Description").count(), pages, "every page of the table says what is in its columns");
    assert_eq!(text.matches("Amtsgericht").count(), pages);
}

#[test]
fn lines_are_never_wider_than_they_may_be() {
    let face = Face::plain().expect("the font");
    let words = "one two three".repeat(20);
    for text in [words.as_str(), "W".repeat(300).as_str(), "", "  ", "日本語 text"] {
        let lines = face.wrap(text, 10.0, 100.0);
        assert!(lines.iter().all(|line| face.width(line, 10.0) <= 100.0), "{lines:?}");
        let set: String = lines.concat().chars().filter(|c| !c.is_whitespace()).collect();
        assert_eq!(set, text.chars().filter(|c| !c.is_whitespace()).collect::<String>(), "nothing is lost");
    }
    // A letter that the font lacks is seen to be missing.
    assert!(face.width("日", 10.0) > 0.0);
}
