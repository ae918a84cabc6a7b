//! What the security page tells of the second factor.

use crate::accounts::day;
use crate::accounts::device::device_name;
use crate::page::Page;
use commerce::accounts::SignedIn;
use commerce::accounts::second_factor::Factors;
use commerce::accounts::second_factor::queries::{self, TrustedDevice};
use commerce::db::DbErr;
use leptos::prelude::*;

/// What somebody has to prove themselves with, and where it isn't asked for.
pub async fn section(page: &Page, who: &SignedIn) -> Result<impl IntoView + use<>, DbErr> {
    let factors = queries::factors(page.shop.db.latest(), who.user).await?;
    let devices = queries::trusted_devices(&page.shop, who.user).await?;
    Ok(view! {
        <section aria-labelledby="second-factor">
            <h2 id="second-factor">"Second factor"</h2>
            <p class="hint">"With one, nobody gets in who only knows your password."</p>
            <ul class="sessions">
                <Factor name="Authenticator app" on=factors.totp about="Six digits that an app on your phone shows" step="totp" />
                <Factor name="Codes by e-mail" on=factors.email about="Six digits that we send you when you sign in" step="email" />
                {factors.any().then(|| view! { <RecoveryCodes factors=factors /> })}
            </ul>
            {(!devices.is_empty()).then(|| view! { <TrustedDevices devices=devices /> })}
        </section>
    })
}

#[component]
fn Factor(name: &'static str, on: bool, about: &'static str, step: &'static str) -> impl IntoView {
    let (href, verb) = if on {
        (format!("/account/security/confirm?step=remove-{step}"), "Remove")
    } else {
        (format!("/account/security/confirm?step={step}"), "Set up")
    };
    view! {
        <li class="session">
            <div>
                <p><strong>{name}</strong>{if on { " (on)" } else { " (off)" }}</p>
                <p class="hint">{about}</p>
            </div>
            <a class="button" href=href>{verb}<span class="visually-hidden">{format!(": {name}")}</span></a>
        </li>
    }
}

#[component]
fn RecoveryCodes(factors: Factors) -> impl IntoView {
    let left = match factors.recovery_codes {
        0 => "None are left".to_owned(),
        1 => "One is left".to_owned(),
        left => format!("{left} are left"),
    };
    view! {
        <li class="session">
            <div>
                <p><strong>"Recovery codes"</strong></p>
                <p class="hint">{left}", for when you have nothing else at hand"</p>
            </div>
            <a class="button" href="/account/security/confirm?step=recovery">
                "Make new ones"<span class="visually-hidden">": Recovery codes"</span>
            </a>
        </li>
    }
}

#[component]
fn TrustedDevices(devices: Vec<TrustedDevice>) -> impl IntoView {
    let rows: Vec<_> = devices
        .into_iter()
        .map(|device| {
            let name = device_name(&device.device);
            let named = format!(" {name}, until {}", day(device.expires_at));
            view! {
                <li class="session">
                    <div>
                        <p><strong>{name}</strong></p>
                        <p class="hint">
                            "Since "{day(device.created_at)}" from "{device.client}", until "{day(device.expires_at)}
                        </p>
                    </div>
                    <form method="post" action="/actions/account/distrust">
                        <input type="hidden" name="device" value=device.id.to_string() />
                        <button class="button">"Ask again"<span class="visually-hidden">{named}</span></button>
                    </form>
                </li>
            }
        })
        .collect();
    view! {
        <h3 id="trusted">"Browsers that are not asked"</h3>
        <ul class="sessions" aria-labelledby="trusted">{rows}</ul>
    }
}
