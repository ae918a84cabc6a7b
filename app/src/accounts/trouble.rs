//! The page for those who could not be signed in by another provider.

use super::form_page;
use super::identities::Trouble;
use crate::page::Page;
use leptos::prelude::*;

/// What was wrong, in words of our own whatever the address says, and ways on.
#[component]
pub fn SignInErrorPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let code = page.query.get("code").unwrap_or_default();
        let trouble = Trouble::ALL.into_iter().find(|trouble| trouble.code() == code).unwrap_or(Trouble::Expired);
        let (title, text) = words(trouble);
        // Who can't be signed in may be signed in already, and wanted to link something.
        let member = page.signed_in().await.is_ok_and(|who| who.is_some());
        let ways = if member {
            view! { <li><a class="button primary" href="/account/security">"Back to your account"</a></li> }.into_any()
        } else {
            view! {
                <li><a class="button primary" href="/auth/signin">"Sign in"</a></li>
                <li><a class="button" href="/auth/register">"Create an account"</a></li>
                <li><a class="button" href="/auth/forgot">"Set a password by mail"</a></li>
            }
            .into_any()
        };
        form_page(&page, title, view! { <p>{text}</p><ul class="button-row">{ways}</ul> }).await
    })
}

fn words(trouble: Trouble) -> (&'static str, &'static str) {
    match trouble {
        Trouble::Cancelled => (
            "You did not sign in",
            "You came back without signing in there, and nothing has changed. You can try again, or sign in another way.",
        ),
        Trouble::Unreachable => (
            "This sign-in can’t be reached",
            "It does not answer at the moment. Please try again in a few minutes, or sign in another way.",
        ),
        Trouble::Refused => (
            "This sign-in did not work",
            "The answer could not be trusted, so nobody was signed in. Please try again, or sign in another way.",
        ),
        Trouble::Expired => (
            "Please begin once more",
            "The sign-in took longer than ten minutes, was finished already, or was begun in another browser. It needs a \
             cookie: please allow those of this shop.",
        ),
        Trouble::Unverified => (
            "Your address is not confirmed there",
            "Nobody has made sure that the e-mail address there is yours. Confirm it there and try again; or create an \
             account with your address here, and link the other one to it under “Security”.",
        ),
        Trouble::InUse => (
            "It belongs to another account",
            "Somebody signs in to another account of this shop by it. Sign in there and unlink it first.",
        ),
        Trouble::OtherWay => (
            "You have an account already",
            "There is an account with your e-mail address, and it has no password. Sign in the way you did before, and \
             link this one under “Security”; or set a password by mail.",
        ),
        Trouble::Unavailable => {
            ("We could not do that", "The shop could not finish your sign-in. Please try again in a few seconds.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trouble_has_a_code_and_words_of_its_own() {
        for one in Trouble::ALL {
            let same =
                Trouble::ALL.into_iter().filter(|other| one.code() == other.code() || words(one) == words(*other));
            assert_eq!(same.count(), 1, "{one:?}");
        }
    }
}
