//! What is there once. Both take time in proportion to the number of items, but for a logarithm: they may be a stranger's.

use std::collections::BTreeSet;

/// `items`, each once, in their order.
#[must_use]
pub fn distinct<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// The first of `names` that has been there before, if any has.
#[must_use]
pub fn repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}
