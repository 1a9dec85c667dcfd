//! The errors of OAuth on the wire (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).

use crate::http::Answer;
use crate::json::{object, quoted};

/// An error code, with the status it has where it is no redirect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// A parameter is missing, doubled or malformed.
    InvalidRequest,
    /// Who the client is, is unknown or not proven.
    InvalidClient,
    /// A code or refresh token that is over, used, revoked or another's.
    InvalidGrant,
    /// The client may not do this.
    UnauthorizedClient,
    /// There is no such grant type here.
    UnsupportedGrantType,
    /// There is no such response type here.
    UnsupportedResponseType,
    /// Scopes that are malformed, unknown, or more than was granted.
    InvalidScope,
    /// A resource that is not ours, or not the one of the grant.
    InvalidTarget,
    /// The person, or the upstream, said no.
    AccessDenied,
    /// Something of ours, or of the set-up, does not work.
    ServerError,
    /// Something does not answer at present.
    TemporarilyUnavailable,
    /// A redirect URI that may not be registered.
    InvalidRedirectUri,
    /// Other client metadata that may not be registered.
    InvalidClientMetadata,
    /// Request objects (RFC 9101) are not taken.
    RequestNotSupported,
    /// Neither are references to them.
    RequestUriNotSupported,
    /// A person has to be asked, and the client forbids it.
    InteractionRequired,
    /// A token of a kind that cannot be revoked.
    UnsupportedTokenType,
    /// Too many requests.
    SlowDown,
}

impl Code {
    const ALL: [Self; 7] = [
        Self::SlowDown,
        Self::InvalidClient,
        Self::InvalidGrant,
        Self::InvalidScope,
        Self::InvalidTarget,
        Self::InvalidRequest,
        Self::TemporarilyUnavailable,
    ];

    /// All of them.
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

    /// The codes that an object may answer with.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
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
pub struct Failed {
    /// The code.
    pub code: Code,
    /// `error_description`: what is wrong and how to put it right; nothing of anybody's secrets.
    pub description: &'static str,
    /// `Retry-After`, in seconds, where trying again helps.
    pub retry: u64,
}

impl Failed {
    /// An error.
    #[must_use]
    pub fn new(code: Code, description: &'static str) -> Self {
        Self { code, description, retry: 5 }
    }

    /// Too many requests: try again in `seconds`.
    #[must_use]
    pub fn slow_down(seconds: u64) -> Self {
        let description = "Too many requests. Wait for as many seconds as Retry-After says, then try again.";
        Self { code: Code::SlowDown, description, retry: seconds }
    }

    /// The answer where the error is no redirect. `basic`: the client tried `Authorization: Basic`.
    #[must_use]
    pub fn answer(&self, basic: bool) -> Answer {
        let body = object(&[("error", &quoted(self.code.name())), ("error_description", &quoted(self.description))]);
        let answer = unstored(Answer::json(self.code.status(), body)).refusing(self.code.name(), self.description);
        match self.code {
            Code::InvalidClient if basic => answer.with("www-authenticate", "Basic realm=\"token\""),
            Code::TemporarilyUnavailable | Code::SlowDown => answer.with("retry-after", self.retry.to_string()),
            _ => answer,
        }
    }
}

/// RFC 6749 §5.1: what has tokens or client credentials is not stored by anybody on the way.
#[must_use]
pub fn unstored(answer: Answer) -> Answer {
    answer.with("cache-control", "no-store").with("pragma", "no-cache")
}

/// Something does not answer at present: never an error that would make a client throw its tokens away.
#[must_use]
pub fn unavailable() -> Failed {
    Failed::new(Code::TemporarilyUnavailable, "The server's storage does not answer at present. Try again in a moment.")
}
