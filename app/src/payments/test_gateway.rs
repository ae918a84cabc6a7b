//! The page of the test gateway, on which whoever tries the shop decides what happens.

use crate::head::Head;
use crate::layout::{checkout_page, not_found, unavailable};
use crate::page::Page;
use commerce::payments::test_gateway::{Scenario, TestPayment};
use leptos::prelude::*;

/// A payment at the test gateway.
#[component]
pub fn TestGatewayPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let reference = page.params.get("reference").unwrap_or_default();
        let payment = match &page.shop.test_gateway {
            Some(gateway) => match gateway.payment(&reference).await {
                Ok(payment) => payment,
                Err(error) => return unavailable(&page, error).await,
            },
            None => None,
        };
        let Some(payment) = payment else { return not_found(&page, "Payment not found").await };
        page.set_head(Head { title: "Test payment".to_owned(), ..Head::default() });
        let form = match (payment.challenged, payment.open) {
            (true, _) => challenge(&payment).into_any(),
            (_, true) => view! { {remembered(&payment)}{choices(&payment)} }.into_any(),
            _ => view! { <p>"It is decided what happens to this payment."</p> }.into_any(),
        };
        let content = view! {
            <div class="wrap">
                <div class="narrow">
                    <h1>"Test payment"</h1>
                    <p>"This page stands for the one of a payment provider. No money moves: you decide what happens."</p>
                    <p class="lead">{payment.amount.to_string()}" for order "<strong class="order-number">{payment.order_number.clone()}</strong></p>
                    {form}
                    <p><a href=payment.return_to.clone()>"Back to the shop"</a></p>
                </div>
            </div>
        };
        checkout_page(&page, content)
    })
}

fn words(scenario: Scenario) -> (&'static str, &'static str) {
    match scenario {
        Scenario::Success => ("Pay", "The payment succeeds."),
        Scenario::Decline => ("Decline", "The card is declined."),
        Scenario::InsufficientFunds => ("Not enough money", "The account does not have so much."),
        Scenario::ThreeDSecure => {
            ("Confirm at the bank", "The bank asks to confirm on a page of its own (3-D Secure).")
        }
        Scenario::Slow => ("Slow", "The payment succeeds, and the shop gets to know some seconds later."),
        Scenario::TimeoutAfterCharge => {
            ("Timeout", "The money is taken, and the provider stops answering for a while.")
        }
        Scenario::WebhookFirst => ("Told first", "The shop is told before you are back."),
        Scenario::WebhookNever => ("Never told", "The shop is told nothing: it has to ask."),
    }
}

/// What pays at one press.
fn remembered(payment: &TestPayment) -> impl IntoView + use<> {
    let card = |name: &String| {
        view! {
            <form method="post" action="/actions/test-gateway/play">
                <input type="hidden" name="reference" value=payment.reference.clone() />
                <input type="hidden" name="scenario" value=Scenario::Success.code() />
                <button class="button primary wide">"Pay with "{name.clone()}</button>
            </form>
        }
    };
    payment.cards.iter().map(card).collect_view()
}

fn choices(payment: &TestPayment) -> impl IntoView + use<> {
    let choices: Vec<_> = Scenario::ALL
        .into_iter()
        .map(|scenario| {
            let (name, text) = words(scenario);
            view! {
                <li>
                    <label class="option-card">
                        <input type="radio" name="scenario" value=scenario.code() checked={scenario == Scenario::Success} />
                        <span><strong>{name}</strong><span class="hint">{text}</span></span>
                    </label>
                </li>
            }
        })
        .collect();
    view! {
        <form method="post" action="/actions/test-gateway/play">
            <input type="hidden" name="reference" value=payment.reference.clone() />
            <fieldset class="group">
                <legend>"What shall happen?"</legend>
                <ul class="option-cards">{choices}</ul>
            </fieldset>
            {payment.can_remember.then(|| view! {
                <label class="option-card">
                    <input type="checkbox" name="remember" value="1" />
                    <span>
                        <strong>"Remember this card"</strong>
                        <span class="hint">"Next time you pay with it at the press of a button."</span>
                    </span>
                </label>
            })}
            <button class="button primary wide">"Go on"</button>
        </form>
    }
}

fn challenge(payment: &TestPayment) -> impl IntoView + use<> {
    let answer = |scenario: Scenario, class: &'static str, name: &'static str| {
        view! {
            <form method="post" action="/actions/test-gateway/play">
                <input type="hidden" name="reference" value=payment.reference.clone() />
                <input type="hidden" name="scenario" value=scenario.code() />
                <button class=class>{name}</button>
            </form>
        }
    };
    view! {
        <h2>"Your bank wants to know: is it you?"</h2>
        {answer(Scenario::Success, "button primary wide", "Yes, confirm the payment")}
        {answer(Scenario::Decline, "button wide", "No, decline it")}
    }
}
