//! Passkeys: the pages and forms that add, show and manage them. They need JavaScript, and hide without it.

mod section;
mod set_up;

pub use section::section;
pub use set_up::PasskeyPage;

use crate::page::Page;
use commerce::accounts::passkeys::RelyingParty;
use leptos::prelude::*;
use url::{Host, Url};

/// For whom browsers make passkeys here, if they do at the address that the shop is known by.
pub fn relying_party(page: &Page) -> Option<RelyingParty> {
    let url = Url::parse(&page.site.public_url).ok()?;
    match url.host()? {
        Host::Domain(domain) => RelyingParty::new(url.scheme(), domain, &page.site.public_url),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    }
}

/// What the script finds of a form with a passkey: where the answer goes, what to say where there is none.
#[component]
fn Answer() -> impl IntoView {
    view! {
        <input type="hidden" name="credential" />
        <p class="field-error" role="alert" data-passkey-problem="" hidden=true>
            "That did not work. Try again, or use another way."
        </p>
        <script type="module" src="/passkeys.js"></script>
    }
}

/// Signs in with a passkey, and goes on at `next`.
#[component]
pub fn PasskeySignIn(next: Option<String>) -> impl IntoView {
    view! {
        <form method="post" action="/actions/auth/passkey" data-passkey="get" data-ask="/actions/auth/passkey-options" hidden=true>
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <Answer />
            <button class="button wide">"Use a passkey"</button>
        </form>
    }
}
