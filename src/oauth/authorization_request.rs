//! A validated authorization request (RFC 6749 §4.1.1), and its response.

use serde::{Deserialize, Serialize};

use super::client::{Auth, Client, Proof};
use super::error::Code;
use super::{Endpoint, ServerConfig};
use crate::http::form;

/// A validated authorization request on its way to a code. It is sealed in the consent form, then stored in the
/// transaction's object, and finally in the grant's: everything in it was true when the person was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationRequest {
    /// The client's identifier.
    pub client: String,
    /// The client's name for itself.
    pub name: String,
    /// How the client must authenticate when it redeems the code.
    pub auth: Auth,
    /// The redirect URI.
    pub redirect: String,
    /// `state`, for the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// The S256 code challenge.
    pub challenge: String,
    /// The scopes that may be granted: requested, and known here.
    pub scopes: Vec<String>,
    /// The canonical resource.
    pub resource: String,
    /// The issuer that the client addressed; tokens name it.
    pub issuer: String,
    /// Whether the person must be asked, and with which account.
    pub prompt: Prompt,
}

/// What the request wants the person to be asked (`prompt` of `OpenID` Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prompt {
    /// Whatever is necessary.
    #[default]
    Usual,
    /// `consent`: the full page, whatever was approved before.
    Consent,
    /// `select_account` or `login`: another account, too.
    Account,
}

impl Prompt {
    pub(crate) fn read(prompt: Option<&str>) -> Self {
        let has = |wanted| prompt.is_some_and(|prompt| prompt.split(' ').any(|word| word == wanted));
        if has("select_account") || has("login") {
            Self::Account
        } else if has("consent") {
            Self::Consent
        } else {
            Self::Usual
        }
    }
}

impl AuthorizationRequest {
    /// The redirect URI with the response (RFC 6749 §4.1.2, RFC 9207).
    #[must_use]
    pub fn answer(&self, pairs: &[(&str, &str)]) -> String {
        respond(&self.redirect, self.state.as_deref(), &self.issuer, pairs)
    }

    /// The client, as far as the request describes it.
    pub(crate) fn as_client(&self) -> Client {
        let (id, name, auth) = (self.client.clone(), self.name.clone(), self.auth.clone());
        Client { proof: Proof::of(&id), id, name, auth, redirects: vec![self.redirect.clone()], created: 0 }
    }

    /// The same request for a person who wants to use another account: a path on this server.
    pub(crate) fn switching(&self, config: &ServerConfig) -> String {
        let scopes = self.scopes.join(" ");
        let mut pairs = vec![("response_type", "code"), ("client_id", &self.client), ("redirect_uri", &self.redirect)];
        pairs.extend(self.state.as_deref().map(|state| ("state", state)));
        pairs.extend([("code_challenge", self.challenge.as_str()), ("code_challenge_method", "S256")]);
        pairs.extend([("scope", scopes.as_str()), ("resource", &self.resource), ("prompt", "select_account")]);
        form::extend(config.path(Endpoint::Authorize), &pairs)
    }

    /// The redirect URI with an error.
    #[must_use]
    pub fn failed(&self, code: Code, description: &str) -> String {
        self.answer(&[("error", code.name()), ("error_description", description)])
    }
}

pub(crate) fn respond(redirect: &str, state: Option<&str>, issuer: &str, pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.extend(state.map(|state| ("state", state)));
    pairs.push(("iss", issuer));
    form::extend(redirect, &pairs)
}
