//! What a browser was asked, until it answers: once, and not for long.

use super::{CHALLENGE_MINUTES, RelyingParty};
use crate::Shop;
use crate::accounts::{AccountError, UserId};
use crate::clock::uuid_at;
use crate::db::sql;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use webauthn_rp::request::{AsciiDomain, RpId};
use webauthn_rp::response::SentChallenge;

/// What was asked, as it is kept.
pub(super) struct Asked {
    pub challenge: SentChallenge,
    pub state: Vec<u8>,
    /// What the browser is told, as JSON.
    pub options: String,
}

fn key(challenge: SentChallenge) -> String {
    format!("{:032x}", challenge.0)
}

/// Keeps what was asked. Of somebody's new passkeys only the last is waited for.
pub(super) async fn keep<C: ConnectionTrait>(
    tx: &C,
    user: Option<UserId>,
    asked: &Asked,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    if let Some(user) = user {
        tx.execute_raw(sql(tx, "DELETE FROM passkey_challenges WHERE user_id = $1", [user.into()])).await?;
    }
    let text = "INSERT INTO passkey_challenges (id, user_id, challenge, state, options, expires_at)
                VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [
        uuid_at(now).into(),
        user.into(),
        key(asked.challenge).into(),
        encode(&asked.state).into(),
        asked.options.clone().into(),
        (now + TimeDelta::minutes(CHALLENGE_MINUTES)).into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await.map(drop)
}

/// What was asked with this challenge, for this person's new passkey or for nobody's. Whatever comes of it, it is used up.
pub(super) async fn take(shop: &Shop, challenge: SentChallenge, user: Option<UserId>) -> Result<Vec<u8>, AccountError> {
    let db = shop.db.primary();
    let whose = if user.is_some() { "user_id = $3" } else { "user_id IS NULL" };
    let text =
        format!("DELETE FROM passkey_challenges WHERE challenge = $1 AND expires_at > $2 AND {whose} RETURNING state");
    let values = [key(challenge).into(), shop.clock.now().into()].into_iter().chain(user.map(Into::into));
    let row = db.query_one_raw(sql(db, &text, values)).await?.ok_or_else(|| refused(&"unknown challenge"))?;
    let state: String = row.try_get("", "state")?;
    decode(&state)
}

/// The shop as the library knows it.
pub(super) fn rp_id(party: &RelyingParty) -> Result<RpId, AccountError> {
    AsciiDomain::try_from(party.domain.clone()).map(RpId::Domain).map_err(|error| refused(&error))
}

pub(super) fn refused(reason: &dyn std::fmt::Display) -> AccountError {
    AccountError::PasskeyRefused(reason.to_string())
}

pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

pub(super) fn decode(text: &str) -> Result<Vec<u8>, AccountError> {
    STANDARD_NO_PAD.decode(text).map_err(|error| refused(&error))
}
