//! Getting to know each other: `initialize` (until 2025-11-25, basic/lifecycle) and `server/discover` (2026-07-28).

use super::capabilities::Capabilities;
use super::frame::{CACHING, Frame};
use super::revision::Revision;
use super::session::Shown;
use super::tell::Recalled;
use super::{Request, Transport, Work, session};
use crate::flow::{Ask, Describe, Described, Flow};
use crate::http::Answer;
use crate::json::{Members, Object, Value, object};
use crate::jsonrpc::{Code, Fault};

/// Answers `initialize`: agrees on a revision and gives the session its id. Waits: one, for the server's description.
pub async fn initialize(
    flow: &Flow<'_>,
    request: &Request<'_>,
    shown: Shown,
    frame: Frame<'_>,
    params: &Object<'_>,
) -> Answer {
    let fail = |fault: Fault| Answer::json(frame.status(&fault), fault.message_text(Some(frame.id)));
    let Some(requested) = params.string("protocolVersion") else {
        return fail(Fault::new(400, Code::InvalidParams, "`params.protocolVersion` must be there, a string."));
    };
    let keys = match request.keys(flow).await {
        Ok(keys) => keys,
        Err(fault) => return fail(fault),
    };
    let known = Revision::parse(&requested).filter(|revision| !revision.is_modern());
    let revision = known.unwrap_or(Revision::LATEST_WITH_INITIALIZE);
    let Ok(described) = flow.obtain(&Describe).await else { return fail(undescribed()) };
    let capabilities = capabilities(&described, false);
    let result = Members::new()
        .text("protocolVersion", revision.name())
        .raw("capabilities", &capabilities)
        .raw("serverInfo", frame.server.text())
        .maybe("instructions", described.instructions.as_deref())
        .end();
    let answer = Answer::json(200, frame.result(&result));
    let client = Capabilities::of(params.get("capabilities"));
    if request.transport != Transport::Http {
        if let Shown::Open(session) = shown {
            let input = Recalled::text(client, revision);
            let begin = Ask { object: session.place.mailbox(), call: "begin", input };
            if flow.obtain(&begin).await.is_err() {
                return fail(undescribed());
            }
        }
        return answer;
    }
    let place = request.place.as_deref().and_then(session::Place::parse);
    let place = place.unwrap_or_else(|| session::Place::fresh(flow.context(), request.principal()));
    let session = session::Session { revision, capabilities: client, place };
    if request.kept && flow.obtain(&session.call("open")).await.is_err() {
        return fail(session::unreachable());
    }
    answer.with("mcp-session-id", session::mint(flow.context(), keys.keys(), request.endpoint, &session))
}

/// Answers `server/discover`. Waits: one, for the server's description.
pub fn discover<'a>(flow: &Flow<'_>, frame: Frame<'a>) -> Work<'a> {
    let described = flow.obtain(&Describe);
    Box::pin(async move {
        let described = described.await.map_err(|_| undescribed())?;
        let mut result = Members::new()
            .texts("supportedVersions", Revision::MODERN.map(Revision::name))
            .raw("capabilities", &capabilities(&described, true))
            .maybe("instructions", described.instructions.as_deref())
            .end();
        result.pop();
        Ok(frame.result(&[&result, ",", CACHING, "}"].concat()))
    })
}

/// What the server can do: what its options declare, what it has registered, and log messages, which every handler can send.
/// What works in this Worker is announced, and nothing else, whatever the options declare: clients hear of changes through an
/// object, and before 2026-07-28 one keeps how bad a log message must be (server/utilities/logging).
fn capabilities(described: &Described, has_requests_for_logs: bool) -> String {
    let (listens, logs) = (described.listens, described.listens || has_requests_for_logs);
    let declared = Object::read(&described.declared).unwrap_or_default();
    let mut capabilities = Vec::with_capacity(8);
    for (name, value) in declared.0.iter().filter(|(_, value)| value.text() != "null") {
        match name.as_ref() {
            // There is no such thing here.
            "tasks" => {}
            "logging" if !logs => {}
            "tools" | "prompts" | "resources" if !listens => capabilities.push((name.as_ref(), unheard(*value))),
            name => capabilities.push((name, value.text().to_owned())),
        }
    }
    for of in described.registered.iter().map(String::as_str).chain(logs.then_some("logging")) {
        let more = match of {
            "tools" | "prompts" if listens => r#"{"listChanged":true}"#,
            "resources" if listens => r#"{"subscribe":true,"listChanged":true}"#,
            _ => "{}",
        };
        if !capabilities.iter().any(|(name, _)| *name == of) {
            capabilities.push((of, more.to_owned()));
        }
    }
    object(&capabilities.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>())
}

/// A declared capability where nobody hears of changes.
fn unheard(declared: Value<'_>) -> String {
    let mut declared = declared.object().unwrap_or_default();
    declared.0.retain(|(name, _)| name != "listChanged" && name != "subscribe");
    ["{", &declared.inner(), "}"].concat()
}

fn undescribed() -> Fault {
    Fault::new(500, Code::InternalError, "The server could not be set up.")
}
