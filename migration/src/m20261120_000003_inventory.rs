//! Stock per variation and location, and the ledger of its movements.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["stock_movements", "stock", "locations"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("locations")
                .col(pk_uuid("id"))
                .col(string("name"))
                .col(string("kind"))
                .col(integer("priority"))
                .col(timestamp_with_time_zone("created_at"))
                .to_owned(),
        )
        .await?;
    unique(manager, "locations", &["name"]).await?;
    manager
        .create_table(
            table("stock")
                .col(pk_uuid("id"))
                .col(uuid("variation_id"))
                .col(uuid("location_id"))
                .col(big_integer("on_hand"))
                .col(big_integer("reserved"))
                .col(big_integer("version"))
                .check(named_check("ck_stock_reserved", "0 <= reserved AND reserved <= on_hand"))
                .foreign_key(&mut belongs_to("stock", "variation_id", "variations"))
                .foreign_key(&mut references("stock", "location_id", "locations"))
                .to_owned(),
        )
        .await?;
    unique(manager, "stock", &["variation_id", "location_id"]).await?;
    manager
        .create_table(
            table("stock_movements")
                .col(pk_uuid("id"))
                .col(uuid("stock_id"))
                .col(big_integer("delta_on_hand"))
                .col(big_integer("delta_reserved"))
                .col(string("reason"))
                .col(string("actor"))
                .col(uuid_null("reference"))
                .col(timestamp_with_time_zone("created_at"))
                .check(named_check("ck_stock_movements_delta", "delta_on_hand <> 0 OR delta_reserved <> 0"))
                .foreign_key(&mut belongs_to("stock_movements", "stock_id", "stock"))
                .to_owned(),
        )
        .await?;
    index(manager, "stock_movements", &["stock_id", "created_at"]).await
}
