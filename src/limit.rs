//! Rate limits outside of objects: how often a browser, a client or a caller may ask, before anything is kept or fetched for
//! it.
//!
//! **Threat.** Somebody floods the server with registrations, sign-ins, or documents to fetch; or uses up what is there for
//! all, so that nobody else gets in.
//! **Guarantee.** Within an isolate nobody gets further than the limits of the set-up. What one network asks of one client or
//! host is counted first, then all that the network asks, and what is counted for everybody comes last: so only what has
//! passed the others counts there, and one network alone never uses it up. Spellings of a host, and names below a domain,
//! count as one. A network is an IPv4 address or the /64 of an IPv6 one, as Cloudflare names it (`CF-Connecting-IP`); no other
//! header counts.
//! **Not guaranteed.** An exact count over all isolates: a rate limiting binding of the runtime's adds one for each
//! location. What is counted exactly are requests for tokens, in the object that decides them (`oauth::ledger`). And that many
//! networks together do not use up what is there for all.
//!
//! Hosted clients share their networks, so what a network may ask in all is several times what it may ask of one client.

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

/// Counts the request under each key, the narrowest first, as far as none is beyond its limit. How many seconds the request
/// has to wait, where one is. A count that cannot be had limits nobody.
///
/// Waits: one, which is answered at once.
pub async fn wait(flow: &Flow<'_>, limits: Vec<(String, u64)>) -> Option<u64> {
    if limits.is_empty() {
        return None;
    }
    let most = limits.iter().map(|(_, most)| *most).collect::<Vec<_>>();
    let counts = flow.obtain(&Tally { limits }).await.unwrap_or_default();
    let beyond = counts.iter().zip(most).any(|(count, most)| *count > most);
    beyond.then(|| until_next(flow.context().now()))
}

/// Seconds until the next count begins.
#[must_use]
pub fn until_next(now: u64) -> u64 {
    (WINDOW - now % WINDOW).div_ceil(1000)
}

/// Where a request comes from, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// An IPv4 address, or the first half of an IPv6 one, whose other half anybody can change at will.
    pub narrow: String,
    /// An IPv4 address, or the /48 of an IPv6 one: so much is one customer's.
    pub wide: String,
}

impl Network {
    /// The network of an address; nothing where it is none.
    #[must_use]
    pub fn of(address: &str) -> Option<Self> {
        let address = address.trim().parse::<IpAddr>().ok()?.to_canonical();
        Some(match address {
            IpAddr::V4(address) => Self { narrow: encode(&address.octets()), wide: encode(&address.octets()) },
            IpAddr::V6(address) => {
                let octets = address.octets();
                Self { narrow: encode(octets.first_chunk::<8>()?), wide: encode(octets.first_chunk::<6>()?) }
            }
        })
    }

    /// The limits of what this network asks about `what`: `most`, and `times` as many for all that it asks of this kind.
    #[must_use]
    pub fn limits(&self, name: &str, issuer: &str, what: &[&str], most: u64, times: u64) -> Vec<(String, u64)> {
        let parts = [&[issuer, self.narrow.as_str()], what].concat();
        let all = key("network", &[name, issuer, &self.wide]);
        vec![(key(name, &parts), most), (all, most.saturating_mul(times))]
    }
}

/// A host as it is counted for everybody: in small letters, without a port and a dot at its end.
#[must_use]
pub fn host(host: &str) -> String {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let is_port = !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_port { name } else { host };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A host as it is counted together with a network: the last two labels of its name, because whoever has a domain has as many
/// names below it as they like.
#[must_use]
pub fn domain(host: &str) -> String {
    let host = self::host(host);
    let is_address = host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let before = host.rmatch_indices('.').nth(1).filter(|_| !is_address);
    before.map_or(host.as_str(), |(at, _)| host.get(at + 1..).unwrap_or_default()).to_owned()
}
