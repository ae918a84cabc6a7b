//! What the forms of accounts do. Each answers with a redirect to a page.

mod address_book;
mod api_keys;
mod data;
mod guests;
mod identities;
mod passkeys;
mod payment_methods;
mod profile;
mod second_factor;
mod security;

pub use address_book::address_form;
pub use api_keys::KEY_FORM;
pub use data::{DOWNLOAD_FORM, ERASE_FORM, ERASE_WORD};
pub use guests::{FORGOT_FORM, REGISTER_FORM, RESET_FORM, SIGN_IN_FORM, VERIFY_FORM};
pub use identities::LINK_FORM;
pub use profile::{EMAIL_FORM, NAME_FORM};
pub use second_factor::{CONFIRM_FORM, SECOND_FACTOR_FORM, SECOND_FACTOR_PATH, TOTP_FORM};
pub use security::PASSWORD_FORM;

use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::admit::Admission;
use commerce::accounts::{AccountError, SignedIn, queries};
use commerce::cart::merge;
use commerce::forms::{Errors, FieldError, Fields};
use commerce::token::Token;

/// Makes these server functions known.
pub fn register() {
    address_book::register();
    data::register();
    api_keys::register();
    guests::register();
    identities::register();
    profile::register();
    passkeys::register();
    payment_methods::register();
    second_factor::register();
    security::register();
}

/// A path of our own to go on at, taken from an address or a form: nothing that leads to another host, and no action.
pub fn own_path(text: &str) -> Option<String> {
    let plain = text.starts_with('/')
        && !text.starts_with("//")
        && !text.contains('\\')
        && !text.contains(char::is_control)
        && text.len() <= 500;
    let page = !["/actions/", "/auth/", "/api/"].iter().any(|prefix| text.starts_with(prefix));
    (plain && page).then(|| text.to_owned())
}

fn field<'a>(fields: &'a Fields, name: &str) -> Option<&'a str> {
    fields.get(name).map(String::as_str)
}

fn error(name: &str, error: FieldError) -> Errors {
    [(name.to_owned(), error)].into()
}

/// Logs what went wrong, and goes back to a page that says so.
pub(crate) fn failed(page: &Page, path: &str, error: &AccountError) {
    log_failure(error);
    page.see_other(&format!("{path}?refused=unavailable"));
}

/// Goes on at `path` with whoever was let in, by way of their second factor where that is asked for.
pub(super) async fn arrive(page: &Page, admission: &Admission, path: &str) {
    match admission {
        Admission::Session(token) => enter(page, token, path).await,
        Admission::SecondFactor(token) => {
            page.set_pending(token);
            page.see_other(&with_next(SECOND_FACTOR_PATH, path));
        }
    }
}

/// Begins a session: what the guest had in their cart comes along, and they go on at `path`, or at the cart where it
/// has changed by that.
async fn enter(page: &Page, token: &Token, path: &str) {
    page.set_session(token);
    let Some(guest) = page.guest() else { return page.see_other(path) };
    let merged = match queries::signed_in(&page.shop, token).await {
        Ok(Some(who)) => merge::merge(&page.shop, &guest, who.user).await,
        Ok(None) => Ok(None),
        Err(error) => Err(error.into()),
    };
    match merged {
        // Nothing is lost: the guest's cart is there again after signing out.
        Err(error) => {
            log_failure(&error);
            page.see_other(path);
        }
        Ok(None) => page.see_other(path),
        Ok(Some(lowered)) => {
            page.forget_guest();
            let lowered: Vec<_> = lowered.iter().map(|line| format!("{}.{}", line.variation, line.wanted)).collect();
            page.see_other(&format!("/cart?done=merged&lowered={}", lowered.join(",")));
        }
    }
}

/// The address to sign in at, and to go on from to `path`.
pub fn sign_in_for(path: &str) -> String {
    with_next("/auth/signin", path)
}

/// The address of a page that goes on to `next`.
pub fn with_next(page: &str, next: &str) -> String {
    let next = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{page}?{next}")
}

/// Who is signed in; everybody else is sent to where they can, and from there to `path`.
pub(crate) async fn required(page: &Page, path: &str) -> Option<SignedIn> {
    match page.signed_in().await {
        Ok(Some(who)) => Some(who),
        Ok(None) => {
            page.see_other(&sign_in_for(path));
            None
        }
        Err(error) => {
            failed(page, path, &error.into());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_our_own_pages_are_gone_on_at() {
        for path in ["/", "/cart", "/p/mug?v=MUG-1", "/account"] {
            assert_eq!(own_path(path).as_deref(), Some(path));
        }
        let other = ["", "cart", "//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil", "/actions/x"];
        for path in other {
            assert_eq!(own_path(path), None, "{path}");
        }
    }
}
