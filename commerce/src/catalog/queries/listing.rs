//! Listings: their pages, their size, and what they can be filtered by.

use super::{PICTURE, PICTURE_FIELDS, PictureColumns, currency};
use crate::catalog::{
    Card, Choices, Cursor, CursorKey, Facet, FacetValue, Filters, Listing, ListingQuery, Page, ProductId,
    ProductOption, ProductOptions, Scope, Sorting,
};
use crate::db::{Json, gather_rows, placeholders, read_rows, sql};
use crate::money::Money;
use crate::pricing::{ListPrice, PriceContext, unit_price};
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult, Value};
use serde::Deserialize;

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
    let card = [
        ("product_id", Json::Id("c.product_id")),
        ("slug", Json::Value("c.slug")),
        ("name", Json::Value("c.name")),
        ("currency", Json::Value("c.currency")),
        ("options", Json::Document("c.options")),
        ("price_from", Json::Value("c.price_from")),
        ("price_to", Json::Value("c.price_to")),
        ("available", Json::Value("c.available")),
        ("sold", Json::Value("c.sold")),
        ("newest", Json::Value("c.newest")),
        ("alt", Json::Value("c.alt")),
        ("picture", Json::Object(&PICTURE_FIELDS)),
    ];
    // The pictures are joined to the page only: 25 rows, not the whole listing.
    let text = format!(
        "SELECT {} AS cards FROM (
             SELECT l.product_id, l.{column} AS sorted_by, p.slug, p.name, p.currency, p.options, l.price_from,
                    l.price_to, l.available, l.sold, l.newest, i.alt, {PICTURE}
             FROM product_listings l
             JOIN products p ON p.id = l.product_id
             LEFT JOIN product_images i ON i.product_id = l.product_id AND i.position = 0
             LEFT JOIN media m ON m.id = i.media_id
             WHERE l.scope_id = $1{conditions}
             ORDER BY l.{column} {direction}, l.product_id {direction} LIMIT {}
         ) AS c",
        gather_rows(db, &card, &format!("c.sorted_by {direction}, c.product_id {direction}")),
        size + 1,
    );
    let found = db.query_one_raw(sql(db, &text, values)).await?;
    let found: Option<String> = found.map(|row| row.try_get("", "cards")).transpose()?;
    let mut rows: Vec<CardRow> = read_rows(found.as_deref().unwrap_or("[]"))?;
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

#[derive(Deserialize)]
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
        let with_colours = |option: &ProductOption| option.values.iter().any(|value| value.swatch.is_some());
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
