//! Client metadata (RFC 7591 §2), as a client registers it or describes itself at a URL.

use crate::json::{Object, Value};
use crate::oauth::redirect;
use crate::unique::distinct;

const MAX_NAME: usize = 200;

/// The valid redirect URIs in a member of client metadata, without duplicates; `None` if it is no list. Others are
/// ignored.
pub(crate) fn usable(asked: Option<Value<'_>>, schemes: &[String]) -> Option<Vec<String>> {
    let asked = asked?.array().ok()?;
    let uris = distinct(asked.iter().filter_map(|uri| uri.string()));
    Some(uris.into_iter().filter(|uri| redirect::judge(uri, schemes).is_some()).map(Into::into).collect())
}

/// The name for people: the client's own, without invisible characters and at most 200 characters long, or else `host`.
pub(crate) fn named<'a>(name: Option<&str>, host: impl FnOnce() -> &'a str) -> String {
    let name = name.map(presentable).unwrap_or_default();
    let name = name.chars().take(MAX_NAME).collect::<String>();
    if name.is_empty() { host().to_owned() } else { name }
}

/// A member of client metadata that has a value; `null` and `""` count as absent.
pub(crate) fn member<'a>(metadata: &Object<'a>, name: &str) -> Option<Value<'a>> {
    metadata.get(name).filter(|value| !matches!(value.text(), "null" | r#""""#))
}

/// `name` without characters that are invisible or change the direction of text, and without white space at its ends.
#[must_use]
pub fn presentable(name: &str) -> String {
    let is_seen = |character: &char| {
        !character.is_control()
            && !matches!(*character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    name.chars().filter(is_seen).collect::<String>().trim().to_owned()
}
