//! Client authentication (RFC 6749 §2.3): once, by one method, according to the registration.

use serde::{Deserialize, Serialize};

use super::{Auth, presented_hash};
use crate::crypto::base64;
use crate::http::form::{Params, decoded};
use crate::oauth::Request;
use crate::oauth::error::{Code as Error, OAuthError};

/// The client's identifier, and the hash of its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PresentedCredentials {
    pub(crate) id: String,
    pub(crate) secret: Option<String>,
}

impl PresentedCredentials {
    /// Reads a client's credentials (RFC 6749 §2.3.1): once, and by one method.
    pub(crate) fn read(request: &Request<'_>, params: &Params) -> Result<Self, OAuthError> {
        let wrong = |description| Err(OAuthError::new(Error::InvalidRequest, description));
        let (id, secret) = (params.get("client_id"), params.get("client_secret"));
        let Some(authorization) = request.authorization.as_deref() else {
            let Some(id) = id else {
                return Err(OAuthError::new(Error::InvalidClient, "client_id is missing."));
            };
            return Ok(Self { id: id.into(), secret: secret.map(|secret| presented_hash(id, secret)) });
        };
        let Some((named, shown)) = basic(authorization) else {
            return Err(OAuthError::new(
                Error::InvalidClient,
                "Authorization must be Basic with client_id and client_secret.",
            ));
        };
        if secret.is_some() {
            return wrong("The client uses two authentication methods: use one.");
        }
        if id.is_some_and(|id| id != named) {
            return wrong("client_id and Authorization name different clients.");
        }
        let secret = Some(presented_hash(&named, &shown)).filter(|_| !shown.is_empty());
        Ok(Self { id: named, secret })
    }

    /// Whether it is this client, and has authenticated correctly.
    pub(crate) fn is(&self, client: &str, auth: &Auth) -> bool {
        self.id == client && auth.accepts(self.secret.as_deref())
    }
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they become Basic credentials.
pub(crate) fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    let credentials = String::from_utf8(base64::decode(credentials.trim())?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((decoded(id).filter(|id| !id.is_empty())?, decoded(secret)?))
}

pub(crate) fn unknown_client() -> OAuthError {
    OAuthError::new(Error::InvalidClient, "The client is unknown, or did not authenticate.")
}
