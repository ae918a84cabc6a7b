//! Somebody signs in with a passkey: in place of the password, or as the second factor after it.

use super::challenges::{self, Asked, decode, encode, refused, rp_id};
use super::{PasskeyId, RelyingParty};
use crate::Shop;
use crate::accounts::admit::{Proof, admit};
use crate::accounts::second_factor::close_pending;
use crate::accounts::{AccountError, Device, UserId};
use crate::db::{self, sql};
use crate::token::Token;
use sea_orm::{ConnectionTrait, FromQueryResult};
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::TimedCeremony;
use webauthn_rp::request::auth::AuthenticationVerificationOptions;
use webauthn_rp::request::register::UserHandle16;
use webauthn_rp::response::register::{DynamicState, StaticState};
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions,
};

/// Asks a browser for a passkey, whosever it is; gives what to tell it, as JSON.
///
/// # Errors
/// [`AccountError::PasskeyRefused`] where the shop's address allows none, or when the database fails.
pub async fn begin(shop: &Shop, party: &RelyingParty) -> Result<String, AccountError> {
    let rp = rp_id(party)?;
    // It asks that the device makes sure who holds it.
    let options = DiscoverableCredentialRequestOptions::passkey(&rp);
    let (server, client) = options.start_ceremony().map_err(|error| refused(&error))?;
    let asked = Asked {
        challenge: server.sent_challenge(),
        state: server.encode().map_err(|error| refused(&error))?,
        options: serde_json::to_string(&client).map_err(|error| refused(&error))?,
    };
    challenges::keep(shop.db.primary(), None, &asked, shop.clock.now()).await?;
    Ok(asked.options)
}

#[derive(FromQueryResult)]
struct Kept {
    id: PasskeyId,
    user_id: UserId,
    fixed_state: String,
    moving_state: String,
}

/// Signs in whoever shows their passkey; `pending` is the sign-in that waits in their browser, if one does.
///
/// # Errors
/// [`AccountError::PasskeyRefused`] for an unknown one, a signature that doesn't hold, or a counter that went back:
/// then there is a copy of the key. Or when the database fails.
pub async fn sign_in(
    shop: &Shop,
    party: &RelyingParty,
    pending: Option<&Token>,
    shown: &str,
    device: &Device,
) -> Result<Token, AccountError> {
    let shown = DiscoverableAuthentication16::from_json_relaxed(shown.as_bytes()).map_err(|error| refused(&error))?;
    let challenge = shown.challenge_relaxed().map_err(|error| refused(&error))?;
    let state = challenges::take(shop, challenge, None).await?;
    let state = DiscoverableAuthenticationServerState::decode(state.as_slice()).map_err(|error| refused(&error))?;
    let db = shop.db.primary();
    let text = "SELECT id, user_id, fixed_state, moving_state FROM passkeys WHERE credential_id = $1";
    let id = shown.raw_id();
    let kept = Kept::find_by_statement(sql(db, text, [encode(id.as_ref()).into()])).one(db).await?;
    let kept = kept.ok_or_else(|| refused(&"unknown passkey"))?;
    let Ok(user) = UserHandle16::decode(*kept.user_id.0.as_bytes());
    let fixed = StaticState::decode(decode(&kept.fixed_state)?.as_slice()).map_err(|error| refused(&error))?;
    let moving = decode(&kept.moving_state)?.try_into().map_err(|_| refused(&"state of another length"))?;
    let moving = DynamicState::decode(moving).map_err(|error| refused(&error))?;
    let mut credential = AuthenticatedCredential::new(id, &user, fixed, moving).map_err(|error| refused(&error))?;
    let options = AuthenticationVerificationOptions::<&str, &str> {
        allowed_origins: &[party.origin.as_str()],
        error_on_unsolicited_extensions: false,
        ..AuthenticationVerificationOptions::default()
    };
    state.verify(&rp_id(party)?, &shown, &mut credential, &options).map_err(|error| refused(&error))?;
    let Ok(moved) = credential.dynamic_state().encode();
    let moved = encode(&moved);
    db::retry(|| attempt(shop, &kept, &moved, pending, device)).await
}

async fn attempt(
    shop: &Shop,
    kept: &Kept,
    moved: &str,
    pending: Option<&Token>,
    device: &Device,
) -> Result<Token, AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    // Of two that show the same counter at once one holds.
    let text = "UPDATE passkeys SET moving_state = $3, used_at = $4 WHERE id = $1 AND moving_state = $2";
    let values = [kept.id.into(), kept.moving_state.clone().into(), moved.into(), now.into()];
    if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 0 {
        return Err(refused(&"changed meanwhile"));
    }
    if let Some(pending) = pending {
        close_pending(&tx, pending, kept.user_id, now).await?;
    }
    let admission = admit(&tx, kept.user_id, Proof::Passkey, device, now).await?;
    tx.commit().await?;
    admission.session().ok_or_else(|| refused(&"not enough"))
}
