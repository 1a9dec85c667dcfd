//! Callers with external tokens: machines with an API key or a JWT, next to people who sign in.
//!
//! **Threat.** Such a caller is taken for a person who has signed in, because their principals look alike; a token for
//! another server is accepted; one of our tokens reaches another verifier, or an external token reaches ours.
//! **Guarantee.** Our own tokens are recognized by their format, before any other verifier sees them
//! ([`crate::oauth::signing::is_ours`]). The principal of an external caller is never that of a person who signed in here;
//! an audience must be this server. The result of the function `resolveExternalToken` is validated strictly
//! ([`crate::callback_result`]). Each caller is logged.
//! **Not guaranteed.** That the other verifier is right: it is the operator's.

use serde::{Deserialize, Serialize};

use super::bearer::{Refusal, Rejection};
use crate::callback_result::CallbackResult;
use crate::crypto::{encode, hash};
use crate::flow::{Commit, Flow};
use crate::json::Json;
use crate::oauth::ServerConfig;
use crate::oauth::request::trace;

/// What another verifier has found, as JavaScript passes it.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ExternalInput {
    origin: String,
    /// The typed subject, according to that verifier.
    principal: Option<String>,
    /// The token, if nothing else distinguishes its caller from others.
    token: Option<String>,
    /// The token's audience; `None` if the verifier has checked it, or vouches for it.
    #[serde(skip)]
    audience: Option<Vec<String>>,
    client: Option<String>,
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(type = "readonly string[] | null"))]
    scopes: Vec<String>,
    /// True if this caller has been logged a moment ago.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    told: bool,
    ray: Option<String>,
    /// When the token expires, in milliseconds since 1970.
    #[serde(skip)]
    expires: Option<u64>,
    /// The result of `resolveExternalToken`.
    #[serde(default, deserialize_with = "crate::json::present")]
    answer: Option<Json>,
}

/// The members that the result of `resolveExternalToken` may have.
const RESOLVED: [&str; 5] = ["props", "audience", "scopes", "subject", "expires"];

/// Whether a caller is admitted.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Admission {
    /// Admitted, with its principal here.
    Admitted {
        /// The typed subject.
        principal: String,
        /// The caller's scopes.
        scopes: Vec<String>,
        /// When the token expires, in seconds since 1970.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires: Option<u64>,
    },
    /// Refused.
    Refused(Rejection),
}

/// The log entry of an admitted caller.
#[derive(Serialize)]
struct AdmittedEvent<'a> {
    event: &'static str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    scopes: &'a [String],
    request: String,
}

impl ExternalInput {
    /// Adds the result of `resolveExternalToken`. The error says what is wrong with that.
    fn resolved(&self) -> Result<Self, String> {
        let Some(answer) = &self.answer else { return Ok(self.clone()) };
        let answer = CallbackResult::read("resolveExternalToken", answer.value(), &RESOLVED)?;
        // Props stay in JavaScript.
        answer.object("props")?;
        Ok(Self {
            principal: answer.text("subject")?,
            audience: answer.texts("audience")?,
            scopes: answer.scopes("scopes")?.unwrap_or_default(),
            expires: answer.seconds("expires")?,
            ..self.clone()
        })
    }

    /// The caller's typed subject. Only people who signed in here are `user:…`; an external caller of that name becomes
    /// `external:…`.
    fn subject(&self) -> Option<String> {
        const THEIRS: [&str; 3] = ["key:", "client:", "token:"];
        match (self.principal.as_ref().filter(|name| !name.is_empty()), &self.token) {
            (Some(principal), _) if THEIRS.iter().any(|kind| principal.starts_with(kind)) => Some(principal.clone()),
            (Some(principal), _) => Some(["external:", principal].concat()),
            (None, Some(token)) => {
                Some("external:token:".to_owned() + &encode(&hash("external token", &[token.as_bytes()])))
            }
            (None, None) => None,
        }
    }
}

/// Admits the caller, unless its token is for another server or has expired. Waits: none.
pub fn admit(flow: &Flow<'_>, config: &ServerConfig, external: &ExternalInput) -> Admission {
    let refused = |reason: &'static str| Admission::Refused(Rejection::new(Refusal::Token, reason));
    let external = match external.resolved() {
        Ok(external) => external,
        Err(wrong) => return Admission::Refused(Rejection::new(Refusal::Token, wrong)),
    };
    let issuer = config.issuer.as_deref().unwrap_or(&external.origin);
    let is_ours = |audience: &String| config.canonical(issuer, audience).is_some();
    if external.audience.as_ref().is_some_and(|audience| !audience.iter().any(is_ours)) {
        return refused("the audience is another server");
    }
    if external.expires.is_some_and(|expires| expires <= flow.context().now()) {
        return refused("the token has expired");
    }
    let Some(principal) = external.subject() else { return refused("the verifier does not return a caller") };
    if !external.told {
        let event = AdmittedEvent {
            event: "external token accepted",
            subject: &principal,
            client: external.client.as_deref(),
            scopes: &external.scopes,
            request: trace(flow, external.ray.as_deref()),
        };
        flow.commit(Commit::Audit { event: Json::of(&event) });
    }
    let expires = external.expires.map(|expires| expires / 1000);
    Admission::Admitted { principal, scopes: external.scopes, expires }
}
