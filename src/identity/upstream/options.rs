//! The options that all handlers have.

use super::allow::{Allow, RuleList};
use super::scopes::ScopeDescriptions;
use crate::http::host::{authority_of, host_of, is_loopback};
use crate::http::scope;
use crate::json::{Object, Value};

/// The operator's configuration that is the same for all providers.
#[derive(Clone, Debug)]
pub struct Options {
    /// The handler's name in typed subjects.
    pub name: String,
    /// Our identifier at the provider.
    pub client_id: String,
    /// Our secret there; none for a public client.
    pub client_secret: Option<String>,
    /// The scopes that we request there.
    pub scopes: Vec<String>,
    /// True if the operator's `context` creates the props.
    pub context: bool,
    /// Who may sign in.
    pub allow: Allow,
}

impl Options {
    /// Reads them; `default_scopes` apply if none are given, `known` is what rules can be about.
    pub fn read(
        config: &Object<'_>,
        default: &str,
        default_scopes: &[&str],
        known: &[RuleList],
    ) -> Result<Self, String> {
        let name = config.string("name").map_or_else(|| default.into(), String::from);
        let is_name = |text: &str| {
            (1..=32).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        };
        if !is_name(&name) {
            return Err(
                "name must be 1 to 32 lowercase letters, digits and hyphens: it is part of every subject.".into()
            );
        }
        let client_id = config.string("clientId").filter(|id| !id.is_empty() && id.trim() == id);
        let client_id = client_id.ok_or(
            "clientId is missing or empty. Set it to the client ID that the provider issued to your app: a string, or (env) => env.…",
        )?;
        let client_secret = match config.string("clientSecret") {
            Some(secret) if secret.is_empty() || secret.trim() != secret => {
                return Err(
                    "clientSecret is empty, or has surrounding spaces. Set the secret with: npx wrangler secret put"
                        .into(),
                );
            }
            secret => secret.map(String::from),
        };
        Ok(Self {
            name,
            client_id: client_id.into(),
            client_secret,
            scopes: texts(config, "scopes")?
                .unwrap_or_else(|| default_scopes.iter().map(|scope| String::from(*scope)).collect()),
            context: config.get("context").is_some_and(Value::is_true),
            allow: Allow::read(config.get("allow"), known)?,
        })
    }

    /// Adds a scope that the configuration requires.
    pub(super) fn need(&mut self, scope: &str) {
        if !self.scopes.iter().any(|other| other == scope) {
            self.scopes.push(scope.into());
        }
    }

    /// The scopes with their descriptions, for the consent page.
    pub(super) fn described(&self, known: ScopeDescriptions) -> Vec<(String, Option<&'static str>)> {
        self.scopes.iter().map(|scope| (scope.clone(), known.sentence(scope))).collect()
    }
}

/// The option `name`, a list of scopes (RFC 6749, 3.3): visible ASCII without quotes.
fn texts(config: &Object<'_>, name: &str) -> Result<Option<Vec<String>>, String> {
    let Some(value) = config.get(name) else { return Ok(None) };
    let entries = value.array().ok().and_then(|entries| {
        let entries =
            entries.into_iter().map(|entry| entry.string().filter(|text| scope::is_token(text)).map(String::from));
        entries.collect::<Option<Vec<_>>>()
    });
    entries.map(Some).ok_or_else(|| format!("{name} must be a list of scopes without spaces or quotes."))
}

/// A URL that may be an endpoint: https, or http on this computer; with a host, without credentials, fragment or white
/// space.
#[must_use]
pub(super) fn is_endpoint(url: &str) -> bool {
    let authority = authority_of(url);
    let is_clean =
        url.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>'));
    is_clean
        && !authority.contains('@')
        && host_of(authority).is_some_and(|host| !host.is_empty())
        && (url.starts_with("https://") || (url.starts_with("http://") && is_loopback(authority)))
}

/// The option `name`, a URL that may be an endpoint, without a trailing slash.
pub(super) fn url(config: &Object<'_>, name: &str) -> Result<Option<String>, String> {
    match config.string(name) {
        None => Ok(None),
        Some(url) if is_endpoint(&url) && !url.contains('?') => Ok(Some(url.trim_end_matches('/').into())),
        Some(_) => Err(format!("{name} must be an https URL without a query, such as https://login.example.com.")),
    }
}
