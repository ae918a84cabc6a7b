//! Orders with what they copied, the claims that hold their stock, and
//! what delivery and tax cost.

use crate::define::*;
use sea_orm_migration::prelude::*;

step!(up, drops: ["claims", "order_lines", "orders", "tax_rates", "delivery_methods"]);

async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            table("delivery_methods")
                .col(pk_uuid("id"))
                .col(string("code"))
                .col(string("name"))
                .col(text("description"))
                .col(string("currency"))
                .col(big_integer("price"))
                .col(big_integer_null("free_over"))
                .col(integer("min_days"))
                .col(integer("max_days"))
                .col(integer("position"))
                .col(boolean("active"))
                .check(named_check("ck_delivery_methods_price", "price >= 0"))
                .check(named_check("ck_delivery_methods_days", "0 <= min_days AND min_days <= max_days"))
                .to_owned(),
        )
        .await?;
    unique(manager, "delivery_methods", &["code"]).await?;
    // The empty country is the rate where no other row fits.
    manager
        .create_table(
            table("tax_rates")
                .col(string("tax_class"))
                .col(string("country"))
                .col(string("rate"))
                .primary_key(Index::create().name("pk_tax_rates").col("tax_class").col("country"))
                .to_owned(),
        )
        .await?;
    manager
        .create_table(
            table("orders")
                .col(pk_uuid("id"))
                .col(string("number"))
                .col(string("access_token_hash"))
                .col(uuid_null("cart_id"))
                .col(string_null("guest_hash"))
                .col(string("lifecycle"))
                .col(string("payment"))
                .col(string("fulfilment"))
                .col(string("payment_method"))
                .col(string("payment_terms"))
                .col(timestamp_with_time_zone_null("pay_by"))
                .col(string("email"))
                .col(json_binary("delivery_address"))
                .col(json_binary("billing_address"))
                .col(text("note"))
                .col(string("currency"))
                .col(boolean("prices_include_tax"))
                .col(string("delivery_code"))
                .col(string("delivery_name"))
                .col(string("delivery_tax_rate"))
                .col(big_integer("delivery_net"))
                .col(big_integer("delivery_tax"))
                .col(big_integer("delivery_gross"))
                .col(big_integer("net"))
                .col(big_integer("tax"))
                .col(big_integer("total"))
                .col(big_integer("version"))
                .col(timestamp_with_time_zone_null("placed_at"))
                .col(timestamp_with_time_zone("created_at"))
                .col(timestamp_with_time_zone("updated_at"))
                .check(named_check("ck_orders_delivery", "delivery_net + delivery_tax = delivery_gross"))
                .check(named_check("ck_orders_total", "net + tax = total AND total >= 0"))
                .to_owned(),
        )
        .await?;
    unique(manager, "orders", &["number"]).await?;
    unique(manager, "orders", &["cart_id"]).await?;
    unique(manager, "orders", &["access_token_hash"]).await?;
    index(manager, "orders", &["lifecycle", "pay_by"]).await?;
    index(manager, "orders", &["email"]).await?;
    manager
        .create_table(
            table("order_lines")
                .col(pk_uuid("id"))
                .col(uuid("order_id"))
                .col(integer("position"))
                .col(uuid("product_id"))
                .col(uuid("variation_id"))
                .col(uuid_null("vendor_id"))
                .col(uuid_null("media_id"))
                .col(string("product_slug"))
                .col(string("name"))
                .col(string("sku"))
                .col(json_binary("options"))
                .col(integer("quantity"))
                .col(big_integer("unit_price"))
                .col(big_integer("discount"))
                .col(string("tax_class"))
                .col(string("tax_rate"))
                .col(big_integer("net"))
                .col(big_integer("tax"))
                .col(big_integer("gross"))
                .check(named_check("ck_order_lines_quantity", "quantity >= 1"))
                .check(named_check("ck_order_lines_gross", "net + tax = gross AND gross >= 0"))
                .foreign_key(&mut belongs_to("order_lines", "order_id", "orders"))
                .foreign_key(&mut references("order_lines", "variation_id", "variations"))
                .foreign_key(&mut references("order_lines", "product_id", "products"))
                .to_owned(),
        )
        .await?;
    unique(manager, "order_lines", &["order_id", "position"]).await?;
    index(manager, "order_lines", &["variation_id"]).await?;
    manager
        .create_table(
            table("claims")
                .col(pk_uuid("id"))
                .col(uuid("stock_id"))
                .col(uuid_null("cart_id"))
                .col(uuid_null("order_id"))
                .col(big_integer("quantity"))
                .col(timestamp_with_time_zone_null("expires_at"))
                .check(named_check("ck_claims_quantity", "quantity > 0"))
                .check(named_check("ck_claims_owner", "(cart_id IS NULL) <> (order_id IS NULL)"))
                .check(named_check("ck_claims_expires_at", "(cart_id IS NULL) = (expires_at IS NULL)"))
                .foreign_key(&mut references("claims", "stock_id", "stock"))
                .foreign_key(&mut references("claims", "cart_id", "carts"))
                .foreign_key(&mut references("claims", "order_id", "orders"))
                .to_owned(),
        )
        .await?;
    unique(manager, "claims", &["cart_id", "stock_id"]).await?;
    unique(manager, "claims", &["order_id", "stock_id"]).await?;
    index(manager, "claims", &["stock_id", "expires_at"]).await?;
    index(manager, "claims", &["expires_at"]).await
}
