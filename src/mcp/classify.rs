//! Which revision a message uses, and whether its request's headers agree (MCP 2026-07-28 basic/versioning §Backward
//! Compatibility, streamable-http §Server Validation).
//!
//! 1. A message whose `_meta` names a protocol version is modern, whatever its method: its metadata must be complete,
//!    the headers must mirror it, and the version must be supported. Only an `initialize` without all of these is the
//!    old handshake.
//! 2. A modern `MCP-Protocol-Version` header without that version in `_meta` means that the metadata is missing.
//! 3. Everything else belongs to the revisions with `initialize`: the header's revision, else the session's, else
//!    2025-03-26.

use serde::Serialize;

use super::envelope::Envelope;
use super::header::{must_equal, must_mirror};
use super::revision::Revision;
use super::session::SessionLookup;
use super::{Request, Transport};
use crate::json::{cut, shown};
use crate::jsonrpc::{Code, Fault, Message};

/// The revision of `message`, whose parameters are in `envelope`, or why the message is refused.
pub fn classify(
    request: &Request<'_>,
    session: SessionLookup,
    message: &Message<'_>,
    envelope: &Envelope<'_>,
) -> Result<Revision, Fault> {
    let stated_revision = request.stated_revision();
    if envelope.claims_version() && !is_handshake(message, envelope) {
        return modern(request, message, envelope);
    }
    if stated_revision.is_some_and(Revision::is_modern) {
        return match message.method.as_deref() {
            None => Err(Fault::new(400, Code::InvalidRequest, "Revision 2026-07-28 has no responses from clients.")),
            Some(_) if message.id.is_none() => Ok(Revision::V2026_07_28),
            Some("initialize") => Err(Fault::new(
                400,
                Code::HeaderMismatch,
                "Header mismatch: `initialize` belongs to revisions before 2026-07-28, but the MCP-Protocol-Version header names a newer one.",
            )),
            Some(_) => Err(envelope.missing()),
        };
    }
    legacy(request, session, message, stated_revision)
}

/// An `initialize` without the metadata of a modern request is the handshake of older revisions.
fn is_handshake(message: &Message<'_>, envelope: &Envelope<'_>) -> bool {
    let is_modern = |version: &str| Revision::parse(version).is_some_and(Revision::is_modern);
    message.method.as_deref() == Some("initialize") && !envelope.check().is_ok_and(|version| is_modern(&version))
}

fn modern(request: &Request<'_>, message: &Message<'_>, envelope: &Envelope<'_>) -> Result<Revision, Fault> {
    let method = message.method.as_deref().unwrap_or_default();
    let version = envelope.check()?;
    if message.id.is_none() {
        // The specification has no notifications from clients over HTTP, and so no header rules for them.
        return Ok(Revision::V2026_07_28);
    }
    must_equal("MCP-Protocol-Version", request.protocol_version.as_deref(), &version)?;
    must_equal("Mcp-Method", request.mcp_method.as_deref(), method)?;
    match Revision::parse(&version).filter(|revision| revision.is_modern()) {
        None => Err(unsupported(&version)),
        Some(revision) => {
            if let Some(name) = envelope.name_of(method) {
                must_mirror("Mcp-Name", request.mcp_name.as_deref(), &name)?;
            }
            Ok(revision)
        }
    }
}

fn legacy(
    request: &Request<'_>,
    session: SessionLookup,
    message: &Message<'_>,
    stated_revision: Option<Revision>,
) -> Result<Revision, Fault> {
    if message.method.as_deref() == Some("initialize") {
        return Ok(Revision::LATEST_WITH_INITIALIZE);
    }
    let session = session.session()?;
    // HTTP+SSE is older than the header.
    if request.transport == Transport::Http {
        check_revision(request)?;
    }
    Ok(stated_revision.or(session.map(|session| session.revision)).unwrap_or(Revision::ASSUMED))
}

/// Checks that the request does not name an unsupported revision (2025-06-18 transports §Protocol Version Header).
pub(super) fn check_revision(request: &Request<'_>) -> Result<(), Fault> {
    match request.protocol_version.as_deref() {
        Some(header) if request.stated_revision().is_none() => Err(unknown_revision(header)),
        _ => Ok(()),
    }
}

/// The `data` of `UnsupportedProtocolVersionError`.
#[derive(Serialize)]
struct Unsupported<'a> {
    supported: [&'static str; 1],
    requested: &'a str,
}

fn unsupported(requested: &str) -> Fault {
    let requested = cut(requested);
    let message = ["Protocol version ", &shown(&requested), " is not supported."].concat();
    let supported = Revision::MODERN.map(Revision::name);
    Fault::new(400, Code::UnsupportedVersion, message).with_data(&Unsupported { supported, requested: &requested })
}

fn unknown_revision(header: &str) -> Fault {
    let known = Revision::ALL.map(Revision::name).join(", ");
    let message = String::from("MCP-Protocol-Version is ") + &shown(header) + "; this server supports " + &known + ".";
    Fault::new(400, Code::InvalidRequest, message)
}
