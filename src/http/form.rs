//! `application/x-www-form-urlencoded` (WHATWG URL §5): queries and form bodies.

use std::borrow::Cow;

use crate::unique::repeated;

/// More parameters than any request of ours has.
const MAX_PARAMS: usize = 64;

/// The parameters of a request. No name is repeated, except those that may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

/// Why a text is not a list of parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// An invalid escape, or bytes that are not UTF-8.
    Encoding,
    /// More than 64 parameters.
    TooMany,
}

impl Params {
    /// Reads a query or a form body.
    pub fn read(text: &str) -> Result<Self, Malformed> {
        let mut params = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            params.push((decoded(name).ok_or(Malformed::Encoding)?, decoded(value).ok_or(Malformed::Encoding)?));
        }
        if params.len() > MAX_PARAMS { Err(Malformed::TooMany) } else { Ok(Self(params)) }
    }

    /// The value of `name`. RFC 6749 §3.1: a parameter without a value counts as absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// All values of `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| *other == *name).map(|(_, value)| value.as_str())
    }

    /// A name that is repeated, except those in `repeatable`.
    #[must_use]
    pub fn repeated(&self, repeatable: &[&str]) -> Option<&str> {
        let names = self.0.iter().map(|(name, _)| name.as_str());
        repeated(names.filter(|name| !repeatable.contains(name)))
    }
}

/// One name or value.
#[must_use]
pub fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// `text` encoded for a query or a form.
#[must_use]
pub fn encode(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if text.bytes().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if is_plain(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.extend(
                [byte >> 4, byte & 15]
                    .into_iter()
                    .filter_map(|nibble| char::from_digit(nibble.into(), 16).map(|digit| digit.to_ascii_uppercase())),
            );
        }
    }
    Cow::Owned(encoded)
}

/// `pairs` as a query or a form body.
#[must_use]
pub fn write(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| [encode(name), encode(value)].join("="));
    pairs.collect::<Vec<_>>().join("&")
}

/// `url` with `pairs` added to its query.
#[must_use]
pub fn extend(url: &str, pairs: &[(&str, &str)]) -> String {
    let (before, fragment) = url.split_once('#').map_or((url, None), |(before, fragment)| (before, Some(fragment)));
    let mark = match before.find('?') {
        None => "?",
        Some(_) if before.ends_with(['?', '&']) => "",
        Some(_) => "&",
    };
    let mut extended = [before, mark, &write(pairs)].concat();
    if let Some(fragment) = fragment {
        extended.push('#');
        extended.push_str(fragment);
    }
    extended
}
