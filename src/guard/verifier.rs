//! The verifiers of tokens, by the `kind` of their options.

use super::bearer::Verification;
use super::jwt::{self, VerifierInput};
use super::{api_key, introspection};
use crate::flow::Flow;
use crate::json::Object;

/// A checked configuration.
#[derive(Debug)]
pub enum Verifier {
    /// JWTs.
    Jwt(jwt::Options),
    /// API keys.
    ApiKeys(api_key::Options),
    /// Introspection by an authorization server.
    Introspection(introspection::Options),
}

impl Verifier {
    /// Reads the options as JavaScript writes them. The error is a sentence for the developer.
    pub fn read(text: &str) -> Result<Self, String> {
        let options = Object::read(text).map_err(|malformed| malformed.reason())?;
        match options.string("kind").as_deref() {
            Some("api-keys") => api_key::Options::read(&options).map(Self::ApiKeys),
            Some("introspection") => introspection::Options::read(&options).map(Self::Introspection),
            _ => jwt::Options::read(&options).map(Self::Jwt),
        }
    }

    /// Decides whose token a request has. Waits: those of its kind.
    pub async fn verify(&self, flow: &Flow<'_>, request: &VerifierInput<'_>) -> Verification {
        match self {
            Self::Jwt(options) => jwt::verify(flow, request, options).await,
            Self::ApiKeys(options) => api_key::verify(flow, request, options).await,
            Self::Introspection(options) => introspection::verify(flow, request, options).await,
        }
    }
}
