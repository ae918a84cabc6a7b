//! Somebody gets a passkey.

use super::challenges::{self, Asked, encode, refused, rp_id};
use super::{PASSKEY_NAME_MOST, PASSKEYS_MOST, PasskeyId, RelyingParty};
use crate::Shop;
use crate::accounts::second_factor::{FactorKind, set_up};
use crate::accounts::{AccountError, Password, SignedIn};
use crate::db::{self, sql};
use sea_orm::{ConnectionTrait, FromQueryResult};
use webauthn_rp::bin::{Decode, Encode};
use webauthn_rp::request::register::{
    CredProtect, Nickname, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle16, Username,
};
use webauthn_rp::request::{PublicKeyCredentialDescriptor, TimedCeremony};
use webauthn_rp::response::{AuthTransports, CredentialId};
use webauthn_rp::{PublicKeyCredentialCreationOptions, Registration, RegistrationServerState};

/// Asks the browser of whoever proves who they are for a new passkey; [`asked`] gives what to tell it.
///
/// # Errors
/// [`AccountError::WrongCredentials`], [`AccountError::FactorExists`] where there are very many,
/// [`AccountError::PasskeyRefused`] where the shop's address allows none, or when the database fails.
pub async fn begin(shop: &Shop, party: &RelyingParty, who: &SignedIn, password: &Password) -> Result<(), AccountError> {
    set_up::prove(shop, who, password).await?;
    let known = known(shop, who).await?;
    if i64::try_from(known.len()).is_ok_and(|count| count >= PASSKEYS_MOST) {
        return Err(AccountError::FactorExists);
    }
    let asked = ask(party, who, known)?;
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    challenges::keep(&tx, Some(who.user), &asked, now).await?;
    Ok(tx.commit().await?)
}

/// The passkeys that there are, so that no device makes a second one.
async fn known(shop: &Shop, who: &SignedIn) -> Result<Vec<PublicKeyCredentialDescriptor<Vec<u8>>>, AccountError> {
    #[derive(FromQueryResult)]
    struct Row {
        credential_id: String,
    }
    let db = shop.db.primary();
    let text = "SELECT credential_id FROM passkeys WHERE user_id = $1 ORDER BY id";
    let rows = Row::find_by_statement(sql(db, text, [who.user.into()])).all(db).await?;
    let known = rows.into_iter().map(|row| {
        let id = CredentialId::decode(challenges::decode(&row.credential_id)?).map_err(|error| refused(&error))?;
        // How to reach it the browser finds out by itself.
        let transports = AuthTransports::decode(0).map_err(|error| refused(&error))?;
        Ok(PublicKeyCredentialDescriptor { id, transports })
    });
    known.collect()
}

fn ask(
    party: &RelyingParty,
    who: &SignedIn,
    known: Vec<PublicKeyCredentialDescriptor<Vec<u8>>>,
) -> Result<Asked, AccountError> {
    let rp = rp_id(party)?;
    // What the passkey keeps of its owner is no address, which would change.
    let Ok(id) = UserHandle16::decode(*who.user.0.as_bytes());
    let user = PublicKeyCredentialUserEntity {
        // Not every address can be such a name.
        name: Username::try_from(who.email.as_str())
            .or_else(|_| Username::try_from("account"))
            .map_err(|error| refused(&error))?,
        id: &id,
        display_name: Nickname::try_from(who.name.as_str()).ok(),
    };
    let mut options = PublicKeyCredentialCreationOptions::passkey(&rp, user, known);
    // Devices that don't know this extension would refuse to make any; what they make is verified all the same.
    options.extensions.cred_protect = CredProtect::None;
    let (server, client) = options.start_ceremony().map_err(|error| refused(&error))?;
    Ok(Asked {
        challenge: server.sent_challenge(),
        state: server.encode().map_err(|error| refused(&error))?,
        options: serde_json::to_string(&client).map_err(|error| refused(&error))?,
    })
}

/// What the browser is to be told for a new passkey that is waited for, as JSON.
///
/// # Errors
/// When the database fails.
pub async fn asked(shop: &Shop, who: &SignedIn) -> Result<Option<String>, AccountError> {
    let db = shop.db.latest();
    let text = "SELECT options FROM passkey_challenges WHERE user_id = $1 AND expires_at > $2";
    let row = db.query_one_raw(sql(db, text, [who.user.into(), shop.clock.now().into()])).await?;
    Ok(row.map(|row| row.try_get("", "options")).transpose()?)
}

/// Takes the new passkey that a browser has made, as JSON, under a name of its owner's.
///
/// # Errors
/// [`AccountError::PasskeyRefused`], or when the database fails.
pub async fn finish(
    shop: &Shop,
    party: &RelyingParty,
    who: &SignedIn,
    name: &str,
    made: &str,
) -> Result<(), AccountError> {
    let registration = Registration::from_json_relaxed(made.as_bytes()).map_err(|error| refused(&error))?;
    let challenge = registration.challenge_relaxed().map_err(|error| refused(&error))?;
    let state = challenges::take(shop, challenge, Some(who.user)).await?;
    let state = RegistrationServerState::<16>::decode(state.as_slice()).map_err(|error| refused(&error))?;
    let options = RegistrationVerificationOptions::<&str, &str> {
        allowed_origins: &[party.origin.as_str()],
        error_on_unsolicited_extensions: false,
        ..RegistrationVerificationOptions::default()
    };
    let passkey = state.verify(&rp_id(party)?, &registration, &options).map_err(|error| refused(&error))?;
    let credential = encode(passkey.id().as_ref());
    let Ok(fixed) = passkey.static_state().encode();
    let moving = passkey.dynamic_state();
    let Ok(moving) = moving.encode();
    let row = Row {
        name: name.chars().take(PASSKEY_NAME_MOST).collect(),
        credential,
        fixed: encode(&fixed),
        moving: encode(&moving),
    };
    db::retry(|| attempt(shop, who, &row)).await?;
    shop.outbox.notify_one();
    Ok(())
}

struct Row {
    name: String,
    credential: String,
    fixed: String,
    moving: String,
}

async fn attempt(shop: &Shop, who: &SignedIn, row: &Row) -> Result<(), AccountError> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let text = "INSERT INTO passkeys (id, user_id, name, credential_id, fixed_state, moving_state, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (credential_id) DO NOTHING";
    let values = [
        PasskeyId::new(now).into(),
        who.user.into(),
        row.name.clone().into(),
        row.credential.clone().into(),
        row.fixed.clone().into(),
        row.moving.clone().into(),
        now.into(),
    ];
    if tx.execute_raw(sql(&tx, text, values)).await?.rows_affected() == 0 {
        return Err(refused(&"known already"));
    }
    set_up::added(shop, &tx, who, FactorKind::Passkey, now).await?;
    Ok(tx.commit().await?)
}
