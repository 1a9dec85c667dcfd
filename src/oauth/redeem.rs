//! Redeeming an authorization code, inside the object of its subject (RFC 6749 §4.1.3, RFC 7636 §4.6).
//!
//! **Threat.** A code that leaked is redeemed by somebody else, or twice (GHSA-7w99-5wm4-3g79).
//! **Guarantee.** A code is redeemed once, however many try at the same time. Who fails one of the checks changes nothing,
//! but for the verifier: five wrong ones spend the code. Who passes all of them with a code that was used is the client
//! itself or has everything of it: then the grant ends, and with it what was issued.
//! **Not guaranteed.** That the first to come is the right one; the code verifier proves that.

use super::error::Code as Error;
use super::grant::{Family, Grant};
use super::ledger::{self, Event, Ledger};
use super::object::{Held, Refused};
use super::record::{Members, Reading as _, list};
use super::server::Lifetimes;
use super::token::{Code, Refresh, is_client, proof};
use super::{access, outbox, rule, signing};
use crate::crypto::{Keys, encode, same, sha256};
use crate::flow::Flow;
use crate::json::Object;

/// Wrong verifiers that a code survives.
const MAX_ATTEMPTS: u64 = 5;

/// Why a code is not redeemed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reject {
    Unknown,
    Secret,
    Expired,
    Client,
    Authentication,
    Redirect,
    Verifier,
    Resource,
    Spent,
    Replayed,
    Ended,
    Ruled,
}

impl Reject {
    /// What the client learns, and what the operator's log says.
    fn wire(self) -> (Error, &'static str) {
        match self {
            Self::Unknown => (Error::InvalidGrant, "there is no such code"),
            Self::Secret => (Error::InvalidGrant, "the code is not the one that was issued"),
            Self::Expired => (Error::InvalidGrant, "the code is over"),
            Self::Client => (Error::InvalidGrant, "the code is another client's"),
            Self::Authentication => (Error::InvalidClient, "the client did not authenticate as when this was granted"),
            Self::Redirect => (Error::InvalidGrant, "redirect_uri is another than at authorize"),
            Self::Verifier => (Error::InvalidGrant, "the code verifier is wrong"),
            Self::Resource => (Error::InvalidTarget, "resource is another than was granted"),
            Self::Spent => (Error::InvalidGrant, "too many wrong code verifiers"),
            Self::Replayed => (Error::InvalidGrant, "the code was used before: its grant has ended"),
            Self::Ended => (Error::InvalidGrant, "the grant has ended"),
            Self::Ruled => (Error::InvalidGrant, "the operator ended what was granted before"),
        }
    }
}

/// An error, with the grants that ended by it.
pub(super) fn refused(code: Error, reason: &str, ended: Option<&str>) -> Members {
    Members::new().text("error", code.name()).text("reason", reason).raw("ended", &list(ended))
}

/// The row `code:<grant>`.
struct Row {
    secret: String,
    challenge: String,
    expires: u64,
    attempts: u64,
    used: bool,
}

impl Row {
    fn read(text: &str) -> Option<Self> {
        let object = Object::read(text).ok()?;
        (object.number("v")? == 1).then_some(())?;
        Some(Self {
            secret: object.text("secret")?,
            challenge: object.text("challenge")?,
            expires: object.number("expires")?,
            attempts: object.number("attempts").unwrap_or(0),
            used: object.flag("used"),
        })
    }

    fn with(&self, attempts: u64, used: bool) -> String {
        Members::version(1)
            .text("secret", &self.secret)
            .text("challenge", &self.challenge)
            .number("expires", self.expires)
            .number("attempts", attempts)
            .flag("used", used)
            .end()
    }
}

/// Redeems a code, or says why not.
///
/// 1. All checks, in this order: secret, expiry, client and its authentication, redirect URI, code verifier, resource.
/// 2. A code that was used ends its grant.
/// 3. Else the grant gets its first tokens.
pub(super) async fn redeem(flow: &Flow<'_>, keys: &Keys, object: &str, input: &Object<'_>) -> Result<String, Refused> {
    let now = flow.context().now();
    let id = input.text("grant").ok_or(Refused)?;
    let lifetimes = Lifetimes::read(input).ok_or(Refused)?;
    let (rows, prefixes) = ledger::rows(vec![Grant::row(&id), Code::row(&id), outbox::end_row(&id)], vec![]);
    let held = Held::read(flow, rows, prefixes).await?;
    let rows = held.row(&Code::row(&id)).and_then(Row::read).zip(held.row(&Grant::row(&id)).and_then(Grant::read));
    let Some((code, mut grant)) = rows else { return Ok(reject(Reject::Unknown, None).end()) };
    let kept = Some(code.expires + KEPT);
    let mut ledger = Ledger::read(flow, keys, &held, input);
    let (subject, client) = (grant.subject.clone(), grant.client.clone());
    let event = |name, reason| Event { name, client: &client, grant: &id, scopes: &[], reason };
    if let Some(seconds) = ledger.wait(&client, ledger::most(input)) {
        ledger.limited(&held, &subject, event(ledger::LIMITED, None));
        return Ok(ledger.report(ledger::slow_down(seconds)).end());
    }
    let mut refuse = |why: Reject, change, ended| {
        ledger.refused(&held, change, &subject, event("code refused", Some(why.wire().1)));
        Ok(ledger.report(reject(why, ended)).end())
    };
    match check(now, input, &code, &grant) {
        Err(Reject::Verifier) if !code.used => {
            let change = held.writes().put(Code::row(&id), code.with(code.attempts + 1, false), kept);
            return refuse(Reject::Verifier, Some(change), None);
        }
        Err(why) => return refuse(why, None, None),
        Ok(()) => {}
    }
    if grant.revoked.is_some() {
        // Said again where the others could not be told when it ended.
        return refuse(Reject::Ended, None, outbox::owes_end(&held, &id).then_some(&*id));
    }
    if rule::ends_grant(input, &grant) {
        grant.revoked = Some(now);
        let change = held.writes().put(Grant::row(&id), grant.to_json(), Some(grant.ends(lifetimes)));
        return refuse(Reject::Ruled, Some(outbox::owe_end(change, now, &id)), Some(&*id));
    }
    if code.used {
        grant.revoked = Some(now);
        let ends = Some(grant.ends(lifetimes));
        let change = held.writes().put(Grant::row(&id), grant.to_json(), ends);
        return refuse(Reject::Replayed, Some(outbox::owe_end(change, now, &id)), Some(&*id));
    }
    let issued = Issued::fresh(flow, keys, object, input, (&grant, 0), (&grant.scopes, lifetimes.access)).await?;
    grant.used = now;
    grant.family = Some(Family { generation: 0, current: proof(&issued.secret), previous: None });
    let change = held.writes().put(Code::row(&id), code.with(code.attempts, true), kept).put(
        Grant::row(&id),
        grant.to_json(),
        Some(grant.ends(lifetimes)),
    );
    let redeemed = Event { name: "code redeemed", client: &client, grant: &id, scopes: &grant.scopes, reason: None };
    ledger.wrote(change, &subject, redeemed).commit(flow);
    Ok(ledger.report(Members::new().text("ok", &issued.response)).end())
}

/// A used code is remembered for this long after its end, in milliseconds; by then nobody can open it any more.
const KEPT: u64 = 10 * 60 * 1000;

fn reject(why: Reject, ended: Option<&str>) -> Members {
    let (code, reason) = why.wire();
    refused(code, reason, ended)
}

fn check(now: u64, input: &Object<'_>, code: &Row, grant: &Grant) -> Result<(), Reject> {
    let text = |name| input.string(name).unwrap_or_default();
    if !same(proof(&text("secret")).as_bytes(), code.secret.as_bytes()) {
        return Err(Reject::Secret);
    }
    if code.expires <= now {
        return Err(Reject::Expired);
    }
    if text("client") != grant.client {
        return Err(Reject::Client);
    }
    if !is_client(input, &grant.client, &grant.auth) {
        return Err(Reject::Authentication);
    }
    // OAuth 2.1 §10.2 leaves it out; where it is there, it has to be the one (RFC 6749 §4.1.3).
    if input.string("redirect").is_some_and(|uri| uri != grant.redirect) {
        return Err(Reject::Redirect);
    }
    if code.attempts >= MAX_ATTEMPTS {
        return Err(Reject::Spent);
    }
    if !is_verifier(&text("verifier"))
        || !same(encode(&sha256(text("verifier").as_bytes())).as_bytes(), code.challenge.as_bytes())
    {
        return Err(Reject::Verifier);
    }
    if input.string("resource").is_some_and(|resource| resource != grant.resource) {
        return Err(Reject::Resource);
    }
    Ok(())
}

/// RFC 7636 §4.1.
fn is_verifier(verifier: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    (43..=128).contains(&verifier.len()) && verifier.bytes().all(is_plain)
}

/// Tokens, and the whole answer that brings them (RFC 6749 §5.1).
pub(super) struct Issued {
    pub(super) secret: String,
    pub(super) response: String,
}

impl Issued {
    /// Makes them. `input` has the key where access tokens are to be signed. Waits: one then.
    pub(super) async fn fresh(
        flow: &Flow<'_>,
        keys: &Keys,
        object: &str,
        input: &Object<'_>,
        (grant, generation): (&Grant, u64),
        (scopes, lifetime): (&[String], u64),
    ) -> Result<Self, Refused> {
        let context = flow.context();
        let secret = encode(&context.random::<32>("refresh token"));
        let refresh = Refresh { object: object.into(), grant: grant.id.clone(), secret: secret.clone(), generation };
        let handed = input.get("jwt").map(|handed| handed.object().map_err(|_| Refused)).transpose()?;
        let access = access::mint(context, keys, object, grant, scopes, (lifetime, handed.is_some()));
        let access = match &handed {
            Some(handed) => signing::sign(flow, keys, handed, (grant, scopes, lifetime), &access).await?,
            None => access,
        };
        let response = Members::new()
            .text("access_token", &access)
            .text("token_type", "Bearer")
            .number("expires_in", lifetime)
            .text("refresh_token", &refresh.seal(context, keys, &grant.issuer))
            .text("scope", &scopes.join(" "))
            .end();
        Ok(Self { secret, response })
    }
}
