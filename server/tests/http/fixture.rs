//! A small shop: one category, one product in two sizes, one picture.

use commerce::Shop;
use commerce::catalog::create_category::{NewCategory, create_category};
use commerce::catalog::create_products::{NewProduct, NewVariation, create_products};
use commerce::catalog::{OptionValue, OptionValues, ProductId, ProductOption, ProductOptions, Specifications, queries};
use commerce::fulfilment::{DeliveryMethod, create_delivery_method::create_delivery_method};
use commerce::inventory::create_location::create_warehouse;
use commerce::media::pipeline::process_image;
use commerce::media::{MediaId, store_picture};
use commerce::money::{Currency, Money};
use commerce::pricing::{TaxRate, tax_table};
use image::{DynamicImage, RgbImage};

pub struct Fixture {
    pub product: ProductId,
    pub picture: MediaId,
}

/// The address of the product's page.
pub const PRODUCT: &str = "/p/linen-shirt";

pub async fn fill(shop: &Shop) -> Fixture {
    let picture = process_image(&DynamicImage::ImageRgb8(RgbImage::new(200, 100))).expect("a picture");
    let picture = store_picture(shop, picture).await.expect("stored");
    let now = shop.clock.now();
    let tx = shop.db.begin().await.expect("a transaction");
    let location = create_warehouse(&tx, "Main warehouse", 0, now).await.expect("created");
    let category = NewCategory {
        parent: None,
        slug: "shirts".to_owned(),
        name: "Shirts".to_owned(),
        description: "For every day.".to_owned(),
        media: None,
        position: 0,
    };
    let category = create_category(&tx, category, now).await.expect("created");
    tax_table::set(&tx, "standard", "", TaxRate("0.19".parse().expect("a rate"))).await.expect("set");
    let delivery = DeliveryMethod {
        code: "standard".to_owned(),
        name: "Standard".to_owned(),
        description: "By parcel.".to_owned(),
        price: Money::new(490, Currency::EUR),
        free_over: None,
        min_days: 1,
        max_days: 3,
    };
    create_delivery_method(&tx, &delivery, 0, now).await.expect("created");
    let tree = queries::category_tree(&tx).await.expect("read");
    let size = |value: &str| OptionValue { value: value.to_owned(), swatch: None };
    let variation = |value: &str, stock| NewVariation {
        sku: format!("LINEN-{value}"),
        options: OptionValues(vec![value.to_owned()]),
        price_modifier: 0,
        weight_grams: 200,
        tax_class: "standard".to_owned(),
        picture: Some(picture),
        stock,
    };
    let product = NewProduct {
        slug: "linen-shirt".to_owned(),
        name: "Linen Shirt".to_owned(),
        description: "Cool in summer.".to_owned(),
        category,
        base_price: Money::new(4_900, Currency::EUR),
        options: ProductOptions(vec![ProductOption { name: "Size".to_owned(), values: vec![size("M"), size("L")] }]),
        specifications: Specifications::default(),
        pictures: vec![(picture, "A linen shirt".to_owned())],
        variations: vec![variation("M", 50), variation("L", 0)],
        created_at: now,
    };
    let products = create_products(&tx, &tree, location, vec![product], now).await.expect("created");
    tx.commit().await.expect("committed");
    shop.refresh().await.expect("read");
    Fixture { product: products[0], picture }
}
