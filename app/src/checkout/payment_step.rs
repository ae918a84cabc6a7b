//! How the order is paid.

use crate::page::Page;
use commerce::checkout::Checkout;
use commerce::db::DbErr;
use commerce::money::Money;
use commerce::payments::saved;
use commerce::store_credit;
use leptos::prelude::*;

/// What a way to pay is called.
pub fn method_name(code: &str) -> &'static str {
    match code {
        "bank_transfer" => "Bank transfer",
        "cash_on_delivery" => "Cash on delivery",
        "stripe" => "Card or wallet",
        "paypal" => "PayPal",
        "razorpay" => "UPI, card or net banking",
        "test" => "Test payment",
        "store_credit" => "Store credit",
        _ => "Other",
    }
}

/// What a way to pay is like.
pub fn method_text(code: &str) -> &'static str {
    match code {
        "bank_transfer" => "You get our account with the confirmation. We send your order when the money has arrived.",
        "stripe" => "You pay on a page of Stripe's, and come back.",
        "paypal" => "You pay on a page of PayPal's, and come back.",
        "razorpay" => "You pay on a page of Razorpay's, and come back.",
        "test" => "A page on which you decide what happens. No money moves.",
        "cash_on_delivery" => "You pay the carrier in cash when your order comes.",
        _ => "",
    }
}

/// What of the account's store credit can be used on a checkout, and what gateways keep for whoever is signed in: by
/// their codes, as its owner knows it.
pub async fn means(page: &Page, checkout: &Checkout) -> Result<(Money, Vec<(String, String)>), DbErr> {
    let (cart, db) = (&checkout.cart, page.shop.db.latest());
    let Some(who) = page.signed_in().await? else { return Ok((Money::zero(cart.currency), Vec::new())) };
    let credit = store_credit::queries::of_cart(db, cart.id, cart.currency).await?;
    let methods = saved::queries::of_user(db, who.user).await?;
    Ok((credit, methods.into_iter().map(|method| (method.gateway, method.label.name())).collect()))
}

fn saved_at(kept: &[(String, String)], gateway: &str) -> Option<impl IntoView + use<>> {
    let names: Vec<_> = kept.iter().filter(|(at, _)| at == gateway).map(|(_, name)| name.as_str()).collect();
    (!names.is_empty()).then(|| view! { <span class="hint">"Saved there: "{names.join(", ")}</span> })
}

/// The form of the payment step.
#[component]
pub fn PaymentStep(
    checkout: Checkout,
    /// What of the account's store credit can be used.
    credit: Money,
    /// What gateways keep for whoever is signed in, by their codes.
    kept: Vec<(String, String)>,
) -> impl IntoView {
    let total = checkout.totals.to_pay();
    let credit = (credit.minor() > 0).then(|| {
        let used = Money::new(credit.minor().min(total.minor()), total.currency());
        let rest = Money::new(total.minor() - used.minor(), total.currency());
        let then = match rest.minor() {
            0 => "It pays for everything: nothing needs to be chosen below.".to_owned(),
            _ => format!("You pay the rest, {rest}, as you choose below."),
        };
        view! {
            <label class="option-card">
                <input type="checkbox" name="use_credit" value="1" checked=checkout.uses_credit />
                <span>
                    <strong>{format!("Use {used} of store credit")}</strong>
                    <span class="hint">{format!("You have {credit}. {then}")}</span>
                </span>
            </label>
        }
    });
    let chosen = checkout.payment.or(checkout.payment_offers.first().cloned()).map(|method| method.code);
    let methods: Vec<_> = checkout
        .payment_offers
        .into_iter()
        .map(|method| {
            let checked = Some(method.code) == chosen;
            view! {
                <li>
                    <label class="option-card">
                        <input type="radio" name="method" value=method.code checked=checked />
                        <span>
                            <strong>{method_name(method.code)}</strong>
                            <span class="hint">{method_text(method.code)}</span>
                            {saved_at(&kept, method.code)}
                        </span>
                    </label>
                </li>
            }
        })
        .collect();
    view! {
        <h1>"How do you want to pay?"</h1>
        <form method="post" action="/actions/checkout/payment">
            {credit}
            <fieldset class="group">
                <legend>"Payment"</legend>
                <ul class="option-cards">{methods}</ul>
            </fieldset>
            <button class="button primary">"Continue to review"</button>
        </form>
    }
}
