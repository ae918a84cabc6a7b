//! Who somebody is.

use super::{account_page, member};
use crate::page::Page;
use leptos::prelude::*;

/// Name and address.
#[component]
pub fn ProfilePage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let content = view! {
            <section aria-labelledby="profile">
                <h2 id="profile">"Profile"</h2>
                <dl class="facts">
                    <div><dt>"Name"</dt><dd>{who.name}</dd></div>
                    <div><dt>"E-mail"</dt><dd>{who.email}</dd></div>
                </dl>
            </section>
        };
        account_page(&page, "Profile", content).await
    })
}
