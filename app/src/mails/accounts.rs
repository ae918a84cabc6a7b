//! The mails about accounts: short, with at most one button.

use super::frame::{self, frame};
use commerce::notifications::Mail;
use commerce::settings::Settings;
use leptos::prelude::*;

/// Asks somebody to confirm their address by the link `url`.
pub fn verify_email(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!("Hello {name}, please confirm that this address is yours. The link is good for three days.");
    mail(to, settings, "Confirm your e-mail address", &text, "Confirm address", url)
}

/// Tells somebody that they have an account already; `url` is where they sign in.
pub fn registration_repeated(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, somebody has just asked for an account with this address, and you have one. \
         If it was you, sign in, or choose a new password there. If not, there is nothing to do."
    );
    mail(to, settings, "You have an account already", &text, "Sign in", url)
}

/// Lets somebody choose a new password by the link `url`.
pub fn reset_password(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, here you choose a new password. The link is good for one hour. \
         If you did not ask for it, there is nothing to do: your password stays as it is."
    );
    mail(to, settings, "Choose a new password", &text, "Choose a new password", url)
}

/// Tells somebody that their password was changed; `url` is where they can choose another.
pub fn password_changed(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, the password of your account was changed, and every other device was signed out. \
         If it was not you, choose a new password at once."
    );
    mail(to, settings, "Your password was changed", &text, "I did not do this", url)
}

/// Tells somebody that there is another way to sign in to their account; `url` is where they can take it away.
pub fn identity_linked(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, another way to sign in was linked to your account. \
         If it was not you, unlink it under “Security”, and change your password at once."
    );
    mail(to, settings, "Another way to sign in was linked", &text, "Look at it", url)
}

/// A mail with one text and one button.
pub(super) fn mail(to: &str, settings: &Settings, subject: &str, text: &str, button: &str, url: &str) -> Mail {
    Mail {
        recipient: to.to_owned(),
        subject: format!("{subject} – {}", settings.name),
        text: format!("{text}\n\n{url}\n\n{}\n", settings.name),
        html: frame(&settings.name, subject, view! { <p>{text.to_owned()}</p>{frame::button(button, url)} }),
    }
}
