//! The origin policy: which web pages may use the server, and under which host names it answers.
//!
//! **Threat.** DNS rebinding: a web page points its own host name at a server on the visitor's machine and talks to it
//! with the visitor's browser (CVE-2025-66414). And any page can send requests to any server.
//! **Guarantee.** If no token is required, a request that names an origin (RFC 6454) is answered only if the origin is
//! the server's own, a hosted MCP client, an app or a program on the visitor's own machine, or configured. A request
//! that a browser may have sent to a server on loopback is answered only under a name that no web page can have; and
//! over plain http a server's own origin counts only if its host name is loopback's or configured, because nothing else
//! proves the name there. This one function judges both preflight and request.
//! **Not guaranteed.** Anything about callers that are not browsers: they send what they like. The authentication
//! patterns protect against these. If a request needs a token in `Authorization`, which no browser adds by itself, any
//! page may call (`docs/decisions/0014-origins.md`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::Deserialize;

use super::host::{authority_of, host_of, is_loopback};

/// The origins of hosted clients, whose pages may always connect.
const HOSTED_CLIENTS: [&str; 3] = ["https://claude.ai", "https://claude.com", "https://chatgpt.com"];

/// Apps with an embedded browser engine whose pages speak MCP: Obsidian, and apps that are made with Tauri, Capacitor,
/// Ionic or as part of VS Code. No page of the web has such an origin.
const APPS: [&str; 7] = [
    "app://obsidian.md",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
    "vscode-file://vscode-app",
];

/// The pages of VS Code's extensions: a random name follows.
const WEBVIEW: &str = "vscode-webview://";

/// Origins and host names in addition to the defaults.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OriginPolicy {
    /// Further origins, as browsers write them: `https://app.example.com`. `*` allows every origin.
    #[cfg_attr(feature = "ts", ts(type = "readonly string[]"))]
    pub allowed_origins: Vec<String>,
    /// Further host names for a server on loopback, as the `Host` header has them (with port, if any).
    #[cfg_attr(feature = "ts", ts(type = "readonly string[]"))]
    pub allowed_hosts: Vec<String>,
}

/// Who sends a request, according to its head.
#[derive(Clone, Copy, Debug, Default)]
pub struct RequestSource<'a> {
    /// `Origin`, which browsers send with every request of a page except a same-origin GET.
    pub origin: Option<&'a str>,
    /// `Host`: the name under which the request was sent. A request that came over no connection (a service binding, a
    /// test) has none.
    pub host: Option<&'a str>,
    /// The sender's address, if there is an edge in front that adds it.
    pub peer: Option<&'a str>,
    /// True if a proxy has replaced the host name by its own, as `wrangler dev` does if there are routes.
    pub proxied: bool,
    /// True if the request claims to be a browser's and has no `Sec-Fetch-Site`, which browsers send over https and to
    /// loopback.
    pub browser: bool,
}

/// Why a request is refused before anything else is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginRejection {
    /// The page that sends it is not allowed.
    Origin,
    /// A server on loopback was called by a name that a web page can have.
    Host,
}

impl OriginRejection {
    /// All variants.
    pub const ALL: [Self; 2] = [Self::Origin, Self::Host];

    /// Its code in the log.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Origin => "origin",
            Self::Host => "host",
        }
    }
}

impl OriginPolicy {
    /// Judges a request for `url` (absolute, as the runtime gives it).
    pub fn check(&self, url: &str, sender: RequestSource<'_>) -> Result<(), OriginRejection> {
        let own = origin_of(url);
        let known = self.allows_origin(own);
        if !known && self.is_rebindable(sender) {
            return Err(OriginRejection::Host);
        }
        match sender.origin {
            None => Ok(()),
            Some(origin) if self.allows(origin) || (known && origin == own) => Ok(()),
            Some(_) => Err(OriginRejection::Origin),
        }
    }

    /// True if the host of this origin needs no further proof: over https, on loopback, or allowed. Then the sender's host
    /// and peer make no difference.
    fn allows_origin(&self, own: &str) -> bool {
        own.starts_with("https://") || is_loopback(authority_of(own)) || self.allows_host(authority_of(own))
    }

    fn allows_host(&self, host_and_port: &str) -> bool {
        self.allowed_hosts.iter().any(|it| it == host_and_port)
    }

    /// True for a request that a DNS-rebound page can make a browser send to a server on this machine.
    fn is_rebindable(&self, sender: RequestSource<'_>) -> bool {
        match sender.host {
            // Every browser sends `Host`.
            None => false,
            // On Cloudflare every request has passed the edge, which sets the sender's address. On loopback a rebound
            // page can add the header itself, so its own origin does not count.
            Some(_) if !sender.peer.is_none_or(is_loopback_address) => false,
            // Then the name is the proxy's, and only the origin is the page's.
            Some(_) if sender.proxied => sender.origin.is_none() && sender.browser,
            Some(host) => !self.allows_host(host) && is_of_the_web(host),
        }
    }

    fn allows(&self, origin: &str) -> bool {
        let of_the_web = origin.starts_with("https://") || origin.starts_with("http://");
        HOSTED_CLIENTS.contains(&origin)
            || APPS.contains(&origin)
            || origin.strip_prefix(WEBVIEW).is_some_and(is_label)
            || (of_the_web && origin_of(origin) == origin && is_loopback(authority_of(origin)))
            || self.allowed_origins.iter().any(|allowed| allowed == origin || allowed == "*")
    }
}

/// Scheme, host and port of an absolute URL: everything before the path.
#[must_use]
pub fn origin_of(url: &str) -> &str {
    let authority = authority_at(url);
    let end = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| authority + at);
    url.get(..end).unwrap_or(url)
}

/// Where the authority of a URL begins.
fn authority_at(url: &str) -> usize {
    url.find("://").map_or(0, |at| at + 3)
}

/// True for a host name that somebody on the web can own, and so point to this machine. Nobody can own an address, a
/// name of one label (`mcp`), or one that ends in `.localhost` (RFC 6761 §6.3) or `.internal` (reserved by ICANN).
fn is_of_the_web(host_and_port: &str) -> bool {
    let Some(host) = host_of(host_and_port) else { return true };
    let is_address = || host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    if host.parse::<Ipv4Addr>().is_ok() || is_address().is_some_and(|host| host.parse::<Ipv6Addr>().is_ok()) {
        return false;
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut labels = host.split('.');
    let last = labels.next_back().unwrap_or_default();
    let is_ours = !host.contains('.') || ["localhost", "internal"].iter().any(|it| last.eq_ignore_ascii_case(it));
    !(is_ours && is_label(last) && labels.all(is_label))
}

/// A label of a host name (RFC 1123 §2.1); container names contain `_`.
fn is_label(label: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(is_part) && !label.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_loopback_address(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
