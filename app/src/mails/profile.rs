//! The mails about an account's address, and the last one.

use super::accounts::mail;
use commerce::notifications::Mail;
use commerce::settings::Settings;

/// Asks the new address by the link `url`. It may be somebody else's: nothing that its sender has written is in it.
pub fn confirm_new_email(to: &str, settings: &Settings, url: &str) -> Mail {
    let text = "Somebody wants to use this address for their account with us. If it was you, please confirm that it is \
                yours. The link is good for three days. If not, there is nothing to do: nothing happens without you.";
    mail(to, settings, "Confirm your new e-mail address", text, "Confirm address", url)
}

/// Asks the present address by the link `url` whether `new` may take its place.
pub fn confirm_old_email(to: &str, name: &str, new: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, somebody who is signed in to your account wants to change its e-mail address to {new}. \
         Please agree or say that it was not you. The link is good for three days, and nothing is changed without it."
    );
    mail(to, settings, "Change of your e-mail address", &text, "Agree or refuse", url)
}

/// Tells whoever has an account with an address that somebody else wanted it for theirs; `url` is where they sign in.
pub fn email_has_account(to: &str, settings: &Settings, url: &str) -> Mail {
    let text = "Somebody wants to use this address for their account with us, and it has one already. If it was you, \
                sign in to that one. If not, there is nothing to do: nothing is changed.";
    mail(to, settings, "You have an account with this address", text, "Sign in", url)
}

/// Tells somebody that this is the address of their account now; `url` is their profile.
pub fn email_changed(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!("Hello {name}, this is the e-mail address of your account now. You sign in with it.");
    mail(to, settings, "Your e-mail address was changed", &text, "Your profile", url)
}

/// Tells somebody that we have forgotten them; `url` is the shop.
pub fn account_erased(to: &str, name: &str, settings: &Settings, url: &str) -> Mail {
    let text = format!(
        "Hello {name}, your account is deleted, with everything we knew about you. Of your orders we keep what the law \
         on bookkeeping asks for, and for as long: goods, amounts, and the names and addresses of the invoices. This is \
         the last mail you get from us."
    );
    mail(to, settings, "Your account is deleted", &text, "To the shop", url)
}
