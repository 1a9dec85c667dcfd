//! Client ID metadata documents (draft-ietf-oauth-client-id-metadata-document): a client whose identifier is the URL of what
//! it says of itself.
//!
//! **Threat.** The URL leads into our own network (SSRF), or to a document that is another client's; the document changes
//! under a person who trusted it; its host is slow, large, or gone.
//! **Guarantee.** Only https URLs of public names are fetched, without redirects, and only where the runtime keeps fetches
//! out of private networks (`global_fetch_strictly_public`), never from our own host, where others may have files, and only of
//! the hosts that the set-up lists, where it lists some. The document must name its own URL, and of its redirect
//! URIs only those count that may be registered. A grant keeps its copy, so a later change counts for later grants.
//! **Not guaranteed.** That the domain is who people take it for. The consent page shows it.

use super::client::{Auth, Client, Lookup, Proof};
use super::record::{Members, Reading as _};
use super::register::{member, named, usable};
use super::{Request, Site, copy, redirect};
use crate::crypto::{encode, hash};
use crate::flow::{Brief, Commit, Failure, Fetch, Flow};
use crate::http::origin::origin_of;
use crate::json::{Object, Value};
use crate::limit;

const MAX_DOCUMENT: usize = 5 * 1024;
const MAX_REDIRECTS: usize = 50;
/// A copy is as good as the document for this long, in milliseconds …
const FRESH: u64 = 3600 * 1000;
/// … and for this long if the document cannot be had.
const STALE: u64 = 24 * 3600 * 1000;

/// True for an identifier that is a URL which may be fetched.
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
        // A last label of digits or after 0x makes an address of it.
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

/// Looks for the client whose document is at `id`.
///
/// 1. The namespace's copy, if it is fresh.
/// 2. The document itself, unless too many are asked for.
/// 3. A copy that is not fresh, if the document cannot be had. Where it is gone or names another client, there is none.
///
/// Waits: three at most.
pub async fn find<I>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, id: &str) -> Lookup {
    let host = host_of(id);
    let is_own = [&site.issuer, request.origin.as_ref()].iter().any(|origin| host_of(origin) == host);
    if is_own || !takes(&site.server.document_hosts, &host) {
        return Lookup::Unlisted;
    }
    let now = flow.context().now();
    let key = "document:".to_owned() + &encode(&hash("client document", &[id.as_bytes()]));
    let mut copy = None;
    if site.server.kv {
        copy = super::copy::load(flow, site.keys, &key).await.as_deref().and_then(|copy| read(copy, id));
    }
    if let Some((client, fetched)) = &copy
        && *fetched + FRESH > now
    {
        return Lookup::Known(client.clone(), None);
    }
    if let Some(seconds) = limit::wait(flow, limits(site, request, id)).await {
        return match copy.filter(|(_, fetched)| fetched + STALE > now) {
            Some((client, _)) => Lookup::Known(client, None),
            None => Lookup::Busy(seconds),
        };
    }
    let fetch =
        Fetch { url: id.to_owned(), method: "GET", headers: vec![("accept", "application/json".into())], body: None };
    let (had_copy, stale) = (copy.is_some(), copy.filter(|(_, fetched)| fetched + STALE > now));
    let unreachable = |reason| stale.map_or(Lookup::Unreachable(reason), |(client, _)| Lookup::Known(client, None));
    let fetched = match flow.obtain(&Brief(fetch)).await {
        Ok(fetched) if fetched.status != 429 && fetched.status < 500 => fetched,
        Ok(fetched) => return unreachable(format!("it answered {}", fetched.status)),
        Err(Failure::Timeout) => return unreachable("it did not answer in time".into()),
        Err(Failure::Unreachable) => return unreachable("it could not be reached".into()),
        Err(_) => return unreachable("it could not be fetched".into()),
    };
    let client = match fetched.status {
        200 if fetched.body.len() > MAX_DOCUMENT => Err(format!("it is longer than {MAX_DOCUMENT} bytes")),
        200 => client_of(site, id, &fetched.body, now / 1000).map_err(String::from),
        status => Err(format!("it answered {status}")),
    };
    match client {
        Err(reason) => {
            if had_copy {
                // It bridges no outage after this.
                flow.commit(Commit::Keep { key, value: "{}".into(), seconds: 60 });
            }
            Lookup::Unusable(reason)
        }
        Ok(client) => {
            let value = Members::version(1).raw("client", &client.to_json()).number("fetched", now).end();
            let copy = || Box::new(copy::keep(flow, site.keys, key, &value, 24 * 3600));
            Lookup::Known(client, site.server.kv.then(copy))
        }
    }
}

/// The host of a URL, in small letters.
fn host_of(url: &str) -> String {
    limit::host(origin_of(url).split_once("://").map_or("", |(_, host)| host))
}

/// Whether documents of `host` are taken: it is one of `listed`, or below one that is written `*.example.com`. All are where none
/// is listed.
fn takes(listed: &[String], host: &str) -> bool {
    let is_it = |listed: &String| match listed.strip_prefix('*') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|name| !name.is_empty()),
        None => listed == host,
    };
    listed.is_empty() || listed.iter().any(is_it)
}

/// True for what may stand in the list of hosts: a host as URLs have it, in small letters, or `*.` and a domain.
#[must_use]
pub fn is_listable(host: &str) -> bool {
    let name = host.strip_prefix("*.").unwrap_or(host);
    *name == limit::host(name) && is_url(&["https://", name, "/x"].concat())
}

/// So many times as often as from one host a network may have documents fetched in all …
const NETWORK: u64 = 4;
/// … and everybody together from one host.
const EVERYBODY: u64 = 10;

/// How often documents are fetched from the host of `id`.
fn limits<I>(site: &Site<'_, I>, request: &Request<'_>, id: &str) -> Vec<(String, u64)> {
    let most = site.server.limits.documents;
    let host = host_of(id);
    let network = request.network();
    let mut limits = network.map_or_else(Vec::new, |network| {
        network.limits("document", &site.issuer, &[&limit::domain(&host)], most, NETWORK)
    });
    limits.push((limit::key("document host", &[&site.issuer, &host]), most.saturating_mul(EVERYBODY)));
    limits
}

fn read(copy: &str, id: &str) -> Option<(Client, u64)> {
    let copy = Object::read(copy).ok()?;
    let client = Client::read(copy.get("client")?.text()).filter(|client| client.id == id)?;
    Some((client, copy.number("fetched")?))
}

/// The client that the document `text` at `id` describes, or why it describes none.
fn client_of<I>(site: &Site<'_, I>, id: &str, text: &str, created: u64) -> Result<Client, &'static str> {
    let document = Object::read(text).map_err(|_| "it is not a JSON object")?;
    if document.string("client_id").is_none_or(|named| named != id) {
        return Err("its client_id is not its own URL");
    }
    // What cannot be a redirect URI falls away, as at registration.
    let redirects = usable(&document, &site.server.schemes).filter(|uris| uris.len() <= MAX_REDIRECTS);
    let redirects = redirects.ok_or("redirect_uris must be a list of 1 to 50 URIs")?;
    if redirects.is_empty() {
        return Err("redirect_uris has no URI that may be used");
    }
    // A document is public, so no secret can be agreed on in it.
    let method = member(&document, "token_endpoint_auth_method").map_or(Some("none".into()), Value::string);
    if method.is_none_or(|method| method != "none") || member(&document, "client_secret").is_some() {
        return Err("token_endpoint_auth_method must be none, without a client_secret");
    }
    let name = named(document.string("client_name").as_deref(), || redirect::host(id, &[]));
    Ok(Client { id: id.to_owned(), name, redirects, auth: Auth::None, proof: Proof::Domain, created })
}
