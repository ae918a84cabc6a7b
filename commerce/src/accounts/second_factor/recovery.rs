//! Recovery codes: for those whose phone is at the bottom of the sea.

use super::{SheetId, queries};
use crate::Shop;
use crate::accounts::{AccountError, Password, SignedIn, UserId, sign_in};
use crate::clock::uuid_at;
use crate::db::{self, sql};
use crate::sealed::Place;
use crate::token::hex;
use chrono::{DateTime, TimeDelta, Utc};
use rand::RngCore;
use sea_orm::{ConnectionTrait, DbErr};

/// How many there are.
pub const CODES: usize = 10;

/// How long they are shown, in minutes.
const SHOWN_MINUTES: i64 = 15;

/// Crockford's alphabet: nothing in it can be taken for something else.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Five random bits each.
const CHARACTERS: usize = 10;

fn random_code() -> String {
    let mut bytes = [0; CHARACTERS];
    rand::rng().fill_bytes(&mut bytes);
    bytes.map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).iter().collect()
}

/// What somebody has typed, as it was made.
fn normal(typed: &str) -> String {
    let same = |c: char| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    typed.chars().filter(char::is_ascii_alphanumeric).map(same).collect()
}

/// What is kept of a code. It has 50 random bits, which a plain hash would not hide from who has a copy of the database.
fn hash(shop: &Shop, user: UserId, code: &str) -> String {
    hex(&shop.sign("recovery code", &[user.0.as_bytes(), code.as_bytes()].concat()))
}

/// Makes all codes anew, and shows them to this session for some minutes. The old ones are good no more.
pub(crate) async fn make<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    who: &SignedIn,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    forget(tx, who.user).await?;
    let codes: [String; CODES] = std::array::from_fn(|_| random_code());
    for code in &codes {
        let text = "INSERT INTO recovery_codes (id, user_id, code_hash, created_at) VALUES ($1, $2, $3, $4)";
        let values = [uuid_at(now).into(), who.user.into(), hash(shop, who.user, code).into(), now.into()];
        tx.execute_raw(sql(tx, text, values)).await?;
    }
    let sheet = SheetId::new(now);
    let text = "INSERT INTO recovery_sheets (id, user_id, session_id, codes, expires_at) VALUES ($1, $2, $3, $4, $5)";
    let values = [
        sheet.into(),
        who.user.into(),
        who.session.into(),
        shop.keys.seal(place(sheet), codes.join(" ").as_bytes()).into(),
        (now + TimeDelta::minutes(SHOWN_MINUTES)).into(),
    ];
    tx.execute_raw(sql(tx, text, values)).await.map(drop)
}

/// Takes the codes away.
pub(crate) async fn forget<C: ConnectionTrait>(tx: &C, user: UserId) -> Result<(), DbErr> {
    for table in ["recovery_codes", "recovery_sheets"] {
        tx.execute_raw(sql(tx, &format!("DELETE FROM {table} WHERE user_id = $1"), [user.into()])).await?;
    }
    Ok(())
}

/// Uses a code up; gives how many are left, or nothing where it is none.
pub(super) async fn redeem<C: ConnectionTrait>(
    shop: &Shop,
    tx: &C,
    user: UserId,
    typed: &str,
) -> Result<Option<i64>, DbErr> {
    let text = "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2";
    let values = [user.into(), hash(shop, user, &normal(typed)).into()];
    if tx.execute_raw(sql(tx, text, values)).await?.rows_affected() == 0 {
        return Ok(None);
    }
    Ok(Some(queries::factors(tx, user).await?.recovery_codes))
}

/// Makes the codes anew for somebody who has a second factor and proves who they are.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::NoFactor`], or when the database fails.
pub async fn renew(shop: &Shop, who: &SignedIn, password: &Password) -> Result<(), AccountError> {
    if !sign_in::proves(shop, who.user, password).await? {
        return Err(AccountError::WrongCredentials);
    }
    db::retry(async || {
        let now = shop.clock.now();
        let tx = shop.db.begin().await?;
        if !queries::factors(&tx, who.user).await?.any() {
            return Err(AccountError::NoFactor);
        }
        make(shop, &tx, who, now).await?;
        Ok(tx.commit().await?)
    })
    .await
}

/// The codes that were just made in this session, while they are shown.
///
/// # Errors
/// When the database fails, or they can't be opened.
pub async fn shown(shop: &Shop, who: &SignedIn) -> Result<Option<Vec<String>>, AccountError> {
    let db = shop.db.latest();
    let text = "SELECT id, codes FROM recovery_sheets WHERE user_id = $1 AND session_id = $2 AND expires_at > $3";
    let values = [who.user.into(), who.session.into(), shop.clock.now().into()];
    let Some(row) = db.query_one_raw(sql(db, text, values)).await? else { return Ok(None) };
    let codes: String = row.try_get("", "codes")?;
    let codes = shop.keys.open(place(row.try_get("", "id")?), &codes)?;
    // The hyphen helps reading, no more.
    let split = |code: &str| code.split_at_checked(CHARACTERS / 2).map(|(left, right)| format!("{left}-{right}"));
    Ok(Some(String::from_utf8_lossy(&codes).split(' ').filter_map(split).collect()))
}

/// Shows them no more.
///
/// # Errors
/// When the database fails.
pub async fn hide(shop: &Shop, who: &SignedIn) -> Result<(), DbErr> {
    let db = shop.db.primary();
    db.execute_raw(sql(db, "DELETE FROM recovery_sheets WHERE user_id = $1", [who.user.into()])).await.map(drop)
}

fn place(sheet: SheetId) -> Place {
    Place { table: "recovery_sheets", column: "codes", row: sheet.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_finds_the_code_that_was_read() {
        assert_eq!(normal(" abcde-01 o1L "), "ABCDE01011");
        let code = random_code();
        assert_eq!(code.len(), CHARACTERS);
        assert_eq!(normal(&code.to_lowercase()), code);
        assert_ne!(code, random_code());
    }
}
