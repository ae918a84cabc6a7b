//! The page of a step: never further on than what is done.

use super::actions::DELIVERY_FORM;
use super::address_step::AddressStep;
use super::delivery_step::DeliveryStep;
use super::hold_timer::HoldTimer;
use super::payment_step::{PaymentStep, means};
use super::review_step::ReviewStep;
use super::summary::OrderSummary;
use crate::forms::draft;
use crate::head::Head;
use crate::layout::{Drawn, checkout_page, not_found, nothing, unavailable};
use crate::page::Page;
use commerce::checkout::{Checkout, Step, queries};
use http::StatusCode;
use leptos::prelude::*;

/// A step of the checkout.
#[component]
pub fn CheckoutPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let code = page.params.get("step").unwrap_or_default();
        let Some(step) = Step::ALL.into_iter().find(|step| step.code() == code) else {
            return not_found(&page, "Page not found").await;
        };
        let checkout = match page.cart_token().await {
            Ok(Some(token)) => queries::checkout(&page.shop, &token).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let checkout = match checkout {
            Ok(checkout) => checkout,
            Err(error) => return unavailable(&page, error).await,
        };
        let Some(checkout) = checkout.filter(|checkout| !checkout.cart.lines.is_empty()) else {
            page.redirect(StatusCode::SEE_OTHER, "/cart?refused=not-started");
            return nothing();
        };
        if checkout.next_step() < step {
            page.see_other(&format!("/checkout/{}", checkout.next_step().code()));
            return nothing();
        }
        shown(&page, step, checkout).await
    })
}

async fn shown(page: &Page, step: Step, checkout: Checkout) -> Drawn {
    let content = match step {
        Step::Address => match super::address_step::entered(page, &checkout).await {
            Ok(entered) => view! { <AddressStep entered=entered page=page.clone() /> }.into_any(),
            Err(error) => return unavailable(page, error).await,
        },
        Step::Delivery => match draft(page, DELIVERY_FORM).await {
            Ok(form) => view! { <DeliveryStep checkout=checkout.clone() form=form.unwrap_or_default() /> }.into_any(),
            Err(error) => return unavailable(page, error).await,
        },
        Step::Payment => match means(page, &checkout).await {
            Ok((credit, kept)) => {
                view! { <PaymentStep checkout=checkout.clone() credit=credit kept=kept /> }.into_any()
            }
            Err(error) => return unavailable(page, error).await,
        },
        Step::Review => view! { <ReviewStep checkout=checkout.clone() /> }.into_any(),
    };
    page.set_head(Head { title: format!("Checkout: {}", step_name(step)), ..Head::default() });
    let left = checkout.hold_expires_at - page.shop.clock.now();
    let until = checkout.hold_expires_at.format("%H:%M UTC").to_string();
    let steps: Vec<_> = Step::ALL
        .into_iter()
        .map(|other| {
            let current = (other == step).then_some("step");
            if other < step || other <= checkout.next_step() && other != step {
                view! { <li><a href=format!("/checkout/{}", other.code())>{step_name(other)}</a></li> }.into_any()
            } else {
                view! { <li><span aria-current=current>{step_name(other)}</span></li> }.into_any()
            }
        })
        .collect();
    let content = view! {
            <div class="wrap">
                <nav aria-label="Checkout steps"><ol class="steps">{steps}</ol></nav>
                <HoldTimer seconds=left.num_seconds().max(0) until=until />
                <div class="with-summary">
                    <div class="step">{content}</div>
                    <OrderSummary checkout=checkout />
                </div>
            </div>
    };
    checkout_page(page, content)
}

/// What a step is called.
pub fn step_name(step: Step) -> &'static str {
    match step {
        Step::Address => "Address",
        Step::Delivery => "Delivery",
        Step::Payment => "Payment",
        Step::Review => "Review",
    }
}
