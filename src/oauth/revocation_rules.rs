//! Revocation rules, which end any number of grants with one entry of the revocation list: all grants, those of a client, or
//! those of a person, if they began before a point in time.
//!
//! **Threat.** Someone leaves, or a client's secret or a laptop is lost: grants have to end quickly, and nobody knows which
//! objects hold them.
//! **Guarantee.** An access token contains the start time of its grant, and every isolate that knows the rule refuses it,
//! within 30 seconds. Codes and refresh tokens are refused by the object of their grant, which then ends permanently, and
//! the upstream's tokens are revoked. Earlier approvals no longer count. Later grants are not affected.
//! **Not guaranteed.** With `revocation: "strict"`, that a rule takes effect sooner than otherwise.

use serde::{Deserialize, Serialize};

use super::Request;
use super::config::ServerConfig;
use super::object::grant::Grant;
use super::object::{ask, call};
use crate::crypto::{encode, hash};
use crate::flow::Flow;
use crate::json::Json;

/// The object with the revocation list.
pub(crate) const REVOCATIONS: &str = "revocations";

/// Adds a rule.
#[derive(Serialize)]
struct MakeRule {
    rule: String,
    /// Grants that began before this time end, in milliseconds since 1970.
    before: u64,
    /// Until when the rule is stored, in milliseconds since 1970.
    until: u64,
}

call!(MakeRule, "rule" => bool);

/// Adds grants that have ended.
#[derive(Serialize)]
struct Append<'a> {
    grants: &'a [String],
    /// Until when they are stored, in milliseconds since 1970.
    until: u64,
}

call!(Append<'_>, "append" => bool);

/// The grants that a rule ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule<'a> {
    /// Every grant.
    All,
    /// Those of a client, by its identifier.
    Client(&'a str),
    /// Those of a person, by the typed subject, on every host name.
    Person(&'a str),
}

/// How much longer than a grant's lifetime a rule is stored, in milliseconds.
const LONGER: u64 = 24 * 3600 * 1000;

impl Rule<'_> {
    /// Its name in the list. If no issuer is configured, it applies to all host names of the server.
    fn key(self, issuer: &str) -> String {
        let (kind, id) = match self {
            Self::All => ("all", ""),
            Self::Client(id) => ("client", id),
            Self::Person(subject) => ("person", subject),
        };
        let hash = hash("rule", &[issuer.as_bytes(), kind.as_bytes(), id.as_bytes()]);
        [kind, ":", &encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))].concat()
    }

    /// Ends the grants that began before `before`, in milliseconds since 1970. False if the list cannot be written.
    pub(super) async fn make(self, flow: &Flow<'_>, config: &ServerConfig, before: u64) -> bool {
        let until = flow.context().now() + config.lifetimes.grant * 1000 + LONGER;
        let rule = self.key(config.issuer.as_deref().unwrap_or_default());
        ask(flow, REVOCATIONS, &MakeRule { rule, before, until }).await == Ok(true)
    }
}

/// The names of the rules that may end the grants of a client and a person.
pub(crate) fn of(config: &ServerConfig, client: &str, subject: &str) -> [String; 3] {
    keys(config.issuer.as_deref().unwrap_or_default(), client, subject)
}

fn keys(issuer: &str, client: &str, subject: &str) -> [String; 3] {
    [Rule::All, Rule::Client(client), Rule::Person(subject)].map(|rule| rule.key(issuer))
}

/// The known rules, as an object gets them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Rules {
    /// The configured issuer, if there is one.
    issuer: Option<String>,
    /// `{"client:…":before,…}`, in milliseconds since 1970.
    before: Json,
}

impl Rules {
    /// Those that the request contains, if any.
    pub(super) fn of(config: &ServerConfig, request: &Request<'_>) -> Option<Self> {
        Some(Self { issuer: config.issuer.clone(), before: Json::of(&request.rules?) })
    }
}

/// Inside the object: whether a rule ends a grant of this client and person that began at `began`.
pub(super) fn ends(rules: Option<&Rules>, client: &str, subject: &str, began: u64) -> bool {
    let Some(Rules { issuer, before }) = rules else { return false };
    let Ok(before) = before.value().object() else { return false };
    let rules = keys(issuer.as_deref().unwrap_or_default(), client, subject);
    rules.iter().filter_map(|rule| before.get(rule)?.text().parse::<u64>().ok()).any(|before| began < before)
}

/// Inside the object: whether a rule ends `grant`.
pub(super) fn ends_grant(rules: Option<&Rules>, grant: &Grant) -> bool {
    ends(rules, &grant.client, &grant.subject, grant.created)
}

/// Adds these grants to the list, until the last of their access tokens has expired. True if there are any.
pub(crate) async fn announce(flow: &Flow<'_>, grants: &[String], lifetime: u64) -> Result<bool, ()> {
    if grants.is_empty() {
        return Ok(false);
    }
    // Plus a minute, for clock differences.
    let until = flow.context().now() + (lifetime.max(3600) + 60) * 1000;
    if ask(flow, REVOCATIONS, &Append { grants, until }).await == Ok(true) { Ok(true) } else { Err(()) }
}
