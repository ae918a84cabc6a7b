//! What the mails about an order have in common: some sentences, what it is about, and one way on.

use super::frame::{button, frame};
use commerce::money::Money;
use commerce::notifications::Mail;
use commerce::orders::{Order, OrderLine};
use commerce::settings::Settings;
use leptos::prelude::*;
use std::fmt::Write;

/// The order that a mail is about.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The order.
    pub order: &'a Order,
    /// The settings of the shop.
    pub settings: &'a Settings,
    /// Where its page is.
    pub url: &'a str,
}

/// Some pieces of a line of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// How many.
    pub quantity: i64,
    /// What they are called.
    pub name: String,
    /// What was chosen, perhaps empty.
    pub options: String,
    /// What they come to, where the mail is about money.
    pub amount: Option<Money>,
}

impl Pieces {
    /// So many pieces of a line.
    pub fn of(line: &OrderLine, quantity: i64) -> Self {
        Self { quantity, name: line.name.clone(), options: line.options.to_string(), amount: None }
    }

    /// The same with what they come to.
    pub fn for_amount(self, amount: Money) -> Self {
        Self { amount: Some(amount), ..self }
    }
}

/// What a mail about an order says.
pub(super) struct Notice<'a> {
    /// What is over it and, with the number of the order, its subject.
    pub title: String,
    /// What it says, sentence by sentence.
    pub sentences: Vec<String>,
    /// What it is about.
    pub pieces: &'a [Pieces],
    /// What it asks for, and where.
    pub way_on: (&'a str, &'a str),
}

impl Notice<'_> {
    /// The mail to whoever ordered.
    pub fn mail(self, about: About<'_>) -> Mail {
        Mail {
            recipient: about.order.email.clone(),
            subject: format!("{} – {}", self.title, about.order.number),
            text: self.text(about),
            html: self.html(about),
        }
    }

    fn text(&self, about: About<'_>) -> String {
        let mut text = format!("{}\n\nYour order {}\n\n", self.title, about.order.number);
        for sentence in &self.sentences {
            let _ = writeln!(text, "{sentence}\n");
        }
        for pieces in self.pieces {
            let options = if pieces.options.is_empty() { String::new() } else { format!(" ({})", pieces.options) };
            let amount = pieces.amount.map(|amount| format!("  {amount}")).unwrap_or_default();
            let _ = writeln!(text, "{} × {}{options}{amount}", pieces.quantity, pieces.name);
        }
        if !self.pieces.is_empty() {
            text.push('\n');
        }
        let (name, url) = self.way_on;
        let _ = write!(text, "{name}: {url}\n\n{}\n", about.settings.name);
        text
    }

    fn html(&self, about: About<'_>) -> String {
        let sentences: Vec<_> = self.sentences.iter().map(|sentence| view! { <p>{sentence.clone()}</p> }).collect();
        let rows: Vec<_> = self
            .pieces
            .iter()
            .map(|pieces| {
                let options = pieces.options.clone();
                view! {
                    <tr>
                        <td style="padding:8px 0;border-bottom:1px solid #ddd">
                            {format!("{} × {}", pieces.quantity, pieces.name)}
                            {(!options.is_empty()).then(|| view! { <br /><small style="color:#555">{options}</small> })}
                        </td>
                        <td style="padding:8px 0;border-bottom:1px solid #ddd;text-align:right">
                            {pieces.amount.map(|amount| amount.to_string())}
                        </td>
                    </tr>
                }
            })
            .collect();
        let table = (!rows.is_empty()).then(|| {
            view! {
                <table role="presentation" style="width:100%;border-collapse:collapse">
                    <tbody>{rows}</tbody>
                </table>
            }
        });
        let (name, url) = self.way_on;
        let content = view! {
            <p>"Your order "<strong>{about.order.number.to_string()}</strong></p>
            {sentences}
            {table}
            {button(name, url)}
        };
        frame(&about.settings.name, &self.title, content)
    }
}
