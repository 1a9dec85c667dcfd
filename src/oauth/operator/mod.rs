//! The app's API to its authorization server: reading and answering authorization requests with its own pages, managing
//! clients, and listing and ending grants. The shapes are those for which existing handlers are written.
//!
//! **Threat.** An app returns a request that was modified on its way through the app's forms.
//! **Guarantee.** `completeAuthorization` validates the request again, as if it were new: the client, its redirect URI, the
//! challenge.
//! **Not guaranteed.** That a person was asked, and that their browser started the request: this is up to the app.

mod shapes;

use serde::Serialize;
use shapes::{AuthRequest, ClientInfo, Completed, GrantSummary, RevokedBefore, RevokedGrants, WasKnown};

use crate::crypto::encode;
use crate::flow::Flow;
use crate::http::form::Params;
use crate::identity::{Identity, Person};
use crate::json::{self, Json, Object, Value};
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorization_request::{AuthorizationRequest, respond};
use crate::oauth::browser::connected;
use crate::oauth::browser::page::{Reply, leave};
use crate::oauth::client::admission::ClientApproval;
use crate::oauth::client::metadata::presentable;
use crate::oauth::client::{self, Auth, Client, Lookup, Proof, admission, document, find, legacy, secret_hash};
use crate::oauth::endpoints::authorize::{AuthorizeError, MAX_STATE, check, failed, redirect_of};
use crate::oauth::endpoints::callback;
use crate::oauth::object::client::{Change, Delete, Load, Put};
use crate::oauth::object::clients::{Forget, List, Note};
use crate::oauth::object::connections::{self, Disconnect};
use crate::oauth::object::ledger::RequestTrace;
use crate::oauth::object::{Call, grant};
use crate::oauth::revocation_rules::{Rule, Rules};
use crate::oauth::{AuthorizationServer, Request, object, redirect, scope};
use crate::rate_limit::until_next;

/// The object with the identifiers of the operator's clients.
const INDEX: &str = "clients:operator";

/// The result of a call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The requested value.
    Ok(Json),
    /// It was not done.
    Wrong(OperatorError),
}

/// Why something was not done, and where to send the browser, if anywhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorError {
    pub(super) message: String,
    /// True if it can be tried again in a moment.
    #[serde(skip)]
    pub(super) unavailable: bool,
    #[serde(rename = "redirectTo", skip_serializing_if = "Option::is_none")]
    redirect: Option<String>,
    /// The page with the error, if the browser may not be sent there automatically.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<Json>,
}

impl OperatorError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), unavailable: false, redirect: None, page: None }
    }

    fn silent() -> Self {
        Self { unavailable: true, ..Self::new("The server's storage is unavailable. Try again in a moment.") }
    }
}

/// Performs a call.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &str,
) -> Answer {
    called(flow, server, request, call).await.map_or_else(Answer::Wrong, Answer::Ok)
}

async fn called<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &str,
) -> Result<Json, OperatorError> {
    let call = Object::read(call)
        .map_err(|_| OperatorError::new("The arguments have a duplicate member, or cannot be parsed."))?;
    perform(flow, server, request, &call.string("call").unwrap_or_default(), &call).await
}

/// Performs the call `name`, a helper of `OAuthProvider.api`, with the members of `call`.
pub(super) async fn perform<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    name: &str,
    call: &Object<'_>,
) -> Result<Json, OperatorError> {
    match name {
        "parseAuthRequest" => {
            let params = Params::read(&request.query).map_err(|_| OperatorError::new("The query is malformed."))?;
            Ok(Json::of(&AuthRequest::of(asked(flow, server, request, &params).await?)))
        }
        "completeAuthorization" => complete(flow, server, request, call).await,
        "lookupClient" => {
            let id = needed(call, "id")?;
            match find(flow, server, request, &id).await {
                Lookup::Known(client, _) => Ok(Json::of(&ClientInfo::of(&client))),
                Lookup::Unknown | Lookup::Unusable(_) | Lookup::Unlisted => Ok(nothing()),
                Lookup::Unreachable(reason) => Err(OperatorError::new(unreachable(&id, &reason))),
                Lookup::Unavailable | Lookup::Busy(_) => Err(OperatorError::silent()),
            }
        }
        "createClient" => create(flow, server, request, call).await,
        "updateClient" => update(flow, server, request, call).await,
        "deleteClient" if server.config.legacy && text(call, "id").is_some_and(|id| legacy::is_legacy_id(&id)) => {
            let id = needed(call, "id")?;
            let known = matches!(find(flow, server, request, &id).await, Lookup::Known(..));
            if known {
                legacy::delete(flow, &id);
                log(flow, request, "client deleted", &id);
            }
            Ok(Json::of(&WasKnown { known }))
        }
        "deleteClient" => {
            let id = operators(call)?;
            let (forget, object) = (Forget { id }, client::object);
            let known = ask(flow, &object(&forget.id), &Delete {}).await?;
            // Afterwards: see `list`.
            ask(flow, INDEX, &forget).await?;
            if known {
                log(flow, request, "client deleted", &forget.id);
            }
            Ok(Json::of(&WasKnown { known }))
        }
        "listClients" => listed(flow, INDEX).await,
        "listWaitingClients" => listed(flow, admission::WAITING).await,
        "approveClient" | "dismissClient" => {
            let id = needed(call, "id")?;
            is_identifier(&id)?;
            let (forget, object) = (Forget { id }, client::object);
            let event = if name == "approveClient" {
                ask(flow, &object(&forget.id), &admission::Admit {}).await?;
                "client approved"
            } else {
                ask(flow, &object(&forget.id), &admission::Dismiss {}).await?;
                "client dismissed"
            };
            ask(flow, admission::WAITING, &forget).await?;
            log(flow, request, event, &forget.id);
            Ok(nothing())
        }
        "listUserGrants" => {
            let user = needed(call, "userId")?;
            let list = connections::List { rules: Rules::of(server.config, request) };
            let grants = ask(flow, &object_of(server, &user), &list).await?;
            Ok(Json::of(&grants.iter().map(|grant| GrantSummary::of(grant, &user)).collect::<Vec<_>>()))
        }
        "revokeGrant" => {
            let (user, id) = (needed(call, "userId")?, needed(call, "grantId")?);
            let is_all = id == "*";
            let traced = RequestTrace::new(server.config, request.trace(flow));
            let disconnect =
                Disconnect { grant: Some(id).filter(|_| !is_all), operator: true, traced, ..Disconnect::default() };
            let ended = connected::ended(flow, server, &object_of(server, &user), &disconnect).await;
            let ended = ended.map_err(|()| OperatorError::silent())?;
            if is_all {
                let subject = server.subject(&user);
                connected::everywhere(flow, server, &subject).await.map_err(|()| OperatorError::silent())?;
            }
            Ok(Json::of(&RevokedGrants { ended }))
        }
        "revokeClient" => {
            let id = needed(call, "id")?;
            is_identifier(&id)?;
            end(flow, server, Rule::Client(&id), flow.context().now() + 1).await?;
            log(flow, request, "client revoked", &id);
            // The rule is needed in any case: the grants of a deleted client would continue until then.
            let known = matches!(find(flow, server, request, &id).await, Lookup::Known(..));
            Ok(Json::of(&WasKnown { known }))
        }
        "revokeAll" | "revokeBefore" => {
            let now = flow.context().now();
            let before = call.get("before").and_then(|before| before.text().parse::<u64>().ok());
            let before = before.map_or(now + 1, |before| before.min(now + 1));
            end(flow, server, Rule::All, before).await?;
            let (event, trace) = ("all access ended", request.trace(flow));
            AuditEvent { event, before: Some(before), request: Some(&trace), ..AuditEvent::default() }.log(flow);
            Ok(Json::of(&RevokedBefore { before }))
        }
        "rotateClientSecret" | "revokeClientSecret" => {
            rotate(flow, server, request, call, name == "revokeClientSecret").await
        }
        _ => Err(OperatorError::new("Unknown call.")),
    }
}

fn nothing() -> Json {
    Json::of(&())
}

fn is_identifier(id: &str) -> Result<(), OperatorError> {
    if client::is_id(id) || document::is_url(id) || legacy::is_legacy_id(id) {
        return Ok(());
    }
    Err(OperatorError::new("This is not a client identifier."))
}

fn text(object: &Object<'_>, name: &str) -> Option<String> {
    object.string(name).map(Into::into)
}

fn texts(object: &Object<'_>, name: &str) -> Option<Vec<String>> {
    object.get(name)?.strings()
}

fn needed(call: &Object<'_>, name: &str) -> Result<String, OperatorError> {
    let text = text(call, name).filter(|text| !text.is_empty());
    text.ok_or_else(|| OperatorError::new([name, " is missing or not a string."].concat()))
}

async fn ask<C: Call>(flow: &Flow<'_>, object: &str, call: &C) -> Result<C::Answer, OperatorError> {
    object::ask(flow, object, call).await.map_err(|_| OperatorError::silent())
}

/// The clients that are listed in `object`.
async fn listed(flow: &Flow<'_>, object: &str) -> Result<Json, OperatorError> {
    let clients = ask(flow, object, &List {}).await?;
    Ok(Json::of(&clients.iter().map(ClientInfo::of).collect::<Vec<_>>()))
}

fn object_of<I: Identity>(server: &AuthorizationServer<'_, I>, user: &str) -> String {
    grant::object(&server.issuer, &server.subject(user))
}

/// A request that may be answered.
async fn asked<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    params: &Params,
) -> Result<AuthorizationRequest, OperatorError> {
    if params.repeated(&[]).is_some() {
        return Err(OperatorError::new("A parameter is repeated."));
    }
    let id = params.get("client_id").ok_or_else(|| OperatorError::new("client_id is missing."))?;
    let client = match find(flow, server, request, id).await {
        Lookup::Known(client, _) => client,
        Lookup::Unknown => return Err(OperatorError::new("client_id is unknown. The client has to register again.")),
        Lookup::Unlisted => {
            return Err(OperatorError::new("This server does not allow clients identified by a URL of this host."));
        }
        Lookup::Busy(_) => {
            let seconds = until_next(flow.context().now()).to_string();
            return Err(OperatorError::new(["Too many requests: try again in ", &seconds, " seconds."].concat()));
        }
        Lookup::Unreachable(reason) => return Err(OperatorError::new(unreachable(id, &reason))),
        Lookup::Unusable(reason) => {
            return Err(OperatorError::new(format!(
                "The client's metadata document at {id} cannot be used: {reason}."
            )));
        }
        Lookup::Unavailable => return Err(OperatorError::silent()),
    };
    let local = |reject| match reject {
        AuthorizeError::Local(_, detail) | AuthorizeError::Redirect(_, detail) => OperatorError::new(detail),
    };
    let uri = redirect_of(server.config, &client, params).map_err(local)?;
    match admission::gate(flow, server, request, &client).await {
        ClientApproval::Given => {}
        ClientApproval::Pending => {
            let message = [&client.name, " waits for the operator's approval: call approveClient."].concat();
            return Err(OperatorError::new(message));
        }
        ClientApproval::Unavailable => return Err(OperatorError::silent()),
    }
    check(server, &client, uri, params).map_err(|reject| match reject {
        AuthorizeError::Local(..) => local(reject),
        AuthorizeError::Redirect(code, description) => {
            let pairs = [("error", code.name()), ("error_description", description)];
            let state = params.get("state").filter(|state| state.len() <= MAX_STATE);
            let url = respond(uri, state, &server.issuer, &pairs);
            let page = match leave(&url, failed(server.config, &client, description)) {
                Reply::Page(page) if client.proof != Proof::Operator => Some(page.model),
                _ => None,
            };
            OperatorError { redirect: Some(url), page, ..OperatorError::new(description) }
        }
    })
}

/// Answers a request on behalf of the person that the app names.
async fn complete<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<Json, OperatorError> {
    let wrong = || OperatorError::new("request must be the result of parseAuthRequest.");
    let given = call.get("request").and_then(|it| it.object().ok()).filter(|it| it.get("scope").is_some());
    let given = given.ok_or_else(wrong)?.without_nulls();
    let asked_for = json::read::<AuthRequest>(&json::write(&given)).map_err(|_| wrong())?;
    let user = needed(call, "userId")?;
    let pending = asked(flow, server, request, &asked_for.params().ok_or_else(wrong)?).await?;
    let granted = match texts(call, "scope") {
        Some(granted) => scope::within(&pending.scopes, &granted),
        None => return Err(OperatorError::new("scope must be the list of scopes that the person has granted.")),
    };
    if granted.is_empty() {
        return Err(OperatorError::new("None of the scopes in scope was requested: use those of the request."));
    }
    let props = call.get("props").unwrap_or(Value::empty_object());
    if !props.is_object() {
        return Err(OperatorError::new("props must be an object: it becomes this.props."));
    }
    if call.get("revokeExistingGrants").is_some_and(Value::is_true) {
        let (client, traced) = (Some(pending.client.clone()), RequestTrace::new(server.config, request.trace(flow)));
        let disconnect = Disconnect { client, operator: true, traced, ..Disconnect::default() };
        connected::ended(flow, server, &object_of(server, &user), &disconnect)
            .await
            .map_err(|()| OperatorError::silent())?;
    }
    let label = text(call, "label").unwrap_or_default();
    let person = Person { id: user, label, props: props.text().into(), scopes: None, credential: None };
    let pending = AuthorizationRequest { scopes: granted, ..pending };
    let code = callback::issue(flow, server, request, &pending, &person, false).await;
    let code = code.map_err(|denied| OperatorError::new(denied.reason))?;
    Ok(Json::of(&Completed { redirect_to: pending.answer(&[("code", &code)]) }))
}

/// The identifier of a client that the operator has created: others cannot be changed.
fn operators(call: &Object<'_>) -> Result<String, OperatorError> {
    let id = needed(call, "id")?;
    match Proof::of(&id) {
        Proof::Operator => Ok(id),
        _ => Err(OperatorError::new("Only clients from createClient can be updated.")),
    }
}

/// The redirect URIs, checked.
fn redirects<I>(server: &AuthorizationServer<'_, I>, client: &Object<'_>) -> Result<Vec<String>, OperatorError> {
    let uris = texts(client, "redirectUris").filter(|uris| !uris.is_empty());
    let uris = uris.ok_or_else(|| OperatorError::new("redirectUris must be a list of at least one URI."))?;
    if let Some(uri) = uris.iter().find(|uri| redirect::judge(uri, &server.config.schemes).is_none()) {
        return Err(OperatorError::new(["redirectUris has an invalid URI: ", uri].concat()));
    }
    Ok(uris)
}

fn named(client: &Object<'_>) -> Result<String, OperatorError> {
    let name = client.string("clientName").map(|name| presentable(&name)).unwrap_or_default();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(OperatorError::new("clientName must be a string of 1 to 200 characters, because people read it."));
    }
    Ok(name)
}

/// Ends the grants of a rule.
async fn end<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    rule: Rule<'_>,
    before: u64,
) -> Result<(), OperatorError> {
    if rule.make(flow, server.config, before).await { Ok(()) } else { Err(OperatorError::silent()) }
}

/// Replaces a client's secret, or leaves it without a valid one. What was issued under the former
/// one ends.
async fn rotate<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
    is_void: bool,
) -> Result<Json, OperatorError> {
    let secret = encode(&flow.context().random::<32>("client secret"));
    let change = Change { secret: Some(secret_hash(&secret)), ..Change::default() };
    // The secret first: later grants belong to the new one.
    let Some(client) = changed(flow, &operators(call)?, change).await? else { return Ok(nothing()) };
    if client.auth == Auth::None {
        return Err(OperatorError::new("The client has no secret: its tokenEndpointAuthMethod is none."));
    }
    end(flow, server, Rule::Client(&client.id), flow.context().now() + 1).await?;
    log(flow, request, if is_void { "client secret revoked" } else { "client secret rotated" }, &client.id);
    let client_secret = Some(secret.as_str()).filter(|_| !is_void);
    Ok(Json::of(&ClientInfo { client_secret, ..ClientInfo::of(&client) }))
}

/// Logs a change of one of the operator's clients.
fn log(flow: &Flow<'_>, request: &Request<'_>, event: &str, client: &str) {
    let trace = request.trace(flow);
    AuditEvent { event, client: Some(client), request: Some(&trace), ..AuditEvent::default() }.log(flow);
}

async fn create<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<Json, OperatorError> {
    let client =
        call.get("client").and_then(|it| it.object().ok()).ok_or_else(|| OperatorError::new("client is missing."))?;
    let context = flow.context();
    let secret = encode(&context.random::<32>("client secret"));
    let method = text(&client, "tokenEndpointAuthMethod").unwrap_or_else(|| "client_secret_basic".into());
    let auth = match method.as_str() {
        "none" => Auth::None,
        "client_secret_basic" => Auth::Basic(secret_hash(&secret)),
        "client_secret_post" => Auth::Post(secret_hash(&secret)),
        _ => {
            return Err(OperatorError::new(
                "tokenEndpointAuthMethod must be none, client_secret_basic or client_secret_post.",
            ));
        }
    };
    let client = Client {
        id: Client::operator_id(context.random("client id")),
        name: named(&client)?,
        redirects: redirects(server, &client)?,
        auth,
        proof: Proof::Operator,
        created: context.now() / 1000,
    };
    let put = Put { client };
    ask(flow, &client::object(&put.client.id), &put).await?;
    let client = list(flow, put.client).await?;
    log(flow, request, "client created", &client.id);
    let client_secret = Some(secret.as_str()).filter(|_| client.auth != Auth::None);
    Ok(Json::of(&ClientInfo { client_secret, ..ClientInfo::of(&client) }))
}

/// Changes the client with this identifier, if there is one: in its object, so that no other change is lost.
async fn changed(flow: &Flow<'_>, id: &str, change: Change) -> Result<Option<Client>, OperatorError> {
    match ask(flow, &client::object(id), &change).await? {
        Some(client) => list(flow, client).await.map(Some),
        None => Ok(None),
    }
}

/// Lists the client. Whoever changes or deletes it at the same time may have done so before it was listed: what its
/// object says afterwards counts.
async fn list(flow: &Flow<'_>, client: Client) -> Result<Client, OperatorError> {
    let note = Note { client };
    ask(flow, INDEX, &note).await?;
    match ask(flow, &client::object(&note.client.id), &Load {}).await? {
        None => ask(flow, INDEX, &Forget { id: note.client.id.clone() }).await?,
        Some(client) if client != note.client => ask(flow, INDEX, &Note { client }).await?,
        Some(_) => true,
    };
    Ok(note.client)
}

async fn update<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<Json, OperatorError> {
    let id = operators(call)?;
    let updates = call.get("client").and_then(|it| it.object().ok());
    let updates = updates.ok_or_else(|| OperatorError::new("The updates are missing."))?;
    let name = updates.get("clientName").map(|_| named(&updates)).transpose()?;
    let redirects = updates.get("redirectUris").map(|_| redirects(server, &updates)).transpose()?;
    let change = Change { name, redirects, secret: None };
    let Some(client) = changed(flow, &id, change).await? else { return Ok(nothing()) };
    log(flow, request, "client changed", &client.id);
    Ok(Json::of(&ClientInfo::of(&client)))
}

fn unreachable(id: &str, reason: &str) -> String {
    format!("The client's metadata document at {id} cannot be fetched: {reason}. Try again in a minute.")
}
