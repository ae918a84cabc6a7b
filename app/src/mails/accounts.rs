//! The mails about accounts: short, with at most one button.

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

fn mail(to: &str, settings: &Settings, subject: &str, text: &str, button: &str, url: &str) -> Mail {
    Mail {
        recipient: to.to_owned(),
        subject: format!("{subject} – {}", settings.name),
        text: format!("{text}\n\n{url}\n\n{}\n", settings.name),
        html: html(&settings.name, subject, text, button, url),
    }
}

fn html(shop: &str, title: &str, text: &str, button: &str, url: &str) -> String {
    let document = view! {
        <html lang="en">
            <body style="margin:0;padding:24px;background:#f6f5f2;color:#1d1d1b;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5">
                <table role="presentation" style="width:100%;max-width:600px;margin:0 auto;background:#fff;padding:24px;border-radius:12px">
                    <tbody>
                        <tr>
                            <td>
                                <p style="font-size:20px;font-weight:bold;margin:0 0 16px">{shop.to_owned()}</p>
                                <h1 style="font-size:24px;margin:0 0 8px">{title.to_owned()}</h1>
                                <p>{text.to_owned()}</p>
                                <p>
                                    <a href=url.to_owned() style="display:inline-block;padding:12px 20px;background:#1d4b3f;color:#fff;border-radius:8px;text-decoration:none">
                                        {button.to_owned()}
                                    </a>
                                </p>
                            </td>
                        </tr>
                    </tbody>
                </table>
            </body>
        </html>
    };
    format!("<!DOCTYPE html>{}", document.to_html())
}
