//! Who the order is for and where it goes.

use super::actions::ADDRESS_FORM;
use crate::forms::{ErrorSummary, Form, TextField, draft, words};
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::accounts::address_book::{Saved, queries};
use commerce::checkout::{COUNTRIES, Checkout, contact_fields, country, put_address};
use commerce::db::DbErr;
use commerce::forms::Fields;
use leptos::prelude::*;

/// What the page of the step shows.
pub struct Entered {
    /// The form: what was refused, else what was kept, else new.
    form: Form,
    /// The addresses that whoever is signed in keeps; `None` for guests.
    book: Option<Vec<Saved>>,
}

/// The choice among kept addresses that is none of them.
pub const NEW: &str = "new";

/// Reads what the page of the step shows.
pub async fn entered(page: &Page, checkout: &Checkout) -> Result<Entered, DbErr> {
    let who = page.signed_in().await?;
    let book = match &who {
        Some(who) => Some(queries::of_user(page.shop.db.latest(), who.user).await?),
        None => None,
    };
    let fields = match (draft(page, ADDRESS_FORM).await?, &checkout.contact) {
        (Some(form), _) => return Ok(Entered { form, book }),
        (None, Some(contact)) => {
            let mut fields = contact_fields(contact);
            let kept = book.iter().flatten().find(|saved| saved.entry.address == contact.delivery);
            fields.insert("saved".to_owned(), kept.map_or_else(|| NEW.to_owned(), |saved| saved.id.to_string()));
            fields
        }
        (None, None) => new_fields(page, who.as_ref(), book.as_deref().unwrap_or_default()),
    };
    Ok(Entered { form: Form { fields, ..Form::default() }, book })
}

/// What is entered before anybody has: what is known of whoever is signed in.
fn new_fields(page: &Page, who: Option<&SignedIn>, book: &[Saved]) -> Fields {
    let home = page.shop.reference().settings.country.clone();
    let mut fields: Fields = [("country".to_owned(), home), ("billing_same".to_owned(), "on".to_owned())].into();
    let Some(who) = who else { return fields };
    fields.extend([("email".to_owned(), who.email.clone()), ("name".to_owned(), who.name.clone())]);
    let delivery = book.iter().find(|saved| saved.entry.default_delivery);
    fields.insert("saved".to_owned(), delivery.map_or_else(|| NEW.to_owned(), |saved| saved.id.to_string()));
    let billing = book.iter().find(|saved| saved.entry.default_billing);
    if let Some(billing) = billing.filter(|billing| delivery.is_some_and(|delivery| delivery.id != billing.id)) {
        fields.remove("billing_same");
        put_address(&mut fields, "billing_", &billing.entry.address);
    }
    fields
}

/// The addresses that somebody keeps, to choose one or another one.
#[component]
fn SavedAddresses(form: Form, book: Vec<Saved>) -> impl IntoView {
    let chosen = form.value("saved");
    let chosen = if book.iter().any(|saved| saved.id.to_string() == chosen) { chosen } else { NEW.to_owned() };
    let error = form.errors.get("saved").map(|error| {
        view! { <p class="field-error" id="saved-error">{words("saved", *error)}</p> }
    });
    let addresses: Vec<_> = book
        .into_iter()
        .map(|saved| {
            let id = saved.id.to_string();
            let checked = id == chosen;
            let title = saved.entry.title().to_owned();
            let lines = saved.entry.address.lines().join(", ");
            view! {
                <li>
                    <label class="option-card">
                        <input type="radio" name="saved" value=id checked=checked />
                        <span><strong>{title}</strong><span class="hint">{lines}</span></span>
                    </label>
                </li>
            }
        })
        .collect();
    view! {
        <div class="saved-addresses" id="saved" tabindex="-1">
            {error}
            <ul class="option-cards">
                {addresses}
                <li>
                    <label class="option-card">
                        <input type="radio" name="saved" value=NEW checked=chosen == NEW />
                        <strong>"Another address"</strong>
                    </label>
                </li>
            </ul>
        </div>
    }
}

/// The form of the address step.
#[component]
pub fn AddressStep(entered: Entered, page: Page) -> impl IntoView {
    let Entered { form, book } = entered;
    let home = page.shop.reference().settings.country.clone();
    let keep = book.is_some().then(|| {
        view! {
            <label class="check">
                <input type="checkbox" name="keep_address" checked=form.fields.contains_key("keep_address") />
                <span>"Keep it in my address book"</span>
            </label>
        }
    });
    let book = book.filter(|book| !book.is_empty());
    view! {
        <h1>"Where should it go?"</h1>
        <ErrorSummary form=form.clone() />
        <form method="post" action="/actions/checkout/address" novalidate=true>
            <fieldset class="group">
                <legend>"Contact"</legend>
                <TextField form=form.clone() name="email".to_owned() label="E-mail" kind="email" autocomplete="email".to_owned() inputmode="email" maxlength=254 hint="For the confirmation of your order" />
                <PhoneField form=form.clone() autocomplete="tel" />
            </fieldset>
            <fieldset class="group">
                <legend>"Delivery address"</legend>
                {book.map(|book| view! { <SavedAddresses form=form.clone() book=book /> })}
                <div class="another-address">
                    <AddressFields form=form.clone() prefix="" section="shipping" home=home.clone() />
                    {keep}
                </div>
            </fieldset>
            <BillingFields form=form section="billing" home=home />
            <button class="button primary">"Continue to delivery"</button>
        </form>
    }
}

/// The number that carriers get.
#[component]
pub fn PhoneField(form: Form, autocomplete: &'static str) -> impl IntoView {
    view! {
        <TextField form=form name="phone".to_owned() label="Phone" kind="tel" autocomplete=autocomplete.to_owned() inputmode="tel" maxlength=40 optional=true hint="Only for questions about the delivery" />
    }
}

/// Whether the invoice goes to the delivery address too, and to where else.
#[component]
pub fn BillingFields(form: Form, section: &'static str, home: String) -> impl IntoView {
    let same = form.fields.contains_key("billing_same");
    view! {
        <fieldset class="group">
            <legend>"Invoice"</legend>
            <label class="check">
                <input id="billing_same" type="checkbox" name="billing_same" checked=same />
                <span>"Same as the delivery address"</span>
            </label>
            <details class="billing" open=!same>
                <summary>"Send the invoice elsewhere"</summary>
                <p class="hint">"This address is used when the box above is not ticked."</p>
                <AddressFields form=form prefix="billing_" section=section home=home />
            </details>
        </fieldset>
    }
}

/// The fields of an address in the country that is chosen in them.
#[component]
pub fn AddressFields(form: Form, prefix: &'static str, section: &'static str, home: String) -> impl IntoView {
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
