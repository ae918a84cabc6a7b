//! What staff see and do. Each page names what it takes; the use cases below it look again.

pub(crate) mod actions;
mod audit;
mod credit;
mod events;
mod inventory;
mod inventory_actions;
mod locations;
mod order;
mod order_actions;
mod order_edit;
mod order_edit_actions;
mod orders;
mod parcel_actions;
mod parcels;
mod people;
mod return_actions;
mod return_page;
mod returns;
mod timeline;
mod transfers;

pub use audit::AuditPage;
pub use events::EventsPage;
pub(crate) use inventory::stock_path;
pub use inventory::{InventoryPage, StockPage};
pub use locations::{LocationPage, LocationsPage};
pub use order::StaffOrderPage;
pub use order_edit::OrderEditPage;
pub use orders::OrdersPage;
pub use people::{PeoplePage, PersonPage};
pub use return_page::{OpenReturnPage, StaffReturnPage};
pub use returns::ReturnsPage;
pub use transfers::TransfersPage;

use crate::accounts::sign_in_for;
use crate::head::Head;
use crate::layout::{Drawn, not_found, nothing, shop_page, unavailable};
use crate::page::Page;
use commerce::accounts::{Permission, Role, SignedIn, StaffError};
use http::StatusCode;
use leptos::prelude::*;

/// The pages of staff: their names, addresses and what they take.
const SECTIONS: [(&str, &str, Permission); 8] = [
    ("Orders", "/admin/orders", Permission::OrdersRead),
    ("Returns", "/admin/returns", Permission::OrdersRead),
    ("Transfers", transfers::PATH, Permission::OrdersRead),
    ("People", "/admin/people", Permission::UsersRead),
    ("Inventory", "/admin/inventory", Permission::StockRead),
    ("Locations", "/admin/locations", Permission::StockRead),
    ("Audit log", "/admin/audit", Permission::AuditRead),
    ("Events", "/admin/events", Permission::EventsWrite),
];

/// The first page of staff that a role can open.
pub fn first_page(role: Role) -> Option<&'static str> {
    SECTIONS.iter().find(|(_, _, permission)| role.allows(*permission)).map(|(_, href, _)| *href)
}

/// A page for staff, with the way to the others that they may see.
async fn staff_page(page: &Page, who: &SignedIn, title: &str, content: impl IntoView) -> Drawn {
    page.set_head(Head { title: format!("{title} — back office"), ..Head::default() });
    let links: Vec<_> = SECTIONS
        .iter()
        .filter(|(_, _, permission)| who.role.allows(*permission))
        .map(|(name, href, _)| {
            let current = (page.path() == *href).then_some("page");
            view! { <li><a href=*href aria-current=current>{*name}</a></li> }
        })
        .collect();
    let content = view! {
        <div class="wrap account">
            <h1>{title.to_owned()}</h1>
            <nav class="account-nav" aria-label="Back office"><ul>{links}</ul></nav>
            {content}
        </div>
    };
    shop_page(page, content).await
}

/// Who is signed in; the answer for everybody else leads to where they can, and back.
async fn staff(page: &Page) -> Result<SignedIn, Drawn> {
    match page.signed_in().await {
        Ok(Some(who)) => Ok(who),
        Ok(None) => {
            page.see_other(&sign_in_for(page.path()));
            Err(nothing())
        }
        Err(error) => Err(unavailable(page, error).await),
    }
}

/// The page for what could not be shown.
async fn refused(page: &Page, error: StaffError) -> Drawn {
    match error {
        StaffError::Forbidden(_) => forbidden(page).await,
        StaffError::Unknown => not_found(page, "Nobody found").await,
        error => unavailable(page, error).await,
    }
}

/// The page for who may not see what they asked for.
async fn forbidden(page: &Page) -> Drawn {
    page.set_status(StatusCode::FORBIDDEN);
    page.set_head(Head { title: "Not for you".to_owned(), ..Head::default() });
    let content = view! {
        <div class="wrap empty-state">
            <h1>"This page is not for your account"</h1>
            <p>"It takes a permission that you don’t have. Somebody who runs the shop can give it to you."</p>
            <p><a class="button primary" href="/">"To the shop"</a></p>
        </div>
    };
    shop_page(page, content).await
}

/// What people call a role.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Customer => "Customer",
        Role::Vendor => "Vendor",
        Role::Support => "Support",
        Role::Admin => "Admin",
    }
}
