//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): a client whose identifier is the URL of
//! its metadata.
//!
//! **Threat.** The URL leads into our own network (SSRF), or to a document of another client; the document changes
//! after a person has trusted it; its host is slow, large, or gone.
//! **Guarantee.** Only https URLs of public names are fetched, without redirects, and only if the runtime keeps fetches
//! out of private networks (`global_fetch_strictly_public`); never from our own host, where others may have files; and
//! only from configured hosts, if there are any. The document must name its own URL, and of its redirect URIs only
//! those count that may be registered. A grant keeps its copy, so a later change only affects later grants.
//! **Not guaranteed.** That the domain belongs to whom people believe. The consent page shows it.

use serde::{Deserialize, Serialize};

use super::metadata::{member, named, usable};
use super::{Auth, Client, Lookup, Proof, kv_copy};
use crate::crypto::{encode, hash};
use crate::flow::{Commit, Failure, Fetch, Flow};
use crate::http::host::authority_of;
use crate::json::{Object, Value};
use crate::oauth::{AuthorizationServer, Request, redirect};
use crate::rate_limit;

const MAX_DOCUMENT: usize = 5 * 1024;
const MAX_REDIRECTS: usize = 50;
/// A copy is as good as the document for this long, in milliseconds …
const FRESH: u64 = 3600 * 1000;
/// … and is used for this long if the document cannot be fetched.
const STALE: u64 = 24 * 3600 * 1000;

/// True for an identifier that is a URL from which we may fetch.
#[must_use]
pub fn is_url(id: &str) -> bool {
    let Some(rest) = id.strip_prefix("https://") else { return false };
    let Some((authority, path)) = rest.split_once('/') else { return false };
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let is_name = |host: &str| {
        let labels = host.split('.').collect::<Vec<_>>();
        let is_label =
            |label: &&str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let last = labels.last().copied().unwrap_or_default();
        // A last label of digits, or one that begins with 0x, makes it an address.
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        let is_private = matches!(
            last,
            "local" | "localhost" | "internal" | "intranet" | "private" | "lan" | "home" | "corp" | "arpa"
        );
        labels.len() >= 2 && labels.iter().all(is_label) && !is_number && !is_private
    };
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>' | b'@');
    id.len() <= redirect::MAX_LENGTH
        && id.bytes().all(is_plain)
        && is_name(&host.to_ascii_lowercase())
        && port.is_none_or(|port| port == "443")
        && !path.is_empty()
        && !path.split(['/', '?']).any(|segment| matches!(segment, "." | ".."))
}

/// The namespace's copy: the document's contents, and when it was fetched, in milliseconds since 1970.
#[derive(Serialize, Deserialize)]
struct Copy {
    client: Client,
    fetched: u64,
}

/// Looks up the client whose document is at `id`.
///
/// 1. The namespace's copy, if it is fresh.
/// 2. The document itself, within the rate limits.
/// 3. A stale copy, if the document cannot be fetched. If it is gone or names another client, there is no client.
///
/// Waits: at most three.
pub async fn find<I>(flow: &Flow<'_>, server: &AuthorizationServer<'_, I>, request: &Request<'_>, id: &str) -> Lookup {
    let host = host_of(id);
    let is_own = [&server.issuer, &request.origin].iter().any(|origin| host_of(origin) == host);
    if is_own || !takes(&server.config.document_hosts, &host) {
        return Lookup::Unlisted;
    }
    let now = flow.context().now();
    let key = "document:".to_owned() + &encode(&hash("client document", &[id.as_bytes()]));
    let mut copy = None;
    if server.config.kv {
        copy = kv_copy::load::<Copy>(flow, server.keys, &key).await.filter(|copy| copy.client.id == id);
    }
    if let Some(Copy { client, fetched }) = &copy
        && *fetched + FRESH > now
    {
        return Lookup::Known(client.clone(), None);
    }
    if let Some(seconds) = rate_limit::wait(flow, limits(server, request, id)).await {
        return match copy.filter(|copy| copy.fetched + STALE > now) {
            Some(Copy { client, .. }) => Lookup::Known(client, None),
            None => Lookup::Busy(seconds),
        };
    }
    let fetch = Fetch {
        url: id.to_owned(),
        method: "GET",
        headers: vec![("accept", "application/json".into())],
        body: None,
        brief: true,
    };
    let (had_copy, stale) = (copy.is_some(), copy.filter(|copy| copy.fetched + STALE > now));
    let unreachable = |reason| stale.map_or(Lookup::Unreachable(reason), |copy| Lookup::Known(copy.client, None));
    let fetched = match flow.obtain(&fetch).await {
        Ok(fetched) if fetched.status != 429 && fetched.status < 500 => fetched,
        Ok(fetched) => return unreachable(format!("it answered {}", fetched.status)),
        Err(Failure::Timeout) => return unreachable("it did not answer in time".into()),
        Err(Failure::Unreachable) => return unreachable("it is unreachable".into()),
        Err(_) => return unreachable("it could not be fetched".into()),
    };
    let client = match fetched.status {
        200 if fetched.body.len() > MAX_DOCUMENT => Err(format!("it is longer than {MAX_DOCUMENT} bytes")),
        200 => client_of(server, id, &fetched.body, now / 1000).map_err(String::from),
        status => Err(format!("it answered {status}")),
    };
    match client {
        Err(reason) => {
            if had_copy {
                // After this the copy is no longer used during an outage.
                flow.commit(Commit::Keep { key, value: "{}".into(), seconds: 60 });
            }
            Lookup::Unusable(reason)
        }
        Ok(client) => {
            let copy = Copy { client, fetched: now };
            let kept = server.config.kv.then(|| Box::new(kv_copy::keep(flow, server.keys, key, &copy, 24 * 3600)));
            Lookup::Known(copy.client, kept)
        }
    }
}

/// The host of a URL, in lower case.
fn host_of(url: &str) -> String {
    rate_limit::host(authority_of(url))
}

/// Whether documents of `host` are accepted: it is in `listed`, or below an entry like `*.example.com`. All are if
/// nothing is listed.
fn takes(listed: &[String], host: &str) -> bool {
    let is_it = |listed: &String| match listed.strip_prefix('*') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|name| !name.is_empty()),
        None => listed == host,
    };
    listed.is_empty() || listed.iter().any(is_it)
}

/// True for a valid entry of the list of hosts: a host as URLs contain it, in lower case, or `*.` and a domain.
#[must_use]
pub fn is_listable(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    *name == rate_limit::host(name) && is_url(&["https://", name, "/x"].concat())
}

/// A network may have this many times as many documents fetched in all as from one host …
const NETWORK: u64 = 4;
/// … and everybody together this many times as many from one host.
const EVERYBODY: u64 = 10;

/// The limits of fetching documents from the host of `id`.
fn limits<I>(server: &AuthorizationServer<'_, I>, request: &Request<'_>, id: &str) -> Vec<(String, u64)> {
    let most = server.config.limits.documents;
    let host = host_of(id);
    let network = request.network();
    let mut limits = network.map_or_else(Vec::new, |network| {
        network.limits("document", &server.issuer, &[&rate_limit::domain(&host)], most, NETWORK)
    });
    limits.push((rate_limit::key("document host", &[&server.issuer, &host]), most.saturating_mul(EVERYBODY)));
    limits
}

/// The client that the document `text` at `id` describes, or why it describes none.
fn client_of<I>(
    server: &AuthorizationServer<'_, I>,
    id: &str,
    text: &str,
    created: u64,
) -> Result<Client, &'static str> {
    let document = Object::read(text).map_err(|_| "it is not a JSON object")?;
    if document.string("client_id").is_none_or(|named| named != id) {
        return Err("its client_id is not its own URL");
    }
    // Invalid redirect URIs are ignored, as at registration.
    let redirects =
        usable(document.get("redirect_uris"), &server.config.schemes).filter(|uris| uris.len() <= MAX_REDIRECTS);
    let redirects = redirects.ok_or("redirect_uris must be a list of 1 to 50 URIs")?;
    if redirects.is_empty() {
        return Err("redirect_uris has no usable URI");
    }
    // A document is public, so it cannot contain a shared secret.
    let method = member(&document, "token_endpoint_auth_method").map_or(Some("none".into()), Value::string);
    if method.is_none_or(|method| method != "none") || member(&document, "client_secret").is_some() {
        return Err("token_endpoint_auth_method must be none, without a client_secret");
    }
    let name = named(document.string("client_name").as_deref(), || redirect::host(id, &[]));
    Ok(Client { id: id.to_owned(), name, redirects, auth: Auth::None, proof: Proof::Domain, created })
}
