//! What a running handler says to its client before its answer: progress and log messages (MCP utilities/progress,
//! server/utilities/logging), notifications of its own, and questions ([`super::ask`]). The shim asks here for each; most
//! calls say nothing, and pay nothing.
//!
//! A client that takes no event streams (`Accept`) hears nothing and still gets its answer.

use std::borrow::Cow;

use super::capabilities::Capabilities;
use super::envelope::{CAPABILITIES, LOG_LEVEL, VERSION};
use super::level::Level;
use super::listen::{ACKNOWLEDGED, is_news, news, news_of};
use super::revision::Revision;
use super::sealing::Sealing;
use super::session::{Session, Shown};
use super::{Request, Transport, call_tag};
use super::{mrtr, question};
use crate::crypto;
use crate::flow::{Ask, Failure, Flow, Reach};
use crate::json::{Members, Object, Value, quoted};
use crate::jsonrpc::{Code, Fault};

/// What the shim is told.
#[derive(Debug, PartialEq, Eq)]
pub enum Told {
    /// This message goes to the client: `{"send":"…"}`.
    Send(String),
    /// The response becomes a stream: `{"begin":true}`.
    Begin,
    /// Nothing goes out: `{"nothing":true}`.
    Nothing,
    /// The call is over, its signal fires: `{"cancel":true}`.
    Cancel,
    /// The stream can go on when it breaks off, under this name; the object keeps what was missed:
    /// `{"resumable":{"object":"…","stream":"…"}}`.
    Resumable {
        /// The object.
        object: String,
        /// The stream's name.
        stream: String,
    },
    /// This is for others: `{"reach":{"object":"…","tag":"…","message":"…"}}`.
    Reach(Reach),
    /// Whoever wants to hear of the call's cancellation waits there: `{"watch":{"object":"…","tag":"…","after":500}}`.
    Watch {
        /// The object.
        object: String,
        /// The tag.
        tag: String,
        /// A call that has ended by then need not wait there, in milliseconds.
        after: u32,
    },
    /// The handler asked for something that cannot be; a text for whoever wrote it: `{"wrong":"…"}`.
    Wrong(Cow<'static, str>),
    /// The client cannot be asked; a text for the model: `{"unable":"…"}`.
    Unable(Cow<'static, str>),
    /// The call ends with this error: `{"fault":{"status":…,"code":…,"message":"…","data":{…}}}`.
    Lacks(Capabilities),
    /// The call ends with the error that pages have to be opened first: `{"fault":{"status":200,"code":…,…}}`.
    Pages {
        /// The error's message.
        message: String,
        /// The pages: the parameters of elicitations, a JSON array.
        elicitations: String,
    },
    /// The call ends with this fault of the round that it belongs to: `{"fault":{"status":…,"code":…,"message":"…"}}`.
    Ends(Fault),
    /// The question goes out with the result, if there is no answer yet: `{"input":"…"}`.
    Input(String),
    /// The question goes out now: `{"request":{"send":"…","object":"…","tags":["…"],"givesUp":"…"}}`. Its response comes
    /// through the object, under the first tag.
    Request {
        /// The message.
        send: String,
        /// The object that hears of the response.
        object: String,
        /// What to wait under.
        tags: [String; 2],
        /// The message that takes it back.
        gives_up: String,
    },
    /// The client's answer, JSON: `{"answer":…}`.
    Answer(String),
    /// The answer is none to this question; the reason: `{"again":"…"}`.
    Again(Cow<'static, str>),
    /// The client answered with an error, JSON: `{"refused":{…}}`.
    Refused(String),
}

impl Told {
    /// The decision as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let (told, of) = (Members::new(), |object: &str| Members::new().text("object", object));
        match self {
            Self::Send(message) => told.text("send", message),
            Self::Begin => told.flag("begin", true),
            Self::Nothing => told.flag("nothing", true),
            Self::Cancel => told.flag("cancel", true),
            Self::Resumable { object, stream } => told.object("resumable", of(object).text("stream", stream)),
            Self::Reach(Reach { object, tag, message, .. }) => {
                told.object("reach", of(object).text("tag", tag).text("message", message))
            }
            Self::Watch { object, tag, after } => {
                told.object("watch", of(object).text("tag", tag).number("after", (*after).into()))
            }
            Self::Wrong(text) => told.text("wrong", text),
            Self::Unable(text) => told.text("unable", text),
            Self::Lacks(needed) => {
                let message = "The client has not declared a capability that this call needs.";
                let needed = Members::new().raw("requiredCapabilities", needed.json());
                told.object("fault", fault(400, Code::MissingCapability, message, needed))
            }
            Self::Pages { message, elicitations } => {
                let pages = Members::new().raw("elicitations", elicitations);
                told.object("fault", fault(200, Code::PagesRequired, message, pages))
            }
            Self::Ends(Fault { status, code, message, .. }) => {
                let fault = Members::new().number("status", (*status).into()).raw("code", &code.number().to_string());
                told.object("fault", fault.text("message", message))
            }
            Self::Input(question) => told.text("input", question),
            Self::Request { send, object, tags, gives_up } => {
                let request = Members::new().text("send", send).text("object", object).strings("tags", tags);
                told.object("request", request.text("givesUp", gives_up))
            }
            Self::Answer(json) => told.raw("answer", json),
            Self::Again(reason) => told.text("again", reason),
            Self::Refused(json) => told.raw("refused", json),
        }
        .end()
    }
}

fn fault(status: u64, code: Code, message: &str, data: Members) -> Members {
    let code = code.number().to_string();
    Members::new().number("status", status).raw("code", &code).text("message", message).object("data", data)
}

/// A call that is being carried out.
#[derive(Debug)]
pub struct Running<'a> {
    /// The head of its HTTP request.
    pub request: Request<'a>,
    /// Its JSON-RPC id.
    pub id: Value<'a>,
    /// Its metadata, which has been checked.
    pub meta: Object<'a>,
    /// True if its progress is more than what was said before.
    pub risen: bool,
    /// What its handler says: one member.
    say: (Cow<'a, str>, Value<'a>),
}

impl<'a> Running<'a> {
    /// Reads what the shim hands over: `{"id":…,"meta":{…},"risen":true,"say":{"progress":{…}}}`, and the head of the request
    /// as [`Request::read`] has it.
    #[must_use]
    pub fn read(input: &'a str, head: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let say = input.get("say")?.object().ok()?;
        Some(Self {
            request: Request::read(head)?,
            id: input.get("id")?,
            meta: input.get("meta").map_or_else(|| Some(Object::default()), |meta| meta.object().ok())?,
            risen: input.get("risen").is_some_and(Value::is_true),
            say: say.0.into_iter().next()?,
        })
    }

    /// The same with the server's keys.
    #[must_use]
    pub fn with_keys(self, sealing: Sealing<'a>) -> Self {
        Self { request: self.request.with_keys(sealing), ..self }
    }

    /// Its revision and its session, which have been checked before.
    async fn era(&self, flow: &Flow<'_>) -> Era {
        let claimed = self.meta.string(VERSION).as_deref().and_then(Revision::parse);
        if let Some(revision) = claimed.filter(|revision| revision.is_modern()) {
            return Era { revision, session: None };
        }
        let session = match self.request.shown(flow).await {
            Ok(Shown::Open(session)) => Some(session),
            _ => None,
        };
        let session = match session {
            // Over HTTP+SSE the session's id is older than what was agreed on.
            Some(session) if self.request.transport != Transport::Http && self.request.spoken().is_none() => {
                let agreed = recalled(flow, &session).await.revision;
                Some(Session { revision: agreed.unwrap_or(session.revision), ..session })
            }
            session => session,
        };
        let spoken = self.request.spoken().or(session.map(|session| session.revision));
        Era { revision: spoken.unwrap_or(Revision::UNSAID), session }
    }

    /// What its client can be asked for. Waits: on HTTP+SSE one, for what the client said when it began.
    pub(super) async fn capabilities(&self, flow: &Flow<'_>, era: Era) -> Capabilities {
        match era.session {
            None => Capabilities::of(self.meta.get(CAPABILITIES)),
            Some(session) if self.request.transport == Transport::Http => session.capabilities,
            Some(session) => recalled(flow, &session).await.capabilities,
        }
    }
}

/// What a call is part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Era {
    pub(super) revision: Revision,
    pub(super) session: Option<Session>,
}

/// What a session's mailbox keeps of it.
#[derive(Debug, Default)]
pub(super) struct Recalled {
    capabilities: Capabilities,
    /// What was agreed on, where the session's id does not say it.
    pub(super) revision: Option<Revision>,
    level: Option<Level>,
}

impl Recalled {
    pub(super) fn read(kept: &str) -> Self {
        let Ok(kept) = Object::read(kept) else { return Self::default() };
        let bits = kept.get("capabilities").and_then(|bits| bits.text().parse::<u16>().ok());
        let [revision, capabilities] = bits.unwrap_or_default().to_be_bytes();
        Self {
            capabilities: Capabilities::from_bits(capabilities.into()),
            revision: Revision::from_number(revision),
            level: kept.string("level").as_deref().and_then(Level::parse),
        }
    }

    /// What a client has said when it began, and what it was told, as it is kept.
    pub(super) fn text(capabilities: Capabilities, revision: Revision) -> String {
        (u16::from(revision as u8) << 8 | capabilities.bits() & 0xff).to_string()
    }
}

/// Asks for what is kept.
pub(super) fn recall(session: &Session) -> Ask {
    Ask { object: session.place.mailbox(), call: "recall", input: "null".into() }
}

async fn recalled(flow: &Flow<'_>, session: &Session) -> Recalled {
    flow.obtain(&recall(session)).await.map(|kept| Recalled::read(&kept)).unwrap_or_default()
}

/// Decides about one thing that the handler of a call says. Waits: at most one, for what the session's mailbox keeps.
pub async fn tell(flow: &Flow<'_>, running: &Running<'_>) -> Told {
    let (kind, said) = &running.say;
    let era = running.era(flow).await;
    match kind.as_ref() {
        "gone" => gone(era.revision),
        "progress" => progress(era, running, *said),
        "log" => log(flow, era, running, *said).await,
        "notify" => notify(flow, era, running, *said).await,
        "ask" => question::ask(flow, era, running, *said).await,
        "reply" => question::reply(era, *said),
        "pages" => question::pages(flow, era, running, *said).await,
        "open" => open(flow, era, running),
        "silence" => silence(flow, era, running),
        "watch" => watch(era, running),
        "changed" => match news(&running.request, *said) {
            Some(reach) => Told::Reach(reach),
            None => Told::Wrong("This is nothing that can change.".into()),
        },
        "require" => question::require(flow, era, running, *said).await,
        "spend" => match said.string() {
            Some(round) => mrtr::spend(flow, &round).await.map_or_else(Told::Ends, |()| Told::Nothing),
            None => Told::Wrong("A round has a name.".into()),
        },
        _ => Told::Wrong("This is nothing that a handler can say.".into()),
    }
}

/// The stream opens. Since 2025-11-25 a session's stream may break off and go on (transports §Resumability and Redelivery).
fn open(flow: &Flow<'_>, era: Era, running: &Running<'_>) -> Told {
    match era.session {
        Some(session) if era.revision.has_resumable_streams() && running.request.transport == Transport::Http => {
            let stream = crypto::encode(&flow.context().random::<16>("stream"));
            Told::Resumable { object: session.place.mailbox(), stream }
        }
        _ => Told::Nothing,
    }
}

/// Nothing has been said for long, and whoever is on the way may take the connection for dead: the response begins, if the
/// client takes a stream.
fn silence(flow: &Flow<'_>, era: Era, running: &Running<'_>) -> Told {
    if running.request.transport != Transport::Http || !running.request.takes_events() {
        return Told::Nothing;
    }
    match open(flow, era, running) {
        Told::Nothing => Told::Begin,
        resumable => resumable,
    }
}

/// The handler wants to know when it is cancelled. In a session that can be told from anywhere; where the session's object
/// is asked with each request anyway, from the beginning.
fn watch(era: Era, running: &Running<'_>) -> Told {
    let Some(session) = era.session else { return Told::Nothing };
    let has_object = running.request.kept || running.request.transport != Transport::Http;
    let after = if has_object { 0 } else { WATCH_AFTER };
    Told::Watch { object: session.place.mailbox(), tag: call_tag(running.id), after }
}

/// Calls that end sooner are not worth an object's while, in milliseconds.
const WATCH_AFTER: u32 = 500;

/// The client has closed its connection. That is how 2026-07-28 cancels; before, it means nothing (transports §Sending
/// Messages to the Server 6).
fn gone(revision: Revision) -> Told {
    if revision.is_modern() { Told::Cancel } else { Told::Nothing }
}

/// Goes out only if the request asked for it, and only if it is more than what was said before (`risen`, which the shim
/// compares).
fn progress(era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let Ok(said) = said.object() else { return Told::Wrong("Progress is an object with a number `progress`.".into()) };
    let (value, total) = (said.get("progress"), said.given("total"));
    let Some(value) = value.filter(|value| value.is_number()) else {
        return Told::Wrong("`progress` must be a finite number.".into());
    };
    if total.is_some_and(|total| !total.is_number()) {
        return Told::Wrong("`total` must be a finite number.".into());
    }
    let token = running.meta.get("progressToken").filter(|token| token.string().is_some() || token.is_integer());
    let Some(token) = token.filter(|_| running.request.takes_events() && running.risen) else { return Told::Nothing };
    let message = said.given("message").filter(|_| era.revision.has_progress_messages());
    let params = Members::new()
        .raw("progressToken", token.text())
        .raw("progress", value.text())
        .maybe_raw("total", total.map(Value::text))
        .maybe_raw("message", message.map(Value::text))
        .end();
    Told::Send(notification("notifications/progress", &params))
}

/// 2026-07-28: only if the request names a level. Before: whatever is as bad as the session wants, or all of it.
async fn log(flow: &Flow<'_>, era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let parts =
        said.object().ok().and_then(|said| Some((said.string("level")?, said.get("data")?, said.given("logger"))));
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
    let wanted = match (wanted, era.session) {
        (None, Some(session)) => match flow.obtain(&recall(&session)).await {
            // A server that keeps no level has not announced log messages.
            Err(Failure::Absent) => return Told::Nothing,
            kept => kept.map(|kept| Recalled::read(&kept)).unwrap_or_default().level,
        },
        (wanted, _) => wanted,
    };
    if wanted.map_or(era.revision.is_modern(), |wanted| severity < wanted) {
        return Told::Nothing;
    }
    let params = Members::new().text("level", &level).raw("data", data.text());
    let params = params.maybe_raw("logger", logger.map(Value::text)).end();
    Told::Send(notification("notifications/message", &params))
}

/// A notification in the protocol's own words. Those that have rules are held to them: since 2026-07-28 a call's stream has
/// what belongs to the call (streamable-http §Receiving Messages), and news are for those who listen.
async fn notify(flow: &Flow<'_>, era: Era, running: &Running<'_>, said: Value<'_>) -> Told {
    let said = said.object().unwrap_or_default();
    let parts = said.string("method").map(|method| (method, said.given("params")));
    let Some((method, params)) = parts.filter(|(method, _)| method.starts_with("notifications/")) else {
        return Told::Wrong("A notification has a `method` that begins with \"notifications/\".".into());
    };
    let params = params.unwrap_or(Value::empty_object());
    match method.as_ref() {
        "notifications/progress" => progress(era, running, params),
        "notifications/message" => log(flow, era, running, params).await,
        "notifications/initialized" | "notifications/roots/list_changed" | ACKNOWLEDGED => {
            Told::Wrong(["A handler cannot send ", &quoted(&method), "."].concat().into())
        }
        "notifications/elicitation/complete" if era.revision != Revision::V2025_11_25 => Told::Nothing,
        "notifications/cancelled" if era.revision.is_modern() => Told::Nothing,
        _ if !params.is_object() => Told::Wrong("`params` of a notification must be an object.".into()),
        _ if era.revision.is_modern() && is_news(&method) => match news_of(&running.request, &method, params, &said) {
            Some(reach) => Told::Reach(reach),
            None => Told::Wrong("`params.uri` of an update must be there, a string.".into()),
        },
        _ if running.request.takes_events() => Told::Send(notification(&method, params.text())),
        _ => Told::Nothing,
    }
}

pub(super) fn notification(method: &str, params: &str) -> String {
    Members::new().text("jsonrpc", "2.0").text("method", method).raw("params", params).end()
}
