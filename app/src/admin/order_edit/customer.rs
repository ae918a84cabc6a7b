//! Who an order is for, where it goes, and how it is sent and paid.

use super::hidden;
use crate::checkout::{AddressFields, BillingFields, NoteField, PhoneField, method_name};
use crate::forms::{Form, TextField, words};
use commerce::checkout::{Contact, contact_fields};
use commerce::orders::compose::Proposal;
use leptos::prelude::*;

/// What the form about addresses has in it while nothing else was typed.
fn known_contact(proposal: &Proposal, home: &str) -> Form {
    let composition = &proposal.composition;
    let fields = match &composition.delivery_address {
        Some(delivery) => contact_fields(&Contact {
            email: composition.email.clone(),
            phone: composition.phone.clone(),
            delivery: delivery.clone(),
            billing: composition.billing_address.clone(),
        }),
        None => [("country", home), ("billing_same", "on"), ("email", composition.email.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
    };
    Form { fields, ..Form::default() }
}

pub(super) fn contact(proposal: &Proposal, form: &Form, home: String) -> impl IntoView + use<> {
    let typed = form.fields.contains_key("line1");
    let form = if typed { form.clone() } else { known_contact(proposal, &home) };
    let email = proposal.is_draft().then(|| {
        view! {
            <TextField form=form.clone() name="email".to_owned() label="E-mail" kind="email" autocomplete="off".to_owned() inputmode="email" maxlength=254 hint="The order is in the account with this address, if there is one" />
        }
    });
    view! {
        <section aria-labelledby="contact">
            <h2 id="contact">{if proposal.is_draft() { "Customer" } else { "Where it goes" }}</h2>
            <details open=typed || proposal.composition.delivery_address.is_none()>
                <summary>{address_line(proposal)}</summary>
                <form method="post" action="/actions/admin/order-contact" novalidate=true>
                    {hidden(proposal)}
                    {email}
                    <PhoneField form=form.clone() autocomplete="off" />
                    <fieldset class="group">
                        <legend>"Delivery address"</legend>
                        <AddressFields form=form.clone() prefix="" section="section-customer shipping" home=home.clone() />
                    </fieldset>
                    <BillingFields form=form section="section-customer billing" home=home />
                    <button class="button">"Save address"</button>
                </form>
            </details>
        </section>
    }
}

fn address_line(proposal: &Proposal) -> String {
    let composition = &proposal.composition;
    let Some(address) = &composition.delivery_address else { return "Enter who it is for".to_owned() };
    let address = address.lines().join(", ");
    if proposal.is_draft() { format!("{}: {address}", composition.email) } else { address }
}

/// What is chosen, from options with their codes and names; what was refused is shown with what is wrong.
fn choice(
    form: &Form,
    name: &'static str,
    label: &'static str,
    known: &str,
    offers: Vec<(String, String)>,
) -> impl IntoView + use<> {
    let chosen = form.fields.get(name).map_or(known, String::as_str);
    let is_offered = offers.iter().any(|(code, _)| code == chosen);
    let options: Vec<_> = offers
        .into_iter()
        .map(|(code, title)| {
            let selected = code == chosen;
            view! { <option value=code selected=selected>{title}</option> }
        })
        .collect();
    let error = form.errors.get(name).copied();
    let error_id = format!("{name}-error");
    let message = error.map(|error| view! { <p class="field-error" id=error_id.clone()>{words(name, error)}</p> });
    view! {
        <div class="field">
            <label for=name>{label}</label>
            {message}
            <select id=name name=name aria-invalid=error.map(|_| "true") aria-describedby=error.map(|_| error_id)>
                {(!is_offered).then(|| view! { <option value="" selected=true>"Please choose"</option> })}
                {options}
            </select>
        </div>
    }
}

pub(super) fn choices(proposal: &Proposal, form: &Form) -> impl IntoView + use<> {
    let composition = &proposal.composition;
    let deliveries = proposal.delivery_offers.iter();
    let deliveries =
        deliveries.map(|(offer, price)| (offer.code.clone(), format!("{} ({price})", offer.name))).collect();
    let payments = proposal.is_draft().then(|| {
        let offers = proposal.payment_offers.iter();
        let offers = offers.map(|offer| (offer.code.to_owned(), method_name(offer.code).to_owned())).collect();
        view! {
            {choice(form, "payment_method", "Payment", &composition.payment_method, offers)}
            <NoteField form=form.clone() label="Note" known=composition.note.clone() />
        }
    });
    view! {
        <section aria-labelledby="choices">
            <h2 id="choices">{if proposal.is_draft() { "Delivery and payment" } else { "Delivery" }}</h2>
            <form method="post" action="/actions/admin/order-choices">
                {hidden(proposal)}
                {choice(form, "delivery_method", "Delivery method", &composition.delivery_method, deliveries)}
                {payments}
                <button class="button">"Save choices"</button>
            </form>
        </section>
    }
}
