//! What the app itself may ask of its authorization server: to read and answer authorization requests with pages of its own,
//! to keep clients, and to see and end grants. The shapes are those that existing handlers are written for.
//!
//! **Threat.** An app hands back a request that was changed on its way through its own forms.
//! **Guarantee.** Answering checks the request again, as if it had just come: the client, its redirect URI, the challenge.
//! **Not guaranteed.** That a person was asked, and that their browser is the one that began: that is the app's part here.

use super::authorize::{Pending, Reject, check, failed, redirect_of, respond};
use super::client::{self, Auth, Client, Lookup, Proof, find, kept, secret_hash};
use super::identity::Person;
use super::object::{Held, Refused};
use super::page::{Reply, leave};
use super::record::{Members, Reading as _};
use super::register::presentable;
use super::rule::{self, Rule};
use super::{Identity, Request, Site, admission, callback, connected, document, grant, ledger, redirect, scope};
use crate::crypto::encode;
use crate::flow::{Ask, Commit, Flow};
use crate::http::form::{self, Params};
use crate::json::{Object, Value, array};
use crate::limit::until_next;

/// The object with the names of the clients that the operator has made.
const INDEX: &str = "clients:operator";

/// Why something is not done: in words, and where the browser may be sent with it.
struct Wrong {
    message: String,
    redirect: Option<String>,
    /// The page that shows it, where the browser may not be sent there by itself.
    page: Option<String>,
}

impl Wrong {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), redirect: None, page: None }
    }

    fn silent() -> Self {
        Self::new("The server's storage does not answer at present. Try again in a moment.")
    }
}

/// Answers a call: `{"ok":…}`, or `{"wrong":"…","redirectTo":"…","page":{…}}`.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, call: &str) -> String {
    match called(flow, site, request, call).await {
        Ok(json) => Members::new().raw("ok", &json).end(),
        Err(Wrong { message, redirect, page }) => {
            let members = Members::new().text("wrong", &message).maybe("redirectTo", redirect.as_deref());
            match page {
                Some(page) => members.raw("page", &page),
                None => members,
            }
            .end()
        }
    }
}

async fn called<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    call: &str,
) -> Result<String, Wrong> {
    let call = Object::read(call).map_err(|_| Wrong::new("The arguments have a member twice, or cannot be read."))?;
    let name = call.text("call").unwrap_or_default();
    match name.as_str() {
        "parse" => {
            let params = Params::read(&request.query).map_err(|_| Wrong::new("The query is not well-formed."))?;
            let pending = asked(flow, site, request, &params).await?;
            Ok(request_json(&pending))
        }
        "complete" => complete(flow, site, request, &call).await,
        "client" => {
            let id = needed(&call, "id")?;
            match find(flow, site, request, &id).await {
                Lookup::Known(client, _) => Ok(client_json(&client, None)),
                Lookup::Unknown | Lookup::Unusable(_) | Lookup::Unlisted => Ok("null".into()),
                Lookup::Unreachable(reason) => Err(Wrong::new(unreachable(&id, &reason))),
                Lookup::Unavailable | Lookup::Waiting(_) | Lookup::Busy(_) => Err(Wrong::silent()),
            }
        }
        "create" => create(flow, site, request, &call).await,
        "update" => update(flow, site, request, &call).await,
        "delete" => {
            let id = operators(&call)?;
            ask(flow, INDEX, "forget", Members::new().text("id", &id)).await?;
            let known = ask(flow, &["client:", &id].concat(), "delete", Members::new()).await? == "true";
            if known {
                tell(flow, request, "client deleted", &id);
            }
            Ok(whether(known))
        }
        "list" => {
            let listed = ask(flow, INDEX, "list", Members::new()).await?;
            let clients = Value::read(&listed).and_then(Value::array).map_err(|_| Wrong::silent())?;
            let clients = clients.into_iter().filter_map(|client| Client::read(client.text()));
            Ok(array(clients.map(|client| client_json(&client, None))))
        }
        "waiting" => {
            let clients = admission::listed(&ask(flow, admission::WAITING, "list", Members::new()).await?);
            Ok(array(clients.ok_or_else(Wrong::silent)?.iter().map(|client| client_json(client, None))))
        }
        "admit" | "dismiss" => {
            let id = needed(&call, "id")?;
            is_identifier(&id)?;
            let (decision, event) =
                if name == "admit" { ("admit", "client approved") } else { ("dismiss", "client dismissed") };
            ask(flow, &client::object(&id), decision, Members::new()).await?;
            ask(flow, admission::WAITING, "forget", Members::new().text("id", &id)).await?;
            tell(flow, request, event, &id);
            Ok("null".into())
        }
        "grants" => {
            let user = needed(&call, "userId")?;
            let input = rule::hand(Members::new(), site.server, request);
            let grants = ask(flow, &object_of(site, &user), "list", input).await?;
            let grants = Value::read(&grants).and_then(Value::array).map_err(|_| Wrong::silent())?;
            Ok(array(grants.into_iter().filter_map(|grant| summary(grant, &user))))
        }
        "revoke" => {
            let (user, id) = (needed(&call, "userId")?, needed(&call, "grantId")?);
            let members = ledger::traced(Members::new(), site.server, &request.trace(flow)).flag("operator", true);
            let input = if id == "*" { members } else { members.text("grant", &id) }.end();
            let ended = connected::ended(flow, site, &object_of(site, &user), input).await;
            let ended = ended.map_err(|()| Wrong::silent())?;
            if id == "*" {
                let subject = ["user:", site.identity.name(), ":", &user].concat();
                connected::everywhere(flow, site, &subject).await.map_err(|()| Wrong::silent())?;
            }
            Ok(Members::new().number("ended", ended).end())
        }
        "revoke-client" => {
            let id = needed(&call, "id")?;
            is_identifier(&id)?;
            end(flow, site, Rule::Client(&id), flow.context().now() + 1).await?;
            tell(flow, request, "client revoked", &id);
            // The rule counts in any case: of a client that was deleted, what it had goes on until then.
            Ok(whether(matches!(find(flow, site, request, &id).await, Lookup::Known(..))))
        }
        "revoke-before" => {
            let now = flow.context().now();
            let before = call.number("before").map_or(now + 1, |before| before.min(now + 1));
            end(flow, site, Rule::All, before).await?;
            let event = Members::new().text("event", "all access ended").number("before", before);
            flow.commit(Commit::Audit(event.text("request", &request.trace(flow)).end()));
            Ok(Members::new().number("before", before).end())
        }
        "rotate" => rotate(flow, site, request, &call).await,
        _ => Err(Wrong::new("There is no such call.")),
    }
}

/// Whether there is such a client.
fn whether(known: bool) -> String {
    Members::new().raw("known", if known { "true" } else { "false" }).end()
}

fn is_identifier(id: &str) -> Result<(), Wrong> {
    if client::is_id(id) || document::is_url(id) {
        return Ok(());
    }
    Err(Wrong::new("This is no identifier of a client."))
}

fn needed(call: &Object<'_>, name: &str) -> Result<String, Wrong> {
    let text = call.text(name).filter(|text| !text.is_empty());
    text.ok_or_else(|| Wrong::new([name, " is missing, or no text."].concat()))
}

async fn ask(flow: &Flow<'_>, object: &str, call: &'static str, input: Members) -> Result<String, Wrong> {
    let ask = Ask { object: object.into(), call, input: input.end() };
    flow.obtain(&ask).await.map_err(|_| Wrong::silent())
}

fn object_of<I: Identity>(site: &Site<'_, I>, user: &str) -> String {
    grant::object(&site.issuer, &["user:", site.identity.name(), ":", user].concat())
}

/// A request that may be answered.
async fn asked<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    params: &Params,
) -> Result<Pending, Wrong> {
    if params.repeated(&[]).is_some() {
        return Err(Wrong::new("A parameter is there twice."));
    }
    let id = params.get("client_id").ok_or_else(|| Wrong::new("client_id is missing."))?;
    let client = match admission::gate(flow, site, request, find(flow, site, request, id).await).await {
        Lookup::Known(client, _) => client,
        Lookup::Unknown => return Err(Wrong::new("client_id is not known here. The client has to register again.")),
        Lookup::Unlisted => {
            return Err(Wrong::new("This server takes no clients that are known by a URL of this host."));
        }
        Lookup::Waiting(name) => {
            return Err(Wrong::new([&name, " waits for the operator's yes: approveClient gives it."].concat()));
        }
        Lookup::Busy(_) => {
            let seconds = until_next(flow.context().now()).to_string();
            return Err(Wrong::new(["Too many requests: try again in ", &seconds, " seconds."].concat()));
        }
        Lookup::Unreachable(reason) => return Err(Wrong::new(unreachable(id, &reason))),
        Lookup::Unusable(reason) => {
            return Err(Wrong::new(format!("The client's metadata document at {id} cannot be used: {reason}.")));
        }
        Lookup::Unavailable => return Err(Wrong::silent()),
    };
    let local = |reject| match reject {
        Reject::Local(_, detail) | Reject::Redirect(_, detail) => Wrong::new(detail),
    };
    let uri = redirect_of(site.server, &client, params).map_err(local)?;
    check(site, &client, uri, params).map_err(|reject| match reject {
        Reject::Local(..) => local(reject),
        Reject::Redirect(code, description) => {
            let pairs = [("error", code.name()), ("error_description", description)];
            let state = params.get("state").filter(|state| state.len() <= 2048);
            let url = respond(uri, state, &site.issuer, &pairs);
            let page = match leave(&url, failed(site.server, &client, description)) {
                Reply::Page(page) if client.proof != Proof::Operator => Some(page.model),
                _ => None,
            };
            Wrong { message: description.into(), redirect: Some(url), page }
        }
    })
}

fn request_json(pending: &Pending) -> String {
    Members::new()
        .text("responseType", "code")
        .text("clientId", &pending.client)
        .text("redirectUri", &pending.redirect)
        .texts("scope", pending.scopes.iter().map(String::as_str))
        .text("state", pending.state.as_deref().unwrap_or_default())
        .text("codeChallenge", &pending.challenge)
        .text("codeChallengeMethod", "S256")
        .text("resource", &pending.resource)
        .end()
}

/// `{"request":{…},"userId":"…","scope":[…],"props":{…},"label":"…"}` to `{"redirectTo":"…"}`.
async fn complete<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<String, Wrong> {
    let wrong = "request must be what parseAuthRequest gave.";
    let asked_for = call.get("request").and_then(|it| it.object().ok()).ok_or_else(|| Wrong::new(wrong))?;
    let user = needed(call, "userId")?;
    let text = |name: &str| asked_for.text(name).unwrap_or_default();
    let scopes = asked_for.texts("scope").ok_or_else(|| Wrong::new(wrong))?;
    let (client, uri, state, scope) = (text("clientId"), text("redirectUri"), text("state"), scopes.join(" "));
    let (challenge, method, resource) = (text("codeChallenge"), text("codeChallengeMethod"), text("resource"));
    let mut pairs = vec![("client_id", client.as_str()), ("redirect_uri", &uri), ("scope", &scope)];
    pairs.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", &method)]);
    let kind = text("responseType");
    pairs.push(("response_type", &kind));
    pairs.extend(Some(("state", state.as_str())).filter(|_| !state.is_empty()));
    pairs.extend(Some(("resource", resource.as_str())).filter(|_| !resource.is_empty()));
    let params = Params::read(&form::write(&pairs)).map_err(|_| Wrong::new(wrong))?;
    let pending = asked(flow, site, request, &params).await?;
    let granted = match call.texts("scope") {
        Some(granted) => scope::within(&pending.scopes, &granted),
        None => return Err(Wrong::new("scope must be the list of scopes that the person has granted.")),
    };
    if granted.is_empty() {
        return Err(Wrong::new("None of the scopes in scope was asked for: use those of the request."));
    }
    let props = call.get("props").map_or("{}", Value::text);
    if !Value::read(props).is_ok_and(Value::is_object) {
        return Err(Wrong::new("props must be an object: it becomes this.props."));
    }
    if call.flag("revokeExistingGrants") {
        let input = ledger::traced(Members::new(), site.server, &request.trace(flow)).text("client", &pending.client);
        let input = input.flag("operator", true).end();
        connected::ended(flow, site, &object_of(site, &user), input).await.map_err(|()| Wrong::silent())?;
    }
    let label = call.text("label").unwrap_or_default();
    let person = Person { id: user, label, props: props.into(), scopes: None, credential: None };
    let pending = Pending { scopes: granted, ..pending };
    let code = callback::issue(flow, site, request, &pending, &person, false).await;
    let code = code.map_err(|denied| Wrong::new(denied.reason))?;
    Ok(Members::new().text("redirectTo", &pending.answer(&[("code", &code)])).end())
}

fn client_json(client: &Client, secret: Option<&str>) -> String {
    Members::new()
        .text("clientId", &client.id)
        .maybe("clientSecret", secret)
        .text("clientName", &client.name)
        .texts("redirectUris", client.redirects.iter().map(String::as_str))
        .text("tokenEndpointAuthMethod", client.auth.method())
        .texts("grantTypes", ["authorization_code", "refresh_token"])
        .texts("responseTypes", ["code"])
        .number("registrationDate", client.created)
        .end()
}

fn summary(grant: Value<'_>, user: &str) -> Option<String> {
    let grant = grant.object().ok()?;
    let metadata = Members::new().text("label", &grant.text("label")?).text("clientName", &grant.text("name")?).end();
    let summary = Members::new()
        .text("id", &grant.text("id")?)
        .text("clientId", &grant.text("client")?)
        .text("userId", user)
        .texts("scope", grant.texts("scopes")?.iter().map(String::as_str))
        .raw("metadata", &metadata)
        .text("resource", &grant.text("resource")?)
        .number("createdAt", grant.number("created")? / 1000)
        .number("lastUsedAt", grant.number("used")? / 1000);
    Some(summary.end())
}

/// The identifier of a client that the operator has made: others cannot be changed.
fn operators(call: &Object<'_>) -> Result<String, Wrong> {
    let id = needed(call, "id")?;
    match Proof::of(&id) {
        Proof::Operator => Ok(id),
        _ => Err(Wrong::new("Only clients that createClient made can be changed; others change themselves.")),
    }
}

/// The redirect URIs, judged.
fn redirects<I>(site: &Site<'_, I>, client: &Object<'_>) -> Result<Vec<String>, Wrong> {
    let uris = client.texts("redirectUris").filter(|uris| !uris.is_empty());
    let uris = uris.ok_or_else(|| Wrong::new("redirectUris must be a list of at least one URI."))?;
    if let Some(uri) = uris.iter().find(|uri| redirect::judge(uri, &site.server.schemes).is_none()) {
        return Err(Wrong::new(["redirectUris has one that cannot be: ", uri].concat()));
    }
    Ok(uris)
}

fn named(client: &Object<'_>) -> Result<String, Wrong> {
    let name = client.text("clientName").map(|name| presentable(&name)).unwrap_or_default();
    if name.is_empty() || name.chars().count() > 200 {
        return Err(Wrong::new("clientName must be a text of 1 to 200 characters: people read it."));
    }
    Ok(name)
}

/// Ends what a rule is about.
async fn end<I>(flow: &Flow<'_>, site: &Site<'_, I>, rule: Rule<'_>, before: u64) -> Result<(), Wrong> {
    if rule.make(flow, site.server, before).await { Ok(()) } else { Err(Wrong::silent()) }
}

/// Gives a client another secret, or with `"void":true` none that anybody has. What was issued under the former one ends.
async fn rotate<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<String, Wrong> {
    let Some(client) = load(flow, &operators(call)?).await? else { return Ok("null".into()) };
    let secret = encode(&flow.context().random::<32>("client secret"));
    let auth = match client.auth {
        Auth::None => return Err(Wrong::new("The client has no secret: its tokenEndpointAuthMethod is none.")),
        Auth::Basic(_) => Auth::Basic(secret_hash(&secret)),
        Auth::Post(_) => Auth::Post(secret_hash(&secret)),
    };
    let client = Client { auth, ..client };
    // The secret first: what is granted from here on is granted to the new one.
    keep(flow, &client).await?;
    end(flow, site, Rule::Client(&client.id), flow.context().now() + 1).await?;
    let is_void = call.flag("void");
    tell(flow, request, if is_void { "client secret revoked" } else { "client secret rotated" }, &client.id);
    Ok(client_json(&client, Some(secret.as_str()).filter(|_| !is_void)))
}

/// Tells the operator of a change to a client of theirs.
fn tell(flow: &Flow<'_>, request: &Request<'_>, event: &str, client: &str) {
    let event = Members::new().text("event", event).text("client", client).text("request", &request.trace(flow));
    flow.commit(Commit::Audit(event.end()));
}

async fn create<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<String, Wrong> {
    let client = call.get("client").and_then(|it| it.object().ok()).ok_or_else(|| Wrong::new("client is missing."))?;
    let context = flow.context();
    let secret = encode(&context.random::<32>("client secret"));
    let method = client.text("tokenEndpointAuthMethod").unwrap_or_else(|| "client_secret_basic".into());
    let auth = match method.as_str() {
        "none" => Auth::None,
        "client_secret_basic" => Auth::Basic(secret_hash(&secret)),
        "client_secret_post" => Auth::Post(secret_hash(&secret)),
        _ => {
            return Err(Wrong::new("tokenEndpointAuthMethod must be none, client_secret_basic or client_secret_post."));
        }
    };
    let client = Client {
        id: Client::operator_id(context.random("client id")),
        name: named(&client)?,
        redirects: redirects(site, &client)?,
        auth,
        proof: Proof::Operator,
        created: context.now() / 1000,
    };
    keep(flow, &client).await?;
    tell(flow, request, "client created", &client.id);
    Ok(client_json(&client, Some(secret.as_str()).filter(|_| client.auth != Auth::None)))
}

/// The client of this identifier, if there is one.
async fn load(flow: &Flow<'_>, id: &str) -> Result<Option<Client>, Wrong> {
    Ok(Client::read(&ask(flow, &["client:", id].concat(), "load", Members::new()).await?))
}

async fn keep(flow: &Flow<'_>, client: &Client) -> Result<(), Wrong> {
    ask(flow, &["client:", &client.id].concat(), "put", client.members()).await?;
    ask(flow, INDEX, "note", client.members()).await?;
    Ok(())
}

async fn update<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    call: &Object<'_>,
) -> Result<String, Wrong> {
    let id = operators(call)?;
    let updates = call.get("client").and_then(|it| it.object().ok());
    let updates = updates.ok_or_else(|| Wrong::new("The updates are missing."))?;
    let Some(mut client) = load(flow, &id).await? else { return Ok("null".into()) };
    if updates.get("clientName").is_some() {
        client.name = named(&updates)?;
    }
    if updates.get("redirectUris").is_some() {
        client.redirects = redirects(site, &updates)?;
    }
    keep(flow, &client).await?;
    tell(flow, request, "client changed", &client.id);
    Ok(client_json(&client, None))
}

/// Inside the object of the index.
pub(super) mod index {
    use super::{Flow, Held, Object, Refused, array, kept};
    use crate::oauth::record::Reading as _;

    const PREFIX: &str = "client:";

    pub(in crate::oauth) async fn note(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
        let client = kept::given(input).ok_or(Refused)?;
        let held = Held::read(flow, vec![], vec![]).await?;
        held.writes().put([PREFIX, &client.id].concat(), client.to_json(), None).commit(flow);
        Ok("true".into())
    }

    pub(in crate::oauth) async fn forget(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
        let id = input.text("id").ok_or(Refused)?;
        let held = Held::read(flow, vec![], vec![]).await?;
        held.writes().remove([PREFIX, &id].concat()).commit(flow);
        Ok("true".into())
    }

    pub(in crate::oauth) async fn list(flow: &Flow<'_>) -> Result<String, Refused> {
        let held = Held::read(flow, vec![], vec![PREFIX.into()]).await?;
        Ok(array(held.under(PREFIX).map(|(_, row)| row.to_owned())))
    }
}

fn unreachable(id: &str, reason: &str) -> String {
    format!("The client's metadata document at {id} cannot be fetched: {reason}. Try again in a minute.")
}
