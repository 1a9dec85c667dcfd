//! E-mail addresses, as people type them and as they are looked up.

/// The form in which addresses are compared: without upper case. Providers tell `Ann@` and `ann@` apart in theory only, and
/// two accounts for one mailbox would be a way into the other.
#[must_use]
pub fn fold(email: &str) -> String {
    email.trim().to_lowercase()
}
