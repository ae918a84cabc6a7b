//! The page on which somebody proves that an account is theirs, before another way in is linked to it.

use super::actions::LINK_FORM;
use super::form_page;
use super::identities::{Trouble, explain};
use crate::forms::{ErrorSummary, TextField, draft};
use crate::layout::{nothing, unavailable};
use crate::page::Page;
use commerce::accounts::identity;
use commerce::db::DbErr;
use leptos::prelude::*;

/// The password of the account, where it has one, and a button: nobody is led into linking by an address alone.
#[component]
pub fn LinkPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        let found = async {
            let who = page.signed_in().await?;
            let kept = match page.flow() {
                Some(flow) => flow.kept(&page.shop).await?,
                None => None,
            };
            let Some(identity) = kept else { return Ok(Err(Trouble::Expired)) };
            let candidate = identity::candidate(&page.shop, &identity, who.as_ref()).await?;
            Ok::<_, DbErr>(match candidate {
                None => Err(Trouble::Unverified),
                Some(candidate) if who.is_none() && !candidate.password => Err(Trouble::OtherWay),
                Some(candidate) => Ok((identity, candidate, who.is_some())),
            })
        };
        let (identity, candidate, member) = match found.await {
            Ok(Ok(found)) => found,
            Ok(Err(trouble)) => {
                explain(&page, trouble);
                return nothing();
            }
            Err(error) => return unavailable(&page, error).await,
        };
        let form = match draft(&page, LINK_FORM).await {
            Ok(form) => form.unwrap_or_default(),
            Err(error) => return unavailable(&page, error).await,
        };
        let label = page.site.label_of(&identity.provider).to_owned();
        let there = identity.email.map(|email| format!(" ({email})")).unwrap_or_default();
        let why = if member {
            format!("From then on, you can sign in to your account {} by {label}{there}, too.", candidate.email)
        } else {
            format!(
                "There is an account with your address {}. Enter its password once, and you can sign in by {label} from \
                 then on, too.",
                candidate.email,
            )
        };
        let content = view! {
            <p>{why}</p>
            <ErrorSummary form=form.clone() />
            <form method="post" action="/actions/auth/link" novalidate=true>
                <input hidden=true type="text" name="username" autocomplete="username" value=candidate.email />
                {candidate.password.then(|| view! {
                    <TextField form=form name="current_password".to_owned() label="Password of your account here" kind="password" autocomplete="current-password".to_owned() maxlength=128 />
                })}
                <button class="button primary wide">{format!("Link {label}")}</button>
            </form>
            {(!member).then(|| view! { <p><a href="/auth/forgot">"I have forgotten my password"</a></p> })}
        };
        form_page(&page, "Link it to your account", content).await
    })
}
