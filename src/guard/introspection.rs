//! Token introspection (RFC 7662), from the resource server's side: asks the authorization server about an opaque token.
//!
//! **Threat.** Made-up tokens could cause unlimited requests; a token for another server, or a refresh token, is active as
//! well; the response may be malformed or late.
//! **Guarantee.** Concurrent requests with one token cause one introspection request; a positive result is cached for a
//! minute (`maxAge`) or until the token expires, a refusal for ten seconds. Only `"active": true` counts, with our audience,
//! a matching issuer and valid dates. Without a response, the request ends with 503, and the token is not accepted.
//! **Not guaranteed.** That a revoked token stops working immediately: it does within `maxAge`.

use super::bearer::{Caller, MAX_TOKEN, Refusal, Verification};
use super::jwt::claims::{self, Rules};
use super::jwt::{JwtError, VerifierInput, options};
use crate::crypto::base64;
use crate::flow::{Commit, Document, Failure, Fetch, Fetched, Flow, StoreKeySet};
use crate::http::well_known::of_issuer;
use crate::http::{discovery, form};
use crate::jose::compact;
use crate::json::{Json, Object, Value};

/// For how long a refusal is cached, in milliseconds.
const REFUSED_FOR: u64 = 10_000;

/// A checked configuration.
#[derive(Debug)]
pub struct Options {
    rules: Rules,
    /// `None` if it is in the issuer's metadata.
    endpoint: Option<String>,
    client_id: String,
    client_secret: String,
    /// True if ID and secret are sent in the body instead of in the header.
    in_body: bool,
    /// For how long an active token is cached, in milliseconds.
    max_age: u64,
}

impl Options {
    /// Reads the options as JavaScript writes them (see `js/auth/introspection.ts`). The error is a sentence for the
    /// developer.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        let rules = options::rules(options)?;
        let endpoint = options.string("endpoint").map(String::from);
        let first = rules.issuers.first().map(String::as_str).unwrap_or_default();
        match &endpoint {
            Some(url) if !discovery::may_be_fetched(url) => {
                return Err("`endpoint` must be an https URL, because tokens are sent to it.".into());
            }
            None if rules.issuers.len() > 1 || !discovery::may_be_fetched(first) => {
                return Err(
                    "Set `endpoint`, or set `issuer` to one https URL whose metadata has the introspection endpoint."
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
                Some(_) => return Err("`clientAuth` must be \"basic\" or \"post\".".into()),
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

    /// The introspection request (§2.1).
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
        Fetch { url, method: "POST", headers, body: Some(form::write(&body)), brief: false }
    }
}

fn credential(options: &Object<'_>, name: &str, what: &str) -> Result<String, String> {
    let value = options.string(name).filter(|value| !value.is_empty()).map(String::from);
    value.ok_or_else(|| {
        [
            "`",
            name,
            "` is missing: ",
            what,
            " that the authorization server issued to this server. Is its variable set?",
        ]
        .concat()
    })
}

/// Decides whose token a request has.
///
/// 1. Finds the introspection endpoint, unless it is known.
/// 2. Sends the request, and judges the response.
///
/// Waits: one for 2; one or two before it for 1.
pub async fn verify(flow: &Flow<'_>, request: &VerifierInput<'_>, options: &Options) -> Verification {
    let now = flow.context().now();
    let token = match request.token() {
        Ok(token) => token,
        Err(refused) => return Verification::Refused(refused),
    };
    if token.is_empty() || token.len() > MAX_TOKEN {
        return Verification::refused(Refusal::Token, "the token is empty or too long");
    }
    let silent = |reason: &'static str| Verification::refused(Refusal::Unavailable, reason);
    let Some(url) = endpoint(flow, request.kept_url(), options).await else {
        return silent("the metadata of the authorization server has no introspection endpoint");
    };
    match flow.obtain(&options.question(url, token)).await {
        Err(Failure::Refused) => {
            silent("the introspection request was not sent, or its response was rejected: see the failure in the log")
        }
        Err(_) => silent("the introspection endpoint is unreachable"),
        Ok(Fetched { status: 200, body, .. }) => judge(&body, options, now),
        Ok(Fetched { status: 400 | 401 | 403, .. }) => silent(
            "the introspection endpoint rejects clientId and clientSecret, or their authentication method (clientAuth)",
        ),
        Ok(_) => silent("the introspection endpoint returned an error"),
    }
}

async fn endpoint(flow: &Flow<'_>, known: Option<&str>, options: &Options) -> Option<String> {
    if let Some(url) = options.endpoint.as_deref().or(known.filter(|url| !url.is_empty())) {
        return Some(url.to_owned());
    }
    let issuer = options.rules.issuers.first()?;
    for url in of_issuer(issuer) {
        let document = flow.obtain(&Document { url, since: None, stale: None }).await.ok();
        let metadata = document.and_then(|document| discovery::read(&document.body, issuer));
        let url = metadata.and_then(|metadata| metadata.introspection_endpoint);
        if let Some(url) = url.filter(|url| discovery::may_be_fetched(url)) {
            flow.commit(Commit::Remember(StoreKeySet { url: url.clone(), tried: flow.context().now(), set: None }));
            return Some(url);
        }
    }
    None
}

/// Judges the response (§2.2) at `now`.
fn judge(body: &str, options: &Options, now: u64) -> Verification {
    let refused = |reason| Verification::refused_until(Refusal::Token, reason, now + REFUSED_FOR);
    let Ok(answer) = compact::read(body) else {
        return Verification::refused(Refusal::Unavailable, "the introspection response is not a JSON object");
    };
    match answer.get("active").map(Value::text) {
        Some("true") => {}
        Some("false") => return refused("the token is not active, according to the authorization server"),
        _ => {
            return Verification::refused(
                Refusal::Unavailable,
                "the introspection response has no active member that is true or false",
            );
        }
    }
    match active(&answer, body, options, now) {
        Ok(caller) => Verification::Caller(caller),
        Err(reject) => refused(reject.reason()),
    }
}

fn active(answer: &Object<'_>, body: &str, options: &Options, now: u64) -> Result<Caller, JwtError> {
    let Options { rules, .. } = options;
    let dates = claims::check(answer, rules, now)?;
    // Refresh tokens are active, too (§4). One that names our audience is an access token, whatever its type is called.
    let kind = answer.string("token_type");
    let is_access = match kind.as_deref() {
        Some(kind) => kind.eq_ignore_ascii_case("bearer") || kind.eq_ignore_ascii_case("access_token"),
        None => rules.require_aud,
    };
    if !is_access {
        return Err(JwtError::WrongType);
    }
    let issuer =
        answer.string("iss").unwrap_or_else(|| rules.issuers.first().map(String::as_str).unwrap_or_default().into());
    Ok(Caller {
        principal: claims::principal(&issuer, answer, body),
        scopes: claims::scopes(answer),
        props: Json::from_text(body.to_owned()),
        about: Box::new(claims::about(answer, dates, rules)),
        until: dates.expires.unwrap_or(u64::MAX).min(now + options.max_age),
        note: None,
    })
}
