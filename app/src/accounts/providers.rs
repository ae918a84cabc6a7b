//! Other providers to sign in at, as pages show them.

use super::{day, minute};
use crate::page::Site;
use commerce::accounts::identity::Linked;
use leptos::prelude::*;

/// The address by which one leaves for a provider.
fn address(name: &str, next: Option<&str>) -> String {
    let mut address = format!("/auth/oidc/{name}");
    if let Some(next) = next {
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
        address = format!("{address}?{query}");
    }
    address
}

/// A way to each provider. Links, not forms: browsers hold a form back that ends up at an address not known before.
#[component]
pub fn Providers(
    site: Site,
    /// Where to go on after.
    next: Option<String>,
) -> impl IntoView {
    let ways: Vec<_> = site
        .providers
        .iter()
        .map(|provider| {
            let href = address(&provider.name, next.as_deref());
            view! { <li><a class="button wide" rel="nofollow" href=href>{format!("Continue with {}", provider.label)}</a></li> }
        })
        .collect();
    (!ways.is_empty()).then(|| view! { <ul class="providers" aria-label="Other ways to sign in">{ways}</ul> })
}

/// Who somebody is elsewhere, and what else could be linked.
#[component]
pub fn Identities(site: Site, linked: Vec<Linked>) -> impl IntoView {
    let more: Vec<_> = site
        .providers
        .iter()
        .filter(|provider| linked.iter().all(|linked| linked.provider != provider.name))
        .map(|provider| {
            let href = address(&provider.name, None);
            view! { <li><a class="button" rel="nofollow" href=href>{format!("Link {}", provider.label)}</a></li> }
        })
        .collect();
    let nothing = more.is_empty() && linked.is_empty();
    let rows: Vec<_> = linked
        .into_iter()
        .map(|linked| {
            let label = site.label_of(&linked.provider).to_owned();
            let named = format!(" {label}, since {}", day(linked.created_at));
            view! {
                <li class="session">
                    <div>
                        <p><strong>{label}</strong>{linked.email.map(|email| format!(" ({email})"))}</p>
                        <p class="hint">"Linked "{day(linked.created_at)}", last used "{minute(linked.used_at)}</p>
                    </div>
                    <form method="post" action="/actions/account/unlink">
                        <input type="hidden" name="linked" value=linked.id.to_string() />
                        <button class="button">"Unlink"<span class="visually-hidden">{named}</span></button>
                    </form>
                </li>
            }
        })
        .collect();
    (!nothing).then(|| {
        view! {
            <section aria-labelledby="identities">
                <h2 id="identities">"Other ways to sign in"</h2>
                <ul class="sessions">{rows}</ul>
                <ul class="button-row">{more}</ul>
            </section>
        }
    })
}
