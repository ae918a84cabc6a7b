//! The keys that access tokens are signed with (ES256: ECDSA over P-256 with SHA-256).
//!
//! Time is cut into periods, each with a key of its own, so that replicas agree
//! on it without talking: the first that needs it writes it into the database.
//! It is made a day before, so that those who check tokens can know it, and
//! published until the last token signed with it has expired.

use super::{ACCESS_MINUTES, AccessError, SigningKeyId};
use crate::Shop;
use crate::db::sql;
use crate::sealed::Place;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::sync::{Arc, PoisonError, RwLock};

/// How long a key signs, in seconds: 30 days.
const PERIOD: i64 = 30 * 24 * 60 * 60;

/// How long before it signs a key is made, in seconds.
const AHEAD: i64 = 24 * 60 * 60;

/// How long what was read of the database is taken for what there is, in seconds.
const KEPT: i64 = 5 * 60;

/// How long the database is not asked again after it didn't know a key either, in seconds: anybody can make one up.
const UNKNOWN_FOR: i64 = 1;

/// How far the clocks of replicas may differ, in seconds.
pub(super) const LEEWAY: i64 = 30;

/// A key.
#[derive(Debug)]
pub struct SigningKey {
    /// What tokens name it by.
    pub id: SigningKeyId,
    period: i64,
    /// The point on the curve, not compressed: 0x04, then x and y of 32 bytes each.
    public: Vec<u8>,
    /// Missing where it was sealed with another secret.
    pair: Option<EcdsaKeyPair>,
}

impl SigningKey {
    /// Signs a text: r and s of 32 bytes each.
    pub(super) fn sign(&self, text: &[u8]) -> Result<Vec<u8>, AccessError> {
        let pair = self.pair.as_ref().ok_or(AccessError::Signing("the key was sealed with another secret"))?;
        let signature = pair.sign(&SystemRandom::new(), text);
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| AccessError::Signing("no random numbers"))
    }

    /// Whether a text was signed with it.
    pub(super) fn has_signed(&self, text: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &self.public).verify(text, signature).is_ok()
    }

    /// The public key's coordinates x and y in base 64, as a JSON Web Key has them.
    pub fn coordinates(&self) -> (String, String) {
        let (x, y) = self.public.get(1..).unwrap_or_default().split_at(self.public.len() / 2);
        (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y))
    }

    /// Whether no token that it has signed is good any more.
    fn is_over(&self, now: DateTime<Utc>) -> bool {
        (self.period + 1) * PERIOD + ACCESS_MINUTES * 60 + LEEWAY < now.timestamp()
    }
}

/// The keys as they were read last.
#[derive(Debug, Default)]
pub struct SigningKeys {
    known: RwLock<Known>,
    missed_at: RwLock<Option<DateTime<Utc>>>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    keys: Vec<Arc<SigningKey>>,
    read_at: Option<DateTime<Utc>>,
}

impl SigningKeys {
    /// The keys, where they were read lately.
    fn known(&self, now: DateTime<Utc>) -> Option<Vec<Arc<SigningKey>>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        is_within(known.read_at, KEPT, now).then(|| known.keys.clone())
    }
}

/// Whether something was so many seconds ago at most.
fn is_within(time: Option<DateTime<Utc>>, seconds: i64, now: DateTime<Utc>) -> bool {
    time.is_some_and(|time| (time..time + TimeDelta::seconds(seconds)).contains(&now))
}

/// The key that signs now.
///
/// # Errors
/// When there is none and one can't be made, or the database fails.
pub(super) async fn current(shop: &Shop) -> Result<Arc<SigningKey>, AccessError> {
    let period = shop.clock.now().timestamp().div_euclid(PERIOD);
    let keys = prepared(shop).await?;
    let key = keys.into_iter().find(|key| key.period == period);
    key.ok_or(AccessError::Signing("another process has removed the key"))
}

/// The key with this name, if tokens signed with it may be good.
///
/// # Errors
/// When the database has to be asked and fails.
pub(super) async fn named(shop: &Shop, id: SigningKeyId) -> Result<Option<Arc<SigningKey>>, DbErr> {
    let now = shop.clock.now();
    let named = |keys: Vec<Arc<SigningKey>>| keys.into_iter().find(|key| key.id == id && !key.is_over(now));
    if let Some(key) = shop.signing_keys.known(now).and_then(named) {
        return Ok(Some(key));
    }
    let missed_at = &shop.signing_keys.missed_at;
    if is_within(*missed_at.read().unwrap_or_else(PoisonError::into_inner), UNKNOWN_FOR, now) {
        return Ok(None);
    }
    let found = named(read(shop).await?);
    if found.is_none() {
        *missed_at.write().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
    Ok(found)
}

/// The keys with which tokens are signed that are good, or soon will be.
///
/// # Errors
/// When one has to be made and can't be, or the database fails.
pub async fn published(shop: &Shop) -> Result<Vec<Arc<SigningKey>>, AccessError> {
    let now = shop.clock.now();
    Ok(prepared(shop).await?.into_iter().filter(|key| !key.is_over(now)).collect())
}

/// Every key, after making those that are missing.
async fn prepared(shop: &Shop) -> Result<Vec<Arc<SigningKey>>, AccessError> {
    let now = shop.clock.now();
    let needed = [now.timestamp(), now.timestamp() + AHEAD].map(|time| time.div_euclid(PERIOD));
    let is_there = |keys: &[Arc<SigningKey>], period| keys.iter().any(|key| key.period == period && key.pair.is_some());
    if let Some(keys) = shop.signing_keys.known(now)
        && needed.iter().all(|period| is_there(&keys, *period))
    {
        return Ok(keys);
    }
    let keys = read(shop).await?;
    if needed.iter().all(|period| is_there(&keys, *period)) {
        return Ok(keys);
    }
    for period in needed {
        if !is_there(&keys, period) {
            make(shop, period, keys.iter().find(|key| key.period == period)).await?;
        }
    }
    Ok(read(shop).await?)
}

#[derive(FromQueryResult)]
struct Row {
    id: SigningKeyId,
    period: i32,
    public_key: String,
    private_key: String,
}

async fn read(shop: &Shop) -> Result<Vec<Arc<SigningKey>>, DbErr> {
    let db = shop.db.latest();
    let text = "SELECT id, period, public_key, private_key FROM signing_keys ORDER BY period";
    let rows = Row::find_by_statement(sql(db, text, [])).all(db).await?;
    let key = |row: Row| {
        let pair = shop.keys.open(place(row.id), &row.private_key).ok().and_then(|bytes| pair(&bytes));
        let public = URL_SAFE_NO_PAD.decode(&row.public_key).unwrap_or_default();
        Arc::new(SigningKey { id: row.id, period: row.period.into(), public, pair })
    };
    let keys: Vec<_> = rows.into_iter().map(key).collect();
    let known = Known { keys: keys.clone(), read_at: Some(shop.clock.now()) };
    *shop.signing_keys.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    Ok(keys)
}

fn place(id: SigningKeyId) -> Place {
    Place { table: "signing_keys", column: "private_key", row: id.0 }
}

fn pair(pkcs8: &[u8]) -> Option<EcdsaKeyPair> {
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &SystemRandom::new()).ok()
}

/// Makes the key of a period, in place of one that can't be opened. Of several replicas one succeeds.
async fn make(shop: &Shop, period: i64, unusable: Option<&Arc<SigningKey>>) -> Result<(), AccessError> {
    let now = shop.clock.now();
    let id = SigningKeyId::new(now);
    let failed = || AccessError::Signing("a key could not be made");
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let pkcs8 = pkcs8.map_err(|_| failed())?;
    let public = pair(pkcs8.as_ref()).ok_or_else(failed)?.public_key().as_ref().to_vec();
    let private = shop.keys.seal(place(id), pkcs8.as_ref());
    let db = shop.db.primary();
    if let Some(unusable) = unusable {
        tracing::warn!(key = %unusable.id, "signing key replaced: the key that it was sealed with is missing");
        db.execute_raw(sql(db, "DELETE FROM signing_keys WHERE id = $1", [unusable.id.into()])).await?;
    }
    let text = "INSERT INTO signing_keys (id, period, public_key, private_key, created_at) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT (period) DO NOTHING";
    let period = i32::try_from(period).map_err(|_| failed())?;
    let values = [id.into(), period.into(), URL_SAFE_NO_PAD.encode(public).into(), private.into(), now.into()];
    db.execute_raw(sql(db, text, values)).await?;
    Ok(())
}

/// Forgets keys whose tokens have expired.
pub(super) async fn purge(shop: &Shop) -> Result<(), DbErr> {
    let db = shop.db.primary();
    let before = shop.clock.now().timestamp() - PERIOD - ACCESS_MINUTES * 60 - LEEWAY;
    let period = i32::try_from(before.div_euclid(PERIOD)).unwrap_or(0);
    db.execute_raw(sql(db, "DELETE FROM signing_keys WHERE period < $1", [period.into()])).await.map(drop)
}
