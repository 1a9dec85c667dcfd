//! The upstream credential of a subject: kept encrypted in its object, renewed by one at a time, and asked again at each
//! refresh whether the person may still be here.
//!
//! **Threat.** An upstream token leaks through a client or a token of ours; two renew the same refresh token, and the
//! upstream ends both; a person who was removed upstream stays.
//! **Guarantee.** The credential leaves its object for our own Worker only. Whoever renews it has the lease, and what comes
//! back is kept before anything else happens. At each refresh the upstream is asked who the person is now. With a person's last
//! grant the credential goes as well, here and, where it can be told, at the upstream.
//! **Not guaranteed.** That nothing is lost if the Worker dies between the upstream's answer and keeping it.

use super::error::{Code, Failed, unavailable};
use super::grant::{self, Grant};
use super::identity::{Denied, Deny, Person};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _};
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

fn written(sealed: &str, ends: Option<u64>, renewable: bool, lease: Option<(&str, u64)>) -> String {
    let mut members = Members::version(1).text("sealed", sealed).flag("renewable", renewable);
    if let Some(ends) = ends {
        members = members.number("ends", ends);
    }
    if let Some((lease, until)) = lease {
        members = members.text("lease", lease).number("leased", until);
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

/// Inside the object: the credential, for a grant that stands. Answers `null` where there is none, the grant has ended or a
/// refresh token was shown that is not the valid one; `"busy"` while another renews it; else
/// `{"credential":"…","lease":"…"}`, with a lease where it has to be renewed first.
pub(super) async fn take(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let held = match input.text("grant") {
        None => Held::read(flow, vec![ROW.into()], vec![]).await?,
        Some(id) => {
            let held = Held::read(flow, vec![ROW.into(), Grant::row(&id)], vec![]).await?;
            let grant = held.row(&Grant::row(&id)).and_then(Grant::read);
            if !grant.is_some_and(|grant| stands(now, &grant, input)) {
                return Ok("null".into());
            }
            held
        }
    };
    let Some(row) = held.row(ROW) else { return Ok("null".into()) };
    let row = Object::read(row).map_err(|_| Refused)?;
    let sealed = row.text("sealed").ok_or(Refused)?;
    let Some(credential) = keys.open_text(&binding(object), &sealed).and_then(|it| String::from_utf8(it).ok()) else {
        // Sealed under a secret that is gone: as good as none.
        return Ok("null".into());
    };
    let members = Members::new().text("credential", &credential);
    let (ends, renewable) = (row.number("ends"), row.flag("renewable"));
    if !input.flag("lease") || !renewable || ends.is_none_or(|ends| ends > now + FRESH) {
        return Ok(members.end());
    }
    if row.number("leased").is_some_and(|until| until > now) {
        return Ok(r#""busy""#.into());
    }
    let lease = encode(&flow.context().random::<16>("lease"));
    held.writes().put(ROW, written(&sealed, ends, renewable, Some((&lease, now + LEASE))), None).commit(flow);
    Ok(members.text("lease", &lease).end())
}

/// A refresh token is held against all that its refresh will ask, so that nothing happens upstream for one that fails.
fn stands(now: u64, grant: &Grant, input: &Object<'_>) -> bool {
    match input.string("secret") {
        None => grant.revoked.is_none(),
        Some(secret) => refresh::would_rotate(now, input, grant, &secret),
    }
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
    /// Our own storage does not answer.
    Silent,
    /// The upstream said no, or nothing.
    Denied(Denied),
}

/// A credential of `object` whose access token is still good for a minute. `asked` names the grant.
///
/// Waits: one; where it has to be renewed, those of the upstream and one more.
pub async fn fresh<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    asked: String,
) -> Result<String, Stale> {
    let ask = |call, input| flow.obtain(&Ask { object: object.into(), call, input });
    let taken = ask("credential", asked).await.map_err(|_| Stale::Silent)?;
    if taken == r#""busy""# {
        return Err(Stale::Busy);
    }
    let taken = Object::read(&taken).map_err(|_| Stale::None)?;
    let credential = taken.text("credential").ok_or(Stale::None)?;
    let Some(lease) = taken.text("lease") else { return Ok(credential) };
    let renewed = site.identity.refresh(flow, &credential).await.map_err(Stale::Denied)?;
    let renewed = site.identity.merge(Some(&credential), &renewed);
    let input = described(site.identity, Members::new().text("lease", &lease), &renewed).end();
    match ask("keep", input).await.as_deref() {
        Ok("true") => Ok(renewed),
        _ => Err(Stale::Silent),
    }
}

/// What is true of the person now: for a refresh, before it happens. None: what was true stays true, or the token is not
/// the valid one and the object will say so. With the credential that said it.
///
/// Waits: one, and those of the upstream.
pub(super) async fn renewed<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    asked: String,
) -> Result<Option<(Person, String)>, Failed> {
    let denied = |denied: Denied| {
        let event = Members::new().text("event", "upstream refused").text("reason", &denied.reason);
        flow.commit(Commit::Audit(event.end()));
        match denied.kind {
            Deny::Refused | Deny::NotAllowed => {
                Failed::new(Code::InvalidGrant, "Whoever signed the person in does not let them in any more.")
            }
            Deny::Unavailable | Deny::Failed => {
                Failed::new(Code::TemporarilyUnavailable, "Whoever signed the person in does not answer at present.")
            }
        }
    };
    let credential = match fresh(flow, site, object, asked).await {
        Ok(credential) => credential,
        Err(Stale::None) => return Ok(None),
        Err(Stale::Busy | Stale::Silent) => return Err(unavailable()),
        Err(Stale::Denied(why)) => return Err(denied(why)),
    };
    let person = site.identity.renew(flow, &credential).await.map_err(denied)?;
    Ok(person.map(|person| (person, credential)))
}
