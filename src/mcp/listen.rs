//! Streams that a client keeps open to hear what changes: `subscriptions/listen` (MCP 2026-07-28), the GET stream of
//! streamable HTTP (until 2025-11-25), and streams that broke off and go on.
//!
//! Changes reach all isolates through an object, the hub of a server. Who hears of one is told by tags: those of the same
//! principal, or everybody.

use std::borrow::Cow;

use super::Request;
use super::Work;
use super::frame::Frame;
use super::session::{Place, Shown};
use crate::bounds;
use crate::crypto;
use crate::flow::{Ask, Failure, Flow, Listen, Reach, Resumed, Source, Template};
use crate::http::Answer;
use crate::json::{Members, Object, Value, array, object, quoted};
use crate::jsonrpc::{Code, Fault};

/// The tag of the stream that a session has for everything that belongs to no call.
const STREAM: &str = "stream";

/// What can change as a whole: its name here and in a filter, and the notification.
const LISTS: [(&str, &str, &str); 3] = [
    ("tools", "toolsListChanged", "notifications/tools/list_changed"),
    ("prompts", "promptsListChanged", "notifications/prompts/list_changed"),
    ("resources", "resourcesListChanged", "notifications/resources/list_changed"),
];
const UPDATED: &str = "notifications/resources/updated";
/// What a subscription begins with.
pub(super) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

impl Request<'_> {
    /// The object through which the listeners of the server, which is known by its name, are reached.
    fn hub(&self) -> String {
        let named = || self.server.object().ok().and_then(|server| server.string("name")).unwrap_or_default();
        let (kind, name) = match self.agent.as_deref() {
            Some(class) => ("agent", Cow::Borrowed(class)),
            None => ("server", named()),
        };
        ["hub:", &crypto::encode(&crypto::hash("hub", &[kind.as_bytes(), name.as_bytes()]))].concat()
    }

    /// The tag of listeners of the same principal.
    fn listener_tag(&self) -> String {
        let principal = self.principal();
        let parts: [&[u8]; 2] =
            [if principal.is_some() { b"somebody" } else { b"anybody" }, principal.unwrap_or_default().as_bytes()];
        ["of:", &crypto::encode(&crypto::hash("listener", &parts))].concat()
    }

    fn hub_source(&self) -> Source {
        Source { object: self.hub(), tags: vec![self.listener_tag(), EVERYBODY.into()], shared: true }
    }

    /// The stream of a session, which hears of what belongs to no call, and of `followed` resources.
    pub(super) fn session_stream(&self, mailbox: String, followed: &[String]) -> Listen {
        let lists = LISTS.iter().map(|(name, _, method)| ((*name).to_owned(), notification(method, &[])));
        let uris = followed.iter().map(|uri| (resource(uri), updated(uri)));
        Listen {
            sources: vec![Source { object: mailbox, tags: vec![STREAM.into()], shared: false }, self.hub_source()],
            says: lists.chain(uris).collect(),
            ..Listen::default()
        }
    }
}

/// The tag of all listeners.
const EVERYBODY: &str = "all";

/// What happens to a resource, by its name: the same for each spelling of its URI.
fn resource(uri: &str) -> String {
    ["resource:", &super::uri::canonical(uri)].concat()
}

fn notification(method: &str, params: &[(&str, &str)]) -> String {
    let (method, params) = (quoted(method), (!params.is_empty()).then(|| object(params)));
    let mut members = vec![("jsonrpc", r#""2.0""#), ("method", method.as_str())];
    members.extend(params.as_deref().map(|params| ("params", params)));
    object(&members)
}

/// Begins `subscriptions/listen`. Its first message says what is listened to; it ends when the client goes away, or with a
/// result when the server does. Waits: one, as long as the stream is open.
pub fn listen<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Object<'a>) -> Result<Work<'a>, Fault> {
    let invalid = |message: &'static str| Fault::new(200, Code::InvalidParams, message);
    if !frame.request.takes_events() {
        let message = "The answer is a stream: send `Accept: application/json, text/event-stream`.";
        return Err(Fault::new(406, Code::InvalidRequest, message));
    }
    if frame.body.is_some_and(|body| body.len() > bounds::LISTEN) {
        return Err(invalid("A request to listen is longer than 256 KiB."));
    }
    let filter = match params.given("notifications") {
        None => return Err(invalid("`params.notifications` must be there, an object.")),
        Some(filter) => filter.object().map_err(|_| invalid("`params.notifications` must be an object."))?,
    };
    let tag = object(&[("io.modelcontextprotocol/subscriptionId", frame.id.text())]);
    let (mut says, mut heard) = (Vec::new(), Vec::new());
    let mut say = |name: String, message: String| says.push((name, message));
    for (name, wanted, method) in LISTS {
        if filter.get(wanted).is_some_and(Value::is_true) {
            say(name.to_owned(), notification(method, &[("_meta", &tag)]));
            heard.push((wanted, String::from("true")));
        }
    }
    if let Some(uris) = filter.given("resourceSubscriptions") {
        let wrong =
            || invalid("`params.notifications.resourceSubscriptions` must be an array of at most 1,000 strings.");
        let uris = uris.array().map_err(|_| wrong())?.into_iter().map(Value::string);
        let uris = uris.collect::<Option<Vec<_>>>();
        let uris = uris.filter(|uris| uris.len() <= bounds::FOLLOWED_IN_NUMBER).ok_or_else(wrong)?;
        if uris.iter().any(|uri| uri.len() > bounds::URI) {
            return Err(invalid(LONG_URI));
        }
        if uris.iter().map(|uri| uri.len()).sum::<usize>() > bounds::FOLLOWED {
            return Err(invalid("The URIs of one stream are longer than 128 KiB together: use several streams."));
        }
        for uri in &uris {
            say(resource(uri), notification(UPDATED, &[("_meta", &tag), ("uri", &quoted(uri))]));
        }
        heard.push(("resourceSubscriptions", array(uris.iter().map(|uri| quoted(uri)))));
    }
    // Of several spellings of a URI the first counts.
    says.sort_by(|(one, _), (other, _)| one.cmp(other));
    says.dedup_by(|(later, _), (first, _)| later == first);
    let acknowledge = |heard: &str| notification(ACKNOWLEDGED, &[("_meta", &tag), ("notifications", heard)]);
    let heard = heard.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
    let listening = flow.obtain(&Listen {
        sources: vec![frame.request.hub_source()],
        says,
        first: Some(acknowledge(&object(&heard))),
        // Where nothing can be heard, nothing is listened to.
        otherwise: Some(acknowledge("{}")),
        ..Listen::default()
    });
    Ok(Box::pin(async move {
        listening.await.map_err(|failure| match failure {
            Failure::Refused => {
                Fault::new(503, Code::InternalError, "The server has as many streams as it can hold. Come back later.")
            }
            _ => Fault::new(500, Code::InternalError, "The stream broke off."),
        })?;
        Ok(frame.ended_subscription(&tag))
    }))
}

/// Answers a GET of streamable HTTP, or a HEAD, which opens nothing. Waits: two on a new stream, for what the session follows and for its end; one on a
/// stream that goes on.
pub async fn stream(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let refuse = |status, message: &'static str| Fault::new(status, Code::InvalidRequest, message).answer(None);
    let session = match request.shown(flow).await {
        Ok(Shown::Open(session)) => session,
        Ok(Shown::Nothing) => {
            let message = "A stream belongs to a session: begin one with `initialize`, and send `Mcp-Session-Id`.";
            return refuse(405, message).with("allow", "POST, OPTIONS");
        }
        Ok(Shown::Unknown) => return super::session::unknown_session().answer(None),
        Err(fault) => return fault.answer(None),
    };
    if !request.takes_a_stream() {
        return refuse(406, "The answer is a stream: send `Accept: text/event-stream`.");
    }
    if request.method == "HEAD" {
        return Answer::empty(200).with("content-type", super::EVENTS[0]);
    }
    let mailbox = session.place.mailbox();
    let listen = match request.last_event_id.map(parse_event_id) {
        Some(None) => return refuse(400, "`Last-Event-ID` is none of this server's."),
        Some(Some(resumed)) => Listen {
            sources: vec![Source { object: mailbox, tags: vec![["events:", &resumed.stream].concat()], shared: false }],
            resumes: Some(resumed),
            ..Listen::default()
        },
        None => request.session_stream(mailbox, &followed(flow, session.place).await),
    };
    match flow.obtain(&listen).await {
        Ok(_) => Answer::empty(200),
        Err(_) => Fault::new(503, Code::InternalError, "The stream cannot be opened.").answer(None),
    }
}

fn updated(uri: &str) -> String {
    notification(UPDATED, &[("uri", &quoted(uri))])
}

/// Event ids are `STREAM.NUMBER`, the stream's name being 22 characters of base64url.
fn parse_event_id(id: &str) -> Option<Resumed> {
    let (stream, number) = super::header::trim(id).split_once('.')?;
    let named =
        stream.len() == 22 && stream.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    named.then_some(Resumed { stream: stream.into(), after: number.parse().ok()? })
}

/// The resources that a session follows.
async fn followed(flow: &Flow<'_>, place: Place) -> Vec<String> {
    let asked = Ask { object: place.mailbox(), call: "followed", input: "null".into() };
    let Ok(kept) = flow.obtain(&asked).await else { return Vec::new() };
    let uris = Value::read(&kept).and_then(Value::array).unwrap_or_default();
    uris.into_iter().filter_map(|uri| Some(uri.string()?.into())).collect()
}

/// The message about a URI that is too long.
pub(super) const LONG_URI: &str = "The URI of a resource is longer than 8 KiB.";

/// Begins `resources/subscribe` and `resources/unsubscribe`. Waits: one for the mailbox, one for an open stream; to
/// unsubscribe, one before for how the URI was spelled.
pub fn follow<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Object<'a>, begins: bool) -> Result<Work<'a>, Fault> {
    let uri = super::string_of(params, "uri")?;
    if uri.len() > bounds::URI {
        return Err(Fault::new(200, Code::InvalidParams, LONG_URI));
    }
    let Some(place) = frame.place else {
        // Without a session there is no stream on which to hear of anything.
        return Ok(Box::pin(core::future::ready(Ok(frame.result("{}")))));
    };
    let keep = move |call, uri: &str| flow.obtain(&Ask { object: place.mailbox(), call, input: quoted(uri) });
    let kept = begins.then(|| keep("follow", &uri));
    Ok(Box::pin(async move {
        let kept = if let Some(kept) = kept {
            kept
        } else {
            let name = resource(&uri);
            let spelled = followed(flow, place).await.into_iter().find(|followed| resource(followed) == name);
            keep("unfollow", spelled.as_deref().unwrap_or(&uri))
        };
        let kept = kept.await;
        let change = match kept.as_deref() {
            Err(&failure) => return Err(super::mailbox::unkept(failure)),
            Ok("false") => {
                let message =
                    "A session follows at most 1,000 resources, whose URIs are no longer than 128 KiB together.";
                return Err(Fault::new(200, Code::InvalidParams, message));
            }
            Ok(_) if begins => object(&[("says", &object(&[(&resource(&uri), &quoted(&updated(&uri)))]))]),
            Ok(_) => object(&[("unsays", &quoted(&resource(&uri)))]),
        };
        let reach = Reach { object: place.mailbox(), tag: STREAM.into(), message: change, cancels: None };
        let _: Result<bool, _> = flow.obtain(&reach).await;
        Ok(frame.result("{}"))
    }))
}

/// Where the news goes that something has changed: `{"what":"tools"}` or `{"uri":"…"}`, and `"everybody":true`. Of resources
/// that not everybody may see the shim says which scopes they need: `"scoped":{"resources":[["uri","scopes"]],
/// "templates":[["template","scopes"]]}`, the scopes separated by spaces.
pub(super) fn news(request: &Request<'_>, said: Value<'_>) -> Option<Reach> {
    let said = said.object().ok()?;
    let (what, needs) = match (said.string("what"), said.string("uri")) {
        (Some(what), None) => {
            (LISTS.iter().find(|(name, ..)| *name == what).map(|(name, ..)| (*name).to_owned())?, None)
        }
        (None, Some(uri)) => (resource(&uri), needs(&said, &uri)),
        _ => return None,
    };
    let everybody = said.get("everybody").is_some_and(Value::is_true);
    Some(to_listeners(request, &what, needs.as_deref(), everybody))
}

/// The scopes without which nobody hears of this resource.
fn needs(said: &Object<'_>, uri: &str) -> Option<String> {
    let lists = said.given("scoped")?.object().ok()?;
    let pairs = |name| {
        let pairs = lists.get(name).and_then(|pairs| pairs.array().ok()).unwrap_or_default();
        pairs.into_iter().filter_map(|pair| <[String; 2]>::try_from(pair.strings()?).ok()).collect::<Vec<_>>()
    };
    let canonical = super::uri::canonical(uri);
    let own = pairs("resources").into_iter().find(|[known, _]| super::uri::canonical(known) == canonical);
    let scopes = own.map(|[_, scopes]| scopes).or_else(|| {
        let templates = pairs("templates").into_iter().map(|[template, name]| Template { name, template }).collect();
        super::resources::find(uri, templates).map(|(_, through)| through.template)
    });
    scopes.filter(|scopes| !scopes.is_empty())
}

/// True for notifications that something has changed.
pub(super) fn is_news(method: &str) -> bool {
    method == UPDATED || LISTS.iter().any(|(_, _, known)| *known == method)
}

/// Where such a notification goes: to the listeners of the same caller.
pub(super) fn news_of(request: &Request<'_>, method: &str, params: Value<'_>, said: &Object<'_>) -> Option<Reach> {
    let (what, needs) = if let Some((name, ..)) = LISTS.iter().find(|(_, _, known)| *known == method) {
        ((*name).to_owned(), None)
    } else {
        let uri = params.object().ok()?.string("uri")?;
        (resource(&uri), needs(said, &uri))
    };
    Some(to_listeners(request, &what, needs.as_deref(), false))
}

fn to_listeners(request: &Request<'_>, what: &str, needs: Option<&str>, everybody: bool) -> Reach {
    let tag = if everybody { EVERYBODY.into() } else { request.listener_tag() };
    let message = Members::new().text("news", what).maybe("needs", needs).end();
    Reach { object: request.hub(), tag, message, cancels: None }
}
