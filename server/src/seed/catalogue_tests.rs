//! The catalogue of the demo shop is whole and shows every case.

use std::collections::{HashMap, HashSet};

use super::*;

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[test]
fn there_is_enough_to_sell() {
    let catalogue = load();
    let variations: usize = catalogue.products.iter().map(|product| product.variations.len()).sum();
    assert!(catalogue.categories.len() >= 10);
    assert!(catalogue.products.len() >= 66);
    assert!(variations >= 220);
}

#[test]
fn slugs_and_skus_are_unique() {
    let catalogue = load();
    let mut slugs = HashSet::new();
    for category in &catalogue.categories {
        assert!(is_slug(&category.slug), "{}", category.slug);
        assert!(slugs.insert(&category.slug), "{}", category.slug);
    }
    let (mut slugs, mut names, mut skus) = (HashSet::new(), HashSet::new(), HashSet::new());
    for product in &catalogue.products {
        assert!(is_slug(&product.slug), "{}", product.slug);
        assert!(slugs.insert(&product.slug), "{}", product.slug);
        assert!(names.insert(&product.name), "{}", product.name);
        for variation in &product.variations {
            assert!(skus.insert(&variation.sku), "{}", variation.sku);
            assert!(
                variation.sku.len() <= 32
                    && variation.sku.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '-'),
                "{}",
                variation.sku
            );
        }
    }
}

#[test]
fn categories_have_two_levels_and_products_below() {
    let catalogue = load();
    let mut parents = HashMap::new();
    for category in &catalogue.categories {
        if let Some(parent) = &category.parent {
            assert_eq!(parents.get(parent), Some(&None), "the parent of {}", category.slug);
        }
        parents.insert(&category.slug, category.parent.as_ref());
        assert!(category.description.ends_with('.'), "{}", category.slug);
        assert!(illustration(&category.picture).is_some(), "{}", category.picture);
    }
    for product in &catalogue.products {
        let parent = parents.get(&product.category);
        assert!(matches!(parent, Some(Some(_))), "{} in {}", product.slug, product.category);
    }
    for (slug, parent) in &parents {
        let used = catalogue.products.iter().any(|product| product.category == **slug);
        let has_children = parents.values().any(|parent| *parent == Some(*slug));
        assert!(if parent.is_some() { used } else { has_children }, "{slug} is empty");
    }
}

#[test]
fn products_are_described() {
    let mut descriptions = HashSet::new();
    for product in &load().products {
        let slug = &product.slug;
        let length = product.description.chars().count();
        assert!((200..=1500).contains(&length), "{slug}: {length} characters");
        assert!((2..=3).contains(&product.description.split("\n\n").count()), "{slug}");
        assert!(descriptions.insert(product.description.clone()), "{slug}");
        assert!((1..=100).contains(&product.name.chars().count()), "{slug}");
        assert!((4..=7).contains(&product.specifications.len()), "{slug}");
        let names: HashSet<_> = product.specifications.iter().map(|specification| &specification.name).collect();
        assert_eq!(names.len(), product.specifications.len(), "{slug}");
        assert!(product.weight_grams > 0, "{slug}");
    }
}

#[test]
fn variations_are_valid_and_unique() {
    for product in &load().products {
        let slug = &product.slug;
        assert!(product.options.len() <= 2, "{slug}");
        assert!(product.options.iter().all(|option| option.values.len() >= 2), "{slug}");
        let combinations: usize = product.options.iter().map(|option| option.values.len()).product();
        assert_eq!(product.variations.len(), combinations, "{slug}");
        let mut seen = HashSet::new();
        for variation in &product.variations {
            assert!(seen.insert(&variation.options), "{}", variation.sku);
            assert_eq!(variation.options.len(), product.options.len(), "{}", variation.sku);
            for (chosen, option) in variation.options.iter().zip(&product.options) {
                assert!(option.values.iter().any(|value| value.value == *chosen), "{chosen} of {}", variation.sku);
            }
            assert!(product.base_price + variation.price_modifier > 0, "{}", variation.sku);
            assert!((0..=120).contains(&variation.stock), "{}", variation.sku);
            if let Some(picture) = variation.picture {
                let shown = product.pictures[picture].option_value.as_ref();
                assert!(shown.is_none_or(|shown| variation.options.contains(shown)), "{}", variation.sku);
            }
        }
    }
}

#[test]
fn stock_shows_every_case() {
    let products = load().products;
    let stocks =
        |product: &Product| -> Vec<i64> { product.variations.iter().map(|variation| variation.stock).collect() };
    let sold_out = products.iter().filter(|p| stocks(p).iter().all(|&n| n == 0)).count();
    let partly = products.iter().filter(|p| stocks(p).contains(&0) && stocks(p).iter().any(|&n| n > 0)).count();
    let low = products.iter().flat_map(stocks).filter(|n| (1..=3).contains(n)).count();
    assert!(sold_out >= 2 && partly >= 5 && low >= 10, "{sold_out}, {partly}, {low}");
}

#[test]
fn food_and_books_are_taxed_less() {
    let catalogue = load();
    for product in &catalogue.products {
        let food = catalogue
            .categories
            .iter()
            .any(|category| category.slug == product.category && category.parent.as_deref() == Some("food"));
        let book = product.slug.ends_with("-book") || product.slug == "field-guides";
        let expected = if food || book { TaxClass::Reduced } else { TaxClass::Standard };
        assert_eq!(product.tax_class, expected, "{}", product.slug);
    }
}

#[test]
fn swatches_are_colours_and_have_pictures() {
    for product in &load().products {
        for option in &product.options {
            for value in &option.values {
                let Some(swatch) = &value.swatch else { continue };
                let colour = super::super::compose::Colour::try_from(swatch.clone());
                assert!(colour.is_ok(), "{swatch}");
                assert!(
                    product.pictures.iter().any(|picture| picture.option_value.as_ref() == Some(&value.value)),
                    "{} in {}",
                    product.slug,
                    value.value
                );
            }
        }
    }
}

#[test]
fn every_product_has_two_pictures_that_exist() {
    let catalogue = load();
    let mut used: HashSet<&str> = catalogue.categories.iter().map(|category| category.picture.as_str()).collect();
    for product in &catalogue.products {
        assert!(product.pictures.len() >= 2, "{}", product.slug);
        for picture in &product.pictures {
            used.insert(&picture.illustration);
            assert!(illustration(&picture.illustration).is_some(), "{}", picture.illustration);
            assert!((5..=150).contains(&picture.alt.chars().count()), "{}", picture.alt);
            assert!(
                picture.option_value.is_none()
                    || product
                        .options
                        .iter()
                        .flat_map(|option| &option.values)
                        .any(|value| { Some(&value.value) == picture.option_value.as_ref() }),
                "{}",
                picture.alt
            );
        }
    }
    let unused: Vec<_> = ILLUSTRATIONS.iter().filter(|name| !used.contains(**name)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn illustrations_can_be_decoded() {
    for name in ILLUSTRATIONS {
        assert!(decode(name).is_some(), "{name}");
    }
    assert!(illustration("../compose").is_none());
}

#[test]
fn pictures_are_composed() {
    let catalogue = load();
    let picture = catalogue.products[0].pictures[0].compose().expect("an illustration");
    assert_eq!((picture.width(), picture.height()), (960, 960));
    assert!(catalogue.categories[0].compose().is_some());
}
