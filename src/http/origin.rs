//! Which web pages may talk to the server, and under which host name it answers.
//!
//! **Threat.** DNS rebinding: a web page makes its own host name point to a server on the visitor's machine and talks to
//! it with the visitor's browser (CVE-2025-66414). And any page that a browser shows may send requests to any server.
//! **Guarantee.** Where no token is asked for, a request that names an origin (RFC 6454) is answered only if the origin is
//! the server's own, a hosted MCP client, an app or a program on the visitor's own machine, or configured. A request that
//! a browser may have sent to a server on loopback is answered only under a name that no web page can have; and over plain
//! http a server's own origin counts only if its host name is loopback's or configured, since there nothing else proves
//! the name. Preflight and request are judged by this one function.
//! **Not guaranteed.** Anything about callers that are no browsers: they send what they like. That is what the
//! authentication patterns are for. Where a request needs a token of `Authorization`, which no browser adds by itself,
//! any page may ask (`docs/decisions/0014-origins.md`).

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::json::{Malformed, Object, Value};

/// Pages of these origins may always connect: the hosted clients people add a server to.
const HOSTED_CLIENTS: [&str; 3] = ["https://claude.ai", "https://claude.com", "https://chatgpt.com"];

/// Apps that carry a browser engine and speak MCP from its pages: Obsidian, and what is made with Tauri, Capacitor, Ionic
/// or as part of VS Code. No page of the web has such an origin.
const APPS: [&str; 7] = [
    "app://obsidian.md",
    "capacitor://localhost",
    "ionic://localhost",
    "tauri://localhost",
    "http://tauri.localhost",
    "https://tauri.localhost",
    "vscode-file://vscode-app",
];

/// The pages of VS Code's extensions: each has a random name behind it.
const WEBVIEW: &str = "vscode-webview://";

/// Origins and host names beyond the defaults.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// True if pages of every origin may use the server.
    pub any_origin: bool,
    /// Further origins, as browsers write them: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Further host names for a server on loopback, as the `Host` header has them (with port, if any).
    pub allowed_hosts: Vec<String>,
}

/// Who sends a request, as far as its head tells.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sender<'a> {
    /// `Origin`, which browsers send with every request of a page but a GET to the page's own site.
    pub origin: Option<&'a str>,
    /// `Host`: the name under which the request was sent. What has come over no connection (a service binding, a test) has
    /// none.
    pub host: Option<&'a str>,
    /// The address of the sender, if there is an edge in front that says so.
    pub peer: Option<&'a str>,
    /// True if a proxy has put a host name of its own into the request, as `wrangler dev` does where there are routes.
    pub proxied: bool,
    /// True if the request calls itself a browser's, and does not say what has led to it (`Sec-Fetch-Site`), as browsers do
    /// under https and on loopback.
    pub browser: bool,
}

/// Why a request is turned away before anybody looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The page that sends it is not one we serve.
    Origin,
    /// A server on loopback was called by a name that a web page may have.
    Host,
}

impl Foreign {
    /// All of them.
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

impl Policy {
    /// Reads `{"allowedOrigins":[…],"allowedHosts":[…]}`; either may be absent. `"*"`, alone or in the array, is every origin.
    pub fn read(policy: Value<'_>) -> Result<Self, Malformed> {
        let policy = policy.object()?;
        let every = policy.string("allowedOrigins").is_some_and(|origins| origins == "*");
        let allowed_origins = if every { Vec::new() } else { texts(&policy, "allowedOrigins")? };
        let any_origin = every || allowed_origins.iter().any(|origin| origin == "*");
        Ok(Self { any_origin, allowed_origins, allowed_hosts: texts(&policy, "allowedHosts")? })
    }

    /// Judges a request for `url` (absolute, as the runtime hands it over).
    pub fn judge(&self, url: &str, sender: Sender<'_>) -> Result<(), Foreign> {
        let own = origin_of(url);
        let known = self.knows(own);
        if !known && self.may_be_rebound(sender) {
            return Err(Foreign::Host);
        }
        match sender.origin {
            None => Ok(()),
            Some(origin) if self.any_origin || self.allows(origin) || (known && origin == own) => Ok(()),
            Some(_) => Err(Foreign::Origin),
        }
    }

    /// True if `url` names a host of which nothing has to be asked: over https, on loopback, or one that is allowed. Then
    /// the sender's host and peer make no difference to [`Policy::judge`].
    #[must_use]
    pub fn knows(&self, url: &str) -> bool {
        let own = origin_of(url);
        own.starts_with("https://") || is_loopback(host_and_port(own)) || self.allows_host(host_and_port(own))
    }

    fn allows_host(&self, host_and_port: &str) -> bool {
        self.allowed_hosts.iter().any(|it| it == host_and_port)
    }

    /// True for what a rebound page can make a browser send to a server on this machine.
    fn may_be_rebound(&self, sender: Sender<'_>) -> bool {
        match sender.host {
            // Every browser names the host.
            None => false,
            // On Cloudflare every request has been through the edge, which sets the sender's address. On loopback a rebound
            // page can claim one, and so its own origin does not count.
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
            || (of_the_web && origin_of(origin) == origin && is_loopback(host_and_port(origin)))
            || self.allowed_origins.iter().any(|allowed| allowed == origin)
    }
}

fn texts(policy: &Object<'_>, name: &str) -> Result<Vec<String>, Malformed> {
    policy.get(name).map_or_else(|| Some(Vec::new()), Value::strings).ok_or(Malformed::Kind)
}

/// Scheme, host and port of an absolute URL: everything before the path.
#[must_use]
pub fn origin_of(url: &str) -> &str {
    let authority = authority_at(url);
    let end = url.get(authority..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |at| authority + at);
    url.get(..end).unwrap_or(url)
}

fn host_and_port(origin: &str) -> &str {
    origin.get(authority_at(origin)..).unwrap_or(origin)
}

/// Where the authority of a URL begins.
fn authority_at(url: &str) -> usize {
    url.find("://").map_or(0, |at| at + 3)
}

/// True for a host name that somebody on the web can own, and so point to this machine. Nobody can own an address, a name of
/// one label (`mcp`), or what ends in `.localhost` (RFC 6761 §6.3) or `.internal` (which ICANN has reserved).
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

/// A label of a host name (RFC 1123 §2.1); `_` is in the names of containers.
fn is_label(label: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=63).contains(&label.len()) && label.bytes().all(is_part) && !label.bytes().all(|byte| byte.is_ascii_digit())
}

/// The host without its port, if there is a port that is one.
fn host_of(host_and_port: &str) -> Option<&str> {
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let is_number = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    port.is_none_or(is_number).then_some(host)
}

/// True for the visitor's own machine as browsers write it: `localhost`, `127.0.0.0/8` or `[::1]`, with or without a port.
fn is_loopback(host_and_port: &str) -> bool {
    let is_own_machine = |host: &str| host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    host_of(host_and_port).is_some_and(|host| matches!(host, "localhost" | "[::1]") || is_own_machine(host))
}

fn is_loopback_address(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
