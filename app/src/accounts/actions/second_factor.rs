//! What people do about their second factor: showing it, getting one, giving one up.

use super::{enter, error, failed, field, own_path, required};
use crate::accounts::passkeys::relying_party;
use crate::forms::keep_draft;
use crate::page::Page;
use commerce::accounts::passkeys::{add, manage};
use commerce::accounts::second_factor::{Answer, FactorKind, answer, devices, email_code, recovery, set_up};
use commerce::accounts::{AccountError, Password, SignedIn};
use commerce::forms::{self, FieldError, Fields};
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// The form that takes a code at signing in.
pub const SECOND_FACTOR_FORM: &str = "auth/second-factor";
/// The form that takes the first code of an authenticator app.
pub const TOTP_FORM: &str = "account/totp";
/// The form that asks for the password before something is changed.
pub const CONFIRM_FORM: &str = "account/confirm";

/// Where a sign-in waits.
pub const SECOND_FACTOR_PATH: &str = "/auth/second-factor";

const SECURITY: &str = "/account/security";
const AUTHENTICATOR: &str = "/account/security/authenticator";
const RECOVERY_CODES: &str = "/account/security/recovery-codes?done=factor-added";

/// The longest code that anybody has.
const CODE_MOST: usize = 40;

pub(super) fn register() {
    register_explicit::<AnswerSecondFactor>();
    register_explicit::<SendCode>();
    register_explicit::<Confirm>();
    register_explicit::<ConfirmTotp>();
    register_explicit::<HideCodes>();
    register_explicit::<Distrust>();
}

/// Takes a code for a sign-in that waits.
#[server(prefix = "/actions", endpoint = "auth/second-factor")]
pub async fn answer_second_factor(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(token) = page.pending_token() else {
        page.see_other("/auth/signin?refused=start-again");
        return Ok(());
    };
    let code = match forms::required(field(&fields, "code"), CODE_MOST) {
        Ok(code) => code,
        Err(wrong) => {
            keep_draft(&page, SECOND_FACTOR_FORM, SECOND_FACTOR_PATH, fields, error("code", wrong)).await;
            return Ok(());
        }
    };
    let answered = match field(&fields, "with") {
        Some("recovery") => Answer::Recovery(code),
        Some("mail") => Answer::Email(code),
        _ => Answer::Totp(code),
    };
    let trust = fields.contains_key("trust");
    match answer::answer(&page.shop, &token, &answered, &page.device(), trust).await {
        Ok(entered) => {
            page.forget_pending();
            if let Some(trusted) = &entered.trusted {
                page.set_trusted(trusted);
            }
            let next = field(&fields, "next").and_then(own_path);
            enter(&page, &entered.session, next.as_deref().unwrap_or("/account?done=signed-in")).await;
        }
        Err(AccountError::WrongCode) => {
            keep_draft(&page, SECOND_FACTOR_FORM, SECOND_FACTOR_PATH, fields, error("code", FieldError::Wrong)).await;
        }
        Err(error) => start_again(&page, &error),
    }
    Ok(())
}

/// Mails a code for a sign-in that waits.
#[server(prefix = "/actions", endpoint = "auth/send-code")]
pub async fn send_code(#[server(default)] next: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(token) = page.pending_token() else {
        page.see_other("/auth/signin?refused=start-again");
        return Ok(());
    };
    let next = next.as_deref().and_then(own_path);
    let next = next.map(|next| super::with_next("", &next).replacen('?', "&", 1)).unwrap_or_default();
    match email_code::send(&page.shop, &token).await {
        Ok(()) => page.see_other(&format!("{SECOND_FACTOR_PATH}?with=mail&done=code-sent{next}")),
        Err(AccountError::TooManyTries) => {
            page.see_other(&format!("{SECOND_FACTOR_PATH}?with=mail&refused=codes-sent{next}"));
        }
        Err(AccountError::NoFactor) => page.see_other(&format!("{SECOND_FACTOR_PATH}?refused=factor-gone{next}")),
        Err(error) => start_again(&page, &error),
    }
    Ok(())
}

fn start_again(page: &Page, error: &AccountError) {
    match error {
        AccountError::NoPendingSignIn | AccountError::TooManyTries => {
            page.forget_pending();
            page.see_other("/auth/signin?refused=start-again");
        }
        error => failed(page, SECOND_FACTOR_PATH, error),
    }
}

/// Does what needs the password again: each step of a second factor.
#[server(prefix = "/actions", endpoint = "account/confirm")]
pub async fn confirm(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    let Some(step) = field(&fields, "step").map(str::to_owned) else {
        page.see_other(SECURITY);
        return Ok(());
    };
    let back = "/account/security/confirm";
    let kept = || fields.clone().into_iter().filter(|(name, _)| matches!(name.as_str(), "step" | "passkey")).collect();
    let password = match Password::typed(field(&fields, "current_password")) {
        Ok(password) => password,
        Err(wrong) => {
            keep_draft(&page, CONFIRM_FORM, back, kept(), error("current_password", wrong)).await;
            return Ok(());
        }
    };
    match take_step(&page, &who, &fields, &step, &password).await {
        Ok(next) => page.see_other(next),
        Err(AccountError::WrongCredentials) => {
            keep_draft(&page, CONFIRM_FORM, back, kept(), error("current_password", FieldError::Wrong)).await;
        }
        Err(AccountError::NoFactor) => page.see_other("/account/security?refused=factor-gone"),
        Err(AccountError::FactorExists) => page.see_other("/account/security?refused=factor-there"),
        Err(error) => failed(&page, SECURITY, &error),
    }
    Ok(())
}

/// Takes the step of that name; gives where to go on.
async fn take_step(
    page: &Page,
    who: &SignedIn,
    fields: &Fields,
    step: &str,
    password: &Password,
) -> Result<&'static str, AccountError> {
    const REMOVED: &str = "/account/security?done=factor-removed";
    let shop = &page.shop;
    Ok(match step {
        "totp" => set_up::begin_totp(shop, who, password).await.map(|()| AUTHENTICATOR)?,
        "email" => set_up::add_email(shop, who, password).await.map(|()| RECOVERY_CODES)?,
        "recovery" => recovery::renew(shop, who, password).await.map(|()| "/account/security/recovery-codes")?,
        "remove-totp" => set_up::remove(shop, who, FactorKind::Totp, password).await.map(|()| REMOVED)?,
        "remove-email" => set_up::remove(shop, who, FactorKind::Email, password).await.map(|()| REMOVED)?,
        "passkey" => {
            let party = relying_party(page).ok_or(AccountError::NoFactor)?;
            add::begin(shop, &party, who, password).await.map(|()| "/account/security/passkey")?
        }
        "remove-passkey" => {
            let passkey = field(fields, "passkey").and_then(|id| id.parse().ok()).ok_or(AccountError::NoFactor)?;
            manage::remove(shop, who, passkey, password).await.map(|()| REMOVED)?
        }
        _ => SECURITY,
    })
}

/// Takes the first code of an authenticator app.
#[server(prefix = "/actions", endpoint = "account/totp")]
pub async fn confirm_totp(#[server(flatten)] fields: Fields) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    let outcome = match forms::required(field(&fields, "code"), CODE_MOST) {
        Ok(code) => set_up::confirm_totp(&page.shop, &who, &code).await,
        Err(wrong) => {
            keep_draft(&page, TOTP_FORM, AUTHENTICATOR, Fields::new(), error("code", wrong)).await;
            return Ok(());
        }
    };
    match outcome {
        Ok(()) => page.see_other(RECOVERY_CODES),
        Err(AccountError::WrongCode) => {
            keep_draft(&page, TOTP_FORM, AUTHENTICATOR, Fields::new(), error("code", FieldError::Wrong)).await;
        }
        Err(AccountError::NoFactor) => page.see_other("/account/security?refused=factor-gone"),
        Err(error) => failed(&page, SECURITY, &error),
    }
    Ok(())
}

/// Shows the recovery codes no more.
#[server(prefix = "/actions", endpoint = "account/hide-codes")]
pub async fn hide_codes() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    match recovery::hide(&page.shop, &who).await {
        Ok(()) => page.see_other("/account/security?done=codes-kept"),
        Err(error) => failed(&page, SECURITY, &error.into()),
    }
    Ok(())
}

/// Trusts a browser no more.
#[server(prefix = "/actions", endpoint = "account/distrust")]
pub async fn distrust(#[server(default)] device: Option<String>) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let Some(who) = required(&page, SECURITY).await else { return Ok(()) };
    // One that is none is not trusted.
    if let Some(device) = device.and_then(|text| text.parse().ok())
        && let Err(error) = devices::distrust(&page.shop, &who, device).await
    {
        failed(&page, SECURITY, &error.into());
        return Ok(());
    }
    page.see_other("/account/security?done=distrusted");
    Ok(())
}
