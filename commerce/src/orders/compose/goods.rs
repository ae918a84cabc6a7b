//! Reads of what can be put into an order.

use super::{EditError, Goods};
use crate::Shop;
use crate::accounts::{Permission, SignedIn};
use crate::catalog::queries::currency;
use crate::catalog::{OptionValues, ProductId, ProductOptions, VariationId};
use crate::db::{placeholders, sql};
use crate::media::MediaId;
use crate::money::{Currency, Money};
use crate::orders::OrderId;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use std::collections::HashMap;
use uuid::Uuid;

/// How many are found at most.
const MOST: usize = 20;

#[derive(FromQueryResult)]
struct Row {
    variation: VariationId,
    product: ProductId,
    vendor: Option<Uuid>,
    media: Option<MediaId>,
    slug: String,
    name: String,
    sku: String,
    product_options: ProductOptions,
    options: OptionValues,
    tax_class: String,
    currency: String,
    base_price: i64,
    price_modifier: i64,
    offered: bool,
    available: i64,
}

/// Goods with these identifiers, as an order in this currency could have them.
///
/// # Errors
/// When the database fails.
pub(super) async fn by_id<C: ConnectionTrait>(
    db: &C,
    order: OrderId,
    currency: Currency,
    variations: &[VariationId],
) -> Result<HashMap<VariationId, Goods>, DbErr> {
    if variations.is_empty() {
        return Ok(HashMap::new());
    }
    let condition = format!("v.id IN ({})", placeholders(2, variations.len()));
    let found = read(db, order, currency, &condition, variations.iter().map(|id| (*id).into())).await?;
    Ok(found.into_iter().map(|goods| (goods.variation, goods)).collect())
}

/// What is on offer with a text in its article number or its product's name, by article number, and whether there is
/// more of it.
///
/// # Errors
/// [`EditError::NotAllowed`], or when the database fails.
pub async fn search(
    shop: &Shop,
    who: &SignedIn,
    order: OrderId,
    currency: Currency,
    text: &str,
) -> Result<(Vec<Goods>, bool), EditError> {
    if !who.role.allows(Permission::OrdersWrite) {
        return Err(EditError::NotAllowed);
    }
    // What stands for anything in a pattern is looked for as it is.
    let typed = text.trim().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    let condition = format!(
        "v.archived_at IS NULL AND p.archived_at IS NULL
         AND (LOWER(v.sku) LIKE $2 ESCAPE '!' OR LOWER(p.name) LIKE $2 ESCAPE '!'
              OR v.sku LIKE $3 ESCAPE '!' OR p.name LIKE $3 ESCAPE '!')
         ORDER BY v.sku LIMIT {}",
        MOST + 1
    );
    // SQLite makes ASCII small only: what has other capitals is found as it is written.
    let patterns = [format!("%{}%", typed.to_lowercase()), format!("%{typed}%")];
    let mut found = read(shop.db.latest(), order, currency, &condition, patterns.map(Value::from)).await?;
    let more = found.len() > MOST;
    found.truncate(MOST);
    Ok((found, more))
}

/// The goods for which a condition holds whose parameters begin with `$2`.
async fn read<C: ConnectionTrait>(
    db: &C,
    order: OrderId,
    of_order: Currency,
    condition: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<Vec<Goods>, DbErr> {
    let text = format!(
        "SELECT v.id AS variation, v.product_id AS product, p.vendor_id AS vendor,
                COALESCE(v.media_id, i.media_id) AS media, p.slug, p.name, v.sku, p.options AS product_options,
                v.options, v.tax_class, p.currency, p.base_price, v.price_modifier,
                (v.archived_at IS NULL AND p.archived_at IS NULL) AS offered,
                CAST(COALESCE((
                    SELECT SUM(s.on_hand - s.reserved + COALESCE(c.quantity, 0))
                    FROM stock s JOIN locations l ON l.id = s.location_id
                    LEFT JOIN claims c ON c.stock_id = s.id AND c.order_id = $1
                    WHERE s.variation_id = v.id AND l.kind = 'warehouse'
                ), 0) AS BIGINT) AS available
         FROM variations v JOIN products p ON p.id = v.product_id
         LEFT JOIN product_images i ON i.product_id = p.id AND i.position = 0
         WHERE {condition}"
    );
    let values = std::iter::once(order.into()).chain(values);
    let rows = Row::find_by_statement(sql(db, &text, values)).all(db).await?;
    rows.into_iter().map(|row| goods(row, of_order)).collect()
}

fn goods(row: Row, of_order: Currency) -> Result<Goods, DbErr> {
    let list = ListPrice { base: Money::new(row.base_price, currency(&row.currency)?), modifier: row.price_modifier };
    let price = unit_price(PriceContext { currency: of_order }, list).ok();
    Ok(Goods {
        variation: row.variation,
        product: row.product,
        vendor: row.vendor,
        media: row.media,
        slug: row.slug,
        name: row.name,
        sku: row.sku,
        options: row.options.named(&row.product_options),
        tax_class: row.tax_class,
        price: price.filter(|_| row.offered),
        available: row.available,
    })
}
