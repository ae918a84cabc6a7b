//! Programs: the keys that their tokens are signed with, where they are signed in, and the keys of people.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["api_keys", "api_grants", "signing_keys"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("signing_keys")
                .col(pk_uuid("id"))
                // Replicas that need the key of a period at once agree on one by it.
                .col(integer("period"))
                .col(text("public_key"))
                .col(text("private_key"))
                .col(timestamp_with_time_zone("created_at"))
                .to_owned(),
        )
        .await?;
    unique(manager, "signing_keys", &["period"]).await?;
    manager
        .create_table(
            table("api_grants")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("scopes"))
                .col(string("device"))
                .col(string("client"))
                .col(integer("generation"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("used_at"))
                .col(timestamp_with_time_zone("expires_at"))
                .check(named_check("ck_api_grants_generation", "generation >= 0"))
                .foreign_key(&mut belongs_to("api_grants", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    index(manager, "api_grants", &["user_id"]).await?;
    index(manager, "api_grants", &["expires_at"]).await?;
    manager
        .create_table(
            table("api_keys")
                .col(pk_uuid("id"))
                .col(uuid("user_id"))
                .col(string("name"))
                .col(string("key_hash"))
                .col(string("ending"))
                .col(string("scopes"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone_null("used_at"))
                .col(timestamp_with_time_zone_null("expires_at"))
                .foreign_key(&mut belongs_to("api_keys", "user_id", "users"))
                .to_owned(),
        )
        .await?;
    unique(manager, "api_keys", &["key_hash"]).await?;
    index(manager, "api_keys", &["user_id"]).await
}
