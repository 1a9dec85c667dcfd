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
use super::keys::read_set;
use super::options::{Options, Source};
use super::{Reject, discovery};
use crate::flow::{Commit, Document, Flow, Published, Remember};
use crate::json::Value;

/// A set that cannot be renewed counts for this long, in milliseconds.
const STALE: u64 = 24 * 3600 * 1000;
/// While there is no set at all, attempts follow each other at this distance at least.
const FIRST_COOL_DOWN: u64 = 5_000;

/// What the shim keeps of an issuer's keys: `{"url":…,"tried":…,"at":…}` and the set's text.
#[derive(Debug, Default)]
pub(super) struct Kept<'a> {
    url: Option<Cow<'a, str>>,
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

/// A set that has a key for the token.
#[derive(Debug)]
pub(super) struct Set<'a> {
    pub(super) text: Cow<'a, str>,
    /// Until when a token that it vouches for may be remembered, in milliseconds since 1970.
    pub(super) fresh_until: u64,
}

/// Finds the set that has a key for `header`. Waits: none with a kept set that has it and is fresh.
pub(super) async fn find<'a>(
    flow: &Flow<'_>,
    header: &Header<'_>,
    kept: &Kept<'a>,
    options: &'a Options,
) -> Result<Set<'a>, Reject> {
    if let Source::Static(text) = &options.source {
        let set = Set { text: text.as_str().into(), fresh_until: u64::MAX };
        return if has_key(text, header) { Ok(set) } else { Err(Reject::UnknownKey) };
    }
    let now = flow.context().now();
    let fresh = kept.set.filter(|(at, text)| now < at + options.keys_for && has_key(text, header));
    if let Some((at, text)) = fresh {
        return Ok(Set { text: text.into(), fresh_until: at + options.keys_for });
    }
    let stale = kept.set.filter(|(at, _)| now < at + STALE);
    let stale_with_key = stale.filter(|(_, text)| has_key(text, header));
    let cool_down = if stale.is_some() { options.cool_down } else { options.cool_down.min(FIRST_COOL_DOWN) };
    let next = kept.tried + cool_down;
    if kept.tried > 0 && now < next {
        return match (stale_with_key, stale) {
            (Some((_, text)), _) => Ok(Set { text: text.into(), fresh_until: next }),
            (None, Some(_)) => Err(Reject::UnknownKey),
            (None, None) => Err(Reject::NoKeys),
        };
    }
    let Some((url, Published { at, body })) = fetch(flow, kept.url.as_deref(), options).await else {
        let url = kept.url.as_deref().unwrap_or_default().to_owned();
        flow.commit(Commit::Remember(Remember { url, tried: now, set: None }));
        let (_, text) = stale_with_key.ok_or(Reject::NoKeys)?;
        return Ok(Set { text: text.into(), fresh_until: now + options.cool_down });
    };
    let found = has_key(&body, header);
    flow.commit(Commit::Remember(Remember { url, tried: now.max(at), set: Some((at, body.clone())) }));
    if found { Ok(Set { text: body.into(), fresh_until: at + options.keys_for }) } else { Err(Reject::UnknownKey) }
}

fn has_key(text: &str, Header { algorithm, kid }: &Header<'_>) -> bool {
    read_set(text).is_some_and(|(keys, _)| keys.iter().any(|key| key.fits(*algorithm, kid.as_deref())))
}

/// Fetches the set: from where it is known to be, else from where the issuer says. Nothing where it cannot be had.
async fn fetch(flow: &Flow<'_>, known: Option<&str>, options: &Options) -> Option<(String, Published)> {
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
        if let Some(url) = document.ok().and_then(|document| discovery::keys_url(&document.body, issuer)) {
            return fetch_from(flow, &url).await;
        }
    }
    None
}

async fn fetch_from(flow: &Flow<'_>, url: &str) -> Option<(String, Published)> {
    let published = flow.obtain(&Document { url: url.into() }).await.ok()?;
    let has_keys = read_set(&published.body).is_some_and(|(keys, _)| !keys.is_empty());
    has_keys.then(|| (url.into(), published))
}
