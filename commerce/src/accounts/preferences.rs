//! Which mails people want, apart from those about their orders and the safety of their account.

use super::{ProfilePart, ProfileUpdated, Topic, UserId};
use crate::Shop;
use crate::db::sql;
use crate::events::{self, NewEvent};
use sea_orm::{ConnectionTrait, DbErr};

/// The topics that a person has chosen. Nobody gets what they have not asked for.
///
/// # Errors
/// When the database fails.
pub async fn wanted<C: ConnectionTrait>(db: &C, user: UserId) -> Result<Vec<Topic>, DbErr> {
    let text = "SELECT topic FROM mail_preferences WHERE user_id = $1 AND wanted";
    let rows = db.query_all_raw(sql(db, text, [user.into()])).await?;
    let chosen = rows.iter().map(|row| row.try_get("", "topic")).collect::<Result<Vec<String>, _>>()?;
    Ok(Topic::ALL.into_iter().filter(|topic| chosen.iter().any(|code| code == topic.code())).collect())
}

/// Keeps which topics a person wants; the others they don't.
///
/// # Errors
/// When the database fails.
pub async fn choose(shop: &Shop, user: UserId, topics: &[Topic]) -> Result<(), DbErr> {
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    let mut changed = 0;
    for topic in Topic::ALL {
        let text = "INSERT INTO mail_preferences (user_id, topic, wanted, updated_at) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (user_id, topic) DO UPDATE SET wanted = excluded.wanted, updated_at = excluded.updated_at
                    WHERE mail_preferences.wanted <> excluded.wanted";
        let values = [user.into(), topic.code().into(), topics.contains(&topic).into(), now.into()];
        changed += tx.execute_raw(sql(&tx, text, values)).await?.rows_affected();
    }
    if changed > 0 {
        let event = ProfileUpdated { user, part: ProfilePart::Preferences };
        events::emit(shop, &tx, vec![NewEvent::uncounted(&event)]).await?;
    }
    tx.commit().await?;
    shop.outbox.notify_one();
    Ok(())
}
