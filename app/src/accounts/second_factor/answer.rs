//! Where a sign-in waits for its second factor.

use crate::accounts::actions::{SECOND_FACTOR_FORM, SECOND_FACTOR_PATH, own_path, with_next};
use crate::accounts::passkeys::{PasskeySignIn, relying_party};
use crate::accounts::{form_page, guest_form};
use crate::forms::{ErrorSummary, Form, TextField};
use crate::layout::{log_failure, nothing};
use crate::page::Page;
use commerce::accounts::second_factor::answer::{self, Ways};
use leptos::prelude::*;

/// A way to answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    App,
    Mail,
    Recovery,
}

impl Way {
    const ALL: [Self; 3] = [Self::App, Self::Mail, Self::Recovery];

    fn code(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Mail => "mail",
            Self::Recovery => "recovery",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::App => "Use your authenticator app",
            Self::Mail => "Get a code by e-mail",
            Self::Recovery => "Use a recovery code",
        }
    }

    fn is_open(self, ways: Ways) -> bool {
        match self {
            Self::App => ways.totp,
            Self::Mail => ways.email,
            Self::Recovery => ways.recovery,
        }
    }
}

/// Asks for a code, in the way that was chosen or else the first there is.
#[component]
pub fn SecondFactorPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let form = match guest_form(&page, SECOND_FACTOR_FORM).await {
            Ok(form) => form,
            Err(answer) => return answer,
        };
        let ways = match page.pending_token() {
            Some(token) => answer::ways(&page.shop, &token).await,
            None => Ok(None),
        };
        let ways = match ways {
            Ok(Some(ways)) => ways,
            Ok(None) => {
                page.see_other("/auth/signin?refused=start-again");
                return nothing();
            }
            Err(error) => {
                log_failure(&error);
                page.see_other("/auth/signin?refused=unavailable");
                return nothing();
            }
        };
        let named = |name: &str| page.query.get(name).or_else(|| form.fields.get(name).cloned());
        let next = named("next").as_deref().and_then(own_path);
        let open = || Way::ALL.into_iter().filter(|way| way.is_open(ways));
        let chosen = named("with").and_then(|code| open().find(|way| way.code() == code)).or_else(|| open().next());
        let others: Vec<_> = open()
            .filter(|way| Some(*way) != chosen)
            .map(|way| {
                let address = with_next(SECOND_FACTOR_PATH, next.as_deref().unwrap_or("/account"));
                view! { <li><a href=format!("{address}&with={}", way.code())>{way.name()}</a></li> }
            })
            .collect();
        let asked = chosen.map(|way| match way {
            Way::Mail if !ways.email_sent => view! { <SendCode next=next.clone() again=false /> }.into_any(),
            way => view! { <Code form=form.clone() way=way next=next.clone() /> }.into_any(),
        });
        let content = view! {
            <ErrorSummary form=form.clone() />
            {asked}
            {(ways.passkey && relying_party(&page).is_some()).then(|| view! { <PasskeySignIn next=next /> })}
            {(!others.is_empty()).then(|| view! {
                <section aria-labelledby="other-ways">
                    <h2 id="other-ways">"Another way"</h2>
                    <ul>{others}</ul>
                </section>
            })}
            <p><a href="/auth/signin">"Sign in as somebody else"</a></p>
        };
        form_page(&page, "Confirm that it’s you", content).await
    })
}

#[component]
fn Code(form: Form, way: Way, next: Option<String>) -> impl IntoView {
    let (label, hint, inputmode) = match way {
        Way::App => ("Code", "The six digits that your authenticator app shows", "numeric"),
        Way::Mail => ("Code", "The six digits in the e-mail that we sent you", "numeric"),
        Way::Recovery => ("Recovery code", "One of those that you kept. Each is good once", "text"),
    };
    let trusted = form.fields.contains_key("trust");
    view! {
        <form method="post" action="/actions/auth/second-factor" novalidate=true>
            <input type="hidden" name="with" value=way.code() />
            {next.clone().map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <TextField form=form name="code".to_owned() label=label autocomplete="one-time-code".to_owned() inputmode=inputmode maxlength=40 hint=hint />
            <label class="check">
                <input type="checkbox" name="trust" checked=trusted />
                "Don’t ask again in this browser for 30 days"
            </label>
            <button class="button primary wide">"Confirm"</button>
        </form>
        {(way == Way::Mail).then(|| view! { <SendCode next=next again=true /> })}
    }
}

#[component]
fn SendCode(next: Option<String>, again: bool) -> impl IntoView {
    let class = if again { "button wide" } else { "button primary wide" };
    view! {
        {(!again).then(|| view! { <p>"We send six digits to the e-mail address of your account."</p> })}
        <form method="post" action="/actions/auth/send-code">
            {next.map(|next| view! { <input type="hidden" name="next" value=next /> })}
            <button class=class>{if again { "Send another code" } else { "Send the code" }}</button>
        </form>
    }
}
