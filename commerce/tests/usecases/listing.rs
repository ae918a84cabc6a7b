//! Listings: whatever the order, the filters and the size of a page, each product is on one page once.

use crate::harness::{Goods, TestShop, check};
use chrono::TimeDelta;
use commerce::catalog::create_category::{NewCategory, create_category};
use commerce::catalog::projection::add_sold;
use commerce::catalog::queries::{choices, count, listing};
use commerce::catalog::{CategoryId, Cursor, Filters, Listing, ListingQuery, Page, ProductId, Scope, Sorting};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};

/// A product to be listed, of few different keys, so that many are equal.
#[derive(Clone, Debug)]
struct Item {
    name: &'static str,
    price: i64,
    /// The dearest variation costs so much more.
    spread: i64,
    stock: i64,
    sold: i64,
    age: i64,
    blue: bool,
}

fn item() -> impl Strategy<Value = Item> {
    let name = prop::sample::select(vec!["Mug", "mug", "Äpfel ~ 'x'", "Mug 2", "椀"]);
    let numbers = (0_i64..4, 0_i64..3, 0_i64..2, 0_i64..3, 0_i64..3);
    (name, numbers, any::<bool>()).prop_map(|(name, (price, spread, stock, sold, age), blue)| Item {
        name,
        price: 1_000 + price * 100,
        spread: spread * 100,
        stock,
        sold,
        age,
        blue,
    })
}

fn filters() -> impl Strategy<Value = Filters> {
    let price = || prop::option::of((9_i64..15).prop_map(|price| price * 100));
    let colours = prop::sample::subsequence(vec!["Red", "Blue", "Green"], 0..=3);
    (price(), price(), any::<bool>(), colours).prop_map(|(price_min, price_max, in_stock, colours)| Filters {
        price_min,
        price_max,
        in_stock,
        options: match colours.as_slice() {
            [] => BTreeMap::new(),
            colours => {
                BTreeMap::from([("Colour".to_owned(), colours.iter().map(|&colour| colour.to_owned()).collect())])
            }
        },
    })
}

fn fits(item: &Item, filters: &Filters) -> bool {
    let colours: &[&str] = if item.blue { &["Red", "Blue"] } else { &["Red"] };
    let highest = if item.blue { item.price + item.spread } else { item.price };
    filters.price_min.is_none_or(|least| highest >= least)
        && filters.price_max.is_none_or(|most| item.price <= most)
        && (!filters.in_stock || item.stock > 0)
        && filters.options.values().all(|wanted| colours.iter().any(|colour| wanted.contains(*colour)))
}

/// A category of its own, filled with the items.
async fn fill(shop: &TestShop, items: &[Item]) -> (CategoryId, Vec<ProductId>) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let slug = format!("shelf-{number}");
    let category = NewCategory {
        parent: Some(shop.category("kitchen")),
        name: slug.clone(),
        slug,
        description: String::new(),
        media: None,
        position: 9,
    };
    let category = create_category(shop.db.primary(), category, shop.clock.now()).await.expect("a category");
    shop.refresh().await.expect("read anew");
    let goods = items.iter().enumerate().map(|(index, item)| {
        let sku = format!("{number}-{index}");
        let mut goods = Goods::varied(shop, &sku, item.price, &[("Colour", &["Red", "Blue"])])
            .variation(&format!("{sku}-R"), &["Red"], 0, item.stock)
            .with(|product| {
                product.name = item.name.to_owned();
                product.category = category;
                product.created_at = shop.clock.now() - TimeDelta::microseconds(item.age);
            });
        if item.blue {
            goods = goods.variation(&format!("{sku}-B"), &["Blue"], item.spread, 0);
        }
        goods
    });
    let ids = shop.add_goods(goods.collect()).await;
    let sold: BTreeMap<_, _> = ids.iter().copied().zip(items.iter().map(|item| item.sold)).collect();
    add_sold(shop.db.primary(), &sold).await.expect("counted");
    (category, ids)
}

async fn read(shop: &TestShop, query: &ListingQuery) -> Listing {
    listing(shop.db.primary(), query, shop.prices()).await.expect("read")
}

/// The products of every page, going on by `next` and then back by `previous`, each cursor through its text.
async fn walk(shop: &TestShop, query: &ListingQuery) -> (Vec<Vec<ProductId>>, Vec<Vec<ProductId>>) {
    let ids = |page: &Listing| page.cards.iter().map(|card| card.id).collect::<Vec<_>>();
    let through_text = |cursor: &Cursor| Cursor::parse(&cursor.to_string(), query.sorting).expect("can be read back");
    let mut page = read(shop, query).await;
    assert_eq!(page.previous, None, "there is nothing before the first page");
    let mut forth = vec![ids(&page)];
    while let Some(next) = &page.next {
        page = read(shop, &ListingQuery { page: Page::After(through_text(next)), ..query.clone() }).await;
        assert!(!page.cards.is_empty(), "no page leads to an empty one");
        forth.push(ids(&page));
        assert!(forth.len() < 100, "there is no end to it");
    }
    let mut back = vec![ids(&page)];
    while let Some(previous) = &page.previous {
        page = read(shop, &ListingQuery { page: Page::Before(through_text(previous)), ..query.clone() }).await;
        assert!(page.next.is_some(), "one can go on again");
        back.push(ids(&page));
        assert!(back.len() < 100, "there is no end to it");
    }
    back.reverse();
    (forth, back)
}

async fn every_page(shop: TestShop, items: Vec<Item>, filters: Filters, size: u32) -> Result<(), TestCaseError> {
    let (category, ids) = fill(&shop, &items).await;
    let by_id: BTreeMap<_, _> = ids.iter().zip(&items).collect();
    let expected: BTreeSet<_> = by_id.iter().filter(|(_, item)| fits(item, &filters)).map(|(id, _)| **id).collect();
    let scope = Scope::Category(category);
    for sorting in Sorting::ALL {
        let query = ListingQuery { scope, sorting, filters: filters.clone(), page: Page::First, size };
        let (forth, back) = walk(&shop, &query).await;
        prop_assert_eq!(&forth, &back, "there and back by {:?}", sorting);
        prop_assert!(forth.iter().rev().skip(1).all(|page| page.len() == size as usize), "all but the last are full");
        let all = forth.concat();
        prop_assert_eq!(all.iter().copied().collect::<BTreeSet<_>>(), expected.clone(), "by {:?}", sorting);
        prop_assert_eq!(all.len(), expected.len(), "once each by {:?}", sorting);
        let in_order = |key: fn(&Item) -> i64| all.is_sorted_by_key(|id| key(by_id[id]));
        prop_assert!(
            match sorting {
                Sorting::Newest => in_order(|item| item.age),
                Sorting::BestSelling => in_order(|item| -item.sold),
                Sorting::PriceAscending => in_order(|item| item.price),
                Sorting::PriceDescending => in_order(|item| -item.price),
                // The order of letters is the database's; equal names stand together in any.
                Sorting::Name =>
                    all.chunk_by(|a, b| by_id[a].name == by_id[b].name).count()
                        == expected.iter().map(|id| by_id[id].name).collect::<BTreeSet<_>>().len(),
            },
            "order by {:?}",
            sorting
        );
    }
    let counted = count(shop.db.read(), scope, &filters, 1_000).await.expect("counted");
    prop_assert_eq!(counted, i64::try_from(expected.len()).expect("few"));
    prop_assert_eq!(count(shop.db.read(), scope, &filters, 3).await.expect("counted"), counted.min(3));
    let offered = choices(shop.db.read(), scope, shop.prices()).await.expect("read");
    prop_assert_eq!(offered.count, i64::try_from(items.len()).expect("few"));
    let lowest = items.iter().map(|item| item.price).min();
    let highest = items.iter().map(|item| item.price).max();
    prop_assert_eq!(offered.prices.map(|(low, high)| (low.minor(), high.minor())), lowest.zip(highest));
    let blue = i64::try_from(items.iter().filter(|item| item.blue).count()).expect("few");
    let told: Vec<_> =
        offered.facets.iter().flat_map(|facet| &facet.values).map(|of| (of.value.as_str(), of.count)).collect();
    let mut all = vec![("Red", offered.count), ("Blue", blue)];
    all.retain(|(_, count)| *count > 0);
    all.sort_by_key(|(value, count)| (-count, *value));
    prop_assert_eq!(told, all);
    Ok(())
}

both_databases! {
    async fn every_product_is_on_one_page_once(shop: TestShop) {
        let cases = (prop::collection::vec(item(), 0..24), filters(), 1_u32..8);
        check(24, &cases, |(items, filters, size)| every_page(shop.clone(), items, filters, size));
    }

    async fn a_cursor_whose_product_is_gone_still_leads_on(shop: TestShop) {
        let item = Item { name: "Mug", price: 1_000, spread: 0, stock: 1, sold: 0, age: 0, blue: false };
        let (category, ids) = fill(&shop, &vec![item; 7]).await;
        let query = ListingQuery {
            scope: Scope::Category(category),
            sorting: Sorting::PriceAscending,
            filters: Filters::default(),
            page: Page::First,
            size: 3,
        };
        let next = read(&shop, &query).await.next.expect("more");
        shop.execute("DELETE FROM product_listings WHERE product_id = $1", [next.id.into()]).await;
        let page = read(&shop, &ListingQuery { page: Page::After(next), ..query.clone() }).await;
        assert_eq!(page.cards.len(), 3);
        for text in ["", "~", "nonsense", "~1", &format!("{}~", ids[0]), &format!("{}~{}", ids[0], "9".repeat(30))] {
            assert_eq!(Cursor::parse(text, Sorting::PriceAscending), None, "{text}");
        }
        for key in [i64::MIN, 0, i64::MAX] {
            for sorting in [Sorting::PriceAscending, Sorting::BestSelling, Sorting::Newest] {
                let Some(cursor) = Cursor::parse(&format!("{}~{key}", ids[0]), sorting) else { continue };
                for page in [Page::After(cursor.clone()), Page::Before(cursor)] {
                    // Any answer but an error.
                    listing(shop.db.read(), &ListingQuery { page, sorting, ..query.clone() }, shop.prices())
                        .await
                        .expect("read");
                }
            }
        }
        let year = Cursor::parse(&format!("{}~{}", ids[0], 8_210_266_876_799_999_999_i64), Sorting::Newest);
        if let Some(cursor) = year {
            let query = ListingQuery { page: Page::After(cursor), sorting: Sorting::Newest, ..query };
            listing(shop.db.read(), &query, shop.prices())
                .await
                .expect("the year 262142 is only a number in an address");
        }
        let text = Cursor::parse(&format!("{}~a\0b", ids[0]), Sorting::Name);
        if let Some(cursor) = text {
            let query = ListingQuery {
                scope: Scope::Shop,
                page: Page::After(cursor),
                sorting: Sorting::Name,
                filters: Filters::default(),
                size: 3,
            };
            listing(shop.db.read(), &query, shop.prices()).await.expect("a zero byte is only a letter in an address");
        }
    }

    async fn a_category_lists_what_is_below_it(shop: TestShop) {
        shop.sells("MUG", 1_290, 5).await;
        let of = async |scope| choices(shop.db.read(), scope, shop.prices()).await.expect("read").count;
        assert_eq!(of(Scope::Shop).await, 1);
        assert_eq!(of(Scope::Category(shop.category("kitchen"))).await, 1);
        assert_eq!(of(Scope::Category(shop.category("mugs"))).await, 1);
        assert_eq!(of(Scope::Category(shop.category("garden"))).await, 0);
        assert_eq!(of(Scope::Category(CategoryId(uuid::Uuid::max()))).await, 0);
    }
}
