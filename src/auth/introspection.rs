//! Token introspection (RFC 7662), as a resource server asks for it: whose an opaque token is, its authorization server
//! says.
//!
//! **Threat.** Made-up tokens could make this server ask without end; a token for somebody else, or a refresh token, is
//! active as well; what the authorization server says may be garbage or come late.
//! **Guarantee.** A token is asked about once, however many requests carry it at a time; what is found counts for a minute
//! (`maxAge`) or until it ends, a refusal for ten seconds. Only `"active": true` counts, with our audience, a fitting issuer
//! and dates. Where no answer can be had the request ends with 503, and nobody is let in.
//! **Not guaranteed.** That a token which is taken back ends at once: it does within `maxAge`.

use crate::auth::bearer::{Caller, Found, MAX_TOKEN, Refusal};
use crate::auth::jwt::claims::{self, Rules};
use crate::auth::jwt::{Reject, Request, discovery, options};
use crate::crypto::base64;
use crate::flow::{Commit, Document, Failure, Fetch, Fetched, Flow, Remember};
use crate::http::form;
use crate::jose::compact;
use crate::json::{Object, Value};

/// For how long a refusal is remembered, in milliseconds.
const REFUSED_FOR: u64 = 10_000;

/// A checked configuration.
#[derive(Debug)]
pub struct Options {
    rules: Rules,
    /// None where the issuer's metadata says.
    endpoint: Option<String>,
    client_id: String,
    client_secret: String,
    /// True where id and secret travel in the body instead of in the header.
    in_body: bool,
    /// Milliseconds for which an active token is remembered.
    max_age: u64,
}

impl Options {
    /// Reads the options as the shim writes them (see `js/auth/introspection.ts`). The error is a sentence for the developer.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        let rules = options::rules(options)?;
        let endpoint = options.string("endpoint").map(String::from);
        let first = rules.issuers.first().map(String::as_str).unwrap_or_default();
        match &endpoint {
            Some(url) if !discovery::may_be_fetched(url) => {
                return Err("`endpoint` must be an https URL: tokens travel to it.".into());
            }
            None if rules.issuers.len() > 1 || !discovery::may_be_fetched(first) => {
                return Err(
                    "Say the `endpoint`, or give as `issuer` one https URL, whose metadata then says where it is."
                        .into(),
                );
            }
            _ => {}
        }
        Ok(Self {
            endpoint,
            client_id: credential(options, "clientId", "the id")?,
            client_secret: credential(options, "clientSecret", "the secret")?,
            in_body: match options.string("clientAuth").as_deref() {
                None | Some("basic") => false,
                Some("post") => true,
                Some(_) => return Err("`clientAuth` is \"basic\" or \"post\".".into()),
            },
            max_age: options::seconds(options, "maxAge", 0, 300)?.unwrap_or(60_000),
            rules: Rules {
                require_exp: false,
                require_iss: false,
                require_aud: options.get("requireAud").is_none_or(|it| it.text() != "false"),
                ..rules
            },
        })
    }

    /// The question (§2.1).
    fn question(&self, url: String, token: &str) -> Fetch {
        let mut headers: Vec<(&'static str, String)> =
            vec![("accept", "application/json".into()), ("content-type", "application/x-www-form-urlencoded".into())];
        let mut body = vec![("token", token), ("token_type_hint", "access_token")];
        if self.in_body {
            body.extend([("client_id", self.client_id.as_str()), ("client_secret", self.client_secret.as_str())]);
        } else {
            // RFC 6749 §2.3.1: both are form-encoded before they are joined.
            let pair = [&*form::encode(&self.client_id), ":", &*form::encode(&self.client_secret)].concat();
            headers.push(("authorization", ["Basic ", &base64::encode(pair.as_bytes())].concat()));
        }
        Fetch { url, method: "POST", headers, body: Some(form::write(&body)) }
    }
}

fn credential(options: &Object<'_>, name: &str, what: &str) -> Result<String, String> {
    let value = options.string(name).filter(|value| !value.is_empty()).map(String::from);
    value.ok_or_else(|| {
        ["`", name, "` is missing: ", what, " that the authorization server gave this server. Is the variable set?"]
            .concat()
    })
}

/// Finds out whose token a request carries.
///
/// 1. Where the introspection endpoint is, unless that is known.
/// 2. The question, and what its answer says.
///
/// Waits: one for 2; one or two before it for 1.
pub async fn verify(flow: &Flow<'_>, request: &Request<'_>, options: &Options) -> Found {
    let now = flow.context().now();
    let token = match request.token() {
        Ok(token) => token,
        Err(refused) => return refused,
    };
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Found::Refused(Refusal::Token, "it has no length that a token may have");
    }
    let silent = |reason| Found::Refused(Refusal::Unavailable, reason);
    let Some(url) = endpoint(flow, request.kept_url(), options).await else {
        return silent("the authorization server does not say where its introspection endpoint is");
    };
    match flow.obtain(&options.question(url, token)).await {
        Err(Failure::Refused) => {
            silent("the introspection endpoint is not asked, or its answer is not taken: the failure is in the log")
        }
        Err(_) => silent("the introspection endpoint cannot be reached"),
        Ok(Fetched { status: 200, body, .. }) => judge(&body, options, now),
        Ok(Fetched { status: 400 | 401 | 403, .. }) => silent(
            "the introspection endpoint refuses clientId and clientSecret, or the way they are sent (clientAuth)",
        ),
        Ok(_) => silent("the introspection endpoint answers with an error"),
    }
}

async fn endpoint(flow: &Flow<'_>, known: Option<&str>, options: &Options) -> Option<String> {
    if let Some(url) = options.endpoint.as_deref().or(known.filter(|url| !url.is_empty())) {
        return Some(url.to_owned());
    }
    let issuer = options.rules.issuers.first()?;
    for url in discovery::urls(issuer) {
        let document = flow.obtain(&Document { url }).await.ok();
        let found = document.and_then(|it| discovery::url_in(&it.body, issuer, "introspection_endpoint"));
        if let Some(url) = found {
            flow.commit(Commit::Remember(Remember { url: url.clone(), tried: flow.context().now(), set: None }));
            return Some(url);
        }
    }
    None
}

/// What the answer (§2.2) says at `now`.
fn judge(body: &str, options: &Options, now: u64) -> Found {
    let refused = |reason| Found::RefusedUntil(Refusal::Token, reason, now + REFUSED_FOR);
    let Ok(answer) = compact::read(body) else {
        return Found::Refused(Refusal::Unavailable, "the introspection endpoint's answer is no JSON object");
    };
    match answer.get("active").map(Value::text) {
        Some("true") => {}
        Some("false") => return refused("the authorization server says that it is not active"),
        _ => {
            return Found::Refused(
                Refusal::Unavailable,
                "the introspection endpoint's answer has no active of true or false",
            );
        }
    }
    match active(&answer, body, options, now) {
        Ok(caller) => Found::Caller(caller),
        Err(reject) => refused(reject.reason()),
    }
}

fn active(answer: &Object<'_>, body: &str, options: &Options, now: u64) -> Result<Caller, Reject> {
    let Options { rules, .. } = options;
    let dates = claims::check(answer, rules, now)?;
    // Refresh tokens are active, too (§4). One that names our audience is an access token, whatever it is called.
    let kind = answer.string("token_type");
    let is_access = match kind.as_deref() {
        Some(kind) => kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("access_token"),
        None => rules.require_aud,
    };
    if !is_access {
        return Err(Reject::WrongType);
    }
    let issuer =
        answer.string("iss").unwrap_or_else(|| rules.issuers.first().map(String::as_str).unwrap_or_default().into());
    Ok(Caller {
        principal: claims::principal(&issuer, answer, body),
        scopes: claims::scopes(answer),
        props: body.to_owned(),
        about: Box::new(claims::about(answer, dates, rules)),
        until: dates.expires.unwrap_or(u64::MAX).min(now + options.max_age),
        note: None,
    })
}
