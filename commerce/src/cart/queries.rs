//! Reads of carts.

use super::{Cart, CartId, CartLine, CartSummary};
use crate::catalog::queries::{PictureColumns, currency};
use crate::catalog::{OptionValues, ProductId, ProductOptions, VariationId};
use crate::db::{in_list, sql};
use crate::money::Money;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, QueryResult};

/// How many of a variation `v` a cart could have: what is available in
/// ordinary locations and what the cart itself has claimed.
pub(super) const AVAILABLE_TO_CART: &str = "CAST(COALESCE((
        SELECT SUM(s.on_hand - s.reserved + COALESCE(c.quantity, 0))
        FROM stock s JOIN locations l ON l.id = s.location_id
        LEFT JOIN claims c ON c.stock_id = s.id AND c.cart_id = $1
        WHERE s.variation_id = v.id AND l.kind = 'warehouse'
    ), 0) AS BIGINT)";

#[derive(FromQueryResult)]
struct Row {
    cart_id: CartId,
    version: i64,
    cart_currency: String,
    variation_id: Option<VariationId>,
    product_id: Option<ProductId>,
    vendor_id: Option<uuid::Uuid>,
    slug: Option<String>,
    name: Option<String>,
    sku: Option<String>,
    product_options: Option<ProductOptions>,
    options: Option<OptionValues>,
    quantity: Option<i32>,
    currency: Option<String>,
    base_price: Option<i64>,
    price_modifier: Option<i64>,
    offered: Option<bool>,
    seen_price: Option<i64>,
    tax_class: Option<String>,
    available: Option<i64>,
    #[sea_orm(nested)]
    picture: PictureColumns,
}

/// The cart of a guest, in one statement; `None` where there is none.
///
/// # Errors
/// When the database fails.
pub async fn by_token<C: ConnectionTrait>(db: &C, token_hash: &str) -> Result<Option<Cart>, DbErr> {
    Ok(load(db, Key::Token(token_hash), &Joined::default()).await?.pop().map(|(cart, _)| cart))
}

/// A cart, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn by_id<C: ConnectionTrait>(db: &C, id: CartId) -> Result<Option<Cart>, DbErr> {
    Ok(load(db, Key::Ids(&[id]), &Joined::default()).await?.pop().map(|(cart, _)| cart))
}

/// What names carts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    /// The hash of a token.
    Token(&'a str),
    /// Identifiers.
    Ids(&'a [CartId]),
}

/// What is read beside a cart `k`: of a table that has a row for it at most.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    /// More columns, each after a comma.
    pub(crate) columns: String,
    /// The join.
    pub(crate) join: &'static str,
    /// Whether it is left out how many there are of each, for who goes by what the cart has claimed.
    pub(crate) by_claims: bool,
}

/// Carts, each with a row with what was joined, in one statement.
pub(crate) async fn load<C: ConnectionTrait>(
    db: &C,
    key: Key<'_>,
    joined: &Joined,
) -> Result<Vec<(Cart, QueryResult)>, DbErr> {
    let (column, (list, values)) = match key {
        Key::Token(hash) => ("token_hash", ("= $1".to_owned(), vec![hash.into()])),
        Key::Ids(ids) => ("id", in_list(db, 1, ids.iter().copied())),
    };
    let Joined { columns, join, by_claims } = joined;
    let available = match by_claims {
        true => "CAST(l.quantity AS BIGINT)".to_owned(),
        // `$1` is a key; the claims are joined through the cart's own id.
        false => AVAILABLE_TO_CART.replace("$1", "k.id"),
    };
    let text = format!(
        "SELECT k.id AS cart_id, k.version, k.currency AS cart_currency, v.id AS variation_id, v.product_id,
                p.vendor_id, p.slug, p.name, v.sku, p.options AS product_options, v.options, l.quantity,
                p.currency, p.base_price, v.price_modifier, l.seen_price, v.tax_class,
                (v.archived_at IS NULL AND p.archived_at IS NULL) AS offered, {available} AS available,
                m.id AS media_id, m.width AS media_width, m.height AS media_height,
                m.renditions AS media_widths, m.placeholder AS media_placeholder{columns}
         FROM carts k {join}
         LEFT JOIN cart_lines l ON l.cart_id = k.id
         LEFT JOIN variations v ON v.id = l.variation_id
         LEFT JOIN products p ON p.id = v.product_id
         LEFT JOIN product_images i ON i.product_id = p.id AND i.position = 0
         LEFT JOIN media m ON m.id = COALESCE(v.media_id, i.media_id)
         WHERE k.{column} {list} ORDER BY k.id, l.created_at, l.id"
    );
    let mut carts: Vec<(Cart, QueryResult)> = Vec::new();
    for joined in db.query_all_raw(sql(db, &text, values)).await? {
        let row = Row::from_query_result(&joined, "")?;
        let currency = currency(&row.cart_currency)?;
        let (id, version) = (row.cart_id, row.version);
        let line = line(row, currency)?;
        match carts.last_mut() {
            Some((cart, _)) if cart.id == id => cart.lines.extend(line),
            _ => carts.push((Cart { id, version, currency, lines: line.into_iter().collect() }, joined)),
        }
    }
    Ok(carts)
}

/// The line of a row; `None` for the one row of an empty cart.
fn line(row: Row, currency_of_cart: crate::money::Currency) -> Result<Option<CartLine>, DbErr> {
    let context = PriceContext { currency: currency_of_cart };
    let (Some(variation), Some(code)) = (row.variation_id, row.currency) else { return Ok(None) };
    let missing = || DbErr::Custom("a cart line without its product".to_owned());
    let list = ListPrice {
        base: Money::new(row.base_price.ok_or_else(missing)?, currency(&code)?),
        modifier: row.price_modifier.ok_or_else(missing)?,
    };
    let name = row.name.ok_or_else(missing)?;
    Ok(Some(CartLine {
        variation,
        product: row.product_id.ok_or_else(missing)?,
        vendor: row.vendor_id,
        slug: row.slug.ok_or_else(missing)?,
        sku: row.sku.ok_or_else(missing)?,
        options: row.options.unwrap_or_default().named(&row.product_options.unwrap_or_default()),
        quantity: row.quantity.ok_or_else(missing)?,
        unit_price: row.offered.unwrap_or(false).then(|| unit_price(context, list).ok()).flatten(),
        seen_price: Money::new(row.seen_price.ok_or_else(missing)?, currency_of_cart),
        available: row.available.ok_or_else(missing)?,
        tax_class: row.tax_class.ok_or_else(missing)?,
        picture: row.picture.into_picture(name.clone()),
        name,
    }))
}

/// What every page shows of a guest's cart.
///
/// # Errors
/// When the database fails.
pub async fn summary<C: ConnectionTrait>(db: &C, token_hash: &str) -> Result<Option<CartSummary>, DbErr> {
    let text = "SELECT k.version, CAST(COALESCE((
                    SELECT SUM(l.quantity) FROM cart_lines l WHERE l.cart_id = k.id
                ), 0) AS BIGINT) AS items FROM carts k WHERE k.token_hash = $1";
    let row = db.query_one_raw(sql(db, text, [token_hash.into()])).await?;
    row.map(|row| Ok(CartSummary { version: row.try_get("", "version")?, items: row.try_get("", "items")? }))
        .transpose()
}

/// Takes the lock of a guest's cart until the transaction ends, and counts a change.
pub(crate) async fn lock_and_touch<C: ConnectionTrait>(
    tx: &C,
    token_hash: &str,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Option<(CartId, i64)>, DbErr> {
    let text = "UPDATE carts SET version = version + 1, updated_at = $2 WHERE token_hash = $1 RETURNING id, version";
    let row = tx.query_one_raw(sql(tx, text, [token_hash.into(), now.into()])).await?;
    row.map(|row| Ok((row.try_get("", "id")?, row.try_get("", "version")?))).transpose()
}
