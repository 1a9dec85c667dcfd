//! The callback: the browser comes back from the upstream, and leaves for the client with a code.
//!
//! **Threat.** Somebody starts an authorization and lets another person finish it (GHSA-c2jp-c369-7pvx, CVE-2026-27124), or
//! the same return happens twice.
//! **Guarantee.** Only the browser that allowed the client can finish, which its cookie shows; it can once; and what it gets
//! a code for is what was allowed there.

use super::client::{Auth, Client, Proof};
use super::error::Code;
use super::grant::{self, Granting};
use super::identity::{Back, Denied, Deny, Person};
use super::page::{self, Reply, Trouble, trouble};
use super::record::{Members, Reading as _};
use super::{
    Identity, Request, Site, account::Account, approval, authorize, authorize::Pending, connected, consent, credential,
    giving, ledger, outbox, scope, transaction,
};
use crate::flow::{Ask, Commit, Flow};
use crate::http::form::Params;
use crate::json::{Object, Value};
use crate::limit;

/// Answers the callback.
///
/// 1. The transaction that `state` names gives what it kept, once, to the browser that began it.
/// 2. The identity says who the person is, or why not; the client is told.
/// 3. Where it is another one than the page named, or than has approved this, the page asks again ([`consent::confirm`]).
/// 4. The subject's object makes the grant and its code.
///
/// Waits: three, and those of the identity; one more where it brought a credential.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>) -> Reply {
    let Ok(query) = Params::read(&request.query) else { return trouble(Trouble::Request, None) };
    if let Some(name) = query.repeated(&[]) {
        return trouble(Trouble::Request, Some(name));
    }
    let Some(id) = query.get("state").filter(|id| transaction::is_id(id)) else {
        return trouble(Trouble::Stale, None);
    };
    let cookie = transaction::cookie(id);
    let Some(browser) = request.cookie(&cookie).map(consent::browser) else {
        return trouble(Trouble::Foreign, None);
    };
    let mut limits = vec![(limit::key("callback", &[&site.issuer, id]), site.server.limits.callback)];
    // Whoever makes up sign-ins counts all the same.
    limits.extend(authorize::by_network(site, request, "callback", "").pop());
    if let Some(seconds) = limit::wait(flow, limits).await {
        return trouble(Trouble::Busy(seconds), None);
    }
    let input = Members::new().text("browser", &browser).end();
    let Ok(taken) = flow.obtain(&Ask { object: transaction::object(id), call: "take", input }).await else {
        return trouble(Trouble::Unavailable, None);
    };
    let Taken { wanted, kept, account: expected } = match Taken::read(&taken) {
        Some(taken) => taken,
        None if taken == r#""foreign""# => return trouble(Trouble::Foreign, None),
        None => return trouble(Trouble::Stale, None),
    };
    let callback = [site.issuer.as_str(), &site.server.paths.callback].concat();
    let back = Back { query: &query, kept: &kept, callback: &callback };
    let person = site.identity.come_back(flow, &back).await;
    let forget = consent::set_cookie(&cookie, None);
    let Some(pending) = wanted else {
        return connected::signed_in(flow, site, request, person).await.with("set-cookie", forget);
    };
    let turned_away = async |denied| {
        turn_away(flow, site, request, &pending, &denied, false).await.with("set-cookie", forget.clone())
    };
    let person = match person {
        Ok(person) => person,
        Err(denied) => return turned_away(denied).await,
    };
    let account = Account::of(site, &person);
    if let Some(expected) = expected.filter(|expected| *expected != account.object(site)) {
        let pending = match within_reach(&pending, &person) {
            Ok(scopes) => Pending { scopes, ..pending.clone() },
            Err(denied) => return turned_away(denied).await,
        };
        return consent::confirm(flow, site, request, &pending, (id, &browser, &expected), &person).await;
    }
    match issue(flow, site, request, &pending, &person, true).await {
        Ok(code) => Reply::redirect(pending.answer(&[("code", &code)]))
            .with("set-cookie", forget)
            .with("set-cookie", account.cookie(flow.context(), site)),
        Err(denied) => turned_away(denied).await,
    }
}

/// Nobody gets a code: tells the operator why, and the client. Whoever has signed in and may not use the server sees a page,
/// from which they go on with another account or back to the client. `posted`: this answers a form, which must not redirect.
/// What the upstream has issued goes back.
///
/// Waits: one at the upstream, where it has issued something; one more where that would end all that the person has.
pub(super) async fn turn_away<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    denied: &Denied,
    posted: bool,
) -> Reply {
    told(flow, site, request, Some(&pending.client), denied).await;
    let (code, description) = (code_of(denied.kind), denied.kind.description());
    if denied.kind == Deny::NotAllowed {
        let back = pending.failed(code, description);
        return page::turned_away(site, denied.account.as_deref().unwrap_or_default(), pending, &back);
    }
    if posted {
        return pending
            .leave_with(site.server, code, description, "failed")
            .refusing(code.name(), denied.reason.clone());
    }
    let reason = denied.reason.clone();
    Reply::redirect(pending.failed(code, description)).refusing(code.name(), reason)
}

/// Tells the operator why somebody has not signed in, and who, as far as that is known.
pub(super) async fn told<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    client: Option<&str>,
    denied: &Denied,
) {
    let trace = request.trace(flow);
    let subject = denied.id.as_deref().map(|id| ["user:", site.identity.name(), ":", id].concat());
    let event = Members::new()
        .text("event", "sign-in refused")
        .maybe("client", client)
        .maybe("subject", subject.as_deref())
        .maybe("account", denied.account.as_deref())
        .text("error", code_of(denied.kind).name())
        .text("reason", &denied.reason)
        .text("request", &trace);
    flow.commit(Commit::Audit(event.end()));
    giving::give_up(flow, site, (denied.id.as_deref(), denied.credential.as_deref()), &trace).await;
}

/// What a transaction has kept.
struct Taken {
    /// What a client has asked for; none where somebody wants to see the connected apps.
    wanted: Option<Pending>,
    kept: String,
    /// The object of the account that the page named, or that has approved this before.
    account: Option<String>,
}

impl Taken {
    fn read(taken: &str) -> Option<Self> {
        let taken = Object::read(taken).ok()?;
        let request = taken.get("request").and_then(|request| Value::object(request).ok())?;
        let wanted = if request.flag("connected") { None } else { Some(Pending::read(&request)?) };
        Some(Self { wanted, kept: taken.text("kept")?, account: taken.text("account") })
    }
}

fn code_of(kind: Deny) -> Code {
    match kind {
        Deny::Refused | Deny::NotAllowed => Code::AccessDenied,
        Deny::Unavailable | Deny::Late => Code::TemporarilyUnavailable,
        Deny::Failed | Deny::Broken => Code::ServerError,
    }
}

/// The scopes that were asked for and that the person may have.
fn within_reach(pending: &Pending, person: &Person) -> Result<Vec<String>, Denied> {
    let scopes = match &person.scopes {
        None => pending.scopes.clone(),
        Some(may) => scope::within(&pending.scopes, may),
    };
    if scopes.is_empty() {
        let reason = "none of the scopes that were asked for is this person's";
        return Err(leaving(Denied::not_allowed(reason).of(&person.label), person));
    }
    Ok(scopes)
}

/// Nobody needs what the upstream has issued for `person`.
fn leaving(denied: Denied, person: &Person) -> Denied {
    let denied = denied.about(&person.id);
    match &person.credential {
        Some(credential) => denied.leaving(credential.as_str()),
        None => denied,
    }
}

/// How a client authenticates now. The operator may have changed the secret of theirs, or deleted it, since the person was
/// asked. Waits: one for the operator's clients, none for others.
async fn current_auth(flow: &Flow<'_>, client: &str, asked: &Auth) -> Result<Auth, Denied> {
    if *asked == Auth::None || Proof::of(client) != Proof::Operator {
        return Ok(asked.clone());
    }
    let ask = Ask { object: ["client:", client].concat(), call: "load", input: "{}".into() };
    let kept = flow.obtain(&ask).await.map_err(|_| Denied::unavailable("the client's object does not answer"))?;
    let client = Client::read(&kept).ok_or_else(|| Denied::refused("the operator has deleted the client"))?;
    Ok(client.auth)
}

/// Makes the grant. Gives its code. `asked`: the consent was asked for here, and is remembered.
pub(super) async fn issue<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    person: &Person,
    asked: bool,
) -> Result<String, Denied> {
    let scopes = within_reach(pending, person)?;
    let subject = ["user:", site.identity.name(), ":", &person.id].concat();
    let consented = pending;
    let auth = match current_auth(flow, &pending.client, &pending.auth).await {
        Ok(auth) => auth,
        Err(denied) => return Err(leaving(denied, person)),
    };
    let pending = Pending { auth, scopes, ..pending.clone() };
    let object = grant::object(&pending.issuer, &subject);
    let credential = match &person.credential {
        None => None,
        Some(newer) => {
            let kept = flow.obtain(&Ask { object: object.clone(), call: "credential", input: "{}".into() }).await;
            let silent = || leaving(Denied::unavailable("the subject's object does not answer"), person);
            let kept = kept.map_err(|_| silent())?;
            let kept = Object::read(&kept).ok().and_then(|kept| kept.text("credential"));
            Some(site.identity.merge(kept.as_deref(), newer))
        }
    };
    let granting = Granting {
        pending: &pending,
        person,
        subject: &subject,
        lifetimes: site.server.lifetimes,
        inline: grant::is_inline(site.identity, &person.props, credential.as_deref()),
    };
    let trace = request.trace(flow);
    let input = ledger::traced(granting.members(), site.server, &trace);
    let input = if asked { approval::described(input, consented, &site.server.schemes) } else { input };
    let input = match &credential {
        Some(credential) => credential::described(site.identity, input, credential),
        None => input,
    };
    let granted = flow.obtain(&Ask { object: object.clone(), call: "grant", input: input.end() }).await;
    let granted = granted.map_err(|_| Denied::unavailable("the subject's object does not answer"))?;
    let granted = Object::read(&granted).map_err(|_| Denied::failed("the subject's object is out of order"))?;
    let passed = outbox::pass_on(flow, site.server, &object, &granted).await;
    passed.ended.map_err(|()| Denied::unavailable("the object of revocations does not answer"))?;
    let code = granted.text("code").ok_or_else(|| Denied::failed("the subject's object gave no code"))?;
    // Where the former credential is the better one, the newer is of no use.
    let token = |credential: &String| site.identity.credential(credential).map(|known| known.access);
    if credential.as_ref().and_then(token) != person.credential.as_ref().and_then(token) {
        giving::give_up(flow, site, (None, person.credential.as_deref()), &trace).await;
    }
    Ok(code)
}
