//! Connected apps: a person sees which clients can act for them, and ends what they like.
//!
//! **Threat.** Another site ends connections, or learns of them; somebody else's browser does.
//! **Guarantee.** Both need the account cookie; ending also needs a form of ours, sealed for that account and for a cookie
//! that only this browser has, sent by our own page. What has ended is ended in its object before the page says so, and
//! everywhere within the time that a revocation takes.
//! **Not guaranteed.** That the client forgets what it has read.

use core::mem;

use super::account::{self, Account};
use super::client::Proof;
use super::consent::{browser, is_fresh, set_cookie};
use super::grant::{self, Grant};
use super::identity::{Begin, Denied, Deny, Person};
use super::ledger::{self, Event, Ledger};
use super::object::{Held, Refused};
use super::page::{self, App, Leave, Reply, Trouble, leave, trouble};
use super::record::{Members, Reading as _, list};
use super::rule::Rule;
use super::{Identity, Request, Site, approval, authorize, credential, giving, outbox, rule, transaction};
use crate::crypto::{Binding, Keys, Purpose, encode, hash, same};
use crate::flow::{Ask, Flow};
use crate::http::form::Params;
use crate::json::{Object, array};
use crate::limit;

/// The form's hidden field.
pub const FIELD: &str = "page";
/// Ties the page's forms to the browser.
const COOKIE: &str = "__Host-wicket-form-connected";
/// A form may be sent for this long, in milliseconds.
const FORM_AGE: u64 = 30 * 60 * 1000;
/// What stands for all apps.
const ALL: &str = "*";
/// A grant that has ended is remembered for this long, in milliseconds.
const REMEMBERED: u64 = 24 * 3600 * 1000;

/// Answers the page of connected apps.
///
/// 1. Without an account cookie it offers to sign in.
/// 2. A form that is ours signs in, ends a connection or all, or signs out.
/// 3. The page shows what is left.
///
/// Waits: one for counting, one for what is connected; for ending, those of a revocation.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Reply {
    let context = flow.context();
    let account = Account::read(context, site, request);
    let name = account.as_ref().map_or("", |account| &account.subject);
    if let Some(seconds) = limit::wait(flow, authorize::by_network(site, request, "connected", name)).await {
        return trouble(Trouble::Busy(seconds), None);
    }
    let mut done = false;
    if request.method == "POST" {
        let params = match form(flow, site, request, body, account.as_ref()) {
            Ok(params) => params,
            Err(why) => return trouble(why, None),
        };
        match (&account, params.get("revoke"), params.get("signout"), params.get("handler")) {
            (Some(account), Some(client), None, None) => {
                if end(flow, site, request, account, client).await.is_err() {
                    return trouble(Trouble::Unavailable, None);
                }
                done = true;
            }
            (Some(_), None, Some(_), None) => {
                let forget = super::consent::set_cookie_for(account::COOKIE, None, 0);
                return show(flow, site, request, None, &[], false).with("set-cookie", forget);
            }
            (_, None, None, Some(_)) => return sign_in(flow, site, request).await,
            _ => return trouble(Trouble::Request, None),
        }
    }
    let Some(account) = account else { return show(flow, site, request, None, &[], false) };
    let input = rule::hand(Members::new(), site.server, request).end();
    let ask = Ask { object: account.object(site), call: "list", input };
    let Some(grants) = flow.obtain(&ask).await.ok().as_deref().and_then(read) else {
        return trouble(Trouble::Unavailable, None);
    };
    show(flow, site, request, Some(&account), &by_client(grants), done)
}

fn binding(issuer: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Page, issuer, audience: "connected" }
}

fn show<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    account: Option<&Account>,
    apps: &[App],
    done: bool,
) -> Reply {
    let context = flow.context();
    let known = request.cookie(COOKIE).filter(|value| is_fresh(value));
    let cookie = known.map_or_else(|| encode(&context.random::<16>("connected cookie")), Into::into);
    let form = Members::version(1)
        .text("browser", &browser(&cookie))
        .text("subject", account.map_or("", |account| &account.subject))
        .number("expires", context.now() + FORM_AGE)
        .end();
    let sealed = site.keys.seal_text(context, &binding(&site.issuer), form.as_bytes());
    let reply = match account {
        Some(account) => page::connected(site, &sealed, &account.label, apps, done),
        None => page::choose(site, &sealed),
    };
    reply.with("set-cookie", set_cookie(COOKIE, Some(&cookie)))
}

/// The form, if it is one of ours, in time, and this browser's and account's.
fn form<I>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    body: &str,
    account: Option<&Account>,
) -> Result<Params, Trouble> {
    if !request.is_own(&site.issuer) {
        return Err(Trouble::Form);
    }
    let params = request.form(body).and_then(Result::ok).ok_or(Trouble::Request)?;
    if params.repeated(&[]).is_some() {
        return Err(Trouble::Request);
    }
    let sealed = site.keys.open_text(&binding(&site.issuer), params.get(FIELD).unwrap_or_default());
    let sealed = sealed.and_then(|sealed| String::from_utf8(sealed).ok()).ok_or(Trouble::Form)?;
    let form = Object::read(&sealed).map_err(|_| Trouble::Form)?;
    if form.number("expires").is_none_or(|expires| expires <= flow.context().now()) {
        return Err(Trouble::Expired);
    }
    let (ours, cookie) = (form.text("browser").unwrap_or_default(), request.cookie(COOKIE).map(browser));
    if !cookie.is_some_and(|cookie| same(cookie.as_bytes(), ours.as_bytes())) {
        return Err(Trouble::Browser);
    }
    if form.text("subject").as_deref() != Some(account.map_or("", |account| &account.subject)) {
        return Err(Trouble::Account);
    }
    Ok(params)
}

/// Ends what `client` has, or all.
async fn end<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    account: &Account,
    client: &str,
) -> Result<(), ()> {
    let object = account.object(site);
    let members = ledger::traced(Members::new(), site.server, &request.trace(flow));
    let input = if client == ALL { members } else { members.text("client", client) }.end();
    ended(flow, site, &object, input).await?;
    if client == ALL { everywhere(flow, site, &account.subject).await } else { Ok(()) }
}

/// Where no issuer is set, each host name is an issuer of its own: what the person has by way of another ends as well.
pub(super) async fn everywhere<I>(flow: &Flow<'_>, site: &Site<'_, I>, subject: &str) -> Result<(), ()> {
    let made =
        site.server.issuer.is_some() || Rule::Person(subject).make(flow, site.server, flow.context().now() + 1).await;
    if made { Ok(()) } else { Err(()) }
}

/// Ends grants, as `input` says, and tells everybody. Gives how many stood until then. Waits: two, and one where the upstream is told.
pub(super) async fn ended<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    input: String,
) -> Result<u64, ()> {
    let decided = flow.obtain(&Ask { object: object.into(), call: "disconnect", input }).await.map_err(|_| ())?;
    let decided = Object::read(&decided).map_err(|_| ())?;
    if outbox::pass_on(flow, site.server, object, &decided).await.ended? {
        giving::give_back(flow, site, object, None).await;
    }
    Ok(decided.number("count").unwrap_or(0))
}

/// Begins to sign somebody in who wants to see the page.
async fn sign_in<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>) -> Reply {
    let cookie = encode(&flow.context().random::<16>("sign-in cookie"));
    let hash = hash("transaction", &[flow.context().random::<16>("connected").as_slice()]);
    let id = encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]));
    let callback = [site.issuer.as_str(), &site.server.paths.callback].concat();
    let begun = match site.identity.begin(flow, &Begin { state: &id, callback: &callback, switch: true }).await {
        Ok(begun) => begun,
        Err(denied) => return refused(flow, site, request, &denied).await,
    };
    let input = Members::new()
        .raw("request", &Members::version(1).flag("connected", true).end())
        .text("kept", &begun.kept)
        .text("browser", &browser(&cookie))
        .end();
    match flow.obtain(&Ask { object: transaction::object(&id), call: "approve", input }).await.as_deref() {
        Ok("true") => {
            let about = site.identity.about();
            let place = Leave::Upstream { label: &about.label, host: &about.host };
            leave(&begun.url, place).with("set-cookie", set_cookie(&transaction::cookie(&id), Some(&cookie)))
        }
        _ => trouble(Trouble::Unavailable, None),
    }
}

/// Somebody is back who wants to see the page. What the upstream gave is kept only beside what is there already.
pub(super) async fn signed_in<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    person: Result<Person, Denied>,
) -> Reply {
    let person = match person {
        Ok(person) => person,
        Err(denied) => return refused(flow, site, request, &denied).await,
    };
    let account = Account::of(site, &person);
    let object = account.object(site);
    let members = ledger::traced(Members::new(), site.server, &request.trace(flow));
    let mut members = members.text("subject", &account.subject);
    if let Some(newer) = &person.credential {
        let ask = Ask { object: object.clone(), call: "credential", input: "{}".into() };
        let Ok(kept) = flow.obtain(&ask).await else { return trouble(Trouble::Unavailable, None) };
        let kept = Object::read(&kept).ok().and_then(|kept| kept.text("credential"));
        let merged = site.identity.merge(kept.as_deref(), newer);
        members = credential::described(site.identity, members, &merged);
    }
    let asked = Ask { object: object.clone(), call: "signed-in", input: members.end() };
    let Ok(decided) = flow.obtain(&asked).await else {
        return trouble(Trouble::Unavailable, None);
    };
    if let Ok(decided) = Object::read(&decided) {
        outbox::pass_on(flow, site.server, &object, &decided).await;
        if !decided.flag("kept") {
            let given = (Some(&*person.id), person.credential.as_deref());
            giving::give_up(flow, site, given, &request.trace(flow)).await;
        }
    }
    let page = [site.issuer.as_str(), &site.server.paths.connected].concat();
    Reply::redirect(page).with("set-cookie", account.cookie(flow.context(), site))
}

async fn refused<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, denied: &Denied) -> Reply {
    super::callback::told(flow, site, request, None, denied).await;
    let label = site.identity.about().label;
    let why = match denied.kind {
        Deny::Refused => return Reply::redirect([site.issuer.as_str(), &site.server.paths.connected].concat()),
        Deny::NotAllowed => Trouble::NotAllowed,
        Deny::Unavailable => Trouble::Upstream,
        Deny::Failed => Trouble::UpstreamSetup,
        Deny::Late => Trouble::Late,
        Deny::Broken => Trouble::Broken,
    };
    let mut reply = trouble(why, Some(&label));
    if let Some(refused) = reply.refused() {
        refused.reason = denied.reason.clone().into();
    }
    reply
}

fn read(grants: &str) -> Option<Vec<App>> {
    let grants = crate::json::Value::read(grants).ok()?.array().ok()?;
    let app = |grant: crate::json::Value<'_>| {
        let grant = grant.object().ok()?;
        let id = grant.text("client")?;
        let (name, redirect, scopes) = (grant.text("name")?, grant.text("redirect")?, grant.texts("scopes")?);
        let (created, used) = (grant.number("created")?, grant.number("used")?);
        Some(App { proof: Proof::of(&id), id, name, redirect, scopes, created, used })
    };
    grants.into_iter().map(app).collect()
}

/// One entry for each client: since the first of its grants, with all that they allow, used when the last one was.
fn by_client(grants: Vec<App>) -> Vec<App> {
    let mut apps = Vec::<App>::new();
    for grant in grants {
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

/// Inside the object: the grants that stand, as `[{"id":"…","client":"…",…}]`.
pub(super) async fn standing(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![], vec![grant::PREFIX.into()]).await?;
    let grants = held.under(grant::PREFIX).filter_map(|(_, row)| Grant::read(row));
    let is_standing =
        |grant: &Grant| grant.revoked.is_none() && grant.family.is_some() && !rule::ends_grant(input, grant);
    let standing = grants.filter(is_standing);
    Ok(array(standing.map(|grant| {
        Members::new()
            .text("id", &grant.id)
            .text("client", &grant.client)
            .text("name", &grant.name)
            .text("redirect", &grant.redirect)
            .texts("scopes", grant.scopes.iter().map(String::as_str))
            .text("resource", &grant.resource)
            .text("label", &grant.label)
            .number("created", grant.created)
            .number("used", grant.used)
            .end()
    })))
}

/// Inside the object: ends the grant that `input` names, or those of a client, or all; what was approved goes with them.
/// Answers `{"ended":[…],"count":…}`: those that everybody has to be told of, and how many stood until now.
pub(super) async fn disconnect(flow: &Flow<'_>, keys: &Keys, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let prefixes = vec![grant::PREFIX.into(), approval::PREFIX.into(), outbox::end_row("")];
    let (rows, prefixes) = ledger::rows(vec![], prefixes);
    let held = Held::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let (client, id) = (input.text("client"), input.text("grant"));
    let is_meant = |grant: &Grant| {
        client.as_ref().is_none_or(|client| *client == grant.client) && id.as_ref().is_none_or(|id| *id == grant.id)
    };
    let grants = held.under(grant::PREFIX).filter_map(|(_, row)| Grant::read(row));
    let meant = grants.filter(|grant| is_meant(grant)).collect::<Vec<_>>();
    let mut change = held.writes();
    let approving = if id.is_some() { meant.first().map(|grant| grant.client.clone()) } else { client.clone() };
    if id.is_none() || approving.is_some() {
        for row in approval::of(&held, approving.as_deref()) {
            change = change.remove(row);
        }
    }
    let reason = Some(if input.flag("operator") { "the operator ended it" } else { "the person disconnected the app" });
    let mut count = 0;
    for grant in meant.iter().filter(|grant| grant.revoked.is_none()) {
        count += 1;
        let ended = Grant { revoked: Some(now), ..grant.clone() };
        let event = Event { name: ledger::ENDED, client: &grant.client, grant: &grant.id, scopes: &[], reason };
        change = change.put(Grant::row(&grant.id), ended.to_json(), Some(now + REMEMBERED));
        change = outbox::owe_end(change, now, &grant.id);
        change = ledger.wrote(change, &grant.subject, event);
    }
    change.commit(flow);
    // Those that had ended before are said again where the others could not be told then.
    let is_owed = |grant: &&Grant| grant.revoked.is_none() || outbox::owes_end(&held, &grant.id);
    let ended = list(meant.iter().filter(is_owed).map(|grant| grant.id.as_str()));
    Ok(ledger.report(Members::new().raw("ended", &ended).number("count", count)).end())
}

/// Inside the object: somebody has signed in without asking for a grant. Nothing is begun for a person who has none.
pub(super) async fn remember(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    input: &Object<'_>,
) -> Result<String, Refused> {
    let (rows, prefixes) = ledger::rows(vec![credential::ROW.into()], vec![grant::PREFIX.into()]);
    let held = Held::read(flow, rows, prefixes).await?;
    if held.under(grant::PREFIX).next().is_none() {
        return Ok("{}".into());
    }
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let mut change = held.writes();
    let former = held.row(credential::ROW);
    let kept = former.is_some();
    if let Some(row) = former.and_then(|_| credential::Row::sent(flow, keys, object, input)) {
        change = row.replace(change, former, flow.context().now());
    }
    let event = Event { name: ledger::SIGNED_IN, client: "", grant: "", scopes: &[], reason: None };
    ledger.wrote(change, &input.text("subject").ok_or(Refused)?, event).commit(flow);
    Ok(ledger.report(Members::new().flag("kept", kept)).end())
}
