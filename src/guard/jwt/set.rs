//! The key set of an issuer: cached, refreshed when necessary, and not too often.
//!
//! **Threat.** Tokens with made-up `kid`s could cause unlimited fetches; keys that cannot be fetched for a while would lock
//! everyone out; withdrawn keys must stop working.
//! **Guarantee.** A set is fetched again when it is older than `keysMaxAge`, and at most once per `keysCooldown` for an
//! unknown `kid`, so a new key is picked up within that time. A set that cannot be refreshed remains valid for 24 hours.
//! Only a JWK Set with a usable key replaces the previous one.
//! **Not guaranteed.** That a withdrawn key stops working immediately: it does with the next fetch.

use std::borrow::Cow;

use serde::Deserialize;

use super::JwtError;
use super::options::{KeySource, Options};
use crate::flow::{Commit, Document, Flow, StoreKeySet, StoredKeySet};
use crate::http::discovery;
use crate::http::well_known::of_issuer;
use crate::jose::header::Header;
use crate::jose::jwk::{MAX_TRIES, PublicKey, fitting, read_set, write_checked};

/// A set that cannot be refreshed remains valid for this long, in milliseconds.
const STALE: u64 = 24 * 3600 * 1000;
/// Minimum time between two attempts while there is no set at all.
const FIRST_COOL_DOWN: u64 = 5_000;

/// What JavaScript stores about an issuer's keys, besides their text.
#[derive(Debug, Default, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub(super) struct CachedKeySet {
    pub(super) url: Option<String>,
    tried: u64,
    /// When the set was fetched.
    at: Option<u64>,
}

/// The keys of a set that fit the token: at least one.
#[derive(Debug)]
pub(super) struct MatchingKeys<'a> {
    pub(super) keys: Cow<'a, [PublicKey]>,
    /// Until when a token that they verify may be cached, in milliseconds since 1970.
    pub(super) fresh_until: u64,
}

/// Finds the keys for `header`. Waits: none if the stored set is fresh and has one.
pub(super) async fn find<'a>(
    flow: &Flow<'_>,
    header: &Header<'_>,
    (kept, text): (&CachedKeySet, &str),
    options: &'a Options,
) -> Result<MatchingKeys<'a>, JwtError> {
    let found = |keys: Vec<PublicKey>, fresh_until| {
        if keys.is_empty() { Err(JwtError::UnknownKey) } else { Ok(MatchingKeys { keys: keys.into(), fresh_until }) }
    };
    let Header { algorithm, kid } = header;
    if let KeySource::Static(keys) = &options.source {
        if let [only] = keys.as_slice()
            && only.fits(*algorithm, kid.as_deref())
        {
            return Ok(MatchingKeys { keys: keys.into(), fresh_until: u64::MAX });
        }
        return found(of(keys, header), u64::MAX);
    }
    let now = flow.context().now();
    let stale = kept.at.filter(|at| now < at + STALE && !text.is_empty());
    let keys = stale.map(|_| fitting(text, *algorithm, kid.as_deref())).unwrap_or_default();
    if let Some(at) = stale.filter(|at| now < at + options.keys_for && !keys.is_empty()) {
        return found(keys, at + options.keys_for);
    }
    let cool_down = if stale.is_some() { options.cool_down } else { options.cool_down.min(FIRST_COOL_DOWN) };
    let next = kept.tried + cool_down;
    if kept.tried > 0 && now < next {
        return if stale.is_some() { found(keys, next) } else { Err(JwtError::NoKeys) };
    }
    let Some(FetchedKeySet { url, at, keys: all }) = fetch(flow, kept.url.as_deref(), options).await else {
        let url = kept.url.as_deref().unwrap_or_default().to_owned();
        flow.commit(Commit::Remember(StoreKeySet { url, tried: now, set: None }));
        return if keys.is_empty() { Err(JwtError::NoKeys) } else { found(keys, now + options.cool_down) };
    };
    let set = Some(StoredKeySet { at, text: write_checked(&all) });
    flow.commit(Commit::Remember(StoreKeySet { url, tried: now.max(at), set }));
    found(of(&all, header), at + options.keys_for)
}

/// Those of `keys` that fit.
fn of(keys: &[PublicKey], Header { algorithm, kid }: &Header<'_>) -> Vec<PublicKey> {
    keys.iter().filter(|key| key.fits(*algorithm, kid.as_deref())).take(MAX_TRIES).cloned().collect()
}

/// A fetched key set.
struct FetchedKeySet {
    url: String,
    /// When, in milliseconds since 1970.
    at: u64,
    /// The usable keys: at least one.
    keys: Vec<PublicKey>,
}

/// Fetches the set: from its known URL, else from the one in the issuer's metadata. `None` if it cannot be fetched.
async fn fetch(flow: &Flow<'_>, known: Option<&str>, options: &Options) -> Option<FetchedKeySet> {
    let issuer = match &options.source {
        KeySource::Url(url) => return fetch_from(flow, url).await,
        KeySource::Issuer(issuer) => issuer,
        KeySource::None | KeySource::Static(_) => return None,
    };
    if let Some(known) = known.filter(|known| !known.is_empty())
        && let Some(fetched) = fetch_from(flow, known).await
    {
        return Some(fetched);
    }
    for url in of_issuer(issuer) {
        let document = flow.obtain(&Document { url, since: None, stale: None }).await;
        let metadata = document.ok().and_then(|document| discovery::read(&document.body, issuer));
        if let Some(url) = metadata.and_then(|metadata| metadata.jwks_uri).filter(|url| discovery::may_be_fetched(url))
        {
            return fetch_from(flow, &url).await;
        }
    }
    None
}

async fn fetch_from(flow: &Flow<'_>, url: &str) -> Option<FetchedKeySet> {
    let published = flow.obtain(&Document { url: url.into(), since: None, stale: None }).await.ok()?;
    let (keys, _) = read_set(&published.body).filter(|(keys, _)| !keys.is_empty())?;
    Some(FetchedKeySet { url: url.into(), at: published.at, keys })
}
