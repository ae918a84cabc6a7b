//! A program that is signed in gets new tokens for its refresh token.
//!
//! A refresh token names its grant and its generation, and is authenticated by
//! the shop's secret: what is stored is which generation is good. So one that
//! was replaced is known for what it is. Whoever uses it after its successor
//! could have been used has a copy: then nobody knows who is who, and the grant
//! ends for both.
//!
//! For [`GRACE`] the token that was just replaced gets the same successor once
//! more, not another: a program whose answer was lost, or that asked twice at
//! once, stays signed in, and a thief gets no line of tokens of their own. The
//! first of the two who comes back late ends the grant.

use super::log_in::role_of;
use super::{AccessError, Caller, GrantId, REFRESH_DAYS, Scopes, Tokens, jwt};
use crate::Shop;
use crate::accounts::UserId;
use crate::db::{self, sql};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

/// How long the token that was just replaced gets the same answer: a request that is sent again.
const GRACE: TimeDelta = TimeDelta::seconds(30);

const PREFIX: &str = "emr_";

#[derive(FromQueryResult)]
struct Row {
    user_id: UserId,
    scopes: String,
    generation: i32,
    used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// New tokens for a refresh token, which is used up.
///
/// # Errors
/// [`AccessError::InvalidToken`] for one that has expired, was used, or never was one, or when the database fails.
pub async fn refresh(shop: &Shop, issuer: &str, token: &str) -> Result<Tokens, AccessError> {
    let (id, generation) = read(shop, token).ok_or(AccessError::InvalidToken)?;
    let Some((row, caller)) = db::retry(|| attempt(shop, id, generation)).await? else {
        return Err(AccessError::InvalidToken);
    };
    let access = jwt::issue(shop, issuer, &caller).await?;
    let refresh = refresh_token(shop, id, row.generation);
    Ok(Tokens { access, refresh, refresh_for: lasts(shop.clock.now(), row.expires_at), scopes: caller.scopes })
}

async fn attempt(shop: &Shop, id: GrantId, generation: i32) -> Result<Option<(Row, Caller)>, AccessError> {
    let now = shop.clock.now();
    let idle = now - TimeDelta::days(REFRESH_DAYS);
    let tx = shop.db.begin().await?;
    let text = "UPDATE api_grants SET generation = generation + 1, used_at = $3
                WHERE id = $1 AND generation = $2 AND expires_at > $3 AND used_at > $4
                RETURNING user_id, scopes, generation, used_at, expires_at";
    let values = [id.into(), generation.into(), now.into(), idle.into()];
    let rotated = Row::find_by_statement(sql(&tx, text, values)).one(&tx).await?;
    let row = match rotated {
        Some(row) => row,
        None => {
            let text = "SELECT user_id, scopes, generation, used_at, expires_at FROM api_grants WHERE id = $1";
            let row = Row::find_by_statement(sql(&tx, text, [id.into()])).one(&tx).await?;
            let Some(row) = row.filter(|row| row.generation > generation) else { return Ok(None) };
            if row.generation > generation + 1 || row.used_at <= now - GRACE {
                tracing::warn!(grant = %id, user = %row.user_id, "refresh token used again: the grant has ended");
                tx.execute_raw(sql(&tx, "DELETE FROM api_grants WHERE id = $1", [id.into()])).await?;
                tx.commit().await?;
                return Ok(None);
            }
            row
        }
    };
    let role = role_of(&tx, row.user_id).await?;
    tx.commit().await?;
    let scopes = Scopes::parse(&row.scopes).within(role);
    let caller = Caller { user: row.user_id, role, scopes };
    Ok(Some((row, caller)))
}

/// How long a refresh token made now is good, for a grant that ends then.
pub(super) fn lasts(now: DateTime<Utc>, expires_at: DateTime<Utc>) -> TimeDelta {
    TimeDelta::days(REFRESH_DAYS).min(expires_at - now)
}

/// The refresh token of a generation: 16 bytes of the grant, 4 of the generation, and 16 that only this shop can
/// compute for them.
pub(super) fn refresh_token(shop: &Shop, id: GrantId, generation: i32) -> String {
    let named = named(id, generation);
    let bytes = [&named[..], &shop.sign("refresh token", &named)].concat();
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The grant and generation that a refresh token names, if it is one of ours.
pub(super) fn read(shop: &Shop, token: &str) -> Option<(GrantId, i32)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.strip_prefix(PREFIX)?).ok()?;
    let (named, signature) = bytes.split_first_chunk::<20>()?;
    let expected = shop.sign("refresh token", named);
    // Each byte is looked at, so that time tells nothing.
    let differences = signature.iter().zip(expected).fold(0, |sum, (byte, expected)| sum | (byte ^ expected));
    if signature.len() != expected.len() || differences != 0 {
        return None;
    }
    let (id, generation) = named.split_first_chunk::<16>()?;
    let generation = i32::from_be_bytes(generation.try_into().ok()?);
    Some((GrantId(Uuid::from_bytes(*id)), generation))
}

fn named(id: GrantId, generation: i32) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes[..16].copy_from_slice(id.0.as_bytes());
    bytes[16..].copy_from_slice(&generation.to_be_bytes());
    bytes
}
