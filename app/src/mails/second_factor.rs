//! The mails about second factors.

use super::accounts::mail;
use super::frame::frame;
use commerce::accounts::second_factor::FactorKind;
use commerce::notifications::Mail;
use commerce::settings::Settings;
use leptos::prelude::*;

fn name_of(kind: FactorKind) -> &'static str {
    match kind {
        FactorKind::Totp => "an authenticator app",
        FactorKind::Email => "codes by e-mail",
        FactorKind::Passkey => "a passkey",
    }
}

/// Tells somebody that they have a second factor more; `url` is where they see to it.
pub fn factor_added(to: &str, name: &str, settings: &Settings, kind: FactorKind, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, {} was added to your account: you can sign in with it from now on. \
         If it was not you, choose a new password at once and remove it.",
        name_of(kind)
    );
    mail(to, settings, "A second factor was added", &text, "See to my account", url)
}

/// Tells somebody that they have a second factor less; `url` is where they see to it.
pub fn factor_removed(to: &str, name: &str, settings: &Settings, kind: FactorKind, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, {} was removed from your account and is not asked for any more. \
         If it was not you, choose a new password at once.",
        name_of(kind)
    );
    mail(to, settings, "A second factor was removed", &text, "See to my account", url)
}

/// Tells somebody that one of their recovery codes was used; `url` is where they see to it.
pub fn recovery_code_used(to: &str, name: &str, settings: &Settings, left: i64, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, somebody has signed in to your account with your password and a recovery code. \
         Codes left: {left}. If it was not you, choose a new password at once and make new codes."
    );
    mail(to, settings, "A recovery code was used", &text, "See to my account", url)
}

/// Gives somebody the code that they sign in with. There is no button: the code belongs where it was asked for.
pub fn sign_in_code(to: &str, name: &str, settings: &Settings, code: &str) -> Mail {
    let text = format!(
        "Hello {name}, your code is {code}. It is good for ten minutes, where you are signing in now. \
         Nobody of ours ever asks for it. If you are not signing in, somebody has your password: change it."
    );
    Mail {
        recipient: to.to_owned(),
        subject: format!("Your code to sign in – {}", settings.name),
        text: format!("{text}\n\n{}\n", settings.name),
        html: frame(&settings.name, "Your code to sign in", view! { <p>{text}</p> }),
    }
}
