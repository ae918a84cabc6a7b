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

/// The ways to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// As GitHub is asked.
    GitHub,
    /// As Facebook is asked.
    Facebook,
}

impl Way {
    pub const ALL: [Self; 2] = [Self::GitHub, Self::Facebook];

    /// The name of the provider in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::Facebook => "facebook",
        }
    }

    /// Where people are, and where programs ask.
    pub fn usual_addresses(self) -> (&'static str, &'static str) {
        match self {
            Self::GitHub => ("https://github.com", "https://api.github.com"),
            Self::Facebook => ("https://www.facebook.com", "https://graph.facebook.com"),
        }
    }

    /// What the shop asks to be told.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::GitHub => &["read:user", "user:email"],
            Self::Facebook => &["email", "public_profile"],
        }
    }
}

/// How and where a provider is asked.
#[derive(Clone, Debug)]
pub(crate) struct Dialect {
    pub way: Way,
    /// Where people are; it stands for the provider.
    pub site: String,
    /// Where programs ask.
    pub api: String,
}

impl Dialect {
    fn authorization(&self) -> String {
        match self.way {
            Way::GitHub => format!("{}/login/oauth/authorize", self.site),
            Way::Facebook => format!("{}/{GRAPH}/dialog/oauth", self.site),
        }
    }

    fn token(&self) -> String {
        match self.way {
            Way::GitHub => format!("{}/login/oauth/access_token", self.site),
            Way::Facebook => format!("{}/{GRAPH}/oauth/access_token", self.api),
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
        let Dialect { way, site, api } = &self.dialect;
        let (provider, issuer) = (way.name().to_owned(), site.clone());
        Ok(match way {
            Way::GitHub => {
                let user: GitHubUser = self.ask(&format!("{api}/user"), &token).await?;
                let emails: Vec<GitHubEmail> = self.ask(&format!("{api}/user/emails"), &token).await?;
                let email = emails.into_iter().find(|email| email.primary && email.verified);
                let name = user.name.filter(|name| !name.trim().is_empty()).or(Some(user.login));
                let (subject, email_verified) = (user.id.to_string(), email.is_some());
                Identity { provider, issuer, subject, email: email.map(|email| email.email), email_verified, name }
            }
            Way::Facebook => {
                let address = format!("{api}/{GRAPH}/me?fields=id,name,email");
                let FacebookUser { id: subject, name, email } = self.ask(&address, &token).await?;
                // It does not say whether an address was ever confirmed.
                Identity { provider, issuer, subject, email, email_verified: false, name }
            }
        })
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
