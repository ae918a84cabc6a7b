//! Access tokens: JSON Web Tokens after RFC 9068, signed with ES256 and nothing else.
//!
//! What a token says of its algorithm decides nothing: there is one, and a
//! token that names another is none.

use super::signing_keys::{self, LEEWAY};
use super::{ACCESS_MINUTES, AccessError, Caller, Scopes, SigningKeyId};
use crate::Shop;
use crate::accounts::{Role, UserId};
use crate::clock::uuid_at;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::DbErr;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const ALGORITHM: &str = "ES256";
const KIND: &str = "at+jwt";

/// The longest token that is looked at, in bytes: ours are some 600.
const LONGEST: usize = 4_096;

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    typ: String,
    kid: SigningKeyId,
    /// What must be understood to accept the token: we understand nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    crit: Option<serde_json::Value>,
}

/// What a token says.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    sub: UserId,
    aud: String,
    iat: i64,
    exp: i64,
    jti: String,
    role: String,
    scope: String,
}

/// The token of a caller, made by and for the shop at this address.
pub async fn issue(shop: &Shop, issuer: &str, caller: &Caller) -> Result<String, AccessError> {
    let now = shop.clock.now();
    let key = signing_keys::current(shop).await?;
    let header = Header { alg: ALGORITHM.to_owned(), typ: KIND.to_owned(), kid: key.id, crit: None };
    let claims = Claims {
        iss: issuer.to_owned(),
        sub: caller.user,
        aud: audience(issuer),
        iat: now.timestamp(),
        exp: now.timestamp() + ACCESS_MINUTES * 60,
        jti: uuid_at(now).to_string(),
        role: caller.role.code().to_owned(),
        scope: caller.scopes.to_string(),
    };
    let mut token = format!("{}.{}", encode(&header)?, encode(&claims)?);
    let signature = key.sign(token.as_bytes())?;
    token.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut token);
    Ok(token)
}

/// Who a token says it was made for, if it is one of ours and good.
///
/// # Errors
/// When its key has to be read and the database fails.
pub async fn check(shop: &Shop, issuer: &str, token: &str) -> Result<Option<Caller>, DbErr> {
    let Some((header, signed, signature)) = parts(token) else { return Ok(None) };
    if header.alg != ALGORITHM || header.typ != KIND || header.crit.is_some() {
        return Ok(None);
    }
    let Some(key) = signing_keys::named(shop, header.kid).await? else { return Ok(None) };
    if !key.has_signed(signed.as_bytes(), &signature) {
        return Ok(None);
    }
    let claims: Option<Claims> = signed.split_once('.').and_then(|(_, claims)| decode(claims));
    let now = shop.clock.now().timestamp();
    Ok(claims
        .filter(|claims| {
            claims.iss == issuer
                && claims.aud == audience(issuer)
                && claims.exp > now - LEEWAY
                && claims.iat <= now + LEEWAY
        })
        .and_then(|claims| {
            let role = Role::from_code(&claims.role)?;
            Some(Caller { user: claims.sub, role, scopes: Scopes::parse(&claims.scope).within(role) })
        }))
}

/// Whom tokens are for: the API of the shop.
fn audience(issuer: &str) -> String {
    format!("{issuer}/api")
}

/// The header of a token, the text that was signed, and the signature.
fn parts(token: &str) -> Option<(Header, &str, Vec<u8>)> {
    if token.len() > LONGEST || token.split('.').count() != 3 {
        return None;
    }
    let (signed, signature) = token.rsplit_once('.')?;
    let (header, _) = signed.split_once('.')?;
    Some((decode(header)?, signed, URL_SAFE_NO_PAD.decode(signature).ok()?))
}

fn encode(part: &impl Serialize) -> Result<String, AccessError> {
    let json = serde_json::to_vec(part).map_err(|_| AccessError::Signing("not JSON"))?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

fn decode<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
