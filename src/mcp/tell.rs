//! What a running handler says to its client before its answer: progress and log messages (MCP utilities/progress,
//! server/utilities/logging) and notifications of its own. The shim asks here for each; most calls say nothing, and pay
//! nothing.
//!
//! A client that takes no event streams (`Accept`) hears nothing and still gets its answer.

use std::borrow::Cow;

use super::Request;
use super::envelope::{LOG_LEVEL, VERSION};
use super::level::Level;
use super::revision::Revision;
use super::session;
use crate::flow::Flow;
use crate::json::{Object, Value, object, quoted};

/// What the shim is told: `{"send":"…"}`, `{"nothing":true}`, `{"cancel":true}` or `{"wrong":"…"}`.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// This message goes to the client.
    Send(String),
    /// Nothing goes out.
    Nothing,
    /// The call is over: its signal fires.
    Cancel,
    /// The handler asked for something that cannot be; a text for whoever wrote it.
    Wrong(Cow<'static, str>),
}

impl Told {
    /// The decision as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Send(message) => object(&[("send", &quoted(message))]),
            Self::Nothing => object(&[("nothing", "true")]),
            Self::Cancel => object(&[("cancel", "true")]),
            Self::Wrong(text) => object(&[("wrong", &quoted(text))]),
        }
    }
}

/// A call that is being carried out.
#[derive(Debug)]
pub struct Running<'a> {
    /// The head of its HTTP request.
    pub request: Request<'a>,
    /// Its metadata, which has been checked.
    pub meta: Object<'a>,
    /// True if its progress is more than what was said before.
    pub risen: bool,
    /// What its handler says: one member.
    say: (Cow<'a, str>, Value<'a>),
}

impl<'a> Running<'a> {
    /// Reads what the shim hands over: `{"head":{…},"meta":{…},"say":{"progress":{…}}}`.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let say = input.get("say")?.object().ok()?;
        Some(Self {
            request: Request::read(input.get("head")?.text())?,
            meta: input.get("meta").map_or_else(|| Some(Object::default()), |meta| meta.object().ok())?,
            risen: input.get("risen").is_some_and(Value::is_true),
            say: say.0.into_iter().next()?,
        })
    }

    /// Its revision, which has been agreed on before.
    pub(super) fn revision(&self, flow: &Flow<'_>) -> Revision {
        let claimed = self.meta.string(VERSION).as_deref().and_then(Revision::parse);
        claimed.filter(|revision| revision.is_modern()).or_else(|| self.request.spoken()).unwrap_or_else(|| {
            let (id, principal) = (self.request.session_id.as_deref(), self.request.principal.as_deref());
            let session = id.and_then(|id| session::open(id, principal, flow.context().now()));
            session.map_or(Revision::UNSAID, |session| session.revision)
        })
    }
}

/// Decides about one thing that the handler of a call says. Waits: none.
#[must_use]
pub fn tell(flow: &Flow<'_>, running: &Running<'_>) -> Told {
    let (kind, said) = &running.say;
    match kind.as_ref() {
        "gone" => gone(running.revision(flow)),
        "progress" => progress(flow, running, *said),
        "log" => log(flow, running, *said),
        "notify" => notify(flow, running, *said),
        _ => Told::Wrong("This is nothing that a handler can say.".into()),
    }
}

/// The client has closed its connection. That is how 2026-07-28 cancels; before, it means nothing (transports §Sending
/// Messages to the Server 6).
fn gone(revision: Revision) -> Told {
    if revision.is_modern() { Told::Cancel } else { Told::Nothing }
}

/// Goes out only if the request asked for it, and only if it is more than what was said before (`risen`, which the shim
/// compares).
fn progress(flow: &Flow<'_>, running: &Running<'_>, said: Value<'_>) -> Told {
    let Ok(said) = said.object() else { return Told::Wrong("Progress is an object with a number `progress`.".into()) };
    let (value, total) = (said.get("progress"), said.get("total"));
    let Some(value) = value.filter(|value| value.is_number()) else {
        return Told::Wrong("`progress` must be a finite number.".into());
    };
    if total.is_some_and(|total| !total.is_number()) {
        return Told::Wrong("`total` must be a finite number.".into());
    }
    let token = running.meta.get("progressToken").filter(|token| token.string().is_some() || token.is_integer());
    let Some(token) = token.filter(|_| running.request.takes_events() && running.risen) else { return Told::Nothing };
    let message = said.get("message").filter(|_| running.revision(flow).has_progress_messages());
    let mut members = vec![("progressToken", token.text()), ("progress", value.text())];
    members.extend(total.map(|total| ("total", total.text())));
    members.extend(message.map(|message| ("message", message.text())));
    Told::Send(notification("notifications/progress", &object(&members)))
}

/// 2026-07-28: only if the request names a level. Before: whatever is bad enough for the session, if it was told.
fn log(flow: &Flow<'_>, running: &Running<'_>, said: Value<'_>) -> Told {
    let parts =
        said.object().ok().and_then(|said| Some((said.string("level")?, said.get("data")?, said.get("logger"))));
    let Some((level, data, logger)) = parts else {
        return Told::Wrong("A log message needs `level` and `data`.".into());
    };
    let Some(severity) = Level::parse(&level) else {
        return Told::Wrong((String::from("`level` must be one of ") + &Level::names() + ".").into());
    };
    if !running.request.takes_events() {
        return Told::Nothing;
    }
    let wanted = running.meta.string(LOG_LEVEL).as_deref().and_then(Level::parse);
    let enough = match wanted {
        Some(wanted) => severity >= wanted,
        None => !running.revision(flow).is_modern(),
    };
    if !enough {
        return Told::Nothing;
    }
    let level = quoted(&level);
    let mut members = vec![("level", level.as_str()), ("data", data.text())];
    members.extend(logger.map(|logger| ("logger", logger.text())));
    Told::Send(notification("notifications/message", &object(&members)))
}

/// A notification in the protocol's own words. Those that have rules are held to them.
fn notify(flow: &Flow<'_>, running: &Running<'_>, said: Value<'_>) -> Told {
    let parts = said.object().ok().and_then(|said| Some((said.string("method")?, said.get("params"))));
    let Some((method, params)) = parts.filter(|(method, _)| method.starts_with("notifications/")) else {
        return Told::Wrong("A notification has a `method` that begins with \"notifications/\".".into());
    };
    let nothing = Value::empty_object();
    let params = params.unwrap_or(nothing);
    match method.as_ref() {
        "notifications/progress" => progress(flow, running, params),
        "notifications/message" => log(flow, running, params),
        _ if !params.is_object() => Told::Wrong("`params` of a notification must be an object.".into()),
        _ if running.request.takes_events() => Told::Send(notification(&method, params.text())),
        _ => Told::Nothing,
    }
}

fn notification(method: &str, params: &str) -> String {
    object(&[("jsonrpc", r#""2.0""#), ("method", &quoted(method)), ("params", params)])
}
