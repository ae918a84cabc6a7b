//! The ways to pay that gateways keep for somebody.

use super::{account_page, day, member};
use crate::checkout::method_name;
use crate::layout::unavailable;
use crate::page::Page;
use commerce::payments::saved::{MethodLabel, SavedMethod, queries};
use leptos::prelude::*;

/// What is kept for whoever is signed in, each with the way to end that.
#[component]
pub fn PaymentMethodsPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let methods = match queries::of_user(page.shop.db.latest(), who.user).await {
            Ok(methods) => methods,
            Err(error) => return unavailable(&page, error).await,
        };
        account_page(&page, "Payment methods", view! { <Methods methods=methods /> }).await
    })
}

#[component]
fn Methods(methods: Vec<SavedMethod>) -> impl IntoView {
    let none = methods.is_empty().then(|| {
        view! { <p>"Nothing is saved. When you pay by card you can have it saved at the provider for next time."</p> }
    });
    let rows: Vec<_> = methods
        .into_iter()
        .map(|method| {
            let name = method.label.name();
            let named = format!(" {name}");
            view! {
                <li class="session">
                    <div>
                        <p><strong>{name}</strong></p>
                        <p class="hint">{until(&method.label)}"saved "{day(method.created_at)}" · "{method_name(&method.gateway)}</p>
                    </div>
                    <div class="address-actions">
                        <details>
                            <summary class="button">"Remove"<span class="visually-hidden">{named.clone()}</span></summary>
                            <form method="post" action="/actions/account/remove-payment-method">
                                <input type="hidden" name="method" value=method.id.to_string() />
                                <p>"The provider forgets it. You can have it saved again when you pay next time."</p>
                                <button class="button danger">"Really remove"<span class="visually-hidden">{named}</span></button>
                            </form>
                        </details>
                    </div>
                </li>
            }
        })
        .collect();
    view! {
        <section aria-labelledby="methods">
            <h2 id="methods">"Saved payment methods"</h2>
            <p class="hint">"The provider keeps them. We never see the number of a card."</p>
            {none}
            <ul class="sessions">{rows}</ul>
        </section>
    }
}

/// Until when it is good: `good until 04/2030, `.
fn until(label: &MethodLabel) -> Option<String> {
    let (year, month) = label.expires.as_deref()?.split_once('-')?;
    Some(format!("good until {month}/{year}, "))
}
