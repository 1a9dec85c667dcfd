//! Rules by which grants end that nobody has counted: all, those of a client, those of a person, as far as they began before a
//! point in time. One entry of the list that every isolate follows ends any number of them.
//!
//! **Threat.** Somebody leaves, a client's secret or a laptop is lost: what was granted has to end at once, and nobody knows in
//! which objects it lies.
//! **Guarantee.** An access token says when its grant began, and is refused by every isolate that knows the rule, within 30
//! seconds. Codes and refresh tokens are refused by the object of their grant, which then ends for good, and what the upstream
//! has issued goes back. What was approved before is asked again. What begins later is not concerned.
//! **Not guaranteed.** With `revocation: "strict"`, that a rule counts sooner than elsewhere.

use super::Request;
use super::grant::Grant;
use super::record::{Members, Reading as _};
use super::revoke::REVOCATIONS;
use super::server::Server;
use crate::crypto::{encode, hash};
use crate::flow::{Ask, Flow};
use crate::json::Object;

/// What a rule is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule<'a> {
    /// Every grant.
    All,
    /// Those of a client, by its identifier.
    Client(&'a str),
    /// Those of a person, by the typed subject, whatever the host name.
    Person(&'a str),
}

/// A rule is kept for so much longer than a grant may live, in milliseconds.
const LONGER: u64 = 24 * 3600 * 1000;

impl Rule<'_> {
    /// Its name in the list. Where no issuer is set, it is about all host names of the server.
    fn key(self, issuer: &str) -> String {
        let (kind, id) = match self {
            Self::All => ("all", ""),
            Self::Client(id) => ("client", id),
            Self::Person(subject) => ("person", subject),
        };
        let hash = hash("rule", &[issuer.as_bytes(), kind.as_bytes(), id.as_bytes()]);
        [kind, ":", &encode(hash.first_chunk::<16>().unwrap_or(&[0; 16]))].concat()
    }

    /// Ends what began before `before`, in milliseconds since 1970. False where the list cannot be written.
    pub(super) async fn make(self, flow: &Flow<'_>, server: &Server, before: u64) -> bool {
        let until = flow.context().now() + server.lifetimes.grant * 1000 + LONGER;
        let key = self.key(server.issuer.as_deref().unwrap_or_default());
        let input = Members::new().text("rule", &key).number("before", before).number("until", until).end();
        let made = flow.obtain(&Ask { object: REVOCATIONS.into(), call: "rule", input }).await;
        made.is_ok_and(|made| made == "true")
    }
}

/// The names of the rules that may end the grants of a client and a person.
pub(crate) fn of(server: &Server, client: &str, subject: &str) -> [String; 3] {
    keys(server.issuer.as_deref().unwrap_or_default(), client, subject)
}

fn keys(issuer: &str, client: &str, subject: &str) -> [String; 3] {
    [Rule::All, Rule::Client(client), Rule::Person(subject)].map(|rule| rule.key(issuer))
}

/// Hands the rules that are known to an object.
pub(super) fn hand(members: Members, server: &Server, request: &Request<'_>) -> Members {
    match &request.rules {
        Some(rules) => members.maybe("realm", server.issuer.as_deref()).raw("rules", rules),
        None => members,
    }
}

/// Inside the object: whether a rule ends what began at `began` for this client and person.
pub(super) fn ends(input: &Object<'_>, client: &str, subject: &str, began: u64) -> bool {
    let Some(Ok(rules)) = input.get("rules").map(crate::json::Value::object) else { return false };
    let keys = keys(&input.string("realm").unwrap_or_default(), client, subject);
    keys.iter().filter_map(|key| rules.number(key)).any(|before| began < before)
}

/// Inside the object: whether a rule ends `grant`.
pub(super) fn ends_grant(input: &Object<'_>, grant: &Grant) -> bool {
    ends(input, &grant.client, &grant.subject, grant.created)
}
