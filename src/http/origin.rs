//! Which web pages may talk to the server, and under which host name it answers.
//!
//! **Threat.** DNS rebinding: a web page makes its own host name point to a server on the visitor's machine and talks to
//! it with the visitor's browser (CVE-2025-66414). And any page that a browser shows may send requests to any server.
//! **Guarantee.** A request that names an origin (RFC 6454) is answered only if the origin is the server's own, one of
//! two hosted MCP clients, a program on the visitor's own machine, or configured. A server that is itself on loopback
//! answers only to loopback host names; and over plain http a server's own origin counts only if its host name is
//! loopback's or configured, since there nothing else proves the name. Preflight and request are judged by this one
//! function.
//! **Not guaranteed.** Anything about callers that are no browsers: they send what they like. That is what the
//! authentication patterns are for.

use core::net::{IpAddr, Ipv4Addr};

use crate::json::{Malformed, Object, Value};
use crate::text::find;

/// Pages of these origins may always connect: the hosted clients people add a server to.
const HOSTED_CLIENTS: [&str; 2] = ["https://claude.ai", "https://chatgpt.com"];

/// Origins and host names beyond the defaults.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Further origins, as browsers write them: `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// Further host names for a server on loopback, as the `Host` header has them (with port, if any).
    pub allowed_hosts: Vec<String>,
}

/// Why a request is turned away before anybody looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// The page that sends it is not one we serve.
    Origin,
    /// A server on loopback was called by a name that is not loopback's.
    Host,
}

impl Policy {
    /// Reads `{"allowedOrigins":[…],"allowedHosts":[…]}`; either may be absent.
    pub fn read(policy: Value<'_>) -> Result<Self, Malformed> {
        let policy = policy.object()?;
        Ok(Self { allowed_origins: texts(&policy, "allowedOrigins")?, allowed_hosts: texts(&policy, "allowedHosts")? })
    }

    /// Judges a request for `url` (absolute, as the runtime hands it over) from `origin`, whose sender has the address
    /// `peer` if there is an edge in front that says so.
    pub fn judge(&self, url: &str, origin: Option<&str>, peer: Option<&str>) -> Result<(), Foreign> {
        let own = origin_of(url);
        let known = self.knows(own);
        if !known && is_on_loopback(peer) {
            return Err(Foreign::Host);
        }
        match origin {
            None => Ok(()),
            Some(origin) if self.allows(origin) || (known && origin == own) => Ok(()),
            Some(_) => Err(Foreign::Origin),
        }
    }

    /// True if `url` names a host of which nothing has to be asked: over https, on loopback, or one that is allowed. Then the
    /// peer makes no difference to [`Policy::judge`].
    #[must_use]
    pub fn knows(&self, url: &str) -> bool {
        let own = origin_of(url);
        let host = host_and_port(own);
        own.starts_with("https://") || is_loopback(host) || self.allowed_hosts.iter().any(|it| it == host)
    }

    fn allows(&self, origin: &str) -> bool {
        let of_the_web = origin.starts_with("https://") || origin.starts_with("http://");
        HOSTED_CLIENTS.contains(&origin)
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
    find(url, "://").map_or(0, |at| at + 3)
}

/// True where no edge in front names a sender on another machine. On Cloudflare every request has been through the edge,
/// which sets the sender's address. On loopback a rebound page can claim one, and so its own origin does not count.
fn is_on_loopback(peer: Option<&str>) -> bool {
    peer.is_none_or(is_loopback_address)
}

/// True for the visitor's own machine as browsers write it: `localhost`, `127.0.0.0/8` or `[::1]`, with or without a port.
fn is_loopback(host_and_port: &str) -> bool {
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (host_and_port, None),
    };
    let port_is_number = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_own_machine = |host: &str| host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    port_is_number && (matches!(host, "localhost" | "[::1]") || is_own_machine(host))
}

fn is_loopback_address(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}
