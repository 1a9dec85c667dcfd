//! The head of a request to the authorization server, as the shim hands it over.

use std::borrow::Cow;

use crate::crypto::{base64, encode};
use crate::flow::Flow;
use crate::http::form::{Malformed, Params};
use crate::http::{Answer, cors};
use crate::json::{Object, Value};
use crate::limit::Network;

/// Which endpoint a request is for; the shim tells by the configured paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// RFC 6749 §3.1, and the consent form.
    Authorize,
    /// Where the upstream sends people back.
    Callback,
    /// The page of connected apps.
    Connected,
    /// RFC 8414, RFC 9728, and `OpenID` Connect Discovery for clients that look there: whatever is below `/.well-known/` under
    /// one of their names.
    Metadata,
    /// RFC 7517 §5.
    Keys,
    /// RFC 7591.
    Register,
    /// RFC 6749 §3.2.
    Token,
    /// RFC 7009.
    Revoke,
    /// RFC 7662.
    Introspect,
}

impl Endpoint {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "authorize" => Self::Authorize,
            "callback" => Self::Callback,
            "connected" => Self::Connected,
            "metadata" => Self::Metadata,
            "keys" => Self::Keys,
            "register" => Self::Register,
            "token" => Self::Token,
            "revoke" => Self::Revoke,
            "introspect" => Self::Introspect,
            _ => return None,
        })
    }

    fn methods(self) -> &'static str {
        match self {
            Self::Authorize | Self::Connected => "GET, POST",
            Self::Callback | Self::Metadata | Self::Keys => "GET",
            Self::Register | Self::Token | Self::Revoke | Self::Introspect => "POST",
        }
    }

    /// Whether web pages of other origins may call it.
    fn is_shared(self) -> bool {
        !matches!(self, Self::Authorize | Self::Callback | Self::Connected)
    }
}

/// See the module.
#[derive(Debug)]
pub struct Request<'a> {
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// HTTP method.
    pub method: Cow<'a, str>,
    /// Scheme, host and port that it came to.
    pub origin: Cow<'a, str>,
    /// The path.
    pub path: Cow<'a, str>,
    /// The query, without `?`.
    pub query: Cow<'a, str>,
    /// Why the body is not handed over, where it is not.
    pub unread: bool,
    /// `Content-Type`.
    pub content_type: Option<Cow<'a, str>>,
    /// `Authorization`.
    pub authorization: Option<Cow<'a, str>>,
    /// `Cookie`.
    pub cookie: Option<Cow<'a, str>>,
    /// `Origin`.
    pub from: Option<Cow<'a, str>>,
    /// `Sec-Fetch-Site`.
    pub site: Option<Cow<'a, str>>,
    /// `CF-Connecting-IP`.
    pub peer: Option<Cow<'a, str>>,
    /// `CF-Ray`, by which Cloudflare's logs name the request.
    pub ray: Option<Cow<'a, str>>,
    /// `Access-Control-Request-Headers`, for a preflight.
    pub requested_headers: Option<Cow<'a, str>>,
    /// The rules that have ended grants, where there are any: `{"client:…":before,…}`, in milliseconds since 1970.
    pub rules: Option<&'a str>,
    /// True where the list of revocations has not answered for too long.
    pub deaf: bool,
}

impl<'a> Request<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        Some(Self {
            endpoint: Endpoint::parse(&input.string("endpoint")?)?,
            method: input.string("method")?,
            origin: input.string("origin")?,
            path: input.string("path")?,
            query: input.string("query").unwrap_or_default(),
            unread: input.get("unread").is_some(),
            content_type: input.string("contentType"),
            authorization: input.string("authorization"),
            cookie: input.string("cookie"),
            from: input.string("from"),
            site: input.string("site"),
            peer: input.string("peer"),
            ray: input.string("ray"),
            requested_headers: input.string("requestedHeaders"),
            rules: input.get("rules").map(Value::text),
            deaf: input.get("deaf").is_some(),
        })
    }

    /// The answer to a preflight, and to a method that the endpoint does not know.
    pub(super) fn preflight(&self) -> Option<Answer> {
        let methods = self.endpoint.methods();
        if self.method == "OPTIONS" && self.endpoint.is_shared() {
            let answer = cors::preflight(methods, self.requested_headers.as_deref());
            return Some(answer.with("access-control-allow-origin", "*"));
        }
        let known = methods.split(',').any(|known| known.trim_ascii_start() == self.method)
            || (self.method == "HEAD" && methods.starts_with("GET"));
        (!known).then(|| Answer::empty(405).with("allow", methods))
    }

    /// What the operator finds the request by: Cloudflare's name for it, else a random one.
    pub(super) fn trace(&self, flow: &Flow<'_>) -> String {
        trace(flow, self.ray.as_deref())
    }

    /// The client that it names, which nothing proves: in the query, in a form, or by `Authorization: Basic`.
    pub(super) fn named_client(&self, body: &str) -> Option<String> {
        let named = |params: &Params| params.get("client_id").map(String::from);
        let of_form = || named(&self.form(body)?.ok()?);
        let of_header = || {
            let (scheme, encoded) = self.authorization.as_deref()?.split_once(' ')?;
            let pair = scheme.eq_ignore_ascii_case("basic").then(|| base64::decode(encoded.trim()))??;
            Some(String::from_utf8(pair).ok()?.split_once(':')?.0.to_owned())
        };
        named(&Params::read(&self.query).unwrap_or_default()).or_else(of_form).or_else(of_header)
    }

    /// The network that it comes from.
    pub(super) fn network(&self) -> Option<Network> {
        Network::of(self.peer.as_deref()?)
    }

    /// The parameters of a form body (RFC 6749, appendix B); nothing if it is none.
    pub(super) fn form(&self, body: &str) -> Option<Result<Params, Malformed>> {
        let media_type = self.content_type.as_deref()?.split(';').next()?.trim();
        let is_form = media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        (is_form && !self.unread).then(|| Params::read(body))
    }

    /// The value of a cookie; nothing if it is there twice.
    pub(super) fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.cookie.as_deref()?.split(';');
        let mut values = cookies.filter_map(|pair| pair.trim().split_once('=')).filter(|(other, _)| *other == name);
        let (_, value) = values.next()?;
        values.next().is_none().then_some(value)
    }

    /// True if the browser says, or does not deny, that a page of `issuer` or of this very origin sends this. A page without
    /// an origin (`Origin: null`: a sandboxed frame, say) is none of ours, unless the browser says that it is
    /// (`Sec-Fetch-Site`, which no page can write).
    pub(super) fn is_own(&self, issuer: &str) -> bool {
        let site = self.site.as_deref();
        let origin = match self.from.as_deref() {
            None => true,
            Some("null") => site == Some("same-origin"),
            Some(from) => from == self.origin || from == issuer,
        };
        origin && site.is_none_or(|site| matches!(site, "same-origin" | "none"))
    }
}

/// See [`Request::trace`].
pub(crate) fn trace(flow: &Flow<'_>, ray: Option<&str>) -> String {
    let is_plain = |ray: &&str| ray.len() <= 40 && ray.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    ray.filter(is_plain).map_or_else(|| encode(&flow.context().random::<12>("request id")), Into::into)
}
