//! Listings as they stand in an address.

use commerce::catalog::{Cursor, Filters, ListingQuery, Page, Scope, Sorting};
use commerce::money::{Currency, Money};
use leptos_router::params::ParamsMap;
use url::form_urlencoded::Serializer;

/// How many products a page of a listing has.
pub const PAGE_SIZE: u32 = 24;

/// What stands before the name of an option.
const OPTION: &str = "o.";

/// The most filters that an address may carry: an honest page makes no more.
const MOST_FILTERS: usize = 40;

/// Reads a listing from the parameters of an address; what makes no sense is left out.
pub fn parse(scope: Scope, query: &ParamsMap, currency: Currency) -> ListingQuery {
    let sorting = query.get("sort").and_then(|text| Sorting::parse(&text)).unwrap_or_default();
    let price = |name: &str| {
        let money = query.get(name).and_then(|text| Money::parse(&text, currency))?;
        (money.minor() >= 0).then(|| money.minor())
    };
    let mut filters = Filters {
        price_min: price("min"),
        price_max: price("max"),
        in_stock: query.get("in_stock").is_some(),
        ..Filters::default()
    };
    for (name, value) in query.clone().into_iter().take(MOST_FILTERS) {
        if let Some(option) = name.strip_prefix(OPTION).filter(|_| !value.is_empty()) {
            filters.options.entry(option.to_owned()).or_default().insert(value);
        }
    }
    let cursor = |name: &str| query.get(name).and_then(|text| Cursor::parse(&text, sorting));
    let page = match (cursor("after"), cursor("before")) {
        (Some(cursor), _) => Page::After(cursor),
        (None, Some(cursor)) => Page::Before(cursor),
        (None, None) => Page::First,
    };
    ListingQuery { scope, sorting, filters, page, size: PAGE_SIZE }
}

/// The address of a listing: the same for the same listing, whatever led to it.
pub fn href(path: &str, query: &ListingQuery, currency: Currency) -> String {
    let mut pairs = Serializer::new(String::new());
    if query.sorting != Sorting::default() {
        pairs.append_pair("sort", query.sorting.code());
    }
    for (name, price) in [("min", query.filters.price_min), ("max", query.filters.price_max)] {
        if let Some(minor) = price {
            pairs.append_pair(name, &Money::new(minor, currency).to_decimal_string());
        }
    }
    if query.filters.in_stock {
        pairs.append_pair("in_stock", "on");
    }
    for (option, values) in &query.filters.options {
        for value in values {
            pairs.append_pair(&format!("{OPTION}{option}"), value);
        }
    }
    match &query.page {
        Page::First => {}
        Page::After(cursor) => _ = pairs.append_pair("after", &cursor.to_string()),
        Page::Before(cursor) => _ = pairs.append_pair("before", &cursor.to_string()),
    }
    let pairs = pairs.finish();
    if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
}

/// The name of the field of an option.
pub fn option_field(option: &str) -> String {
    format!("{OPTION}{option}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(query: &str) -> ListingQuery {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        let map = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        parse(Scope::Shop, &map, Currency::EUR)
    }

    #[test]
    fn an_address_can_be_read_back() {
        let query = "sort=price-asc&min=5.00&max=50.00&in_stock=on&o.Colour=Navy&o.Colour=Red&o.Size=M";
        assert_eq!(href("/products", &parsed(query), Currency::EUR), format!("/products?{query}"));
        assert_eq!(href("/products", &parsed(""), Currency::EUR), "/products");
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        for query in ["sort=nonsense", "min=abc", "max=-1", "min=1e9999", "after=x", "before=~", "o.=", "o.Size="] {
            let page = parsed(query);
            assert_eq!(page.page, Page::First, "{query}");
            assert_eq!(page.filters.price_min.or(page.filters.price_max), None, "{query}");
        }
    }
}
