//! Hosts, as URLs and `Host` headers have them (RFC 3986 §3.2).

use std::net::Ipv4Addr;

/// The authority of an absolute URL or an origin: what is between `://` and the path.
#[must_use]
pub fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host of an authority without its port; `None` if the port is not one.
#[must_use]
pub fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    port.is_none_or(is_port).then_some(host)
}

/// True for an authority on this machine: `localhost`, `127.0.0.0/8` or `[::1]`, with or without a port.
#[must_use]
pub fn is_loopback(authority: &str) -> bool {
    let is_own_address = |host: &str| host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    host_of(authority).is_some_and(|host| matches!(host, "localhost" | "[::1]") || is_own_address(host))
}
