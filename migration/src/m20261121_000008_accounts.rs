//! People: who they are, where they are signed in, and the links mailed to them.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["verification_tokens", "sessions", "users"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("users")
                .col(pk_uuid("id"))
                .col(string("email"))
                // The address in lower case: one person has one account, however it is typed.
                .col(string("email_key"))
                .col(timestamp_with_time_zone_null("email_verified_at"))
                .col(string("name"))
                .col(text_null("password_hash"))
                .col(integer("failed_sign_ins"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .check(named_check("ck_users_failed_sign_ins", "failed_sign_ins >= 0"))
                .to_owned(),
        )
        .await?;
    unique(manager, "users", &["email_key"]).await?;
    manager
        .create_table(
            table("sessions")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("token_hash"))
                .col(string("device"))
                .col(string("client"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("used_at"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("sessions", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "sessions", &["token_hash"]).await?;
    index(manager, "sessions", &["user_id"]).await?;
    index(manager, "sessions", &["expires_at"]).await?;
    manager
        .create_table(
            table("verification_tokens")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("purpose"))
                .col(string("token_hash"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("expires_at"))
                .foreign_key(&mut belongs_to("verification_tokens", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "verification_tokens", &["token_hash"]).await?;
    index(manager, "verification_tokens", &["user_id"]).await?;
    index(manager, "verification_tokens", &["expires_at"]).await
}
