//! Signing in with Google (developers.google.com, "OpenID Connect" and "Using OAuth 2.0 for Web Server Applications").
//!
//! Peculiarities: a refresh token is issued only with `access_type=offline`, and only if the person sees Google's
//! consent page; the person may deselect scopes; `hd` in the request is only a hint, and only `hd` in the ID token says
//! to which organisation an account belongs; and revoking one token ends all that the person has granted to this app.

use super::allow::RuleList;
use super::code_flow::{self, ClientCredentials, SignInState};
use super::credential::UpstreamCredential;
use super::openid::{ExpectedClaims, IdToken, Keys, is_true, text};
use super::options::{self, Options};
use super::profile::Profile;
use super::scopes;
use crate::flow::{Fetch, Flow};
use crate::http::host::authority_of;
use crate::http::origin::origin_of;
use crate::identity::{Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::json::Object;

/// `GoogleHandler`.
#[derive(Debug)]
pub struct Google {
    pub(super) options: Options,
    /// The Google Workspace domain that accounts must belong to.
    hosted_domain: Option<String>,
    prompt: String,
    /// The base URL of all endpoints if they are not Google's: tests and development.
    base: Option<String>,
}

const ISSUER: &str = "https://accounts.google.com";
const KINDS: &[RuleList] = &[RuleList::Ids, RuleList::Emails, RuleList::Domains, RuleList::Tenants];
const IDENTITY: &[&str] = &["openid", "email", "profile"];

impl Google {
    /// Reads the options: `hd`, and `prompt`, which defaults to `consent` if more than the identity is requested (so
    /// that a refresh token is issued), else to `select_account`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "google", IDENTITY, KINDS)?;
        if options.client_secret.is_none() {
            return Err(
                "clientSecret is missing. You find it next to the client ID in the Google Cloud console.".into()
            );
        }
        for scope in IDENTITY {
            options.need(scope);
        }
        let wants_more = options.scopes.iter().any(|scope| !IDENTITY.contains(&scope.as_str()));
        let prompt = config.string("prompt").map(String::from);
        let is_prompt =
            |prompt: &String| prompt.split(' ').all(|word| matches!(word, "none" | "consent" | "select_account"));
        if !prompt.iter().all(is_prompt) {
            return Err(
                "prompt must be \"consent\", \"select_account\", \"consent select_account\" or \"none\".".into()
            );
        }
        Ok(Self {
            options,
            hosted_domain: config.string("hd").map(Into::into),
            prompt: prompt.unwrap_or_else(|| if wants_more { "consent" } else { "select_account" }.into()),
            base: options::url(config, "baseUrl")?,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.hosted_domain.is_none()
    }

    pub(super) fn about(&self) -> ProviderInfo {
        let host = authority_of(self.base.as_deref().unwrap_or(ISSUER)).into();
        ProviderInfo { label: "Google".into(), host, scopes: self.options.described(scopes::GOOGLE) }
    }

    pub(super) fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> SignInStep {
        let kept = SignInState::fresh(flow);
        let prompt = match self.prompt.as_str() {
            "consent" if begin.switch => "consent select_account",
            "none" if begin.switch => "select_account",
            prompt => prompt,
        };
        let mut more = vec![
            ("nonce", kept.nonce.as_str()),
            ("access_type", "offline"),
            ("prompt", prompt),
            ("include_granted_scopes", "false"),
        ];
        more.extend(self.hosted_domain.as_deref().map(|domain| ("hd", domain)));
        let endpoint = self.endpoint("https://accounts.google.com/o/oauth2/v2/auth");
        code_flow::begin(&self.options, &endpoint, begin, &kept, &self.options.scopes.join(" "), &more)
    }

    /// Waits: the code and Google's keys, the signature, and what the operator's functions need.
    pub(super) async fn continue_sign_in(
        &self,
        flow: &Flow<'_>,
        back: &SignInCallback<'_>,
    ) -> Result<Person, SignInError> {
        let kept = SignInState::read(back.kept)?;
        let code = code_flow::code(back, ISSUER, false)?;
        let keys = Keys::ask(flow, self.endpoint("https://www.googleapis.com/oauth2/v3/certs"));
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens =
            code_flow::redeem(flow, &self.options, &self.token_endpoint(), ClientCredentials::Post, redeemed).await?;
        let credential = short(tokens.credential(flow.context().now(), &self.options.scopes));
        let expected =
            ExpectedClaims { client_id: &self.options.client_id, nonce: Some(&kept.nonce), now: flow.context().now() };
        let person = self.identify(flow, tokens.id_token.as_deref(), (keys, expected), &credential).await;
        person.map_err(|denied| denied.leaving(credential.to_json()))
    }

    async fn identify(
        &self,
        flow: &Flow<'_>,
        token: Option<&str>,
        (keys, expected): (Keys<'_>, ExpectedClaims<'_>),
        credential: &UpstreamCredential,
    ) -> Result<Person, SignInError> {
        let token = IdToken::untrusted(token.ok_or_else(|| SignInError::failed("Google sent no ID token"))?)?;
        // Google documents both spellings of its issuer.
        let claims =
            token.check(keys, expected, &|issuer, _| issuer == ISSUER || issuer == "accounts.google.com").await?;
        let profile = self.person(&claims)?;
        code_flow::admit(flow, &self.options, &profile, credential).await
    }

    /// Asks the userinfo endpoint. Waits: one for that, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let headers = vec![("authorization", ["Bearer ", &credential.access].concat())];
        let url = self.endpoint("https://openidconnect.googleapis.com/v1/userinfo");
        let answer = flow.obtain(&Fetch { url, method: "GET", headers, body: None, brief: false }).await;
        let claims = code_flow::profile_answer(&answer, "Google")?;
        let profile = self.person(&claims)?;
        code_flow::admit(flow, &self.options, &profile, &credential).await.map(Some)
    }

    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        let fresh =
            code_flow::refresh(flow, &self.options, &self.token_endpoint(), ClientCredentials::Post, credential)
                .await?;
        Ok(UpstreamCredential { id_token: None, ..short(fresh) }.to_json())
    }

    /// Ends all tokens that the person has granted to this app. One wait.
    pub(super) async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let endpoint = self.endpoint("https://oauth2.googleapis.com/revoke");
        code_flow::revoke(flow, &self.options, &endpoint, ClientCredentials::Post, &credential).await
    }

    fn token_endpoint(&self) -> String {
        self.endpoint("https://oauth2.googleapis.com/token")
    }

    /// One of Google's endpoints, or the same path at `baseUrl`.
    fn endpoint(&self, url: &str) -> String {
        match &self.base {
            None => url.into(),
            Some(base) => [base, url.strip_prefix(origin_of(url)).unwrap_or_default()].concat(),
        }
    }

    fn person(&self, claims: &Object<'_>) -> Result<Profile, SignInError> {
        let id = text(claims, "sub").ok_or_else(|| SignInError::failed("Google did not identify the person"))?;
        let tenant = text(claims, "hd");
        let is_theirs = |wanted: &String| tenant.as_deref().is_some_and(|domain| domain.eq_ignore_ascii_case(wanted));
        if !self.hosted_domain.iter().all(is_theirs) {
            let account = text(claims, "email").unwrap_or_default();
            return Err(SignInError::not_allowed("the account does not belong to the hosted domain")
                .of(&account)
                .about(&id));
        }
        let emails = text(claims, "email").filter(|_| is_true(claims, "email_verified"));
        // A personal account may have an address at a company that the person has left: only `hd` proves membership of
        // a domain, and Google itself for its own domains (developers.google.com, "Authenticate with a backend
        // server").
        let own = emails.iter().filter_map(|email| email.rsplit_once('@')).map(|(_, host)| host);
        let own = own.filter(|host| host.eq_ignore_ascii_case("gmail.com")).map(String::from);
        let domains = tenant.clone().into_iter().filter(|_| emails.is_some()).chain(own).collect();
        Ok(Profile {
            id,
            domains,
            name: text(claims, "name"),
            picture: text(claims, "picture"),
            emails: emails.into_iter().collect(),
            tenant,
            ..Profile::default()
        })
    }
}

/// Two scopes have short names; Google returns the long ones.
fn short(mut credential: UpstreamCredential) -> UpstreamCredential {
    for scope in &mut credential.scopes {
        match scope.as_str() {
            "https://www.googleapis.com/auth/userinfo.email" => *scope = "email".into(),
            "https://www.googleapis.com/auth/userinfo.profile" => *scope = "profile".into(),
            _ => {}
        }
    }
    credential
}
