//! Error pages.

use super::model::ErrorPage;
use super::page::{Reply, page};

/// The reason of an error page; `js/pages/copy.ts` has the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorReason {
    /// The request is malformed.
    Request,
    /// The redirect URI is not the client's.
    Redirect,
    /// The page is too old, or was already used.
    Expired,
    /// A sign-in that has expired or was already used.
    Stale,
    /// The same, or one that was begun in another browser.
    Foreign,
    /// Another browser, or one without cookies.
    Browser,
    /// The form was not sent by our own page.
    Form,
    /// Something is unavailable at the moment.
    Unavailable,
    /// The form was made for another account.
    Account,
    /// The person who has signed in may not use this server.
    NotAllowed,
    /// The upstream does not answer.
    Upstream,
    /// The upstream rejects our configuration.
    UpstreamSetup,
    /// A function of the operator timed out.
    Late,
    /// A function of the operator failed.
    Broken,
    /// Too many requests; seconds until the next.
    Busy(u64),
}

impl ErrorReason {
    pub(super) const ALL: [Self; 14] = [
        Self::Request,
        Self::Redirect,
        Self::Expired,
        Self::Stale,
        Self::Browser,
        Self::Form,
        Self::Unavailable,
        Self::Account,
        Self::NotAllowed,
        Self::Upstream,
        Self::UpstreamSetup,
        Self::Late,
        Self::Broken,
        Self::Busy(0),
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Redirect => "redirect",
            Self::Expired => "expired",
            Self::Stale | Self::Foreign => "sign_in",
            Self::Browser => "browser",
            Self::Form => "form",
            Self::Unavailable => "unavailable",
            Self::Account => "account",
            Self::NotAllowed => "not_allowed",
            Self::Upstream => "upstream",
            Self::UpstreamSetup => "upstream_setup",
            Self::Late => "server_late",
            Self::Broken => "server_failed",
            Self::Busy(_) => "busy",
        }
    }

    /// Its meaning for the log, if there is no detail.
    fn meaning(self) -> &'static str {
        match self {
            Self::Request => "the request is malformed",
            Self::Redirect => "the redirect URI is not registered for the client",
            Self::Expired => "the page has expired, or was used already",
            Self::Stale => "the sign-in has expired, or was used already",
            Self::Foreign => "the sign-in has expired, was used already, or was started in another browser",
            Self::Browser => "the request comes from a different browser, or from one without cookies",
            Self::Form => "the form was not sent by this server's own page",
            Self::Unavailable => "the server's storage is unavailable",
            Self::Account => "the form was made for another account",
            Self::NotAllowed => "the account may not use this server",
            Self::Upstream => "the sign-in provider does not answer",
            Self::UpstreamSetup => "the sign-in provider rejects the configuration, or its response is invalid",
            Self::Late => "a function of this server timed out",
            Self::Broken => "a function of this server failed",
            Self::Busy(_) => "over a rate limit",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Foreign | Self::Browser | Self::Form | Self::Account | Self::NotAllowed => 403,
            Self::Unavailable | Self::Upstream | Self::Late => 503,
            Self::UpstreamSetup | Self::Broken => 500,
            Self::Busy(_) => 429,
            Self::Request | Self::Redirect | Self::Expired | Self::Stale => 400,
        }
    }
}

/// An error page; `detail` names the parameter, for the client's developer.
#[must_use]
pub fn error_page(reason: ErrorReason, detail: Option<&str>) -> Reply {
    let model = ErrorPage { reason: reason.name(), detail, ..ErrorPage::default() };
    let why = detail.filter(|detail| !detail.is_empty()).unwrap_or(reason.meaning());
    let reply = page(reason.status(), &model).refusing(reason.name(), why.to_owned());
    match reason {
        ErrorReason::Unavailable | ErrorReason::Upstream | ErrorReason::Late => reply.with("retry-after", "5".into()),
        ErrorReason::Busy(seconds) => reply.with("retry-after", seconds.to_string()),
        _ => reply,
    }
}
