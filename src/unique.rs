//! Removing and finding duplicates, in time that is almost proportional to the number of items, because they may be
//! untrusted.

use std::collections::BTreeSet;

/// `items`, each once, in their order.
#[must_use]
pub fn distinct<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// The first of `names` that has occurred before, if any.
#[must_use]
pub fn repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}
