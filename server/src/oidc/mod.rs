//! Other providers at which people can sign in: OpenID Connect issuers, and those that only speak OAuth 2.
//!
//! All are one flow: the browser is sent to the provider with a state, a nonce and a PKCE challenge that follow from its
//! cookie (see [`Flow`]), comes back with a code, and the code becomes an [`Identity`]. What differs is how the code does.

mod apple;
mod oauth;
mod openid;
mod settings;

pub use settings::ProviderSettings;
pub(crate) use settings::{checked_address, is_set, needed, parse};

use crate::config::Secret;
use apple::AppleKey;
use commerce::Shop;
use commerce::accounts::flow::Flow;
use commerce::accounts::identity::Identity;
use oauth::OAuth;
use openid::OpenId;
use openidconnect::reqwest;
use std::time::Duration;
use url::Url;

/// How long a provider may take for an answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why a provider could not be asked, or its answer not believed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It can't be reached, or does not answer as a provider does.
    #[error("provider not reached: {0}")]
    Unreachable(String),
    /// It refuses the code, or says something that can't be believed.
    #[error("provider's answer refused: {0}")]
    Refused(String),
}

/// What the shop is called at a provider, and how it proves that.
#[derive(Clone, Debug)]
pub(crate) struct Credentials {
    client_id: String,
    secret: ClientSecret,
}

/// How the shop proves to a provider who it is.
#[derive(Clone, Debug)]
enum ClientSecret {
    /// By a secret that the provider has given it.
    Fixed(Secret),
    /// By a token that it signs anew each time.
    Apple(AppleKey),
}

/// A provider at which people can sign in.
#[derive(Debug)]
pub struct Provider {
    /// The shop's name of it, as addresses have it.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Whether the browser comes back from it by a form.
    posts_back: bool,
    way: Way,
}

#[derive(Debug)]
enum Way {
    OpenId(Box<OpenId>),
    OAuth(OAuth),
}

/// What came back with the browser.
#[derive(Debug)]
pub struct Answer<'a> {
    /// What is to be exchanged for who they are.
    pub code: String,
    /// Who says that it has answered (RFC 9207).
    pub iss: Option<&'a str>,
    /// What the person is called, where the provider tells it nowhere else.
    pub name: Option<String>,
}

impl Provider {
    fn new(settings: ProviderSettings, public_url: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            // A redirect could lead anywhere, into the shop's own network, too.
            .redirect(reqwest::redirect::Policy::none())
            .https_only(settings.is_https())
            .timeout(PATIENCE)
            .user_agent("Emporion")
            .build()?;
        let redirect = format!("{public_url}{}", callback_path(&settings.name));
        let ProviderSettings { name, label, credentials, scopes, kind } = settings;
        let posts_back = matches!(credentials.secret, ClientSecret::Apple(_));
        let way = match kind {
            settings::Kind::OpenId { issuer } => {
                Way::OpenId(Box::new(OpenId::new(issuer, credentials, scopes, redirect, http, posts_back)))
            }
            settings::Kind::OAuth(dialect) => Way::OAuth(OAuth { dialect, credentials, scopes, redirect, http }),
        };
        Ok(Self { name, label, posts_back, way })
    }

    /// Where to send the browser.
    ///
    /// # Errors
    /// [`ProviderError::Unreachable`].
    pub async fn address(&self, shop: &Shop, flow: &Flow) -> Result<Url, ProviderError> {
        match &self.way {
            Way::OpenId(provider) => provider.address(shop, flow).await,
            Way::OAuth(provider) => provider.address(shop, flow),
        }
    }

    /// Who the person is that came back. That the answer belongs to the flow was made sure of before.
    ///
    /// # Errors
    /// [`ProviderError`].
    pub async fn identity(&self, shop: &Shop, flow: &Flow, answer: Answer<'_>) -> Result<Identity, ProviderError> {
        let name = answer.name.clone();
        let mut identity = match &self.way {
            Way::OpenId(provider) => provider.identity(shop, flow, answer).await?,
            Way::OAuth(provider) => provider.identity(shop, flow, answer.code).await?,
        };
        identity.provider.clone_from(&self.name);
        identity.name = identity.name.or(name);
        Ok(identity)
    }
}

/// The path at which a provider's answers come in. Each has its own, so that one can't answer for another.
pub fn callback_path(name: &str) -> String {
    format!("/auth/oidc/{name}/callback")
}

/// All providers of the shop.
#[derive(Debug, Default)]
pub struct Providers(Vec<Provider>);

impl Providers {
    /// The providers of a shop at this address. None of them is asked anything yet.
    ///
    /// # Errors
    /// When there can be no client for HTTP.
    pub fn new(settings: &[ProviderSettings], public_url: &str) -> Result<Self, reqwest::Error> {
        settings.iter().map(|settings| Provider::new(settings.clone(), public_url)).collect::<Result<_, _>>().map(Self)
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.name == name)
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// Whether forms of a provider's own pages come in at this path.
    pub fn posts_back_to(&self, path: &str) -> bool {
        self.0.iter().any(|provider| provider.posts_back && path == callback_path(&provider.name))
    }
}

/// What an error says, and what is behind it.
fn told(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
