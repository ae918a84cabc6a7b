//! What the security page tells of passkeys.

use super::relying_party;
use crate::accounts::day;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::accounts::passkeys::{PASSKEY_NAME_MOST, PASSKEYS_MOST, Passkey, manage};
use commerce::db::DbErr;
use leptos::prelude::*;

/// Somebody's passkeys, where the shop's address allows some.
pub async fn section(page: &Page, who: &SignedIn) -> Result<impl IntoView + use<>, DbErr> {
    let passkeys = manage::passkeys(&page.shop, who.user).await?;
    let allowed = relying_party(page).is_some();
    let room = i64::try_from(passkeys.len()).is_ok_and(|count| count < PASSKEYS_MOST);
    let rows: Vec<_> = passkeys.into_iter().map(|passkey| view! { <Row passkey=passkey /> }).collect();
    Ok((allowed || !rows.is_empty()).then(|| {
        view! {
            <section aria-labelledby="passkeys">
                <h2 id="passkeys">"Passkeys"</h2>
                <p class="hint">"Your device or password manager signs you in, by fingerprint, face or PIN. Nothing to type, nothing to be stolen."</p>
                <ul class="sessions">{rows}</ul>
                {(allowed && room).then(|| view! {
                    <a class="button" href="/account/security/confirm?step=passkey">"Add a passkey"</a>
                })}
            </section>
        }
    }))
}

#[component]
fn Row(passkey: Passkey) -> impl IntoView {
    let used = passkey.used_at.map_or_else(|| "not used yet".to_owned(), |used| format!("last used {}", day(used)));
    let named = format!(": {}", passkey.name);
    let field = format!("passkey-{}", passkey.id);
    view! {
        <li class="session">
            <div>
                <p><strong>{passkey.name.clone()}</strong></p>
                <p class="hint">"Added "{day(passkey.created_at)}", "{used}</p>
                <details>
                    <summary>"Rename"<span class="visually-hidden">{named.clone()}</span></summary>
                    <form method="post" action="/actions/account/rename-passkey">
                        <input type="hidden" name="passkey" value=passkey.id.to_string() />
                        <div class="field">
                            <label for=field.clone()>"New name"</label>
                            <input id=field type="text" name="name" value=passkey.name maxlength=PASSKEY_NAME_MOST.to_string() autocomplete="off" />
                        </div>
                        <button class="button">"Save"</button>
                    </form>
                </details>
            </div>
            <a class="button" href=format!("/account/security/confirm?step=remove-passkey&passkey={}", passkey.id)>
                "Remove"<span class="visually-hidden">{named}</span>
            </a>
        </li>
    }
}
