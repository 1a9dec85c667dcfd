//! Consent: asks the person, and reads the answer.
//!
//! **Threat.** Another site, or another browser, answers for the person (GHSA-c2jp-c369-7pvx); an answer is given
//! twice; the request is changed between question and answer.
//! **Guarantee.** The form contains the sealed request, together with the hash of a cookie that only this browser has
//! (`__Host-`, per request); a page of another site cannot send both. The transaction is named after that cookie, so it
//! begins once, however often the page is rendered and sent. Nothing is stored before Allow, except where people sign in
//! first: then the transaction of the sign-in.
//! **Not guaranteed.** That the person reads the page. The Allow button never has the focus.

use serde::{Deserialize, Serialize};

use super::account::AccountCookie;
use super::cookies::{self, browser, is_fresh, set_cookie};
use super::page::{self, ErrorReason, Reply, error_page};
use super::{prompt, sign_in};
use crate::crypto::{Purpose, SealContext, encode, hash, same};
use crate::flow::{Context, Flow};
use crate::http::form::Params;
use crate::identity::{Identity, Person, SignInErrorKind};
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorization_request::{AuthorizationRequest, Prompt};
use crate::oauth::client::Client;
use crate::oauth::endpoints::{authorize, callback};
use crate::oauth::error::Code;
use crate::oauth::object::ask as ask_object;
use crate::oauth::object::credential_revocation::{self, NewCredential, Origin};
use crate::oauth::object::transaction::{self, Hold, Release};
use crate::oauth::{AuthorizationServer, Endpoint, Request, record, scope};
use crate::rate_limit;

/// The form's hidden field.
pub const FIELD: &str = "consent";

/// Stands for the account of a page where no page has named one.
const NOBODY: &str = "";

/// A form may be sent for this long, in milliseconds.
const FORM_AGE: u64 = 30 * 60 * 1000;

fn binding(issuer: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Consent, issuer, audience: "" }
}

/// Asks the person.
///
/// 1. The account of this browser may have approved all of it before. Then a client that proves itself continues
///    immediately, and for any other one click is enough ([`approval`]).
/// 2. Otherwise the page asks for everything.
///
/// Where people sign in first, the sign-in begins, and [`confirm`] asks.
///
/// If the page names an account, the code is for that account: if another one returns, [`confirm`] asks again.
///
/// Waits: none without an account cookie; one with it, and those of a sign-in that begins immediately.
pub async fn ask<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &Client,
    pending: &AuthorizationRequest,
) -> Reply {
    if server.identity.signs_in_first() {
        let id = transaction_of(&encode(&flow.context().random::<16>("consent cookie")));
        // No page has named an account, so whoever signs in is asked ([`confirm`]).
        return sign_in::begin(flow, server, request, &id, (Some(pending), Some(NOBODY)), false).await;
    }
    let account = AccountCookie::read(flow.context(), server, request).filter(|_| pending.prompt != Prompt::Account);
    let remembered = match &account {
        Some(account) if pending.prompt == Prompt::Usual => {
            prompt::is_known(flow, server, request, account, pending).await
        }
        _ => false,
    };
    if remembered && prompt::spares(server, request, client, pending) {
        let id = transaction_of(&encode(&flow.context().random::<16>("consent cookie")));
        let account = account.map(|account| account.object(server));
        return sign_in::begin(flow, server, request, &id, (Some(pending), account.as_deref()), false).await;
    }
    show(
        flow,
        server,
        request,
        client,
        pending,
        &ConsentContext { account: account.as_ref(), remembered, ..ConsentContext::default() },
    )
}

/// What the page shows besides the request.
#[derive(Default)]
struct ConsentContext<'a> {
    /// The account on the page.
    account: Option<&'a AccountCookie>,
    /// Whether that account has approved all of it before.
    remembered: bool,
    /// The transaction that holds the person, if they have just signed in.
    held: Option<&'a str>,
    /// The account on the page before.
    former: Option<&'a str>,
}

/// Asks a person who has just signed in with another account than the page named. Allow is the last step: nobody is
/// sent to the provider a second time. Waits: one.
pub(crate) async fn confirm<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    pending: &AuthorizationRequest,
    (id, browser, expected): (&str, &str, &str),
    person: &Person,
) -> Reply {
    let account = AccountCookie::of(flow.context(), server, person);
    let sealed = record::seal(flow.context(), server.keys, &holding(&server.issuer, id), person);
    let given = person.credential.as_ref().map(|credential| {
        let origin = Origin::of(server.identity, Some(account.subject.clone()), credential);
        let origin = Origin { elsewhere: Some(account.object(server)), ..origin };
        NewCredential { credential: credential.clone(), origin }
    });
    let hold = Hold { browser: browser.to_owned(), person: sealed, credential: given };
    match ask_object(flow, transaction::object(id), &hold).await {
        Ok(true) => {}
        answer => {
            credential_revocation::revoke_unused(
                flow,
                server,
                (Some(&person.id), person.credential.as_deref()),
                &request.trace(flow),
            )
            .await;
            let why = if answer.is_ok() { ErrorReason::Stale } else { ErrorReason::Unavailable };
            return error_page(why, None);
        }
    }
    let former =
        AccountCookie::read(flow.context(), server, request).filter(|former| former.object(server) == expected);
    let former = former.as_ref().map(|former| former.label.as_str());
    let shown = ConsentContext { account: Some(&account), held: Some(id), former, ..ConsentContext::default() };
    show(flow, server, request, &pending.as_client(), pending, &shown)
        .with("set-cookie", account.cookie(flow.context(), server))
}

fn holding<'a>(issuer: &'a str, transaction: &'a str) -> SealContext<'a> {
    SealContext { purpose: Purpose::Person, issuer, audience: transaction }
}

/// Renders the page.
fn show<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: &Client,
    pending: &AuthorizationRequest,
    &ConsentContext { account, remembered, held, former }: &ConsentContext<'_>,
) -> Reply {
    let name = cookies::of_form(pending);
    // Rendered again in the same browser: both forms are for the same transaction, and the first one counts.
    let known = request.cookie(&name).filter(|value| is_fresh(value));
    let cookie = known.map_or_else(|| encode(&flow.context().random::<16>("consent cookie")), Into::into);
    let form = Form {
        pending: pending.clone(),
        browser: browser(&cookie),
        account: account.map(|account| account.object(server)),
        held: held.map(Into::into),
        expires: flow.context().now() + FORM_AGE,
    };
    let sealed = record::seal(flow.context(), server.keys, &binding(&server.issuer), &form);
    let model = page::Consent {
        action: server.config.path(Endpoint::Authorize),
        hidden: &sealed,
        client,
        redirect: &pending.redirect,
        scopes: &pending.scopes,
        account: account.map(|account| account.label.as_str()),
        switch: pending.switching(server.config),
        remembered,
        confirms: held.is_some(),
        former,
    };
    page::consent(server, &model).with("set-cookie", set_cookie(&name, Some(&cookie)))
}

/// The transaction that the browser with this cookie begins.
fn transaction_of(cookie: &str) -> String {
    let hash = hash("transaction", &[cookie.as_bytes()]);
    encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// Reads the person's answer.
///
/// 1. The form is one of ours, has not expired, and was sent by our own page in the browser for which it was rendered.
/// 2. Deny returns to the client.
/// 3. Allow begins the transaction, once, and continues to the sign-in. A person who has just signed in returns to the
///    client with a code.
///
/// Waits: one for counting, one for Allow, and one if the upstream has to be discovered; for a person who has signed
/// in, those of [`callback::issue`].
pub async fn decide<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    params: &Params,
) -> Reply {
    let context = flow.context();
    if !request.is_same_origin(&server.issuer) {
        return error_page(ErrorReason::Form, None);
    }
    if params.repeated(&["scope"]).is_some() {
        return error_page(ErrorReason::Request, None);
    }
    let Some(Form { pending, browser: ours, account, held, .. }) =
        Form::open(context, server, params.get(FIELD).unwrap_or_default())
    else {
        return error_page(ErrorReason::Expired, None);
    };
    let name = cookies::of_form(&pending);
    let Some(cookie) = request.cookie(&name).filter(|cookie| same(browser(cookie).as_bytes(), ours.as_bytes())) else {
        return error_page(ErrorReason::Browser, None);
    };
    if let Some(seconds) = rate_limit::wait(flow, authorize::limits(server, request, &pending.client)).await {
        return error_page(ErrorReason::Busy(seconds), None);
    }
    let forget = set_cookie(&name, None);
    let is_allowed = match params.get("decision") {
        Some("deny") => false,
        Some("allow") => true,
        _ => return error_page(ErrorReason::Request, Some("decision")),
    };
    let chosen = params.all("scope").map(Into::into).collect::<Vec<String>>();
    let granted = scope::within(&pending.scopes, &chosen);
    let is_allowed = is_allowed && !granted.is_empty();
    let pending = AuthorizationRequest { scopes: if is_allowed { granted } else { vec![] }, ..pending };
    let reply = match held {
        Some(held) => release(flow, server, request, &pending, &held, account.as_deref()).await,
        None if is_allowed => {
            sign_in::begin(flow, server, request, &transaction_of(cookie), (Some(&pending), account.as_deref()), true)
                .await
        }
        None => {
            let named =
                AccountCookie::read(context, server, request).filter(|named| Some(named.object(server)) == account);
            denied(flow, server, request, &pending, named.as_ref())
        }
    };
    // If nothing has happened yet, the same form may be sent again.
    if reply.may_come_again() { reply } else { reply.with("set-cookie", forget) }
}

/// The person has denied; the log says who, if there is an account in this browser.
fn denied<I>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    pending: &AuthorizationRequest,
    account: Option<&AccountCookie>,
) -> Reply {
    AuditEvent {
        event: "consent denied",
        client: Some(&pending.client),
        subject: account.map(|account| account.subject.as_str()),
        request: Some(&request.trace(flow)),
        ..AuditEvent::default()
    }
    .log(flow);
    pending.leave_with(server.config, Code::AccessDenied, SignInErrorKind::Refused.description(), "denied")
}

/// The form's contents.
#[derive(Serialize, Deserialize)]
struct Form {
    pending: AuthorizationRequest,
    /// The hash of the cookie that ties it to the browser.
    browser: String,
    /// The object of the account that the page named.
    account: Option<String>,
    /// The transaction that holds that person.
    held: Option<String>,
    /// Milliseconds since 1970.
    expires: u64,
}

impl Form {
    fn open<I>(context: &Context, server: &AuthorizationServer<'_, I>, sealed: &str) -> Option<Self> {
        let form = record::open::<Self>(server.keys, &binding(&server.issuer), sealed)?;
        (form.expires > context.now()).then_some(form)
    }
}

/// Ends the transaction that holds a person who has signed in: with a code if they allowed scopes, else without.
/// `account` is the object of the account that the page named.
async fn release<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    pending: &AuthorizationRequest,
    id: &str,
    account: Option<&str>,
) -> Reply {
    let name = cookies::of_transaction(id);
    let Some(cookie) = request.cookie(&name).map(browser) else { return error_page(ErrorReason::Foreign, None) };
    let Ok(released) = ask_object(flow, transaction::object(id), &Release { browser: cookie }).await else {
        return error_page(ErrorReason::Unavailable, None);
    };
    let opened = || record::open::<Person>(server.keys, &holding(&server.issuer, id), &released?);
    let Some(person) = opened()
        .filter(|person| Some(AccountCookie::of(flow.context(), server, person).object(server).as_str()) == account)
    else {
        return error_page(ErrorReason::Stale, None);
    };
    let reply = if pending.scopes.is_empty() {
        credential_revocation::revoke_unused(
            flow,
            server,
            (Some(&person.id), person.credential.as_deref()),
            &request.trace(flow),
        )
        .await;
        denied(flow, server, request, pending, Some(&AccountCookie::of(flow.context(), server, &person)))
    } else {
        match callback::issue(flow, server, request, pending, &person, true).await {
            Ok(code) => pending.leave_allowed(server.config, &code),
            Err(denied) => callback::turn_away(flow, server, request, pending, &denied, true).await,
        }
    };
    reply.with("set-cookie", set_cookie(&name, None))
}
