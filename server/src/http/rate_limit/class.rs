//! What a request is counted as, by its method and path alone.

use axum::http::Method;

/// The kinds of requests that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A guess at what somebody proves who they are with, and what sends mail for that.
    SignIn,
    /// Asking for an account.
    Registration,
    /// Placing an order.
    Orders,
    /// Searching by the API.
    Search,
    /// Everything else that is counted.
    Other,
}

/// What costs no more than a page, though it is below those that do.
const HARMLESS: [&str; 2] = ["/actions/auth/signout", "/api/auth/logout"];

/// Requests of their own kind: their paths, with a slash at the end where everything below is meant.
const KINDS: [(&str, Class); 14] = [
    ("/actions/auth/register", Class::Registration),
    ("/actions/auth/", Class::SignIn),
    ("/auth/", Class::SignIn),
    ("/api/auth/login", Class::SignIn),
    ("/actions/account/password", Class::SignIn),
    ("/actions/account/email", Class::SignIn),
    ("/actions/account/confirm", Class::SignIn),
    ("/actions/account/totp", Class::SignIn),
    ("/actions/account/download", Class::SignIn),
    ("/actions/account/erase", Class::SignIn),
    ("/actions/orders/lookup", Class::SignIn),
    ("/actions/checkout/place", Class::Orders),
    ("/actions/orders/pay", Class::Orders),
    ("/api/orders", Class::Orders),
];

impl Class {
    /// What a request is counted as; `None` where it is free.
    pub fn of(method: &Method, path: &str) -> Option<Self> {
        let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        // What gateways send is told by its signature, and comes in bursts.
        let uncounted = ["/api/health", "/api/webhooks"];
        if uncounted.iter().any(|root| is_at_or_below(path, root)) || (safe && !is_api(path)) {
            return None;
        }
        if safe {
            return Some(if is_at_or_below(path, "/api/search") { Self::Search } else { Self::Other });
        }
        if HARMLESS.contains(&path) {
            return Some(Self::Other);
        }
        let kind = KINDS.iter().find(|(pattern, _)| match pattern.strip_suffix('/') {
            Some(root) => is_at_or_below(path, root),
            None => path == *pattern,
        });
        Some(kind.map_or(Self::Other, |(_, class)| *class))
    }
}

/// Whether programs are to ask here.
pub fn is_api(path: &str) -> bool {
    ["/api", "/graphql"].into_iter().any(|root| is_at_or_below(path, root))
}

fn is_at_or_below(path: &str, root: &str) -> bool {
    path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_and_files_are_free_and_everything_else_is_counted() {
        let of = |method: Method, path: &str| Class::of(&method, path);
        for path in ["/", "/p/mug", "/auth/signin", "/pkg/emporion.css", "/search", "/apiary", "/.well-known/jwks.json"]
        {
            assert_eq!(of(Method::GET, path), None, "{path}");
            assert_eq!(of(Method::HEAD, path), None, "{path}");
        }
        for path in ["/api/health", "/api/health/live", "/api/health/ready"] {
            assert_eq!(of(Method::GET, path), None, "{path}");
        }
        for path in ["/api", "/api/products", "/api/healthy", "/graphql", "/api/orders"] {
            assert_eq!(of(Method::GET, path), Some(Class::Other), "{path}");
        }
        assert_eq!(of(Method::GET, "/api/search"), Some(Class::Search));
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::from_bytes(b"X").expect("one")]
        {
            assert_eq!(of(method, "/nowhere"), Some(Class::Other));
        }
    }

    #[test]
    fn guesses_accounts_and_orders_have_limits_of_their_own() {
        let of = |path: &str| Class::of(&Method::POST, path);
        for path in ["signin", "forgot", "reset", "verify", "anything/new"] {
            assert_eq!(of(&format!("/actions/auth/{path}")), Some(Class::SignIn), "{path}");
        }
        for path in ["/api/auth/login", "/actions/account/password", "/actions/orders/lookup", "/auth/callback/apple"] {
            assert_eq!(of(path), Some(Class::SignIn), "{path}");
        }
        assert_eq!(of("/actions/auth/register"), Some(Class::Registration));
        assert_eq!(of("/actions/checkout/place"), Some(Class::Orders));
        assert_eq!(of("/api/orders"), Some(Class::Orders));
        for path in ["/actions/auth/signout", "/api/auth/refresh", "/api/auth/logout", "/actions/cart/add"] {
            assert_eq!(of(path), Some(Class::Other), "{path}");
        }
    }
}
