//! Things to sell, made through the use cases.

use super::TestShop;
use chrono::{DateTime, Utc};
use commerce::catalog::create_category::{NewCategory, create_category};
use commerce::catalog::create_products::{NewProduct, NewVariation, create_products};
use commerce::catalog::{
    CategoryTree, OptionValue, OptionValues, ProductId, ProductOption, ProductOptions, Specifications,
};
use commerce::db::Db;
use commerce::fulfilment::DeliveryMethod;
use commerce::fulfilment::create_delivery_method::create_delivery_method;
use commerce::inventory::LocationId;
use commerce::inventory::create_location::create_warehouse;
use commerce::money::{Currency, Money};
use commerce::pricing::{TaxRate, tax_table};
use sea_orm::{ConnectionTrait, DbErr};

/// A product to be, with as little said of it as a test cares for.
#[derive(Clone, Debug)]
pub struct Goods {
    product: NewProduct,
}

impl Goods {
    /// A product with one variation, whose SKU in lower case is its slug.
    pub fn new(shop: &TestShop, sku: &str, price: i64, stock: i64) -> Self {
        Self::varied(shop, sku, price, &[]).variation(sku, &[], 0, stock)
    }

    /// A product of `options` and without variations yet.
    pub fn varied(shop: &TestShop, name: &str, price: i64, options: &[(&str, &[&str])]) -> Self {
        let value = |value: &&str| OptionValue { value: (*value).to_owned(), swatch: None };
        let options = options.iter().map(|(name, values)| ProductOption {
            name: (*name).to_owned(),
            values: values.iter().map(value).collect(),
        });
        let product = NewProduct {
            slug: name.to_lowercase(),
            name: name.to_owned(),
            description: format!("About {name}."),
            category: shop.category("mugs"),
            base_price: euro(price),
            options: ProductOptions(options.collect()),
            specifications: Specifications::default(),
            pictures: Vec::new(),
            variations: Vec::new(),
            created_at: shop.clock.now(),
        };
        Self { product }
    }

    /// With one variation more.
    pub fn variation(mut self, sku: &str, values: &[&str], modifier: i64, stock: i64) -> Self {
        self.product.variations.push(NewVariation {
            sku: sku.to_owned(),
            options: OptionValues(values.iter().map(|value| (*value).to_owned()).collect()),
            price_modifier: modifier,
            weight_grams: 350,
            tax_class: "standard".to_owned(),
            picture: None,
            stock,
        });
        self
    }

    /// Adds it in a transaction of the test's own.
    pub async fn add_to<C: ConnectionTrait>(
        self,
        tx: &C,
        tree: &CategoryTree,
        warehouse: LocationId,
        now: DateTime<Utc>,
    ) -> Result<Vec<ProductId>, DbErr> {
        create_products(tx, tree, warehouse, vec![self.product], now).await
    }

    /// Changed as a test likes.
    pub fn with(mut self, change: impl FnOnce(&mut NewProduct)) -> Self {
        change(&mut self.product);
        self
    }
}

impl TestShop {
    /// Adds products, their stock in the warehouse of the frame.
    pub async fn add_goods(&self, goods: Vec<Goods>) -> Vec<ProductId> {
        let warehouse = self.warehouse().await;
        let tree = self.reference().categories.clone();
        let tx = self.db.begin().await.expect("a transaction");
        let products = goods.into_iter().map(|goods| goods.product).collect();
        let ids = create_products(&tx, &tree, warehouse, products, self.clock.now()).await.expect("products");
        tx.commit().await.expect("committed");
        ids
    }

    /// Adds a product with one variation.
    pub async fn sells(&self, sku: &str, price: i64, stock: i64) -> ProductId {
        self.add_goods(vec![Goods::new(self, sku, price, stock)]).await[0]
    }
}

/// An amount in the currency of the frame.
pub fn euro(minor: i64) -> Money {
    Money::new(minor, Currency::EUR)
}

/// What every test finds: categories `kitchen` and below it `mugs`, and
/// `garden`; the warehouse `Main`; standard and express delivery; German tax.
pub async fn frame(db: &Db) -> Result<(), DbErr> {
    let now = commerce::clock::Clock::System.now();
    let db = db.primary();
    let category = |parent, slug: &str, position| NewCategory {
        parent,
        slug: slug.to_owned(),
        name: slug.to_uppercase(),
        description: format!("All of {slug}."),
        media: None,
        position,
    };
    let kitchen = create_category(db, category(None, "kitchen", 0), now).await?;
    create_category(db, category(Some(kitchen), "mugs", 0), now).await?;
    create_category(db, category(None, "garden", 1), now).await?;
    create_warehouse(db, "Main", 0, now).await?;
    let standard = DeliveryMethod {
        code: "standard".to_owned(),
        name: "Standard".to_owned(),
        description: "By van.".to_owned(),
        price: euro(490),
        free_over: Some(euro(10_000)),
        min_days: 2,
        max_days: 3,
    };
    let express =
        DeliveryMethod { code: "express".to_owned(), price: euro(1_290), free_over: None, ..standard.clone() };
    create_delivery_method(db, &standard, 0, now).await?;
    create_delivery_method(db, &express, 1, now).await?;
    for (class, country, rate) in [("standard", "", "0"), ("standard", "DE", "0.19"), ("reduced", "DE", "0.07")] {
        tax_table::set(db, class, country, TaxRate(rate.parse().expect("a number"))).await?;
    }
    Ok(())
}
