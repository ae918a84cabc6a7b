//! How often somebody has guessed at the password of an address, whether there is an account with it or not.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["sign_in_guesses"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("sign_in_guesses")
                // A keyed hash of the address: nobody reads in it who was looked for.
                .col(string("address_hash").primary_key())
                .col(integer("guesses"))
                .col(timestamp_with_time_zone("made_at"))
                .check(named_check("ck_sign_in_guesses_guesses", "guesses > 0"))
                .to_owned(),
        )
        .await?;
    index(manager, "sign_in_guesses", &["made_at"]).await
}
