//! Reads of the catalogue.

use super::{
    Card, Category, CategoryId, CategoryTree, Choices, Cursor, CursorKey, Facet, FacetValue, Filters, Found, Listing,
    ListingQuery, OptionValues, Page, Product, ProductId, ProductOptions, Scope, Sorting, Specifications, Variation,
    VariationId,
};
use crate::db::{placeholders, sql};
use crate::media::{MediaId, Picture, Widths};
use crate::money::{Currency, Money};
use crate::pricing::{ListPrice, PriceContext, unit_price};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};

/// The columns of a picture, from a table `m` of media that may be missing.
const PICTURE: &str = "m.id AS media_id, m.width AS media_width, m.height AS media_height, \
                       m.renditions AS media_widths, m.placeholder AS media_placeholder";

/// A picture as joined to something else.
#[derive(Debug, FromQueryResult)]
pub(crate) struct PictureColumns {
    media_id: Option<MediaId>,
    media_width: Option<i32>,
    media_height: Option<i32>,
    media_widths: Option<Widths>,
    media_placeholder: Option<String>,
}

impl PictureColumns {
    pub(crate) fn into_picture(self, alt: String) -> Option<Picture> {
        Some(Picture {
            id: self.media_id?,
            width: self.media_width?,
            height: self.media_height?,
            widths: self.media_widths?,
            placeholder: self.media_placeholder?,
            alt,
        })
    }
}

/// The currency of a stored code.
pub(crate) fn currency(code: &str) -> Result<Currency, DbErr> {
    Currency::from_code(code).ok_or_else(|| DbErr::Type(format!("no currency: {code}")))
}

/// The whole tree of categories.
///
/// # Errors
/// When the database fails.
pub async fn category_tree<C: ConnectionTrait>(db: &C) -> Result<CategoryTree, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        id: CategoryId,
        parent_id: Option<CategoryId>,
        slug: String,
        name: String,
        description: String,
        #[sea_orm(nested)]
        picture: PictureColumns,
    }
    let text = format!(
        "SELECT c.id, c.parent_id, c.slug, c.name, c.description, {PICTURE}
         FROM categories c LEFT JOIN media m ON m.id = c.media_id ORDER BY c.position, c.id"
    );
    let rows = Row::find_by_statement(sql(db, &text, [])).all(db).await?;
    Ok(CategoryTree::new(
        rows.into_iter()
            .map(|row| Category {
                id: row.id,
                parent: row.parent_id,
                slug: row.slug,
                // The name stands beside it wherever the picture is shown.
                picture: row.picture.into_picture(String::new()),
                name: row.name,
                description: row.description,
            })
            .collect(),
    ))
}

/// Where a category has moved that once was at `slug`.
///
/// # Errors
/// When the database fails.
pub async fn moved_category<C: ConnectionTrait>(db: &C, slug: &str) -> Result<Option<String>, DbErr> {
    let text = "SELECT c.slug FROM category_slugs o JOIN categories c ON c.id = o.category_id WHERE o.slug = $1";
    db.query_one_raw(sql(db, text, [slug.into()])).await?.map(|row| row.try_get("", "slug")).transpose()
}

#[derive(FromQueryResult)]
struct ProductRow {
    id: ProductId,
    slug: String,
    name: String,
    description: String,
    category_id: CategoryId,
    currency: String,
    base_price: i64,
    options: ProductOptions,
    specifications: Specifications,
}

#[derive(FromQueryResult)]
struct VariationRow {
    id: VariationId,
    sku: String,
    options: OptionValues,
    price_modifier: i64,
    media_id: Option<MediaId>,
    available: i64,
}

/// A product with its variations, their availability and its pictures, in three statements.
///
/// # Errors
/// When the database fails.
pub async fn product<C: ConnectionTrait>(db: &C, slug: &str, context: PriceContext) -> Result<Found<Product>, DbErr> {
    let text = "SELECT id, slug, name, description, category_id, currency, base_price, options, specifications
                FROM products WHERE slug = $1 AND archived_at IS NULL";
    let Some(row) = ProductRow::find_by_statement(sql(db, text, [slug.into()])).one(db).await? else {
        let text = "SELECT p.slug FROM product_slugs o JOIN products p ON p.id = o.product_id
                    WHERE o.slug = $1 AND p.archived_at IS NULL";
        let moved = db.query_one_raw(sql(db, text, [slug.into()])).await?;
        return Ok(match moved {
            Some(row) => Found::Moved(row.try_get("", "slug")?),
            None => Found::Nowhere,
        });
    };
    let variations = variations(db, row.id).await?;
    let pictures = pictures(db, row.id).await?;
    let base = Money::new(row.base_price, currency(&row.currency)?);
    Ok(Found::Here(Product {
        id: row.id,
        slug: row.slug,
        name: row.name,
        description: row.description,
        category: row.category_id,
        options: row.options,
        specifications: row.specifications,
        variations: variations
            .into_iter()
            .filter_map(|row| {
                let price = unit_price(context, ListPrice { base, modifier: row.price_modifier }).ok()?;
                Some(Variation {
                    id: row.id,
                    sku: row.sku,
                    options: row.options,
                    price,
                    available: row.available,
                    picture: row.media_id,
                })
            })
            .collect(),
        pictures,
    }))
}

async fn variations<C: ConnectionTrait>(db: &C, product: ProductId) -> Result<Vec<VariationRow>, DbErr> {
    let text = "SELECT v.id, v.sku, v.options, v.price_modifier, v.media_id, CAST(COALESCE((
                    SELECT SUM(s.on_hand - s.reserved) FROM stock s JOIN locations l ON l.id = s.location_id
                    WHERE s.variation_id = v.id AND l.kind = 'warehouse'
                ), 0) AS BIGINT) AS available
                FROM variations v WHERE v.product_id = $1 AND v.archived_at IS NULL ORDER BY v.position";
    VariationRow::find_by_statement(sql(db, text, [product.into()])).all(db).await
}

async fn pictures<C: ConnectionTrait>(db: &C, product: ProductId) -> Result<Vec<Picture>, DbErr> {
    #[derive(FromQueryResult)]
    struct Row {
        alt: String,
        #[sea_orm(nested)]
        picture: PictureColumns,
    }
    let text = format!(
        "SELECT i.alt, {PICTURE} FROM product_images i JOIN media m ON m.id = i.media_id
         WHERE i.product_id = $1 ORDER BY i.position"
    );
    let rows = Row::find_by_statement(sql(db, &text, [product.into()])).all(db).await?;
    Ok(rows.into_iter().filter_map(|row| row.picture.into_picture(row.alt)).collect())
}

/// A page of a listing, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn listing<C: ConnectionTrait>(
    db: &C,
    query: &ListingQuery,
    context: PriceContext,
) -> Result<Listing, DbErr> {
    let (column, ascending) = order(query.sorting);
    let backwards = matches!(query.page, Page::Before(_));
    let (compare, direction) = if ascending != backwards { (">", "ASC") } else { ("<", "DESC") };
    let mut values: Vec<Value> = vec![query.scope.id().into()];
    let mut conditions = filter_conditions(&query.filters, &mut values);
    if let Page::After(cursor) | Page::Before(cursor) = &query.page {
        values.extend([cursor_value(cursor, query.sorting), cursor.id.into()]);
        conditions.push_str(&format!(
            " AND (l.{column}, l.product_id) {compare} (${}, ${})",
            values.len() - 1,
            values.len(),
        ));
    }
    let size = query.size as usize;
    // The pictures are joined to the page only: 25 rows, not the whole listing.
    let text = format!(
        "SELECT l.product_id, p.slug, p.name, p.currency, p.options, l.price_from, l.price_to, l.available, l.sold,
                l.newest, i.alt, {PICTURE}
         FROM product_listings l
         JOIN products p ON p.id = l.product_id
         LEFT JOIN product_images i ON i.product_id = l.product_id AND i.position = 0
         LEFT JOIN media m ON m.id = i.media_id
         WHERE l.scope_id = $1{conditions}
         ORDER BY l.{column} {direction}, l.product_id {direction} LIMIT {}",
        size + 1,
    );
    let mut rows = CardRow::find_by_statement(sql(db, &text, values)).all(db).await?;
    let more = rows.len() > size;
    rows.truncate(size);
    if backwards {
        rows.reverse();
    }
    let cursor = |row: &CardRow| row.cursor(query.sorting);
    let (first, last) = (rows.first().map(cursor), rows.last().map(cursor));
    let has_previous = if backwards { more } else { query.page != Page::First };
    let has_next = if backwards { true } else { more };
    Ok(Listing {
        previous: first.filter(|_| has_previous),
        next: last.filter(|_| has_next),
        cards: rows.into_iter().map(|row| row.into_card(context)).collect::<Result<_, _>>()?,
    })
}

/// How many products a filtered listing has, counted up to `most`.
///
/// # Errors
/// When the database fails.
pub async fn count<C: ConnectionTrait>(db: &C, scope: Scope, filters: &Filters, most: u32) -> Result<i64, DbErr> {
    let mut values: Vec<Value> = vec![scope.id().into()];
    let conditions = filter_conditions(filters, &mut values);
    let text = format!(
        "SELECT COUNT(*) AS count FROM (
             SELECT 1 FROM product_listings l WHERE l.scope_id = $1{conditions} LIMIT {most}
         ) AS counted"
    );
    let row = db.query_one_raw(sql(db, &text, values)).await?;
    row.map_or(Ok(0), |row| row.try_get("", "count"))
}

/// What there is to choose from in a scope.
///
/// # Errors
/// When the database fails.
pub async fn choices<C: ConnectionTrait>(db: &C, scope: Scope, context: PriceContext) -> Result<Choices, DbErr> {
    #[derive(FromQueryResult)]
    struct Range {
        count: i64,
        lowest: Option<i64>,
        highest: Option<i64>,
    }
    #[derive(FromQueryResult)]
    struct Row {
        name: String,
        value: String,
        count: i64,
    }
    let text = "SELECT COUNT(*) AS count, MIN(price_from) AS lowest, MAX(price_from) AS highest
                FROM product_listings WHERE scope_id = $1";
    let range = Range::find_by_statement(sql(db, text, [scope.id().into()])).one(db).await?;
    let text = "SELECT f.name, f.value, COUNT(*) AS count FROM product_listings l
                JOIN product_facets f ON f.product_id = l.product_id
                WHERE l.scope_id = $1 GROUP BY f.name, f.value ORDER BY f.name, count DESC, f.value";
    let rows = Row::find_by_statement(sql(db, text, [scope.id().into()])).all(db).await?;
    let mut facets: Vec<Facet> = Vec::new();
    for row in rows {
        let value = FacetValue { value: row.value, count: row.count };
        match facets.last_mut().filter(|facet| facet.name == row.name) {
            Some(facet) => facet.values.push(value),
            None => facets.push(Facet { name: row.name, values: vec![value] }),
        }
    }
    let money = |minor| Money::new(minor, context.currency);
    Ok(Choices {
        count: range.as_ref().map_or(0, |range| range.count),
        prices: range.and_then(|range| Some((money(range.lowest?), money(range.highest?)))),
        facets,
    })
}

/// The column that a sorting goes by, and whether upwards.
fn order(sorting: Sorting) -> (&'static str, bool) {
    match sorting {
        Sorting::Newest => ("newest", false),
        Sorting::BestSelling => ("sold", false),
        Sorting::PriceAscending => ("price_from", true),
        Sorting::PriceDescending => ("price_from", false),
        Sorting::Name => ("name", true),
    }
}

fn cursor_value(cursor: &Cursor, sorting: Sorting) -> Value {
    match &cursor.key {
        CursorKey::Text(text) => text.clone().into(),
        CursorKey::Number(number) if sorting == Sorting::Newest => {
            DateTime::<Utc>::from_timestamp_micros(*number).unwrap_or_default().into()
        }
        CursorKey::Number(number) => (*number).into(),
    }
}

fn filter_conditions(filters: &Filters, values: &mut Vec<Value>) -> String {
    let mut conditions = String::new();
    if let Some(least) = filters.price_min {
        values.push(least.into());
        conditions.push_str(&format!(" AND l.price_to >= ${}", values.len()));
    }
    if let Some(most) = filters.price_max {
        values.push(most.into());
        conditions.push_str(&format!(" AND l.price_from <= ${}", values.len()));
    }
    if filters.in_stock {
        conditions.push_str(" AND l.available > 0");
    }
    for (name, wanted) in &filters.options {
        let from = values.len() + 1;
        values.push(name.clone().into());
        values.extend(wanted.iter().map(|value| Value::from(value.clone())));
        conditions.push_str(&format!(
            " AND EXISTS (SELECT 1 FROM product_facets f
                 WHERE f.product_id = l.product_id AND f.name = ${from} AND f.value IN ({}))",
            placeholders(from + 1, wanted.len()),
        ));
    }
    conditions
}

#[derive(FromQueryResult)]
struct CardRow {
    product_id: ProductId,
    slug: String,
    name: String,
    currency: String,
    options: ProductOptions,
    price_from: i64,
    price_to: i64,
    available: i64,
    sold: i64,
    newest: DateTime<Utc>,
    alt: Option<String>,
    #[sea_orm(nested)]
    picture: PictureColumns,
}

impl CardRow {
    fn cursor(&self, sorting: Sorting) -> Cursor {
        let key = match sorting {
            Sorting::Newest => CursorKey::Number(self.newest.timestamp_micros()),
            Sorting::BestSelling => CursorKey::Number(self.sold),
            Sorting::PriceAscending | Sorting::PriceDescending => CursorKey::Number(self.price_from),
            Sorting::Name => CursorKey::Text(self.name.clone()),
        };
        Cursor { key, id: self.product_id }
    }

    fn into_card(self, context: PriceContext) -> Result<Card, DbErr> {
        let currency = currency(&self.currency)?;
        let price = |minor| {
            // The projection has added the modifier; what else makes a price comes in here.
            unit_price(context, ListPrice { base: Money::new(minor, currency), modifier: 0 })
                .map_err(|error| DbErr::Custom(error.to_string()))
        };
        let with_colours = |option: &super::ProductOption| option.values.iter().any(|value| value.swatch.is_some());
        Ok(Card {
            id: self.product_id,
            slug: self.slug,
            name: self.name,
            price_from: price(self.price_from)?,
            price_to: price(self.price_to)?,
            available: self.available,
            swatches: self.options.0.into_iter().find(with_colours).map(|option| option.values).unwrap_or_default(),
            picture: self.picture.into_picture(self.alt.unwrap_or_default()),
        })
    }
}
