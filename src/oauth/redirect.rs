//! Redirect URIs (RFC 6749 §3.1.2, RFC 8252, RFC 9700 §4.1).
//!
//! **Threat.** A code is sent to the wrong party: through a URI that only looks like a registered one, a scheme that
//! runs script, or a host hidden behind user information.
//! **Guarantee.** A URI is registered only if it is https, http on the person's own machine, or an app's private-use
//! scheme (RFC 8252 §7.1), but not one that a browser or an operating system handles itself. At the authorization
//! endpoint it must equal a registered one exactly, except for the port of a loopback URI. Nothing in its query can be
//! mistaken for a part of our response.
//! **Not guaranteed.** That a loopback or private-use scheme URI leads to the program that registered it: any local
//! program may listen there. Hence PKCE, and a consent page each time.

use serde::Serialize;

use crate::http::form::Params;
use crate::http::host::{host_of, is_loopback};

/// RFC 7591 sets no limit; ours.
pub const MAX_LENGTH: usize = 2048;

/// Schemes that run or show content in the person's browser, or belong to web sites: no configuration can allow them.
const NEVER: [&str; 18] = [
    "about",
    "blob",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "http",
    "https",
    "jar",
    "javascript",
    "livescript",
    "mocha",
    "resource",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];
/// Schemes that are not an app's own, because browsers and operating systems handle them: messages, calls, shells,
/// installers, parts of the browser. The configuration can allow them. A name that ends in `-` stands for all that
/// begin with it.
const SYSTEM: [&str; 46] = [
    "acap",
    "afp",
    "android-app",
    "brave",
    "callto",
    "chrome",
    "chrome-",
    "cid",
    "dav",
    "dns",
    "edge",
    "facetime",
    "facetime-",
    "fax",
    "gopher",
    "help",
    "imap",
    "intent",
    "irc",
    "itms",
    "itms-",
    "ldap",
    "localhost",
    "mailto",
    "market",
    "mhtml",
    "mid",
    "moz-",
    "ms-",
    "news",
    "nfs",
    "nntp",
    "opera",
    "pop",
    "rdp",
    "res",
    "rtsp",
    "search-",
    "shell",
    "sip",
    "sips",
    "sms",
    "smb",
    "ssh",
    "tel",
    "telnet",
];

/// Where a redirect URI leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// To a web site.
    Https,
    /// To a program on the person's own machine.
    Loopback,
    /// To whatever program has registered the scheme.
    Scheme,
}

/// A parsed redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts<'a> {
    kind: Kind,
    /// Scheme and `://` or `:`.
    scheme: &'a str,
    /// Host without the port; empty for private schemes.
    host: &'a str,
    /// From the path to the end.
    rest: &'a str,
}

/// The kind of `uri`, if it may be a redirect URI at all; `more` are schemes that the configuration allows in addition.
#[must_use]
pub fn judge(uri: &str, more: &[String]) -> Option<Kind> {
    parts(uri, more).map(|parts| parts.kind)
}

/// The host that people know it by; for private-use schemes the scheme.
#[must_use]
pub fn host<'a>(uri: &'a str, more: &[String]) -> &'a str {
    parts(uri, more).map_or("", |parts| if parts.kind == Kind::Scheme { parts.scheme } else { parts.host })
}

/// True if `uri` is the registered one.
#[must_use]
pub fn matches(registered: &str, uri: &str, more: &[String]) -> bool {
    if registered == uri {
        return true;
    }
    let (Some(a), Some(b)) = (parts(registered, more), parts(uri, more)) else { return false };
    a.kind == Kind::Loopback && a == b
}

/// `uri` as it counts for a client's identity: without the port of a loopback URI.
#[must_use]
pub fn canonical(uri: &str, more: &[String]) -> String {
    match parts(uri, more) {
        Some(parts) if parts.kind == Kind::Loopback => [parts.scheme, parts.host, parts.rest].concat(),
        _ => uri.to_owned(),
    }
}

/// A client's redirect URIs: canonical, without duplicates, in a fixed order.
#[must_use]
pub fn all_canonical(uris: &[String], more: &[String]) -> Vec<String> {
    let mut all = Vec::with_capacity(uris.len());
    for uri in uris.iter().map(|uri| canonical(uri, more)) {
        if let Err(at) = all.binary_search(&uri) {
            all.insert(at, uri);
        }
    }
    all
}

/// True if the query has none of our response's parameters: they would be repeated, and it would be unclear which one
/// counts.
fn leaves_room(uri: &str) -> bool {
    let query = uri.split_once('?').map_or("", |(_, query)| query);
    let ours = ["code", "state", "iss", "error", "error_description"];
    Params::read(query).is_ok_and(|params| ours.iter().all(|name| params.all(name).next().is_none()))
}

fn parts<'a>(uri: &'a str, more: &[String]) -> Option<Parts<'a>> {
    let is_plain = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>' | b'`' | b'{' | b'}' | b'^' | b'|')
    };
    if uri.len() > MAX_LENGTH || !uri.bytes().all(is_plain) || !leaves_room(uri) {
        return None;
    }
    let secure = uri.starts_with("https://");
    if !secure && !uri.starts_with("http://") {
        return private(uri, more);
    }
    let at = uri.find("://")? + 3;
    let (scheme, after) = (uri.get(..at)?, uri.get(at..)?);
    let end = after.find(['/', '?']).unwrap_or(after.len());
    let (authority, rest) = (after.get(..end)?, after.get(end..)?);
    let host = host_of(authority)?;
    let is_name =
        |host: &str| host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_'));
    let is_loopback = is_loopback(authority);
    if host.is_empty() || !(is_loopback || is_name(host)) {
        return None;
    }
    // https on loopback is a web site, too: its owner has a certificate for it.
    let kind = match (secure, is_loopback) {
        (true, _) => Kind::Https,
        (false, true) => Kind::Loopback,
        (false, false) => return None,
    };
    Some(Parts { kind, scheme, host, rest })
}

/// An app's private-use scheme. Without a slash after it, the configuration must name it: `localhost:8080/cb` has none.
fn private<'a>(uri: &'a str, more: &[String]) -> Option<Parts<'a>> {
    let (scheme, rest) = uri.split_once(':')?;
    let listed = more.iter().any(|other| other == scheme);
    let is_app = is_app(scheme) && rest.starts_with('/');
    let hides_user = rest.split('/').nth(2).is_some_and(|authority| authority.contains('@'));
    ((listed || is_app) && is_sound(scheme) && !rest.is_empty() && !hides_user).then_some(Parts {
        kind: Kind::Scheme,
        scheme,
        host: "",
        rest,
    })
}

/// True for a scheme that redirect URIs may have if the configuration names it, in the same spelling.
#[must_use]
pub fn is_sound(scheme: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.');
    // A single letter is a Windows drive.
    scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(is_plain)
        && !NEVER.contains(&scheme)
}

/// True for a scheme that an app may use although the configuration does not name it.
fn is_app(scheme: &str) -> bool {
    let is_system = |system: &&str| *system == scheme || (system.ends_with('-') && scheme.starts_with(*system));
    !SYSTEM.iter().any(is_system)
}
