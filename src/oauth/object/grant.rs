//! Grants, inside the object of their subject: a person's authorization for a client, with the code that begins it and the
//! refresh tokens that continue it.

use serde::{Deserialize, Serialize};

use super::approval::{self, Approval};
use super::credential::{self, ReceivedCredential};
use super::ledger::{self, Event, Ledger, RequestTrace};
use super::upstream_lease::UpstreamLease;
use super::{Decision, InvalidCall, RowSet, call, outbox};
use crate::crypto::{Keys, Purpose, SealContext, encode, hash};
use crate::flow::Flow;
use crate::identity::Identity;
use crate::json::{Json, ObjectText};
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::client::Auth;
use crate::oauth::code::Code;
use crate::oauth::config::Lifetimes;
use crate::oauth::revocation_rules::{self, Rules};

/// The name of a subject's object. It does not depend on a key, and does not reveal the subject.
#[must_use]
pub fn object(issuer: &str, subject: &str) -> String {
    "subject:".to_owned() + &encode(&hash("subject", &[issuer.as_bytes(), subject.as_bytes()]))
}

/// A person has allowed a client's request.
#[derive(Serialize, Deserialize)]
pub(crate) struct GrantRequest {
    pub(crate) request: AuthorizationRequest,
    /// `user:<identity>:<id>`.
    pub(crate) subject: String,
    /// How the person recognises the account.
    pub(crate) label: String,
    /// `this.props` for tools.
    pub(crate) props: Json,
    /// Whether access tokens may contain the props.
    pub(crate) inline: bool,
    /// The approval to remember, if consent was asked for here.
    pub(crate) approval: Option<Approval>,
    pub(crate) credential: Option<ReceivedCredential>,
    pub(crate) lifetimes: Lifetimes,
    pub(crate) traced: RequestTrace,
}

// The code.
call!(GrantRequest, "grant" => Decision<String>);

/// The props of a grant whose tokens do not contain them.
#[derive(Serialize, Deserialize)]
pub(crate) struct Props {
    pub(crate) grant: String,
}

// `None` if the grant has ended.
call!(Props, "props" => Option<ObjectText>);

/// Whether a grant is active.
#[derive(Serialize, Deserialize)]
pub(crate) struct IsActive {
    pub(crate) grant: String,
    pub(crate) rules: Option<Rules>,
}

call!(IsActive, "stands" => bool);

/// Access tokens contain the props if these are short and contain no secret of the upstream.
pub(crate) fn is_inline<I: Identity>(identity: &I, props: &str, credential: Option<&str>) -> bool {
    let known = credential.and_then(|credential| identity.credential(credential));
    props.len() <= MAX_INLINE && !known.is_some_and(|known| known.is_mentioned(props))
}

/// The row `grant:<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) client: String,
    /// The client's name for itself.
    pub(crate) name: String,
    pub(crate) auth: Auth,
    pub(crate) redirect: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) resource: String,
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) label: String,
    /// Sealed: they may contain an upstream's token.
    pub(crate) props: String,
    /// Whether access tokens contain the props.
    pub(crate) inline: bool,
    /// Milliseconds since 1970.
    pub(crate) created: u64,
    pub(crate) used: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) family: Option<RefreshTokenFamily>,
    /// The request that asks the upstream, with the valid refresh token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) asking: Option<UpstreamLease>,
    /// When the upstream last confirmed who the person is, in milliseconds since 1970 …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) checked: Option<u64>,
    /// … and the scopes that the person could have then; `None` for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) may: Option<Vec<String>>,
}

/// The refresh tokens of a grant: one that is valid, and the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RefreshTokenFamily {
    /// The number of rotations.
    pub(crate) generation: u64,
    /// Hash of the valid token's secret.
    pub(crate) current: String,
    /// The former token's hash, when it was replaced, and by what request.
    pub(crate) previous: Option<PreviousToken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviousToken {
    pub(crate) secret: String,
    pub(crate) rotated: u64,
    /// The `scope` and `resource` of the request that replaced it.
    pub(crate) asked: String,
}

pub(crate) const PREFIX: &str = "grant:";
/// How long a grant whose code was not redeemed is stored after the code has expired, in milliseconds.
const UNREDEEMED: u64 = 5 * 60 * 1000;
/// Maximum number of grants of one client and one subject; a new one replaces the one that has been unused the longest.
const MAX_OF_CLIENT: usize = 20;
const MAX_OF_SUBJECT: usize = 200;
/// Longer props are not part of tokens, in bytes.
const MAX_INLINE: usize = 1024;

impl Grant {
    pub(crate) fn row(id: &str) -> String {
        PREFIX.to_owned() + id
    }

    /// When it ends if nothing more happens, in milliseconds since 1970.
    pub(crate) fn ends(&self, lifetimes: Lifetimes) -> u64 {
        let idle = self.used + lifetimes.idle * 1000;
        idle.min(self.created + lifetimes.grant * 1000)
    }

    /// Replaces the props.
    pub(crate) fn renew(&mut self, flow: &Flow<'_>, keys: &Keys, props: &Json, inline: bool) {
        self.props = keys.seal_text(flow.context(), &binding(&self.issuer, &self.id), props.as_bytes());
        self.inline = inline;
    }

    /// Seals the props under the current key. False if they cannot be opened any more.
    #[must_use]
    pub(crate) fn reseal(&mut self, flow: &Flow<'_>, keys: &Keys) -> bool {
        if keys.is_current(&self.props) {
            return true;
        }
        let Some(props) = self.opened_props(keys) else { return false };
        self.props = keys.seal_text(flow.context(), &binding(&self.issuer, &self.id), props.as_bytes());
        true
    }

    /// `this.props` for tools.
    pub(crate) fn opened_props(&self, keys: &Keys) -> Option<Json> {
        let props = keys.open_text(&binding(&self.issuer, &self.id), &self.props)?;
        String::from_utf8(props).ok().map(Json::from_text)
    }
}

fn binding<'a>(issuer: &'a str, id: &'a str) -> SealContext<'a> {
    SealContext { purpose: Purpose::Credential, issuer, audience: id }
}

/// Inside the object: creates a grant with its code. Grants that it replaces end.
pub(crate) async fn begin(
    flow: &Flow<'_>,
    keys: &Keys,
    object: &str,
    input: GrantRequest,
) -> Result<Decision<String>, InvalidCall> {
    let (context, now) = (flow.context(), flow.context().now());
    let GrantRequest { request, lifetimes, .. } = input;
    let (rows, prefixes) = ledger::rows(vec![credential::ROW.into()], vec![PREFIX.into()]);
    let held = RowSet::read(flow, rows, prefixes).await?;
    let mut ledger = Ledger::read(flow, keys, &held, &input.traced);
    let id = encode(&context.random::<16>("grant"));
    let grant = Grant {
        inline: input.inline,
        props: keys.seal_text(context, &binding(&request.issuer, &id), input.props.as_bytes()),
        id,
        client: request.client,
        name: request.name,
        auth: request.auth,
        redirect: request.redirect,
        scopes: request.scopes,
        resource: request.resource,
        issuer: request.issuer,
        subject: input.subject,
        label: input.label,
        created: now,
        used: now,
        revoked: None,
        family: None,
        asking: None,
        checked: None,
        may: None,
    };
    let code = Code::fresh(context, object, &grant.id, lifetimes);
    let expires = Some(code.expires + UNREDEEMED);
    let mut change = held.writes().put(Grant::row(&grant.id), &grant, expires).put(
        Code::key(&grant.id),
        &code.row(request.challenge),
        expires,
    );
    if let Some(sent) = input.credential {
        change = sent.seal(flow, keys, object).replace(change, &held, now);
    }
    if let Some(approval) = input.approval {
        change = approval::record(change, now, now + lifetimes.grant * 1000, approval);
    }
    let ended = superseded(&held, &grant.client);
    for old in &ended {
        let reason = Some("a newer grant replaced it");
        let event = Event { name: ledger::ENDED, client: &old.client, grant: &old.id, scopes: &[], reason };
        change = outbox::enqueue_grant_end(change.remove(Grant::row(&old.id)), now, &old.id);
        change = ledger.wrote(change, &grant.subject, event);
    }
    let event =
        Event { name: ledger::GRANTED, client: &grant.client, grant: &grant.id, scopes: &grant.scopes, reason: None };
    ledger.wrote(change, &grant.subject, event).commit(flow);
    let decided = Decision::new(code.seal(context, keys, &grant.issuer));
    Ok(ledger.report(decided.ending(ended.iter().map(|old| &*old.id))))
}

/// The grants that a new one replaces.
fn superseded(held: &RowSet, client: &str) -> Vec<Grant> {
    let mut all = Vec::<Grant>::new();
    for grant in held.records::<Grant>(PREFIX).filter(|grant| grant.revoked.is_none()) {
        // The most recently used one comes first.
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

/// Inside the object: answers [`Props`].
pub(crate) async fn props(
    flow: &Flow<'_>,
    keys: &Keys,
    Props { grant }: &Props,
) -> Result<Option<ObjectText>, InvalidCall> {
    let row = Grant::row(grant);
    let held = RowSet::read(flow, vec![row.clone()], vec![]).await?;
    let grant = held.record::<Grant>(&row).filter(|grant| grant.revoked.is_none());
    Ok(grant.and_then(|grant| grant.opened_props(keys)).map(ObjectText))
}

/// Inside the object: answers [`IsActive`].
pub(crate) async fn is_active(flow: &Flow<'_>, IsActive { grant, rules }: &IsActive) -> Result<bool, InvalidCall> {
    let row = Grant::row(grant);
    let held = RowSet::read(flow, vec![row.clone()], vec![]).await?;
    let grant = held.record::<Grant>(&row);
    Ok(grant.is_some_and(|grant| grant.revoked.is_none() && !revocation_rules::ends_grant(rules.as_ref(), &grant)))
}
