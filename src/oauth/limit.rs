//! Rate limits outside of objects: how often a browser or a client may ask, before anything is kept or fetched for it.
//!
//! **Threat.** Somebody floods the server with registrations, sign-ins, or documents to fetch.
//! **Guarantee.** Within an isolate nobody gets further than the limits of the set-up. A network is an IPv4 address or the
//! /64 of an IPv6 one, as Cloudflare names it (`CF-Connecting-IP`); no other header counts.
//! **Not guaranteed.** An exact count over all isolates: a rate limiting binding of the runtime's adds one for each
//! location. What is counted exactly are requests for tokens, in the object that decides them ([`super::ledger`]).
//!
//! Hosted clients share their networks, so a network is never counted alone.

use super::ledger::until_next;
use crate::crypto::{encode, hash};
use crate::flow::{Flow, Tally};

/// What is counted together: a name, and what of the request counts.
pub(super) fn key(name: &str, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>();
    [name, ":", &encode(hash(name, &parts).first_chunk::<12>().unwrap_or(&[0; 12]))].concat()
}

/// Counts the request under each key. How many seconds it has to wait, where one of them is beyond its limit. A count that
/// cannot be had limits nobody.
///
/// Waits: one, which is answered at once.
pub(super) async fn wait(flow: &Flow<'_>, limits: Vec<(String, u64)>) -> Option<u64> {
    let (keys, limits): (Vec<_>, Vec<_>) = limits.into_iter().unzip();
    if keys.is_empty() {
        return None;
    }
    let counts = flow.obtain(&Tally { keys }).await.unwrap_or_default();
    let beyond = counts.iter().zip(limits).any(|(count, most)| *count > most);
    beyond.then(|| until_next(flow.context().now()))
}
