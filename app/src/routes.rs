//! Which page is at which address, and the document around them.

use crate::accounts::{
    self, AddressBookPage, AddressPage, ApiKeysPage, AuthenticatorPage, ChangeEmailPage, ConfirmEmailPage, ConfirmPage,
    CreditPage, DownloadPage, ErasePage, ForgotPage, LinkPage, OrderHistoryPage, PasskeyPage, PaymentMethodsPage,
    ProfilePage, RecoveryCodesPage, RegisterPage, ResetPage, SecondFactorPage, SecurityPage, SignInErrorPage,
    SignInPage, VerifyPage,
};
use crate::admin::{
    self, AuditPage, EventsPage, InventoryPage, LocationPage, LocationsPage, OpenReturnPage, OrderEditPage, OrdersPage,
    PeoplePage, PersonPage, ReturnsPage, StaffOrderPage, StaffReturnPage, StockPage, TransfersPage,
};
use crate::cart::{self, CartPage};
use crate::catalog::{CategoryPage, HomePage, ProductPage, ShopPage};
use crate::checkout::{self, CheckoutPage};
use crate::layout::not_found;
use crate::orders::{
    self, ConfirmationPage, LinkedInvoicePage, LinkedOrderPage, LookupPage, OwnInvoicePage, OwnOrderPage,
    PackingSlipPage, StaffInvoicePage, TokenInvoicePage,
};
use crate::page::{Page, Site};
use crate::payments::{self, TestGatewayPage};
use crate::returns::{self, ReturnFormPage, ReturnPage};
use leptos::prelude::*;
use leptos_router::components::{FlatRoutes, Route, Router};
use leptos_router::{SsrMode, path};

/// The document around every page.
pub fn shell(site: Site) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="stylesheet" href=site.stylesheet />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Every page of the shop.
#[component]
pub fn App() -> impl IntoView {
    view! {
        <Router>
            <FlatRoutes fallback=MissingPage>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/products") view=ShopPage ssr=SsrMode::Async />
                <Route path=path!("/c/:slug") view=CategoryPage ssr=SsrMode::Async />
                <Route path=path!("/p/:slug") view=ProductPage ssr=SsrMode::Async />
                <Route path=path!("/cart") view=CartPage ssr=SsrMode::Async />
                <Route path=path!("/checkout/:step") view=CheckoutPage ssr=SsrMode::Async />
                <Route path=path!("/checkout/confirmation/:token") view=ConfirmationPage ssr=SsrMode::Async />
                <Route path=path!("/test-gateway/:reference") view=TestGatewayPage ssr=SsrMode::Async />
                <Route path=path!("/checkout/confirmation/:token/invoice") view=TokenInvoicePage ssr=SsrMode::Async />
                <Route path=path!("/auth/signin") view=SignInPage ssr=SsrMode::Async />
                <Route path=path!("/auth/second-factor") view=SecondFactorPage ssr=SsrMode::Async />
                <Route path=path!("/auth/register") view=RegisterPage ssr=SsrMode::Async />
                <Route path=path!("/auth/verify/:token") view=VerifyPage ssr=SsrMode::Async />
                <Route path=path!("/auth/forgot") view=ForgotPage ssr=SsrMode::Async />
                <Route path=path!("/auth/reset/:token") view=ResetPage ssr=SsrMode::Async />
                <Route path=path!("/auth/link") view=LinkPage ssr=SsrMode::Async />
                <Route path=path!("/auth/error") view=SignInErrorPage ssr=SsrMode::Async />
                <Route path=path!("/account") view=OrderHistoryPage ssr=SsrMode::Async />
                <Route path=path!("/account/credit") view=CreditPage ssr=SsrMode::Async />
                <Route path=path!("/account/payment-methods") view=PaymentMethodsPage ssr=SsrMode::Async />
                <Route path=path!("/account/profile") view=ProfilePage ssr=SsrMode::Async />
                <Route path=path!("/account/orders/:number") view=OwnOrderPage ssr=SsrMode::Async />
                <Route path=path!("/account/orders/:number/invoice") view=OwnInvoicePage ssr=SsrMode::Async />
                <Route path=path!("/account/email") view=ChangeEmailPage ssr=SsrMode::Async />
                <Route path=path!("/account/download") view=DownloadPage ssr=SsrMode::Async />
                <Route path=path!("/account/erase") view=ErasePage ssr=SsrMode::Async />
                <Route path=path!("/account/addresses") view=AddressBookPage ssr=SsrMode::Async />
                <Route path=path!("/account/addresses/:id") view=AddressPage ssr=SsrMode::Async />
                <Route path=path!("/auth/email/:token") view=ConfirmEmailPage ssr=SsrMode::Async />
                <Route path=path!("/orders/lookup") view=LookupPage ssr=SsrMode::Async />
                <Route path=path!("/orders/view/:link") view=LinkedOrderPage ssr=SsrMode::Async />
                <Route path=path!("/orders/view/:link/invoice") view=LinkedInvoicePage ssr=SsrMode::Async />
                <Route path=path!("/checkout/confirmation/:token/return") view=ReturnFormPage ssr=SsrMode::Async />
                <Route path=path!("/checkout/confirmation/:token/returns/:return") view=ReturnPage ssr=SsrMode::Async />
                <Route path=path!("/orders/view/:link/return") view=ReturnFormPage ssr=SsrMode::Async />
                <Route path=path!("/orders/view/:link/returns/:return") view=ReturnPage ssr=SsrMode::Async />
                <Route path=path!("/account/orders/:number/return") view=ReturnFormPage ssr=SsrMode::Async />
                <Route path=path!("/account/orders/:number/returns/:return") view=ReturnPage ssr=SsrMode::Async />
                <Route path=path!("/account/security") view=SecurityPage ssr=SsrMode::Async />
                <Route path=path!("/admin/people") view=PeoplePage ssr=SsrMode::Async />
                <Route path=path!("/admin/people/:id") view=PersonPage ssr=SsrMode::Async />
                <Route path=path!("/admin/inventory") view=InventoryPage ssr=SsrMode::Async />
                <Route path=path!("/admin/inventory/:sku") view=StockPage ssr=SsrMode::Async />
                <Route path=path!("/admin/locations") view=LocationsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/locations/:id") view=LocationPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders") view=OrdersPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:number") view=StaffOrderPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:number/edit") view=OrderEditPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:number/invoice") view=StaffInvoicePage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:number/parcels/:parcel/packing-slip") view=PackingSlipPage ssr=SsrMode::Async />
                <Route path=path!("/admin/orders/:number/return") view=OpenReturnPage ssr=SsrMode::Async />
                <Route path=path!("/admin/returns") view=ReturnsPage ssr=SsrMode::Async />
                <Route path=path!("/admin/refunds") view=TransfersPage ssr=SsrMode::Async />
                <Route path=path!("/admin/returns/:number") view=StaffReturnPage ssr=SsrMode::Async />
                <Route path=path!("/admin/audit") view=AuditPage ssr=SsrMode::Async />
                <Route path=path!("/admin/events") view=EventsPage ssr=SsrMode::Async />
                <Route path=path!("/account/security/confirm") view=ConfirmPage ssr=SsrMode::Async />
                <Route path=path!("/account/security/authenticator") view=AuthenticatorPage ssr=SsrMode::Async />
                <Route path=path!("/account/security/passkey") view=PasskeyPage ssr=SsrMode::Async />
                <Route path=path!("/account/security/recovery-codes") view=RecoveryCodesPage ssr=SsrMode::Async />
                <Route path=path!("/account/api-keys") view=ApiKeysPage ssr=SsrMode::Async />
            </FlatRoutes>
        </Router>
    }
}

#[component]
fn MissingPage() -> impl IntoView {
    let page = Page::of_no_route();
    Suspend::new(async move { not_found(&page, "Page not found").await })
}

/// Makes the server functions known to the server that is to answer them.
pub fn register_actions() {
    accounts::actions::register();
    admin::actions::register();
    cart::actions::register();
    checkout::actions::register();
    orders::actions::register();
    payments::actions::register();
    returns::actions::register();
}
