//! Equivalent spellings of a URI (RFC 3986 §6.2.2, §6.2.3).
//!
//! **Threat.** A URI that is spelled differently from the resource it means, so that it is found under another name,
//! with other permissions.
//! **Guarantee.** All spellings of one URI lead to what is registered under any of them: letter case of scheme, host
//! and percent-encoding, encoded unreserved characters, dot segments, the scheme's default port, and a path of `/`
//! after a host. Characters that no URI may contain are equal to their percent-encoding (RFC 3987 §3.1).
//! **Not guaranteed.** Equivalences that only a scheme defines.

use core::ops::Range;
use std::borrow::Cow;

/// Default ports.
const PORTS: [(&str, &str); 5] = [("http", "80"), ("https", "443"), ("ws", "80"), ("wss", "443"), ("ftp", "21")];

/// The canonical spelling, by which resources are compared.
#[must_use]
pub fn canonical(uri: &str) -> String {
    let mut uri = encoded(&spelled(uri)).into_owned();
    if let Some(host) = host(&uri)
        && let Some(host) = uri.get_mut(host)
    {
        host.make_ascii_lowercase();
    }
    match path(&uri) {
        Some(path) if uri.get(path.clone()) == Some("/") => {
            [uri.get(..path.start), uri.get(path.end..)].into_iter().flatten().collect()
        }
        _ => uri,
    }
}

/// The same, but with the host's letter case, the path and the characters as written: what handlers get as the URI.
#[must_use]
pub fn spelled(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once(':') else { return uri.into() };
    let scheme = scheme.to_ascii_lowercase();
    let rest = normal(rest);
    let Some(rest) = rest.strip_prefix("//") else { return [&scheme, ":", &without_dots(&rest)].concat() };
    let (authority, rest) = rest.split_at_checked(end_of(rest, b"/?#")).unwrap_or((rest, ""));
    [&scheme, "://", without_port(&scheme, authority), &without_dots(rest)].concat()
}

/// The other spelling that the same URI may have: with `/` as its path, or without.
#[must_use]
pub fn by_path(uri: &str) -> Option<String> {
    let path = path(uri)?;
    let (before, behind) = (uri.get(..path.start)?, uri.get(path.end..)?);
    match uri.get(path)? {
        "" => Some([before, "/", behind].concat()),
        "/" => Some([before, behind].concat()),
        _ => None,
    }
}

/// The template's text in the spelling of the URIs that are matched with it.
#[must_use]
pub fn template(template: &str) -> String {
    let mut normalized = String::with_capacity(template.len());
    let mut rest = template;
    while !rest.is_empty() {
        let (literal, after) = rest.split_at_checked(rest.find('{').unwrap_or(rest.len())).unwrap_or((rest, ""));
        if normalized.is_empty() && end_of_authority(literal).is_some_and(|end| end < literal.len()) {
            // The beginning is normalized like that of a URI.
            normalized.push_str(&spelled(literal));
        } else if normalized.is_empty()
            && let Some((scheme, literal)) = literal.split_once(':')
        {
            normalized.push_str(&scheme.to_ascii_lowercase());
            normalized.push(':');
            normalized.push_str(&normal(literal));
        } else {
            normalized.push_str(&normal(literal));
        }
        let (expression, after) =
            after.split_at_checked(after.find('}').map_or(after.len(), |end| end + 1)).unwrap_or((after, ""));
        normalized.push_str(expression);
        rest = after;
    }
    normalized
}

/// Where the host stands in a URI, if it has one.
#[must_use]
pub fn host(uri: &str) -> Option<Range<usize>> {
    let end = end_of_authority(uri)?;
    let start = uri.find("://")? + 3;
    let authority = uri.get(start..end)?;
    let start = start + authority.rfind('@').map_or(0, |at| at + 1);
    Some(start..end)
}

/// The path of a URI that has a host.
fn path(uri: &str) -> Option<Range<usize>> {
    let start = end_of_authority(uri)?;
    Some(start..start + end_of(uri.get(start..)?, b"?#"))
}

fn end_of_authority(uri: &str) -> Option<usize> {
    let (scheme, rest) = uri.split_once("://")?;
    let is_scheme = !scheme.is_empty()
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    is_scheme.then(|| scheme.len() + 3 + end_of(rest, b"/?#"))
}

fn end_of(text: &str, ends: &[u8]) -> usize {
    text.bytes().position(|byte| ends.contains(&byte)).unwrap_or(text.len())
}

fn without_port<'a>(scheme: &str, authority: &'a str) -> &'a str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.is_empty() || PORTS.contains(&(scheme, port)) => host,
        _ => authority,
    }
}

/// Percent-encoding in upper case, and only if it means something; characters that no URI may contain are encoded.
fn normal(text: &str) -> String {
    let mut normalized = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let hex = |range| rest.get(range).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        let is_hex = rest.get(1..3).is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let mut length = character.len_utf8();
        match hex(1..3).filter(|_| character == '%' && is_hex) {
            Some(byte) => {
                length = 3;
                if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                    normalized.push(byte.into());
                } else {
                    encode(&mut normalized, byte);
                }
            }
            None if is_no_uris(character) => {
                rest.get(..length).unwrap_or_default().bytes().for_each(|byte| encode(&mut normalized, byte));
            }
            None => normalized.push(character),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    normalized
}

/// True for a character that neither a URI nor an IRI may contain (RFC 3987 §2.2).
fn is_no_uris(character: char) -> bool {
    character.is_control()
        || character.is_whitespace()
        || matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
}

/// An IRI as a URI (RFC 3987 §3.1).
#[must_use]
pub fn encoded(iri: &str) -> Cow<'_, str> {
    if iri.is_ascii() {
        return iri.into();
    }
    let mut uri = String::with_capacity(iri.len() * 2);
    for byte in iri.bytes() {
        if byte.is_ascii() { uri.push(byte.into()) } else { encode(&mut uri, byte) }
    }
    uri.into()
}

fn encode(to: &mut String, byte: u8) {
    to.push('%');
    to.extend(
        [byte >> 4, byte & 15]
            .into_iter()
            .filter_map(|nibble| char::from_digit(nibble.into(), 16))
            .map(|digit| digit.to_ascii_uppercase()),
    );
}

/// The path without its dot segments, if it begins with `/` (RFC 3986 §5.2.4). One that leads above its root is
/// unchanged, and no template matches it.
fn without_dots(text: &str) -> Cow<'_, str> {
    let end = end_of(text, b"?#");
    let (path, behind) = text.split_at_checked(end).unwrap_or((text, ""));
    let is_dots = |segment: &str| matches!(segment, "." | "..");
    if !path.starts_with('/') || !path.split('/').any(is_dots) {
        return text.into();
    }
    let mut kept = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." => {}
            ".." if kept.is_empty() => return text.into(),
            ".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
        if is_last && is_dots(segment) {
            kept.push("");
        }
    }
    ["/", &kept.join("/"), behind].concat().into()
}
