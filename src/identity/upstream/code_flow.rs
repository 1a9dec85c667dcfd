//! The sign-in at an upstream, as all providers have it: OAuth 2.1 with PKCE, from the client's side.

use serde::{Deserialize, Serialize};

use super::credential::UpstreamCredential;
use super::discovery::Provider;
use super::effect::{AllowResult, CallAllow, CallContext};
use super::options::Options;
use super::profile::Profile;
use crate::crypto::{self, base64};
use crate::flow::{Failure, Fetch, Fetched, Flow};
use crate::http::form;
use crate::http::refused::plain;
use crate::identity::{Person, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::json::{self, Object, Value};

/// How we authenticate at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ClientCredentials {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// A public client.
    None,
}

/// What is stored between sending the browser away and its return.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SignInState {
    /// The PKCE verifier.
    pub(super) verifier: String,
    /// The nonce that the ID token must have.
    pub(super) nonce: String,
    /// A discovered provider.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<Provider>,
}

impl SignInState {
    pub(super) fn fresh(flow: &Flow<'_>) -> Self {
        let random = |label| crypto::encode(&flow.context().random::<32>(label));
        Self { verifier: random("upstream verifier"), nonce: random("upstream nonce"), provider: None }
    }

    pub(super) fn read(text: &str) -> Result<Self, SignInError> {
        json::read(text).map_err(|_| SignInError::failed("the stored state of the sign-in cannot be read"))
    }
}

/// The authorization request to `endpoint`. `more` are the provider's own parameters.
pub(super) fn begin(
    options: &Options,
    endpoint: &str,
    begin: &SignInStart<'_>,
    kept: &SignInState,
    scopes: &str,
    more: &[(&str, &str)],
) -> SignInStep {
    let challenge = crypto::encode(&crypto::sha256(kept.verifier.as_bytes()));
    let mut query = vec![
        ("client_id", options.client_id.as_str()),
        ("response_type", "code"),
        ("redirect_uri", begin.callback),
        ("state", begin.state),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if !scopes.is_empty() {
        query.push(("scope", scopes));
    }
    query.extend(more);
    SignInStep::Go { url: form::extend(endpoint, &query), kept: json::write(kept) }
}

/// The code in the callback's query, or why there is none. `issuer` is the expected value of `iss` (RFC 9207), which is
/// required if `must_name` is true.
pub(super) fn code<'a>(back: &SignInCallback<'a>, issuer: &str, must_name: bool) -> Result<&'a str, SignInError> {
    match back.query.get("iss") {
        Some(named) if named != issuer => {
            return Err(SignInError::failed(format!("the response comes from {}", plain(named))));
        }
        None if must_name => return Err(SignInError::failed("the response has no iss")),
        _ => {}
    }
    if let Some(error) = back.query.get("error") {
        return Err(refusal(error, back.query.get("error_description")));
    }
    back.query.get("code").ok_or_else(|| SignInError::failed("the response has neither a code nor an error"))
}

/// The meaning of an upstream's OAuth error here. Its text only goes to the operator's log.
pub(super) fn refusal(error: &str, description: Option<&str>) -> SignInError {
    let mut reason = format!("the upstream returned {}", plain(error));
    if let Some(description) = description {
        reason.push_str(": ");
        reason.push_str(&plain(description));
    }
    match error {
        "access_denied"
        | "invalid_grant"
        | "interaction_required"
        | "login_required"
        | "consent_required"
        | "account_selection_required"
        | "expired_token"
        | "bad_verification_code"
        | "bad_refresh_token"
        | "unverified_user_email" => SignInError::refused(reason),
        "temporarily_unavailable" | "server_error" | "slow_down" => SignInError::unavailable(reason),
        _ => SignInError::failed(reason),
    }
}

/// The response of a token endpoint.
#[derive(Debug)]
pub(super) struct TokenResponse {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// Seconds.
    pub(super) expires_in: Option<u64>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) id_token: Option<String>,
}

impl TokenResponse {
    /// The credential to store; if the endpoint does not say which scopes it granted, these are the requested ones (RFC
    /// 6749, 5.1).
    pub(super) fn credential(&self, now: u64, asked: &[String]) -> UpstreamCredential {
        UpstreamCredential {
            access: self.access.clone(),
            refresh: self.refresh.clone(),
            expires: self.expires_in.map(|seconds| now.saturating_add(seconds.saturating_mul(1000))),
            scopes: self.scopes.clone().unwrap_or_else(|| asked.to_vec()),
            profile: None,
            said: Some(now),
            id_token: None,
        }
    }
}

/// Redeems `code` at `endpoint`. One wait.
pub(super) async fn redeem(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientCredentials,
    (code, callback, verifier): (&str, &str, &str),
) -> Result<TokenResponse, SignInError> {
    let grant =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback), ("code_verifier", verifier)];
    token_request(flow, options, endpoint, auth, &grant).await
}

/// Exchanges the refresh token of `credential`. One wait. Returns the credential to store: with the former refresh
/// token and profile if there are no new ones, and with the new ID token, if any.
pub(super) async fn refresh(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientCredentials,
    credential: &str,
) -> Result<UpstreamCredential, SignInError> {
    let kept =
        UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
    let Some(refresh) = &kept.refresh else {
        return Err(SignInError::refused("the upstream issued no refresh token, and the access token has expired"));
    };
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let tokens = token_request(flow, options, endpoint, auth, &grant).await?;
    let now = flow.context().now();
    let fresh = tokens.credential(now, &kept.scopes);
    let id_token = tokens.id_token.map(|token| (token, now));
    Ok(UpstreamCredential { refresh: fresh.refresh.or(kept.refresh), profile: kept.profile, id_token, ..fresh })
}

async fn token_request(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientCredentials,
    grant: &[(&str, &str)],
) -> Result<TokenResponse, SignInError> {
    let answer = post(flow, options, endpoint, auth, grant).await;
    tokens(&answer.map_err(|failure| unreachable(failure, "the token endpoint"))?)
}

/// Revokes a credential by its longest-lived token (RFC 7009). One wait.
pub(super) async fn revoke(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientCredentials,
    credential: &UpstreamCredential,
) -> Result<bool, SignInError> {
    let (token, hint) = match &credential.refresh {
        Some(refresh) => (refresh, "refresh_token"),
        None => (&credential.access, "access_token"),
    };
    let answer = post(flow, options, endpoint, auth, &[("token", token), ("token_type_hint", hint)]).await;
    let answer = answer.map_err(|failure| unreachable(failure, "the revocation endpoint"))?;
    let error = Object::read(&answer.body).ok().and_then(|body| body.string("error").map(String::from));
    if answer.is_outage() {
        return Err(SignInError::unavailable(format!("the revocation endpoint answered {}", answer.status)));
    }
    match (answer.status, error.as_deref()) {
        // Google's response for a token that had ended before.
        (200..=299, _) | (400, Some("invalid_token")) => Ok(true),
        (_, Some(error)) => Err(refusal(error, None)),
        (status, None) => Err(SignInError::failed(format!("the revocation endpoint answered {status}"))),
    }
}

/// Sends a form to one of the provider's endpoints, with our client authentication.
async fn post(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientCredentials,
    form: &[(&str, &str)],
) -> Result<Fetched, Failure> {
    let mut headers: Vec<(&'static str, String)> = vec![
        ("accept", "application/json".into()),
        ("content-type", "application/x-www-form-urlencoded".into()),
        ("user-agent", USER_AGENT.into()),
    ];
    let secret = options.client_secret.as_deref().unwrap_or_default();
    let mut body = form.to_vec();
    match auth {
        ClientCredentials::Basic => headers.push(("authorization", basic(&options.client_id, secret))),
        ClientCredentials::Post => body.extend([("client_id", options.client_id.as_str()), ("client_secret", secret)]),
        ClientCredentials::None => body.push(("client_id", &options.client_id)),
    }
    flow.obtain(&Fetch { url: endpoint.into(), method: "POST", headers, body: Some(form::write(&body)), brief: false })
        .await
}

/// RFC 6749, 2.3.1: both are form-encoded before they are joined.
pub(super) fn basic(id: &str, secret: &str) -> String {
    String::from("Basic ") + &base64::encode([&form::encode(id), ":", &form::encode(secret)].concat().as_bytes())
}

/// Reads a token endpoint's response. An error counts with any status: some providers send it with 200.
fn tokens(answer: &Fetched) -> Result<TokenResponse, SignInError> {
    let unreadable = || match answer.status {
        status if answer.is_outage() => SignInError::unavailable(format!("the token endpoint answered {status}")),
        status => SignInError::failed(format!("the token endpoint answered {status} without a valid token")),
    };
    let members = Object::read(&answer.body).map_err(|_| unreadable())?;
    if let Some(error) = members.string("error") {
        let denied = refusal(&error, members.string("error_description").as_deref());
        return Err(if answer.is_outage() { SignInError::unavailable(denied.reason) } else { denied });
    }
    let access = members.string("access_token").filter(|token| !token.is_empty() && answer.status == 200);
    let bearer = members.string("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let (Some(access), true) = (access, bearer) else { return Err(unreadable()) };
    let scopes = members.string("scope").map(|scope| {
        let names = scope.split([' ', ',']).filter(|name| !name.is_empty());
        names.map(String::from).collect()
    });
    Ok(TokenResponse {
        access: access.into(),
        refresh: members.string("refresh_token").filter(|token| !token.is_empty()).map(Into::into),
        expires_in: members.get("expires_in").map(|value| seconds(value).ok_or_else(unreadable)).transpose()?,
        scopes,
        id_token: members.string("id_token").map(Into::into),
    })
}

/// A number of seconds; some providers send it as a string.
fn seconds(value: Value<'_>) -> Option<u64> {
    let text = value.string().unwrap_or_else(|| value.text().into());
    text.parse().ok()
}

/// Why a fetch has no response.
pub(super) fn unreachable(failure: Failure, what: &str) -> SignInError {
    match failure {
        Failure::Timeout | Failure::Unreachable => SignInError::unavailable(format!("{what} did not answer")),
        Failure::Refused | Failure::Absent | Failure::Failed => {
            SignInError::failed(format!("the request to {what} failed; the log says why"))
        }
    }
}

/// Every request names its sender: GitHub refuses requests that do not.
pub(super) const USER_AGENT: &str = "mcp-wicket";

/// Reads the response of an API that was called with the person's token.
pub(super) fn profile_answer<'a>(answer: &'a Result<Fetched, Failure>, what: &str) -> Result<Object<'a>, SignInError> {
    let answer = answer.as_ref().map_err(|failure| unreachable(*failure, what))?;
    match answer.status {
        status if answer.is_outage() => Err(SignInError::unavailable(format!("{what} answered {status}"))),
        200 => {
            Object::read(&answer.body).map_err(|_| SignInError::failed(format!("{what} did not return a JSON object")))
        }
        401 => Err(SignInError::refused(format!("{what} no longer accepts the token"))),
        403 => Err(SignInError::refused(format!("{what} rejects the token"))),
        status => Err(SignInError::failed(format!("{what} answered {status}"))),
    }
}

/// Who the person is by the provider's last confirmation, if only tokens contain it: for a refresh. The authorization
/// server has exchanged a credential that was due ([`crate::identity::Credential::due`]); without a refresh token, the
/// provider cannot be asked again, and its confirmation is only valid for a moment.
pub(super) fn remembered(credential: &UpstreamCredential, now: u64) -> Result<Profile, SignInError> {
    if credential.refresh.is_none() && credential.due() <= now {
        let why =
            "the provider issued no refresh token and has no userinfo endpoint, so it cannot be asked: sign in again";
        return Err(SignInError::refused(why));
    }
    let profile = credential.profile.clone();
    profile.ok_or_else(|| SignInError::refused("the provider's answer at sign-in was not stored"))
}

/// Checks the rules, then runs the operator's functions: `allow`, and `context` for a person who may sign in. At most
/// two waits.
pub(super) async fn admit(
    flow: &Flow<'_>,
    options: &Options,
    profile: &Profile,
    credential: &UpstreamCredential,
) -> Result<Person, SignInError> {
    admitted(flow, options, profile, credential).await.map_err(|denied| denied.about(&profile.id))
}

async fn admitted(
    flow: &Flow<'_>,
    options: &Options,
    profile: &Profile,
    credential: &UpstreamCredential,
) -> Result<Person, SignInError> {
    if !options.allow.admits(profile) {
        return Err(SignInError::not_allowed("no rule of `allow` matches").of(profile.label()));
    }
    let told = profile.whole();
    let mut scopes = None;
    if options.allow.function {
        let asked = flow.obtain(&CallAllow { handler: &options.name, profile: told.value() }).await;
        match AllowResult::read(asked.map_err(|failure| SignInError::unfinished("allow", failure))?.value()) {
            Err(wrong) => return Err(SignInError::not_allowed(wrong).of(profile.label())),
            Ok(AllowResult::No) => {
                return Err(SignInError::not_allowed("the function `allow` refused the person").of(profile.label()));
            }
            Ok(AllowResult::Yes) => {}
            Ok(AllowResult::Scopes(only)) => scopes = Some(only),
        }
    }
    let props = if options.context {
        let context = CallContext { handler: &options.name, access_token: &credential.access, profile: told.value() };
        flow.obtain(&context).await.map_err(|failure| SignInError::unfinished("context", failure))?.to_string()
    } else {
        profile.props().to_string()
    };
    let credential = Some(credential.to_json());
    Ok(Person { id: profile.id.clone(), label: profile.label().into(), props, scopes, credential })
}
