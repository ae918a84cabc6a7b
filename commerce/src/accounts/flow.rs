//! Signing in at another provider: what is remembered between leaving for it and coming back.
//!
//! A browser that leaves keeps a cookie, and the shop keeps nothing: what goes
//! to the provider follows from the cookie and the shop's secret. So the state
//! that comes back fits no other cookie, and nobody can be signed in by a link
//! that somebody else began.

use super::identity::Identity;
use crate::Shop;
use crate::clock::uuid_at;
use crate::db::sql;
use crate::token::Token;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbErr};

/// How long somebody may stay at the provider, in minutes, and after it at the page that asks for a proof.
pub const FLOW_MINUTES: i64 = 10;

/// A sign-in that is under way at another provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    token: Token,
    ends: DateTime<Utc>,
    /// The shop's name of the provider.
    pub provider: String,
    /// The page to go on at.
    pub next: Option<String>,
}

impl Flow {
    /// Begins one.
    pub fn begin(shop: &Shop, provider: &str, next: Option<String>) -> Self {
        let ends = shop.clock.now() + TimeDelta::minutes(FLOW_MINUTES);
        let ends = DateTime::from_timestamp(ends.timestamp(), 0).unwrap_or(ends);
        Self { token: Token::random(), ends, provider: provider.to_owned(), next }
    }

    /// What the cookie holds.
    pub fn to_cookie(&self) -> String {
        let next = URL_SAFE_NO_PAD.encode(self.next.as_deref().unwrap_or_default());
        format!("{}.{}.{}.{next}", self.token.as_str(), self.ends.timestamp(), self.provider)
    }

    /// What a browser sent as its cookie, if it can be one. Whether it is one of ours, only the state tells.
    pub fn from_cookie(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (token, ends, provider, next) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        Some(Self {
            token: Token::parse(token)?,
            ends: DateTime::from_timestamp(ends.parse().ok()?, 0)?,
            provider: provider.to_owned(),
            next: Some(next).filter(|next| !next.is_empty()),
        })
    }

    /// What the provider sends back with its answer.
    pub fn state(&self, shop: &Shop) -> Token {
        Token::from_bytes(shop.sign("sign-in state", self.to_cookie().as_bytes()))
    }

    /// What the provider signs, so that its answer is to this question.
    pub fn nonce(&self, shop: &Shop) -> Token {
        Token::from_bytes(shop.sign("sign-in nonce", self.to_cookie().as_bytes()))
    }

    /// The code verifier of PKCE (RFC 7636): 43 characters, from 256 bits.
    pub fn verifier(&self, shop: &Shop) -> String {
        let half = |purpose| shop.sign(purpose, self.to_cookie().as_bytes());
        URL_SAFE_NO_PAD.encode([half("sign-in verifier 1"), half("sign-in verifier 2")].concat())
    }

    /// Whether a state that came back is that of this sign-in, and in time.
    pub fn is_answered_by(&self, shop: &Shop, state: &str) -> bool {
        // Hashes are compared: how long that takes tells nothing of what they are of.
        let right = Token::parse(state).is_some_and(|state| state.hash() == self.state(shop).hash());
        right && shop.clock.now() < self.ends
    }

    /// Uses a sign-in up, before anything is done about its answer. Of many that come back with it the first is told
    /// that it may go on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_up(&self, shop: &Shop) -> Result<bool, DbErr> {
        let now = shop.clock.now();
        let db = shop.db.primary();
        let text = "INSERT INTO sign_in_flows (id, token_hash, expires_at) VALUES ($1, $2, $3)
                    ON CONFLICT (token_hash) DO NOTHING";
        // After its end the state itself is refused.
        let values = [uuid_at(now).into(), self.token.hash().into(), self.ends.max(now + lasts()).into()];
        Ok(db.execute_raw(sql(db, text, values)).await?.rows_affected() == 1)
    }

    /// Keeps who came back until they have proved something more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep(&self, shop: &Shop, identity: &Identity) -> Result<(), DbErr> {
        let db = shop.db.primary();
        let text = "UPDATE sign_in_flows SET identity = $2, expires_at = $3 WHERE token_hash = $1";
        let identity = serde_json::to_string(identity).map_err(|error| DbErr::Custom(error.to_string()))?;
        let values = [self.token.hash().into(), identity.into(), (shop.clock.now() + lasts()).into()];
        db.execute_raw(sql(db, text, values)).await.map(drop)
    }

    /// Who came back and has to prove something more, if anybody.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn kept(&self, shop: &Shop) -> Result<Option<Identity>, DbErr> {
        let db = shop.db.primary();
        let text = "SELECT identity FROM sign_in_flows
                    WHERE token_hash = $1 AND identity IS NOT NULL AND expires_at > $2";
        let values = [self.token.hash().into(), shop.clock.now().into()];
        let Some(row) = db.query_one_raw(sql(db, text, values)).await? else { return Ok(None) };
        let text: String = row.try_get("", "identity")?;
        serde_json::from_str(&text).map(Some).map_err(|error| DbErr::Custom(error.to_string()))
    }

    /// Forgets who came back; the sign-in stays used up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget(&self, shop: &Shop) -> Result<(), DbErr> {
        let db = shop.db.primary();
        let text = "UPDATE sign_in_flows SET identity = NULL WHERE token_hash = $1";
        db.execute_raw(sql(db, text, [self.token.hash().into()])).await.map(drop)
    }
}

fn lasts() -> TimeDelta {
    TimeDelta::minutes(FLOW_MINUTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_as_it_was_written() {
        let flow = Flow {
            token: Token::random(),
            ends: DateTime::from_timestamp(1_800_000_000, 0).expect("a time"),
            provider: "google".to_owned(),
            next: Some("/p/mug?v=MUG-1".to_owned()),
        };
        assert_eq!(Flow::from_cookie(&flow.to_cookie()), Some(flow.clone()));
        let nowhere = Flow { next: None, ..flow };
        assert_eq!(Flow::from_cookie(&nowhere.to_cookie()), Some(nowhere));
        for text in ["", "...", "x.1.google.", "AAAAAAAAAAAAAAAAAAAAAA.x.google.", "AAAAAAAAAAAAAAAAAAAAAA.1.google"] {
            assert_eq!(Flow::from_cookie(text), None, "{text}");
        }
    }
}
