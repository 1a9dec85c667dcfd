//! Connected apps: a person sees which clients can act for them, and ends those they want to.
//!
//! **Threat.** Another site, or somebody else's browser, ends connections or learns of them.
//! **Guarantee.** Both need the account cookie; ending also needs a form of ours, sealed for that account and for a
//! cookie that only this browser has, and sent by our own page. A connection has ended in its object before the page
//! says so, and everywhere else within the time that a revocation takes.
//! **Not guaranteed.** That the client forgets what it has read.

use core::mem;

use serde::{Deserialize, Serialize};

use super::account::{self, AccountCookie};
use super::cookies::{browser, is_fresh, set_cookie, set_cookie_for};
use super::page::{self, App, ErrorReason, Reply, error_page};
use super::sign_in;
use crate::crypto::{Purpose, SealContext, encode, hash, same};
use crate::flow::Flow;
use crate::http::form::Params;
use crate::identity::{Identity, Person, SignInError, SignInErrorKind};
use crate::oauth::client::Proof;
use crate::oauth::endpoints::callback;
use crate::oauth::network_limits::by_network;
use crate::oauth::object::connections::{Connection, Disconnect, List, SignedIn};
use crate::oauth::object::credential::ReceivedCredential;
use crate::oauth::object::ledger::RequestTrace;
use crate::oauth::object::{ask, credential_revocation, outbox};
use crate::oauth::revocation_rules::{Rule, Rules};
use crate::oauth::{AuthorizationServer, Endpoint, Request, record};
use crate::rate_limit;

/// The form's hidden field.
pub const FIELD: &str = "page";
/// Ties the page's forms to the browser.
const COOKIE: &str = "__Host-wicket-form-connected";
/// A form may be sent for this long, in milliseconds.
const FORM_AGE: u64 = 30 * 60 * 1000;
/// The form value for all apps.
const ALL: &str = "*";

/// Answers the page of connected apps.
///
/// 1. Without an account cookie it offers to sign in.
/// 2. A form of ours signs in, ends one or all connections, or signs out.
/// 3. The page shows what remains.
///
/// Waits: one for counting, one for the connections; for ending, those of a revocation.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Reply {
    let context = flow.context();
    let account = AccountCookie::read(context, server, request);
    let name = account.as_ref().map_or("", |account| &account.subject);
    if let Some(seconds) = rate_limit::wait(flow, by_network(server, request, "connected", name)).await {
        return error_page(ErrorReason::Busy(seconds), None);
    }
    let mut done = false;
    if request.method == "POST" {
        let params = match form(flow, server, request, body, account.as_ref()) {
            Ok(params) => params,
            Err(why) => return error_page(why, None),
        };
        match (&account, params.get("revoke"), params.get("signout"), params.get("handler")) {
            (Some(account), Some(client), None, None) => {
                if end(flow, server, request, account, client).await.is_err() {
                    return error_page(ErrorReason::Unavailable, None);
                }
                done = true;
            }
            (Some(_), None, Some(_), None) => {
                let forget = set_cookie_for(account::COOKIE, None, 0);
                return show(flow, server, request, None, &[], false).with("set-cookie", forget);
            }
            (_, None, None, Some(_)) => {
                let hash = hash("transaction", &[flow.context().random::<16>("connected").as_slice()]);
                let id = encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
                return sign_in::begin(flow, server, request, &id, (None, None), true).await;
            }
            _ => return error_page(ErrorReason::Request, None),
        }
    }
    let Some(account) = account else { return show(flow, server, request, None, &[], false) };
    let list = List { rules: Rules::of(server.config, request) };
    let Ok(connections) = ask(flow, account.object(server), &list).await else {
        return error_page(ErrorReason::Unavailable, None);
    };
    show(flow, server, request, Some(&account), &by_client(connections), done)
}

fn binding(issuer: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Page, issuer, audience: "connected" }
}

/// The form's contents.
#[derive(Serialize, Deserialize)]
struct Form {
    /// The hash of the cookie that ties it to the browser.
    browser: String,
    /// The typed subject of the account that the page names.
    subject: Option<String>,
    /// Milliseconds since 1970.
    expires: u64,
}

fn show<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    account: Option<&AccountCookie>,
    apps: &[App],
    done: bool,
) -> Reply {
    let context = flow.context();
    let known = request.cookie(COOKIE).filter(|value| is_fresh(value));
    let cookie = known.map_or_else(|| encode(&context.random::<16>("connected cookie")), Into::into);
    let form = Form {
        browser: browser(&cookie),
        subject: account.map(|account| account.subject.clone()),
        expires: context.now() + FORM_AGE,
    };
    let sealed = record::seal(context, server.keys, &binding(&server.issuer), &form);
    let reply = match account {
        Some(account) => page::connected(server, &sealed, &account.label, apps, done),
        None => page::choose(server, &sealed),
    };
    reply.with("set-cookie", set_cookie(COOKIE, Some(&cookie)))
}

/// The form, if it is one of ours, has not expired, and belongs to this browser and account.
fn form<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
    account: Option<&AccountCookie>,
) -> Result<Params, ErrorReason> {
    if !request.is_same_origin(&server.issuer) {
        return Err(ErrorReason::Form);
    }
    let params = request.form(body).and_then(Result::ok).ok_or(ErrorReason::Request)?;
    if params.repeated(&[]).is_some() {
        return Err(ErrorReason::Request);
    }
    let sealed = params.get(FIELD).unwrap_or_default();
    let form = record::open::<Form>(server.keys, &binding(&server.issuer), sealed).ok_or(ErrorReason::Form)?;
    if form.expires <= flow.context().now() {
        return Err(ErrorReason::Expired);
    }
    let cookie = request.cookie(COOKIE).map(browser);
    if !cookie.is_some_and(|cookie| same(cookie.as_bytes(), form.browser.as_bytes())) {
        return Err(ErrorReason::Browser);
    }
    if form.subject.as_ref() != account.map(|account| &account.subject) {
        return Err(ErrorReason::Account);
    }
    Ok(params)
}

/// Ends the connection of `client`, or all.
async fn end<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    account: &AccountCookie,
    client: &str,
) -> Result<(), ()> {
    let object = account.object(server);
    let traced = RequestTrace::new(server.config, request.trace(flow));
    let meant = Some(client.to_owned()).filter(|client| client != ALL);
    ended(flow, server, &object, &Disconnect { client: meant, traced, ..Disconnect::default() }).await?;
    if client == ALL { everywhere(flow, server, &account.subject).await } else { Ok(()) }
}

/// If no issuer is configured, each host name is an issuer of its own: what the person has through another one ends as
/// well.
pub(crate) async fn everywhere<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    subject: &str,
) -> Result<(), ()> {
    let made = server.config.issuer.is_some()
        || Rule::Person(subject).make(flow, server.config, flow.context().now() + 1).await;
    if made { Ok(()) } else { Err(()) }
}

/// Ends grants, and announces it. Returns how many had not ended before. Waits: two, and one if the upstream's
/// credential is revoked.
pub(crate) async fn ended<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    disconnect: &Disconnect,
) -> Result<u64, ()> {
    let decided = ask(flow, object, disconnect).await.map_err(|_| ())?;
    if outbox::pass_on(flow, server.config, object, &decided).await? {
        credential_revocation::revoke_due(flow, server, object, None).await;
    }
    Ok(decided.answer)
}

/// A person returns who wants to see the page. The upstream's credential is stored only if there is one already.
pub(crate) async fn signed_in<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    person: Result<Person, SignInError>,
) -> Reply {
    let person = match person {
        Ok(person) => person,
        Err(denied) => return refused(flow, server, request, &denied).await,
    };
    let account = AccountCookie::of(flow.context(), server, &person);
    let object = account.object(server);
    let trace = request.trace(flow);
    let mut credential = None;
    if let Some(newer) = &person.credential {
        let Ok(merged) = callback::merged(flow, server, &object, newer).await else {
            return error_page(ErrorReason::Unavailable, None);
        };
        credential = Some(ReceivedCredential::of(server.identity, merged).about(&account.subject));
    }
    let traced = RequestTrace::new(server.config, trace.clone());
    let signed_in = SignedIn { subject: account.subject.clone(), credential, traced };
    let Ok(decided) = ask(flow, object.clone(), &signed_in).await else {
        return error_page(ErrorReason::Unavailable, None);
    };
    let _ = outbox::pass_on(flow, server.config, &object, &decided).await;
    if !decided.answer {
        credential_revocation::revoke_unused(flow, server, (Some(&person.id), person.credential.as_deref()), &trace)
            .await;
    }
    Reply::redirect(server.url(Endpoint::Connected)).with("set-cookie", account.cookie(flow.context(), server))
}

async fn refused<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    denied: &SignInError,
) -> Reply {
    callback::log_refusal(flow, server, request, None, denied).await;
    let label = server.identity.about().label;
    let why = match denied.kind {
        SignInErrorKind::Refused => return Reply::redirect(server.url(Endpoint::Connected)),
        SignInErrorKind::NotAllowed => ErrorReason::NotAllowed,
        SignInErrorKind::Unavailable => ErrorReason::Upstream,
        SignInErrorKind::Client => ErrorReason::Redirect,
        SignInErrorKind::Failed => ErrorReason::UpstreamSetup,
        SignInErrorKind::Late => ErrorReason::Late,
        SignInErrorKind::Broken => ErrorReason::Broken,
    };
    let mut reply = error_page(why, Some(&label));
    if let Some(refused) = reply.refused() {
        refused.reason = denied.reason.clone().into();
    }
    reply
}

impl From<Connection> for App {
    fn from(Connection { client, name, redirect, scopes, created, used, .. }: Connection) -> Self {
        Self { proof: Proof::of(&client), id: client, name, redirect, scopes, created, used }
    }
}

/// One entry for each client: from its first grant on, with the scopes of all, and the time of the last use.
fn by_client(connections: Vec<Connection>) -> Vec<App> {
    let mut apps = Vec::<App>::new();
    for grant in connections.into_iter().map(App::from) {
        let Some(app) = apps.iter_mut().find(|app| app.id == grant.id) else {
            apps.push(grant);
            continue;
        };
        if grant.used > app.used {
            (app.name, app.redirect) = (grant.name, grant.redirect);
        }
        (app.created, app.used) = (app.created.min(grant.created), app.used.max(grant.used));
        for scope in mem::take(&mut app.scopes).into_iter().chain(grant.scopes) {
            if let Err(at) = app.scopes.binary_search(&scope) {
                app.scopes.insert(at, scope);
            }
        }
    }
    let mut latest_first = Vec::<App>::with_capacity(apps.len());
    for app in apps {
        latest_first.insert(latest_first.partition_point(|other| other.used > app.used), app);
    }
    latest_first
}
