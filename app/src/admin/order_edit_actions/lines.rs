//! What a form says of the lines of an order: whatever is done with it, what was typed is not lost.

use super::{Asked, field};
use crate::admin::order_edit::{edit_form, looking_for};
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::catalog::VariationId;
use commerce::forms::{Errors, FieldError, Fields, MAX_QUANTITY, clean};
use commerce::money::Money;
use commerce::orders::compose::{ComposedLine, Composition, EditError};

/// What the form says of a line; what it does not say stays.
fn line(fields: &Fields, asked: &Asked, line: ComposedLine, errors: &mut Errors) -> ComposedLine {
    let mut changed = line;
    let name = format!("pieces-{}", line.variation);
    if let Some(typed) = field(fields, &name) {
        match clean(Some(typed)).parse() {
            Ok(quantity) if (0..=MAX_QUANTITY).contains(&quantity) => changed.quantity = quantity,
            _ => {
                errors.insert(name, FieldError::QuantityOutOfRange);
            }
        }
    }
    let name = format!("price-{}", line.variation);
    // What was bought keeps its price, also where a form is sent again that was about it before.
    if let Some(typed) = field(fields, &name).filter(|_| !is_bought(asked, line.variation)) {
        match clean(Some(typed)) {
            text if text.is_empty() => changed.unit_price = None,
            text => match Money::parse(&text, asked.proposal.order.currency) {
                Some(price) if price.minor() >= 0 => changed.unit_price = Some(price.minor()),
                _ => {
                    errors.insert(name, FieldError::Invalid);
                }
            },
        }
    }
    changed
}

fn is_bought(asked: &Asked, variation: VariationId) -> bool {
    asked.proposal.order.lines.iter().any(|line| line.variation == variation)
}

/// What the order is to become with the quantities, and the prices of what is new, as they were typed.
pub(super) fn with_lines(fields: &Fields, asked: &Asked) -> Result<Composition, Errors> {
    let mut errors = Errors::new();
    let mut composition = asked.proposal.composition.clone();
    composition.lines = composition.lines.into_iter().map(|known| line(fields, asked, known, &mut errors)).collect();
    // What nobody has bought before and nobody wants any more is in nothing.
    composition.lines.retain(|line| line.quantity > 0 || is_bought(asked, line.variation));
    if errors.is_empty() { Ok(composition) } else { Err(errors) }
}

/// What the form that is sent with the lines looks for.
pub(super) fn text_of(fields: &Fields) -> &str {
    field(fields, "q").unwrap_or_default()
}

/// Shows the lines again as they were typed, with what is wrong with them.
pub(super) async fn keep_lines(page: &Page, asked: &Asked, mut fields: Fields, errors: Errors) {
    // As many lines as there can be don't fit into what is kept: only what was changed has to.
    for known in &asked.proposal.composition.lines {
        let name = format!("pieces-{}", known.variation);
        if !errors.contains_key(&name) && field(&fields, &name) == Some(known.quantity.to_string().as_str()) {
            fields.remove(&name);
        }
        let name = format!("price-{}", known.variation);
        let price = known.unit_price.map(|minor| Money::new(minor, asked.proposal.order.currency).to_decimal_string());
        if !errors.contains_key(&name) && field(&fields, &name) == Some(price.unwrap_or_default().as_str()) {
            fields.remove(&name);
        }
    }
    let path = looking_for(asked.number, text_of(&fields));
    keep_draft(page, &edit_form(asked.number), &path, fields, errors).await;
}

/// Puts one more of a variation into a composition than the page of whoever sent the form had.
pub(super) fn add(composition: &mut Composition, variation: VariationId, fields: &Fields) -> Result<(), EditError> {
    let had = field(fields, &format!("pieces-{variation}")).and_then(|typed| clean(Some(typed)).parse::<i32>().ok());
    if let Some(line) = composition.lines.iter_mut().find(|line| line.variation == variation) {
        // Sent twice, one is added: the page of the second form was that of the first.
        line.quantity = had.unwrap_or_default().saturating_add(1).clamp(1, MAX_QUANTITY);
        return Ok(());
    }
    composition.add(variation)
}
