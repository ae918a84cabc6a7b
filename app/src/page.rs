//! What a page or action knows of the request that asks for it.

use crate::head::{Head, HeadSlot};
use commerce::Shop;
use commerce::accounts::flow::{FLOW_MINUTES, Flow};
use commerce::accounts::second_factor::{PENDING_MINUTES, TRUSTED_DAYS};
use commerce::accounts::{Device, SESSION_DAYS, SignedIn, queries};
use commerce::cart::Holder;
use commerce::db::DbErr;
use commerce::token::Token;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use leptos_router::hooks::{use_params_map, use_query_map};
use leptos_router::params::ParamsMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, PoisonError};
use tokio::sync::OnceCell;
use tower_cookies::cookie::{SameSite, time::Duration};
use tower_cookies::{Cookie, Cookies};

/// Where the shop is found and what its pages are drawn with.
#[derive(Clone, Debug)]
pub struct Site {
    /// The address of the shop as people know it, without a slash at the end.
    pub public_url: String,
    /// Whether that address is HTTPS.
    pub secure: bool,
    /// The path of the style sheet.
    pub stylesheet: String,
    /// Where else people can sign in.
    pub providers: Arc<[SignInProvider]>,
}

/// Another provider at which people can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInProvider {
    /// Its name in addresses.
    pub name: String,
    /// What people call it.
    pub label: String,
}

impl Site {
    /// What people call a provider, also one that is no longer configured.
    pub fn label_of<'a>(&'a self, provider: &'a str) -> &'a str {
        self.providers.iter().find(|known| known.name == provider).map_or(provider, |known| &known.label)
    }
}

/// The network address that a request comes from, among its extensions.
#[derive(Clone, Copy, Debug)]
pub struct ClientAddress(pub IpAddr);

/// The context of a page or action, taken before anything is awaited: later
/// Leptos may not find it any more.
#[derive(Clone)]
pub struct Page {
    /// The shop.
    pub shop: Shop,
    /// Where it is found.
    pub site: Site,
    /// The parameters in the path.
    pub params: ParamsMap,
    /// The parameters behind the question mark.
    pub query: ParamsMap,
    head: HeadSlot,
    response: Option<ResponseOptions>,
    /// Read once, however many parts of a page ask.
    who: Arc<OnceCell<Option<SignedIn>>>,
    parts: Option<Parts>,
}

/// The token of the guest's cart among cookies, if they sent one that can be one.
pub fn guest_token(site: &Site, cookies: &Cookies) -> Option<Token> {
    Token::parse(cookies.get(cookie_name(site))?.value())
}

/// The name of the cookie of guests; browsers keep the prefix to HTTPS and this host.
fn cookie_name(site: &Site) -> &'static str {
    if site.secure { "__Host-cart" } else { "cart" }
}

/// The name of the cookie of those who are signed in.
fn session_cookie(site: &Site) -> &'static str {
    if site.secure { "__Host-session" } else { "session" }
}

/// The token of a session among cookies, if there is one that can be one.
pub fn session_token(site: &Site, cookies: &Cookies) -> Option<Token> {
    Token::parse(cookies.get(session_cookie(site))?.value())
}

/// The name of the cookie of a sign-in that waits for its second factor.
fn pending_cookie(site: &Site) -> &'static str {
    if site.secure { "__Host-pending" } else { "pending" }
}

/// The name of the cookie of a browser that is trusted.
fn trusted_cookie(site: &Site) -> &'static str {
    if site.secure { "__Host-trusted" } else { "trusted" }
}

/// The name of the cookie of those who have left to sign in elsewhere.
fn flow_cookie(site: &Site) -> &'static str {
    if site.secure { "__Host-flow" } else { "flow" }
}

/// The name of the cookie of a secret that the next page shows; browsers keep it to that.
fn secret_cookie(site: &Site) -> &'static str {
    if site.secure { "__Host-shown-once" } else { "shown-once" }
}

/// How long the browser keeps a secret for the page that it is sent to.
const SECRET_LASTS: Duration = Duration::minutes(1);

impl Page {
    /// The context of a request that the server answers without Leptos; [`Page::answer`] tells what was left to answer.
    pub fn of_request(shop: Shop, site: Site, parts: Parts) -> Self {
        Self {
            shop,
            site,
            params: ParamsMap::new(),
            query: ParamsMap::new(),
            head: HeadSlot::default(),
            response: Some(ResponseOptions::default()),
            who: Arc::default(),
            parts: Some(parts),
        }
    }

    /// The status and headers that were set so far. Cookies are added to the answer by themselves.
    pub fn answer(&self) -> (Option<StatusCode>, HeaderMap) {
        let Some(response) = &self.response else { return (None, HeaderMap::new()) };
        let parts = response.0.read().unwrap_or_else(PoisonError::into_inner);
        (parts.status, parts.headers.clone())
    }

    /// The context of the page that is being rendered.
    pub fn current() -> Self {
        Self { params: use_params_map().get_untracked(), ..Self::of_no_route() }
    }

    /// The context of a page whose address is no route: it has no parameters.
    pub fn of_no_route() -> Self {
        Self { query: use_query_map().get_untracked(), ..Self::of_action() }
    }

    /// The context of the server function that is being run.
    pub fn of_action() -> Self {
        Self {
            shop: expect_context(),
            site: expect_context(),
            params: ParamsMap::new(),
            query: ParamsMap::new(),
            head: use_context().unwrap_or_default(),
            response: use_context(),
            who: Arc::default(),
            parts: use_context(),
        }
    }

    /// The token of the guest's cart, if they sent one that can be one.
    pub fn guest(&self) -> Option<Token> {
        guest_token(&self.site, self.cookies()?)
    }

    /// Whose cart this request is about.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn holder(&self) -> Result<Holder, DbErr> {
        Ok(match self.signed_in().await? {
            Some(who) => Holder::Account(who.user),
            None => Holder::Guest(self.guest()),
        })
    }

    /// The token that finds the cart, if there can be one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cart_token(&self) -> Result<Option<Token>, DbErr> {
        Ok(self.holder().await?.token(&self.shop))
    }

    /// How many items are in the cart, for the header.
    pub async fn items_in_cart(&self) -> i64 {
        // A badge is no reason to fail: the page itself says what is wrong.
        let Ok(Some(token)) = self.cart_token().await else { return 0 };
        let summary = self.shop.sessions.summary(&self.shop.db, &token.hash()).await.ok().flatten();
        summary.map_or(0, |cart| cart.items)
    }

    /// Whether the browser has a cart or a session: nobody who only follows a link has put something into a cart.
    pub fn has_visitor(&self) -> bool {
        self.guest().is_some() || self.session_token().is_some()
    }

    /// Gives the guest the token of their cart for another 30 days.
    pub fn set_guest(&self, token: &Token) {
        self.set_cookie(cookie_name(&self.site), token.as_str(), Duration::days(commerce::cart::GUEST_DAYS));
    }

    /// The token of the session, if the browser sent one that can be one.
    pub fn session_token(&self) -> Option<Token> {
        session_token(&self.site, self.cookies()?)
    }

    /// Gives the browser the token of its session.
    pub fn set_session(&self, token: &Token) {
        self.set_cookie(session_cookie(&self.site), token.as_str(), Duration::days(SESSION_DAYS));
    }

    /// The sign-in elsewhere that the browser has left for, as far as it says.
    pub fn flow(&self) -> Option<Flow> {
        let cookie = self.cookies()?.get(flow_cookie(&self.site))?;
        Flow::from_cookie(cookie.value())
    }

    /// Has the browser remember for which sign-in it leaves, or what it has to prove after it.
    pub fn set_flow(&self, flow: &Flow) {
        self.set_cookie(flow_cookie(&self.site), &flow.to_cookie(), Duration::minutes(FLOW_MINUTES));
    }

    /// Has the browser forget the sign-in that it left for.
    pub fn forget_flow(&self) {
        self.set_cookie(flow_cookie(&self.site), "", Duration::ZERO);
    }

    /// Has the browser forget the cart it had as a guest.
    pub fn forget_guest(&self) {
        self.set_cookie(cookie_name(&self.site), "", Duration::ZERO);
    }

    /// Has the browser forget its session.
    pub fn forget_session(&self) {
        self.set_cookie(session_cookie(&self.site), "", Duration::ZERO);
    }

    /// The token of a sign-in that waits for its second factor, if the browser sent one that can be one.
    pub fn pending_token(&self) -> Option<Token> {
        Token::parse(self.cookies()?.get(pending_cookie(&self.site))?.value())
    }

    /// Gives the browser the token of a sign-in that waits.
    pub fn set_pending(&self, token: &Token) {
        self.set_cookie(pending_cookie(&self.site), token.as_str(), Duration::minutes(PENDING_MINUTES));
    }

    /// Has the browser forget the sign-in that waited.
    pub fn forget_pending(&self) {
        self.set_cookie(pending_cookie(&self.site), "", Duration::ZERO);
    }

    /// Gives the browser the token by which it is trusted.
    pub fn set_trusted(&self, token: &Token) {
        self.set_cookie(trusted_cookie(&self.site), token.as_str(), Duration::days(TRUSTED_DAYS));
    }

    /// Gives the browser a secret that the page it is sent to shows. It is kept nowhere else: not in an address, which
    /// logs would have, and not in the database.
    pub fn set_secret(&self, secret: &str) {
        self.set_cookie(secret_cookie(&self.site), secret, SECRET_LASTS);
    }

    /// The secret that this page is to show, which the browser then forgets.
    pub fn take_secret(&self) -> Option<String> {
        let secret = self.cookies()?.get(secret_cookie(&self.site))?.value().to_owned();
        self.set_cookie(secret_cookie(&self.site), "", Duration::ZERO);
        Some(secret).filter(|secret| !secret.is_empty())
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signed_in(&self) -> Result<Option<SignedIn>, DbErr> {
        // At some addresses that was asked at the door already.
        if let Some(who) = self.parts.as_ref().and_then(|parts| parts.extensions.get::<SignedIn>()) {
            return Ok(Some(who.clone()));
        }
        let Some(token) = self.session_token() else { return Ok(None) };
        self.who.get_or_try_init(|| queries::signed_in(&self.shop, &token)).await.cloned()
    }

    /// From where the request comes, as the list of sessions tells.
    pub fn device(&self) -> Device {
        let agent = self.parts.as_ref().and_then(|parts| parts.headers.get(header::USER_AGENT)?.to_str().ok());
        let trusted = self.cookies().and_then(|cookies| cookies.get(trusted_cookie(&self.site)));
        Device {
            name: agent.unwrap_or_default().to_owned(),
            client: self.client().to_string(),
            trusted: trusted.and_then(|cookie| Token::parse(cookie.value())),
        }
    }

    /// The network address of the client.
    pub fn client(&self) -> IpAddr {
        let address = self.parts.as_ref().and_then(|parts| parts.extensions.get::<ClientAddress>());
        address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |address| address.0)
    }

    /// Says what stands in the head of the page.
    pub fn set_head(&self, head: Head) {
        self.head.set(head);
    }

    /// The path and query that were asked for.
    pub fn path(&self) -> &str {
        self.parts.as_ref().map_or("/", |parts| parts.uri.path())
    }

    /// Answers with another status than 200.
    pub fn set_status(&self, status: StatusCode) {
        if let Some(response) = &self.response {
            response.set_status(status);
        }
    }

    /// Adds a header to the answer.
    pub fn set_header(&self, name: header::HeaderName, value: &'static str) {
        if let Some(response) = &self.response {
            response.insert_header(name, HeaderValue::from_static(value));
        }
    }

    /// Sends the browser elsewhere with this status. `path` is one of ours.
    pub fn redirect(&self, status: StatusCode, path: &str) {
        let Some(response) = &self.response else { return };
        let ascii = url::Url::parse("http://localhost").and_then(|base| base.join(path));
        let location = ascii.map_or_else(|_| "/".to_owned(), |url| url[url::Position::BeforePath..].to_owned());
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.set_status(status);
            response.insert_header(header::LOCATION, location);
        }
    }

    /// Answers a form with the page to go on at.
    pub fn see_other(&self, path: &str) {
        self.redirect(StatusCode::SEE_OTHER, path);
    }

    fn set_cookie(&self, name: &'static str, value: &str, max_age: Duration) {
        let Some(cookies) = self.cookies() else { return };
        let cookie = Cookie::build((name, value.to_owned()))
            .path("/")
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.site.secure)
            .max_age(max_age);
        cookies.add(cookie.build());
    }

    fn cookies(&self) -> Option<&Cookies> {
        self.parts.as_ref()?.extensions.get()
    }
}
