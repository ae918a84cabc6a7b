//! The one gate: whoever has proved who they are gets a session here, or is asked for a second factor.

use super::second_factor::{devices, open_pending, queries};
use super::sign_in::forgive;
use super::{Device, SESSION_DAYS, SessionId, UserId, entity::session};
use crate::audit::{self, Action, Done};
use crate::token::Token;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};

/// How somebody has proved who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// By their password.
    Password,
    /// By a link that was mailed to them, and nothing else.
    MailedLink,
    /// By the word of somebody who knows them.
    Issuer,
    /// By a passkey that has made sure who holds it: it is two factors by itself.
    Passkey,
}

/// What whoever has proved who they are gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Admission {
    /// The token of their session.
    Session(Token),
    /// The token of a sign-in that waits for a second factor.
    SecondFactor(Token),
}

impl Admission {
    /// The token of the session, if there is one.
    pub fn session(self) -> Option<Token> {
        match self {
            Self::Session(token) => Some(token),
            Self::SecondFactor(_) => None,
        }
    }

    /// The token of the sign-in that waits, if it does.
    pub fn pending(self) -> Option<Token> {
        match self {
            Self::Session(_) => None,
            Self::SecondFactor(token) => Some(token),
        }
    }
}

/// Lets somebody in, in a transaction of the caller's: with a session where they have no second factor or this
/// browser is trusted, else with a sign-in that waits.
///
/// Failures are forgotten only by a session: who has the password could otherwise try codes without end.
pub(crate) async fn admit<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    proof: Proof,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<Admission, DbErr> {
    if proof == Proof::Passkey {
        return open_session(tx, user, device, now).await.map(Admission::Session);
    }
    let by_mail = proof == Proof::MailedLink;
    if queries::factors(tx, user).await?.any() && (by_mail || !devices::is_trusted(tx, user, device, now).await?) {
        return open_pending(tx, user, by_mail, now).await.map(Admission::SecondFactor);
    }
    open_session(tx, user, device, now).await.map(Admission::Session)
}

/// Begins a session for somebody who has proved everything that is asked of them; its token is new, whatever the
/// browser had before.
pub(super) async fn open_session<C: ConnectionTrait>(
    tx: &C,
    user: UserId,
    device: &Device,
    now: DateTime<Utc>,
) -> Result<Token, DbErr> {
    forgive(tx, user).await?;
    let token = Token::random();
    let row = session::ActiveModel {
        id: Set(SessionId::new(now)),
        user_id: Set(user),
        token_hash: Set(token.hash()),
        device: Set(device.short_name()),
        client: Set(device.client.clone()),
        created_at: Set(now),
        used_at: Set(now),
        expires_at: Set(now + TimeDelta::days(SESSION_DAYS)),
    };
    session::Entity::insert(row).exec_without_returning(tx).await?;
    audit::record(tx, now, Done::by(Action::SignedIn, user)).await?;
    Ok(token)
}
