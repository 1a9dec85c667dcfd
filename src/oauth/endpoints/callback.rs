//! The callback: the browser returns from the upstream, and goes on to the client with a code.
//!
//! **Threat.** Someone starts an authorization and makes another person finish it (GHSA-c2jp-c369-7pvx,
//! CVE-2026-27124), or the same return happens twice.
//! **Guarantee.** Only the browser that allowed the client can finish, as its cookie proves, and only once; and its
//! code is for exactly what was allowed there.

use crate::flow::Flow;
use crate::http::form::Params;
use crate::identity::{Identity, Person, SignInCallback, SignInError, SignInErrorKind};
use crate::json::Json;
use crate::oauth::audit::AuditEvent;
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::browser::cookies;
use crate::oauth::browser::page::{self, ErrorReason, Reply, error_page};
use crate::oauth::browser::sign_in::SignIn;
use crate::oauth::client::{self, Auth, Proof};
use crate::oauth::error::Code;
use crate::oauth::network_limits::by_network;
use crate::oauth::object::approval::Approval;
use crate::oauth::object::client::Load;
use crate::oauth::object::credential::{Answer, ReceivedCredential, Take};
use crate::oauth::object::grant::{self, GrantRequest};
use crate::oauth::object::ledger::RequestTrace;
use crate::oauth::object::transaction::{self, TakeOutcome, TransactionState};
use crate::oauth::object::{ask, credential_revocation, outbox};
use crate::oauth::{AuthorizationServer, Endpoint, Request, scope};
use crate::rate_limit;

/// Answers the callback.
///
/// 1. The transaction that `state` names returns what it stored, once, to the browser that began it.
/// 2. The identity takes its next step, usually the last one: it says who the person is, or why not.
/// 3. The sign-in continues ([`SignIn::go_on`]).
///
/// Waits: two, those of the identity, and those of the sign-in.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Reply {
    let posted = request.method == "POST";
    if posted && !request.is_same_origin(&server.issuer) {
        return error_page(ErrorReason::Form, None);
    }
    let query = if posted { request.form(body) } else { Some(Params::read(&request.query)) };
    let Some(Ok(query)) = query else { return error_page(ErrorReason::Request, None) };
    if let Some(name) = query.repeated(&[]) {
        return error_page(ErrorReason::Request, Some(name));
    }
    let Some(id) = query.get("state").filter(|id| transaction::is_id(id)) else {
        return error_page(ErrorReason::Stale, None);
    };
    let Some(browser) = request.cookie(&cookies::of_transaction(id)).map(cookies::browser) else {
        return error_page(ErrorReason::Foreign, None);
    };
    let mut limits = vec![(rate_limit::key("callback", &[&server.issuer, id]), server.config.limits.callback)];
    // Requests with made-up sign-ins count as well.
    limits.extend(by_network(server, request, "callback", "").pop());
    if let Some(seconds) = rate_limit::wait(flow, limits).await {
        return error_page(ErrorReason::Busy(seconds), None);
    }
    let take = transaction::Take { browser, posted };
    let TransactionState { request: wanted, identity: kept, account, .. } =
        match ask(flow, transaction::object(id), &take).await {
            Ok(TakeOutcome::Kept(kept)) => *kept,
            Ok(TakeOutcome::Foreign) => return error_page(ErrorReason::Foreign, None),
            Ok(TakeOutcome::Gone) => return error_page(ErrorReason::Stale, None),
            Err(_) => return error_page(ErrorReason::Unavailable, None),
        };
    let callback = server.url(Endpoint::Callback);
    let next = server
        .identity
        .continue_sign_in(flow, &SignInCallback { query: &query, kept: &kept, callback: &callback })
        .await;
    let sign_in = SignIn { id, browser: &take.browser, cookie: None, wanted, account, posted };
    sign_in.go_on(flow, server, request, next).await
}

/// There is no code: logs why, and tells the client. A person who has signed in but may not use the server sees a page,
/// from which they continue with another account or return to the client. `posted`: this answers a form, which must not
/// redirect. What the upstream has issued is revoked.
///
/// Waits: one at the upstream if it has issued something; one more if revoking it would end all that the person has.
pub(crate) async fn turn_away<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    pending: &AuthorizationRequest,
    denied: &SignInError,
    posted: bool,
) -> Reply {
    log_refusal(flow, server, request, Some(&pending.client), denied).await;
    let (code, description) = (code_of(denied.kind), denied.kind.description());
    if denied.kind == SignInErrorKind::Client {
        return error_page(ErrorReason::Redirect, None).refusing(code.name(), denied.reason.clone());
    }
    if denied.kind == SignInErrorKind::NotAllowed {
        let back = pending.failed(code, description);
        return page::refused_page(server, denied.account.as_deref().unwrap_or_default(), pending, &back);
    }
    if posted {
        return pending
            .leave_with(server.config, code, description, "failed")
            .refusing(code.name(), denied.reason.clone());
    }
    let reason = denied.reason.clone();
    Reply::redirect(pending.failed(code, description)).refusing(code.name(), reason)
}

/// Logs why a sign-in failed, and whose it was if that is known.
pub(crate) async fn log_refusal<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    client: Option<&str>,
    denied: &SignInError,
) {
    let trace = request.trace(flow);
    let subject = denied.id.as_deref().map(|id| server.subject(id));
    AuditEvent {
        event: "sign-in refused",
        client,
        subject: subject.as_deref(),
        account: denied.account.as_deref(),
        error: Some(code_of(denied.kind).name()),
        reason: Some(&denied.reason),
        request: Some(&trace),
        ..AuditEvent::default()
    }
    .log(flow);
    credential_revocation::revoke_unused(flow, server, (denied.id.as_deref(), denied.credential.as_deref()), &trace)
        .await;
}

fn code_of(kind: SignInErrorKind) -> Code {
    match kind {
        SignInErrorKind::Refused | SignInErrorKind::NotAllowed | SignInErrorKind::Client => Code::AccessDenied,
        SignInErrorKind::Unavailable | SignInErrorKind::Late => Code::TemporarilyUnavailable,
        SignInErrorKind::Failed | SignInErrorKind::Broken => Code::ServerError,
    }
}

/// The requested scopes that the person may have.
pub(crate) fn allowed_scopes(pending: &AuthorizationRequest, person: &Person) -> Result<Vec<String>, SignInError> {
    let scopes = match &person.scopes {
        None => pending.scopes.clone(),
        Some(may) => scope::within(&pending.scopes, may),
    };
    if scopes.is_empty() {
        let reason = "the person may have none of the requested scopes";
        return Err(leaving(SignInError::not_allowed(reason).of(&person.label), person));
    }
    Ok(scopes)
}

/// The credential that the upstream has issued for `person` is not needed.
fn leaving(denied: SignInError, person: &Person) -> SignInError {
    let denied = denied.about(&person.id);
    match &person.credential {
        Some(credential) => denied.leaving(credential.as_str()),
        None => denied,
    }
}

/// The client's current authentication. The operator may have changed their client, or deleted it, since the person was
/// asked. Waits: one for the operator's clients, none for others, which cannot change.
async fn current_auth<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    pending: &AuthorizationRequest,
) -> Result<Auth, SignInError> {
    if Proof::of(&pending.client) != Proof::Operator {
        return Ok(pending.auth.clone());
    }
    let kept = ask(flow, client::object(&pending.client), &Load {}).await;
    let kept = kept.map_err(|_| SignInError::unavailable("the client's object is unavailable"))?;
    let client = kept.ok_or_else(|| SignInError::client("the operator has deleted the client"))?;
    if client.may_redirect_to(&pending.redirect, &server.config.schemes) {
        return Ok(client.auth);
    }
    Err(SignInError::client("the operator has removed the redirect URI"))
}

/// Creates the grant and returns its code. `asked`: consent was asked for here, and is remembered.
pub(crate) async fn issue<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    pending: &AuthorizationRequest,
    person: &Person,
    asked: bool,
) -> Result<String, SignInError> {
    let scopes = allowed_scopes(pending, person)?;
    let subject = server.subject(&person.id);
    let auth = match current_auth(flow, server, pending).await {
        Ok(auth) => auth,
        Err(denied) => return Err(leaving(denied, person)),
    };
    let object = grant::object(&pending.issuer, &subject);
    let silent = || SignInError::unavailable("the subject's object is unavailable");
    let credential = match &person.credential {
        None => None,
        Some(newer) => Some(merged(flow, server, &object, newer).await.map_err(|()| leaving(silent(), person))?),
    };
    let trace = request.trace(flow);
    let begin = GrantRequest {
        request: AuthorizationRequest { auth, scopes, ..pending.clone() },
        inline: grant::is_inline(server.identity, &person.props, credential.as_deref()),
        label: person.label.clone(),
        props: Json::from_text(person.props.clone()),
        approval: asked.then(|| Approval::of(pending, &server.config.schemes)),
        credential: credential
            .clone()
            .map(|credential| ReceivedCredential::of(server.identity, credential).about(&subject)),
        subject,
        lifetimes: server.config.lifetimes,
        traced: RequestTrace::new(server.config, trace.clone()),
    };
    let granted = ask(flow, object.clone(), &begin).await.map_err(|_| silent())?;
    let passed = outbox::pass_on(flow, server.config, &object, &granted).await;
    passed.map_err(|()| SignInError::unavailable("the revocation list is unavailable"))?;
    // If the former credential is the better one, the newer one is not needed.
    let token = |credential: &String| server.identity.credential(credential).map(|known| known.access);
    if credential.as_ref().and_then(token) != person.credential.as_ref().and_then(token) {
        credential_revocation::revoke_unused(flow, server, (None, person.credential.as_deref()), &trace).await;
    }
    Ok(granted.answer)
}

/// The credential to store, given the one in `object` and a newer one. Waits: one.
pub(crate) async fn merged<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    newer: &str,
) -> Result<String, ()> {
    let kept = match ask(flow, object, &Take::default()).await.map_err(|_| ())?.answer {
        Answer::Credential { credential, .. } => Some(credential),
        Answer::None | Answer::Busy(_) | Answer::Failed(_) => None,
    };
    Ok(server.identity.merge(kept.as_deref(), newer))
}
