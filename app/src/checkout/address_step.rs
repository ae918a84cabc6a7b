//! Who the order is for and where it goes.

use super::actions::ADDRESS_FORM;
use crate::forms::{ErrorSummary, Form, TextField, draft, words};
use crate::page::Page;
use commerce::checkout::{COUNTRIES, Checkout, contact_fields, country};
use commerce::db::DbErr;
use leptos::prelude::*;

/// The form as it is to be shown: what was refused, else what was kept, else new.
pub async fn form(page: &Page, checkout: &Checkout) -> Result<Form, DbErr> {
    Ok::<_, DbErr>(match (draft(page, ADDRESS_FORM).await?, &checkout.contact) {
        (Some(refused), _) => refused,
        (None, Some(contact)) => Form { fields: contact_fields(contact), ..Form::default() },
        (None, None) => {
            let home = page.shop.reference().settings.country.clone();
            let fields = [("country".to_owned(), home), ("billing_same".to_owned(), "on".to_owned())];
            Form { fields: fields.into(), ..Form::default() }
        }
    })
}

/// The form of the address step.
#[component]
pub fn AddressStep(form: Form, checkout: Checkout, page: Page) -> impl IntoView {
    let same = form.fields.contains_key("billing_same");
    let home = page.shop.reference().settings.country.clone();
    let _ = checkout;
    view! {
        <h1>"Where should it go?"</h1>
        <ErrorSummary form=form.clone() />
        <form method="post" action="/actions/checkout/address" novalidate=true>
            <fieldset class="group">
                <legend>"Contact"</legend>
                <TextField form=form.clone() name="email".to_owned() label="E-mail" kind="email" autocomplete="email".to_owned() inputmode="email" maxlength=254 hint="For the confirmation of your order" />
                <TextField form=form.clone() name="phone".to_owned() label="Phone" kind="tel" autocomplete="tel".to_owned() inputmode="tel" maxlength=40 optional=true hint="Only for questions about the delivery" />
            </fieldset>
            <fieldset class="group">
                <legend>"Delivery address"</legend>
                <AddressFields form=form.clone() prefix="" section="shipping" home=home.clone() />
            </fieldset>
            <fieldset class="group">
                <legend>"Invoice"</legend>
                <label class="check">
                    <input id="billing_same" type="checkbox" name="billing_same" checked=same />
                    <span>"Same as the delivery address"</span>
                </label>
                <details class="billing" open=!same>
                    <summary>"Send the invoice elsewhere"</summary>
                    <p class="hint">"This address is used when the box above is not ticked."</p>
                    <AddressFields form=form prefix="billing_" section="billing" home=home />
                </details>
            </fieldset>
            <button class="button primary">"Continue to delivery"</button>
        </form>
    }
}

#[component]
fn AddressFields(form: Form, prefix: &'static str, section: &'static str, home: String) -> impl IntoView {
    let field = |name: &str| format!("{prefix}{name}");
    let auto = |token: &str| format!("{section} {token}");
    let entered = form.value(&field("country"));
    let chosen = country(&entered).or_else(|| country(&home));
    let code = chosen.map_or("", |country| country.code);
    let options: Vec<_> = COUNTRIES
        .iter()
        .map(|country| view! { <option value=country.code selected=country.code == code>{country.name}</option> })
        .collect();
    let country_field = field("country");
    let error = form.errors.get(&country_field).copied();
    let error_id = format!("{country_field}-error");
    let message =
        error.map(|error| view! { <p class="field-error" id=error_id.clone()>{words(&country_field, error)}</p> });
    let postal_code = chosen.and_then(|country| country.postal_code).map(|code| {
        view! { <TextField form=form.clone() name=field("postal_code") label=code.label autocomplete=auto("postal-code") maxlength=20 hint=format!("For example {}", code.example) /> }
    });
    let region = chosen.and_then(|country| country.region).map(|region| {
        view! { <TextField form=form.clone() name=field("region") label=region.label autocomplete=auto("address-level1") maxlength=100 optional=!region.required /> }
    });
    view! {
        <div class="field">
            <label for=country_field.clone()>"Country"</label>
            {message}
            <div class="country">
                <select id=country_field.clone() name=country_field.clone() autocomplete=auto("country") aria-invalid=error.map(|_| "true") aria-describedby=error.map(|_| error_id)>
                    {options}
                </select>
                <button class="button" name="change_country" value="1" formnovalidate=true>"Change fields"</button>
            </div>
        </div>
        <TextField form=form.clone() name=field("name") label="Full name" autocomplete=auto("name") maxlength=100 />
        <TextField form=form.clone() name=field("line1") label="Street and number" autocomplete=auto("address-line1") maxlength=200 />
        <TextField form=form.clone() name=field("line2") label="Flat, floor, company" autocomplete=auto("address-line2") maxlength=200 optional=true />
        <div class="field-row">
            {postal_code}
            <TextField form=form.clone() name=field("city") label="Town or city" autocomplete=auto("address-level2") maxlength=100 />
        </div>
        {region}
    }
}
