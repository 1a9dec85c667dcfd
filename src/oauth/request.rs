//! The head of a request to the authorization server, as JavaScript passes it.

use serde::Deserialize;

use super::endpoints::table::{Endpoint, Pages, Row};
use super::error::{Code, OAuthError};
use crate::crypto::encode;
use crate::flow::Flow;
use crate::http::form::{Malformed, Params};
use crate::http::{Answer, cors};
use crate::json::{self, Value};
use crate::oauth::client::authentication;
use crate::rate_limit::Network;

/// The head of a request; see the module.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "OAuthInput"))]
pub struct Request<'a> {
    /// Which endpoint.
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub endpoint: Endpoint,
    /// HTTP method.
    pub method: String,
    /// The server's own origin: scheme, host and port of the request's URL.
    pub origin: String,
    /// The path.
    pub path: String,
    /// The query, without `?`.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<String>"))]
    pub query: String,
    /// True if the body is not passed: it is too long, or not UTF-8.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub unread: bool,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Cookie`.
    pub cookie: Option<String>,
    /// The header `Origin`: untrusted, and not [`Self::origin`].
    pub origin_header: Option<String>,
    /// `Sec-Fetch-Site`.
    pub sec_fetch_site: Option<String>,
    /// `CF-Connecting-IP`.
    pub peer: Option<String>,
    /// `CF-Ray`, which identifies the request in Cloudflare's logs.
    pub ray: Option<String>,
    /// `Access-Control-Request-Headers`, for a preflight.
    pub requested_headers: Option<String>,
    /// The principal that the guard of the option `operator` has found.
    pub operator: Option<String>,
    /// The known revocation rules, if there are any: `{"client:…":before,…}`, in milliseconds since 1970.
    #[serde(borrow)]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number> | null"))]
    pub rules: Option<Value<'a>>,
    /// True if the revocation list has not answered for too long.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub revocations_stale: bool,
}

impl<'a> Request<'a> {
    /// Reads what JavaScript passes.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        json::read(input).ok()
    }

    /// The response to a preflight, or to a method that the endpoint does not support.
    pub(super) fn preflight(&self) -> Option<Answer> {
        let Row { methods, pages, .. } = *self.endpoint.row();
        if self.method == "OPTIONS" && pages == Pages::Any {
            let answer = cors::preflight(methods, self.requested_headers.as_deref());
            return Some(answer.with("access-control-allow-origin", "*"));
        }
        let known = methods.split(',').any(|known| known.trim_ascii_start() == self.method)
            || (self.method == "HEAD" && methods.starts_with("GET"));
        let refused = match pages {
            Pages::None => OAuthError::new(Code::InvalidRequest, "Only POST is accepted here.").answer(false),
            Pages::Any | Pages::Own => Answer::default(),
        };
        (!known).then(|| Answer { status: 405, ..refused }.with("allow", methods))
    }

    /// The request's ID in the log: Cloudflare's, or else a random one.
    pub(super) fn trace(&self, flow: &Flow<'_>) -> String {
        trace(flow, self.ray.as_deref())
    }

    /// The client that it names, unauthenticated: in the query, in a form, or by `Authorization: Basic`.
    pub(super) fn named_client(&self, body: &str) -> Option<String> {
        let named = |params: &Params| params.get("client_id").map(String::from);
        let of_form = || named(&self.form(body)?.ok()?);
        let of_header = || Some(authentication::basic(self.authorization.as_deref()?)?.0);
        named(&Params::read(&self.query).unwrap_or_default()).or_else(of_form).or_else(of_header)
    }

    /// The network from which it comes.
    pub(super) fn network(&self) -> Option<Network> {
        Network::of(self.peer.as_deref()?)
    }

    /// The parameters of a form body (RFC 6749, appendix B); `None` if it is not one.
    pub(super) fn form(&self, body: &str) -> Option<Result<Params, Malformed>> {
        let media_type = self.content_type.as_deref()?.split(';').next()?.trim();
        let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        (is_form && !self.unread).then(|| Params::read(body))
    }

    /// True if the browser confirms, or does not deny, that a page of `issuer` or of this very origin sent this. A page
    /// without an origin (`Origin: null`: a sandboxed frame, for example) is not ours, unless the browser confirms it
    /// by `Sec-Fetch-Site`, which no page can set.
    pub(super) fn is_same_origin(&self, issuer: &str) -> bool {
        let server = self.sec_fetch_site.as_deref();
        let origin = match self.origin_header.as_deref() {
            None => true,
            Some("null") => server == Some("same-origin"),
            Some(from) => from == self.origin || from == issuer,
        };
        origin && server.is_none_or(|server| matches!(server, "same-origin" | "none"))
    }
}

/// See [`Request::trace`].
pub(crate) fn trace(flow: &Flow<'_>, ray: Option<&str>) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_plain = |ray: &&str| ray.len() <= 40 && ray.bytes().all(is_plain);
    ray.filter(is_plain).map_or_else(|| encode(&flow.context().random::<12>("request id")), Into::into)
}
