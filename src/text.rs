//! Searching short texts for short ones. The library's own search is made for long ones, and costs every module 3 KB.

use std::collections::{BTreeSet, BinaryHeap};

/// Where `what` begins in `text`.
#[must_use]
pub fn find(text: &str, what: &str) -> Option<usize> {
    (0..=text.len()).find(|at| text.as_bytes().get(*at..).is_some_and(|rest| rest.starts_with(what.as_bytes())))
}

/// What is before the first `what` in `text`, and what is behind it.
#[must_use]
pub fn around<'a>(text: &'a str, what: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, what)?;
    Some((text.get(..at)?, text.get(at + what.len()..)?))
}

/// `items`, each once, in their order. Takes time in proportion to their number, but for a logarithm: they may be a stranger's.
#[must_use]
pub fn distinct<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut seen = BTreeSet::new();
    items.filter(|item| seen.insert(item.clone())).collect()
}

/// One of `names` that is there twice, if any is. Takes time in proportion to their length, but for a logarithm.
#[must_use]
pub fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut names = names.collect::<BinaryHeap<_>>();
    let mut last = names.pop()?;
    while let Some(name) = names.pop() {
        if name == last {
            return Some(name);
        }
        last = name;
    }
    None
}

/// True if `text` has this character, which must be ASCII.
#[must_use]
pub fn has(text: &str, character: u8) -> bool {
    text.as_bytes().contains(&character)
}

/// Somebody else's words as they may stand in a log: one line, at most 200 characters, none of which turns the direction of
/// text (Unicode `Bidi_Control`) or is invisible.
#[must_use]
pub fn plain(text: &str) -> String {
    let is_unfit = |char: char| {
        char.is_control()
            || matches!(char, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().take(200).map(|char| if is_unfit(char) { ' ' } else { char }).collect()
}
