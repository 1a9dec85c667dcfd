//! Scopes (RFC 6749 §3.3).

/// True for one scope token: visible ASCII without quote and backslash.
#[must_use]
pub fn is_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Reads a list of scopes, each of which stands there once; nothing if the grammar is wrong.
#[must_use]
pub fn parse(text: &str) -> Option<Vec<String>> {
    let mut scopes = Vec::<String>::new();
    for scope in text.split(' ') {
        if !is_token(scope) {
            return None;
        }
        if !scopes.iter().any(|other| other == scope) {
            scopes.push(scope.to_owned());
        }
    }
    Some(scopes)
}

/// What of `wanted` is in `allowed`, in the order wanted.
#[must_use]
pub fn within(wanted: &[String], allowed: &[String]) -> Vec<String> {
    wanted.iter().filter(|scope| allowed.contains(scope)).cloned().collect()
}
