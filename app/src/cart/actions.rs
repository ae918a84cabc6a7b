//! What forms do to a cart. Each answers with a redirect to a page.

use crate::layout::log_failure;
use crate::page::Page;
use commerce::cart::{CartError, Holder, add_line, change_line};
use commerce::catalog::VariationId;
use commerce::forms;
use commerce::token::Token;
use leptos::prelude::*;
use leptos::server_fn::axum::register_explicit;

/// Makes these server functions known.
pub fn register() {
    register_explicit::<AddToCart>();
    register_explicit::<ChangeQuantity>();
    register_explicit::<RemoveFromCart>();
    register_explicit::<ClearCart>();
}

/// The code of a notice for what went wrong.
fn code(error: &CartError) -> &'static str {
    match error {
        CartError::UnknownVariation => "unknown-variation",
        CartError::NotInCart => "not-in-cart",
        CartError::NotEnough { .. } => "short",
        CartError::TooMany { .. } => "too-many",
        CartError::TooManyLines => "too-many-lines",
        CartError::Db(error) => {
            log_failure(error);
            "unavailable"
        }
    }
}

/// Lets a guest keep the token of their cart for another 30 days; that of an account stays here.
fn keep(page: &Page, holder: &Holder, token: &Token) {
    if let Holder::Guest(_) = holder {
        page.set_guest(token);
    }
}

/// Whose line of a cart a form is about.
async fn line(page: &Page, variation: Option<String>) -> Result<(Holder, Token, VariationId), CartError> {
    let holder = page.holder().await?;
    let token = holder.token(&page.shop).ok_or(CartError::NotInCart)?;
    let variation = variation.and_then(|text| text.parse().ok()).ok_or(CartError::NotInCart)?;
    Ok((holder, token, variation))
}

/// A value for the query of one of our own addresses.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// What was typed into a quantity field, for the page to show again: its beginning, as nobody means more.
fn typed(raw: Option<&str>) -> String {
    let text: String = forms::clean(raw).chars().take(20).collect();
    format!("&typed={}", encoded(&text))
}

/// The segment of a path that is to be one of our slugs.
fn slug(raw: Option<&str>) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || *c == '-' || *c == '_';
    raw.unwrap_or_default().chars().filter(fits).take(200).collect()
}

/// Puts a variation into the cart and goes back to its page.
#[server(prefix = "/actions", endpoint = "cart/add")]
pub async fn add_to_cart(
    #[server(default)] product: Option<String>,
    #[server(default)] variation: Option<String>,
    #[server(default)] sku: Option<String>,
    #[server(default)] quantity: Option<String>,
    /// Where to go on: the cart, where something is put back, else the product.
    #[server(default)]
    back: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let product_slug = slug(product.as_deref());
    let sku = encoded(sku.as_deref().unwrap_or_default());
    let to_cart = back.as_deref() == Some("cart") || product_slug.is_empty();
    let refuse = |code: &str, more: &str| {
        let path = if to_cart {
            format!("/cart?refused={code}")
        } else {
            format!("/p/{product_slug}?v={sku}&refused={code}{more}")
        };
        page.see_other(&path);
    };
    let Ok(quantity) = forms::quantity(quantity.as_deref()) else {
        refuse("quantity", &typed(quantity.as_deref()));
        return Ok(());
    };
    let Some(variation) = variation.and_then(|text| text.parse::<VariationId>().ok()) else {
        refuse("unknown-variation", "");
        return Ok(());
    };
    let addition = add_line::Addition { variation, product_slug: product_slug.clone(), quantity };
    let holder = match page.holder().await {
        Ok(holder) => holder,
        Err(error) => {
            refuse(code(&error.into()), "");
            return Ok(());
        }
    };
    match add_line::add_line(&page.shop, &holder, &addition).await {
        Ok(token) => {
            keep(&page, &holder, &token);
            let product_page = format!("/p/{product_slug}?v={sku}&added={quantity}");
            page.see_other(if to_cart { "/cart?done=restored" } else { &product_page });
        }
        Err(CartError::NotEnough { available, in_cart }) => {
            refuse("not-enough", &format!("&available={available}&in_cart={in_cart}"));
        }
        Err(error) => refuse(code(&error), ""),
    }
    Ok(())
}

/// Sets how many of a variation are in the cart.
#[server(prefix = "/actions", endpoint = "cart/quantity")]
pub async fn change_quantity(
    #[server(default)] variation: Option<String>,
    #[server(default)] quantity: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let refuse = |code: &str| page.see_other(&format!("/cart?refused={code}"));
    let Ok(quantity) = forms::quantity(quantity.as_deref()) else {
        let variation = encoded(&variation.unwrap_or_default().chars().take(36).collect::<String>());
        refuse(&format!("quantity&variation={variation}{}", typed(quantity.as_deref())));
        return Ok(());
    };
    let (holder, token, variation) = match line(&page, variation).await {
        Ok(line) => line,
        Err(error) => {
            refuse(code(&error));
            return Ok(());
        }
    };
    match change_line::set_quantity(&page.shop, &token, variation, quantity).await {
        Ok(()) => {
            keep(&page, &holder, &token);
            page.see_other("/cart?done=updated");
        }
        Err(CartError::NotEnough { available, .. }) => {
            page.see_other(&format!("/cart?refused=not-enough&variation={variation}&available={available}"));
        }
        Err(error) => refuse(code(&error)),
    }
    Ok(())
}

/// Takes a variation out of the cart; the next page offers to undo it.
#[server(prefix = "/actions", endpoint = "cart/remove")]
pub async fn remove_from_cart(
    #[server(default)] product: Option<String>,
    #[server(default)] variation: Option<String>,
) -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let (_, token, variation) = match line(&page, variation).await {
        Ok(line) => line,
        Err(error) => {
            page.see_other(&format!("/cart?refused={}", code(&error)));
            return Ok(());
        }
    };
    match change_line::remove(&page.shop, &token, variation).await {
        Ok(quantity) => {
            let product = slug(product.as_deref());
            page.see_other(&format!("/cart?removed={variation}&product={product}&quantity={quantity}"));
        }
        Err(error) => page.see_other(&format!("/cart?refused={}", code(&error))),
    }
    Ok(())
}

/// Takes everything out of the cart.
#[server(prefix = "/actions", endpoint = "cart/clear")]
pub async fn clear_cart() -> Result<(), ServerFnError> {
    let page = Page::of_action();
    let outcome = match page.cart_token().await {
        Ok(Some(token)) => change_line::clear(&page.shop, &token).await,
        Ok(None) => Err(CartError::NotInCart),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) | Err(CartError::NotInCart) => page.see_other("/cart?done=cleared"),
        Err(error) => page.see_other(&format!("/cart?refused={}", code(&error))),
    }
    Ok(())
}
