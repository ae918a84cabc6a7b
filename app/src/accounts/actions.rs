//! What the forms of accounts do. Each answers with a redirect to a page.

use crate::forms::keep_draft;
use crate::layout::log_failure;
use crate::page::Page;
use commerce::accounts::{
    AccountError, Password, Registration, SignedIn, change_password, end_session, queries, register as registering,
    reset_password, sign_in, verify_email,
};
use commerce::cart::merge;
use commerce::forms::{self, Errors, FieldError, Fields, Parser};
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The names of the forms among drafts.
pub const SIGN_IN_FORM: &str = "auth/signin";
/// The form to get an account.
pub const REGISTER_FORM: &str = "auth/register";
/// The form that asks for a link.
pub const FORGOT_FORM: &str = "auth/forgot";
/// The form with the new password, after a link.
pub const RESET_FORM: &str = "auth/reset";
/// The form with the old and the new password.
pub const PASSWORD_FORM: &str = "account/password";

/// Makes these server functions known.
pub fn register() {
    register_explicit::<SignIn>();
    register_explicit::<SignOut>();
    register_explicit::<RegisterAccount>();
    register_explicit::<Verify>();
    register_explicit::<Forgot>();
    register_explicit::<Reset>();
    register_explicit::<ChangePassword>();
    register_explicit::<EndSession>();
    register_explicit::<EndOthers>();
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
fn failed(page: &Page, path: &str, error: &AccountError) {
    log_failure(error);
    page.see_other(&format!("{path}?refused=unavailable"));
}

/// Begins a session: what the guest had in their cart comes along, and they go on at `path`, or at the cart where it
/// has changed by that.
async fn arrive(page: &Page, token: &Token, path: &str) {
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

/// Signs in with address and password.
#[server(prefix = "/actions", endpoint = "auth/signin")]
pub async fn sign_in(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/signin";
    let page = Page::of_action();
    let mut parser = Parser::default();
    let email = parser.field("email", forms::email(field(&fields, "email")));
    let password = parser.field("password", Password::typed(field(&fields, "password")));
    let (email, password) = match parser.finish(email.zip(password)) {
        Ok(typed) => typed,
        Err(errors) => {
            keep_draft(&page, SIGN_IN_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match sign_in::sign_in(&page.shop, &email, &password, &page.device()).await {
        Ok(token) => {
            let next = field(&fields, "next").and_then(own_path);
            arrive(&page, &token, next.as_deref().unwrap_or("/account?done=signed-in")).await;
        }
        Err(AccountError::WrongCredentials) => {
            keep_draft(&page, SIGN_IN_FORM, PATH, fields, error("password", FieldError::Wrong)).await;
        }
        Err(AccountError::Unverified) => page.see_other("/auth/signin?done=check-mail"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Ends the session.
#[server(prefix = "/actions", endpoint = "auth/signout")]
pub async fn sign_out() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    if let Some(token) = page.session_token() {
        if let Err(error) = end_session::sign_out(&page.shop, &token).await {
            failed(&page, "/account", &error.into());
            return Ok(());
        }
        page.forget_session();
    }
    page.see_other("/auth/signin?done=signed-out");
    Ok(())
}

/// Asks for an account.
#[server(prefix = "/actions", endpoint = "auth/register")]
pub async fn register_account(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/register";
    let page = Page::of_action();
    let registration = match Registration::parse(&fields) {
        Ok(registration) => registration,
        Err(errors) => {
            keep_draft(&page, REGISTER_FORM, PATH, fields, errors).await;
            return Ok(());
        }
    };
    match registering::register(&page.shop, &registration).await {
        Ok(()) => page.see_other("/auth/signin?done=check-mail"),
        Err(AccountError::CommonPassword) => {
            keep_draft(&page, REGISTER_FORM, PATH, fields, error("password", FieldError::TooCommon)).await;
        }
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Confirms an address by a mailed link, and signs in.
#[server(prefix = "/actions", endpoint = "auth/verify")]
pub async fn verify(#[server(default)] token: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(link) = token.as_deref().and_then(Token::parse) else {
        page.see_other("/auth/signin?refused=link");
        return Ok(());
    };
    match verify_email::verify_email(&page.shop, &link, &page.device()).await {
        Ok(token) => {
            arrive(&page, &token, "/account?done=verified").await;
        }
        Err(AccountError::InvalidLink) => page.see_other("/auth/signin?refused=link"),
        Err(error) => failed(&page, &format!("/auth/verify/{}", link.as_str()), &error),
    }
    Ok(())
}

/// Has a link mailed by which a new password can be chosen.
#[server(prefix = "/actions", endpoint = "auth/forgot")]
pub async fn forgot(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/auth/forgot";
    let page = Page::of_action();
    let email = match forms::email(field(&fields, "email")) {
        Ok(email) => email,
        Err(wrong) => {
            keep_draft(&page, FORGOT_FORM, PATH, fields, error("email", wrong)).await;
            return Ok(());
        }
    };
    match reset_password::request(&page.shop, &email).await {
        Ok(()) => page.see_other("/auth/signin?done=check-mail"),
        Err(error) => failed(&page, PATH, &error),
    }
    Ok(())
}

/// Sets a new password by a mailed link, and signs in.
#[server(prefix = "/actions", endpoint = "auth/reset")]
pub async fn reset(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(link) = field(&fields, "token").and_then(Token::parse) else {
        page.see_other("/auth/signin?refused=link");
        return Ok(());
    };
    let path = format!("/auth/reset/{}", link.as_str());
    let outcome = match Password::new(field(&fields, "new_password")) {
        Ok(password) => reset_password::reset(&page.shop, &link, &password, &page.device()).await,
        Err(wrong) => {
            keep_draft(&page, RESET_FORM, &path, Fields::new(), error("new_password", wrong)).await;
            return Ok(());
        }
    };
    match outcome {
        Ok(token) => {
            arrive(&page, &token, "/account?done=password-changed").await;
        }
        Err(AccountError::CommonPassword) => {
            keep_draft(&page, RESET_FORM, &path, Fields::new(), error("new_password", FieldError::TooCommon)).await;
        }
        Err(AccountError::InvalidLink) => page.see_other("/auth/signin?refused=link"),
        Err(error) => failed(&page, &path, &error),
    }
    Ok(())
}

/// Who is signed in; everybody else is sent to where they can.
async fn required(page: &Page) -> Option<SignedIn> {
    match page.signed_in().await {
        Ok(Some(who)) => Some(who),
        Ok(None) => {
            page.see_other("/auth/signin?next=/account");
            None
        }
        Err(error) => {
            failed(page, "/account", &error.into());
            None
        }
    }
}

/// Sets a new password for who knows the old one.
#[server(prefix = "/actions", endpoint = "account/password")]
pub async fn change_password(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    const PATH: &str = "/account";
    let page = Page::of_action();
    let Some(who) = required(&page).await else { return Ok(()) };
    let mut parser = Parser::default();
    let current = parser.field("current_password", Password::typed(field(&fields, "current_password")));
    let new = parser.field("new_password", Password::new(field(&fields, "new_password")));
    let outcome = match parser.finish(current.zip(new)) {
        Ok((current, new)) => change_password::change_password(&page.shop, &who, &current, &new, &page.device()).await,
        Err(errors) => {
            keep_draft(&page, PASSWORD_FORM, PATH, Fields::new(), errors).await;
            return Ok(());
        }
    };
    let wrong = match outcome {
        Ok(token) => {
            page.set_session(&token);
            page.see_other("/account?done=password-changed");
            return Ok(());
        }
        Err(AccountError::WrongCredentials) => error("current_password", FieldError::Wrong),
        Err(AccountError::CommonPassword) => error("new_password", FieldError::TooCommon),
        Err(error) => {
            failed(&page, PATH, &error);
            return Ok(());
        }
    };
    keep_draft(&page, PASSWORD_FORM, PATH, Fields::new(), wrong).await;
    Ok(())
}

/// Signs out on another device.
#[server(prefix = "/actions", endpoint = "account/end-session")]
pub async fn end_session(#[server(default)] session: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page).await else { return Ok(()) };
    // One that is none has ended already.
    if let Some(session) = session.and_then(|text| text.parse().ok())
        && let Err(error) = end_session::end(&page.shop, &who, session).await
    {
        failed(&page, "/account", &error.into());
        return Ok(());
    }
    page.see_other("/account?done=session-ended");
    Ok(())
}

/// Signs out on every other device.
#[server(prefix = "/actions", endpoint = "account/end-others")]
pub async fn end_others() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page).await else { return Ok(()) };
    match end_session::end_others(&page.shop, &who).await {
        Ok(()) => page.see_other("/account?done=session-ended"),
        Err(error) => failed(&page, "/account", &error.into()),
    }
    Ok(())
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
