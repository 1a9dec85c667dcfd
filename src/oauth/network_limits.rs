//! Rate limits by network.

use super::{AuthorizationServer, Request};

/// A network may send this many times as many requests in all as for one client, person or sign-in.
const NETWORK: u64 = 10;

/// The limits of one network: about `what`, and in all.
pub(crate) fn by_network<I>(
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    name: &str,
    what: &str,
) -> Vec<(String, u64)> {
    let most = server.config.limits.authorize;
    request.network().map_or_else(Vec::new, |network| network.limits(name, &server.issuer, &[what], most, NETWORK))
}
