//! What a running handler sends to its client before its result: progress and log messages (MCP utilities/progress,
//! server/utilities/logging), other notifications, and questions ([`super::server_request`]). JavaScript calls this for each; most
//! calls send nothing, and pay nothing.
//!
//! A client that accepts no event streams (`Accept`) receives none of these, but still gets its response.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::capabilities::Capabilities;
use super::envelope::{Meta, Params};
use super::level::Level;
use super::listen::{
    ACKNOWLEDGED, ChangeNotification, ScopedResources, change_notification, is_change_notification,
    target_of_notification,
};
use super::question::{Pages, Question};
use super::reach::call_tag;
use super::revision::Revision;
use super::sealing::Sealing;
use super::session::{Session, SessionLookup};
use super::{Request, Transport};
use super::{mrtr, question};
use crate::crypto;
use crate::flow::{Ask, Failure, Flow, Reach};
use crate::json::{self, Json, Value, quoted};
use crate::jsonrpc::{Fault, notification};

/// What JavaScript should do.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum HandlerMessageOutcome {
    /// This message goes to the client.
    Send(String),
    /// The response becomes a stream.
    Begin,
    /// Nothing is sent.
    Nothing,
    /// The call ends, its signal is aborted.
    Cancel,
    /// The stream can be resumed under this name after an interruption; the object stores what was missed.
    Resumable {
        /// The object.
        object: String,
        /// The stream's name, which its first event tells the client.
        stream: String,
        /// When a client should reconnect whose connection is closed before the stream ends, in milliseconds.
        retry: u32,
    },
    /// The message goes to others.
    Reach(#[cfg_attr(feature = "ts", ts(type = "ReachEffect"))] Reach),
    /// The call's cancellation is announced there.
    Watch {
        /// The object.
        object: String,
        /// The tag.
        tag: String,
        /// How long to wait first, in milliseconds: a call that has ended by then need not wait there.
        after: u32,
    },
    /// The handler asked for something invalid; a text for its author.
    Wrong(Cow<'static, str>),
    /// The client cannot be asked; a text for the model.
    Unable(Cow<'static, str>),
    /// The call ends with this error.
    Fault(Fault),
    /// The question is part of the result, unless it has been answered.
    Input(String),
    /// The question is sent now. Its response comes through the object, under the first tag.
    Request {
        /// The message.
        send: String,
        /// The object that receives the response.
        object: String,
        /// The tags to wait under.
        tags: [String; 2],
        /// The message that withdraws the question.
        #[serde(rename = "givesUp")]
        gives_up: String,
    },
    /// The client's answer.
    Answer(Json),
    /// This is not a valid answer to the question; the reason.
    Again(Cow<'static, str>),
    /// The client answered with an error.
    Refused(Json),
}

/// What a handler does.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum HandlerMessage<'a> {
    /// It reports progress.
    Progress(ProgressUpdate<'a>),
    /// It logs a message.
    Log(Log<'a>),
    /// It sends a notification of its own.
    Notify(Notify<'a>),
    /// It asks its client for something.
    Ask(Question<'a>),
    /// A client's answer.
    Reply(Question<'a>),
    /// It needs pages that the person opens first.
    Pages(Pages<'a>),
    /// It needs a client with these capabilities.
    Require(Value<'a>),
    /// Something has changed, and listeners are notified.
    Changed(ChangeNotification<'a>),
    /// It uses up the state of the round with this name.
    Spend(String),
    /// Its stream opens.
    Open,
    /// It has sent nothing for a while.
    Silence,
    /// It wants to know if it is cancelled.
    Watch,
    /// The client has closed its connection.
    Gone,
}

/// A handler's progress.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProgressUpdate<'a> {
    progress: Option<Value<'a>>,
    total: Option<Value<'a>>,
    message: Option<Value<'a>>,
}

/// A log message.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "LogMessage"))]
pub struct Log<'a> {
    level: Option<Value<'a>>,
    /// Any JSON, including null.
    #[serde(default, deserialize_with = "json::present")]
    data: Option<Value<'a>>,
    logger: Option<Value<'a>>,
}

/// A notification of the handler's own.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Notify<'a> {
    method: Option<Value<'a>>,
    params: Option<Value<'a>>,
    scoped: Option<ScopedResources>,
}

/// A running call.
#[derive(Debug)]
pub struct Running<'a> {
    /// The head of its HTTP request.
    pub request: Request<'a>,
    input: Input<'a>,
}

/// What JavaScript passes besides the head: `{"id":…,"meta":{…},"risen":true,"say":{"progress":{…}}}`.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Input<'a> {
    /// The call's JSON-RPC ID.
    id: Value<'a>,
    /// Its metadata, which has been checked.
    #[serde(default)]
    meta: Meta<'a>,
    /// True if its progress is greater than before.
    #[serde(default)]
    risen: bool,
    say: HandlerMessage<'a>,
}

impl<'a> Running<'a> {
    /// Reads what JavaScript passes, and the head of the request.
    #[must_use]
    pub fn read(input: &'a str, head: &'a str) -> Option<Self> {
        Some(Self { request: Request::read(head)?, input: json::read(input).ok()? })
    }

    /// The same with the server's keys.
    #[must_use]
    pub fn with_keys(self, sealing: Sealing<'a>) -> Self {
        Self { request: self.request.with_keys(sealing), ..self }
    }

    /// Its revision and its session, which have been checked before.
    async fn era(&self, flow: &Flow<'_>) -> CallSession {
        let claimed = self.input.meta.version.and_then(Value::string).as_deref().and_then(Revision::parse);
        if let Some(revision) = claimed.filter(|revision| revision.is_modern()) {
            return CallSession { revision, session: None };
        }
        let session = match self.request.shown(flow).await {
            Ok(SessionLookup::Open(session)) => Some(session),
            _ => None,
        };
        let session = match session {
            // Over HTTP+SSE the session's id is older than what was agreed on.
            Some(session) if self.request.transport != Transport::Http && self.request.stated_revision().is_none() => {
                let agreed = recalled(flow.obtain(&recall(&session))).await.unwrap_or_default();
                Some(Session { revision: agreed.revision().unwrap_or(session.revision), ..session })
            }
            session => session,
        };
        let stated_revision = self.request.stated_revision().or(session.map(|session| session.revision));
        CallSession { revision: stated_revision.unwrap_or(Revision::ASSUMED), session }
    }

    /// The tag under which its cancellation is announced.
    pub(super) fn tag(&self) -> String {
        call_tag(self.input.id)
    }

    /// Its client's capabilities. Waits: one on HTTP+SSE, for what the client declared at the beginning.
    pub(super) async fn capabilities(&self, flow: &Flow<'_>, era: CallSession) -> Capabilities {
        match era.session {
            None => Capabilities::of(self.input.meta.capabilities),
            Some(session) if self.request.transport == Transport::Http => session.capabilities,
            Some(session) => recalled(flow.obtain(&recall(&session))).await.unwrap_or_default().capabilities(),
        }
    }
}

/// The revision and the session of a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallSession {
    pub(super) revision: Revision,
    pub(super) session: Option<Session>,
}

/// What a session's mailbox stores about it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StoredSession {
    /// The client's capabilities, and the negotiated revision.
    capabilities: u16,
    level: Option<String>,
}

impl StoredSession {
    /// The negotiated revision, if the session's ID does not contain it.
    pub(super) fn revision(&self) -> Option<Revision> {
        let [revision, _] = self.capabilities.to_be_bytes();
        Revision::from_number(revision)
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::from_bits(self.capabilities & 0xff)
    }

    /// The number that is stored.
    pub(super) fn number(capabilities: Capabilities, revision: Revision) -> u16 {
        u16::from(revision as u8) << 8 | capabilities.bits() & 0xff
    }
}

/// Requests what is stored.
pub(super) fn recall(session: &Session) -> Ask {
    Ask::new(session.place.mailbox(), "recall", &())
}

/// What is stored.
pub(super) async fn recalled(kept: impl Future<Output = Result<Json, Failure>>) -> Result<StoredSession, Failure> {
    kept.await.map(|kept| json::read(&kept).unwrap_or_default())
}

/// Decides about one thing that a running handler does. Waits: at most one, for what the session's mailbox stores.
pub async fn report(flow: &Flow<'_>, running: &Running<'_>) -> HandlerMessageOutcome {
    let era = running.era(flow).await;
    match &running.input.say {
        HandlerMessage::Gone => gone(era.revision),
        HandlerMessage::Progress(said) => progress(era, running, said),
        HandlerMessage::Log(said) => log(flow, era, running, said).await,
        HandlerMessage::Notify(said) => notify(flow, era, running, said).await,
        HandlerMessage::Ask(asked) => question::ask(flow, era, running, asked).await,
        HandlerMessage::Reply(reply) => question::reply(era, reply),
        HandlerMessage::Pages(pages) => question::pages(flow, era, running, pages).await,
        HandlerMessage::Open => open(flow, era, running),
        HandlerMessage::Silence => keep_alive(flow, era, running),
        HandlerMessage::Watch => watch(era, running),
        HandlerMessage::Changed(changed) => match change_notification(&running.request, changed) {
            Some(reach) => HandlerMessageOutcome::Reach(reach),
            None => HandlerMessageOutcome::Wrong("Unknown kind of change.".into()),
        },
        HandlerMessage::Require(needed) => question::require(flow, era, running, *needed).await,
        HandlerMessage::Spend(round) => mrtr::use_up(flow, round)
            .await
            .map_or_else(HandlerMessageOutcome::Fault, |()| HandlerMessageOutcome::Nothing),
    }
}

/// The stream opens. Since 2025-11-25 a session's stream can be resumed (transports §Resumability and Redelivery).
fn open(flow: &Flow<'_>, era: CallSession, running: &Running<'_>) -> HandlerMessageOutcome {
    match era.session {
        Some(session) if era.revision.has_resumable_streams() && running.request.transport == Transport::Http => {
            let stream = crypto::encode(&flow.context().random::<16>("stream"));
            HandlerMessageOutcome::Resumable { object: session.place.mailbox(), stream, retry: RETRY }
        }
        _ => HandlerMessageOutcome::Nothing,
    }
}

/// See [`HandlerMessageOutcome::Resumable::retry`].
const RETRY: u32 = 500;

/// Nothing has been sent for a while, and a proxy may take the connection for dead: the response begins, if the client
/// accepts a stream.
fn keep_alive(flow: &Flow<'_>, era: CallSession, running: &Running<'_>) -> HandlerMessageOutcome {
    if running.request.transport != Transport::Http || !running.request.takes_events() {
        return HandlerMessageOutcome::Nothing;
    }
    match open(flow, era, running) {
        HandlerMessageOutcome::Nothing => HandlerMessageOutcome::Begin,
        resumable => resumable,
    }
}

/// The handler wants to know if it is cancelled. In a session this can be announced from anywhere; if the session's
/// object is called with each request anyway, from the beginning.
fn watch(era: CallSession, running: &Running<'_>) -> HandlerMessageOutcome {
    let Some(session) = era.session else { return HandlerMessageOutcome::Nothing };
    let has_object = running.request.kept || running.request.transport != Transport::Http;
    let after = if has_object { 0 } else { WATCH_AFTER };
    HandlerMessageOutcome::Watch { object: session.place.mailbox(), tag: running.tag(), after }
}

/// Calls that end sooner do not wait at the object, in milliseconds.
const WATCH_AFTER: u32 = 500;

/// The client has closed its connection. On 2026-07-28 this cancels the call; before, it means nothing (transports
/// §Sending Messages to the Server 6).
fn gone(revision: Revision) -> HandlerMessageOutcome {
    if revision.is_modern() { HandlerMessageOutcome::Cancel } else { HandlerMessageOutcome::Nothing }
}

/// Sent only if the request asked for it, and only if the progress is greater than before (`risen`, which JavaScript
/// compares).
fn progress(era: CallSession, running: &Running<'_>, said: &ProgressUpdate<'_>) -> HandlerMessageOutcome {
    let Some(value) = said.progress.filter(|value| value.is_number()) else {
        return HandlerMessageOutcome::Wrong("`progress` must be a finite number.".into());
    };
    if said.total.is_some_and(|total| !total.is_number()) {
        return HandlerMessageOutcome::Wrong("`total` must be a finite number.".into());
    }
    let token = running.input.meta.progress_token.filter(|token| token.string().is_some() || token.is_integer());
    let Some(token) = token.filter(|_| running.request.takes_events() && running.input.risen) else {
        return HandlerMessageOutcome::Nothing;
    };
    let message = said.message.filter(|_| era.revision.has_progress_messages());
    let params = ProgressParams { progress_token: token, progress: value, total: said.total, message };
    HandlerMessageOutcome::Send(notification("notifications/progress", Some(params)))
}

/// The parameters of `notifications/progress`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProgressParams<'a> {
    progress_token: Value<'a>,
    progress: Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Value<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Value<'a>>,
}

/// On 2026-07-28, only if the request names a level. Before: messages of the session's level or above, or all.
async fn log(flow: &Flow<'_>, era: CallSession, running: &Running<'_>, said: &Log<'_>) -> HandlerMessageOutcome {
    let Some((level, data)) = said.level.and_then(Value::string).zip(said.data) else {
        return HandlerMessageOutcome::Wrong("A log message must have `level` and `data`.".into());
    };
    let Some(severity) = Level::parse(&level) else {
        return HandlerMessageOutcome::Wrong((String::from("`level` must be one of ") + &Level::names() + ".").into());
    };
    if !running.request.takes_events() {
        return HandlerMessageOutcome::Nothing;
    }
    let level_of = |level: &str| Level::parse(level);
    let wanted = running.input.meta.log_level.and_then(Value::string).as_deref().and_then(level_of);
    let wanted = match (wanted, era.session) {
        (None, Some(session)) => match recalled(flow.obtain(&recall(&session))).await {
            // A server that stores no level has not announced log messages.
            Err(Failure::Absent) => return HandlerMessageOutcome::Nothing,
            kept => kept.unwrap_or_default().level.as_deref().and_then(level_of),
        },
        (wanted, _) => wanted,
    };
    if wanted.map_or(era.revision.is_modern(), |wanted| severity < wanted) {
        return HandlerMessageOutcome::Nothing;
    }
    let params = LogParams { level: &level, data, logger: said.logger };
    HandlerMessageOutcome::Send(notification("notifications/message", Some(params)))
}

/// The parameters of `notifications/message`.
#[derive(Serialize)]
struct LogParams<'a> {
    level: &'a str,
    data: Value<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logger: Option<Value<'a>>,
}

/// A notification of the handler's own. The rules for known notifications apply: since 2026-07-28 a call's stream only
/// has what belongs to the call (streamable-http §Receiving Messages), and change notifications are for listeners.
async fn notify(flow: &Flow<'_>, era: CallSession, running: &Running<'_>, said: &Notify<'_>) -> HandlerMessageOutcome {
    let method = said.method.and_then(Value::string);
    let Some(method) = method.filter(|method| method.starts_with("notifications/")) else {
        return HandlerMessageOutcome::Wrong(
            "A notification must have a `method` that begins with \"notifications/\".".into(),
        );
    };
    let params = said.params.unwrap_or(Value::empty_object());
    if !params.is_object() {
        return HandlerMessageOutcome::Wrong("`params` of a notification must be an object.".into());
    }
    let repeated = |_| HandlerMessageOutcome::Wrong("A parameter of the notification is repeated.".into());
    match method.as_ref() {
        "notifications/progress" => params.parse().map_or_else(repeated, |said| progress(era, running, &said)),
        "notifications/message" => match params.parse() {
            Ok(said) => log(flow, era, running, &said).await,
            Err(malformed) => repeated(malformed),
        },
        "notifications/initialized" | "notifications/roots/list_changed" | ACKNOWLEDGED => {
            HandlerMessageOutcome::Wrong(["A handler cannot send ", &quoted(&method), "."].concat().into())
        }
        "notifications/elicitation/complete" if era.revision != Revision::V2025_11_25 => HandlerMessageOutcome::Nothing,
        "notifications/cancelled" if era.revision.is_modern() => HandlerMessageOutcome::Nothing,
        _ if era.revision.is_modern() && is_change_notification(&method) => {
            let uri = params.parse::<Params<'_>>().ok().and_then(|params| params.uri?.string());
            match target_of_notification(&running.request, &method, uri.as_deref(), said.scoped.as_ref()) {
                Some(reach) => HandlerMessageOutcome::Reach(reach),
                None => HandlerMessageOutcome::Wrong("`params.uri` of an update must be a string.".into()),
            }
        }
        _ if running.request.takes_events() => HandlerMessageOutcome::Send(notification(&method, Some(params))),
        _ => HandlerMessageOutcome::Nothing,
    }
}
