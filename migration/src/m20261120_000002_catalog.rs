//! Categories, products, variations and the listing projection.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: [
    "product_facets", "product_listings", "product_images", "variations", "product_slugs",
    "product_translations", "products", "category_slugs", "category_translations", "categories",
]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("categories")
                .col(pk_uuid("id"))
                .col(uuid_null("parent_id"))
                .col(string("slug"))
                .col(string("name"))
                .col(text("description"))
                .col(uuid_null("media_id"))
                .col(integer("position"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .foreign_key(&mut references("categories", "parent_id", "categories"))
                .foreign_key(&mut references("categories", "media_id", "media"))
                .to_owned(),
        )
        .await?;
    unique(manager, "categories", &["slug"]).await?;
    index(manager, "categories", &["parent_id", "position"]).await?;
    manager
        .create_table(
            table("category_translations")
                .col(uuid("category_id"))
                .col(string("locale"))
                .col(string("name"))
                .col(text("description"))
                .primary_key(Index::create().name("pk_category_translations").col("category_id").col("locale"))
                .foreign_key(&mut belongs_to("category_translations", "category_id", "categories"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("category_slugs")
                .col(string("slug").primary_key())
                .col(uuid("category_id"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("category_slugs", "category_id", "categories"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("products")
                .col(pk_uuid("id"))
                .col(string("slug"))
                .col(string("name"))
                .col(text("description"))
                .col(uuid("category_id"))
                .col(uuid_null("vendor_id"))
                .col(string("currency"))
                .col(big_integer("base_price"))
                .col(json_binary("options"))
                .col(json_binary("specifications"))
                .col(timestamp_with_time_zone_null("archived_at"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .check(named_check("ck_products_base_price", "base_price >= 0"))
                .foreign_key(&mut references("products", "category_id", "categories"))
                .to_owned(),
        )
        .await?;
    unique(manager, "products", &["slug"]).await?;
    index(manager, "products", &["category_id"]).await?;
    manager
        .create_table(
            table("product_translations")
                .col(uuid("product_id"))
                .col(string("locale"))
                .col(string("name"))
                .col(text("description"))
                .primary_key(Index::create().name("pk_product_translations").col("product_id").col("locale"))
                .foreign_key(&mut belongs_to("product_translations", "product_id", "products"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("product_slugs")
                .col(string("slug").primary_key())
                .col(uuid("product_id"))
                .col(timestamp_with_time_zone("created_at"))
                .foreign_key(&mut belongs_to("product_slugs", "product_id", "products"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("variations")
                .col(pk_uuid("id"))
                .col(uuid("product_id"))
                .col(string("sku"))
                .col(json_binary("options"))
                .col(string("options_key"))
                .col(integer("position"))
                .col(uuid_null("media_id"))
                .col(big_integer("price_modifier"))
                .col(integer("weight_grams"))
                .col(string("tax_class"))
                .col(timestamp_with_time_zone_null("archived_at"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .check(named_check("ck_variations_weight_grams", "weight_grams >= 0"))
                .foreign_key(&mut belongs_to("variations", "product_id", "products"))
                .foreign_key(&mut references("variations", "media_id", "media"))
                .to_owned(),
        )
        .await?;
    unique(manager, "variations", &["sku"]).await?;
    unique(manager, "variations", &["product_id", "options_key"]).await?;
    manager
        .create_table(
            table("product_images")
                .col(uuid("product_id"))
                .col(integer("position"))
                .col(uuid("media_id"))
                .col(string("alt"))
                .primary_key(Index::create().name("pk_product_images").col("product_id").col("position"))
                .foreign_key(&mut belongs_to("product_images", "product_id", "products"))
                .foreign_key(&mut references("product_images", "media_id", "media"))
                .to_owned(),
        )
        .await?;
    // One row per product and listing it appears in (each ancestor category,
    // and the nil id for the whole shop), so that any page of any sorting is
    // a scan of one index.
    manager
        .create_table(
            table("product_listings")
                .col(uuid("scope_id"))
                .col(uuid("product_id"))
                .col(string("name"))
                .col(big_integer("price_from"))
                .col(big_integer("price_to"))
                .col(big_integer("available"))
                .col(big_integer("sold"))
                .col(timestamp_with_time_zone("newest"))
                .primary_key(Index::create().name("pk_product_listings").col("scope_id").col("product_id"))
                .foreign_key(&mut belongs_to("product_listings", "product_id", "products"))
                .to_owned(),
        )
        .await?;
    for sorting in ["name", "price_from", "sold", "newest"] {
        index(manager, "product_listings", &["scope_id", sorting, "product_id"]).await?;
    }
    index(manager, "product_listings", &["product_id"]).await?;
    manager
        .create_table(
            table("product_facets")
                .col(uuid("product_id"))
                .col(string("name"))
                .col(string("value"))
                .primary_key(Index::create().name("pk_product_facets").col("product_id").col("name").col("value"))
                .foreign_key(&mut belongs_to("product_facets", "product_id", "products"))
                .to_owned(),
        )
        .await
}
