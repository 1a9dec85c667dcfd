//! The syntax of scopes (RFC 6749 §3.3).

/// True for one scope token: visible ASCII without quote and backslash.
#[must_use]
pub fn is_token(scope: &str) -> bool {
    !scope.is_empty() && scope.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}
