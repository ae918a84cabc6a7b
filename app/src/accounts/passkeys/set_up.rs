//! Where a new passkey is made.

use super::Answer;
use crate::accounts::device::device_name;
use crate::accounts::{account_page, member};
use crate::layout::{log_failure, nothing};
use crate::page::Page;
use commerce::accounts::passkeys::{PASSKEY_NAME_MOST, add};
use leptos::prelude::*;

/// Has the browser make a passkey, for who has just proved who they are.
#[component]
pub fn PasskeyPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let who = match member(&page).await {
            Ok(who) => who,
            Err(answer) => return answer,
        };
        let options = match add::asked(&page.shop, &who).await {
            Ok(Some(options)) => options,
            Ok(None) => {
                page.see_other("/account/security?refused=passkey");
                return nothing();
            }
            Err(error) => {
                log_failure(&error);
                page.see_other("/account/security?refused=unavailable");
                return nothing();
            }
        };
        let content = view! {
            <section class="narrow" aria-labelledby="new-passkey">
                <h2 id="new-passkey">"Add a passkey"</h2>
                <p data-without-passkeys="">"This browser can’t make passkeys here: they need a recent one, with JavaScript."</p>
                <form method="post" action="/actions/account/passkey" data-passkey="create" data-options=options hidden=true>
                    <div class="field">
                        <label for="name">"Name"</label>
                        <p class="hint" id="name-hint">"By which you know it again"</p>
                        <input id="name" type="text" name="name" value=device_name(&page.device().name) maxlength=PASSKEY_NAME_MOST.to_string() autocomplete="off" aria-describedby="name-hint" />
                    </div>
                    <Answer />
                    <button class="button primary">"Make the passkey"</button>
                </form>
                <p><a href="/account/security">"Cancel"</a></p>
            </section>
        };
        account_page(&page, "Add a passkey", content).await
    })
}
