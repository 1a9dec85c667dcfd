//! The upstream credential of a subject: kept encrypted in its object, renewed by one at a time, and asked again at each
//! refresh whether the person may still be here.
//!
//! **Threat.** An upstream token leaks through a client or a token of ours; two renew the same refresh token, and the
//! upstream ends both; a person who was removed upstream stays.
//! **Guarantee.** The credential leaves its object for our own Worker only. Whoever renews it has the lease, and what comes
//! back is kept before anything else happens. At each refresh the upstream is asked who the person is now. With a person's last
//! grant the credential goes as well, here and, where it can be told, at the upstream.
//! **Not guaranteed.** That nothing is lost if the Worker dies between the upstream's answer and keeping it.

use super::asking::{self, Turn};
use super::error::{Code, Failed, unavailable};
use super::grant::{self, Grant};
use super::identity::{Denied, Deny, Person};
use super::ledger::{self, Ledger};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
use super::server::Lifetimes;
use super::{Identity, Site, refresh};
use crate::crypto::{Binding, Keys, Purpose, encode};
use crate::flow::{Ask, Commit, Flow};
use crate::json::Object;

/// The row.
pub(super) const ROW: &str = "credential";
/// How long one may take to renew it, in milliseconds.
const LEASE: u64 = 30_000;
/// A credential that ends sooner than this is renewed, in milliseconds.
const FRESH: u64 = 60_000;

fn binding(object: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Credential, issuer: "", audience: object }
}

/// The record, version 1, of what the Worker has sent: `{"credential":"…","ends":…,"renewable":true}`.
pub(super) fn record(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Option<String> {
    let credential = input.text("credential")?;
    let sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
    Some(written(&sealed, input.number("ends"), input.flag("renewable"), None))
}

fn written(sealed: &str, ends: Option<u64>, renewable: bool, lease: Option<(&str, u64, bool)>) -> String {
    let mut members = Members::version(1).text("sealed", sealed).flag("renewable", renewable);
    if let Some(ends) = ends {
        members = members.number("ends", ends);
    }
    if let Some((lease, until, stuck)) = lease {
        members = members.text("lease", lease).number("leased", until).flag("stuck", stuck);
    }
    members.end()
}

/// What the Worker says of a credential that it sends.
pub(super) fn described<I: Identity>(identity: &I, members: Members, credential: &str) -> Members {
    let known = identity.credential(credential);
    let members =
        members.text("credential", credential).flag("renewable", known.as_ref().is_some_and(|known| known.renewable));
    match known.and_then(|known| known.expires) {
        Some(ends) => members.number("ends", ends),
        None => members,
    }
}

/// Inside the object: the credential, for a grant that stands. Answers
///
/// - `null` where there is none, the grant has ended, or a refresh token was shown that is not the valid one or comes too
///   often;
/// - `{"busy":…}` while another renews it or asks with it, for so many milliseconds at most: the caller comes again once the
///   object was written (`js/objects/flow-role.ts`);
/// - `{"failed":"…"}` where another has asked in vain meanwhile, with the error code;
/// - `{"credential":"…"}`, with `lease` where it has to be renewed first, and with `asking` where a refresh token was shown.
pub(super) async fn take(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let id = input.text("grant");
    let rows = vec![ROW.into()].into_iter().chain(id.as_deref().map(Grant::row)).collect();
    let (rows, prefixes) = if input.string("secret").is_some() { ledger::rows(rows, vec![]) } else { (rows, vec![]) };
    let held = Held::read(flow, rows, prefixes).await?;
    let mut grant = id.as_deref().and_then(|id| held.row(&Grant::row(id))).and_then(Grant::read);
    if id.is_some() && !grant.as_ref().is_some_and(|grant| stands(flow, keys, &held, grant, input)) {
        return Ok("null".into());
    }
    // Whoever refreshes and has none, or one that was sealed under a secret that is gone, cannot be asked about: that is no
    // reason to let them go on. Only a new sign-in helps.
    let nothing = || if input.string("secret").is_some() { in_vain(Code::InvalidGrant) } else { "null".into() };
    let Some(row) = held.row(ROW) else { return Ok(nothing()) };
    let row = Object::read(row).map_err(|_| Refused)?;
    let mut sealed = row.text("sealed").ok_or(Refused)?;
    let Some(credential) = keys.open_text(&binding(object), &sealed).and_then(|it| String::from_utf8(it).ok()) else {
        return Ok(nothing());
    };
    let is_outdated = !keys.is_current(&sealed);
    if is_outdated {
        sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
    }
    let mut members = Members::new().text("credential", &credential);
    let (ends, renewable) = (row.number("ends"), row.flag("renewable"));
    let is_stale = input.flag("lease") && renewable && ends.is_some_and(|ends| ends <= now + FRESH);
    if is_stale && let Some(until) = row.number("leased").filter(|until| *until > now) {
        return Ok(if row.flag("stuck") { in_vain(Code::TemporarilyUnavailable) } else { busy(until - now) });
    }
    let mut change = held.writes();
    let mut is_change = is_outdated;
    if is_outdated && !is_stale {
        let lease = row.text("lease").zip(row.number("leased"));
        let lease = lease.as_ref().map(|(lease, until)| (lease.as_str(), *until, row.flag("stuck")));
        change = change.put(ROW, written(&sealed, ends, renewable, lease), None);
    }
    if let Some(grant) = grant.as_mut().filter(|_| input.string("secret").is_some()) {
        let asking = match asking::turn(flow, grant, input) {
            Turn::Asks(asking) => asking,
            Turn::Waits(wait) => return Ok(busy(wait)),
            Turn::Failed(code) => return Ok(in_vain(code)),
        };
        members = asking.hand(members);
        grant.asking = Some(asking);
        let ends = Lifetimes::read(input).map(|lifetimes| grant.ends(lifetimes));
        change = change.put(Grant::row(&grant.id), grant.to_json(), ends);
        is_change = true;
    }
    if is_stale {
        let lease = encode(&flow.context().random::<16>("lease"));
        change = change.put(ROW, written(&sealed, ends, renewable, Some((&lease, now + LEASE, false))), None);
        members = members.text("lease", &lease);
        is_change = true;
    }
    if is_change {
        change.commit(flow);
    }
    Ok(members.end())
}

fn busy(wait: u64) -> String {
    Members::new().number("busy", wait).end()
}

fn in_vain(code: Code) -> String {
    Members::new().text("failed", code.name()).end()
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
    let lease = held.row(ROW).and_then(|row| Object::read(row).ok()?.text("lease"));
    if lease.is_none() || lease != input.text("lease") {
        return Ok("false".into());
    }
    let row = record(flow, keys, object, input).ok_or(Refused)?;
    held.writes().put(ROW, row, None).commit(flow);
    Ok("true".into())
}

/// Inside the object: the holder of leases has asked in vain. Those who wait for the same answer learn why; the lease of a
/// credential stays out, since the upstream may have ended it, and until then nobody waits for it.
pub(super) async fn give_up(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let row = Grant::row(&input.text("grant").ok_or(Refused)?);
    let code = input.text("failed").as_deref().and_then(Code::parse).ok_or(Refused)?;
    let held = Held::read(flow, vec![ROW.into(), row.clone()], vec![]).await?;
    let mut change = held.writes();
    if let (Some(asking), Some(mut grant)) = (input.text("asking"), held.row(&row).and_then(Grant::read))
        && grant.asking.as_mut().is_some_and(|it| it.fail(&asking, code, flow.context().now()))
    {
        let ends = Lifetimes::read(input).map(|lifetimes| grant.ends(lifetimes));
        change = change.put(row, grant.to_json(), ends);
    }
    if let (Some(lease), Some(Ok(kept))) = (input.text("lease"), held.row(ROW).map(Object::read))
        && kept.text("lease").as_ref() == Some(&lease)
        && let (Some(sealed), Some(until)) = (kept.text("sealed"), kept.number("leased"))
    {
        let record = written(&sealed, kept.number("ends"), kept.flag("renewable"), Some((&lease, until, true)));
        change = change.put(ROW, record, None);
    }
    change.commit(flow);
    Ok("true".into())
}

/// In the Worker: says so. A failure is no error: leases end by themselves.
async fn gave_up(
    flow: &Flow<'_>,
    object: &str,
    asked: &Members,
    (asking, lease): (Option<&str>, Option<&str>),
    code: Code,
) {
    if asking.is_none() && lease.is_none() {
        return;
    }
    let input = asked.clone().maybe("asking", asking).maybe("lease", lease).text("failed", code.name()).end();
    let _ = flow.obtain(&Ask { object: object.into(), call: "give-up", input }).await;
}

/// Inside the object: takes the credential out where no grant is left that could need it, `{"credential":"…"}`; else `null`.
pub(super) async fn release(flow: &Flow<'_>, keys: &Keys, object: &str) -> Result<String, Refused> {
    let held = Held::read(flow, vec![ROW.into()], vec![grant::PREFIX.into()]).await?;
    let needed = held.under(grant::PREFIX).filter_map(|(_, row)| Grant::read(row)).any(|grant| grant.revoked.is_none());
    let Some(row) = held.row(ROW).filter(|_| !needed) else { return Ok("null".into()) };
    held.writes().remove(ROW).commit(flow);
    let sealed = Object::read(row).ok().and_then(|row| row.text("sealed")).ok_or(Refused)?;
    let credential = keys.open_text(&binding(object), &sealed).and_then(|it| String::from_utf8(it).ok());
    Ok(credential.map_or_else(|| "null".into(), |it| Members::new().text("credential", &it).end()))
}

/// After a grant has ended: if it was the last one of its person, the credential is forgotten here and revoked upstream.
/// Nothing depends on it, so a failure is no error; the operator is told.
///
/// Waits: one, and one at the upstream; none without an upstream.
pub(super) async fn give_back<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, object: &str) {
    if !site.identity.renews() {
        return;
    }
    let tell = |event: &str, reason: Option<&str>| {
        let event = Members::new().text("event", event).text("upstream", site.identity.name()).maybe("reason", reason);
        flow.commit(Commit::Audit(event.end()));
    };
    let released = flow.obtain(&Ask { object: object.into(), call: "release", input: "{}".into() }).await;
    let Ok(released) = released else {
        return tell("upstream credential not revoked", Some("the subject's object does not answer"));
    };
    let Some(credential) = Object::read(&released).ok().and_then(|released| released.text("credential")) else {
        return;
    };
    match site.identity.revoke(flow, &credential).await {
        Ok(true) => tell("upstream credential revoked", None),
        Ok(false) => tell("upstream credential forgotten", Some("the upstream takes no revocations")),
        Err(denied) => tell("upstream credential not revoked", Some(&denied.reason)),
    }
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
    if let Some(code) = taken.text("failed").as_deref().and_then(Code::parse) {
        return Err(Stale::Failed(code));
    }
    let (credential, asking) = (taken.text("credential").ok_or(Stale::None)?, taken.text("asking"));
    let Some(lease) = taken.text("lease") else { return Ok(Taken { credential, asking }) };
    let renewed = match site.identity.refresh(flow, &credential).await {
        Ok(renewed) => site.identity.merge(Some(&credential), &renewed),
        Err(denied) => {
            let leases = (asking.as_deref(), Some(&*lease));
            gave_up(flow, object, asked, leases, code_of(&denied)).await;
            return Err(Stale::Denied(denied));
        }
    };
    let input = described(site.identity, Members::new().text("lease", &lease), &renewed).end();
    match ask("keep", input).await.as_deref() {
        Ok("true") => Ok(Taken { credential: renewed, asking }),
        _ => Err(Stale::Silent),
    }
}

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
    let denied = |denied: &Denied| {
        let event = Members::new().text("event", "upstream refused").text("reason", &denied.reason);
        flow.commit(Commit::Audit(event.end()));
        failed(code_of(denied))
    };
    let asked =
        asked.clone().number("since", flow.context().now()).number("patience", site.server.callback_timeout * 1000);
    let Taken { credential, asking } = match fresh(flow, site, object, &asked, TIMES).await {
        Ok(taken) => taken,
        Err(Stale::None) => return Ok(None),
        Err(Stale::Busy | Stale::Silent) => return Err(unavailable()),
        Err(Stale::Failed(code)) => return Err(failed(code)),
        Err(Stale::Denied(why)) => return Err(denied(&why)),
    };
    let gave_up = |code| gave_up(flow, object, &asked, (asking.as_deref(), None), code);
    match site.identity.renew(flow, &credential).await {
        Ok(Some(person)) => {
            let subject = ["user:", site.identity.name(), ":", &person.id].concat();
            if grant::object(&site.issuer, &subject) != object {
                gave_up(Code::InvalidGrant).await;
                return Err(failed(Code::InvalidGrant));
            }
            Ok(Some((person, credential)))
        }
        Ok(None) => Ok(None),
        Err(why) => {
            gave_up(code_of(&why)).await;
            Err(denied(&why))
        }
    }
}

fn code_of(denied: &Denied) -> Code {
    match denied.kind {
        Deny::Refused | Deny::NotAllowed => Code::InvalidGrant,
        Deny::Unavailable | Deny::Failed => Code::TemporarilyUnavailable,
    }
}

fn failed(code: Code) -> Failed {
    match code {
        Code::InvalidGrant => Failed::new(code, "Whoever signed the person in does not let them in any more."),
        _ => Failed::new(Code::TemporarilyUnavailable, "Whoever signed the person in does not answer at present."),
    }
}
