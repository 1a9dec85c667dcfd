//! Revocation of upstream credentials: with the last grant of a person, when they were replaced, and when they were never
//! used.
//!
//! **Threat.** Tokens of people who left long ago remain stored, and are valid at their provider for years.
//! **Guarantee.** A credential is stored no longer than a grant that needs it, whether the grant was revoked or has expired.
//! Then it is revoked at the provider; if the provider does not answer, the object's alarm retries several times within four
//! days. Both outcomes are logged.
//! **Not guaranteed.** That a provider supports revocation: Entra does not. A credential is not revoked if the provider
//! would thereby revoke what another grant needs ([`Identity::ends_all`]).

use serde::{Deserialize, Serialize};

use super::grant::{self, Grant};
use super::{InvalidCall, RowSet, RowWrites, ask, call, credential};
use crate::crypto::{Keys, Purpose, SealContext, encode, hash};
use crate::flow::Flow;
use crate::identity::{Identity, SignInErrorKind};
use crate::oauth::AuthorizationServer;
use crate::oauth::audit::AuditEvent;

/// Rows of credentials to revoke. Their expiry is the time of the next attempt; only these flows delete them.
pub(crate) const PREFIX: &str = "due:";
/// Time to wait after each failed attempt, in milliseconds.
const WAITS: [u64; 6] = [10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR];
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// How long a replaced credential may still be used by tools, or be in props, in milliseconds.
const REPLACED: u64 = 24 * HOUR;

/// What must be known about a credential in order to revoke it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "CredentialOrigin"))]
pub(crate) struct Origin {
    /// [`Identity::mark`].
    #[serde(rename = "upstream")]
    pub(crate) mark: String,
    /// The provider ends only this one.
    pub(crate) single: bool,
    /// Distinguishes it from others: a hash of its access token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// The typed subject of its person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<String>,
    /// The object with the grants of that person, if that is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) elsewhere: Option<String>,
}

impl Origin {
    /// The origin of a credential of `identity`.
    pub(crate) fn of<I: Identity>(identity: &I, subject: Option<String>, credential: &str) -> Self {
        let token = identity.credential(credential).map(|known| known.access);
        let token = token.map(|token| encode(&hash("upstream token", &[token.as_bytes()])));
        Self { mark: identity.mark(), single: !identity.ends_all(), token, subject, elsewhere: None }
    }
}

/// A credential on its way to an object.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NewCredential {
    /// The identity's own text.
    pub(crate) credential: String,
    pub(crate) origin: Origin,
}

/// The row of a credential to revoke.
#[derive(Serialize, Deserialize)]
pub(crate) struct RevocationRow {
    /// The credential.
    sealed: String,
    origin: Origin,
    /// The number of attempts so far.
    tries: usize,
    /// When to try next, in milliseconds since 1970.
    at: u64,
}

impl RevocationRow {
    /// A credential that is due at `at`.
    pub(crate) fn new(origin: Origin, sealed: String, at: u64) -> Self {
        Self { origin, sealed, tries: 0, at }
    }

    /// A credential from the Worker, due at `at`.
    pub(crate) fn given(flow: &Flow<'_>, keys: &Keys, object: &str, given: NewCredential, at: u64) -> Self {
        let sealed = keys.seal_text(flow.context(), &binding(object), given.credential.as_bytes());
        Self::new(given.origin, sealed, at)
    }

    /// A replaced credential, if it must be revoked by itself.
    pub(crate) fn replaced(origin: Origin, sealed: String, newer: &Origin, now: u64) -> Option<Self> {
        let is_another = origin.token.is_some() && origin.token != newer.token;
        (origin.single && is_another).then(|| Self::new(origin, sealed, now + REPLACED))
    }

    /// The key of its row: the same credential has only one.
    pub(crate) fn row(&self) -> String {
        let id = hash("credential that is due", &[self.sealed.as_bytes()]);
        [PREFIX, &encode(id.first_chunk::<12>().unwrap_or(&[0; 12]))].concat()
    }

    /// Writes its row, which wakes the object at that time.
    pub(crate) fn put(&self, change: RowWrites, row: String) -> RowWrites {
        change.put(row, self, Some(self.at))
    }
}

/// The credentials that are due, including the current one if no grant needs it any more. The caller tries to revoke
/// them, and reports which ones are [`SettledRevocations`]; the others are due again later, a few times.
#[derive(Serialize)]
pub(crate) struct Release {}

call!(Release, "release" => DueRevocations);

/// Credentials to revoke, also the input of the Worker's step `revoke_upstream`.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct DueRevocations {
    /// The credentials.
    pub due: Vec<DueRevocation>,
}

/// One credential to revoke.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "RevocationRow"))]
pub struct DueRevocation {
    /// The key of its row.
    id: String,
    /// `None` if it does not open any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    origin: Origin,
    /// True for the last attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    last: bool,
}

/// These need no further attempt.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SettledRevocations {
    /// IDs of [`DueRevocation`]s.
    pub settled: Vec<String>,
}

call!(SettledRevocations, "settled" => bool);

/// Whether an active grant needs a credential.
#[derive(Serialize)]
pub(crate) struct IsNeeded {}

call!(IsNeeded, "needed" => bool);

/// How credentials are sealed inside the object with this name.
pub(crate) fn binding(object: &str) -> SealContext<'_> {
    SealContext { purpose: Purpose::Credential, issuer: "", audience: object }
}

/// Whether there is an active grant; their rows have been read.
fn is_standing(held: &RowSet) -> bool {
    held.records(grant::PREFIX).any(|grant: Grant| grant.revoked.is_none())
}

/// Inside the object: answers [`Release`].
pub(crate) async fn release(flow: &Flow<'_>, keys: &Keys, object: &str) -> Result<DueRevocations, InvalidCall> {
    let now = flow.context().now();
    let held = RowSet::read(flow, vec![credential::ROW.into()], vec![grant::PREFIX.into(), PREFIX.into()]).await?;
    let needed = is_standing(&held);
    let kept = held.record::<credential::Row>(credential::ROW);
    let rows = held.under(PREFIX).map(|(key, _)| [PREFIX, key].concat());
    let mut all = rows.map(|row| (held.record::<RevocationRow>(&row), row)).collect::<Vec<_>>();
    let mut change = held.writes();
    let mut is_change = false;
    if !needed && held.row(credential::ROW).is_some() {
        (change, is_change) = (change.remove(credential::ROW), true);
        let due = kept.clone().map(|kept| RevocationRow::new(kept.origin, kept.sealed, now));
        all.extend(due.map(|due| (due.row(), due)).map(|(row, due)| (Some(due), row)));
    }
    let mut items = Vec::new();
    for (due, id) in all {
        if due.as_ref().is_some_and(|due| due.at > now) {
            continue;
        }
        is_change = true;
        // A credential stays if the provider would end with it what is still needed.
        let spared = |due: &RevocationRow| {
            let is_the_same = kept.as_ref().is_some_and(|kept| kept.origin.token == due.origin.token);
            needed && (!due.origin.single || is_the_same)
        };
        let Some(due) = due.filter(|due| !spared(due)) else {
            change = change.remove(id);
            continue;
        };
        let credential = keys.open_text(&binding(object), &due.sealed).and_then(|text| String::from_utf8(text).ok());
        let wait = WAITS.get(due.tries).filter(|_| credential.is_some());
        let item = DueRevocation { id: id.clone(), credential, origin: due.origin.clone(), last: wait.is_none() };
        items.push(item);
        change = match wait {
            Some(wait) => RevocationRow { tries: due.tries + 1, at: now + wait, ..due }.put(change, id),
            None => change.remove(id),
        };
    }
    if is_change {
        change.commit(flow);
    }
    Ok(DueRevocations { due: items })
}

/// Inside the object: these need no further attempt.
pub(crate) async fn settled(
    flow: &Flow<'_>,
    SettledRevocations { settled }: SettledRevocations,
) -> Result<bool, InvalidCall> {
    let held = RowSet::read(flow, vec![], vec![]).await?;
    let rows = settled.into_iter().filter(|id| id.starts_with(PREFIX));
    rows.fold(held.writes(), RowWrites::remove).commit(flow);
    Ok(true)
}

/// Inside the object: answers [`IsNeeded`].
pub(crate) async fn is_needed(flow: &Flow<'_>) -> Result<bool, InvalidCall> {
    Ok(is_standing(&RowSet::read(flow, vec![], vec![grant::PREFIX.into()]).await?))
}

impl DueRevocation {
    /// Revokes it, and logs that; `request` is the request that caused it. True if no further attempt is needed.
    async fn revoke<I: Identity>(
        &self,
        flow: &Flow<'_>,
        server: &AuthorizationServer<'_, I>,
        request: Option<&str>,
    ) -> bool {
        let log = |event, reason| {
            let (upstream, subject) = (Some(server.identity.name()), self.origin.subject.as_deref());
            AuditEvent { event, upstream, subject, reason, request, ..AuditEvent::default() }.log(flow);
        };
        let Some(credential) = &self.credential else {
            log("upstream credential not revoked", Some("it is sealed under a secret that was removed"));
            return true;
        };
        match server.identity.revoke(flow, credential).await {
            Ok(true) => log("upstream credential revoked", None),
            Ok(false) => log("upstream credential forgotten", Some("the upstream does not support revocation")),
            Err(denied) => {
                log("upstream credential not revoked", Some(&denied.reason));
                return self.last || denied.kind == SignInErrorKind::Refused;
            }
        }
        true
    }
}

/// In the Worker, or an object's alarm: revokes the credentials that are due, as far as they belong to this provider.
///
/// Waits: one for each at the upstream, and one more for those that no object of their person has.
pub async fn revoke_upstream<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    released: &DueRevocations,
    request: Option<&str>,
) -> SettledRevocations {
    let mut settled = Vec::new();
    for item in released.due.iter().filter(|item| item.origin.mark == server.identity.mark()) {
        if is_needed_elsewhere(flow, &item.origin).await || item.revoke(flow, server, request).await {
            settled.push(item.id.clone());
        }
    }
    SettledRevocations { settled }
}

/// Whether the provider would end with it what a grant of the person needs, according to another object. If this cannot
/// be decided, it is needed.
async fn is_needed_elsewhere(flow: &Flow<'_>, origin: &Origin) -> bool {
    let Some(object) = origin.elsewhere.clone().filter(|_| !origin.single) else { return false };
    ask(flow, object, &IsNeeded {}).await != Ok(false)
}

/// In the Worker, after a grant has ended: if it was the person's last one, the credential is deleted here and revoked
/// upstream. Nothing depends on it, so a failure is no error.
///
/// Waits: one; if something is due, one at the upstream and one more; none without an upstream.
pub(crate) async fn revoke_due<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    object: &str,
    request: Option<&str>,
) {
    if !server.identity.keeps_credentials() {
        return;
    }
    // The object's alarm tries again.
    let Ok(released) = ask(flow, object, &Release {}).await else { return };
    let settled = revoke_upstream(flow, server, &released, request).await;
    if !settled.settled.is_empty() {
        let _ = ask(flow, object, &settled).await;
    }
}

/// In the Worker: revokes what the upstream has issued for a person who gets no grant. Tried once.
///
/// Waits: one at the upstream; one more if that would end all that the person has.
pub(crate) async fn revoke_unused<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    (id, credential): (Option<&str>, Option<&str>),
    request: &str,
) {
    let Some(credential) = credential.filter(|_| server.identity.keeps_credentials()) else { return };
    if id.is_none() && server.identity.ends_all() {
        return;
    }
    let subject = id.map(|id| server.subject(id));
    let elsewhere = subject.as_deref().map(|subject| grant::object(&server.issuer, subject));
    let origin = Origin { elsewhere, ..Origin::of(server.identity, subject, credential) };
    if is_needed_elsewhere(flow, &origin).await {
        return;
    }
    let item = DueRevocation { id: String::new(), credential: Some(credential.to_owned()), origin, last: true };
    item.revoke(flow, server, Some(request)).await;
}
