//! What is in an order, and what could be.

use super::{LINES_FORM, Looked, hidden};
use crate::forms::{Form, words};
use crate::layout::Table;
use commerce::forms::MAX_QUANTITY;
use commerce::money::Money;
use commerce::orders::compose::{Goods, Proposal, ProposedLine};
use leptos::prelude::*;

/// An input of a line, with what is wrong with what was typed into it.
fn input(form: &Form, name: String, label: String, value: String, inputmode: &'static str) -> impl IntoView + use<> {
    let error = form.errors.get(&name).copied();
    let error_id = format!("{name}-error");
    let value = form.fields.get(&name).cloned().unwrap_or(value);
    let message = error.map(|error| view! { <p class="field-error" id=error_id.clone()>{words(&name, error)}</p> });
    view! {
        <label class="visually-hidden" for=name.clone()>{label}</label>
        <input
            id=name.clone()
            name=name
            inputmode=inputmode
            size="8"
            maxlength="20"
            autocomplete="off"
            value=value
            aria-invalid=error.map(|_| "true")
            aria-describedby=error.map(|_| error_id)
        />
        {message}
    }
}

fn described(goods: &Goods) -> String {
    let options = goods.options.to_string();
    if options.is_empty() { goods.name.clone() } else { format!("{} ({options})", goods.name) }
}

fn line_row(proposal: &Proposal, form: &Form, line: &ProposedLine, may_price: bool) -> impl IntoView + use<> {
    let name = described(&line.goods);
    let is_new = proposal.order.lines.iter().all(|bought| bought.variation != line.goods.variation);
    let gone = line.unit_price.is_none();
    let price = match line.goods.price {
        Some(_) if is_new && may_price => {
            let value = line.fixed_price.map(Money::to_decimal_string).unwrap_or_default();
            let list = line.goods.price.map(|price| price.to_string());
            let label = format!("Price of {name} in {}", proposal.order.currency.code());
            view! {
                {input(form, format!("price-{}", line.goods.variation), label, value, "decimal")}
                <small class="hint">"List price "{list}</small>
            }
            .into_any()
        }
        _ => line.unit_price.map_or_else(|| "not on offer any more".to_owned(), |price| price.to_string()).into_any(),
    };
    let quantity = input(
        form,
        format!("pieces-{}", line.goods.variation),
        format!("Pieces of {name}"),
        line.quantity.to_string(),
        "numeric",
    );
    let total = (!gone).then(|| Money::new(line.total.amounts.gross, proposal.order.currency).to_string());
    let was = (!proposal.is_draft() && line.before != line.quantity).then(|| format!("was {}", line.before));
    let missing = i64::from(line.quantity) > line.goods.available;
    let available = missing.then(|| format!("only {} available", line.goods.available.max(0)));
    view! {
        <tr>
            <th scope="row">{name.clone()}<br /><small class="hint">{line.goods.sku.clone()}</small></th>
            <td>{price}</td>
            <td>
                {quantity}
                {was.map(|was| view! { <small class="hint">{was}</small> })}
                {available.map(|available| view! { <p class="field-error">{available}</p> })}
            </td>
            <td class="number">{total}</td>
        </tr>
    }
}

pub(super) fn lines(proposal: &Proposal, form: &Form, may_price: bool) -> impl IntoView + use<> {
    let rows: Vec<_> = proposal.lines.iter().map(|line| line_row(proposal, form, line, may_price)).collect();
    let content = if rows.is_empty() {
        view! { <p>"Nothing is in it yet. Look for products below."</p> }.into_any()
    } else {
        view! {
            <p class="hint">{format!("From 0, which takes it out, to {MAX_QUANTITY}.")}</p>
            <Table label="What is in it" columns=["Product", "Price", "Pieces", "Total"]>
                {rows}
            </Table>
            <button class="button">"Update"</button>
        }
        .into_any()
    };
    // The first button is what Enter presses.
    view! {
        <section aria-labelledby="lines">
            <h2 id="lines">"Products"</h2>
            <form id=LINES_FORM method="post" action="/actions/admin/order-lines" novalidate=true>
                {hidden(proposal)}
                {content}
            </form>
        </section>
    }
}

fn found_row(goods: Goods) -> impl IntoView + use<> {
    let (name, available) = (described(&goods), goods.available.max(0));
    let label = format!("Add {name}");
    let price = goods.price.map(|price| price.to_string());
    let add = price.is_some().then(|| {
        view! {
            <button
                class="button small" form=LINES_FORM formaction="/actions/admin/order-add"
                name="variation" value=goods.variation.to_string() aria-label=label
            >
                "Add"
            </button>
        }
    });
    let price = price.unwrap_or_else(|| "not in this currency".to_owned());
    view! {
        <tr>
            <th scope="row">{name}<br /><small class="hint">{goods.sku}</small></th>
            <td>{price}</td><td>{available}</td><td>{add}</td>
        </tr>
    }
}

pub(super) fn adding(form: &Form, looked: Option<Looked>) -> impl IntoView + use<> {
    let looked_for = looked.as_ref().map(|looked| looked.text.clone()).unwrap_or_default();
    let text = form.fields.get("q").cloned().unwrap_or_else(|| looked_for.clone());
    let found = looked.map(|Looked { found, more, .. }| {
        if found.is_empty() {
            return view! { <p>"No product fits that."</p> }.into_any();
        }
        let rows: Vec<_> = found.into_iter().map(found_row).collect();
        view! {
            <Table label="Products found" columns=["Product", "Price", "Available", "Add"]>
                {rows}
            </Table>
            {more.then(|| view! { <p class="hint">"There are more. Type more of the name to see them."</p> })}
        }
        .into_any()
    });
    view! {
        <section aria-labelledby="adding">
            <h2 id="adding">"Add a product"</h2>
            <div class="filter-row" role="search">
                <input type="hidden" name="looked_for" value=looked_for form=LINES_FORM />
                <div class="field">
                    <label for="q">"Article number or name"</label>
                    <input id="q" name="q" type="search" maxlength="100" value=text form=LINES_FORM />
                </div>
                <button class="button" form=LINES_FORM name="search" value="1">"Search"</button>
            </div>
            {found}
        </section>
    }
}
