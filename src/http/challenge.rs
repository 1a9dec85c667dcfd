//! The challenge that tells a client how to obtain a token, or one with more scopes (RFC 6750 §3, RFC 9728 §5.1).

/// The parameters of `WWW-Authenticate`. The texts are ours or the operator's, never a caller's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Challenge<'a> {
    /// The error's code; none where the request had no token at all (RFC 6750 §3.1).
    pub error: Option<&'a str>,
    /// The error in words, for the client's developer.
    pub description: Option<&'a str>,
    /// All scopes that the operation needs, separated by spaces.
    pub scope: Option<&'a str>,
    /// The URL of the protected resource metadata, which says where to get a token.
    pub metadata: Option<&'a str>,
}

impl Challenge<'_> {
    /// The header's value.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::from("Bearer");
        let mut first = true;
        let parameters = [
            ("error", self.error),
            ("error_description", self.description),
            ("scope", self.scope.filter(|scope| !scope.is_empty())),
            ("resource_metadata", self.metadata),
        ];
        for (name, value) in parameters {
            let Some(value) = value else { continue };
            text.push_str(if first { " " } else { ", " });
            first = false;
            text.push_str(name);
            text.push_str("=\"");
            push_escaped(&mut text, value);
            text.push('"');
        }
        text
    }
}

/// A quoted string (RFC 9110 §5.6.4) of printable ASCII; other characters are omitted.
fn push_escaped(to: &mut String, value: &str) {
    for character in value.chars().filter(|character| matches!(character, ' '..='~')) {
        if matches!(character, '"' | '\\') {
            to.push('\\');
        }
        to.push(character);
    }
}
