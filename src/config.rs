//! The configuration of one core, as JavaScript passes it.

use serde::Deserialize;

use crate::http::origin::OriginPolicy;

/// The members of the configuration. Options that people write cross as JSON text, whose reader names the option in its error.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "CoreConfig"))]
pub struct Config {
    /// Origins and host names in addition to the defaults.
    pub origins: OriginPolicy,
    /// The server's secrets, `current,previous,…` ([`crate::crypto::Keys::parse`]).
    pub keys: Option<String>,
    /// True if there are no `keys` here, but there may be some in the keyring.
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub keyring: bool,
    /// The authorization server's set-up (`src/oauth/config.rs`).
    #[cfg(feature = "oauth")]
    pub oauth: Option<String>,
    /// The same, but only checked; nobody can sign in with it.
    #[cfg(feature = "oauth")]
    pub set_up: Option<String>,
    /// A verifier's options ([`crate::guard::verifier`]).
    #[cfg(feature = "jwt")]
    pub verifier: Option<String>,
}
