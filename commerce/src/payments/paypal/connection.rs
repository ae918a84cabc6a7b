//! How PayPal is asked: with a token that lasts some hours.
//! <https://developer.paypal.com/api/rest/authentication/>

use crate::payments::GatewayError;
use crate::payments::remote::{self, ClientError, Refusal, Reply, text};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// How long before its end a token is not used any more.
const MARGIN: Duration = Duration::from_secs(60);

/// Why a payer's money was not had: <https://developer.paypal.com/api/rest/reference/orders/v2/errors/>.
const DECLINED: [&str; 6] = [
    "INSTRUMENT_DECLINED",
    "PAYER_ACCOUNT_LOCKED_OR_CLOSED",
    "PAYER_ACCOUNT_RESTRICTED",
    "PAYER_CANNOT_PAY",
    "TRANSACTION_BLOCKED_BY_PAYEE",
    "TRANSACTION_REFUSED",
];

/// Where PayPal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Where its API is.
    pub api: String,
    /// Where it keeps the certificates of what it signs.
    pub certificates: String,
}

impl Environment {
    /// Where money moves.
    pub fn live() -> Self {
        Self { api: "https://api-m.paypal.com".to_owned(), certificates: "https://api.paypal.com".to_owned() }
    }

    /// Where none does.
    pub fn sandbox() -> Self {
        Self {
            api: "https://api-m.sandbox.paypal.com".to_owned(),
            certificates: "https://api.sandbox.paypal.com".to_owned(),
        }
    }
}

struct Token {
    text: String,
    until: Instant,
}

/// A way to ask PayPal.
pub(super) struct Connection {
    pub client: Client,
    environment: Environment,
    client_id: String,
    client_secret: String,
    token: Mutex<Option<Token>>,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("environment", &self.environment).finish_non_exhaustive()
    }
}

impl Connection {
    pub fn new(environment: Environment, client_id: &str, client_secret: &str) -> Result<Self, ClientError> {
        Ok(Self {
            client: remote::client()?,
            environment,
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            token: Mutex::default(),
        })
    }

    /// Sends a body; the same `key` again is the same request.
    pub async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<T, GatewayError> {
        let reply = self.ask(|| {
            let request =
                self.client.request(method.clone(), self.address(path)).header("Prefer", "return=representation");
            let request = match key {
                Some(key) => request.header("PayPal-Request-Id", key),
                None => request,
            };
            request.header("Content-Type", "application/json").body(body.to_string())
        });
        reply.await?.read(why)
    }

    /// What is there, if something is.
    pub async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, GatewayError> {
        let reply = self.ask(|| self.client.get(self.address(path))).await?;
        if reply.status == StatusCode::NOT_FOUND { Ok(None) } else { reply.read(why).map(Some) }
    }

    fn address(&self, path: &str) -> String {
        format!("{}/{path}", self.environment.api)
    }

    /// Asks with the token that there is, and once more with a new one where PayPal does not take it any more.
    async fn ask(&self, request: impl Fn() -> RequestBuilder) -> Result<Reply, GatewayError> {
        let token = self.token(None).await?;
        let reply = remote::send(request().bearer_auth(&token)).await?;
        if reply.status != StatusCode::UNAUTHORIZED {
            return Ok(reply);
        }
        let token = self.token(Some(&token)).await?;
        remote::send(request().bearer_auth(&token)).await
    }

    /// A token that is not `refused`.
    async fn token(&self, refused: Option<&str>) -> Result<String, GatewayError> {
        #[derive(Deserialize)]
        struct Granted {
            access_token: String,
            expires_in: u64,
        }
        let mut kept = self.token.lock().await;
        let good = |token: &&Token| Some(token.text.as_str()) != refused && token.until > Instant::now();
        if let Some(token) = kept.as_ref().filter(good) {
            return Ok(token.text.clone());
        }
        let request = self
            .client
            .post(self.address("v1/oauth2/token"))
            .basic_auth(&self.client_id, Some(&self.client_secret))
            .form(&[("grant_type", "client_credentials")]);
        let asked = Instant::now();
        let granted: Granted = remote::send(request).await?.read(why)?;
        let until = asked + Duration::from_secs(granted.expires_in).saturating_sub(MARGIN);
        *kept = Some(Token { text: granted.access_token.clone(), until });
        Ok(granted.access_token)
    }
}

/// <https://developer.paypal.com/api/rest/responses/>
fn why(body: &Value) -> Refusal {
    let issue = text(body, "/details/0/issue");
    match issue.or_else(|| text(body, "/name")).unwrap_or_default() {
        issue if DECLINED.contains(&issue.as_str()) => Refusal::Declined(issue),
        issue => Refusal::Refused(issue),
    }
}
