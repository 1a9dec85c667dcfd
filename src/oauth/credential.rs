//! The upstream credential of a subject: kept encrypted in its object, renewed by one at a time, and asked again at each
//! refresh whether the person may still be here.
//!
//! **Threat.** An upstream token leaks through a client or a token of ours; two renew the same refresh token, and the
//! upstream ends both; a person who was removed upstream stays.
//! **Guarantee.** The credential leaves its object for our own Worker only. Whoever renews it has the lease, and what comes
//! back is kept before anything else happens. At each refresh the upstream is asked who the person is now: with the access
//! token; or by renewing the credential, where only that makes the upstream say so and it has not within the last minute
//! ([`super::identity::Credential::due`]). Where neither is possible, a person is not let go on. An upstream that does not answer
//! costs nobody their grant. With a person's last grant the credential goes as well ([`super::giving`]).
//! **Not guaranteed.** That nothing is lost if the Worker dies between the upstream's answer and keeping it.

use super::asking::{self, OFTEN, Turn};
use super::error::{Code, Failed, unavailable};
use super::giving::{Due, Origin, binding};
use super::grant::{self, Grant};
use super::identity::{Denied, Deny, Person};
use super::ledger::{self, Event, Ledger};
use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use super::server::{Lifetimes, Server};
use super::{Identity, Site, outbox, refresh};
use crate::crypto::{Keys, encode};
use crate::flow::{Ask, Commit, Flow};
use crate::json::Object;
use crate::limit::WINDOW;

/// The row.
pub(super) const ROW: &str = "credential";
/// How long one may take to renew it, in milliseconds.
const LEASE: u64 = 30_000;
/// A credential that ends sooner than this is renewed, in milliseconds.
const FRESH: u64 = 60_000;

/// The row, version 1.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// JSON text of the identity's own, sealed.
    pub(super) sealed: String,
    pub(super) origin: Origin,
    /// When its access token ends, in milliseconds since 1970.
    ends: Option<u64>,
    renewable: bool,
    /// When whoever refreshes has to renew it, so that the upstream says anew who the person is, in milliseconds since 1970;
    /// nothing where it can be asked with the access token.
    due: Option<u64>,
    /// The upstream has refused it since: a newer one is better, whatever it may do.
    refused: bool,
    lease: Option<Lease>,
}

/// Somebody renews it.
#[derive(Clone, Debug)]
struct Lease {
    id: String,
    until: u64,
    /// That was in vain.
    stuck: bool,
}

impl Row {
    /// Of what the Worker has sent: `{"credential":"…","ends":…,"renewable":true,"upstream":"…",…}`.
    pub(super) fn sent(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Option<Self> {
        let credential = input.text("credential")?;
        let sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
        let (ends, renewable) = (input.number("ends"), input.flag("renewable"));
        let due = asking::read_due(input);
        Some(Self { sealed, origin: Origin::read(input), ends, renewable, due, refused: false, lease: None })
    }

    pub(super) fn read(row: &str) -> Option<Self> {
        let row = Object::read(row).ok()?;
        let lease = || Some(Lease { id: row.text("lease")?, until: row.number("leased")?, stuck: row.flag("stuck") });
        Some(Self {
            sealed: row.text("sealed")?,
            origin: Origin::read(&row),
            ends: row.number("ends"),
            renewable: row.flag("renewable"),
            due: asking::read_due(&row),
            refused: row.flag("refused"),
            lease: lease(),
        })
    }

    pub(super) fn to_json(&self) -> String {
        let members = Members::version(1).text("sealed", &self.sealed).flag("renewable", self.renewable);
        let members = self.origin.write(members.flag("refused", self.refused));
        let members = match self.ends {
            Some(ends) => members.number("ends", ends),
            None => members,
        };
        let members = asking::write_due(members, self.due);
        match &self.lease {
            Some(Lease { id, until, stuck }) => {
                members.text("lease", id).number("leased", *until).flag("stuck", *stuck)
            }
            None => members,
        }
        .end()
    }

    /// Puts it in the place of `former`, which goes back by itself where that is possible.
    pub(super) fn replace(&self, change: Change, former: Option<&str>, now: u64) -> Change {
        let former = former.and_then(Self::read);
        let due = former.and_then(|former| Due::replaced(former.origin, former.sealed, &self.origin, now));
        let change = match due {
            Some(due) => due.put(change, due.row()),
            None => change,
        };
        change.put(ROW, self.to_json(), None)
    }

    /// Whether it has to be renewed for one who asks for it, to refresh a token of ours or for a tool.
    fn is_stale(&self, now: u64, is_refresh: bool) -> bool {
        let is_over = self.ends.is_some_and(|ends| ends <= now + FRESH);
        self.renewable && (is_over || (is_refresh && self.due.is_some_and(|due| due <= now)))
    }

    fn opened(&self, keys: &Keys, object: &str) -> Option<String> {
        String::from_utf8(keys.open_text(&binding(object), &self.sealed)?).ok()
    }
}

/// What the Worker says of a credential that it sends, of the person `subject` where that is not known there.
pub(super) fn described<I: Identity>(identity: &I, members: Members, credential: &str) -> Members {
    let known = identity.credential(credential);
    let members =
        members.text("credential", credential).flag("renewable", known.as_ref().is_some_and(|known| known.renewable));
    let members = Origin::of(identity, None, credential).write(members);
    let members = asking::write_due(members, known.as_ref().and_then(|known| known.due));
    match known.and_then(|known| known.expires) {
        Some(ends) => members.number("ends", ends),
        None => members,
    }
}

/// Inside the object: the credential, for a grant that stands. Answers
///
/// - `null` where there is none, the grant has ended, or a refresh token was shown that is not the valid one or comes too
///   often, or comes so often that what the upstream said last counts; and to whoever has signed in (no `grant`) where the upstream has refused it since;
/// - `{"busy":…}` while another renews it or asks with it, for so many milliseconds at most: the caller comes again once the
///   object was written (`js/objects/flow-role.ts`);
/// - `{"failed":"…"}` where another has asked in vain meanwhile, with the error code;
/// - `{"credential":"…"}`, with `lease` where it has to be renewed first, and with `asking` where a refresh token was shown.
pub(super) async fn take(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let id = input.text("grant");
    let is_refresh = input.string("secret").is_some();
    let rows = vec![ROW.into()].into_iter().chain(id.as_deref().map(Grant::row)).collect();
    let (rows, prefixes) = if is_refresh { ledger::rows(rows, vec![]) } else { (rows, vec![]) };
    let held = Held::read(flow, rows, prefixes).await?;
    let mut grant = id.as_deref().and_then(|id| held.row(&Grant::row(id))).and_then(Grant::read);
    if id.is_some() && !grant.as_ref().is_some_and(|grant| stands(flow, keys, &held, grant, input)) {
        return Ok("null".into());
    }
    if let Some(grant) = grant.as_mut().filter(|_| input.flag("bare")) {
        // The way to sign in has no credentials: it is asked about the person by name.
        let (ledger, subject) =
            (Ledger::read(flow, keys, &held, input), Members::new().text("credential", &grant.subject));
        return Ok(match ask_for(flow, &ledger, grant, input, held.writes(), subject) {
            Ok((change, members)) => {
                change.commit(flow);
                members.end()
            }
            Err(answer) => answer,
        });
    }
    let mut row = held.row(ROW).and_then(Row::read);
    let Some(credential) = row.as_ref().and_then(|row| row.opened(keys, object)) else {
        // Whoever refreshes and has none, or one that was sealed under a secret that is gone, cannot be asked about: that is
        // no reason to let them go on. Only a new sign-in helps.
        return Ok(match &grant {
            Some(grant) if is_refresh => unopened(flow, keys, &held, grant, input),
            _ => "null".into(),
        });
    };
    let Some(row) = row.as_mut().filter(|row| !row.refused || id.is_some()) else { return Ok("null".into()) };
    let mut is_change = !keys.is_current(&row.sealed);
    if is_change {
        row.sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
    }
    let mut members = Members::new().text("credential", &credential);
    let is_stale = input.flag("lease") && row.is_stale(now, is_refresh);
    if is_stale && let Some(lease) = row.lease.as_ref().filter(|lease| lease.until > now) {
        let code = if row.refused { Code::InvalidGrant } else { Code::TemporarilyUnavailable };
        return Ok(if lease.stuck { in_vain(code).end() } else { busy(lease.until - now) });
    }
    let mut change = held.writes();
    if let Some(grant) = grant.as_mut().filter(|_| is_refresh) {
        (change, members) = match ask_for(flow, &Ledger::read(flow, keys, &held, input), grant, input, change, members)
        {
            Ok(asks) => asks,
            Err(answer) => return Ok(answer),
        };
        is_change = true;
    }
    if is_stale {
        let id = encode(&flow.context().random::<16>("lease"));
        members = members.text("lease", &id);
        row.lease = Some(Lease { id, until: now + LEASE, stuck: false });
        is_change = true;
    }
    if is_change {
        change.put(ROW, row.to_json(), None).commit(flow);
    }
    Ok(members.end())
}

/// Whoever refreshes is to ask about the person of `grant`: what is written with that, and the lease for it. Else the answer for
/// one who is not to ask: another does, or has, or it has been asked often enough.
fn ask_for(
    flow: &Flow<'_>,
    ledger: &Ledger<'_>,
    grant: &mut Grant,
    input: &Object<'_>,
    change: Change,
    members: Members,
) -> Result<(Change, Members), String> {
    if ledger.asked(&grant.client) >= OFTEN {
        let since = flow.context().now().saturating_sub(WINDOW);
        if let Some(code) = grant.asking.as_ref().and_then(|asking| asking.failed_after(since)) {
            return Err(in_vain(code).end());
        }
        if grant.checked.is_some_and(|checked| checked > since) {
            return Err("null".into());
        }
    }
    let change = ledger.asks(change, &grant.client);
    let asking = match asking::turn(flow, grant, input) {
        Turn::Asks(asking) => asking,
        Turn::Waits(wait) => return Err(busy(wait)),
        Turn::Failed(code) => return Err(in_vain(code).end()),
    };
    let members = asking.hand(members);
    grant.asking = Some(asking);
    let ends = Lifetimes::read(input).map(|lifetimes| grant.ends(lifetimes));
    Ok((change.put(Grant::row(&grant.id), grant.to_json(), ends), members))
}

fn busy(wait: u64) -> String {
    Members::new().number("busy", wait).end()
}

fn in_vain(code: Code) -> Members {
    Members::new().text("failed", code.name())
}

/// Somebody refreshes who cannot be asked about.
fn unopened(flow: &Flow<'_>, keys: &Keys, held: &Held, grant: &Grant, input: &Object<'_>) -> String {
    let mut ledger = Ledger::read(flow, keys, held, input);
    ledger.refused(held, None, &grant.subject, refusal(grant, "there is no upstream credential that opens"));
    ledger.report(in_vain(Code::InvalidGrant)).end()
}

fn refusal<'a>(grant: &'a Grant, reason: &'static str) -> Event<'a> {
    Event { name: ledger::REFUSED, client: &grant.client, grant: &grant.id, scopes: &[], reason: Some(reason) }
}

/// A refresh token is held against all that its refresh will ask, so that nothing happens upstream for one that fails.
fn stands(flow: &Flow<'_>, keys: &Keys, held: &Held, grant: &Grant, input: &Object<'_>) -> bool {
    let Some(secret) = input.string("secret") else { return grant.revoked.is_none() };
    let is_limited = || Ledger::read(flow, keys, held, input).wait(&grant.client, ledger::most(input)).is_some();
    refresh::would_rotate(flow.context().now(), input, grant, &secret) && !is_limited()
}

/// Inside the object: keeps what the holder of the lease has brought. Answers whether it was kept.
pub(super) async fn keep(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![]).await?;
    let Some(former) = held.row(ROW).and_then(Row::read) else { return Ok("false".into()) };
    if former.lease.is_none_or(|lease| Some(lease.id) != input.text("lease")) {
        return Ok("false".into());
    }
    let mut row = Row::sent(flow, keys, object, input).ok_or(Refused)?;
    row.origin.subject = former.origin.subject;
    held.writes().put(ROW, row.to_json(), None).commit(flow);
    Ok("true".into())
}

/// Inside the object: the holder of leases has asked in vain. Those who wait for the same answer learn why; the lease of a
/// credential stays out, since the upstream may have ended it, and until then nobody waits for it. Answers whom it was about.
pub(super) async fn give_up(flow: &Flow<'_>, keys: &Keys, input: &Object<'_>) -> Result<String, Refused> {
    let row = Grant::row(&input.text("grant").ok_or(Refused)?);
    let code = input.text("failed").as_deref().and_then(Code::parse).ok_or(Refused)?;
    let (rows, prefixes) = ledger::rows(vec![ROW.into(), row.clone()], vec![]);
    let held = Held::read(flow, rows, prefixes).await?;
    let mut change = held.writes();
    let mut grant = held.row(&row).and_then(Grant::read);
    if let (Some(asking), Some(grant)) = (input.text("asking"), grant.as_mut())
        && grant.asking.as_mut().is_some_and(|it| it.fail(&asking, code, flow.context().now()))
    {
        let ends = Lifetimes::read(input).map(|lifetimes| grant.ends(lifetimes));
        change = change.put(row, grant.to_json(), ends);
    }
    if let Some(mut kept) = held.row(ROW).and_then(Row::read) {
        let lease = kept.lease.as_mut().filter(|lease| Some(&lease.id) == input.text("lease").as_ref());
        let is_change = input.flag("refused") || lease.is_some();
        if let Some(lease) = lease {
            lease.stuck = true;
        }
        kept.refused |= input.flag("refused");
        if is_change {
            change = change.put(ROW, kept.to_json(), None);
        }
    }
    // Without a refresh token it is a tool that has asked: its caller learns of it.
    let Some(grant) = grant.filter(|_| input.string("secret").is_some()) else {
        change.commit(flow);
        return Ok("{}".into());
    };
    let reason = match code {
        Code::InvalidGrant => "whoever signs people in does not let the person in any more",
        _ => "whoever signs people in gives no answer that helps",
    };
    let mut ledger = Ledger::read(flow, keys, &held, input);
    ledger.refused(&held, Some(change), &grant.subject, refusal(&grant, reason));
    Ok(ledger.report(Members::new().text("subject", &grant.subject)).end())
}

/// In the Worker: says so, and tells the operator. A failure is no error: leases end by themselves.
async fn gave_up(
    flow: &Flow<'_>,
    server: &Server,
    object: &str,
    asked: &Members,
    (asking, lease): (Option<&str>, Option<&str>),
    denied: &Denied,
) {
    let input = asked.clone().end();
    let asked_for = Object::read(&input).ok();
    let named = |name| asked_for.as_ref().and_then(|asked: &Object<'_>| asked.text(name));
    let mut subject = None;
    if asking.is_some() || lease.is_some() {
        let input = asked.clone().maybe("asking", asking).maybe("lease", lease);
        let input = input.text("failed", code_of(denied).name()).flag("refused", denied.kind == Deny::Refused).end();
        let told = flow.obtain(&Ask { object: object.into(), call: "give-up", input }).await;
        if let Some(told) = told.ok().as_deref().and_then(|told| Object::read(told).ok()) {
            outbox::pass_on(flow, server, object, &told).await;
            subject = told.text("subject");
        }
    }
    let event = Members::new()
        .text("event", "upstream refused")
        .maybe("client", named("client").as_deref())
        .maybe("grant", named("grant").as_deref())
        .maybe("subject", subject.as_deref())
        .text("reason", &denied.reason)
        .maybe("request", named("trace").as_deref());
    flow.commit(Commit::Audit(event.end()));
}

/// Why there is no fresh credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stale {
    /// There is none, or the grant has ended.
    None,
    /// Another renews it at this moment: ask again.
    Busy,
    /// Another has asked with it, in vain.
    Failed(Code),
    /// Our own storage does not answer.
    Silent,
    /// The upstream said no, or nothing.
    Denied(Denied),
}

/// A credential for a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// JSON text of the identity's own.
    pub credential: String,
    /// The lease of whoever asks with it, where a refresh token was shown.
    asking: Option<String>,
}

/// A credential of `object` whose access token is still good for a minute. `asked` names the grant. While another has it, it
/// is asked for again, up to so many `times`: each time the object waits for some seconds.
///
/// Waits: one; where it has to be renewed, those of the upstream and one more; up to `times` while another has it.
pub async fn fresh<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    asked: &Members,
    times: usize,
) -> Result<Taken, Stale> {
    let ask = |call, input| flow.obtain(&Ask { object: object.into(), call, input });
    let input = asked.clone().flag("lease", true).end();
    let mut answer = Err(Stale::Busy);
    for _ in 0..times {
        let taken = ask("credential", input.clone()).await.map_err(|_| Stale::Silent)?;
        if !taken.starts_with(r#"{"busy":"#) {
            answer = Ok(taken);
            break;
        }
    }
    let answer = answer?;
    let taken = Object::read(&answer).map_err(|_| Stale::None)?;
    outbox::pass_on(flow, site.server, object, &taken).await;
    if let Some(code) = taken.text("failed").as_deref().and_then(Code::parse) {
        return Err(Stale::Failed(code));
    }
    let (credential, asking) = (taken.text("credential").ok_or(Stale::None)?, taken.text("asking"));
    let Some(lease) = taken.text("lease") else { return Ok(Taken { credential, asking }) };
    let renewed = match site.identity.refresh(flow, &credential).await {
        Ok(renewed) => site.identity.merge(Some(&credential), &renewed),
        Err(denied) => {
            let leases = (asking.as_deref(), Some(&*lease));
            gave_up(flow, site.server, object, asked, leases, &denied).await;
            return Err(Stale::Denied(denied));
        }
    };
    let input = described(site.identity, Members::new().text("lease", &lease), &renewed).end();
    // The upstream may have ended the former refresh token: what came back is lost unless it is kept.
    let mut kept = ask("keep", input.clone()).await;
    for _ in 1..KEEPS {
        if kept.is_err() {
            kept = ask("keep", input.clone()).await;
        }
    }
    match kept.as_deref() {
        Ok("true") => Ok(Taken { credential: renewed, asking }),
        _ => Err(Stale::Silent),
    }
}

/// So often it is tried to keep what the upstream has given.
const KEEPS: usize = 3;

/// So often a refresh asks for a credential that another has: longer than any lease of usual length.
const TIMES: usize = 3;

/// What is true of the person now: for a refresh, before it happens. None: what was true stays true, or the token is not
/// the valid one and the object will say so. With the credential that said it. Of those that show one token in one moment,
/// one asks.
///
/// Waits: one, and those of the upstream; one more where that fails; up to three while another asks.
pub(super) async fn renewed<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    asked: &Members,
) -> Result<Option<(Person, String)>, Failed> {
    let asked =
        asked.clone().number("since", flow.context().now()).number("patience", site.server.callback_timeout * 1000);
    let asked = asked.flag("bare", !site.identity.keeps_credentials());
    let Taken { credential, asking } = match fresh(flow, site, object, &asked, TIMES).await {
        Ok(taken) => taken,
        Err(Stale::None) => return Ok(None),
        Err(Stale::Busy | Stale::Silent) => return Err(unavailable()),
        Err(Stale::Failed(Code::TemporarilyUnavailable)) => {
            let silent = "Whoever signed the person in, or this server itself, does not answer at present.";
            return Err(Failed::new(Code::TemporarilyUnavailable, silent));
        }
        Err(Stale::Failed(code)) => return Err(failed(code)),
        Err(Stale::Denied(why)) => return Err(denied(&why)),
    };
    let gave_up = async |why: Denied| {
        gave_up(flow, site.server, object, &asked, (asking.as_deref(), None), &why).await;
        Err(denied(&why))
    };
    match site.identity.renew(flow, &credential).await {
        Ok(Some(person)) => {
            let subject = ["user:", site.identity.name(), ":", &person.id].concat();
            if grant::object(&site.issuer, &subject) != object {
                return gave_up(Denied::refused("the upstream says that it is another person")).await;
            }
            Ok(Some((person, credential)))
        }
        Ok(None) => Ok(None),
        Err(why) => gave_up(why).await,
    }
}

fn code_of(denied: &Denied) -> Code {
    match denied.kind {
        Deny::Refused | Deny::NotAllowed => Code::InvalidGrant,
        Deny::Unavailable | Deny::Failed | Deny::Late | Deny::Broken => Code::TemporarilyUnavailable,
    }
}

/// Why whoever has asked gets no token. What the reason is, the operator is told.
fn denied(why: &Denied) -> Failed {
    let ours = "A function of this server's own failed, or took too long. Its log has the reason. Try again later.";
    match why.kind {
        Deny::Late | Deny::Broken => Failed::new(code_of(why), ours),
        Deny::Refused | Deny::NotAllowed | Deny::Unavailable | Deny::Failed => failed(code_of(why)),
    }
}

fn failed(code: Code) -> Failed {
    match code {
        Code::InvalidGrant => Failed::new(code, "Whoever signed the person in does not let them in any more."),
        _ => Failed::new(Code::TemporarilyUnavailable, "Whoever signed the person in does not answer at present."),
    }
}
