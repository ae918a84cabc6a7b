//! Who may ask for which address. What is not in the table is refused.
//!
//! The route is the first door: use cases look at the role again.

use super::Web;
use super::notice::Notice;
use app::session_token;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use commerce::accounts::{Permission, SignedIn, queries, second_factor};
use commerce::events::{Metadata, cause, caused_by};
use tower_cookies::Cookies;

/// Who may ask for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Anybody: it shows or does the same for everybody.
    Public,
    /// Anybody, and they get and change their own things only: those of their cookie, or of the token in the address.
    Own,
    /// Who is signed in, and their own things only. Everybody else is sent to where they can sign in.
    Member,
    /// Whose role allows it for everybody's things.
    Staff(Permission),
}

use Access::{Member, Own, Public, Staff};

/// Every address there is, as the router has it.
pub const ROUTES: &[(&str, Access)] = &[
    ("/", Public),
    ("/.well-known/jwks.json", Public),
    ("/api", Public),
    ("/api/health", Public),
    ("/api/health/live", Public),
    ("/api/health/ready", Public),
    ("/api/webhooks/{gateway}", Public),
    ("/api/{*rest}", Public),
    ("/c/{slug}", Public),
    ("/islands.js", Public),
    ("/live-reload.js", Public),
    ("/media/{id}/{file}", Public),
    ("/p/{slug}", Public),
    ("/pkg", Public),
    ("/pkg/", Public),
    ("/products", Public),
    ("/account/export", Own),
    ("/api/auth/login", Own),
    ("/api/auth/logout", Own),
    ("/api/auth/me", Own),
    ("/api/auth/refresh", Own),
    ("/auth/email/{token}", Own),
    ("/auth/error", Own),
    ("/auth/forgot", Own),
    ("/auth/link", Own),
    ("/auth/oidc/{name}", Own),
    ("/auth/oidc/{name}/callback", Own),
    ("/auth/register", Own),
    ("/auth/reset/{token}", Own),
    ("/auth/second-factor", Own),
    ("/auth/signin", Own),
    ("/auth/verify/{token}", Own),
    ("/cart", Own),
    ("/checkout/confirmation/{token}", Own),
    ("/checkout/confirmation/{token}/invoice", Own),
    ("/checkout/confirmation/{token}/invoice.pdf", Own),
    ("/checkout/{step}", Own),
    ("/checkout/confirmation/{token}/return", Own),
    ("/checkout/confirmation/{token}/returns/{return}", Own),
    ("/orders/lookup", Own),
    ("/orders/view/{link}", Own),
    ("/orders/view/{link}/return", Own),
    ("/orders/view/{link}/returns/{return}", Own),
    ("/payments/{gateway}/return", Own),
    ("/test-gateway/{reference}", Own),
    ("/orders/view/{link}/invoice", Own),
    ("/orders/view/{link}/invoice.pdf", Own),
    ("/actions/auth/email-confirm", Own),
    ("/actions/auth/email-refuse", Own),
    ("/actions/auth/forgot", Own),
    ("/actions/auth/link", Own),
    ("/actions/auth/passkey", Own),
    ("/actions/auth/passkey-options", Own),
    ("/actions/auth/register", Own),
    ("/actions/auth/reset", Own),
    ("/actions/auth/second-factor", Own),
    ("/actions/auth/send-code", Own),
    ("/actions/auth/signin", Own),
    ("/actions/auth/signout", Own),
    ("/actions/auth/verify", Own),
    ("/actions/cart/add", Own),
    ("/actions/cart/clear", Own),
    ("/actions/cart/quantity", Own),
    ("/actions/cart/remove", Own),
    ("/actions/checkout/address", Own),
    ("/actions/checkout/delivery", Own),
    ("/actions/checkout/payment", Own),
    ("/actions/checkout/place", Own),
    ("/actions/checkout/start", Own),
    ("/actions/orders/cancel", Own),
    ("/actions/orders/change-cart", Own),
    ("/actions/orders/lookup", Own),
    ("/actions/orders/pay", Own),
    ("/actions/returns/photos", Own),
    ("/actions/returns/request", Own),
    ("/actions/returns/withdraw", Own),
    ("/actions/test-gateway/play", Own),
    ("/account", Member),
    ("/account/addresses", Member),
    ("/account/addresses/{id}", Member),
    ("/account/api-keys", Member),
    ("/account/credit", Member),
    ("/account/download", Member),
    ("/account/email", Member),
    ("/account/erase", Member),
    ("/account/orders/{number}", Member),
    ("/account/orders/{number}/invoice", Member),
    ("/account/orders/{number}/invoice.pdf", Member),
    ("/account/orders/{number}/return", Member),
    ("/account/orders/{number}/returns/{return}", Member),
    ("/account/payment-methods", Member),
    ("/account/profile", Member),
    ("/account/security", Member),
    ("/account/security/authenticator", Member),
    ("/account/security/confirm", Member),
    ("/account/security/passkey", Member),
    ("/account/security/recovery-codes", Member),
    ("/actions/account/address", Member),
    ("/actions/account/address-default", Member),
    ("/actions/account/address-delete", Member),
    ("/actions/account/api-keys", Member),
    ("/actions/account/claim-orders", Member),
    ("/actions/account/confirm", Member),
    ("/actions/account/distrust", Member),
    ("/actions/account/download", Member),
    ("/actions/account/email", Member),
    ("/actions/account/email-cancel", Member),
    ("/actions/account/end-grant", Member),
    ("/actions/account/end-others", Member),
    ("/actions/account/end-session", Member),
    ("/actions/account/erase", Member),
    ("/actions/account/hide-codes", Member),
    ("/actions/account/name", Member),
    ("/actions/account/passkey", Member),
    ("/actions/account/password", Member),
    ("/actions/account/preferences", Member),
    ("/actions/account/remove-payment-method", Member),
    ("/actions/account/rename-passkey", Member),
    ("/actions/account/revoke-key", Member),
    ("/actions/account/totp", Member),
    ("/actions/account/unlink", Member),
    ("/admin/audit", Staff(Permission::AuditRead)),
    ("/admin/events", Staff(Permission::EventsWrite)),
    ("/admin/inventory", Staff(Permission::StockRead)),
    ("/admin/inventory/{sku}", Staff(Permission::StockRead)),
    ("/admin/locations", Staff(Permission::StockRead)),
    ("/admin/locations/{id}", Staff(Permission::StockWrite)),
    ("/admin/orders", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/edit", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-add", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-apply", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-choices", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-contact", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-discard", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-draft", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-lines", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-cancel", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-delivered", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-label", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-not-paid", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-paid", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-rates", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-refund", Staff(Permission::OrdersWrite)),
    ("/actions/admin/order-ship", Staff(Permission::OrdersWrite)),
    ("/admin/orders/{number}/invoice", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/invoice.pdf", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/parcels/{parcel}/label.pdf", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/parcels/{parcel}/packing-slip", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/parcels/{parcel}/packing-slip.pdf", Staff(Permission::OrdersRead)),
    ("/admin/orders/{number}/return", Staff(Permission::OrdersWrite)),
    ("/admin/refunds", Staff(Permission::OrdersRead)),
    ("/actions/admin/refund-sent", Staff(Permission::OrdersWrite)),
    ("/admin/returns", Staff(Permission::OrdersRead)),
    ("/admin/returns/{number}", Staff(Permission::OrdersRead)),
    ("/admin/returns/{number}/photos/{photo}", Staff(Permission::OrdersRead)),
    ("/actions/admin/return-approve", Staff(Permission::OrdersWrite)),
    ("/actions/admin/return-close", Staff(Permission::OrdersWrite)),
    ("/actions/admin/return-open", Staff(Permission::OrdersWrite)),
    ("/actions/admin/return-receive", Staff(Permission::OrdersWrite)),
    ("/actions/admin/return-refund", Staff(Permission::OrdersWrite)),
    ("/actions/admin/return-reject", Staff(Permission::OrdersWrite)),
    ("/admin/people", Staff(Permission::UsersRead)),
    ("/admin/people/{id}", Staff(Permission::UsersRead)),
    ("/actions/admin/change-role", Staff(Permission::UsersWrite)),
    ("/actions/admin/location", Staff(Permission::StockWrite)),
    ("/actions/admin/stock-adjust", Staff(Permission::StockWrite)),
    ("/actions/admin/stock-receive", Staff(Permission::StockWrite)),
    ("/actions/admin/stock-threshold", Staff(Permission::StockWrite)),
    ("/actions/admin/stock-transfer", Staff(Permission::StockWrite)),
    ("/actions/admin/store-credit", Staff(Permission::UsersWrite)),
    ("/actions/admin/replay-events", Staff(Permission::EventsWrite)),
];

/// Who may ask for the address that matches this pattern.
fn access(pattern: &str) -> Option<Access> {
    ROUTES.iter().find(|(known, _)| *known == name(pattern)).map(|(_, access)| *access)
}

/// A pattern as the table has it: the names of some files contain a hash of what is in them, and axum calls what is
/// below a nested service by a name of its own.
fn name(pattern: &str) -> &str {
    let pattern = pattern.split("{*__private").next().unwrap_or(pattern);
    if pattern.starts_with("/islands-") { "/islands.js" } else { pattern }
}

const FORBIDDEN: Notice = Notice {
    status: StatusCode::FORBIDDEN,
    code: "forbidden",
    title: "This page is not for your account",
    advice: "It takes a permission that you don’t have. Somebody who runs the shop can give it to you.",
};

const UNAVAILABLE: Notice = Notice {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    title: "We’ll be right back",
    advice: "The shop can’t answer at the moment. Please try again in a few seconds.",
};

/// Refuses who may not ask, and notes who is signed in where that matters.
pub async fn check(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    // What matches no route is a file or the page that says that there is none.
    let Some(pattern) = request.extensions().get::<MatchedPath>() else { return next.run(request).await };
    let needed = match access(pattern.as_str()) {
        Some(Access::Public | Access::Own) => return go_on(request, next).await,
        Some(Access::Member) => None,
        Some(Access::Staff(permission)) => Some(permission),
        None => {
            tracing::error!(route = pattern.as_str(), "nobody has said who may ask for this address");
            return FORBIDDEN.answer(&web.site, request.headers());
        }
    };
    let token = request.extensions().get::<Cookies>().and_then(|cookies| session_token(&web.site, cookies));
    let who = match (request.extensions().get::<SignedIn>(), token) {
        // Who counts requests has asked already.
        (Some(who), _) => Ok(Some(who.clone())),
        (None, Some(token)) => queries::signed_in(&web.shop, &token).await,
        (None, None) => Ok(None),
    };
    match who {
        Ok(Some(who)) if needed.is_none_or(|permission| who.role.allows(permission)) => {
            if needed.is_some() && lacks_second_factor(&web, &who).await {
                return Redirect::to("/account/security?refused=second-factor-needed").into_response();
            }
            request.extensions_mut().insert(who);
            go_on(request, next).await
        }
        Ok(Some(_)) => FORBIDDEN.answer(&web.site, request.headers()),
        Ok(None) => {
            let page = request.method() == Method::GET;
            let path = if page { request.uri().path() } else { "/account" };
            Redirect::to(&app::sign_in_for(path)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "request failed");
            let mut response = UNAVAILABLE.answer(&web.site, request.headers());
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("10"));
            response
        }
    }
}

/// What follows from a request of staff is written down as theirs. Whose an order is, it says itself, for as long as
/// that may be known.
async fn go_on(request: Request, next: Next) -> Response {
    match request.extensions().get::<SignedIn>().filter(|who| who.role.is_staff()).map(|who| who.user.0) {
        Some(user) => caused_by(Metadata { user: Some(user), ..cause() }, next.run(request)).await,
        None => next.run(request).await,
    }
}

/// Whether somebody has to set up a second factor before they can do what staff do.
async fn lacks_second_factor(web: &Web, who: &SignedIn) -> bool {
    let required = web.shop.reference().settings.require_second_factor_for_staff;
    // Where the database fails, nothing is let through.
    required
        && second_factor::queries::factors(web.shop.db.latest(), who.user)
            .await
            .map_or(true, |factors| second_factor::must_be_set_up(required, who.role.is_staff(), factors))
}

/// The patterns of all routes of a router, by the names of the table. axum tells them in its debug output only.
pub fn patterns<S>(router: &Router<S>) -> Vec<String> {
    let text = format!("{router:?}");
    let paths = text.split_once("paths: {").map_or("", |(_, rest)| rest);
    let mut patterns = Vec::new();
    for entry in paths.split("RouteId(").skip(1) {
        let mut quoted = entry.splitn(3, '"').skip(1);
        patterns.extend(quoted.next().map(|pattern| name(pattern).to_owned()));
        // The last entry is followed by the end of the list, the others by the next one.
        if !quoted.next().unwrap_or_default().trim_start().starts_with(',') {
            break;
        }
    }
    patterns
}
