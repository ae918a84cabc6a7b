//! Providers that speak OAuth 2 and have a way of their own to tell who somebody is.

use super::{ClientSecret, Credentials, ProviderError, told};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use commerce::Shop;
use commerce::accounts::flow::Flow;
use commerce::accounts::identity::Identity;
use openidconnect::reqwest;
use ring::digest::{SHA256, digest};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;
use url::form_urlencoded::Serializer;

/// The version of Facebook's interface.
const GRAPH: &str = "v23.0";

/// How a provider is asked.
#[derive(Clone, Debug)]
pub(crate) enum Dialect {
    /// As GitHub is.
    GitHub {
        /// Where people are.
        site: String,
        /// Where programs ask.
        api: String,
    },
    /// As Facebook is.
    Facebook {
        /// Where people are.
        site: String,
        /// Where programs ask.
        api: String,
    },
}

impl Dialect {
    pub fn github(site: String, api: String) -> Self {
        Self::GitHub { site, api }
    }

    pub fn facebook(site: String, api: String) -> Self {
        Self::Facebook { site, api }
    }

    pub fn site(&self) -> &str {
        let (Self::GitHub { site, .. } | Self::Facebook { site, .. }) = self;
        site
    }

    pub fn api(&self) -> &str {
        let (Self::GitHub { api, .. } | Self::Facebook { api, .. }) = self;
        api
    }

    /// What the shop asks to be told.
    pub fn scopes(&self) -> &'static [&'static str] {
        match self {
            Self::GitHub { .. } => &["read:user", "user:email"],
            Self::Facebook { .. } => &["email", "public_profile"],
        }
    }

    fn authorization(&self) -> String {
        match self {
            Self::GitHub { site, .. } => format!("{site}/login/oauth/authorize"),
            Self::Facebook { site, .. } => format!("{site}/{GRAPH}/dialog/oauth"),
        }
    }

    fn token(&self) -> String {
        match self {
            Self::GitHub { site, .. } => format!("{site}/login/oauth/access_token"),
            Self::Facebook { api, .. } => format!("{api}/{GRAPH}/oauth/access_token"),
        }
    }
}

/// A provider.
#[derive(Debug)]
pub struct OAuth {
    pub dialect: Dialect,
    pub credentials: Credentials,
    pub scopes: Vec<String>,
    pub redirect: String,
    pub http: reqwest::Client,
}

/// GitHub answers with status 200 whatever it says.
#[derive(Deserialize)]
struct Tokens {
    access_token: Option<String>,
    error: Option<String>,
}

#[derive(Deserialize)]
struct GitHubUser {
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct GitHubEmail {
    email: String,
    primary: bool,
    verified: bool,
}

#[derive(Deserialize)]
struct FacebookUser {
    id: String,
    name: Option<String>,
    email: Option<String>,
}

impl OAuth {
    pub fn address(&self, shop: &Shop, flow: &Flow) -> Result<Url, ProviderError> {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, flow.verifier(shop).as_bytes()));
        let state = flow.state(shop);
        let parameters = [
            ("response_type", "code"),
            ("client_id", &self.credentials.client_id),
            ("redirect_uri", &self.redirect),
            ("scope", &self.scopes.join(" ")),
            ("state", state.as_str()),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        Url::parse_with_params(&self.dialect.authorization(), parameters)
            .map_err(|error| ProviderError::Unreachable(told(&error)))
    }

    pub async fn identity(&self, shop: &Shop, flow: &Flow, code: String) -> Result<Identity, ProviderError> {
        let token = self.exchange(shop, flow, &code).await?;
        let issuer = self.dialect.site().to_owned();
        match &self.dialect {
            Dialect::GitHub { api, .. } => {
                let user: GitHubUser = self.ask(&format!("{api}/user"), &token).await?;
                let emails: Vec<GitHubEmail> = self.ask(&format!("{api}/user/emails"), &token).await?;
                let email = emails.into_iter().find(|email| email.primary && email.verified);
                Ok(Identity {
                    provider: String::new(),
                    issuer,
                    subject: user.id.to_string(),
                    email_verified: email.is_some(),
                    email: email.map(|email| email.email),
                    name: user.name.filter(|name| !name.trim().is_empty()).or(Some(user.login)),
                })
            }
            Dialect::Facebook { api, .. } => {
                let address = format!("{api}/{GRAPH}/me?fields=id,name,email");
                let user: FacebookUser = self.ask(&address, &token).await?;
                // It does not say whether an address was ever confirmed.
                let (subject, email_verified) = (user.id, false);
                Ok(Identity {
                    provider: String::new(),
                    issuer,
                    subject,
                    email_verified,
                    email: user.email,
                    name: user.name,
                })
            }
        }
    }

    async fn exchange(&self, shop: &Shop, flow: &Flow, code: &str) -> Result<String, ProviderError> {
        let ClientSecret::Fixed(secret) = &self.credentials.secret else {
            return Err(ProviderError::Refused("there is no secret for it".to_owned()));
        };
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("client_id", &self.credentials.client_id)
            .append_pair("client_secret", secret.reveal())
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect)
            .append_pair("code_verifier", &flow.verifier(shop))
            .finish();
        let request = self
            .http
            .post(self.dialect.token())
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let tokens: Tokens = answer(request).await?;
        let error = tokens.error.unwrap_or_else(|| "there is no access token".to_owned());
        tokens.access_token.ok_or(ProviderError::Refused(error))
    }

    async fn ask<T: DeserializeOwned>(&self, address: &str, token: &str) -> Result<T, ProviderError> {
        answer(self.http.get(address).header("accept", "application/json").bearer_auth(token)).await
    }
}

/// Sends a request and reads its answer as JSON.
async fn answer<T: DeserializeOwned>(request: reqwest::RequestBuilder) -> Result<T, ProviderError> {
    let unreachable = |error: reqwest::Error| ProviderError::Unreachable(told(&error));
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(unreachable)?;
    if status.is_server_error() {
        return Err(ProviderError::Unreachable(format!("status {status}")));
    }
    if !status.is_success() {
        return Err(ProviderError::Refused(format!("status {status}")));
    }
    serde_json::from_slice(&body).map_err(|error| ProviderError::Refused(told(&error)))
}
