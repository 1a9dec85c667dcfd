//! The way to the upstream and back, as all providers have it: OAuth 2.1 with PKCE, from the client's side.

use super::credential::Credential;
use super::effect::{Allowed, AskAllow, Context};
use super::options::Options;
use super::profile::Profile;
use crate::crypto::{self, base64};
use crate::flow::{Failure, Fetch, Fetched, Flow};
use crate::http::form;
use crate::http::refused::plain;
use crate::json::{Object, Value, object, quoted};
use crate::oauth::identity::{Back, Begin, Begun, Denied, Person};

/// How we prove to the token endpoint who we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientAuth {
    /// `client_secret_basic`.
    Basic,
    /// `client_secret_post`.
    Post,
    /// A public client.
    None,
}

/// What is remembered between going and coming back.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// The PKCE verifier.
    pub(super) verifier: String,
    /// The nonce that the ID token must have.
    pub(super) nonce: String,
    /// A provider that was discovered: what was found, a JSON object.
    pub(super) provider: Option<String>,
}

impl Kept {
    pub(super) fn fresh(flow: &Flow<'_>) -> Self {
        let random = |label| crypto::encode(&flow.context().random::<32>(label));
        Self { verifier: random("upstream verifier"), nonce: random("upstream nonce"), provider: None }
    }

    pub(super) fn read(text: &str) -> Result<Self, Denied> {
        let read = || {
            let members = Object::read(text).ok()?;
            let provider = members.get("provider").map(|provider| provider.text().into());
            Some(Self {
                verifier: members.string("verifier")?.into(),
                nonce: members.string("nonce")?.into(),
                provider,
            })
        };
        read().ok_or_else(|| Denied::failed("what was kept of the sign-in cannot be read"))
    }

    fn to_json(&self) -> String {
        let (verifier, nonce) = (quoted(&self.verifier), quoted(&self.nonce));
        let mut members = vec![("verifier", verifier.as_str()), ("nonce", nonce.as_str())];
        members.extend(self.provider.as_deref().map(|provider| ("provider", provider)));
        object(&members)
    }
}

/// The authorization request, at `endpoint`. `more` are the provider's own parameters.
pub(super) fn begin(
    options: &Options,
    endpoint: &str,
    begin: &Begin<'_>,
    kept: &Kept,
    scopes: &str,
    more: &[(&str, &str)],
) -> Begun {
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
    Begun { url: form::extend(endpoint, &query), kept: kept.to_json() }
}

/// The code in the callback's query, or why there is none. `issuer` is what `iss` must be where it is there (RFC 9207);
/// `must_name` where it has to be there.
pub(super) fn code<'a>(back: &Back<'a>, issuer: &str, must_name: bool) -> Result<&'a str, Denied> {
    match back.query.get("iss") {
        Some(named) if named != issuer => {
            return Err(Denied::failed(format!("the answer comes from {}", plain(named))));
        }
        None if must_name => return Err(Denied::failed("the answer does not say which issuer it comes from")),
        _ => {}
    }
    if let Some(error) = back.query.get("error") {
        return Err(refusal(error, back.query.get("error_description")));
    }
    back.query.get("code").ok_or_else(|| Denied::failed("the answer has neither a code nor an error"))
}

/// What an OAuth error of the upstream means here. Its words go to the operator's log only.
pub(super) fn refusal(error: &str, description: Option<&str>) -> Denied {
    let mut reason = format!("the upstream says {}", plain(error));
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
        | "unverified_user_email" => Denied::refused(reason),
        "temporarily_unavailable" | "server_error" | "slow_down" => Denied::unavailable(reason),
        _ => Denied::failed(reason),
    }
}

/// What a token endpoint gave us.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: Option<String>,
    /// Seconds.
    pub(super) expires_in: Option<u64>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) id_token: Option<String>,
}

impl Tokens {
    /// The credential to keep; where the endpoint does not say which scopes it granted, it is what was asked for
    /// (RFC 6749, 5.1).
    pub(super) fn credential(&self, now: u64, asked: &[String]) -> Credential {
        Credential {
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
    auth: ClientAuth,
    (code, callback, verifier): (&str, &str, &str),
) -> Result<Tokens, Denied> {
    let grant =
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", callback), ("code_verifier", verifier)];
    token_request(flow, options, endpoint, auth, &grant).await
}

/// Exchanges the refresh token of `credential`. One wait. Gives the credential to keep: with the former refresh token and
/// profile where none comes back, and with the ID token that comes back.
pub(super) async fn refresh(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientAuth,
    credential: &str,
) -> Result<Credential, Denied> {
    let kept = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
    let Some(refresh) = &kept.refresh else {
        return Err(Denied::refused("the upstream gave no refresh token, and the access token has ended"));
    };
    let grant = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let tokens = token_request(flow, options, endpoint, auth, &grant).await?;
    let now = flow.context().now();
    let fresh = tokens.credential(now, &kept.scopes);
    let id_token = tokens.id_token.map(|token| (token, now));
    Ok(Credential { refresh: fresh.refresh.or(kept.refresh), profile: kept.profile, id_token, ..fresh })
}

async fn token_request(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientAuth,
    grant: &[(&str, &str)],
) -> Result<Tokens, Denied> {
    let answer = post(flow, options, endpoint, auth, grant).await;
    tokens(&answer.map_err(|failure| unreachable(failure, "the token endpoint"))?)
}

/// Revokes a credential by its longest-lived token (RFC 7009). One wait.
pub(super) async fn revoke(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientAuth,
    credential: &Credential,
) -> Result<bool, Denied> {
    let (token, hint) = match &credential.refresh {
        Some(refresh) => (refresh, "refresh_token"),
        None => (&credential.access, "access_token"),
    };
    let answer = post(flow, options, endpoint, auth, &[("token", token), ("token_type_hint", hint)]).await;
    let answer = answer.map_err(|failure| unreachable(failure, "the revocation endpoint"))?;
    let error = Object::read(&answer.body).ok().and_then(|body| body.string("error").map(String::from));
    if answer.is_outage() {
        return Err(Denied::unavailable(format!("the revocation endpoint answered {}", answer.status)));
    }
    match (answer.status, error.as_deref()) {
        // Google says so of a token that has ended before.
        (200..=299, _) | (400, Some("invalid_token")) => Ok(true),
        (_, Some(error)) => Err(refusal(error, None)),
        (status, None) => Err(Denied::failed(format!("the revocation endpoint answered {status}"))),
    }
}

/// Sends a form to one of the provider's endpoints, as the client that we are there.
async fn post(
    flow: &Flow<'_>,
    options: &Options,
    endpoint: &str,
    auth: ClientAuth,
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
        ClientAuth::Basic => headers.push(("authorization", basic(&options.client_id, secret))),
        ClientAuth::Post => body.extend([("client_id", options.client_id.as_str()), ("client_secret", secret)]),
        ClientAuth::None => body.push(("client_id", &options.client_id)),
    }
    flow.obtain(&Fetch { url: endpoint.into(), method: "POST", headers, body: Some(form::write(&body)) }).await
}

/// RFC 6749, 2.3.1: both are form-encoded before they are joined.
pub(super) fn basic(id: &str, secret: &str) -> String {
    String::from("Basic ") + &base64::encode([&form::encode(id), ":", &form::encode(secret)].concat().as_bytes())
}

/// Reads a token endpoint's answer. An error counts whatever the status is: some providers send it with 200.
fn tokens(answer: &Fetched) -> Result<Tokens, Denied> {
    let unreadable = || match answer.status {
        status if answer.is_outage() => Denied::unavailable(format!("the token endpoint answered {status}")),
        status => Denied::failed(format!("the token endpoint answered {status} with something that is no token")),
    };
    let members = Object::read(&answer.body).map_err(|_| unreadable())?;
    if let Some(error) = members.string("error") {
        let denied = refusal(&error, members.string("error_description").as_deref());
        return Err(if answer.is_outage() { Denied::unavailable(denied.reason) } else { denied });
    }
    let access = members.string("access_token").filter(|token| !token.is_empty() && answer.status == 200);
    let bearer = members.string("token_type").is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
    let (Some(access), true) = (access, bearer) else { return Err(unreadable()) };
    let scopes = members.string("scope").map(|scope| {
        let names = scope.split([' ', ',']).filter(|name| !name.is_empty());
        names.map(String::from).collect()
    });
    Ok(Tokens {
        access: access.into(),
        refresh: members.string("refresh_token").filter(|token| !token.is_empty()).map(Into::into),
        expires_in: members.get("expires_in").map(|value| seconds(value).ok_or_else(unreadable)).transpose()?,
        scopes,
        id_token: members.string("id_token").map(Into::into),
    })
}

/// A count of seconds; some providers write it as a string.
fn seconds(value: Value<'_>) -> Option<u64> {
    let text = value.string().unwrap_or_else(|| value.text().into());
    text.parse().ok()
}

/// Why a fetch has no answer.
pub(super) fn unreachable(failure: Failure, what: &str) -> Denied {
    match failure {
        Failure::Timeout | Failure::Unreachable => Denied::unavailable(format!("{what} did not answer")),
        Failure::Refused | Failure::Absent | Failure::Failed => {
            Denied::failed(format!("{what} could not be asked; the log says why"))
        }
    }
}

/// Every request says who asks: GitHub refuses those that do not.
pub(super) const USER_AGENT: &str = "mcp-wicket";

/// Reads the answer of an API that was asked with the person's token.
pub(super) fn profile_answer<'a>(answer: &'a Result<Fetched, Failure>, what: &str) -> Result<Object<'a>, Denied> {
    let answer = answer.as_ref().map_err(|failure| unreachable(*failure, what))?;
    match answer.status {
        status if answer.is_outage() => Err(Denied::unavailable(format!("{what} answered {status}"))),
        200 => Object::read(&answer.body).map_err(|_| Denied::failed(format!("{what} answered with no JSON object"))),
        401 => Err(Denied::refused(format!("{what} does not accept the token any more"))),
        403 => Err(Denied::refused(format!("{what} refuses the token"))),
        status => Err(Denied::failed(format!("{what} answered {status}"))),
    }
}

/// Who the person is by what the provider said last, where only tokens say it: for a refresh. The authorization server has
/// exchanged a credential that was due ([`crate::oauth::identity::Credential::due`]); without a refresh token, nobody can
/// be asked, and what was said counts for a moment only.
pub(super) fn remembered(credential: &Credential, now: u64) -> Result<Profile, Denied> {
    if credential.refresh.is_none() && credential.due() <= now {
        let why =
            "the provider gave no refresh token and has no userinfo endpoint, so it cannot be asked: sign in again";
        return Err(Denied::refused(why));
    }
    let profile = credential.profile.clone();
    profile.ok_or_else(|| Denied::refused("what the provider said at sign-in was not kept"))
}

/// Checks the rules, then runs what the operator wrote: `allow`, and `context` for whoever may. At most two waits.
pub(super) async fn admit(
    flow: &Flow<'_>,
    options: &Options,
    profile: &Profile,
    credential: &Credential,
) -> Result<Person, Denied> {
    admitted(flow, options, profile, credential).await.map_err(|denied| denied.about(&profile.id))
}

async fn admitted(
    flow: &Flow<'_>,
    options: &Options,
    profile: &Profile,
    credential: &Credential,
) -> Result<Person, Denied> {
    if !options.allow.admits(profile) {
        return Err(Denied::not_allowed("no rule of `allow` fits").of(profile.label()));
    }
    let told = profile.to_json();
    let mut scopes = None;
    if options.allow.function {
        let asked = flow.obtain(&AskAllow { handler: &options.name, profile: &told }).await;
        match asked.map_err(|failure| Denied::unfinished("allow", failure))? {
            Err(wrong) => return Err(Denied::not_allowed(wrong).of(profile.label())),
            Ok(Allowed::No) => return Err(Denied::not_allowed("the function `allow` says no").of(profile.label())),
            Ok(Allowed::Yes) => {}
            Ok(Allowed::Scopes(only)) => scopes = Some(only),
        }
    }
    let props = if options.context {
        let context = Context { handler: &options.name, access_token: &credential.access, profile: &told };
        flow.obtain(&context).await.map_err(|failure| Denied::unfinished("context", failure))?
    } else {
        profile.props()
    };
    let credential = Some(credential.to_json());
    Ok(Person { id: profile.id.clone(), label: profile.label().into(), props, scopes, credential })
}
