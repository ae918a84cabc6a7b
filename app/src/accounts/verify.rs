//! The page that a mailed link leads to, to confirm an address.

use super::{form_page, used_up};
use crate::layout::unavailable;
use crate::page::Page;
use commerce::accounts::verify_email;
use commerce::token::Token;
use leptos::prelude::*;

/// A button: mail programs open links by themselves, and must not use them up.
#[component]
pub fn VerifyPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let Some(token) = page.params.get("token").as_deref().and_then(Token::parse) else {
            return used_up(&page).await;
        };
        match verify_email::is_valid(&page.shop, &token).await {
            Ok(true) => {}
            Ok(false) => return used_up(&page).await,
            Err(error) => return unavailable(&page, error).await,
        }
        let content = view! {
            <p>"Press the button to confirm that this e-mail address is yours. You are signed in then."</p>
            <form method="post" action="/actions/auth/verify">
                <input type="hidden" name="token" value=token.as_str().to_owned() />
                <button class="button primary wide">"Confirm and sign in"</button>
            </form>
        };
        form_page(&page, "Confirm your address", content).await
    })
}
