//! What must be true of the listings.

use super::{Check, Finding};
use crate::Shop;
use crate::catalog::projection::{self, SUMMARY};
use crate::catalog::queries::category_tree;
use crate::catalog::{ProductId, Scope};
use crate::db;
use crate::inventory::SHOWN_LOW;
use sea_orm::{DbErr, Value};

pub(super) fn checks() -> Vec<Check> {
    vec![
        Check::new("listings", "Listings show the names, prices and availability that products have.", untrue)
            .repaired_by(|shop, finding| Box::pin(refresh(shop, finding))),
        Check::new(
            "listings-complete",
            "A product is listed in its category, in those above it and in the shop.",
            torn,
        )
        .repaired_by(|shop, finding| Box::pin(list(shop, finding))),
    ]
}

/// Above [`SHOWN_LOW`] listings only say that there is plenty, and are not kept up.
fn untrue(_: &Shop) -> (String, Vec<Value>) {
    let shown = |of: &str| format!("CASE WHEN {of} > {SHOWN_LOW} THEN {SHOWN_LOW} + 1 ELSE {of} END");
    let text = format!(
        "WITH t (product_id, slug, name, newest, price_from, price_to, available) AS (
             SELECT p.id, p.slug, p.name, p.created_at, {SUMMARY}
             FROM products p LEFT JOIN variations v ON v.product_id = p.id AND v.archived_at IS NULL GROUP BY p.id)
         SELECT t.product_id AS id, t.slug || ': from ' || t.price_from || ' (listed ' || MIN(l.price_from) || '), to '
                || t.price_to || ' (' || MAX(l.price_to) || '), available ' || t.available || ' (' || MIN(l.available)
                || '), ' || t.name || ' (' || MIN(l.name) || ')' AS what
         FROM product_listings l JOIN t ON t.product_id = l.product_id
         WHERE l.name <> t.name OR l.price_from <> t.price_from OR l.price_to <> t.price_to
            OR {} <> {}
         GROUP BY t.product_id, t.slug, t.name, t.price_from, t.price_to, t.available",
        shown("l.available"),
        shown("t.available"),
    );
    (text, Vec::new())
}

async fn refresh(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        projection::refresh(&tx, &[ProductId(finding.id)].into()).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}

/// The places where products are not listed and should be, or are and should not.
fn torn(_: &Shop) -> (String, Vec<Value>) {
    let text = "WITH RECURSIVE up (category_id, scope_id) AS (
             SELECT id, id FROM categories
             UNION SELECT u.category_id, c.parent_id FROM up u JOIN categories c ON c.id = u.scope_id
             WHERE c.parent_id IS NOT NULL),
         due (product_id, scope_id) AS (
             SELECT p.id, u.scope_id FROM products p JOIN up u ON u.category_id = p.category_id
             UNION ALL SELECT p.id, $1 FROM products p)
         SELECT p.id, p.slug || ': missing in ' || SUM(a.missing) || ', too much in ' || SUM(a.extra)
                || ' places, sold ' || MIN(a.least) || ' to ' || MAX(a.most) AS what
         FROM (
             SELECT d.product_id, CASE WHEN l.product_id IS NULL THEN 1 ELSE 0 END AS missing, 0 AS extra,
                    COALESCE(l.sold, 0) AS least, COALESCE(l.sold, 0) AS most
             FROM due d LEFT JOIN product_listings l ON l.product_id = d.product_id AND l.scope_id = d.scope_id
             UNION ALL
             SELECT l.product_id, 0, 1, l.sold, l.sold FROM product_listings l
             LEFT JOIN due d ON l.product_id = d.product_id AND l.scope_id = d.scope_id WHERE d.product_id IS NULL
         ) AS a JOIN products p ON p.id = a.product_id
         GROUP BY p.id, p.slug HAVING SUM(a.missing) > 0 OR SUM(a.extra) > 0 OR MIN(a.least) <> MAX(a.most)";
    (text.to_owned(), vec![Scope::Shop.id().into()])
}

async fn list(shop: &Shop, finding: &Finding) -> Result<bool, DbErr> {
    db::retry(|| async {
        let tx = shop.db.begin().await?;
        let tree = category_tree(&tx).await?;
        projection::list_anew(&tx, &tree, ProductId(finding.id)).await?;
        tx.commit().await?;
        Ok(true)
    })
    .await
}
