//! Signing in with GitHub (docs.github.com, "Authorizing OAuth apps").
//!
//! Peculiarities: a token endpoint that sends errors with status 200; scopes separated by commas; tokens that do not
//! expire, unless the app is a GitHub App; logins that are reassigned, so the subject is the numeric ID; and tokens
//! without an audience, so GitHub is asked first whether the token was issued to *our* app.

use super::allow::RuleList;
use super::code_flow::{self, ClientCredentials, SignInState, USER_AGENT};
use super::credential::UpstreamCredential;
use super::options::{self, Options};
use super::profile::Profile;
use super::scopes;
use crate::flow::{Failure, Fetch, Fetched, Flow};
use crate::http::host::authority_of;
use crate::identity::{Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::json::{self, Object, Value};

use serde::Serialize;

/// `GitHubHandler`, for github.com or a GitHub Enterprise Server.
#[derive(Debug)]
pub struct GitHub {
    pub(super) options: Options,
    /// `https://github.com`.
    base: String,
    /// `https://api.github.com`.
    api: String,
}

const KINDS: &[RuleList] = &[RuleList::Ids, RuleList::Logins, RuleList::Orgs, RuleList::Emails, RuleList::Domains];

/// Maximum number of organisations in `allow.orgs`: each costs a request.
const MAX_ORGS: usize = 20;

impl GitHub {
    /// Reads the options: `baseUrl` for a GitHub Enterprise Server, and `apiUrl` if its API is not at `/api/v3`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "github", &["read:user"], KINDS)?;
        let is_plain = options.client_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !is_plain {
            return Err(
                "clientId is not the client ID of a GitHub app, which has only letters, digits and dots.".into()
            );
        }
        if options.client_secret.is_none() {
            return Err("clientSecret is missing. Create one in your app's settings on GitHub.".into());
        }
        if options.allow.asks(RuleList::Orgs) {
            options.need("read:org");
        }
        if options.allow.asks(RuleList::Emails) || options.allow.asks(RuleList::Domains) {
            options.need("user:email");
        }
        if options.allow.named(RuleList::Orgs).count() > MAX_ORGS {
            return Err(format!("allow.orgs has more than {MAX_ORGS} organizations. Use a function instead."));
        }
        let base = options::url(config, "baseUrl")?;
        let api = options::url(config, "apiUrl")?.or_else(|| base.as_ref().map(|base| [base, "/api/v3"].concat()));
        Ok(Self {
            options,
            base: base.unwrap_or_else(|| "https://github.com".into()),
            api: api.unwrap_or_else(|| "https://api.github.com".into()),
        })
    }

    pub(super) fn about(&self) -> ProviderInfo {
        let scopes = self.options.described(scopes::GITHUB);
        ProviderInfo { label: "GitHub".into(), host: authority_of(&self.base).into(), scopes }
    }

    pub(super) fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> SignInStep {
        let endpoint = [&self.base, "/login/oauth/authorize"].concat();
        let more: &[_] = if begin.switch { &[("prompt", "select_account")] } else { &[] };
        code_flow::begin(
            &self.options,
            &endpoint,
            begin,
            &SignInState::fresh(flow),
            &self.options.scopes.join(" "),
            more,
        )
    }

    /// Waits: the code, the person (several requests at once), and what the operator's functions need.
    pub(super) async fn continue_sign_in(
        &self,
        flow: &Flow<'_>,
        back: &SignInCallback<'_>,
    ) -> Result<Person, SignInError> {
        let kept = SignInState::read(back.kept)?;
        let code = code_flow::code(back, &[&self.base, "/login/oauth"].concat(), false)?;
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens =
            code_flow::redeem(flow, &self.options, &self.token_endpoint(), ClientCredentials::Post, redeemed).await?;
        let credential = tokens.credential(flow.context().now(), &self.options.scopes);
        self.identify(flow, &credential).await.map_err(|denied| denied.leaving(credential.to_json()))
    }

    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        self.identify(flow, &credential).await.map(Some)
    }

    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        let fresh =
            code_flow::refresh(flow, &self.options, &self.token_endpoint(), ClientCredentials::Post, credential)
                .await?;
        Ok(UpstreamCredential { id_token: None, ..fresh }.to_json())
    }

    /// "Delete an app token": only our app's. One wait.
    pub(super) async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let answer = flow.obtain(&Fetch { method: "DELETE", ..self.is_ours(&credential) }).await;
        let answer = answer.map_err(|failure| code_flow::unreachable(failure, "GitHub"))?;
        match answer.status {
            status if answer.is_outage() => Err(SignInError::unavailable(format!("GitHub answered {status}"))),
            // 404 and 422: it had ended before.
            204 | 404 | 422 => Ok(true),
            status => Err(SignInError::failed(format!("GitHub answered {status} when asked to delete the token"))),
        }
    }

    fn token_endpoint(&self) -> String {
        [&self.base, "/login/oauth/access_token"].concat()
    }

    /// Who the person is. One wait for all requests, then the operator's functions.
    async fn identify(&self, flow: &Flow<'_>, credential: &UpstreamCredential) -> Result<Person, SignInError> {
        let ours = flow.obtain(&self.is_ours(credential));
        let user = flow.obtain(&self.ask("/user", credential));
        let scopes = &credential.scopes;
        let may_read_emails = scopes.iter().any(|scope| scope == "user:email" || scope == "user");
        let emails = may_read_emails.then(|| flow.obtain(&self.ask("/user/emails?per_page=100", credential)));
        let orgs = self.options.allow.named(RuleList::Orgs).map(|org| {
            // The rules allow letters, digits and hyphens only, so this is one path segment.
            (org, flow.obtain(&self.ask(&["/user/memberships/orgs/", org].concat(), credential)))
        });
        let orgs = orgs.collect::<Vec<_>>();

        let ours = ours.await;
        let user = user.await;
        let emails = match emails {
            Some(emails) => verified(&emails.await)?,
            None => Vec::new(),
        };
        let mut member_of = Vec::new();
        for (org, membership) in orgs {
            if is_active(&membership.await)? {
                member_of.push(org.to_owned());
            }
        }
        let id = self.owner(&ours)?;
        let user = profile_of(&user)?;
        if user.get("id").map(Value::text) != Some(id.as_str()) {
            return Err(SignInError::failed("GitHub returned different people for the token and the user"));
        }
        let text = |name| user.string(name).filter(|text| !text.is_empty()).map(String::from);
        let profile = Profile {
            id,
            login: text("login"),
            name: text("name"),
            picture: text("avatar_url"),
            domains: Profile::domains_of(&emails),
            emails,
            orgs: member_of,
            ..Profile::default()
        };
        code_flow::admit(flow, &self.options, &profile, credential).await
    }

    /// "Check a token": succeeds only for tokens of our app, and says whose it is.
    fn is_ours(&self, credential: &UpstreamCredential) -> Fetch {
        let secret = self.options.client_secret.as_deref().unwrap_or_default();
        let mut headers = headers(code_flow::basic(&self.options.client_id, secret));
        headers.push(("content-type", "application/json".into()));
        Fetch {
            url: [&self.api, "/applications/", &self.options.client_id, "/token"].concat(),
            method: "POST",
            headers,
            body: Some(json::write(&TokenBody { access_token: &credential.access })),
            brief: false,
        }
    }

    /// The ID of the token's person, if it was issued to our app.
    fn owner(&self, answer: &Result<Fetched, Failure>) -> Result<String, SignInError> {
        if answer.as_ref().is_ok_and(|answer| matches!(answer.status, 404 | 422)) {
            return Err(SignInError::refused("GitHub says that the token does not belong to this app, or was revoked"));
        }
        if answer.as_ref().is_ok_and(|answer| matches!(answer.status, 401 | 403) && !answer.is_outage()) {
            return Err(SignInError::failed("GitHub does not accept clientId and clientSecret"));
        }
        let answer = profile_of(answer)?;
        let app = answer.get("app").and_then(|app| app.object().ok());
        let user = answer.get("user").and_then(|user| user.object().ok());
        if app.and_then(|app| app.string("client_id").map(|id| id == self.options.client_id.as_str())) != Some(true) {
            return Err(SignInError::refused("GitHub says that the token belongs to another app"));
        }
        let id = user.and_then(|user| user.get("id")).map(Value::text);
        let id = id.filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        id.map(Into::into).ok_or_else(|| SignInError::failed("GitHub did not say whose token it is"))
    }

    fn ask(&self, path: &str, credential: &UpstreamCredential) -> Fetch {
        let headers = headers(["Bearer ", &credential.access].concat());
        Fetch { url: [&self.api, path].concat(), method: "GET", headers, body: None, brief: false }
    }
}

/// The token in the request.
#[derive(Serialize)]
struct TokenBody<'a> {
    access_token: &'a str,
}

fn headers(authorization: String) -> Vec<(&'static str, String)> {
    vec![
        ("accept", "application/vnd.github+json".into()),
        ("authorization", authorization),
        ("user-agent", USER_AGENT.into()),
        ("x-github-api-version", "2022-11-28".into()),
    ]
}

/// An object about the person from GitHub.
fn profile_of(answer: &Result<Fetched, Failure>) -> Result<Object<'_>, SignInError> {
    match answer {
        Ok(limited) if limited.is_outage() => {
            Err(SignInError::unavailable(format!("GitHub answered {}", limited.status)))
        }
        _ => code_flow::profile_answer(answer, "GitHub"),
    }
}

/// The verified addresses, the primary one first. Empty if the token may not read them.
fn verified(answer: &Result<Fetched, Failure>) -> Result<Vec<String>, SignInError> {
    let answer = answer.as_ref().map_err(|failure| code_flow::unreachable(*failure, "GitHub"))?;
    if answer.is_outage() {
        return Err(SignInError::unavailable("GitHub does not return the addresses at the moment"));
    }
    if matches!(answer.status, 403 | 404) {
        return Ok(Vec::new());
    }
    let (200, Ok(entries)) = (answer.status, Value::read(&answer.body).and_then(Value::array)) else {
        return Err(SignInError::failed("GitHub's list of addresses cannot be read"));
    };
    let mut emails = Vec::new();
    for entry in entries.into_iter().filter_map(|entry| entry.object().ok()) {
        let is = |name| entry.get(name).is_some_and(Value::is_true);
        if let (Some(email), true) = (entry.string("email"), is("verified")) {
            emails.insert(if is("primary") { 0 } else { emails.len() }, email.into());
        }
    }
    Ok(emails)
}

/// True for an active membership; neither a pending invitation nor an invisible membership is one.
fn is_active(answer: &Result<Fetched, Failure>) -> Result<bool, SignInError> {
    let answer = answer.as_ref().map_err(|failure| code_flow::unreachable(*failure, "GitHub"))?;
    match answer.status {
        _ if answer.is_outage() => Err(SignInError::unavailable("GitHub does not return the membership at the moment")),
        200 => Ok(Object::read(&answer.body).is_ok_and(|found| found.string("state").as_deref() == Some("active"))),
        403 | 404 => Ok(false),
        status => Err(SignInError::failed(format!("GitHub answered {status} when asked for a membership"))),
    }
}
