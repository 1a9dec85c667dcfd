//! Finding a provider's endpoints from its issuer: OpenID Connect Discovery 1.0, section 4, and RFC 8414, section 3.

use super::leg::{self, ClientAuth};
use super::options::is_endpoint;
use crate::flow::{Failure, Flow, Published, Recent};
use crate::http::origin::origin_of;
use crate::json::{Object, Value, object, quoted};
use crate::oauth::identity::Denied;

/// Where a provider's endpoints are, and how it wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Provider {
    pub(super) issuer: String,
    pub(super) authorization: String,
    pub(super) token: String,
    pub(super) userinfo: Option<String>,
    /// Where its keys are: an OpenID provider has some.
    pub(super) keys: Option<String>,
    /// RFC 7009, where it has that.
    pub(super) revocation: Option<String>,
    /// RFC 9207: every answer names the issuer.
    pub(super) names_itself: bool,
    pub(super) auth: ClientAuth,
}

/// The metadata of `issuer`, which this isolate remembers for ten minutes. Waits: one; two where only RFC 8414 says it.
pub(super) async fn discover(flow: &Flow<'_>, issuer: &str, has_secret: bool) -> Result<Provider, Denied> {
    let [openid, oauth] = addresses(issuer).map(|url| {
        let before = |age| flow.context().now().saturating_sub(age);
        Recent { url, since: before(FRESH), stale: before(STALE) }
    });
    match read(&flow.obtain(&openid).await, issuer, has_secret) {
        Err(reason) => read(&flow.obtain(&oauth).await, issuer, has_secret).map_err(|_| reason),
        found => found,
    }
}

/// A copy counts for this long, in milliseconds …
const FRESH: u64 = 10 * 60 * 1000;
/// … and for this long if the metadata cannot be had.
const STALE: u64 = 24 * 3600 * 1000;

/// `https://x/t` → `https://x/t/.well-known/openid-configuration`, `https://x/.well-known/oauth-authorization-server/t`.
fn addresses(issuer: &str) -> [String; 2] {
    let origin = origin_of(issuer);
    let path = issuer.strip_prefix(origin).unwrap_or_default().trim_end_matches('/');
    [
        [origin, path, "/.well-known/openid-configuration"].concat(),
        [origin, "/.well-known/oauth-authorization-server", path].concat(),
    ]
}

fn read(answer: &Result<Published, Failure>, issuer: &str, has_secret: bool) -> Result<Provider, Denied> {
    // Whatever went wrong, it is not the person who is refused here.
    let answer = answer.as_ref().map_err(|failure| leg::unreachable(*failure, "the provider's metadata"))?;
    let metadata =
        Object::read(&answer.body).map_err(|_| Denied::failed("the provider's metadata are no JSON object"))?;
    // Discovery 4.3 and RFC 8414, 3.3: the same, character by character.
    if metadata.string("issuer").as_deref() != Some(issuer) {
        return Err(Denied::failed("the provider's metadata name another issuer than the option says"));
    }
    let endpoint = |name: &str| match metadata.string(name) {
        Some(url) if is_endpoint(&url) => Ok(Some(String::from(url))),
        Some(_) => Err(Denied::failed(format!("the provider's {name} is no https URL"))),
        None => Ok(None),
    };
    let needed = |name: &str| endpoint(name)?.ok_or_else(|| Denied::failed(format!("the provider has no {name}")));
    let challenges = list(&metadata, "code_challenge_methods_supported");
    if challenges.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
        return Err(Denied::failed("the provider does not support PKCE with S256"));
    }
    Ok(Provider {
        issuer: issuer.into(),
        authorization: needed("authorization_endpoint")?,
        token: needed("token_endpoint")?,
        userinfo: endpoint("userinfo_endpoint")?,
        keys: Some(needed("jwks_uri")?),
        revocation: endpoint("revocation_endpoint")?,
        names_itself: metadata.get("authorization_response_iss_parameter_supported").is_some_and(Value::is_true),
        auth: client_auth(list(&metadata, "token_endpoint_auth_methods_supported").as_deref(), has_secret),
    })
}

/// Basic, unless the provider takes the other way only; absent means Basic (RFC 8414, 2).
fn client_auth(methods: Option<&[String]>, has_secret: bool) -> ClientAuth {
    let takes = |method: &str| methods.is_some_and(|methods| methods.iter().any(|other| other == method));
    match (has_secret, methods) {
        (false, _) => ClientAuth::None,
        (true, Some(_)) if takes("client_secret_post") && !takes("client_secret_basic") => ClientAuth::Post,
        (true, _) => ClientAuth::Basic,
    }
}

fn list(metadata: &Object<'_>, name: &str) -> Option<Vec<String>> {
    let values = metadata.get(name)?.array().ok()?;
    Some(values.into_iter().filter_map(Value::string).map(Into::into).collect())
}

impl Provider {
    /// As it is remembered between going and coming back.
    pub(super) fn to_json(&self) -> String {
        let texts = [&self.issuer, &self.authorization, &self.token].map(|text| quoted(text));
        let [issuer, authorization, token] = &texts;
        let userinfo = self.userinfo.as_deref().map(quoted);
        let mut members = vec![
            ("issuer", issuer.as_str()),
            ("authorization", authorization),
            ("token", token),
            (
                "auth",
                match self.auth {
                    ClientAuth::Basic => r#""basic""#,
                    ClientAuth::Post => r#""post""#,
                    ClientAuth::None => r#""none""#,
                },
            ),
        ];
        members.push(("namesItself", if self.names_itself { "true" } else { "false" }));
        let keys = self.keys.as_deref().map(quoted);
        members.extend(keys.as_deref().map(|keys| ("keys", keys)));
        members.extend(userinfo.as_deref().map(|userinfo| ("userinfo", userinfo)));
        object(&members)
    }

    /// Reads what [`Self::to_json`] wrote.
    pub(super) fn remembered(text: &str) -> Option<Self> {
        let members = Object::read(text).ok()?;
        let string = |name| members.string(name).map(String::from);
        Some(Self {
            issuer: string("issuer")?,
            authorization: string("authorization")?,
            token: string("token")?,
            userinfo: string("userinfo"),
            keys: string("keys"),
            // Only what is discovered, or configured, at that time is asked.
            revocation: None,
            names_itself: members.get("namesItself").is_some_and(Value::is_true),
            auth: match members.string("auth")?.as_ref() {
                "basic" => ClientAuth::Basic,
                "post" => ClientAuth::Post,
                _ => ClientAuth::None,
            },
        })
    }
}
