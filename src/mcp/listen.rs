//! Streams that a client keeps open for change notifications: `subscriptions/listen` (MCP 2026-07-28), the GET stream
//! of streamable HTTP (until 2025-11-25), and interrupted streams that continue.
//!
//! Notifications reach all isolates through an object, the server's hub. Tags decide who receives one: the listeners of
//! the same principal, or all.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::Request;
use super::Work;
use super::envelope::Params;
use super::frame::Frame;
use super::session::{ObjectName, SessionLookup};
use crate::bounds;
use crate::crypto;
use crate::flow::{Ask, Failure, Flow, Listen, MessageSource, Reach, ResumedStream, Template};
use crate::http::Answer;
use crate::json::{self, Value};
use crate::jsonrpc::{Code, Fault, notification};

/// The tag of a session's stream for everything that belongs to no call.
const STREAM: &str = "stream";

/// The lists that can change, and the notification of each.
const LISTS: [(&str, &str); 3] = [
    ("tools", "notifications/tools/list_changed"),
    ("prompts", "notifications/prompts/list_changed"),
    ("resources", "notifications/resources/list_changed"),
];
const UPDATED: &str = "notifications/resources/updated";
/// The first message of a subscription.
pub(super) const ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// What a client subscribes to (`SubscriptionFilter`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Filter<'a> {
    tools_list_changed: Option<Value<'a>>,
    prompts_list_changed: Option<Value<'a>>,
    resources_list_changed: Option<Value<'a>>,
    resource_subscriptions: Option<Value<'a>>,
}

/// The part of it that is granted.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GrantedFilter<'a> {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tools_list_changed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    prompts_list_changed: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    resources_list_changed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_subscriptions: Option<&'a [String]>,
}

/// The metadata of a subscription's messages.
#[derive(Clone, Copy, Serialize)]
struct Tag<'a> {
    #[serde(rename = "io.modelcontextprotocol/subscriptionId")]
    subscription: Value<'a>,
}

/// The parameters of a notification to a listener.
#[derive(Default, Serialize)]
struct NotificationParams<'a> {
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Tag<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notifications: Option<GrantedFilter<'a>>,
}

/// The result of a subscription that has ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Over<'a> {
    result_type: &'static str,
    #[serde(rename = "_meta")]
    meta: Tag<'a>,
}

/// A message to a stream's JavaScript, through its object (`js/boundary/effects/listen.ts`).
#[derive(Serialize)]
#[serde(untagged)]
enum Message<'a> {
    /// Something has changed.
    News {
        news: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        needs: Option<String>,
    },
    /// From now on the stream sends this, too: the name of the event, and the message.
    Says {
        #[serde(serialize_with = "json::map")]
        says: [(String, String); 1],
    },
    /// From now on the stream does not send this any more.
    Unsays { unsays: &'a str },
}

impl Request<'_> {
    /// The object through which the server's listeners are reached; it is identified by the server's name.
    fn hub(&self) -> String {
        let named =
            || self.server.parse::<Named<'_>>().ok().and_then(|server| server.name?.string()).unwrap_or_default();
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

    fn hub_source(&self) -> MessageSource {
        MessageSource { object: self.hub(), tags: vec![self.listener_tag(), EVERYBODY.into()], shared: true }
    }

    /// The stream of a session, for what belongs to no call and for changes of the `followed` resources.
    pub(super) fn session_stream(&self, mailbox: String, followed: &[String]) -> Listen {
        let lists = LISTS.map(|(name, method)| (name.to_owned(), notification(method, None::<NotificationParams<'_>>)));
        let uris = followed.iter().map(|uri| (resource(uri), updated(uri)));
        Listen {
            sources: vec![
                MessageSource { object: mailbox, tags: vec![STREAM.into()], shared: false },
                self.hub_source(),
            ],
            says: lists.into_iter().chain(uris).collect(),
            ..Listen::default()
        }
    }
}

/// The part of an `Implementation` that is needed.
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
struct Named<'a> {
    name: Option<Value<'a>>,
}

/// The tag of all listeners.
const EVERYBODY: &str = "all";

/// The name of a resource's changes: the same for each spelling of its URI.
fn resource(uri: &str) -> String {
    ["resource:", &super::uri::canonical(uri)].concat()
}

/// Begins `subscriptions/listen`. Its first message says what was granted; it ends when the client disconnects, or with
/// a result when the server ends it. Waits: one, as long as the stream is open.
pub fn listen<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>) -> Result<Work<'a>, Fault> {
    let invalid = |message: &'static str| Fault::new(200, Code::InvalidParams, message);
    if !frame.request.takes_events() {
        let message = "The response is a stream: send `Accept: application/json, text/event-stream`.";
        return Err(Fault::new(406, Code::InvalidRequest, message));
    }
    if frame.body.is_some_and(|body| body.len() > bounds::LISTEN) {
        return Err(invalid("The body of `subscriptions/listen` is longer than 256 KiB."));
    }
    let filter =
        params.notifications.ok_or_else(|| invalid("`params.notifications` is required and must be an object."))?;
    let filter: Filter<'a> = filter.parse().map_err(|_| invalid("`params.notifications` must be an object."))?;
    let tag = Tag { subscription: frame.id };
    let said = |method: &str, said: NotificationParams<'_>| {
        notification(method, Some(NotificationParams { meta: Some(tag), ..said }))
    };
    let wanted = [filter.tools_list_changed, filter.prompts_list_changed, filter.resources_list_changed];
    let wanted = wanted.map(|wanted| wanted.is_some_and(Value::is_true));
    let lists = LISTS.into_iter().zip(wanted).filter(|(_, wanted)| *wanted);
    let mut says: Vec<_> =
        lists.map(|((name, method), _)| (name.to_owned(), said(method, NotificationParams::default()))).collect();
    let uris = match filter.resource_subscriptions {
        None => None,
        Some(uris) => {
            let wrong = "`params.notifications.resourceSubscriptions` must be an array of at most 1,000 strings.";
            let uris = uris.strings().filter(|uris| uris.len() <= bounds::FOLLOWED_IN_NUMBER);
            Some(uris.ok_or_else(|| invalid(wrong))?)
        }
    };
    let followed = uris.as_deref().unwrap_or_default();
    if followed.iter().any(|uri| uri.len() > bounds::URI) {
        return Err(invalid(LONG_URI));
    }
    if followed.iter().map(String::len).sum::<usize>() > bounds::FOLLOWED {
        return Err(invalid("The URIs of one stream are longer than 128 KiB in total: use several streams."));
    }
    says.extend(followed.iter().map(|uri| {
        (resource(uri), said(UPDATED, NotificationParams { uri: Some(uri), ..NotificationParams::default() }))
    }));
    // Of several spellings of a URI the first one counts.
    says.sort_by(|(one, _), (other, _)| one.cmp(other));
    says.dedup_by(|(later, _), (first, _)| later == first);
    let acknowledge =
        |heard| said(ACKNOWLEDGED, NotificationParams { notifications: Some(heard), ..NotificationParams::default() });
    let [tools_list_changed, prompts_list_changed, resources_list_changed] = wanted;
    let heard = GrantedFilter {
        tools_list_changed,
        prompts_list_changed,
        resources_list_changed,
        resource_subscriptions: uris.as_deref(),
    };
    let listening = flow.obtain(&Listen {
        sources: vec![frame.request.hub_source()],
        says,
        first: Some(acknowledge(heard)),
        // If no changes can be received, nothing is granted.
        otherwise: Some(acknowledge(GrantedFilter::default())),
        ..Listen::default()
    });
    Ok(Box::pin(async move {
        listening.await.map_err(|failure| match failure {
            Failure::Refused => {
                Fault::new(503, Code::InternalError, "The server has reached its limit of streams. Try again later.")
            }
            _ => Fault::new(500, Code::InternalError, "The stream was interrupted."),
        })?;
        Ok(frame.bare_result(&Over { result_type: "complete", meta: tag }))
    }))
}

/// Answers a GET of streamable HTTP, or a HEAD, which opens nothing. Waits: two on a new stream, for the session's
/// subscriptions and for the stream's end; one on a stream that continues.
pub async fn stream(flow: &Flow<'_>, request: &Request<'_>) -> Answer {
    let refuse = |status, message: &'static str| Fault::new(status, Code::InvalidRequest, message).answer(None);
    let session = match request.shown(flow).await {
        Ok(SessionLookup::Open(session)) => session,
        Ok(SessionLookup::Nothing) => {
            let message = "A stream requires a session: start one with `initialize`, and send `Mcp-Session-Id`.";
            return refuse(405, message).with("allow", "POST, OPTIONS");
        }
        Ok(SessionLookup::Unknown) => return super::session::unknown_session().answer(None),
        Err(fault) => return fault.answer(None),
    };
    if !request.takes_a_stream() {
        return refuse(406, "The response is a stream: send `Accept: text/event-stream`.");
    }
    if &*request.method == "HEAD" {
        return Answer::empty(200).with("content-type", super::EVENTS[0]);
    }
    let mailbox = session.place.mailbox();
    let listen = match request.last_event_id.as_deref().map(parse_event_id) {
        Some(None) => return refuse(400, "`Last-Event-ID` was not issued by this server."),
        Some(Some(resumed)) => Listen {
            sources: vec![MessageSource {
                object: mailbox,
                tags: vec![["events:", &resumed.stream].concat()],
                shared: false,
            }],
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
    notification(UPDATED, Some(NotificationParams { uri: Some(uri), ..NotificationParams::default() }))
}

/// Event IDs are `STREAM.NUMBER`; a stream's name is 22 characters of base64url.
fn parse_event_id(id: &str) -> Option<ResumedStream> {
    let (stream, number) = super::header::trim(id).split_once('.')?;
    let named =
        stream.len() == 22 && stream.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()))?;
    named.then_some(ResumedStream { stream: stream.into(), after: number.parse().ok()? })
}

/// The resources to which a session is subscribed.
async fn followed(flow: &Flow<'_>, place: ObjectName) -> Vec<String> {
    let kept = flow.obtain(&Ask::new(place.mailbox(), "followed", &())).await;
    kept.ok().and_then(|kept| kept.value().strings()).unwrap_or_default()
}

/// The message about a URI that is too long.
pub(super) const LONG_URI: &str = "The URI of a resource is longer than 8 KiB.";

/// Begins `resources/subscribe` and `resources/unsubscribe`. Waits: one for the mailbox, one for an open stream; to
/// unsubscribe, one before that for the spelling of the URI.
pub fn follow<'a>(flow: &'a Flow<'_>, frame: Frame<'a>, params: &Params<'a>, begins: bool) -> Result<Work<'a>, Fault> {
    let uri = super::string_of("uri", params.uri)?;
    if uri.len() > bounds::URI {
        return Err(Fault::new(200, Code::InvalidParams, LONG_URI));
    }
    let Some(place) = frame.place else {
        // Without a session there is no stream for notifications.
        return Ok(Box::pin(core::future::ready(Ok(frame.empty_result()))));
    };
    let keep = move |call, uri: &str| flow.obtain(&Ask::new(place.mailbox(), call, uri));
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
            Err(&failure) => return Err(super::mailbox::mailbox_failure(failure)),
            Ok("false") => {
                let message =
                    "A session can subscribe to at most 1,000 resources, whose URIs have at most 128 KiB in total.";
                return Err(Fault::new(200, Code::InvalidParams, message));
            }
            Ok(_) if begins => Message::Says { says: [(resource(&uri), updated(&uri))] },
            Ok(_) => Message::Unsays { unsays: &resource(&uri) },
        };
        let message = json::write(&change);
        let reach = Reach { object: place.mailbox(), tag: STREAM.into(), message, cancels: None };
        let _: Result<bool, _> = flow.obtain(&reach).await;
        Ok(frame.empty_result())
    }))
}

/// What has changed: a list, or a resource.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "'de: 'a"))]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ChangeNotification<'a> {
    what: Option<Value<'a>>,
    uri: Option<Value<'a>>,
    /// True if all callers are notified.
    everybody: Option<Value<'a>>,
    scoped: Option<ScopedResources>,
}

/// The resources of a server for which callers need scopes: which ones, separated by spaces.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "ScopedResources"))]
pub struct ScopedResources {
    /// By URI.
    resources: Vec<(String, String)>,
    /// By template.
    templates: Vec<(String, String)>,
}

/// Where a change notification goes.
pub(super) fn change_notification(request: &Request<'_>, changed: &ChangeNotification<'_>) -> Option<Reach> {
    let [what, uri] = [changed.what, changed.uri].map(|text| text.and_then(Value::string));
    let (what, needs) = match (what.as_deref(), uri.as_deref()) {
        (Some(what), None) => (LISTS.into_iter().find(|(name, _)| *name == what)?.0.to_owned(), None),
        (None, Some(uri)) => (resource(uri), needs(changed.scoped.as_ref(), uri)),
        _ => return None,
    };
    Some(to_listeners(request, &what, needs, changed.everybody.is_some_and(Value::is_true)))
}

/// The scopes that a listener needs for changes of this resource.
fn needs(scoped: Option<&ScopedResources>, uri: &str) -> Option<String> {
    let ScopedResources { resources, templates } = scoped?;
    let canonical = super::uri::canonical(uri);
    let own = resources.iter().find(|(known, _)| super::uri::canonical(known) == canonical);
    let needed = own.map(|(_, scopes)| scopes.clone()).or_else(|| {
        let named = |(template, name): &(String, String)| Template(name.clone(), template.clone());
        super::resources::find(uri, templates.iter().map(named).collect()).map(|(_, through)| through.template)
    });
    needed.filter(|scopes| !scopes.is_empty())
}

/// True for change notifications.
pub(super) fn is_change_notification(method: &str) -> bool {
    method == UPDATED || LISTS.iter().any(|(_, known)| *known == method)
}

/// Where such a notification goes, about `uri` if it has one: to the listeners of the same caller.
pub(super) fn target_of_notification(
    request: &Request<'_>,
    method: &str,
    uri: Option<&str>,
    scoped: Option<&ScopedResources>,
) -> Option<Reach> {
    let (what, needs) = match LISTS.iter().find(|(_, known)| *known == method) {
        Some((name, _)) => ((*name).to_owned(), None),
        None => (resource(uri?), needs(scoped, uri?)),
    };
    Some(to_listeners(request, &what, needs, false))
}

fn to_listeners(request: &Request<'_>, what: &str, needs: Option<String>, everybody: bool) -> Reach {
    let tag = if everybody { EVERYBODY.into() } else { request.listener_tag() };
    let message = json::write(&Message::News { news: what, needs });
    Reach { object: request.hub(), tag, message, cancels: None }
}
