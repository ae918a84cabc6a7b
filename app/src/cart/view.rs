//! The page of the cart.

use crate::forms::quantity_words;
use crate::head::Head;
use crate::layout::{Notice, NoticeKind, Pic, shop_page, unavailable};
use crate::page::Page;
use commerce::cart::{Cart, CartLine, LineProblem, queries};
use commerce::catalog::Found;
use leptos::either::Either;
use leptos::prelude::*;
use std::collections::HashMap;

/// What is in the cart, and the way to the checkout.
#[component]
pub fn CartPage() -> impl IntoView {
    let page = Page::current();
    Suspend::new(async move {
        // What was just changed must be there: the primary knows.
        let cart = match page.cart_token().await {
            Ok(Some(token)) => queries::by_token(page.shop.db.primary(), &token.hash()).await,
            Ok(None) => Ok(None),
            Err(error) => Err(error),
        };
        let cart = match cart {
            Ok(cart) => cart,
            Err(error) => return unavailable(&page, error).await,
        };
        page.set_head(Head { title: "Your cart".to_owned(), ..Head::default() });
        let removed = removed(&page).await;
        let cart = cart.filter(|cart| !cart.lines.is_empty());
        let short = short(&page, cart.as_ref());
        let lowered = lowered(&page, cart.as_ref());
        let content = view! {
                <div class="wrap cart-page">
                    <h1>"Your cart"</h1>
                    {removed}
                    {lowered}
                    {short.map(|text| view! { <Notice kind=NoticeKind::Warning><p>{text}</p></Notice> })}
                    {match cart {
                        Some(cart) => Either::Left(view! { <Full refused=RefusedQuantity::of(&page) page=page.clone() cart=cart /> }),
                        None => Either::Right(view! { <Empty page=page.clone() /> }),
                    }}
                </div>
        };
        shop_page(&page, content).await
    })
}

/// What to say about a quantity that there is not.
fn short(page: &Page, cart: Option<&Cart>) -> Option<String> {
    page.query.get("refused").filter(|code| code == "not-enough")?;
    let variation = page.query.get("variation")?;
    let line = cart?.lines.iter().find(|line| line.variation.to_string() == variation)?;
    Some(match line.available {
        ..=0 => format!("{} is sold out.", line.name),
        available => format!("There are only {available} of {}. Your cart was not changed.", line.name),
    })
}

/// What could not come into the cart of the account as often as it was in both.
fn lowered(page: &Page, cart: Option<&Cart>) -> Option<impl IntoView + use<>> {
    let listed = page.query.get("lowered")?;
    let wanted: HashMap<_, _> = listed.split(',').filter_map(|entry| entry.split_once('.')).collect();
    let items: Vec<_> = cart?
        .lines
        .iter()
        .filter_map(|line| {
            let wanted: i32 = wanted.get(line.variation.to_string().as_str())?.parse().ok()?;
            Some(view! { <li>{line.name.clone()}": "{line.quantity}" instead of "{wanted}</li> })
        })
        .collect();
    (!items.is_empty()).then(|| {
        view! {
            <Notice kind=NoticeKind::Warning>
                <p>"There is not as much of everything as was in both of your carts:"</p>
                <ul>{items}</ul>
            </Notice>
        }
    })
}

/// Offers to put back what was just taken out.
async fn removed(page: &Page) -> Option<impl IntoView + use<>> {
    let variation = page.query.get("removed")?;
    let slug = page.query.get("product")?;
    let quantity: i32 = page.query.get("quantity")?.parse().ok()?;
    let found = commerce::catalog::queries::product(page.shop.db.read(), &slug, page.shop.prices()).await;
    let Ok(Found::Here(product)) = found else { return None };
    let removed = product.variations.iter().find(|own| own.id.to_string() == variation)?;
    let options = removed.options.named(&product.options).to_string();
    let options = (!options.is_empty()).then(|| format!(" ({options})"));
    Some(view! {
        <Notice kind=NoticeKind::Success>
            <p>"Removed "{quantity}" × "{product.name.clone()}{options}"."</p>
            <form method="post" action="/actions/cart/add">
                <input type="hidden" name="product" value=slug />
                <input type="hidden" name="variation" value=variation />
                <input type="hidden" name="quantity" value=quantity />
                <input type="hidden" name="back" value="cart" />
                <button class="button">"Undo"</button>
            </form>
        </Notice>
    })
}

#[component]
fn Empty(page: Page) -> impl IntoView {
    let reference = page.shop.reference();
    let links: Vec<_> = reference
        .categories
        .roots()
        .map(|category| view! { <li><a class="button" href=format!("/c/{}", category.slug)>{category.name.clone()}</a></li> })
        .collect();
    view! {
        <div class="empty-state">
            <p>"Your cart is empty. What you put into it stays here for 30 days."</p>
            <ul class="button-row">{links}</ul>
        </div>
    }
}

/// A quantity that was refused, to be shown again beside its field.
#[derive(Clone)]
struct RefusedQuantity {
    variation: String,
    typed: String,
}

impl RefusedQuantity {
    fn of(page: &Page) -> Option<Self> {
        page.query.get("refused").filter(|code| code == "quantity")?;
        Some(Self { variation: page.query.get("variation")?, typed: page.query.get("typed").unwrap_or_default() })
    }
}

#[component]
fn Full(page: Page, cart: Cart, refused: Option<RefusedQuantity>) -> impl IntoView {
    let subtotal = cart.subtotal();
    let reference = page.shop.reference();
    let cheapest = reference
        .delivery_methods
        .iter()
        .filter(|method| method.price.currency() == cart.currency)
        .min_by_key(|method| method.price_for(subtotal).minor());
    let missing = reference
        .delivery_methods
        .iter()
        .filter_map(|method| method.missing_for_free(subtotal))
        .min_by_key(|missing| missing.minor());
    let free = missing.map(|missing| match missing.minor() {
        0 => "Delivery is free.".to_owned(),
        _ => format!("Only {missing} more until delivery is free."),
    });
    let can_check_out = cart.can_check_out();
    let lines: Vec<_> = cart
        .lines
        .into_iter()
        .map(|line| {
            let refused = refused.clone().filter(|refused| refused.variation == line.variation.to_string());
            view! { <Line line=line typed=refused.map(|refused| refused.typed) /> }
        })
        .collect();
    view! {
        <div class="with-summary">
            <section aria-label="Products in your cart">
                <ul class="lines">{lines}</ul>
                <details class="clear-cart">
                    <summary>"Empty the cart…"</summary>
                    <form method="post" action="/actions/cart/clear">
                        <p>"This takes everything out of your cart."</p>
                        <button class="button danger">"Clear cart"</button>
                    </form>
                </details>
            </section>
            <section class="summary" aria-labelledby="summary">
                <h2 id="summary">"Summary"</h2>
                <dl class="amounts">
                    <div><dt>"Subtotal"</dt><dd>{subtotal.to_string()}</dd></div>
                    {cheapest.map(|method| {
                        let price = method.price_for(subtotal);
                        let price = if price.minor() == 0 { "free".to_owned() } else { format!("from {price}") };
                        view! { <div><dt>"Delivery"</dt><dd>{price}</dd></div> }
                    })}
                </dl>
                {free.map(|text| view! { <p class="hint">{text}</p> })}
                <p class="hint">
                    {if reference.settings.prices_include_tax { "Prices include tax." } else { "Tax is added at checkout." }}
                </p>
                {(!can_check_out).then(|| view! {
                    <p class="field-error">"Please solve what is marked on the left before you check out."</p>
                })}
                <form method="post" action="/actions/checkout/start">
                    <button class="button primary wide" disabled=!can_check_out>"Checkout"</button>
                </form>
                <p><a href="/products">"Continue shopping"</a></p>
            </section>
        </div>
    }
}

#[component]
fn Line(
    line: CartLine,
    /// What was entered for its quantity and refused.
    typed: Option<String>,
) -> impl IntoView {
    let problem = line.problem().map(|problem| match problem {
        LineProblem::NotOffered => "This is not offered any more. Please remove it.".to_owned(),
        LineProblem::SoldOut => "This is sold out. Please remove it.".to_owned(),
        LineProblem::NotEnough { available } => format!("There are only {available} left. Please choose fewer."),
    });
    let before = line.price_before().zip(line.unit_price);
    let change = before.map(|(before, now)| {
        let direction = if now.minor() > before.minor() { "up" } else { "down" };
        format!("The price went {direction} from {before} to {now} since you added it.")
    });
    let href = format!("/p/{}?v={}", line.slug, line.sku);
    let options = line.options.to_string();
    let named = if options.is_empty() { line.name.clone() } else { format!("{} ({options})", line.name) };
    let id = format!("quantity-{}", line.variation);
    let variation = line.variation.to_string();
    let error_id = format!("{id}-error");
    let invalid = typed.as_ref().map(|_| "true");
    let described = typed.as_ref().map(|_| error_id.clone());
    let message =
        typed.as_ref().map(|_| view! { <p class="field-error" id=error_id role="alert">{quantity_words()}</p> });
    let value = typed.unwrap_or_else(|| line.quantity.to_string());
    view! {
        <li class="line">
            <a class="line-picture" href=href.clone() tabindex="-1" aria-hidden="true">
                <Pic picture=line.picture.clone() sizes="6rem" />
            </a>
            <div class="line-text">
                <h2><a href=href>{line.name.clone()}</a></h2>
                {(!options.is_empty()).then(|| view! { <p class="hint">{options}</p> })}
                <p class="hint">{line.unit_price.map(|price| format!("{price} each"))}</p>
                {change.map(|text| view! { <p class="price-change" role="status">{text}</p> })}
                {problem.map(|text| view! { <p class="field-error" role="alert">{text}</p> })}
            </div>
            <form class="line-quantity" method="post" action="/actions/cart/quantity">
                <input type="hidden" name="variation" value=variation.clone() />
                <label for=id.clone()>"Quantity"<span class="visually-hidden">" of "{named.clone()}</span></label>
                <input
                    id=id
                    name="quantity"
                    type="text"
                    inputmode="numeric"
                    value=value
                    maxlength="20"
                    autocomplete="off"
                    aria-invalid=invalid
                    aria-describedby=described
                />
                {message}
                <button class="button">"Update"<span class="visually-hidden">" "{named.clone()}</span></button>
            </form>
            <p class="line-total">{line.total().map(|total| total.to_string())}</p>
            <form class="line-remove" method="post" action="/actions/cart/remove">
                <input type="hidden" name="variation" value=variation />
                <input type="hidden" name="product" value=line.slug />
                <button class="link-button">"Remove"<span class="visually-hidden">" "{named}</span></button>
            </form>
        </li>
    }
}
