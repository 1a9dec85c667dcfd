//! CORS (Fetch standard): which headers a page may send and read. Never with credentials.

use super::{Answer, Headers};

/// Part of every response, so that no cache returns one origin's response to another.
const VARY: (&str, &str) = ("vary", "Origin");

/// What a page may read besides the body: the challenge that starts a sign-in, and the session.
const EXPOSED: &str = "WWW-Authenticate, Mcp-Session-Id, MCP-Protocol-Version, Retry-After";

/// The headers that a page may send if its preflight does not name any.
const SENDABLE: [&str; 9] = [
    "accept",
    "authorization",
    "content-type",
    "dpop",
    "last-event-id",
    "mcp-method",
    "mcp-name",
    "mcp-protocol-version",
    "mcp-session-id",
];

/// The headers of every response to a page of `origin`, which the policy has accepted.
#[must_use]
pub fn headers(origin: Option<&str>) -> Headers {
    let mut headers = vec![(VARY.0, VARY.1.to_owned())];
    if let Some(origin) = origin {
        headers.push(("access-control-allow-origin", origin.to_owned()));
        headers.push(("access-control-expose-headers", EXPOSED.to_owned()));
    }
    headers
}

/// The response to a preflight for `methods` that asks to send the headers `requested`.
#[must_use]
pub fn preflight(methods: &str, requested: Option<&str>) -> Answer {
    let allowed = requested.into_iter().flat_map(|names| names.split(',')).filter_map(sendable).collect::<Vec<_>>();
    Answer::empty(204)
        .with("access-control-allow-methods", methods)
        .with("access-control-allow-headers", if allowed.is_empty() { SENDABLE.join(", ") } else { allowed.join(", ") })
        .with("access-control-max-age", "86400")
}

/// Users configure headers for their clients, and tracing adds some. Headers that only Cloudflare's edge sets are
/// refused.
fn sendable(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    (is_token && !name.is_empty() && !name.starts_with("cf-")).then_some(name)
}
