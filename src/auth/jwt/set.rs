//! The key set of an issuer: kept, fetched when it must be, and no more often than it may be.
//!
//! **Threat.** Tokens with made-up `kid`s could make this server fetch keys without end; keys that cannot be fetched for a
//! while would log everybody out; keys that were withdrawn must stop counting.
//! **Guarantee.** A set is fetched again when it is older than `keysMaxAge`, and at most once per `keysCooldown` for a `kid`
//! that it lacks, so a new key is picked up within that time. A set that cannot be renewed counts for 24 hours. Only a
//! document that is a JWK Set with a key that can be used replaces the one before.
//! **Not guaranteed.** That a withdrawn key stops counting at once: it does at the next fetch.

use std::borrow::Cow;

use super::header::Header;
use super::keys::{MAX_TRIES, PublicKey, fitting, read_set, write_checked};
use super::options::{Options, Source};
use super::{Reject, discovery};
use crate::flow::{Commit, Document, Flow, Remember};
use crate::json::Value;

/// A set that cannot be renewed counts for this long, in milliseconds.
const STALE: u64 = 24 * 3600 * 1000;
/// While there is no set at all, attempts follow each other at this distance at least.
const FIRST_COOL_DOWN: u64 = 5_000;

/// What the shim keeps of an issuer's keys: `{"url":…,"tried":…,"at":…}` and the checked keys' text.
#[derive(Debug, Default)]
pub(super) struct Kept<'a> {
    pub(super) url: Option<Cow<'a, str>>,
    tried: u64,
    set: Option<(u64, &'a str)>,
}

impl<'a> Kept<'a> {
    pub(super) fn read(kept: Option<Value<'a>>, text: &'a str) -> Option<Self> {
        let Some(kept) = kept else { return Some(Self::default()) };
        let kept = kept.object().ok()?;
        let number = |name| kept.get(name)?.text().parse::<u64>().ok();
        let set = number("at").filter(|_| !text.is_empty()).map(|at| (at, text));
        Some(Self { url: kept.string("url"), tried: number("tried")?, set })
    }
}

/// The keys of a set that fit the token: one or more.
#[derive(Debug)]
pub(super) struct Found<'a> {
    pub(super) keys: Cow<'a, [PublicKey]>,
    /// Until when a token that they vouch for may be remembered, in milliseconds since 1970.
    pub(super) fresh_until: u64,
}

/// Finds the keys for `header`. Waits: none with a kept set that has one and is fresh.
pub(super) async fn find<'a>(
    flow: &Flow<'_>,
    header: &Header<'_>,
    kept: &Kept<'_>,
    options: &'a Options,
) -> Result<Found<'a>, Reject> {
    let found = |keys: Vec<PublicKey>, fresh_until| {
        if keys.is_empty() { Err(Reject::UnknownKey) } else { Ok(Found { keys: keys.into(), fresh_until }) }
    };
    let Header { algorithm, kid } = header;
    if let Source::Static(keys) = &options.source {
        if let [only] = keys.as_slice()
            && only.fits(*algorithm, kid.as_deref())
        {
            return Ok(Found { keys: keys.into(), fresh_until: u64::MAX });
        }
        return found(of(keys, header), u64::MAX);
    }
    let now = flow.context().now();
    let stale = kept.set.filter(|(at, _)| now < at + STALE);
    let keys = stale.map(|(_, text)| fitting(text, *algorithm, kid.as_deref())).unwrap_or_default();
    if let Some((at, _)) = stale.filter(|(at, _)| now < at + options.keys_for && !keys.is_empty()) {
        return found(keys, at + options.keys_for);
    }
    let cool_down = if stale.is_some() { options.cool_down } else { options.cool_down.min(FIRST_COOL_DOWN) };
    let next = kept.tried + cool_down;
    if kept.tried > 0 && now < next {
        return if stale.is_some() { found(keys, next) } else { Err(Reject::NoKeys) };
    }
    let Some(Fetched { url, at, keys: all }) = fetch(flow, kept.url.as_deref(), options).await else {
        let url = kept.url.as_deref().unwrap_or_default().to_owned();
        flow.commit(Commit::Remember(Remember { url, tried: now, set: None }));
        return if keys.is_empty() { Err(Reject::NoKeys) } else { found(keys, now + options.cool_down) };
    };
    let set = Some((at, write_checked(&all)));
    flow.commit(Commit::Remember(Remember { url, tried: now.max(at), set }));
    found(of(&all, header), at + options.keys_for)
}

/// Those of `keys` that fit.
fn of(keys: &[PublicKey], Header { algorithm, kid }: &Header<'_>) -> Vec<PublicKey> {
    keys.iter().filter(|key| key.fits(*algorithm, kid.as_deref())).take(MAX_TRIES).cloned().collect()
}

/// A key set as it came.
struct Fetched {
    url: String,
    /// When, in milliseconds since 1970.
    at: u64,
    /// The keys that can be used: one or more.
    keys: Vec<PublicKey>,
}

/// Fetches the set: from where it is known to be, else from where the issuer says. Nothing where it cannot be had.
async fn fetch(flow: &Flow<'_>, known: Option<&str>, options: &Options) -> Option<Fetched> {
    let issuer = match &options.source {
        Source::Url(url) => return fetch_from(flow, url).await,
        Source::Issuer(issuer) => issuer,
        Source::None | Source::Static(_) => return None,
    };
    if let Some(known) = known.filter(|known| !known.is_empty())
        && let Some(fetched) = fetch_from(flow, known).await
    {
        return Some(fetched);
    }
    for url in discovery::urls(issuer) {
        let document = flow.obtain(&Document { url }).await;
        if let Some(url) = document.ok().and_then(|document| discovery::url_in(&document.body, issuer, "jwks_uri")) {
            return fetch_from(flow, &url).await;
        }
    }
    None
}

async fn fetch_from(flow: &Flow<'_>, url: &str) -> Option<Fetched> {
    let published = flow.obtain(&Document { url: url.into() }).await.ok()?;
    let (keys, _) = read_set(&published.body).filter(|(keys, _)| !keys.is_empty())?;
    Some(Fetched { url: url.into(), at: published.at, keys })
}
