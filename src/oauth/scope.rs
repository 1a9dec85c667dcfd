//! Scopes (RFC 6749 §3.3).

use std::collections::BTreeSet;

pub use crate::http::scope::is_token;
use crate::unique::distinct;

/// Reads a list of scopes, without duplicates; `None` if one of them is not a scope. Repeated, leading and trailing
/// spaces are ignored.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<String>> {
    let scopes = distinct(text.split_ascii_whitespace());
    scopes.into_iter().map(|scope| is_token(scope).then(|| scope.to_owned())).collect()
}

/// The scopes of `wanted` that are in `allowed`, in the order of `wanted`.
#[must_use]
pub fn within(wanted: &[String], allowed: &[String]) -> Vec<String> {
    let allowed = allowed.iter().collect::<BTreeSet<_>>();
    wanted.iter().filter(|scope| allowed.contains(scope)).cloned().collect()
}
