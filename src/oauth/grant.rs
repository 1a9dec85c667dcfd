//! Grants, inside the object of their subject: what a person has allowed a client, with the code that begins it and the
//! refresh tokens that carry it on.

use super::asking::Asking;
use super::authorize::Pending;
use super::client::Auth;
use super::identity::Person;
use super::ledger::{self, Event, Ledger};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _, list};
use super::server::Lifetimes;
use super::token::Code;
use super::{Identity, approval, credential, outbox};
use crate::crypto::{Binding, Keys, Purpose, encode, hash};
use crate::flow::Flow;
use crate::json::Object;

/// The name of the object of a subject. No key is in it, and nobody reads the subject out of it.
#[must_use]
pub fn object(issuer: &str, subject: &str) -> String {
    "subject:".to_owned() + &encode(&hash("subject", &[issuer.as_bytes(), subject.as_bytes()]))
}

/// What the Worker asks a grant for.
#[derive(Debug)]
pub(super) struct Granting<'a> {
    pub(super) pending: &'a Pending,
    pub(super) person: &'a Person,
    /// `user:<identity>:<id>`.
    pub(super) subject: &'a str,
    pub(super) lifetimes: Lifetimes,
    /// Whether access tokens may carry the props.
    pub(super) inline: bool,
}

impl Granting<'_> {
    pub(super) fn members(&self) -> Members {
        Members::new()
            .raw("request", &self.pending.to_json())
            .text("subject", self.subject)
            .text("label", &self.person.label)
            .text("props", &self.person.props)
            .flag("inline", self.inline)
            .raw("lifetimes", &self.lifetimes.to_json())
    }
}

/// Props travel in access tokens if they are short and hold nothing of the upstream's.
pub(super) fn is_inline<I: Identity>(identity: &I, props: &str, credential: Option<&str>) -> bool {
    let known = credential.and_then(|credential| identity.credential(credential));
    props.len() <= MAX_INLINE && !known.is_some_and(|known| known.is_mentioned(props))
}

impl Lifetimes {
    pub(super) fn to_json(self) -> String {
        Members::new()
            .number("code", self.code)
            .number("access", self.access)
            .number("idle", self.idle)
            .number("grant", self.grant)
            .number("replay", self.replay)
            .end()
    }

    pub(super) fn read(input: &Object<'_>) -> Option<Self> {
        let lifetimes = input.get("lifetimes")?.object().ok()?;
        Some(Self {
            code: lifetimes.number("code")?,
            access: lifetimes.number("access")?,
            idle: lifetimes.number("idle")?,
            grant: lifetimes.number("grant")?,
            replay: lifetimes.number("replay")?,
        })
    }
}

/// The row `grant:<id>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) client: String,
    /// What the client calls itself.
    pub(super) name: String,
    pub(super) auth: Auth,
    pub(super) redirect: String,
    pub(super) scopes: Vec<String>,
    pub(super) resource: String,
    pub(super) issuer: String,
    pub(super) subject: String,
    pub(super) label: String,
    /// Sealed: they may hold an upstream's token.
    pub(super) props: String,
    /// Whether access tokens carry the props.
    pub(super) inline: bool,
    /// Milliseconds since 1970.
    pub(super) created: u64,
    pub(super) used: u64,
    pub(super) revoked: Option<u64>,
    pub(super) family: Option<Family>,
    /// Who asks the upstream, for the valid refresh token.
    pub(super) asking: Option<Asking>,
    /// When the upstream has last said who the person is, in milliseconds since 1970 …
    pub(super) checked: Option<u64>,
    /// … and the scopes that the person might have then; all where there is no such rule.
    pub(super) may: Option<Vec<String>>,
}

/// The refresh tokens of a grant: one that is valid, and the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Counts rotations.
    pub(super) generation: u64,
    /// Hash of the valid token's secret.
    pub(super) current: String,
    /// Hash of the one before, when it was replaced, and with which scopes asked.
    pub(super) previous: Option<Previous>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Previous {
    pub(super) secret: String,
    pub(super) rotated: u64,
    /// The `scope` and `resource` of the request that replaced it.
    pub(super) asked: String,
}

pub(super) const PREFIX: &str = "grant:";
/// A grant whose code has not come is kept for this long after the code's end, in milliseconds.
const UNREDEEMED: u64 = 5 * 60 * 1000;
/// Grants of one client and of one subject; the one that was used longest ago makes room.
const MAX_OF_CLIENT: usize = 20;
const MAX_OF_SUBJECT: usize = 200;
/// Props of more bytes do not travel in tokens.
const MAX_INLINE: usize = 1024;

impl Grant {
    pub(super) fn row(id: &str) -> String {
        PREFIX.to_owned() + id
    }

    /// The record, version 1.
    pub(super) fn to_json(&self) -> String {
        let mut members = Members::version(1)
            .text("id", &self.id)
            .text("client", &self.client)
            .text("name", &self.name)
            .text("redirect", &self.redirect)
            .texts("scopes", self.scopes.iter().map(String::as_str))
            .text("resource", &self.resource)
            .text("issuer", &self.issuer)
            .text("subject", &self.subject)
            .text("label", &self.label)
            .text("props", &self.props)
            .flag("inline", self.inline)
            .number("created", self.created)
            .number("used", self.used);
        if let Some(revoked) = self.revoked {
            members = members.number("revoked", revoked);
        }
        if let Some(family) = &self.family {
            members = members.number("generation", family.generation).text("current", &family.current);
            if let Some(previous) = &family.previous {
                members = members
                    .text("previous", &previous.secret)
                    .number("rotated", previous.rotated)
                    .text("asked", &previous.asked);
            }
        }
        if let Some(asking) = &self.asking {
            members = asking.write(members);
        }
        if let Some(checked) = self.checked {
            members = members.number("checked", checked);
        }
        if let Some(may) = &self.may {
            members = members.texts("may", may.iter().map(String::as_str));
        }
        self.auth.write(members).end()
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let record = Object::read(text).ok()?;
        (record.number("v")? == 1).then_some(())?;
        let previous = || {
            let (secret, rotated) = (record.text("previous")?, record.number("rotated")?);
            Some(Previous { secret, rotated, asked: record.text("asked")? })
        };
        let family = || {
            let (generation, current) = (record.number("generation")?, record.text("current")?);
            Some(Family { generation, current, previous: previous() })
        };
        Some(Self {
            id: record.text("id")?,
            client: record.text("client")?,
            name: record.text("name")?,
            auth: Auth::read(&record)?,
            redirect: record.text("redirect")?,
            scopes: record.texts("scopes")?,
            resource: record.text("resource")?,
            issuer: record.text("issuer")?,
            subject: record.text("subject")?,
            label: record.text("label")?,
            props: record.text("props")?,
            inline: record.flag("inline"),
            created: record.number("created")?,
            used: record.number("used")?,
            revoked: record.number("revoked"),
            family: family(),
            asking: Asking::read(&record),
            checked: record.number("checked"),
            may: record.texts("may"),
        })
    }

    /// When it ends if nothing more happens, in milliseconds since 1970.
    pub(super) fn ends(&self, lifetimes: Lifetimes) -> u64 {
        let idle = self.used + lifetimes.idle * 1000;
        idle.min(self.created + lifetimes.grant * 1000)
    }

    /// Takes new props over.
    pub(super) fn renew(&mut self, flow: &Flow<'_>, keys: &Keys, props: &str, inline: bool) {
        self.props = keys.seal_text(flow.context(), &binding(&self.issuer, &self.id), props.as_bytes());
        self.inline = inline;
    }

    /// Seals the props under the current key. False if they do not open any more.
    #[must_use]
    pub(super) fn reseal(&mut self, flow: &Flow<'_>, keys: &Keys) -> bool {
        if keys.is_current(&self.props) {
            return true;
        }
        let Some(props) = self.opened_props(keys) else { return false };
        self.props = keys.seal_text(flow.context(), &binding(&self.issuer, &self.id), props.as_bytes());
        true
    }

    /// What tools get as `this.props`, JSON text.
    pub(super) fn opened_props(&self, keys: &Keys) -> Option<String> {
        String::from_utf8(keys.open_text(&binding(&self.issuer, &self.id), &self.props)?).ok()
    }
}

fn binding<'a>(issuer: &'a str, id: &'a str) -> Binding<'a> {
    Binding { purpose: Purpose::Credential, issuer, audience: id }
}

/// Makes a grant with its code. Answers `{"code":"…","ended":[…]}`; `ended` are grants that made room.
pub(super) async fn begin(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let context = flow.context();
    let pending = input.get("request").and_then(|request| request.object().ok()).ok_or(Refused)?;
    let pending = Pending::read(&pending).ok_or(Refused)?;
    let props = input.text("props").ok_or(Refused)?;
    let lifetimes = Lifetimes::read(input).ok_or(Refused)?;
    let (rows, prefixes) = ledger::rows(vec![credential::ROW.into()], vec![PREFIX.into()]);
    let held = Held::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let id = encode(&context.random::<16>("grant"));
    let grant = Grant {
        inline: input.flag("inline"),
        props: keys.seal_text(context, &binding(&pending.issuer, &id), props.as_bytes()),
        id,
        client: pending.client,
        name: pending.name,
        auth: pending.auth,
        redirect: pending.redirect,
        scopes: pending.scopes,
        resource: pending.resource,
        issuer: pending.issuer,
        subject: input.text("subject").ok_or(Refused)?,
        label: input.text("label").ok_or(Refused)?,
        created: context.now(),
        used: context.now(),
        revoked: None,
        family: None,
        asking: None,
        checked: None,
        may: None,
    };
    let code = Code::fresh(context, object, &grant.id, lifetimes);
    let expires = code.expires + UNREDEEMED;
    let mut change = held.writes().put(Grant::row(&grant.id), grant.to_json(), Some(expires)).put(
        Code::row(&grant.id),
        code.record(&pending.challenge),
        Some(expires),
    );
    if let Some(row) = credential::Row::sent(flow, keys, object, input) {
        change = row.replace(change, held.row(credential::ROW), context.now());
    }
    let ended = in_the_way(&held, &grant.client);
    let approved = context.now() + lifetimes.grant * 1000;
    change = approval::record(change, context.now(), approved, input)?;
    for old in &ended {
        let reason = Some("a newer grant took its place");
        let event = Event { name: ledger::ENDED, client: &old.client, grant: &old.id, scopes: &[], reason };
        change = outbox::owe_end(change.remove(Grant::row(&old.id)), context.now(), &old.id);
        change = ledger.wrote(change, &grant.subject, event);
    }
    let event =
        Event { name: ledger::GRANTED, client: &grant.client, grant: &grant.id, scopes: &grant.scopes, reason: None };
    ledger.wrote(change, &grant.subject, event).commit(flow);
    let ended = list(ended.iter().map(|old| old.id.as_str()));
    let answer = Members::new().text("code", &code.seal(context, keys, &grant.issuer)).raw("ended", &ended);
    Ok(ledger.report(answer).end())
}

/// The grants that make room for one more.
fn in_the_way(held: &Held, client: &str) -> Vec<Grant> {
    let mut all = Vec::<Grant>::new();
    let standing = held.under(PREFIX).filter_map(|(_, row)| Grant::read(row)).filter(|grant| grant.revoked.is_none());
    for grant in standing {
        // The one that was used last comes first.
        all.insert(all.partition_point(|other| other.used > grant.used), grant);
    }
    let (mut of_client, mut of_subject) = (1, 1);
    all.retain(|grant| {
        of_subject += 1;
        of_client += usize::from(grant.client == client);
        (grant.client == client && of_client > MAX_OF_CLIENT) || of_subject > MAX_OF_SUBJECT
    });
    all
}

/// The props of a grant whose tokens do not carry them: `{"props":{…}}`, or `null` if it has ended.
pub(super) async fn props(flow: &Flow<'_>, keys: &Keys, input: &Object<'_>) -> Result<String, Refused> {
    let row = Grant::row(&input.text("grant").ok_or(Refused)?);
    let held = Held::read(flow, vec![row.clone()], vec![]).await?;
    let grant = held.row(&row).and_then(Grant::read).filter(|grant| grant.revoked.is_none());
    let Some(props) = grant.and_then(|grant| grant.opened_props(keys)) else { return Ok("null".into()) };
    Ok(Members::new().raw("props", &props).end())
}
