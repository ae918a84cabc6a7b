//! The demo shop: the catalogue with its pictures.

use super::catalogue::{self, Catalogue, Product};
use super::{SeedError, frame, has_products, lock};
use chrono::{DateTime, TimeDelta, Utc};
use commerce::Shop;
use commerce::catalog::create_products::{NewProduct, NewVariation, create_products};
use commerce::catalog::{self, CategoryId, OptionValue, OptionValues, ProductOption, ProductOptions};
use commerce::catalog::{Specification, Specifications};
use commerce::media::pipeline::{Processed, process_image};
use commerce::media::{MediaId, store_picture};
use commerce::money::{Currency, Money};
use image::DynamicImage;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// How many finished pictures wait to be stored.
const WAITING: usize = 8;

/// After how many pictures to say how far it is.
const REPORT_EVERY: usize = 40;

/// What a picture is of: a category by its place in the catalogue, or a
/// product with the place of the picture among its pictures.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Subject {
    Category(usize),
    Product(usize, usize),
}

/// Fills the shop; `false` where somebody else has done it meanwhile.
///
/// The pictures are stored first, then everything else in one transaction: a
/// shop whose filling was interrupted has no products, and is filled again.
pub async fn fill(shop: &Shop) -> Result<bool, SeedError> {
    let started = Instant::now();
    let catalogue = Arc::new(catalogue::load());
    let pictures = store_pictures(shop, &catalogue).await?;
    let now = shop.clock.now();
    let tx = shop.db.begin().await?;
    lock(&tx).await?;
    if has_products(&tx).await? {
        return Ok(false);
    }
    let location = frame::set_up(&tx, now).await?;
    let tiles = catalogue
        .categories
        .iter()
        .enumerate()
        .filter_map(|(index, category)| Some((category.slug.clone(), *pictures.get(&Subject::Category(index))?)));
    let categories = frame::categories(&tx, &catalogue, &tiles.collect(), now).await?;
    let tree = catalog::queries::category_tree(&tx).await?;
    let count = catalogue.products.len();
    let products = catalogue.products.iter().enumerate().map(|(index, product)| {
        let category = categories.get(&product.category).copied();
        let category = category.ok_or_else(|| SeedError::NoCategory(product.category.clone()))?;
        // The newest come from all over the catalogue, not from its first shelf.
        let age = TimeDelta::hours(i64::try_from(index * SPREAD % count).unwrap_or_default());
        Ok(new_product(
            product,
            category,
            |picture| pictures.get(&Subject::Product(index, picture)).copied(),
            now - age,
        ))
    });
    let products = products.collect::<Result<Vec<_>, SeedError>>()?;
    create_products(&tx, &tree, location, products, now).await?;
    tx.commit().await?;
    shop.db.analyze().await?;
    shop.refresh().await?;
    println!("{count} products are on the shelves after {:.1} s.", started.elapsed().as_secs_f64());
    Ok(true)
}

/// How far neighbours of the catalogue are apart in age: a prime, so that no two are of one age.
const SPREAD: usize = 37;

/// Makes every picture on all processors, and stores each as soon as it is finished.
async fn store_pictures(shop: &Shop, catalogue: &Arc<Catalogue>) -> Result<HashMap<Subject, MediaId>, SeedError> {
    let (sender, mut receiver) = mpsc::channel::<Result<(Subject, Processed), SeedError>>(WAITING);
    let subjects = subjects(catalogue);
    let count = subjects.len();
    println!("Making {count} pictures …");
    let for_thread = Arc::clone(catalogue);
    let making = tokio::task::spawn_blocking(move || {
        // Ends early when nobody wants the next one.
        let _ = subjects.into_par_iter().try_for_each(|subject| {
            let made = make(&for_thread, subject).map(|picture| (subject, picture));
            sender.blocking_send(made).map_err(drop)
        });
    });
    let mut stored = HashMap::with_capacity(count);
    while let Some(made) = receiver.recv().await {
        let (subject, picture) = made?;
        stored.insert(subject, store_picture(shop, picture).await?);
        if stored.len().is_multiple_of(REPORT_EVERY) {
            println!("{} of {count} pictures", stored.len());
        }
    }
    making.await.map_err(|_| SeedError::Interrupted)?;
    if stored.len() == count { Ok(stored) } else { Err(SeedError::Interrupted) }
}

fn subjects(catalogue: &Catalogue) -> Vec<Subject> {
    let categories = (0..catalogue.categories.len()).map(Subject::Category);
    let products =
        catalogue.products.iter().enumerate().flat_map(|(index, product)| {
            (0..product.pictures.len()).map(move |picture| Subject::Product(index, picture))
        });
    categories.chain(products).collect()
}

fn make(catalogue: &Catalogue, subject: Subject) -> Result<Processed, SeedError> {
    let (slug, picture): (&str, Option<DynamicImage>) = match subject {
        Subject::Category(index) => {
            let category = &catalogue.categories[index];
            (&category.slug, category.compose())
        }
        Subject::Product(index, picture) => {
            let product = &catalogue.products[index];
            (&product.slug, product.pictures[picture].compose())
        }
    };
    let picture = picture.ok_or_else(|| SeedError::NoIllustration(slug.to_owned()))?;
    process_image(&picture).map_err(|error| SeedError::Picture(slug.to_owned(), error))
}

fn new_product(
    product: &Product,
    category: CategoryId,
    picture: impl Fn(usize) -> Option<MediaId>,
    created_at: DateTime<Utc>,
) -> NewProduct {
    let options = product.options.iter().map(|option| ProductOption {
        name: option.name.clone(),
        values: option
            .values
            .iter()
            .map(|value| OptionValue { value: value.value.clone(), swatch: value.swatch.clone() })
            .collect(),
    });
    let specifications = product
        .specifications
        .iter()
        .map(|specification| Specification { name: specification.name.clone(), value: specification.value.clone() });
    let pictures =
        product.pictures.iter().enumerate().filter_map(|(index, own)| Some((picture(index)?, own.alt.clone())));
    let variations = product.variations.iter().map(|variation| NewVariation {
        sku: variation.sku.clone(),
        options: OptionValues(variation.options.clone()),
        price_modifier: variation.price_modifier,
        weight_grams: i32::try_from(product.weight_grams).unwrap_or(i32::MAX),
        tax_class: product.tax_class.as_str().to_owned(),
        picture: variation.picture.and_then(&picture),
        stock: variation.stock,
    });
    NewProduct {
        slug: product.slug.clone(),
        name: product.name.clone(),
        description: product.description.trim().to_owned(),
        category,
        base_price: Money::new(product.base_price, Currency::EUR),
        options: ProductOptions(options.collect()),
        specifications: Specifications(specifications.collect()),
        pictures: pictures.collect(),
        variations: variations.collect(),
        created_at,
    }
}
