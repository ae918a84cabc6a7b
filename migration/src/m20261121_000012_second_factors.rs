//! What people prove themselves with beside their password, and how far they have come.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: [
    "passkey_challenges", "passkeys", "trusted_devices", "pending_sign_ins", "recovery_sheets", "recovery_codes",
    "second_factors",
]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    factors(manager).await?;
    signing_in(manager).await?;
    passkeys(manager).await
}

async fn factors(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("second_factors")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("kind"))
                // What an authenticator app knows, too; sealed.
                .col(text_null("secret"))
                // The time step of the last code that was used: none is good twice.
                .col(big_integer("last_step"))
                .col(timestamp_with_time_zone_null("confirmed_at"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("second_factors", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "second_factors", &["user_id", "kind"]).await?;
    manager
        .create_table(
            table("recovery_codes")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("code_hash"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("recovery_codes", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "recovery_codes", &["user_id", "code_hash"]).await?;
    // The codes as they are shown once, to the session that asked for them; sealed.
    manager
        .create_table(
            table("recovery_sheets")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(uuid("session_id"))
                .col(text("codes"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("recovery_sheets", "user_id", "users"))
                .foreign_key(&mut belongs_to("recovery_sheets", "session_id", "sessions"))
                .to_owned(),
        )
        .await?;
    unique(manager, "recovery_sheets", &["user_id"]).await?;
    index(manager, "recovery_sheets", &["session_id"]).await?;
    index(manager, "recovery_sheets", &["expires_at"]).await
}

async fn signing_in(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("pending_sign_ins")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("token_hash"))
                // Whether a mailed link has led here: then a mailed code proves nothing more.
                .col(boolean("by_mail"))
                .col(integer("tries"))
                .col(integer("codes_sent"))
                .col(timestamp_with_time_zone_null("code_sent_at"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("pending_sign_ins", "user_id", "users"))
                .check(named_check("ck_pending_sign_ins_counts", "tries >= 0 AND codes_sent >= 0"))
                .to_owned(),
        )
        .await?;
    unique(manager, "pending_sign_ins", &["token_hash"]).await?;
    index(manager, "pending_sign_ins", &["user_id", "created_at"]).await?;
    index(manager, "pending_sign_ins", &["created_at"]).await?;
    manager
        .create_table(
            table("trusted_devices")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("token_hash"))
                .col(string("device"))
                .col(string("client"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("trusted_devices", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "trusted_devices", &["token_hash"]).await?;
    index(manager, "trusted_devices", &["user_id"]).await?;
    index(manager, "trusted_devices", &["expires_at"]).await
}

async fn passkeys(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("passkeys")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("name"))
                .col(string("credential_id"))
                // The public key and what doesn't change about it, and what does: its counter. Base 64.
                .col(text("fixed_state"))
                .col(text("moving_state"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("used_at"))
                .foreign_key(&mut belongs_to("passkeys", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "passkeys", &["credential_id"]).await?;
    index(manager, "passkeys", &["user_id"]).await?;
    manager
        .create_table(
            table("passkey_challenges")
                .col(pk_uuid("id"))
                // Whose new passkey it is for; nobody's where somebody signs in.
                .col(uuid_null("user_id"))
                .col(string("challenge"))
                // What the shop has to remember of it, and what it tells the browser.
                .col(text("state"))
                .col(text("options"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("passkey_challenges", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "passkey_challenges", &["challenge"]).await?;
    index(manager, "passkey_challenges", &["user_id"]).await?;
    index(manager, "passkey_challenges", &["expires_at"]).await
}
