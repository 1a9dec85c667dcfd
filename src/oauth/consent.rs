//! Consent: the person is asked, and answers.
//!
//! **Threat.** Another site, or another browser, answers for the person (GHSA-c2jp-c369-7pvx); an answer is given twice; the
//! request is changed between question and answer.
//! **Guarantee.** The form carries the request sealed, together with the hash of a cookie that only this browser has
//! (`__Host-`, per request); a page of another site cannot send both. The transaction is named after that cookie, so however
//! often the page was rendered and sent, it begins once. Nothing is kept before Allow.
//! **Not guaranteed.** That the person reads. Allow is never the page's focus.

use super::account::Account;
use super::authorize::{Pending, Prompt};
use super::client::Client;
use super::error::Code;
use super::giving::{self, Origin};
use super::identity::{Begin, Deny, Person};
use super::page::{self, Leave, Reply, Trouble, leave, trouble};
use super::record::{Members, Reading as _};
use super::{Identity, Request, Site, approval, authorize, callback, scope, transaction};
use crate::crypto::{Binding, Purpose, encode, hash, same};
use crate::flow::{Ask, Commit, Context, Flow};
use crate::http::form::Params;
use crate::json::{Object, Value};
use crate::limit;

/// The form's hidden field.
pub const FIELD: &str = "consent";

/// A form may be sent for this long, in milliseconds.
const FORM_AGE: u64 = 30 * 60 * 1000;

fn binding(issuer: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Consent, issuer, audience: "" }
}

/// The name of the cookie that ties a request's form to the browser.
fn cookie_of(pending: &Pending) -> String {
    let hash = hash("consent cookie", &[pending.to_json().as_bytes()]);
    "__Host-wicket-form-".to_owned() + &encode(hash.first_chunk::<9>().unwrap_or(&[0; 9]))
}

/// `Set-Cookie`; without a value it deletes the cookie. `Lax`: the browser comes back from the upstream with it.
#[must_use]
pub fn set_cookie(name: &str, value: Option<&str>) -> String {
    set_cookie_for(name, value, 2400)
}

/// The same for so many seconds.
pub(super) fn set_cookie_for(name: &str, value: Option<&str>, age: u64) -> String {
    let age = value.map_or(0, |_| age).to_string();
    [name, "=", value.unwrap_or_default(), "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=", &age].concat()
}

/// What a cookie of ours holds: 16 random bytes.
#[must_use]
pub fn is_fresh(value: &str) -> bool {
    crate::crypto::decode(value).is_some_and(|bytes| bytes.len() == 16)
}

/// Asks.
///
/// 1. Whoever has signed in with this browser may have approved all of it before. Then a client that proves itself goes on
///    at once, and for any other one click is enough ([`approval`]).
/// 2. Otherwise the page asks for everything.
///
/// Where the page names an account, the code goes to that account: if another one comes back, [`confirm`] asks again.
///
/// Waits: none without an account cookie; one with it, and those of a sign-in that begins at once.
pub async fn ask<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    client: &Client,
    pending: &Pending,
) -> Reply {
    let account = Account::read(flow.context(), site, request).filter(|_| pending.prompt != Prompt::Account);
    let remembered = match &account {
        Some(account) if pending.prompt == Prompt::Usual => {
            approval::is_known(flow, site, request, account, pending).await
        }
        _ => false,
    };
    if remembered && approval::spares(site, request, client, pending) {
        let id = transaction_of(&encode(&flow.context().random::<16>("consent cookie")));
        let account = account.map(|account| account.object(site));
        return begin(flow, site, request, pending, &id, account.as_deref(), false).await;
    }
    show(flow, site, request, client, pending, &Shown { account: account.as_ref(), remembered, ..Shown::default() })
}

/// What the page shows beside the request.
#[derive(Default)]
struct Shown<'a> {
    /// The account that it names.
    account: Option<&'a Account>,
    /// Whether that account has approved all of it before.
    remembered: bool,
    /// The transaction that holds that person, where they have signed in just now.
    held: Option<&'a str>,
    /// The account that it named before.
    former: Option<&'a str>,
}

/// Asks somebody who has signed in just now, with another account than the page named. Allow is the last step: nobody is
/// sent to the provider a second time. Waits: one.
pub(super) async fn confirm<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    (id, browser, expected): (&str, &str, &str),
    person: &Person,
) -> Reply {
    let account = Account::of(site, person);
    let sealed = site.keys.seal_text(flow.context(), &holding(&site.issuer, id), person.to_json().as_bytes());
    let mut input = Members::new().text("browser", browser).text("person", &sealed);
    if let Some(credential) = &person.credential {
        let origin = Origin::of(site.identity, Some(account.subject.clone()), credential);
        let origin = Origin { elsewhere: Some(account.object(site)), ..origin };
        input = origin.write(input.text("credential", credential));
    }
    let input = input.end();
    match flow.obtain(&Ask { object: transaction::object(id), call: "hold", input }).await.as_deref() {
        Ok("true") => {}
        answer => {
            giving::give_up(flow, site, (Some(&person.id), person.credential.as_deref()), &request.trace(flow)).await;
            let why = if answer.is_ok() { Trouble::Stale } else { Trouble::Unavailable };
            return trouble(why, None);
        }
    }
    let former = Account::read(flow.context(), site, request).filter(|former| former.object(site) == expected);
    let former = former.as_ref().map(|former| former.label.as_str());
    let shown = Shown { account: Some(&account), held: Some(id), former, ..Shown::default() };
    show(flow, site, request, &pending.as_client(), pending, &shown)
        .with("set-cookie", account.cookie(flow.context(), site))
}

fn holding<'a>(issuer: &'a str, transaction: &'a str) -> Binding<'a> {
    Binding { purpose: Purpose::Person, issuer, audience: transaction }
}

/// The page.
fn show<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    client: &Client,
    pending: &Pending,
    &Shown { account, remembered, held, former }: &Shown<'_>,
) -> Reply {
    let name = cookie_of(pending);
    // Rendered again in the same browser: both forms are for the same transaction, and one of them wins.
    let known = request.cookie(&name).filter(|value| is_fresh(value));
    let cookie = known.map_or_else(|| encode(&flow.context().random::<16>("consent cookie")), Into::into);
    let form = Members::version(1)
        .raw("request", &pending.to_json())
        .text("browser", &browser(&cookie))
        .maybe("account", account.map(|account| account.object(site)).as_deref())
        .maybe("held", held)
        .number("expires", flow.context().now() + FORM_AGE)
        .end();
    let sealed = site.keys.seal_text(flow.context(), &binding(&site.issuer), form.as_bytes());
    let model = page::Consent {
        action: &site.server.paths.authorize,
        hidden: &sealed,
        client,
        redirect: &pending.redirect,
        scopes: &pending.scopes,
        account: account.map(|account| account.label.as_str()),
        switch: pending.switching(site.server),
        remembered,
        confirms: held.is_some(),
        former,
    };
    page::consent(site, &model).with("set-cookie", set_cookie(&name, Some(&cookie)))
}

/// What is kept of a cookie.
pub(super) fn browser(cookie: &str) -> String {
    encode(&hash("browser", &[cookie.as_bytes()]))
}

/// The transaction that the browser with this cookie begins.
fn transaction_of(cookie: &str) -> String {
    let hash = hash("transaction", &[cookie.as_bytes()]);
    encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))
}

/// The person has answered.
///
/// 1. The form is one of ours, in time, sent by our own page in the browser that it was rendered for.
/// 2. Deny goes back to the client.
/// 3. Allow begins the transaction, once, and goes on to where the person signs in. Whoever has signed in just now goes
///    back to the client with a code.
///
/// Waits: one for counting, one for Allow, and one where the upstream has to be discovered; for somebody who has signed in,
/// those of [`callback::issue`].
pub async fn decide<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, params: &Params) -> Reply {
    let context = flow.context();
    if !request.is_own(&site.issuer) {
        return trouble(Trouble::Form, None);
    }
    if params.repeated(&["scope"]).is_some() {
        return trouble(Trouble::Request, None);
    }
    let Some(Form { pending, browser: ours, account, held }) =
        Form::open(context, site, params.get(FIELD).unwrap_or_default())
    else {
        return trouble(Trouble::Expired, None);
    };
    let name = cookie_of(&pending);
    let Some(cookie) = request.cookie(&name).filter(|cookie| same(browser(cookie).as_bytes(), ours.as_bytes())) else {
        return trouble(Trouble::Browser, None);
    };
    if let Some(seconds) = limit::wait(flow, authorize::limits(site, request, &pending.client)).await {
        return trouble(Trouble::Busy(seconds), None);
    }
    let forget = set_cookie(&name, None);
    let is_allowed = match params.get("decision") {
        Some("deny") => false,
        Some("allow") => true,
        _ => return trouble(Trouble::Request, Some("decision")),
    };
    let chosen = params.all("scope").map(Into::into).collect::<Vec<String>>();
    let granted = scope::within(&pending.scopes, &chosen);
    let is_allowed = is_allowed && !granted.is_empty();
    let pending = Pending { scopes: if is_allowed { granted } else { vec![] }, ..pending };
    let reply = match held {
        Some(held) => release(flow, site, request, &pending, &held, account.as_deref()).await,
        None if is_allowed => {
            begin(flow, site, request, &pending, &transaction_of(cookie), account.as_deref(), true).await
        }
        None => {
            let named = Account::read(context, site, request).filter(|named| Some(named.object(site)) == account);
            denied(flow, site, request, &pending, named.as_ref())
        }
    };
    // Where nothing has happened yet, the same form may come once more.
    if reply.may_come_again() { reply } else { reply.with("set-cookie", forget) }
}

/// The person has said no; the operator is told who, if somebody has signed in with this browser.
fn denied<I>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    account: Option<&Account>,
) -> Reply {
    let event = Members::new()
        .text("event", "consent denied")
        .text("client", &pending.client)
        .maybe("subject", account.map(|account| account.subject.as_str()))
        .text("request", &request.trace(flow));
    flow.commit(Commit::Audit(event.end()));
    pending.leave_with(site.server, Code::AccessDenied, Deny::Refused.description(), "denied")
}

/// What the form carries.
struct Form {
    pending: Pending,
    /// The hash of the cookie that ties it to the browser.
    browser: String,
    /// The object of the account that the page named.
    account: Option<String>,
    /// The transaction that holds that person.
    held: Option<String>,
}

impl Form {
    fn open<I>(context: &Context, site: &Site<'_, I>, sealed: &str) -> Option<Self> {
        let form = site.keys.open_text(&binding(&site.issuer), sealed)?;
        let form = Object::read(core::str::from_utf8(&form).ok()?).ok()?;
        (form.number("expires")? > context.now()).then_some(())?;
        let pending = Pending::read(&form.get("request").and_then(|request| Value::object(request).ok())?)?;
        Some(Self { pending, browser: form.text("browser")?, account: form.text("account"), held: form.text("held") })
    }
}

/// Ends the transaction that holds somebody who has signed in: with a code where they allowed scopes, else without.
/// `account` is the object of the account that the page named.
async fn release<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    id: &str,
    account: Option<&str>,
) -> Reply {
    let name = transaction::cookie(id);
    let Some(cookie) = request.cookie(&name).map(browser) else { return trouble(Trouble::Foreign, None) };
    let input = Members::new().text("browser", &cookie).end();
    let Ok(released) = flow.obtain(&Ask { object: transaction::object(id), call: "release", input }).await else {
        return trouble(Trouble::Unavailable, None);
    };
    let opened = || {
        let sealed = Object::read(&released).ok()?.text("person")?;
        let person = site.keys.open_text(&holding(&site.issuer, id), &sealed)?;
        Person::read(core::str::from_utf8(&person).ok()?)
    };
    let Some(person) = opened().filter(|person| Some(Account::of(site, person).object(site).as_str()) == account)
    else {
        return trouble(Trouble::Stale, None);
    };
    let reply = if pending.scopes.is_empty() {
        giving::give_up(flow, site, (Some(&person.id), person.credential.as_deref()), &request.trace(flow)).await;
        denied(flow, site, request, pending, Some(&Account::of(site, &person)))
    } else {
        match callback::issue(flow, site, request, pending, &person, true).await {
            Ok(code) => {
                let (url, schemes) = (pending.answer(&[("code", &code)]), &site.server.schemes);
                let (name, outcome) = (&pending.name, "allowed");
                leave(&url, Leave::Client { name, outcome, schemes, waits: false, detail: None })
            }
            Err(denied) => callback::turn_away(flow, site, request, pending, &denied, true).await,
        }
    };
    reply.with("set-cookie", set_cookie(&name, None))
}

/// Begins the transaction `id`. `account` is the object of the account that the page named, or whose approval spared the
/// page; `posted`, whether this answers a form, which must not redirect.
async fn begin<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    pending: &Pending,
    id: &str,
    account: Option<&str>,
    posted: bool,
) -> Reply {
    let path = [site.issuer.as_str(), &site.server.paths.callback].concat();
    let begun = match site
        .identity
        .begin(flow, &Begin { state: id, callback: &path, switch: pending.prompt == Prompt::Account })
        .await
    {
        Ok(begun) => begun,
        Err(denied) => return callback::turn_away(flow, site, request, pending, &denied, posted).await,
    };
    let cookie = encode(&flow.context().random::<16>("sign-in cookie"));
    let input = Members::new()
        .raw("request", &pending.to_json())
        .text("kept", &begun.kept)
        .text("browser", &browser(&cookie))
        .maybe("account", account)
        .end();
    let object = transaction::object(id);
    match flow.obtain(&Ask { object, call: "approve", input }).await.as_deref() {
        Ok("true") => {
            let about = site.identity.about();
            let place = Leave::Upstream { label: &about.label, host: &about.host };
            let reply = if posted { leave(&begun.url, place) } else { Reply::redirect(begun.url) };
            reply.with("set-cookie", set_cookie(&transaction::cookie(id), Some(&cookie)))
        }
        Ok(_) => trouble(Trouble::Expired, None),
        Err(_) => trouble(Trouble::Unavailable, None),
    }
}
