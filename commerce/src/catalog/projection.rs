//! The listing projection: what a listing sorts and filters by, kept in the
//! same transaction as what it summarises.

use super::{CategoryTree, ProductId, Scope, entity::product};
use crate::db::{for_update, in_groups, placeholders, sql};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect};
use std::collections::BTreeMap;

/// What a product comes to, from its variations and their stock in ordinary
/// locations (a flash sale's pool is not for listings).
pub(crate) const SUMMARY: &str = "
    p.base_price + COALESCE(MIN(v.price_modifier), 0),
    p.base_price + COALESCE(MAX(v.price_modifier), 0),
    CAST(COALESCE(SUM((
        SELECT SUM(s.on_hand - s.reserved) FROM stock s JOIN locations l ON l.id = s.location_id
        WHERE s.variation_id = v.id AND l.kind = 'warehouse'
    )), 0) AS BIGINT)";

/// Projects products into every listing they appear in and are not yet.
///
/// # Errors
/// When the database fails.
pub async fn insert<C: ConnectionTrait>(db: &C, tree: &CategoryTree, products: &[ProductId]) -> Result<(), DbErr> {
    for chunk in products.chunks(500) {
        let placed: Vec<(ProductId, super::CategoryId)> = product::Entity::find()
            .select_only()
            .columns([product::Column::Id, product::Column::CategoryId])
            .filter(product::Column::Id.is_in(chunk.iter().copied()))
            .into_tuple()
            .all(db)
            .await?;
        let mut by_scope = BTreeMap::<uuid::Uuid, Vec<ProductId>>::new();
        for (product, category) in placed {
            let ancestors = tree.path(category).into_iter().map(|ancestor| Scope::Category(ancestor.id));
            for scope in ancestors.chain([Scope::Shop]) {
                by_scope.entry(scope.id()).or_default().push(product);
            }
        }
        for (scope, members) in by_scope {
            let text = format!(
                "INSERT INTO product_listings
                     (scope_id, product_id, name, price_from, price_to, available, sold, newest)
                 SELECT $1, p.id, p.name, {SUMMARY}, 0, p.created_at
                 FROM products p LEFT JOIN variations v ON v.product_id = p.id AND v.archived_at IS NULL
                 WHERE p.id IN ({}) GROUP BY p.id
                 ON CONFLICT (scope_id, product_id) DO NOTHING",
                placeholders(2, members.len()),
            );
            let values = std::iter::once(scope.into()).chain(members.into_iter().map(Into::into));
            db.execute_raw(sql(db, &text, values)).await?;
        }
    }
    Ok(())
}

/// Brings the listing rows of products up to date with their prices and stock.
/// Products are taken in the order of their identifiers, so that two
/// transactions never wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn refresh<C: ConnectionTrait>(
    db: &C,
    products: &std::collections::BTreeSet<ProductId>,
) -> Result<(), DbErr> {
    // A statement sees what was there when it began: had it to wait for the
    // rows, it would write what it read before the other transaction ended.
    lock(db, products).await?;
    let text = format!(
        "UPDATE product_listings SET (name, price_from, price_to, available) = (
             SELECT p.name, {SUMMARY}
             FROM products p LEFT JOIN variations v ON v.product_id = p.id AND v.archived_at IS NULL
             WHERE p.id = $1 GROUP BY p.id
         ) WHERE product_id = $1"
    );
    for product in products {
        db.execute_raw(sql(db, &text, [(*product).into()])).await?;
    }
    Ok(())
}

/// Takes the locks of products' listing rows, in one order.
async fn lock<C: ConnectionTrait>(db: &C, products: impl IntoIterator<Item = &ProductId>) -> Result<(), DbErr> {
    let lock = for_update(db, "l");
    let products: Vec<_> = products.into_iter().map(|product| (*product).into()).collect();
    if lock.is_empty() || products.is_empty() {
        return Ok(());
    }
    let text = format!(
        "SELECT l.product_id FROM product_listings l WHERE l.product_id IN ({})
         ORDER BY l.product_id, l.scope_id{lock}",
        placeholders(1, products.len()),
    );
    db.query_all_raw(sql(db, &text, products)).await.map(drop)
}

/// Lists a product where it belongs and nowhere else, with as many pieces sold everywhere as somewhere.
///
/// # Errors
/// When the database fails.
pub async fn list_anew<C: ConnectionTrait>(db: &C, tree: &CategoryTree, product: ProductId) -> Result<(), DbErr> {
    refresh(db, &[product].into()).await?;
    insert(db, tree, &[product]).await?;
    let text = "DELETE FROM product_listings WHERE product_id = $1 AND scope_id <> $2 AND scope_id NOT IN (
                    WITH RECURSIVE up (id) AS (
                        SELECT p.category_id FROM products p WHERE p.id = $1
                        UNION SELECT c.parent_id FROM up u JOIN categories c ON c.id = u.id
                        WHERE c.parent_id IS NOT NULL)
                    SELECT id FROM up)";
    db.execute_raw(sql(db, text, [product.into(), Scope::Shop.id().into()])).await?;
    let text = "UPDATE product_listings SET sold = (SELECT MAX(l.sold) FROM product_listings l WHERE l.product_id = $1)
                WHERE product_id = $1";
    db.execute_raw(sql(db, text, [product.into()])).await.map(drop)
}

/// Counts pieces sold, for the order of best sellers.
///
/// # Errors
/// When the database fails.
pub async fn add_sold<C: ConnectionTrait>(db: &C, sold: &BTreeMap<ProductId, i64>) -> Result<(), DbErr> {
    if sold.is_empty() {
        return Ok(());
    }
    lock(db, sold.keys()).await?;
    for sold in in_groups(&sold.iter().collect::<Vec<_>>()) {
        let rows: Vec<_> = (0..sold.len()).map(|row| format!("(${}, ${})", 2 * row + 1, 2 * row + 2)).collect();
        let text = format!(
            "WITH more (product_id, pieces) AS (VALUES {})
             UPDATE product_listings SET sold = sold + more.pieces FROM more
             WHERE product_listings.product_id = more.product_id",
            rows.join(", "),
        );
        let values = sold.iter().flat_map(|(product, pieces)| [(**product).into(), (**pieces).into()]);
        db.execute_raw(sql(db, &text, values)).await?;
    }
    Ok(())
}
