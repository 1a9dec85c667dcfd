//! Which revision a message speaks, and whether the head of its request agrees (MCP 2026-07-28 basic/versioning
//! §Backward Compatibility, streamable-http §Server Validation).
//!
//! 1. A message whose `_meta` claims a protocol version is modern, whatever its method: its envelope must be whole, the
//!    headers must mirror it, and the version must be served. Only `initialize` stays what it was if that is not so.
//! 2. A modern `MCP-Protocol-Version` without that claim is an envelope that is missing.
//! 3. Everything else is of the `initialize` era: the header's revision, else the session's, else 2025-03-26.

use super::envelope::Envelope;
use super::header::{must_equal, must_mirror};
use super::revision::Revision;
use super::session::Shown;
use super::{Request, Transport};
use crate::json::{list, object, shown};
use crate::jsonrpc::{Code, Fault, Message};

/// Tells the revision of `message`, whose parameters are in `envelope`, or why it is refused.
pub fn classify(
    request: &Request<'_>,
    session: Shown,
    message: &Message<'_>,
    envelope: &Envelope<'_>,
) -> Result<Revision, Fault> {
    let spoken = request.spoken();
    if envelope.claims_version() && !is_handshake(message, envelope) {
        return modern(request, message, envelope);
    }
    if spoken.is_some_and(Revision::is_modern) {
        return match message.method.as_deref() {
            None => Err(Fault::new(400, Code::InvalidRequest, "Revision 2026-07-28 has no responses from clients.")),
            Some(_) if message.id.is_none() => Ok(Revision::V2026_07_28),
            Some("initialize") => Err(Fault::new(
                400,
                Code::HeaderMismatch,
                "Header mismatch: `initialize` belongs to revisions before 2026-07-28, the MCP-Protocol-Version header does not.",
            )),
            Some(_) => Err(envelope.missing()),
        };
    }
    legacy(request, session, message, spoken)
}

/// An `initialize` whose metadata is not that of a modern request is the handshake of older revisions.
fn is_handshake(message: &Message<'_>, envelope: &Envelope<'_>) -> bool {
    let is_modern = |version: &str| Revision::parse(version).is_some_and(Revision::is_modern);
    message.method.as_deref() == Some("initialize") && !envelope.check().is_ok_and(|version| is_modern(&version))
}

fn modern(request: &Request<'_>, message: &Message<'_>, envelope: &Envelope<'_>) -> Result<Revision, Fault> {
    let method = message.method.as_deref().unwrap_or_default();
    let version = envelope.check()?;
    if message.id.is_none() {
        // The specification defines no notification from clients over HTTP and no header rules for one.
        return Ok(Revision::V2026_07_28);
    }
    must_equal("MCP-Protocol-Version", request.protocol_version, &version)?;
    must_equal("Mcp-Method", request.mcp_method, method)?;
    match Revision::parse(&version).filter(|revision| revision.is_modern()) {
        None => Err(unsupported(&version)),
        Some(revision) => {
            if let Some(name) = envelope.name_of(method) {
                must_mirror("Mcp-Name", request.mcp_name, &name)?;
            }
            Ok(revision)
        }
    }
}

fn legacy(
    request: &Request<'_>,
    session: Shown,
    message: &Message<'_>,
    spoken: Option<Revision>,
) -> Result<Revision, Fault> {
    if message.method.as_deref() == Some("initialize") {
        return Ok(Revision::LATEST_WITH_INITIALIZE);
    }
    let session = session.session()?;
    // HTTP+SSE is older than the header.
    if request.transport == Transport::Http {
        check_revision(request)?;
    }
    Ok(spoken.or(session.map(|session| session.revision)).unwrap_or(Revision::UNSAID))
}

/// Checks that the request names no revision that is not served (2025-06-18 transports §Protocol Version Header).
pub(super) fn check_revision(request: &Request<'_>) -> Result<(), Fault> {
    match request.protocol_version {
        Some(header) if request.spoken().is_none() => Err(unknown_revision(header)),
        _ => Ok(()),
    }
}

fn unsupported(requested: &str) -> Fault {
    let requested = shown(requested);
    let supported = list(Revision::MODERN.map(Revision::name));
    let message = String::from("Protocol version ") + &requested + " is not supported.";
    let fault = Fault::new(400, Code::UnsupportedVersion, message);
    fault.with_data(object(&[("supported", &supported), ("requested", &requested)]))
}

fn unknown_revision(header: &str) -> Fault {
    let known = Revision::ALL.map(Revision::name).join(", ");
    let message = String::from("MCP-Protocol-Version is ") + &shown(header) + "; this server speaks " + &known + ".";
    Fault::new(400, Code::InvalidRequest, message)
}
