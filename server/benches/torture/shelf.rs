//! What there is to buy.

use crate::Failure;
use crate::place::Place;
use commerce::catalog::create_products::{NewProduct, NewVariation, create_products};
use commerce::catalog::queries::category_tree;
use commerce::catalog::{CategoryId, OptionValues, ProductOptions, Specifications};
use commerce::clock::Clock;
use commerce::db::{Db, PoolOptions, sql};
use commerce::money::{Currency, Money};
use sea_orm::{ConnectionTrait, QueryResult};

/// Something to buy.
pub struct Article {
    /// The article number.
    pub sku: String,
    /// How many there are.
    pub stock: i64,
    /// The form that puts one of it into the cart.
    pub form: String,
}

/// A shop with these things, and its database.
pub struct Shelf {
    /// Things to buy.
    pub articles: Vec<Article>,
    /// The first way of delivery.
    pub delivery: String,
    /// The records of the shop, beside its processes.
    pub db: Db,
}

impl Shelf {
    /// Opens a shop and puts so many articles into it, with so many pieces of each.
    pub async fn fill(place: &Place, articles: usize, stock: i64) -> Result<Self, Failure> {
        place.run(&["seed", "--products", "1"])?;
        let pool = PoolOptions { max_connections: 2, ..PoolOptions::default() };
        let db = Db::connect(&place.database_url(), None, pool).await?;
        let tree = category_tree(db.primary()).await?;
        let tx = db.begin().await?;
        let first = async |text| -> Result<QueryResult, Failure> {
            let row = tx.query_one_raw(sql(&tx, text, [])).await?;
            row.ok_or_else(|| "the shop is empty".into())
        };
        let category: CategoryId =
            first("SELECT category_id FROM products LIMIT 1").await?.try_get("", "category_id")?;
        let location = first("SELECT id FROM locations LIMIT 1").await?.try_get("", "id")?;
        let delivery = "SELECT code FROM delivery_methods WHERE active ORDER BY position LIMIT 1";
        let delivery = first(delivery).await?.try_get("", "code")?;
        let now = Clock::System.now();
        let products = (0..articles).map(|number| NewProduct {
            slug: format!("torture-{number}"),
            name: format!("Torture {number}"),
            description: "Wanted by many.".to_owned(),
            category,
            base_price: Money::new(1_000 + number as i64, Currency::EUR),
            options: ProductOptions::default(),
            specifications: Specifications::default(),
            pictures: Vec::new(),
            variations: vec![NewVariation {
                sku: format!("TORTURE-{number}"),
                options: OptionValues::default(),
                price_modifier: 0,
                weight_grams: 100,
                tax_class: "standard".to_owned(),
                picture: None,
                stock,
            }],
            created_at: now,
        });
        create_products(&tx, &tree, location, products.collect(), now).await?;
        let text = "SELECT v.id, v.sku, p.slug FROM variations v JOIN products p ON p.id = v.product_id
                    WHERE v.sku LIKE 'TORTURE-%' ORDER BY v.id";
        let mut articles = Vec::new();
        for row in tx.query_all_raw(sql(&tx, text, [])).await? {
            let (variation, sku) = (row.try_get::<uuid::Uuid>("", "id")?, row.try_get::<String>("", "sku")?);
            let slug: String = row.try_get("", "slug")?;
            let form = format!("product={slug}&variation={variation}&sku={sku}&quantity=1");
            articles.push(Article { sku, stock, form });
        }
        tx.commit().await?;
        Ok(Self { articles, delivery, db })
    }

    /// Lets go of the database.
    pub async fn close(self) -> Result<(), Failure> {
        self.db.read().close_by_ref().await?;
        Ok(self.db.primary().close_by_ref().await?)
    }
}
