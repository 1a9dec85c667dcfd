//! Rate limits outside of objects: how often a browser, a client or a caller may ask, before anything is kept or fetched for
//! it.
//!
//! **Threat.** Somebody floods the server with registrations, sign-ins, or documents to fetch.
//! **Guarantee.** Within an isolate nobody gets further than the limits of the set-up. A network is an IPv4 address or the
//! /64 of an IPv6 one, as Cloudflare names it (`CF-Connecting-IP`); no other header counts.
//! **Not guaranteed.** An exact count over all isolates: a rate limiting binding of the runtime's adds one for each
//! location. What is counted exactly are requests for tokens, in the object that decides them (`oauth::ledger`).
//!
//! Hosted clients share their networks, so a network is never counted alone.

use core::net::IpAddr;

use crate::crypto::{encode, hash};
use crate::flow::{Flow, Tally};

/// How long requests are counted together, in milliseconds.
pub const WINDOW: u64 = 60_000;

/// What is counted together: a name, and what of the request counts.
#[must_use]
pub fn key(name: &str, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>();
    [name, ":", &encode(hash(name, &parts).first_chunk::<12>().unwrap_or(&[0; 12]))].concat()
}

/// Counts the request under each key. How many seconds it has to wait, where one of them is beyond its limit. A count that
/// cannot be had limits nobody.
///
/// Waits: one, which is answered at once.
pub async fn wait(flow: &Flow<'_>, limits: Vec<(String, u64)>) -> Option<u64> {
    let (keys, limits): (Vec<_>, Vec<_>) = limits.into_iter().unzip();
    if keys.is_empty() {
        return None;
    }
    let counts = flow.obtain(&Tally { keys }).await.unwrap_or_default();
    let beyond = counts.iter().zip(limits).any(|(count, most)| *count > most);
    beyond.then(|| until_next(flow.context().now()))
}

/// Seconds until the next count begins.
#[must_use]
pub fn until_next(now: u64) -> u64 {
    (WINDOW - now % WINDOW).div_ceil(1000)
}

/// The network of an address: an IPv4 address, or the first half of an IPv6 one, whose other half anybody can change at
/// will.
#[must_use]
pub fn network(address: &str) -> Option<String> {
    let octets = match address.trim().parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().first_chunk::<8>()?.to_vec(),
    };
    Some(encode(&octets))
}
