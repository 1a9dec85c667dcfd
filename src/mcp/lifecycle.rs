//! The beginning of a connection: `initialize` (until 2025-11-25, basic/lifecycle) and `server/discover` (2026-07-28).

use std::borrow::Cow;

use serde::Serialize;

use super::capabilities::Capabilities;
use super::envelope::Params;
use super::frame::{Frame, KEPT_FOR};
use super::handler_messages::StoredSession;
use super::revision::Revision;
use super::session::SessionLookup;
use super::{Request, Transport, Work, session};
use crate::flow::{Ask, Describe, Described, Flow};
use crate::http::Answer;
use crate::json::{self, Object, Value};
use crate::jsonrpc::{Code, Fault};

/// Answers `initialize`: negotiates the revision and creates the session's ID. Waits: one, for the server's
/// description.
pub async fn initialize(
    flow: &Flow<'_>,
    request: &Request<'_>,
    shown: SessionLookup,
    frame: Frame<'_>,
    params: &Params<'_>,
) -> Answer {
    let fail = |fault: Fault| Answer::json(frame.status(&fault), fault.message_text(Some(frame.id)));
    let Some(requested) = params.protocol_version.and_then(Value::string) else {
        return fail(Fault::new(400, Code::InvalidParams, "`params.protocolVersion` must be a string."));
    };
    let keys = match request.keys(flow).await {
        Ok(keys) => keys,
        Err(fault) => return fail(fault),
    };
    let known = Revision::parse(&requested).filter(|revision| !revision.is_modern());
    let revision = known.unwrap_or(Revision::LATEST_WITH_INITIALIZE);
    let Ok(described) = flow.obtain(&Describe {}).await else { return fail(missing_description()) };
    let answer = Answer::json(
        200,
        frame.result(&Initialized {
            protocol_version: revision.name(),
            capabilities: capabilities(&described, false),
            server_info: frame.server,
            instructions: described.instructions.as_deref(),
        }),
    );
    let client = Capabilities::of(params.capabilities);
    if request.transport != Transport::Http {
        if let SessionLookup::Open(session) = shown {
            let begin = Ask::new(session.place.mailbox(), "begin", &StoredSession::number(client, revision));
            if flow.obtain(&begin).await.is_err() {
                return fail(missing_description());
            }
        }
        return answer;
    }
    let place = request.place.as_deref().and_then(session::ObjectName::parse);
    let place = place.unwrap_or_else(|| session::ObjectName::fresh(flow.context(), request.principal()));
    let session = session::Session { revision, capabilities: client, place };
    if request.kept && flow.obtain(&session.call("open")).await.is_err() {
        return fail(session::unreachable());
    }
    answer.with("mcp-session-id", session::mint(flow.context(), keys.keys(), &request.endpoint, &session))
}

/// Answers `server/discover`. Waits: one, for the server's description.
pub fn discover<'a>(flow: &Flow<'_>, frame: Frame<'a>) -> Work<'a> {
    let described = flow.obtain(&Describe {});
    Box::pin(async move {
        let described = described.await.map_err(|_| missing_description())?;
        Ok(frame.result(&Discovered {
            supported_versions: Revision::MODERN.map(Revision::name),
            capabilities: capabilities(&described, true),
            instructions: described.instructions.as_deref(),
            ttl_ms: KEPT_FOR,
            cache_scope: "private",
        }))
    })
}

/// `InitializeResult`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Initialized<'a> {
    protocol_version: &'a str,
    #[serde(serialize_with = "json::map")]
    capabilities: Vec<(Cow<'a, str>, Declared<'a>)>,
    server_info: Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
}

/// `DiscoverResult`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Discovered<'a> {
    supported_versions: [&'static str; 1],
    #[serde(serialize_with = "json::map")]
    capabilities: Vec<(Cow<'a, str>, Declared<'a>)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instructions: Option<&'a str>,
    ttl_ms: u32,
    cache_scope: &'static str,
}

/// One of the server's capabilities: as its options declare it, or as we know it.
#[derive(Serialize)]
#[serde(untagged)]
enum Declared<'a> {
    Value(Value<'a>),
    Members(Object<'a>),
    Known(Known),
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Known {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    subscribe: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    list_changed: bool,
}

/// The server's capabilities: what its options declare, what it has registered, and log messages, which every handler
/// can send. Only what works in this Worker is announced, whatever the options declare: change notifications reach
/// clients through an object, and before 2026-07-28 an object stores the session's log level
/// (server/utilities/logging).
fn capabilities(described: &Described, has_requests_for_logs: bool) -> Vec<(Cow<'_, str>, Declared<'_>)> {
    let (listens, logs) = (described.listens, described.listens || has_requests_for_logs);
    let declared = described.declared.as_ref().and_then(|declared| declared.value().object().ok());
    let mut capabilities = Vec::with_capacity(8);
    for (name, value) in declared.iter().flat_map(|declared| &declared.0).filter(|(_, value)| !value.is_null()) {
        match name.as_ref() {
            // Not supported.
            "tasks" => {}
            "logging" if !logs => {}
            "tools" | "prompts" | "resources" if !listens => {
                // Change notifications reach nobody.
                let mut members = value.object().unwrap_or_default();
                members.0.retain(|(name, _)| name != "listChanged" && name != "subscribe");
                capabilities.push((name.clone(), Declared::Members(members)));
            }
            _ => capabilities.push((name.clone(), Declared::Value(*value))),
        }
    }
    for of in described.registered.iter().map(String::as_str).chain(logs.then_some("logging")) {
        let known = Known {
            subscribe: listens && of == "resources",
            list_changed: listens && matches!(of, "tools" | "prompts" | "resources"),
        };
        if !capabilities.iter().any(|(name, _)| name == of) {
            capabilities.push((of.into(), Declared::Known(known)));
        }
    }
    capabilities
}

fn missing_description() -> Fault {
    Fault::new(500, Code::InternalError, "The server could not be set up.")
}
