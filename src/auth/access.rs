//! The guard of patterns 3 and 4: access tokens of our own authorization server.

use std::borrow::Cow;

use super::bearer::{About, Caller, Found, Refusal, token_of};
use crate::crypto::Keys;
use crate::flow::{Ask, Flow};
use crate::json::{Members, Object, Value, list, object, quoted};
use crate::oauth::credential::{Stale, fresh};
use crate::oauth::rule;
use crate::oauth::signing::{is_ours, proven};
use crate::oauth::{Identity, Server, Site};

/// Props that are not in the token may be remembered for this long, in milliseconds.
const PROPS_AGE: u64 = 30_000;

/// The head of a request, as much of it as matters here.
#[derive(Debug)]
pub struct Head<'a> {
    /// Scheme, host and port that it came to.
    pub origin: Cow<'a, str>,
    /// `Authorization`.
    pub authorization: Option<Cow<'a, str>>,
    /// Whether the object is asked each time, so that a revocation counts at once.
    pub strict: bool,
}

impl<'a> Head<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        Some(Self {
            origin: input.string("origin")?,
            authorization: input.string("authorization"),
            strict: input.get("strict").is_some_and(Value::is_true),
        })
    }
}

/// What was found, and the grant by whose end it ends.
#[derive(Debug)]
pub struct Verified {
    /// Who is calling, or why not.
    pub found: Found,
    /// The grant, and the object that has it.
    pub grant: Option<(String, String)>,
    /// True for a token that is none of ours, so that others may be asked about it.
    pub foreign: bool,
    /// When the grant began, in milliseconds since 1970.
    pub began: u64,
    /// The names of the rules that may have ended it.
    pub rules: Vec<String>,
}

impl Verified {
    /// `{"caller":{…},"grant":"…","object":"…"}`, or as [`Found`] writes a refusal, with `"foreign":true` where it is.
    #[must_use]
    pub fn to_json(&self) -> String {
        let found = self.found.to_json();
        match (&self.grant, found.strip_suffix('}')) {
            (Some((grant, object)), Some(open)) => {
                let (began, rules) = (self.began.to_string(), list(self.rules.iter().map(String::as_str)));
                let grant = [",\"grant\":", &quoted(grant), ",\"object\":", &quoted(object)].concat();
                [open, &grant, ",\"began\":", &began, ",\"rules\":", &rules, "}"].concat()
            }
            (None, Some(open)) if self.foreign => [open, ",\"foreign\":true}"].concat(),
            _ => found,
        }
    }
}

/// Decides whether the token is good.
///
/// 1. It opens as an access token of this issuer for this resource, and is not over.
/// 2. Where it does not carry the props, and in strict mode, the grant's object is asked.
///
/// Waits: none; one for 2; for a signed token two more.
pub async fn verify(flow: &Flow<'_>, server: &Server, keys: &Keys, head: &Head<'_>) -> Verified {
    let found = |found| Verified { found, grant: None, foreign: false, began: 0, rules: Vec::new() };
    let refused = |refusal, reason| found(Found::Refused(refusal, reason));
    let now = flow.context().now();
    let issuer = server.issuer.as_deref().unwrap_or(&head.origin);
    let token = match token_of(head.authorization.as_deref()) {
        Ok(token) => token,
        // Without a token of this kind there may be one in another place.
        Err(refusal) => {
            let foreign = matches!(refusal, Found::Refused(Refusal::Absent, _));
            return Verified { foreign, ..found(refusal) };
        }
    };
    let access = match proven(flow, keys, issuer, &server.resource(issuer), token).await {
        Ok(Some(access)) => access,
        Ok(None) => {
            let verified = refused(Refusal::Token, "it is no access token of this server for this resource");
            return Verified { foreign: !is_ours(keys, issuer, token), ..verified };
        }
        Err(_) => return refused(Refusal::Unavailable, "the keyring does not answer"),
    };
    if access.expires * 1000 <= now {
        return refused(Refusal::Token, "it is expired");
    }
    let (props, until) = match access.props {
        Some(props) if !head.strict => (props, access.expires * 1000),
        _ => {
            let input = object(&[("grant", &quoted(&access.grant))]);
            let Ok(answer) = flow.obtain(&Ask { object: access.object.clone(), call: "props", input }).await else {
                return refused(Refusal::Unavailable, "the object of its grant does not answer");
            };
            let props = Object::read(&answer).ok().and_then(|answer| Some(answer.get("props")?.text().to_owned()));
            let Some(props) = props else { return refused(Refusal::Token, "its grant has ended") };
            let age = if head.strict { 0 } else { PROPS_AGE };
            (props, (access.expires * 1000).min(now + age))
        }
    };
    let rules = rule::of(server, &access.client, &access.subject).into();
    let about = Box::new(About {
        client: Some(access.client),
        expires: Some(access.expires),
        resource: Some(server.resource(issuer)),
    });
    let caller = Caller { principal: access.subject, scopes: access.scopes, props, about, until, note: None };
    let grant = Some((access.grant, access.object));
    Verified { grant, began: access.began, rules, ..found(Found::Caller(caller)) }
}

/// Asks for the upstream's access token of a grant's person.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Scheme, host and port that the request came to.
    pub origin: Cow<'a, str>,
    /// The grant.
    pub grant: Cow<'a, str>,
    /// The object that has it.
    pub object: Cow<'a, str>,
}

impl<'a> Wanted<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        Some(Self { origin: input.string("origin")?, grant: input.string("grant")?, object: input.string("object")? })
    }
}

/// An upstream access token that is good for a minute at least: `{"token":"…"}`, `{"busy":true}` while another request
/// renews it, or `{"none":"…"}` with the reason for the operator.
///
/// Waits: those of [`fresh`].
pub async fn upstream<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, wanted: &Wanted<'_>) -> String {
    let asked = Members::new().text("grant", &wanted.grant);
    let none = |reason: &str| object(&[("none", &quoted(reason))]);
    match fresh(flow, site, &wanted.object, &asked, 1).await {
        Ok(taken) => match site.identity.credential(&taken.credential) {
            Some(credential) => object(&[("token", &quoted(&credential.access))]),
            None => none("the upstream gave no token"),
        },
        Err(Stale::Busy) => object(&[("busy", "true")]),
        Err(Stale::None) => {
            none("there is no upstream token for this person: it ended, or the way to sign in has none")
        }
        Err(Stale::Failed(_)) => none("the upstream has not answered a moment ago, and is not asked again yet"),
        Err(Stale::Silent) => none("the storage does not answer at present"),
        Err(Stale::Denied(denied)) => none(&denied.reason),
    }
}
