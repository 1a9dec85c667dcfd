//! The operator route: what `OAuthProvider.api` does, for programs of the operator, and the stored audit events.
//!
//! **Threat.** A person's access token, an API key for tools, or a web page that a browser lends a credential ends or creates
//! access; a misspelled call does something else than was meant; nobody knows who has done it.
//! **Guarantee.** The guard of the option `operator` has found a caller with the scope of operators (`js/oauth/operator-route.ts`).
//! A request with an `Origin`, or with a token that this server has issued, is refused whatever the verifier says. Only the
//! calls of [`CALLS`] are performed, with their own members and no others. Each is an audit event with the caller's principal.
//! **Not guaranteed.** That the verifier is right: it is the operator's.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::flow::{Flow, Obtain};
use crate::http::Answer;
use crate::identity::Identity;
use crate::json::{Json, Object, Value, shown};
use crate::oauth::audit::AuditEvent;
use crate::oauth::error::{Code, unstored};
use crate::oauth::operator::perform;
use crate::oauth::{AuthorizationServer, Request, signing};

/// The calls, which are the helpers of `OAuthProvider.api` ([`perform`]), and their members.
pub const CALLS: [(&str, &[&str]); 14] = [
    ("listUserGrants", &["userId"]),
    ("revokeGrant", &["userId", "grantId"]),
    ("listClients", &[]),
    ("createClient", &["client"]),
    ("rotateClientSecret", &["id"]),
    ("revokeClientSecret", &["id"]),
    ("deleteClient", &["id"]),
    ("listWaitingClients", &[]),
    ("approveClient", &["id"]),
    ("dismissClient", &["id"]),
    ("revokeClient", &["id"]),
    ("revokeAll", &[]),
    ("revokeBefore", &["before"]),
    (READ_AUDIT, &["after", "limit"]),
];

const READ_AUDIT: &str = "readAudit";

/// The members of `client` in `createClient`.
const CLIENT: &[&str] = &["clientName", "redirectUris", "tokenEndpointAuthMethod"];

/// The number of audit events in a page, by default and at most.
const PAGE: u64 = 200;
const MAX_PAGE: u64 = 500;

/// Reads rows of the table to which `d1Audit` writes. Outcome: a page, or none if the events are stored elsewhere.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "audit-rows")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AuditRows {
    /// The cursor of the last row of the page before, or 0.
    after: u64,
    /// The number of rows.
    limit: u64,
}

/// Rows of the table.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AuditPage {
    /// The rows, each with all columns.
    #[cfg_attr(feature = "ts", ts(type = "unknown[]"))]
    rows: Json,
    /// What `after` has to be for the next page, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<u64>,
}

impl Obtain for AuditRows {
    type Outcome = Option<AuditPage>;
}

/// Why a call was not performed.
struct Refused {
    status: u16,
    code: Code,
    reason: Cow<'static, str>,
}

impl Refused {
    fn new(status: u16, code: Code, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { status, code, reason: reason.into() }
    }

    fn invalid(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, Code::InvalidRequest, reason)
    }

    fn unavailable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(503, Code::TemporarilyUnavailable, reason)
    }

    fn answer(self) -> Answer {
        let answer = Answer::error(self.status, self.code.name(), &self.reason);
        let answer = unstored(answer).refusing(self.code.name(), self.reason);
        if self.status == 503 { answer.with("retry-after", "5") } else { answer }
    }
}

/// Answers the operator route: `{"call":"listUserGrants","userId":"…"}` with `{"result":…}`, or an error.
///
/// 1. There is a caller, it is no page, and its token is not one of this server.
/// 2. The body is a call, with its own members.
///
/// Waits: those of the call.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Answer {
    match answer(flow, server, request, body).await {
        Ok(result) => unstored(Answer::json(200, ["{\"result\":", result.value().text(), "}"].concat())),
        Err(refused) => refused.answer(),
    }
}

async fn answer<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<Json, Refused> {
    let denied = |reason: &'static str| Refused::new(403, Code::AccessDenied, reason);
    let operator = request.operator.as_deref().ok_or_else(|| denied("The guard has found no operator."))?;
    if request.origin_header.is_some() {
        return Err(denied("Requests with an Origin header are refused: no web page may call this."));
    }
    let token = request.authorization.as_deref().and_then(|header| header.split_ascii_whitespace().last());
    if token.is_some_and(|token| signing::is_ours(server.keys, &server.issuer, token)) {
        return Err(denied("The token was issued by this server: use one that was made for the operator."));
    }
    let call = read(request, body)?;
    let name = call.string("call").unwrap_or_default();
    let Some((name, members)) = CALLS.into_iter().find(|(known, _)| *known == name) else {
        let known = CALLS.map(|(known, _)| known).join(", ");
        return Err(Refused::invalid(["There is no call ", &shown(&name), ". The calls are ", &known, "."].concat()));
    };
    // The events of what is done have the same ID.
    let trace = request.trace(flow);
    let request = &Request { ray: Some(trace.clone()), ..request.clone() };
    let done = checked(flow, server, request, (name, members), &call).await;
    let subject = call.string("userId").map(|user| server.subject(&user));
    let (client, grant) = (call.string("id"), call.string("grantId"));
    AuditEvent {
        event: "operator called",
        operator: Some(operator),
        call: Some(name),
        client: client.as_deref(),
        grant: grant.as_deref(),
        subject: subject.as_deref(),
        error: done.as_ref().err().map(|refused| refused.code.name()),
        reason: done.as_ref().err().map(|refused| &*refused.reason),
        request: Some(&trace),
        ..AuditEvent::default()
    }
    .log(flow);
    done
}

/// The body as an object.
fn read<'a>(request: &Request<'_>, body: &'a str) -> Result<Object<'a>, Refused> {
    let media_type = request.content_type.as_deref().and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refused::new(415, Code::InvalidRequest, "Send the call as JSON: Content-Type: application/json."));
    }
    if request.unread {
        return Err(Refused::new(413, Code::InvalidRequest, "The body is longer than 64 KB, or is not UTF-8."));
    }
    let body = Value::read(body).and_then(|body| body.unique().and_then(|()| body.object()));
    body.map_err(|malformed| Refused::invalid(["The body is not a call: ", &malformed.reason(), "."].concat()))
}

/// Performs a call whose members are those that it has.
async fn checked<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    (name, members): (&'static str, &[&str]),
    call: &Object<'_>,
) -> Result<Json, Refused> {
    known(call, name, &[&["call"], members].concat())?;
    if let Some(Ok(client)) = call.get("client").map(Value::object) {
        known(&client, "client", CLIENT)?;
    }
    if name == READ_AUDIT {
        return read_audit(flow, call).await;
    }
    if members.contains(&"before") && number(call, "before")?.is_none_or(|before| before > flow.context().now()) {
        return Err(Refused::invalid("before must be a time that is not in the future, in milliseconds since 1970."));
    }
    perform(flow, server, request, name, call).await.map_err(|wrong| {
        let refused = if wrong.unavailable { Refused::unavailable } else { Refused::invalid };
        refused(wrong.message)
    })
}

/// Refuses a member that is not one of `members`.
fn known(object: &Object<'_>, owner: &str, members: &[&str]) -> Result<(), Refused> {
    let Some((name, _)) = object.0.iter().find(|(name, _)| !members.contains(&name.as_ref())) else { return Ok(()) };
    let members = members.join(", ");
    Err(Refused::invalid([owner, " has no member ", &shown(name), ". Its members are ", &members, "."].concat()))
}

/// A member that is a whole number, if it is present.
fn number(call: &Object<'_>, name: &str) -> Result<Option<u64>, Refused> {
    let number = call.get(name).map(|value| value.text().parse());
    number.transpose().map_err(|_| Refused::invalid([name, " must be a whole number."].concat()))
}

async fn read_audit(flow: &Flow<'_>, call: &Object<'_>) -> Result<Json, Refused> {
    let (after, limit) = (number(call, "after")?.unwrap_or(0), number(call, "limit")?.unwrap_or(PAGE));
    if !(1..=MAX_PAGE).contains(&limit) {
        return Err(Refused::invalid(["limit must be from 1 to ", &MAX_PAGE.to_string(), "."].concat()));
    }
    match flow.obtain(&AuditRows { after, limit }).await {
        Ok(Some(page)) => Ok(Json::of(&page)),
        Ok(None) => {
            Err(Refused::invalid("The audit events cannot be read here: set `audit` to the result of d1Audit."))
        }
        Err(_) => {
            Err(Refused::unavailable("The database with the audit events is unavailable. Try again in a moment."))
        }
    }
}
