//! The bottom of every page.

use crate::page::Page;
use leptos::prelude::*;

#[component]
pub fn Footer(page: Page) -> impl IntoView {
    let reference = page.shop.reference();
    let settings = &reference.settings;
    let categories: Vec<_> = reference
        .categories
        .roots()
        .map(|category| view! { <li><a href=format!("/c/{}", category.slug)>{category.name.clone()}</a></li> })
        .collect();
    let deliveries: Vec<_> = reference
        .delivery_methods
        .iter()
        .map(|method| {
            let free = method.free_over.map(|over| format!(", free from {over}"));
            view! { <li>{method.name.clone()}" "{method.price.to_string()}{free}</li> }
        })
        .collect();
    let mail = format!("mailto:{}", settings.email);
    view! {
        <footer class="site-footer">
            <div class="wrap">
                <div>
                    <h2>"Shop"</h2>
                    <ul>{categories}<li><a href="/products">"All products"</a></li></ul>
                </div>
                <div>
                    <h2>"Delivery"</h2>
                    <ul>{deliveries}</ul>
                </div>
                <div>
                    <h2>"Help"</h2>
                    <ul>
                        <li><a href="/orders/lookup">"Find your order"</a></li>
                        <li><a href=mail>{settings.email.clone()}</a></li>
                        <li>
                            {if settings.prices_include_tax { "Prices include tax" } else { "Prices are before tax" }}
                        </li>
                    </ul>
                </div>
            </div>
        </footer>
    }
}
