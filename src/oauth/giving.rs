//! Giving upstream credentials back: with the last grant of a person, when they were replaced, and where nobody came to need
//! them.
//!
//! **Threat.** Tokens of people who are long gone lie here, and are good at their provider for years.
//! **Guarantee.** A credential stays no longer than a grant that needs it, whether that ended or ran out. Then the provider is
//! told; where it does not answer, it is told again, several times within four days, by the object's alarm. The operator is
//! told in either case.
//! **Not guaranteed.** That a provider can be told: Entra cannot. Nothing is given back by which a provider would end what
//! another grant needs ([`Identity::ends_all`]).

use super::grant::{self, Grant};
use super::identity::{Deny, Identity};
use super::object::{Change, Held, Refused};
use super::record::{Members, Reading as _};
use super::{Site, credential};
use crate::crypto::{Binding, Keys, Purpose, encode, hash};
use crate::flow::{Ask, Commit, Flow};
use crate::json::{Object, Value, array};

/// Rows of what has to go back. Their end is when it is time to try (again); they are deleted by these flows alone.
pub(super) const PREFIX: &str = "due:";
/// How long to wait after each time that the provider has not answered, in milliseconds.
const WAITS: [u64; 6] = [10 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR, 24 * HOUR, 48 * HOUR];
const MINUTE: u64 = 60 * 1000;
const HOUR: u64 = 60 * MINUTE;
/// A credential that was replaced may still be in the hands of tools, and in props, in milliseconds.
const REPLACED: u64 = 24 * HOUR;

/// What has to be known of a credential when it goes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    /// [`Identity::mark`]. None in records of former versions.
    pub(super) mark: Option<String>,
    /// The provider ends this one alone.
    pub(super) single: bool,
    /// By which it is told from another: a hash of its access token.
    pub(super) token: Option<String>,
    /// The typed subject of its person.
    pub(super) subject: Option<String>,
    /// The object with the grants of that person, where that is another one.
    pub(super) elsewhere: Option<String>,
}

impl Origin {
    pub(super) fn read(record: &Object<'_>) -> Self {
        Self {
            mark: record.text("upstream"),
            single: record.flag("single"),
            token: record.text("token"),
            subject: record.text("subject"),
            elsewhere: record.text("elsewhere"),
        }
    }

    pub(super) fn write(&self, members: Members) -> Members {
        members
            .maybe("upstream", self.mark.as_deref())
            .flag("single", self.single)
            .maybe("token", self.token.as_deref())
            .maybe("subject", self.subject.as_deref())
            .maybe("elsewhere", self.elsewhere.as_deref())
    }

    /// Of a credential of `identity`'s.
    pub(super) fn of<I: Identity>(identity: &I, subject: Option<String>, credential: &str) -> Self {
        let token = identity.credential(credential).map(|known| known.access);
        let token = token.map(|token| encode(&hash("upstream token", &[token.as_bytes()])));
        Self { mark: Some(identity.mark()), single: !identity.ends_all(), token, subject, elsewhere: None }
    }
}

/// A row of what has to go back: the sealed credential.
pub(super) struct Due {
    pub(super) origin: Origin,
    pub(super) sealed: String,
    /// How often it was tried.
    tries: usize,
    /// When it is time, in milliseconds since 1970.
    at: u64,
}

impl Due {
    /// At `at`.
    pub(super) fn new(origin: Origin, sealed: String, at: u64) -> Self {
        Self { origin, sealed, tries: 0, at }
    }

    /// What the Worker has sent, `{"credential":"…","upstream":"…",…}`, if it has; due at `at`.
    pub(super) fn sent(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>, at: u64) -> Option<Self> {
        let credential = input.text("credential")?;
        let sealed = keys.seal_text(flow.context(), &binding(object), credential.as_bytes());
        Some(Self::new(Origin::read(input), sealed, at))
    }

    /// What was replaced, if it has to go back by itself.
    pub(super) fn replaced(origin: Origin, sealed: String, newer: &Origin, now: u64) -> Option<Self> {
        let is_another = origin.token.is_some() && origin.token != newer.token;
        (origin.single && is_another).then(|| Self::new(origin, sealed, now + REPLACED))
    }

    /// The key of its row: the same credential is there once.
    pub(super) fn row(&self) -> String {
        let id = hash("credential that is due", &[self.sealed.as_bytes()]);
        [PREFIX, &encode(id.first_chunk::<12>().unwrap_or(&[0; 12]))].concat()
    }

    fn to_json(&self) -> String {
        let members = Members::version(1).text("sealed", &self.sealed).number("at", self.at);
        let tries = u64::try_from(self.tries).unwrap_or(u64::MAX);
        self.origin.write(members.number("tries", tries)).end()
    }

    /// Writes its row, which wakes the object when it is time.
    pub(super) fn put(&self, change: Change, row: String) -> Change {
        change.put(row, self.to_json(), Some(self.at))
    }

    fn read(row: &str) -> Option<Self> {
        let row = Object::read(row).ok()?;
        let tries = usize::try_from(row.number("tries")?).ok()?;
        Some(Self { origin: Origin::read(&row), sealed: row.text("sealed")?, tries, at: row.number("at")? })
    }
}

/// How credentials are sealed inside the object of this name.
pub(super) fn binding(object: &str) -> Binding<'_> {
    Binding { purpose: Purpose::Credential, issuer: "", audience: object }
}

/// Inside the object: what it is time to give back, `{"due":[{"id":"…","credential":"…","upstream":"…",…}]}`. Where no grant
/// is left that could need it, the credential is among it. Whoever gets it tries, and says which were [`settled`]; the others
/// are due again later, a few times.
pub(super) async fn release(flow: &Flow<'_>, keys: &Keys, object: &str) -> Result<String, Refused> {
    let now = flow.context().now();
    let held = Held::read(flow, vec![credential::ROW.into()], vec![grant::PREFIX.into(), PREFIX.into()]).await?;
    let needed = held.under(grant::PREFIX).filter_map(|(_, row)| Grant::read(row)).any(|grant| grant.revoked.is_none());
    let kept = held.row(credential::ROW).and_then(credential::Row::read);
    let mut all = held.under(PREFIX).map(|(key, row)| ([PREFIX, key].concat(), Due::read(row))).collect::<Vec<_>>();
    let mut change = held.writes();
    let mut is_change = false;
    if !needed && held.row(credential::ROW).is_some() {
        (change, is_change) = (change.remove(credential::ROW), true);
        let due = kept.clone().map(|kept| Due::new(kept.origin, kept.sealed, now));
        all.extend(due.map(|due| (due.row(), Some(due))));
    }
    let mut items = Vec::new();
    for (row, due) in all {
        if due.as_ref().is_some_and(|due| due.at > now) {
            continue;
        }
        is_change = true;
        // What the provider would end together with what is needed, stays as it is.
        let spared = |due: &Due| {
            let is_the_same = kept.as_ref().is_some_and(|kept| kept.origin.token == due.origin.token);
            needed && (!due.origin.single || is_the_same)
        };
        let Some(due) = due.filter(|due| !spared(due)) else {
            change = change.remove(row);
            continue;
        };
        let members = due.origin.write(Members::new().text("id", &row));
        let opened = keys.open_text(&binding(object), &due.sealed).and_then(|text| String::from_utf8(text).ok());
        let wait = WAITS.get(due.tries).filter(|_| opened.is_some());
        change = match wait {
            Some(wait) => {
                let due = Due { tries: due.tries + 1, at: now + wait, ..due };
                due.put(change, row)
            }
            None => change.remove(row),
        };
        items.push(members.maybe("credential", opened.as_deref()).flag("last", wait.is_none()).end());
    }
    if is_change {
        change.commit(flow);
    }
    Ok(Members::new().raw("due", &array(items)).end())
}

/// Inside the object: these need no further try.
pub(super) async fn settled(flow: &Flow<'_>, input: &Object<'_>) -> Result<String, Refused> {
    let ids = input.texts("settled").ok_or(Refused)?;
    let held = Held::read(flow, vec![], vec![]).await?;
    let rows = ids.into_iter().filter(|id| id.starts_with(PREFIX));
    rows.fold(held.writes(), Change::remove).commit(flow);
    Ok("true".into())
}

/// Inside the object: whether a grant stands that needs a credential.
pub(super) async fn is_needed(flow: &Flow<'_>) -> Result<String, Refused> {
    let held = Held::read(flow, vec![], vec![grant::PREFIX.into()]).await?;
    let needed = held.under(grant::PREFIX).filter_map(|(_, row)| Grant::read(row)).any(|grant| grant.revoked.is_none());
    Ok(if needed { "true" } else { "false" }.into())
}

/// One credential that goes back.
struct Item<'a> {
    id: String,
    credential: Option<String>,
    origin: Origin,
    last: bool,
    /// The request that was the reason.
    request: Option<&'a str>,
}

impl Item<'_> {
    fn read(item: Value<'_>) -> Option<Self> {
        let item = item.object().ok()?;
        Some(Self {
            id: item.text("id")?,
            credential: item.text("credential"),
            origin: Origin::read(&item),
            last: item.flag("last"),
            request: None,
        })
    }

    /// Gives it back, and tells the operator. True where nothing more is to be done.
    async fn give<I: Identity>(&self, flow: &Flow<'_>, site: &Site<'_, I>) -> bool {
        let tell = |event: &str, reason: Option<&str>| {
            let event = Members::new()
                .text("event", event)
                .text("upstream", site.identity.name())
                .maybe("subject", self.origin.subject.as_deref())
                .maybe("reason", reason)
                .maybe("request", self.request);
            flow.commit(Commit::Audit(event.end()));
        };
        let Some(credential) = &self.credential else {
            tell("upstream credential not revoked", Some("it is sealed under a secret that is gone"));
            return true;
        };
        match site.identity.revoke(flow, credential).await {
            Ok(true) => tell("upstream credential revoked", None),
            Ok(false) => tell("upstream credential forgotten", Some("the upstream takes no revocations")),
            Err(denied) => {
                tell("upstream credential not revoked", Some(&denied.reason));
                return self.last || denied.kind == Deny::Refused;
            }
        }
        true
    }
}

/// In the Worker, or an object's alarm: gives back what is due, `[{…},…]`, as far as it is this provider's. Answers which are
/// settled.
///
/// Waits: one for each at the upstream, and one more for what no object of its person has.
pub async fn give<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    due: Value<'_>,
    request: Option<&str>,
) -> Vec<String> {
    let mut settled = Vec::new();
    for item in due.array().unwrap_or_default().into_iter().filter_map(Item::read) {
        let item = Item { request, ..item };
        let is_ours = item.origin.mark.as_ref().is_none_or(|mark| *mark == site.identity.mark());
        if is_ours && (is_needed_elsewhere(flow, &item.origin).await || item.give(flow, site).await) {
            settled.push(item.id);
        }
    }
    settled
}

/// Whether the provider would end with it what a grant of the person needs, as another object knows. What cannot be told is
/// needed.
async fn is_needed_elsewhere(flow: &Flow<'_>, origin: &Origin) -> bool {
    let Some(object) = origin.elsewhere.clone().filter(|_| !origin.single) else { return false };
    let needed = flow.obtain(&Ask { object, call: "needed", input: "{}".into() }).await;
    needed.as_deref() != Ok("false")
}

/// In the Worker, after a grant has ended: if it was the last one of its person, the credential is forgotten here and revoked
/// upstream. Nothing depends on it, so a failure is no error.
///
/// Waits: one, and where something is due one at the upstream and one more; none without an upstream.
pub(super) async fn give_back<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, object: &str, request: Option<&str>) {
    if !site.identity.keeps_credentials() {
        return;
    }
    let ask = |call, input| flow.obtain(&Ask { object: object.into(), call, input });
    // The object's alarm comes back to it.
    let Ok(released) = ask("release", "{}".into()).await else { return };
    let Some(due) = Object::read(&released).ok().and_then(|released| released.get("due")) else { return };
    let ids = give(flow, site, due, request).await;
    if !ids.is_empty() {
        let input = Members::new().texts("settled", ids.iter().map(String::as_str)).end();
        let _ = ask("settled", input).await;
    }
}

/// In the Worker: gives back what the upstream has issued for somebody who gets nothing. Tried once.
///
/// Waits: one at the upstream; one more where that would end all that the person has.
pub(super) async fn give_up<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    (id, credential): (Option<&str>, Option<&str>),
    request: &str,
) {
    let Some(credential) = credential.filter(|_| site.identity.keeps_credentials()) else { return };
    if id.is_none() && site.identity.ends_all() {
        return;
    }
    let subject = id.map(|id| ["user:", site.identity.name(), ":", id].concat());
    let elsewhere = subject.as_deref().map(|subject| grant::object(&site.issuer, subject));
    let origin = Origin { elsewhere, ..Origin::of(site.identity, subject, credential) };
    if is_needed_elsewhere(flow, &origin).await {
        return;
    }
    let (id, credential) = (String::new(), Some(credential.to_owned()));
    Item { id, credential, origin, last: true, request: Some(request) }.give(flow, site).await;
}
