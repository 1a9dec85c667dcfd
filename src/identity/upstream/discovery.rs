//! Discovery of a provider's endpoints from its issuer: OpenID Connect Discovery 1.0, section 4, and RFC 8414, section 3.

use super::code_flow::{self, ClientCredentials};
use super::options::is_endpoint;
use crate::flow::{Document, Failure, Flow, Published};
use crate::http::discovery::Metadata;
use crate::http::well_known::of_issuer;
use crate::identity::SignInError;
use crate::json;

use serde::{Deserialize, Serialize};

/// A provider's endpoints, and how to authenticate there.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) authorization: String,
    pub(super) token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) userinfo: Option<String>,
    /// The URL of its keys: an OpenID provider has some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keys: Option<String>,
    /// RFC 7009, if it is supported. Not stored during a sign-in: only the endpoint that is discovered or configured at
    /// the time of revocation is used.
    #[serde(skip)]
    pub(super) revocation: Option<String>,
    /// RFC 9207: every response names the issuer.
    pub(super) names_itself: bool,
    pub(super) auth: ClientCredentials,
}

/// The metadata of `issuer`, cached in this isolate for ten minutes. Waits: one; two if only RFC 8414 finds it.
pub(super) async fn discover(flow: &Flow<'_>, issuer: &str, has_secret: bool) -> Result<Provider, SignInError> {
    let [openid, oauth] = of_issuer(issuer).map(|url| {
        let before = |age| flow.context().now().saturating_sub(age);
        Document { url, since: Some(before(FRESH)), stale: Some(before(STALE)) }
    });
    match read(&flow.obtain(&openid).await, issuer, has_secret) {
        Err(reason) => read(&flow.obtain(&oauth).await, issuer, has_secret).map_err(|_| reason),
        found => found,
    }
}

/// A copy is fresh for this long, in milliseconds …
const FRESH: u64 = 10 * 60 * 1000;
/// … and used for this long if the metadata cannot be fetched.
const STALE: u64 = 24 * 3600 * 1000;

fn read(answer: &Result<Published, Failure>, issuer: &str, has_secret: bool) -> Result<Provider, SignInError> {
    // Whatever went wrong, it is not the person who is refused.
    let answer = answer.as_ref().map_err(|failure| code_flow::unreachable(*failure, "the provider's metadata"))?;
    let metadata = json::read::<Metadata>(&answer.body)
        .map_err(|wrong| SignInError::failed(format!("the provider's metadata cannot be read: {}", wrong.reason())))?;
    // Discovery 4.3 and RFC 8414, 3.3: identical, character by character.
    if metadata.issuer != issuer {
        return Err(SignInError::failed("the issuer in the provider's metadata differs from the option"));
    }
    let endpoint = |name: &str, url: Option<String>| match url {
        Some(url) if !is_endpoint(&url) => {
            Err(SignInError::failed(format!("the provider's {name} is not an https URL")))
        }
        url => Ok(url),
    };
    let needed = |name: &str, url| {
        endpoint(name, url)?.ok_or_else(|| SignInError::failed(format!("the provider has no {name}")))
    };
    let challenges = metadata.code_challenge_methods_supported;
    if challenges.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Err(SignInError::failed("the provider does not support PKCE with S256"));
    }
    Ok(Provider {
        issuer: issuer.into(),
        authorization: needed("authorization_endpoint", metadata.authorization_endpoint)?,
        token: needed("token_endpoint", metadata.token_endpoint)?,
        userinfo: endpoint("userinfo_endpoint", metadata.userinfo_endpoint)?,
        keys: Some(needed("jwks_uri", metadata.jwks_uri)?),
        revocation: endpoint("revocation_endpoint", metadata.revocation_endpoint)?,
        names_itself: metadata.authorization_response_iss_parameter_supported == Some(true),
        auth: client_auth(metadata.token_endpoint_auth_methods_supported.as_deref(), has_secret),
    })
}

/// Basic, unless the provider only supports another method; absent means Basic (RFC 8414, 2).
fn client_auth(methods: Option<&[String]>, has_secret: bool) -> ClientCredentials {
    let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|other| other == method));
    match (has_secret, methods) {
        (false, _) => ClientCredentials::None,
        (true, Some(_)) if takes("client_secret_post") && !takes("client_secret_basic") => ClientCredentials::Post,
        (true, _) => ClientCredentials::Basic,
    }
}
