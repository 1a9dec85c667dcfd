//! Rate limits outside of objects: how often a browser, a client or a caller may send requests, before anything is
//! stored or fetched for it.
//!
//! **Threat.** Someone floods the server with registrations, sign-ins, or documents to fetch, or uses up a limit that
//! everyone shares, so that nobody else gets in.
//! **Guarantee.** Within an isolate, nobody exceeds the configured limits. A network's requests about one client or
//! host are counted first, then all requests of the network, and last those of everybody: only a request that has
//! passed the narrower limits counts towards the wider ones, so one network alone never uses up the shared limit.
//! Spellings of a host, and names below a domain, count as one. A network is an IPv4 address or the /64 of an IPv6
//! address, as Cloudflare gives it (`CF-Connecting-IP`); no other header counts.
//! **Not guaranteed.** An exact count over all isolates: a rate limiting binding of the runtime adds one for each
//! location. Requests for tokens are counted exactly, in the object that decides them (`oauth::object::ledger`). Nor
//! that many networks together cannot use up the shared limit.
//!
//! Hosted clients share their networks, so a network may send several times as many requests in all as for one client.

use core::net::IpAddr;

use crate::crypto::{encode, hash};
use crate::flow::{Flow, Tally};

/// Requests within this time are counted together, in milliseconds.
pub const WINDOW: u64 = 60_000;

/// The key of a count: a name, and the parts of the request that identify it.
#[must_use]
pub fn key(name: &str, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>();
    [name, ":", &encode(hash(name, &parts).first_chunk::<12>().unwrap_or(&[0; 12]))].concat()
}

/// Counts the request under each key, the narrowest first, until one limit is exceeded. Returns how many seconds the
/// request has to wait, if it has to. A count that is not available limits nobody.
///
/// Waits: one, which is answered immediately.
pub async fn wait(flow: &Flow<'_>, limits: Vec<(String, u64)>) -> Option<u64> {
    if limits.is_empty() {
        return None;
    }
    let most = limits.iter().map(|(_, most)| *most).collect::<Vec<_>>();
    let counts = flow.obtain(&Tally { limits }).await.unwrap_or_default();
    let beyond = counts.iter().zip(most).any(|(count, most)| *count > most);
    beyond.then(|| until_next(flow.context().now()))
}

/// Seconds until the next window begins.
#[must_use]
pub fn until_next(now: u64) -> u64 {
    (WINDOW - now % WINDOW).div_ceil(1000)
}

/// Where a request comes from, as it is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// An IPv4 address, or the first half of an IPv6 address, whose other half anyone can change at will.
    pub narrow: String,
    /// An IPv4 address, or the /48 of an IPv6 address, which belongs to one customer.
    pub wide: String,
}

impl Network {
    /// The network of an address; `None` if it is not an address.
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

    /// The limits of this network's requests about `what`: `most`, and `times` as many for all its requests of this
    /// kind.
    #[must_use]
    pub fn limits(&self, name: &str, issuer: &str, what: &[&str], most: u64, times: u64) -> Vec<(String, u64)> {
        let parts = [&[issuer, self.narrow.as_str()], what].concat();
        let all = key("network", &[name, issuer, &self.wide]);
        vec![(key(name, &parts), most), (all, most.saturating_mul(times))]
    }
}

/// A host as it is counted for everybody: in lower case, without a port or a trailing dot.
#[must_use]
pub fn host(host: &str) -> String {
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let is_port = !name.ends_with(':') && port.bytes().all(|byte| byte.is_ascii_digit());
    let name = if is_port { name } else { host };
    name.trim_end_matches('.').to_ascii_lowercase()
}

/// A host as it is counted together with a network: the last two labels of its name, because the owner of a domain has
/// as many names below it as they like.
#[must_use]
pub fn domain(host: &str) -> String {
    let host = self::host(host);
    let is_address = host.contains(':') || host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let before = host.rmatch_indices('.').nth(1).filter(|_| !is_address);
    before.map_or(host.as_str(), |(at, _)| host.get(at + 1..).unwrap_or_default()).to_owned()
}
