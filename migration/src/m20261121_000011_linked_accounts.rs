//! Who people are at other providers, and which sign-ins there have come back.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["sign_in_flows", "accounts"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("accounts")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                // What the shop calls the provider; who it is, the issuer says.
                .col(string("provider"))
                .col(string("issuer"))
                .col(string("subject"))
                .col(string_null("email"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("used_at"))
                .foreign_key(&mut belongs_to("accounts", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "accounts", &["issuer", "subject"]).await?;
    index(manager, "accounts", &["user_id"]).await?;
    manager
        .create_table(
            table("sign_in_flows")
                .col(pk_uuid("id"))
                .col(string("token_hash"))
                // Who came back, where they have to prove something before it counts.
                .col(text_null("identity"))
                .col(timestamp_with_time_zone("expires_at"))
                .to_owned(),
        )
        .await?;
    unique(manager, "sign_in_flows", &["token_hash"]).await?;
    index(manager, "sign_in_flows", &["expires_at"]).await
}
