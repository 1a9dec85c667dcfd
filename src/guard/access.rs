//! The guard of patterns 3 and 4: access tokens of our own authorization server.

use serde::{Deserialize, Serialize};

use super::bearer::{Caller, Refusal, Rejection, TokenInfo, Verification, token_of};
use crate::crypto::Keys;
use crate::flow::Flow;
use crate::identity::Identity;
use crate::oauth::object::ask;
use crate::oauth::object::credential::Take;
use crate::oauth::object::grant::Props;
use crate::oauth::renewal::{NoFreshCredential, fresh};
use crate::oauth::signing::{is_ours, proven};
use crate::oauth::{AuthorizationServer, ServerConfig, revocation_rules};

/// Props that are not in the token are cached for at most this long, in milliseconds.
const PROPS_AGE: u64 = 30_000;

const KEYLESS: &str = "the keyring is unavailable";

/// The part of the request's head that matters here.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct AccessInput {
    /// The request's own origin: scheme, host and port.
    pub origin: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// Whether the object is asked each time, so that a revocation takes effect immediately.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub strict: bool,
}

/// The result, as [`Verification`] writes it; a caller comes with the grant on which the token depends.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(type = "({ caller: VerifiedCaller } & TokenGrant) | Rejection"))]
pub struct AccessVerification {
    /// Who is calling, or why not.
    #[serde(flatten)]
    pub found: Verification,
    /// The grant of a caller.
    #[serde(flatten)]
    pub grant: Option<TokenGrant>,
}

/// The grant of a caller.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TokenGrant {
    /// Its ID.
    pub grant: String,
    /// The object that stores it.
    pub object: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// The names of the revocation rules that may have ended it.
    pub rules: Vec<String>,
}

impl AccessVerification {
    fn refused(rejection: Rejection) -> Self {
        Self { found: Verification::Refused(rejection), grant: None }
    }
}

/// Decides whether the token is valid.
///
/// 1. It opens as an access token of this issuer for this resource, and has not expired.
/// 2. If it does not contain the props, and in strict mode, the grant's object is asked.
///
/// `keys` is absent where the keyring does not answer, or has not been asked for a request without a token.
///
/// Waits: none; one for 2; two more for a signed token.
pub async fn verify(
    flow: &Flow<'_>,
    config: &ServerConfig,
    keys: Option<&Keys>,
    head: &AccessInput,
) -> AccessVerification {
    let refused = |refusal, reason: &'static str| AccessVerification::refused(Rejection::new(refusal, reason));
    let now = flow.context().now();
    let issuer = config.issuer.as_deref().unwrap_or(&head.origin);
    let token = match token_of(head.authorization.as_deref()) {
        Ok(token) => token,
        // If this header has no token of this kind, another verifier may find one elsewhere.
        Err(refusal) => {
            let foreign = refusal.refused == Refusal::Absent;
            return AccessVerification::refused(Rejection { foreign, ..refusal });
        }
    };
    let Some(keys) = keys else { return refused(Refusal::Unavailable, KEYLESS) };
    let access = match proven(flow, keys, issuer, &config.resource(issuer), token).await {
        Ok(Some(access)) => access,
        Ok(None) => {
            let refusal =
                Rejection::new(Refusal::Token, "the token is not an access token of this server for this resource");
            return AccessVerification::refused(Rejection { foreign: !is_ours(keys, issuer, token), ..refusal });
        }
        Err(_) => return refused(Refusal::Unavailable, KEYLESS),
    };
    if access.expires * 1000 <= now {
        return refused(Refusal::Token, "the token has expired");
    }
    let (props, until) = match access.props {
        Some(props) if !head.strict => (props, access.expires * 1000),
        _ => {
            let asked = ask(flow, access.object.clone(), &Props { grant: access.grant.clone() });
            let Ok(props) = asked.await else {
                return refused(Refusal::Unavailable, "the object with the grant is unavailable");
            };
            let Some(props) = props else { return refused(Refusal::Token, "the grant has ended") };
            let age = if head.strict { 0 } else { PROPS_AGE };
            (props.0, (access.expires * 1000).min(now + age))
        }
    };
    let rules = revocation_rules::of(config, &access.client, &access.subject).into();
    let about = Box::new(TokenInfo {
        client: Some(access.client),
        expires: Some(access.expires),
        resource: Some(config.resource(issuer)),
    });
    let caller = Caller { principal: access.subject, scopes: access.scopes, props, about, until, note: None };
    let grant = Some(TokenGrant { grant: access.grant, object: access.object, began: access.began, rules });
    AccessVerification { found: Verification::Caller(caller), grant }
}

/// A request for the upstream's access token of a grant's person.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct UpstreamInput {
    /// The request's own origin: scheme, host and port.
    pub origin: String,
    /// The grant.
    pub grant: String,
    /// The object that stores it.
    pub object: String,
}

/// The result of a request for an upstream access token.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum UpstreamToken {
    /// It is valid for at least a minute.
    Token(String),
    /// True while another request renews it.
    Busy(bool),
    /// There is none, for this reason.
    None(String),
}

/// Waits: those of [`fresh`].
pub async fn upstream<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    wanted: &UpstreamInput,
) -> UpstreamToken {
    let none = |reason: &str| UpstreamToken::None(reason.into());
    match fresh(flow, server, &wanted.object, &Take::of_grant(&wanted.grant), 1).await {
        Ok(taken) => match server.identity.credential(&taken.credential) {
            Some(credential) => UpstreamToken::Token(credential.access),
            None => none("the upstream returned no token"),
        },
        Err(NoFreshCredential::Busy) => UpstreamToken::Busy(true),
        Err(NoFreshCredential::None) => {
            none("there is no upstream token for this person: it has expired, or the sign-in provides none")
        }
        Err(NoFreshCredential::Failed(_)) => {
            none("the upstream did not answer a moment ago, and is not asked again yet")
        }
        Err(NoFreshCredential::Silent) => none("the storage is unavailable"),
        Err(NoFreshCredential::Denied(denied)) => none(&denied.reason),
    }
}
