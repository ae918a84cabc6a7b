//! Carts, what a checkout has gathered, and forms that were refused.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["form_drafts", "checkouts", "cart_lines", "carts"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("carts")
                .col(pk_uuid("id"))
                .col(string_null("token_hash"))
                .col(string("currency"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .to_owned(),
        )
        .await?;
    unique(manager, "carts", &["token_hash"]).await?;
    index(manager, "carts", &["updated_at"]).await?;
    manager
        .create_table(
            table("cart_lines")
                .col(pk_uuid("id"))
                .col(uuid("cart_id"))
                .col(uuid("variation_id"))
                .col(integer("quantity"))
                .col(big_integer("seen_price"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_cart_lines_quantity", "quantity BETWEEN 1 AND 100"))
                .foreign_key(&mut belongs_to("cart_lines", "cart_id", "carts"))
                .foreign_key(&mut belongs_to("cart_lines", "variation_id", "variations"))
                .to_owned(),
        )
        .await?;
    unique(manager, "cart_lines", &["cart_id", "variation_id"]).await?;
    index(manager, "cart_lines", &["variation_id"]).await?;
    manager
        .create_table(
            table("checkouts")
                .col(uuid("cart_id").primary_key())
                .col(json_binary_null("contact"))
                .col(string_null("delivery_method"))
                .col(string_null("payment_method"))
                .col(text("note"))
                .col(string("client"))
                .col(timestamp_with_time_zone("hold_started_at"))
                .col(timestamp_with_time_zone("hold_expires_at"))
                .foreign_key(&mut belongs_to("checkouts", "cart_id", "carts"))
                .to_owned(),
        )
        .await?;
    index(manager, "checkouts", &["client", "hold_expires_at"]).await?;
    manager
        .create_table(
            table("form_drafts")
                .col(pk_uuid("id"))
                .col(string("owner"))
                .col(string("form"))
                .col(json_binary("fields"))
                .col(json_binary("errors"))
                .col(timestamp_with_time_zone("expires_at"))
                .to_owned(),
        )
        .await?;
    index(manager, "form_drafts", &["expires_at"]).await
}
