//! Signing in with Google (developers.google.com, "OpenID Connect" and "Using OAuth 2.0 for Web Server Applications").
//!
//! What is different there: a refresh token comes only with `access_type=offline`, and only when the person is shown
//! Google's consent page; the person may untick scopes; `hd` in the request is a wish, and only `hd` in the ID token says to
//! which organisation an account belongs; and revoking one token ends all that the person gave this app.

use super::allow::Kind;
use super::credential::Credential;
use super::leg::{self, ClientAuth, Kept};
use super::openid::{Expected, IdToken, Keys, is_true, text};
use super::options::{self, Options, host_of};
use super::profile::Profile;
use super::scopes;
use crate::flow::{Fetch, Flow};
use crate::http::origin::origin_of;
use crate::json::Object;
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Person};

/// `GoogleHandler`.
#[derive(Debug)]
pub struct Google {
    pub(super) options: Options,
    /// The Google Workspace domain that accounts must belong to.
    hosted_domain: Option<String>,
    prompt: String,
    /// Where all endpoints are, when they are not at Google: tests and development.
    base: Option<String>,
}

const ISSUER: &str = "https://accounts.google.com";
const KINDS: &[Kind] = &[Kind::Ids, Kind::Emails, Kind::Domains, Kind::Tenants];
const IDENTITY: &[&str] = &["openid", "email", "profile"];

impl Google {
    /// Reads the options: `hd`, and `prompt`, which is `consent` where more than the identity is asked for (so that a
    /// refresh token comes), else `select_account`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "google", IDENTITY, KINDS)?;
        if options.client_secret.is_none() {
            return Err("clientSecret is missing. It stands beside the client ID in the Google Cloud console.".into());
        }
        for scope in IDENTITY {
            options.need(scope);
        }
        let wants_more = options.scopes.iter().any(|scope| !IDENTITY.contains(&scope.as_str()));
        let prompt = config.string("prompt").map(String::from);
        let is_prompt =
            |prompt: &String| prompt.split(' ').all(|word| matches!(word, "none" | "consent" | "select_account"));
        if !prompt.iter().all(is_prompt) {
            return Err("prompt is \"consent\", \"select_account\", \"consent select_account\" or \"none\".".into());
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

    pub(super) fn about(&self) -> About {
        let host = host_of(self.base.as_deref().unwrap_or(ISSUER)).into();
        About { label: "Google".into(), host, scopes: self.options.described(scopes::GOOGLE) }
    }

    pub(super) fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Begun {
        let kept = Kept::fresh(flow);
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
        leg::begin(&self.options, &endpoint, begin, &kept, &self.options.scopes.join(" "), &more)
    }

    /// Waits: the code and Google's keys, the signature, and what the operator's functions need.
    pub(super) async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        let kept = Kept::read(back.kept)?;
        let code = leg::code(back, ISSUER, false)?;
        let keys = Keys::ask(flow, self.endpoint("https://www.googleapis.com/oauth2/v3/certs"));
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens = leg::redeem(flow, &self.options, &self.token_endpoint(), ClientAuth::Post, redeemed).await?;
        let credential = short(tokens.credential(flow.context().now(), &self.options.scopes));
        let expected =
            Expected { client_id: &self.options.client_id, nonce: Some(&kept.nonce), now: flow.context().now() };
        let person = self.identify(flow, tokens.id_token.as_deref(), (keys, expected), &credential).await;
        person.map_err(|denied| denied.leaving(credential.to_json()))
    }

    async fn identify(
        &self,
        flow: &Flow<'_>,
        token: Option<&str>,
        (keys, expected): (Keys<'_>, Expected<'_>),
        credential: &Credential,
    ) -> Result<Person, Denied> {
        let token = IdToken::untrusted(token.ok_or_else(|| Denied::failed("Google sent no ID token"))?)?;
        // Google documents both spellings of its issuer.
        let claims =
            token.check(keys, expected, &|issuer, _| issuer == ISSUER || issuer == "accounts.google.com").await?;
        let profile = self.person(&claims)?;
        leg::admit(flow, &self.options, &profile, credential).await
    }

    /// Asks the userinfo endpoint. Waits: that, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        let credential = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
        let headers = vec![("authorization", ["Bearer ", &credential.access].concat())];
        let url = self.endpoint("https://openidconnect.googleapis.com/v1/userinfo");
        let answer = flow.obtain(&Fetch { url, method: "GET", headers, body: None }).await;
        let claims = leg::profile_answer(&answer, "Google")?;
        let profile = self.person(&claims)?;
        leg::admit(flow, &self.options, &profile, &credential).await.map(Some)
    }

    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, Denied> {
        let fresh = leg::refresh(flow, &self.options, &self.token_endpoint(), ClientAuth::Post, credential).await?;
        Ok(Credential { id_token: None, ..short(fresh) }.to_json())
    }

    /// Ends all tokens that the person gave this app. One wait.
    pub(super) async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, Denied> {
        let credential = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
        let endpoint = self.endpoint("https://oauth2.googleapis.com/revoke");
        leg::revoke(flow, &self.options, &endpoint, ClientAuth::Post, &credential).await
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

    fn person(&self, claims: &Object<'_>) -> Result<Profile, Denied> {
        let id = text(claims, "sub").ok_or_else(|| Denied::failed("Google names nobody"))?;
        let tenant = text(claims, "hd");
        let is_theirs = |wanted: &String| tenant.as_deref().is_some_and(|domain| domain.eq_ignore_ascii_case(wanted));
        if !self.hosted_domain.iter().all(is_theirs) {
            let account = text(claims, "email").unwrap_or_default();
            return Err(Denied::not_allowed("the account does not belong to the hosted domain")
                .of(&account)
                .about(&id));
        }
        let emails = text(claims, "email").filter(|_| is_true(claims, "email_verified"));
        // An account of one's own may carry an address of a company that one has left: only `hd` says who belongs to a domain,
        // and Google itself for its own (developers.google.com, "Authenticate with a backend server").
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

/// Two scopes have short names; Google answers with the long ones.
fn short(mut credential: Credential) -> Credential {
    for scope in &mut credential.scopes {
        match scope.as_str() {
            "https://www.googleapis.com/auth/userinfo.email" => *scope = "email".into(),
            "https://www.googleapis.com/auth/userinfo.profile" => *scope = "profile".into(),
            _ => {}
        }
    }
    credential
}
