//! What is asked of every line of which something can be sent back.

use super::reason_name;
use crate::forms::{Form, TextField, words};
use commerce::orders::{Order, OrderLine, OrderLineId};
use commerce::returns::{COMMENT_MOST, ReturnReason};
use leptos::prelude::*;
use std::collections::BTreeMap;

/// Pieces, reason and comment for each line of which something is left.
#[component]
pub(crate) fn ReturnFields(form: Form, order: Order, left: BTreeMap<OrderLineId, i64>) -> impl IntoView {
    let lines = order.lines.into_iter().filter_map(|line| Some((left.get(&line.id).copied()?, line)));
    let lines: Vec<_> = lines.map(|(most, line)| fields(&form, &line, most)).collect();
    let error = form.errors.get("lines").copied();
    view! {
        <div id="lines" tabindex="-1">
            {error.map(|error| view! { <p class="field-error">{words("lines", error)}</p> })}
            {lines}
        </div>
    }
}

fn fields(form: &Form, line: &OrderLine, most: i64) -> impl IntoView + use<> {
    let name = |field: &str| format!("{field}-{}", line.id);
    let (quantity, reason) = (name("quantity"), name("reason"));
    let typed = form.value(&quantity);
    let chosen = form.value(&reason);
    let options: Vec<_> = ReturnReason::ALL
        .into_iter()
        .map(|reason| {
            view! { <option value=reason.code() selected=reason.code() == chosen>{reason_name(reason)}</option> }
        })
        .collect();
    let title = match line.options.to_string() {
        options if options.is_empty() => line.name.clone(),
        options => format!("{} ({options})", line.name),
    };
    view! {
        <fieldset class="group">
            <legend>{title}</legend>
            <div class="field">
                <label for=quantity.clone()>{format!("Pieces to return, up to {most}")}</label>
                {problem(form, &quantity)}
                <input
                    id=quantity.clone() name=quantity.clone() type="number" min="0" max=most inputmode="numeric"
                    value=if typed.is_empty() { "0".to_owned() } else { typed }
                    aria-invalid=invalid(form, &quantity) aria-describedby=described(form, &quantity)
                />
            </div>
            <div class="field">
                <label for=reason.clone()>"Reason"</label>
                {problem(form, &reason)}
                <select
                    id=reason.clone() name=reason.clone()
                    aria-invalid=invalid(form, &reason) aria-describedby=described(form, &reason)
                >
                    <option value="">"Choose a reason"</option>
                    {options}
                </select>
            </div>
            <TextField
                form=form.clone() name=name("comment") label="What is wrong with it?" autocomplete="off".to_owned()
                maxlength=COMMENT_MOST as u32 optional=true
            />
        </fieldset>
    }
}

fn invalid(form: &Form, name: &str) -> Option<&'static str> {
    form.errors.contains_key(name).then_some("true")
}

fn described(form: &Form, name: &str) -> Option<String> {
    form.errors.contains_key(name).then(|| format!("{name}-error"))
}

fn problem(form: &Form, name: &str) -> Option<impl IntoView + use<>> {
    let error = form.errors.get(name).copied()?;
    Some(view! { <p class="field-error" id=format!("{name}-error")>{words(name, error)}</p> })
}
