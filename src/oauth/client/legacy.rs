//! Clients that registered with `@cloudflare/workers-oauth-provider`, which stores them as JSON in the namespace
//! (`legacyClients`).
//!
//! **Threat.** A record names another client, or has redirect URIs, a method or a secret that no registration could
//! have; an identifier is chosen so that it looks like one of the operator's clients.
//! **Guarantee.** Nothing of the namespace is believed unless the option is on. A record counts only under its own
//! identifier, and only if the client could have registered here. Such a client is never more than one that registered
//! itself: with `registration: "approve"` it waits like any other. A record that is deleted is gone; grants end as
//! those of any deleted client do.
//! **Not guaranteed.** That nobody who may write to the namespace changes a record: it is not sealed.

use super::metadata::{member, named, usable};
use super::{Auth, Client, Lookup, Proof, is_plain, object};
use crate::bounds;
use crate::crypto::sha256;
use crate::flow::{Commit, Flow, Load};
use crate::json::Object;
use crate::oauth::audit::AuditEvent;
use crate::oauth::{AuthorizationServer, Request, redirect};

const ID_LENGTH: usize = 16;
const MAX_REDIRECTS: usize = 10;
/// What the namespace has for a record that was deleted here: JSON, so that either package reads it as none.
const DELETED: &str = "null";

/// True for an identifier as that package makes them. Ours are longer.
#[must_use]
pub fn is_legacy_id(id: &str) -> bool {
    id.len() == ID_LENGTH && is_plain(id)
}

/// The hash of a secret, as that package stores it: SHA-256 in hexadecimal digits. Its secrets are 32 random
/// characters.
pub(crate) fn secret_hash(secret: &str) -> String {
    let digits = |byte: u8| [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'));
    sha256(secret.as_bytes()).into_iter().flat_map(digits).collect()
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'))
}

/// The client with this record. Waits: one.
pub(super) async fn find<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    id: &str,
) -> Lookup {
    let Ok(found) = flow.obtain(&Load { key: object(id) }).await else { return Lookup::Unavailable };
    let Some(record) = found.filter(|record| record != DELETED) else { return Lookup::Unknown };
    match client_of(server, id, &record) {
        Ok(client) => Lookup::Known(client, None),
        Err(reason) => {
            let trace = request.trace(flow);
            let (event, reason) = ("legacy client refused", Some(reason));
            AuditEvent { event, client: Some(id), reason, request: Some(&trace), ..AuditEvent::default() }.log(flow);
            Lookup::Unknown
        }
    }
}

/// Deletes the record.
pub(crate) fn delete(flow: &Flow<'_>, id: &str) {
    flow.commit(Commit::Store { key: object(id), value: DELETED.into() });
}

/// The client that `record` describes, or why it describes none.
fn client_of<I>(server: &AuthorizationServer<'_, I>, id: &str, record: &str) -> Result<Client, &'static str> {
    if record.len() > bounds::LEGACY_RECORD {
        return Err("the record is longer than 16 KiB");
    }
    let record = Object::read(record).map_err(|_| "the record is not a JSON object")?;
    if record.string("clientId").is_none_or(|named| named != id) {
        return Err("the record is of another client");
    }
    let schemes = &server.config.schemes;
    let redirects = usable(record.get("redirectUris"), schemes).filter(|uris| !uris.is_empty());
    let mut redirects = redirects.ok_or("redirectUris has no usable URI")?;
    redirects.truncate(MAX_REDIRECTS);
    if !includes(&record, "grantTypes", "authorization_code") || !includes(&record, "responseTypes", "code") {
        return Err("the client may not use the authorization code grant");
    }
    let text = |name| match member(&record, name) {
        None => Ok(None),
        Some(value) => value.string().map(Some).ok_or("a member of the record is not a string"),
    };
    let (method, secret) = (text("tokenEndpointAuthMethod")?, text("clientSecret")?);
    let secret = secret.map(String::from).filter(|hash| is_hash(hash)).ok_or("clientSecret is not a SHA-256 hash");
    let auth = match method.as_deref().unwrap_or("client_secret_basic") {
        "none" if member(&record, "clientSecret").is_none() => Auth::None,
        "none" => return Err("a public client has a secret"),
        "client_secret_basic" => Auth::Basic(secret?),
        "client_secret_post" => Auth::Post(secret?),
        _ => return Err("tokenEndpointAuthMethod is not supported"),
    };
    let name =
        named(text("clientName")?.as_deref(), || redirect::host(redirects.first().map_or("", String::as_str), schemes));
    let created = record.get("registrationDate").and_then(|date| date.text().parse().ok()).unwrap_or_default();
    let redirects = redirect::all_canonical(&redirects, schemes);
    Ok(Client { id: id.to_owned(), name, redirects, auth, proof: Proof::None, created })
}

/// True if a list of the record has `value`; one that is absent or empty stands for the usual.
fn includes(record: &Object<'_>, name: &str, value: &str) -> bool {
    member(record, name).is_none_or(|list| {
        list.strings().is_some_and(|list| list.is_empty() || list.iter().any(|listed| listed == value))
    })
}
