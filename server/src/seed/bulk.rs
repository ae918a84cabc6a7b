//! As many plausible products as one likes, for load tests and long listings.

use super::words::{ADJECTIVES, CLOSINGS, COLOURS, DEPARTMENTS, Department, OPENINGS};
use super::{SeedError, catalogue, frame, lock};
use chrono::{DateTime, TimeDelta, Utc};
use commerce::Shop;
use commerce::catalog::create_products::{NewProduct, NewVariation, create_products};
use commerce::catalog::{
    self, CategoryId, OptionValue, OptionValues, ProductOption, ProductOptions, Specification, Specifications,
};
use commerce::db::sql;
use commerce::inventory::LocationId;
use commerce::media::MediaId;
use commerce::money::{Currency, Money};
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use sea_orm::ConnectionTrait;
use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

/// How many products a transaction adds.
const BATCH: u32 = 1_000;

/// After how many products to say how far it is.
const REPORT_EVERY: u32 = 10_000;

/// Letters and digits that no one mixes up.
const TAG: &[u8] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Adds `count` products.
pub async fn add(shop: &Shop, count: u32) -> Result<(), SeedError> {
    let started = Instant::now();
    let mut maker = Maker::prepare(shop).await?;
    let mut made = 0;
    while made < count {
        let batch = BATCH.min(count - made);
        let now = shop.clock.now();
        let products = (made..made + batch).map(|number| maker.product(number, now)).collect();
        let tx = shop.db.begin().await?;
        create_products(&tx, &maker.tree, maker.location, products, now).await?;
        tx.commit().await?;
        made += batch;
        if made.is_multiple_of(REPORT_EVERY) || made == count {
            println!("{made} of {count} products after {:.1} s", started.elapsed().as_secs_f64());
        }
    }
    shop.db.analyze().await?;
    shop.refresh().await?;
    Ok(())
}

/// A place for products: a category of a department, and pictures that fit.
struct Shelf {
    category: CategoryId,
    department: &'static Department,
    /// The pictures of each product that there is, as a set.
    pictures: Vec<Vec<(MediaId, String)>>,
}

struct Maker {
    random: StdRng,
    /// Tells the slugs and SKUs of this run from those of others.
    tag: String,
    tree: catalog::CategoryTree,
    location: LocationId,
    shelves: Vec<Shelf>,
}

impl Maker {
    /// Sets up what products need, and looks at what pictures there are.
    async fn prepare(shop: &Shop) -> Result<Self, SeedError> {
        let mut random = StdRng::from_os_rng();
        let now = shop.clock.now();
        let catalogue = catalogue::load();
        let tx = shop.db.begin().await?;
        lock(&tx).await?;
        let location = frame::set_up(&tx, now).await?;
        let categories = frame::categories(&tx, &catalogue, &HashMap::new(), now).await?;
        let tree = catalog::queries::category_tree(&tx).await?;
        let mut pictures = pictures(&tx).await?;
        tx.commit().await?;
        let department = |slug: &str| DEPARTMENTS.iter().find(|department| department.slug == slug);
        let shelves = catalogue.categories.iter().filter_map(|category| {
            let department = department(category.parent.as_deref()?)?;
            let category = *categories.get(&category.slug)?;
            Some(Shelf { category, department, pictures: pictures.remove(&category).unwrap_or_default() })
        });
        let shelves = shelves.collect();
        let tag = (0..5).map(|_| char::from(TAG[random.random_range(0..TAG.len())])).collect();
        Ok(Self { random, tag, tree, location, shelves })
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    fn product(&mut self, number: u32, now: DateTime<Utc>) -> NewProduct {
        let shelf = self.random.random_range(0..self.shelves.len());
        let Department { makes, nouns, sizes, prices, .. } = self.shelves[shelf].department;
        let name = format!("{} {} {}", self.pick(&ADJECTIVES), self.pick(makes), self.pick(nouns));
        let slug = format!("{}-{}{number}", name.to_lowercase().replace(' ', "-"), self.tag);
        let pictures = self.shelves[shelf].pictures.choose(&mut self.random).cloned().unwrap_or_default();
        let colours = self.random.random_range(0..=3_usize);
        let with_sizes = colours <= 2 && self.random.random_bool(0.5);
        let options = self.options(colours, with_sizes.then_some(sizes));
        // Cheap things are more than dear ones.
        let share: f64 = self.random.random::<f64>().powi(3);
        let price = prices.0 + ((prices.1 - prices.0) as f64 * share) as i64;
        let made_of = makes.choose(&mut self.random).copied().unwrap_or_default();
        NewProduct {
            slug,
            name,
            description: format!("{}\n\n{}", self.pick(&OPENINGS), self.pick(&CLOSINGS)),
            category: self.shelves[shelf].category,
            // Prices end in 90.
            base_price: Money::new(price / 100 * 100 + 90, Currency::EUR),
            specifications: Specifications(vec![
                Specification { name: "Made of".to_owned(), value: made_of.to_owned() },
                Specification { name: "Guarantee".to_owned(), value: format!("{} years", self.pick(&[2, 3, 5, 10])) },
            ]),
            variations: self.variations(number, &options, &pictures, self.shelves[shelf].department.slug == "food"),
            options,
            pictures,
            created_at: now - TimeDelta::minutes(self.random.random_range(0..500_000)),
        }
    }

    fn options(&mut self, colours: usize, sizes: Option<&(&str, &[&str])>) -> ProductOptions {
        let mut options = Vec::new();
        // One colour is no choice.
        if colours > 1 {
            let mut values = COLOURS;
            values.shuffle(&mut self.random);
            let value =
                |(name, swatch): (&str, &str)| OptionValue { value: name.to_owned(), swatch: Some(swatch.to_owned()) };
            options.push(ProductOption {
                name: "Colour".to_owned(),
                values: values.into_iter().take(colours).map(value).collect(),
            });
        }
        if let Some((name, values)) = sizes {
            let value = |value: &&str| OptionValue { value: (*value).to_owned(), swatch: None };
            options.push(ProductOption { name: (*name).to_owned(), values: values.iter().map(value).collect() });
        }
        ProductOptions(options)
    }

    /// A variation for each combination of values, 1 to 6.
    fn variations(
        &mut self,
        number: u32,
        options: &ProductOptions,
        pictures: &[(MediaId, String)],
        reduced: bool,
    ) -> Vec<NewVariation> {
        let mut combinations = vec![Vec::new()];
        for option in &options.0 {
            combinations = combinations
                .iter()
                .flat_map(|begun: &Vec<String>| {
                    option.values.iter().map(|value| [begun.as_slice(), std::slice::from_ref(&value.value)].concat())
                })
                .collect();
        }
        let weight_grams = self.random.random_range(50..5_000);
        let tag = self.tag.to_uppercase();
        let variation = |(index, values): (usize, Vec<String>)| NewVariation {
            sku: format!("{tag}-{number:06}-{index}"),
            options: OptionValues(values),
            price_modifier: if self.random.random_bool(0.2) { 500 } else { 0 },
            weight_grams,
            tax_class: if reduced { "reduced" } else { "standard" }.to_owned(),
            picture: pictures.first().map(|(id, _)| *id),
            // A tenth is sold out, some are low.
            stock: if self.random.random_bool(0.1) { 0 } else { self.random.random_range(1..200) },
        };
        combinations.into_iter().enumerate().map(variation).collect()
    }
}

/// The pictures of the products of each category.
async fn pictures<C: ConnectionTrait>(db: &C) -> Result<HashMap<CategoryId, Vec<Vec<(MediaId, String)>>>, SeedError> {
    // Products of earlier runs share the pictures of the demo: enough of them will do.
    let text = "SELECT p.id, p.category_id, i.media_id, i.alt FROM products p
                JOIN product_images i ON i.product_id = p.id ORDER BY p.id, i.position LIMIT 5000";
    let mut by_product = BTreeMap::<catalog::ProductId, (CategoryId, Vec<(MediaId, String)>)>::new();
    for row in db.query_all_raw(sql(db, text, [])).await? {
        let category = row.try_get("", "category_id")?;
        let picture = (row.try_get("", "media_id")?, row.try_get("", "alt")?);
        by_product.entry(row.try_get("", "id")?).or_insert_with(|| (category, Vec::new())).1.push(picture);
    }
    let mut by_category = HashMap::<CategoryId, Vec<Vec<(MediaId, String)>>>::new();
    for (category, pictures) in by_product.into_values() {
        by_category.entry(category).or_default().push(pictures);
    }
    Ok(by_category)
}
