//! Issuers of OpenID Connect.

use super::{Answer, ClientSecret, Credentials, ProviderError, told};
use chrono::{DateTime, TimeDelta, Utc};
use commerce::Shop;
use commerce::accounts::flow::Flow;
use commerce::accounts::identity::Identity;
use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod, CoreGrantType, CoreIdTokenClaims,
    CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm,
    CoreResponseMode, CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::reqwest;
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthenticationFlow, AuthorizationCode,
    ClaimsVerificationError, ClientId, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, ProviderMetadata, RedirectUrl, RequestTokenError, Scope,
    SignatureVerificationError, TokenResponse, UserInfoError,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use url::Url;

/// How long it is believed what an issuer says of itself.
const BELIEVED: Duration = Duration::from_secs(60 * 60);

/// How long to wait between asking an issuer again: after it was not reached, or has signed with an unknown key.
const PAUSE: Duration = Duration::from_secs(60);

/// How far the clock of an issuer may be ahead or a token be old, in minutes.
const SKEW_MINUTES: i64 = 10;

/// What answers may be signed with: whoever can check them can't make them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 4] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What else an issuer says of itself.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
struct More {
    /// Whether each of its answers says that it is the issuer's (RFC 9207).
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// An issuer.
#[derive(Debug)]
pub struct OpenId {
    issuer: String,
    credentials: Credentials,
    scopes: Vec<String>,
    redirect: String,
    http: reqwest::Client,
    posts_back: bool,
    known: Mutex<Known>,
}

/// What is known of an issuer.
#[derive(Debug, Default)]
struct Known {
    metadata: Option<Arc<Metadata>>,
    /// Until when that is believed.
    until: Option<Instant>,
    /// When it was last not reached.
    failed: Option<Instant>,
    /// When it was last asked for a key that was not known.
    asked_for_key: Option<Instant>,
}

impl OpenId {
    pub fn new(
        issuer: String,
        credentials: Credentials,
        scopes: Vec<String>,
        redirect: String,
        http: reqwest::Client,
        posts_back: bool,
    ) -> Self {
        Self { issuer, credentials, scopes, redirect, http, posts_back, known: Mutex::default() }
    }

    pub async fn address(&self, shop: &Shop, flow: &Flow) -> Result<Url, ProviderError> {
        let client = self.client(&*self.metadata(false).await?, shop.clock.now())?;
        let state = CsrfToken::new(flow.state(shop).as_str().to_owned());
        let nonce = nonce(shop, flow);
        let verifier = PkceCodeVerifier::new(flow.verifier(shop));
        let way = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
        let mut request = client
            .authorize_url(way, move || state, move || nonce)
            .add_scopes(self.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
        if self.posts_back {
            request = request.add_extra_param("response_mode", "form_post");
        }
        Ok(request.url().0)
    }

    pub async fn identity(&self, shop: &Shop, flow: &Flow, answer: Answer<'_>) -> Result<Identity, ProviderError> {
        let metadata = self.metadata(false).await?;
        self.check_sender(&metadata, answer.iss)?;
        let client = self.client(&metadata, shop.clock.now())?;
        let tokens = client
            .exchange_code(AuthorizationCode::new(answer.code))
            .map_err(|error| ProviderError::Unreachable(told(&error)))?
            .set_pkce_verifier(PkceCodeVerifier::new(flow.verifier(shop)))
            .request_async(&self.http)
            .await
            .map_err(|error| match &error {
                RequestTokenError::Request(_) => ProviderError::Unreachable(told(&error)),
                _ => ProviderError::Refused(told(&error)),
            })?;
        let now = shop.clock.now();
        let nonce = nonce(shop, flow);
        let claims = match checked(&client, &tokens, &nonce, now) {
            // It may have begun to sign with a new key since.
            Err(Doubt::UnknownKey(_)) => {
                let client = self.client(&*self.metadata(true).await?, now)?;
                checked(&client, &tokens, &nonce, now)
            }
            outcome => outcome,
        }
        .map_err(|(Doubt::UnknownKey(told) | Doubt::Wrong(told))| ProviderError::Refused(told))?;
        let mut identity = Identity {
            provider: String::new(),
            issuer: self.issuer.clone(),
            subject: claims.subject().to_string(),
            email: claims.email().map(|email| email.to_string()),
            email_verified: claims.email_verified().unwrap_or(false),
            name: claims.name().and_then(|name| name.get(None)).map(|name| name.to_string()),
        };
        if identity.email.is_none() && metadata.userinfo_endpoint().is_some() {
            let claims = self.user_info(&client, &tokens, &claims).await?;
            identity.email = claims.email().map(|email| email.to_string());
            identity.email_verified = claims.email_verified().unwrap_or(false);
            let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
            identity.name = identity.name.or(name);
        }
        Ok(identity)
    }

    /// Some issuers tell the address only to who asks for it with the access token.
    async fn user_info(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Result<CoreUserInfoClaims, ProviderError> {
        let request = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone()));
        let request = request.map_err(|error| ProviderError::Refused(told(&error)))?;
        request.request_async(&self.http).await.map_err(|error| match &error {
            UserInfoError::Request(_) => ProviderError::Unreachable(told(&error)),
            _ => ProviderError::Refused(told(&error)),
        })
    }

    /// An answer that says whose it is must be this issuer's.
    fn check_sender(&self, metadata: &Metadata, iss: Option<&str>) -> Result<(), ProviderError> {
        let told = metadata.additional_metadata().authorization_response_iss_parameter_supported;
        match iss {
            Some(iss) if iss != self.issuer => Err(ProviderError::Refused(format!("it came from {iss:?}"))),
            None if told => Err(ProviderError::Refused("it does not say whose it is".to_owned())),
            _ => Ok(()),
        }
    }

    /// What the issuer says of itself: as it was an hour ago at most, or longer while it can't be reached. Of many who
    /// ask at once, one asks the issuer.
    async fn metadata(&self, key_is_missing: bool) -> Result<Arc<Metadata>, ProviderError> {
        let asked = Instant::now();
        let mut known = self.known.lock().await;
        let asks = if key_is_missing {
            known.asked_for_key.is_none_or(|before| before.elapsed() >= PAUSE)
        } else {
            known.until.is_none_or(|until| until <= asked)
        };
        if let Some(metadata) = known.metadata.as_ref().filter(|_| !asks) {
            return Ok(metadata.clone());
        }
        if known.failed.is_some_and(|failed| failed >= asked) {
            // Whoever was before in the queue has waited for nothing.
            return known.metadata.clone().ok_or_else(|| ProviderError::Unreachable("as a moment ago".to_owned()));
        }
        let issuer = IssuerUrl::new(self.issuer.clone()).map_err(|error| ProviderError::Unreachable(told(&error)))?;
        let outcome = Metadata::discover_async(issuer, &self.http).await;
        if key_is_missing {
            known.asked_for_key = Some(Instant::now());
        }
        match outcome {
            Ok(metadata) => {
                let metadata = Arc::new(metadata);
                known.metadata = Some(metadata.clone());
                known.until = Some(Instant::now() + BELIEVED);
                Ok(metadata)
            }
            Err(error) => {
                let error = told(&error);
                known.failed = Some(Instant::now());
                known.until = Some(Instant::now() + PAUSE);
                let Some(metadata) = known.metadata.clone() else { return Err(ProviderError::Unreachable(error)) };
                tracing::warn!(error, issuer = self.issuer, "issuer not reached, as before is believed");
                Ok(metadata)
            }
        }
    }

    fn client(&self, metadata: &Metadata, now: DateTime<Utc>) -> Result<Client, ProviderError> {
        let Credentials { client_id, secret } = &self.credentials;
        let secret = match secret {
            ClientSecret::Fixed(secret) => Some(secret.reveal().to_owned()),
            ClientSecret::Apple(key) => key.secret(client_id, &self.issuer, now),
        };
        let secret = secret.map(openidconnect::ClientSecret::new);
        let redirect = RedirectUrl::new(self.redirect.clone());
        let redirect = redirect.map_err(|error| ProviderError::Refused(told(&error)))?;
        let client = CoreClient::from_provider_metadata(metadata.clone(), ClientId::new(client_id.clone()), secret);
        Ok(client.set_redirect_uri(redirect).set_auth_type(auth_type(metadata)))
    }
}

/// How the issuer wants the shop's secret: in a header, unless it only knows forms.
fn auth_type(metadata: &Metadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let knows = |method| methods.is_some_and(|methods| methods.contains(&method));
    let only_forms = knows(CoreClientAuthMethod::ClientSecretPost) && !knows(CoreClientAuthMethod::ClientSecretBasic);
    if only_forms { AuthType::RequestBody } else { AuthType::BasicAuth }
}

fn nonce(shop: &Shop, flow: &Flow) -> Nonce {
    Nonce::new(flow.nonce(shop).as_str().to_owned())
}

/// Why an ID token is not believed.
enum Doubt {
    /// Its key is not among those of the issuer, as far as they are known.
    UnknownKey(String),
    /// Something else.
    Wrong(String),
}

impl From<ClaimsVerificationError> for Doubt {
    fn from(error: ClaimsVerificationError) -> Self {
        let told = told(&error);
        match error {
            ClaimsVerificationError::SignatureVerification(SignatureVerificationError::NoMatchingKey) => {
                Self::UnknownKey(told)
            }
            _ => Self::Wrong(told),
        }
    }
}

/// What the ID token says, once it is sure that this issuer says it to this shop in answer to this question.
fn checked(
    client: &Client,
    tokens: &CoreTokenResponse,
    nonce: &Nonce,
    now: DateTime<Utc>,
) -> Result<CoreIdTokenClaims, Doubt> {
    let wrong = |what: &str| Doubt::Wrong(what.to_owned());
    let token = tokens.id_token().ok_or_else(|| wrong("there is no ID token"))?;
    let verifier =
        client.id_token_verifier().set_allowed_algs(ALGORITHMS).set_time_fn(move || now).set_issue_time_verifier_fn(
            move |issued| {
                let age = now - issued;
                if age.abs() <= TimeDelta::minutes(SKEW_MINUTES) { Ok(()) } else { Err(format!("issued {age} ago")) }
            },
        );
    let claims = token.claims(&verifier, nonce)?;
    if claims.authorized_party().is_some_and(|party| *party != *client.client_id()) {
        return Err(wrong("it is for another party"));
    }
    if let Some(expected) = claims.access_token_hash() {
        let refused = |error: SignatureVerificationError| Doubt::Wrong(told(&error));
        let (algorithm, key) = (token.signing_alg().map_err(refused)?, token.signing_key(&verifier).map_err(refused)?);
        let hash = AccessTokenHash::from_token(tokens.access_token(), algorithm, key);
        if hash.map_err(|error| Doubt::Wrong(told(&error)))? != *expected {
            return Err(wrong("it came with another access token"));
        }
    }
    Ok(claims.clone())
}
