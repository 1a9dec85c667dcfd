//! OAuth errors in responses (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).

use serde::{Deserialize, Serialize};

use crate::http::Answer;

/// An error code, with the status of its response unless that is a redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The client is unknown or has not authenticated.
    InvalidClient,
    /// A code or refresh token that has expired, was used or revoked, or belongs to another client.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// The grant type is not supported.
    UnsupportedGrantType,
    /// The response type is not supported.
    UnsupportedResponseType,
    /// Scopes that are malformed, unknown, or more than was granted.
    InvalidScope,
    /// A resource that is not ours, or not the grant's.
    InvalidTarget,
    /// The person, or the upstream, has refused.
    AccessDenied,
    /// Something in the server or its configuration does not work.
    ServerError,
    /// Something is unavailable at the moment.
    TemporarilyUnavailable,
    /// A redirect URI that may not be registered.
    InvalidRedirectUri,
    /// Other client metadata that may not be registered.
    InvalidClientMetadata,
    /// Request objects (RFC 9101) are not supported.
    RequestNotSupported,
    /// References to them are not supported either.
    RequestUriNotSupported,
    /// A person must be asked, and the client forbids it.
    InteractionRequired,
    /// A token of a kind that cannot be revoked.
    UnsupportedTokenType,
    /// Too many requests.
    SlowDown,
}

impl Code {
    /// All codes.
    pub const EVERY: [Self; 18] = [
        Self::InvalidRequest,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::UnauthorizedClient,
        Self::UnsupportedGrantType,
        Self::UnsupportedResponseType,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::AccessDenied,
        Self::ServerError,
        Self::TemporarilyUnavailable,
        Self::InvalidRedirectUri,
        Self::InvalidClientMetadata,
        Self::RequestNotSupported,
        Self::RequestUriNotSupported,
        Self::InteractionRequired,
        Self::UnsupportedTokenType,
        Self::SlowDown,
    ];

    /// Its name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::InteractionRequired => "interaction_required",
            Self::UnsupportedTokenType => "unsupported_token_type",
            Self::SlowDown => "slow_down",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::ServerError => 500,
            Self::TemporarilyUnavailable => 503,
            Self::SlowDown => 429,
            _ => 400,
        }
    }
}

/// An error with its text for the client's developer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// The code.
    pub code: Code,
    /// `error_description`: what is wrong and the fix; contains no secrets.
    pub description: &'static str,
    /// `Retry-After`, in seconds, if trying again helps.
    pub retry: u64,
}

impl OAuthError {
    /// An error.
    #[must_use]
    pub fn new(code: Code, description: &'static str) -> Self {
        Self { code, description, retry: 5 }
    }

    /// Too many requests: try again in `seconds`.
    #[must_use]
    pub fn slow_down(seconds: u64) -> Self {
        let description = "Too many requests. Wait for the number of seconds in Retry-After, then try again.";
        Self { code: Code::SlowDown, description, retry: seconds }
    }

    /// The response, unless that is a redirect. `basic`: the client tried `Authorization: Basic`.
    #[must_use]
    pub fn answer(&self, basic: bool) -> Answer {
        let answer = unstored(Answer::error(self.code.status(), self.code.name(), self.description))
            .refusing(self.code.name(), self.description);
        match self.code {
            Code::InvalidClient if basic => answer.with("www-authenticate", "Basic realm=\"token\""),
            Code::TemporarilyUnavailable | Code::SlowDown => answer.with("retry-after", self.retry.to_string()),
            _ => answer,
        }
    }
}

/// RFC 6749 §5.1: responses with tokens or client credentials must not be stored by caches.
#[must_use]
pub fn unstored(answer: Answer) -> Answer {
    answer.with("cache-control", "no-store").with("pragma", "no-cache")
}

/// Something is unavailable at the moment: never an error that would make a client discard its tokens.
#[must_use]
pub fn unavailable() -> OAuthError {
    OAuthError::new(Code::TemporarilyUnavailable, "The server's storage is unavailable. Try again in a moment.")
}
