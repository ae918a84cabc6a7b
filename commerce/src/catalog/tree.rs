//! The tree of categories, small enough to be kept in memory.

use super::CategoryId;
use crate::media::Picture;
use std::collections::HashMap;

/// A category.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// Which category.
    pub id: CategoryId,
    /// What it is part of.
    pub parent: Option<CategoryId>,
    /// Its address below `/c/`.
    pub slug: String,
    /// What it is called.
    pub name: String,
    /// A sentence about it.
    pub description: String,
    /// Its picture.
    pub picture: Option<Picture>,
}

/// All categories, in the order in which they are shown.
#[derive(Clone, Debug, Default)]
pub struct CategoryTree {
    categories: Vec<Category>,
    by_id: HashMap<CategoryId, usize>,
    by_slug: HashMap<String, usize>,
}

impl CategoryTree {
    /// Builds the tree from its categories, siblings in the order given.
    pub fn new(categories: Vec<Category>) -> Self {
        let indexed = || categories.iter().enumerate();
        Self {
            by_id: indexed().map(|(index, category)| (category.id, index)).collect(),
            by_slug: indexed().map(|(index, category)| (category.slug.clone(), index)).collect(),
            categories,
        }
    }

    /// The category with this identifier.
    pub fn get(&self, id: CategoryId) -> Option<&Category> {
        self.by_id.get(&id).map(|index| &self.categories[*index])
    }

    /// The category at this address.
    pub fn by_slug(&self, slug: &str) -> Option<&Category> {
        self.by_slug.get(slug).map(|index| &self.categories[*index])
    }

    /// The categories that are part of no other.
    pub fn roots(&self) -> impl Iterator<Item = &Category> {
        self.categories.iter().filter(|category| category.parent.is_none())
    }

    /// The categories directly below one.
    pub fn children(&self, id: CategoryId) -> impl Iterator<Item = &Category> {
        self.categories.iter().filter(move |category| category.parent == Some(id))
    }

    /// The way from the root down to a category, itself last.
    pub fn path(&self, id: CategoryId) -> Vec<&Category> {
        let mut path = Vec::new();
        let mut next = self.get(id);
        // A loop in the data must not become a loop here.
        while let Some(category) = next.filter(|_| path.len() < self.categories.len()) {
            path.push(category);
            next = category.parent.and_then(|parent| self.get(parent));
        }
        path.reverse();
        path
    }
}
