//! Signing in with any OpenID provider, by its issuer, or any OAuth 2 server, by its endpoints.

use super::allow::RuleList;
use super::code_flow::{self, ClientCredentials, SignInState, USER_AGENT};
use super::credential::UpstreamCredential;
use super::discovery::{Provider, discover};
use super::openid::{ExpectedClaims, IdToken, Keys, is_true, text, texts};
use super::options::{Options, is_endpoint};
use super::profile::Profile;
use super::scopes;
use crate::flow::{Failure, Fetch, Fetched, Flow};
use crate::http::host::authority_of;
use crate::identity::{Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::json::{Object, Value};

/// `GenericOAuthHandler`.
#[derive(Debug)]
pub struct Generic {
    pub(super) options: Options,
    source: ProviderEndpoints,
    /// The provider's name on pages.
    label: String,
    /// The claim or member that identifies a person: `sub`.
    subject: String,
    /// The claim or member that has groups: `groups`.
    groups: String,
}

#[derive(Debug)]
enum ProviderEndpoints {
    /// An OpenID provider, found by its issuer.
    Issuer(String),
    /// An OAuth 2 server without discovery, whose userinfo endpoint identifies the person.
    Endpoints(Provider),
}

const KINDS: &[RuleList] = &[RuleList::Ids, RuleList::Emails, RuleList::Domains, RuleList::Groups];

impl Generic {
    /// Reads the options: `issuer`, or `endpoints: { authorization, token, userinfo, revocation }`; `label`, `subject`, `groupsClaim`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "generic", &["openid", "profile", "email"], KINDS)?;
        let has_secret = options.client_secret.is_some();
        let source = match (config.string("issuer"), config.get("endpoints")) {
            (Some(issuer), None) if is_endpoint(&issuer) && !issuer.contains('?') => {
                options.need("openid");
                ProviderEndpoints::Issuer(issuer.into())
            }
            (Some(_), None) => {
                return Err(
                    "issuer must be an https URL without a query, exactly as in the provider's metadata.".into()
                );
            }
            (None, Some(endpoints)) => ProviderEndpoints::Endpoints(read_endpoints(endpoints, has_secret)?),
            _ => return Err("Set either issuer, or endpoints: { authorization, token, userinfo }.".into()),
        };
        let string = |name: &str, default: &str| config.string(name).map_or_else(|| default.into(), String::from);
        let label = match &source {
            ProviderEndpoints::Issuer(issuer) => authority_of(issuer),
            ProviderEndpoints::Endpoints(provider) => authority_of(&provider.authorization),
        };
        let label = string("label", label);
        Ok(Self { options, source, label, subject: string("subject", "sub"), groups: string("groupsClaim", "groups") })
    }

    pub(super) fn about(&self) -> ProviderInfo {
        let host = match &self.source {
            ProviderEndpoints::Issuer(issuer) => authority_of(issuer),
            ProviderEndpoints::Endpoints(provider) => authority_of(&provider.authorization),
        };
        ProviderInfo { label: self.label.clone(), host: host.into(), scopes: self.options.described(scopes::OPENID) }
    }

    /// Waits: one, for discovery.
    pub(super) async fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        let provider = self.provider(flow).await?;
        let kept = SignInState { provider: Some(provider.clone()), ..SignInState::fresh(flow) };
        let scopes = self.options.scopes.join(" ");
        let mut more = Vec::new();
        if matches!(self.source, ProviderEndpoints::Issuer(_)) {
            more.push(("nonce", kept.nonce.as_str()));
            // Not every OpenID provider has an account chooser, but each must support `login` (OpenID Connect Core
            // §15.1).
            more.extend(begin.switch.then_some(("prompt", "login")));
        }
        Ok(code_flow::begin(&self.options, &provider.authorization, begin, &kept, &scopes, &more))
    }

    /// Waits: the code and the keys, the signature, userinfo if there is such an endpoint, and what the operator's
    /// functions need.
    pub(super) async fn continue_sign_in(
        &self,
        flow: &Flow<'_>,
        back: &SignInCallback<'_>,
    ) -> Result<Person, SignInError> {
        let kept = SignInState::read(back.kept)?;
        let provider =
            kept.provider.ok_or_else(|| SignInError::failed("the stored state of the sign-in cannot be read"))?;
        let issuer =
            if provider.issuer.is_empty() { back.query.get("iss").unwrap_or_default() } else { &provider.issuer };
        let code = code_flow::code(back, issuer, provider.names_itself)?;
        let keys = provider.keys.clone().map(|url| Keys::ask(flow, url));
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens = code_flow::redeem(flow, &self.options, &provider.token, provider.auth, redeemed).await?;
        let now = flow.context().now();
        let mut credential = tokens.credential(now, &self.options.scopes);
        credential.id_token = tokens.id_token.map(|token| (token, now));
        let person = self.identify(flow, &provider, keys, &credential, &kept.nonce).await;
        person.map_err(|denied| denied.leaving(credential.to_json()))
    }

    async fn identify(
        &self,
        flow: &Flow<'_>,
        provider: &Provider,
        keys: Option<Keys<'_>>,
        credential: &UpstreamCredential,
        nonce: &str,
    ) -> Result<Person, SignInError> {
        let id_token_claims = self.id_token_claims(provider, keys, credential, Some(nonce)).await?;
        let info = match &provider.userinfo {
            Some(url) => Some(flow.obtain(&userinfo(url, credential)).await),
            None => None,
        };
        let profile = self.profile(id_token_claims.as_deref(), info.as_ref())?;
        // If there is a userinfo endpoint, it is asked again later; otherwise the ID token's profile is stored.
        let kept = provider.userinfo.is_none().then(|| profile.clone());
        let credential = UpstreamCredential { profile: kept, id_token: None, ..credential.clone() };
        code_flow::admit(flow, &self.options, &profile, &credential).await
    }

    /// Who the person is, by userinfo, else by the latest ID token. Waits: discovery, userinfo or the keys and the
    /// signature of a new ID token, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let provider = self.provider(flow).await?;
        let profile = if let Some(url) = &provider.userinfo {
            let info = flow.obtain(&userinfo(url, &credential)).await;
            self.profile(None, Some(&info))?
        } else if credential.id_token.is_some() {
            let keys = provider.keys.clone().map(|url| Keys::ask(flow, url));
            self.profile(self.id_token_claims(&provider, keys, &credential, None).await?.as_deref(), None)?
        } else {
            code_flow::remembered(&credential, flow.context().now())?
        };
        code_flow::admit(flow, &self.options, &profile, &credential).await.map(Some)
    }

    /// Waits: discovery, the refresh, and the signature if only an ID token identifies the person.
    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        let provider = self.provider(flow).await?;
        let keys = provider.keys.clone().filter(|_| provider.userinfo.is_none()).map(|url| Keys::ask(flow, url));
        let mut fresh = code_flow::refresh(flow, &self.options, &provider.token, provider.auth, credential).await?;
        if provider.userinfo.is_some() {
            fresh.id_token = None;
        } else if fresh.id_token.is_some()
            // A token that cannot be checked now is stored and checked when it is needed: the tokens must not be lost.
            && let Ok(id_token_claims) = self.id_token_claims(&provider, keys, &fresh, None).await
            && let Ok(profile) = self.profile(id_token_claims.as_deref(), None)
        {
            fresh = UpstreamCredential { profile: Some(profile), id_token: None, ..fresh };
        }
        Ok(fresh.to_json())
    }

    /// Waits: discovery, and the revocation if there is such an endpoint.
    pub(super) async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let provider = self.provider(flow).await?;
        let Some(endpoint) = &provider.revocation else { return Ok(false) };
        code_flow::revoke(flow, &self.options, endpoint, provider.auth, &credential).await
    }

    async fn provider(&self, flow: &Flow<'_>) -> Result<Provider, SignInError> {
        match &self.source {
            ProviderEndpoints::Issuer(issuer) => discover(flow, issuer, self.options.client_secret.is_some()).await,
            ProviderEndpoints::Endpoints(provider) => Ok(provider.clone()),
        }
    }

    /// The text of the ID token's claims, if there is one that proves something. With a nonce, one is required.
    async fn id_token_claims(
        &self,
        provider: &Provider,
        keys: Option<Keys<'_>>,
        credential: &UpstreamCredential,
        nonce: Option<&str>,
    ) -> Result<Option<String>, SignInError> {
        // An OAuth 2 server may send one that was not requested; without an issuer it proves nothing.
        if !matches!(self.source, ProviderEndpoints::Issuer(_)) {
            return Ok(None);
        }
        let Some((token, received)) = &credential.id_token else {
            return if nonce.is_some() { Err(SignInError::failed("the provider sent no ID token")) } else { Ok(None) };
        };
        let keys = keys.ok_or_else(|| SignInError::failed("the provider's metadata has no jwks_uri"))?;
        let expected = ExpectedClaims { client_id: &self.options.client_id, nonce, now: *received };
        let token = IdToken::untrusted(token)?;
        token.check(keys, expected, &|issuer, _| issuer == provider.issuer).await?;
        Ok(Some(token.into_claims()))
    }

    /// The person, by the ID token's claims and by userinfo, which must be about the same person (Core 5.3.2).
    fn profile(
        &self,
        id_token_claims: Option<&str>,
        info: Option<&Result<Fetched, Failure>>,
    ) -> Result<Profile, SignInError> {
        let id_token_claims = id_token_claims
            .map(Object::read)
            .transpose()
            .map_err(|_| SignInError::failed("the ID token cannot be read"))?;
        let info = info.map(|answer| code_flow::profile_answer(answer, "the userinfo endpoint")).transpose()?;
        let (id_token_claims, info) = (id_token_claims.as_ref(), info.as_ref());
        let id = |claims: &Object<'_>| {
            let value = claims.get(&self.subject)?;
            let number = || value.is_integer().then(|| value.text().to_owned());
            value.string().map(String::from).or_else(number).filter(|id| !id.is_empty() && id.len() <= 255)
        };
        if let (Some(id_token_claims), Some(info)) = (id_token_claims, info) {
            let (id_token_claims, info) =
                (id_token_claims.get("sub").map(Value::text), info.get("sub").map(Value::text));
            if id_token_claims != info {
                return Err(SignInError::failed(
                    "the userinfo endpoint returned a different subject than the ID token",
                ));
            }
        }
        let sources = [id_token_claims, info];
        let sources = || sources.iter().flatten();
        let first = |name: &str| sources().find_map(|claims| text(claims, name));
        let id = sources().find_map(|claims| id(claims));
        let id = id.ok_or_else(|| {
            SignInError::failed(format!("the provider did not identify the person: no {}", self.subject))
        })?;
        let verified = |claims: &&&Object<'_>| is_true(claims, "email_verified");
        let emails =
            sources().filter(verified).find_map(|claims| text(claims, "email")).into_iter().collect::<Vec<_>>();
        Ok(Profile {
            id,
            login: first("preferred_username"),
            name: first("name"),
            picture: first("picture"),
            domains: Profile::domains_of(&emails),
            emails,
            groups: sources().flat_map(|claims| texts(claims, &self.groups)).collect(),
            ..Profile::default()
        })
    }
}

fn userinfo(url: &str, credential: &UpstreamCredential) -> Fetch {
    let headers = vec![
        ("accept", "application/json".into()),
        ("authorization", ["Bearer ", &credential.access].concat()),
        ("user-agent", USER_AGENT.into()),
    ];
    Fetch { url: url.into(), method: "GET", headers, body: None, brief: false }
}

fn read_endpoints(value: Value<'_>, has_secret: bool) -> Result<Provider, String> {
    let wrong = "endpoints must have authorization, token and userinfo, and optionally revocation, each an https URL.";
    let members = value.object().map_err(|_| wrong)?;
    let url = |name: &str| members.string(name).filter(|url| is_endpoint(url)).map(String::from).ok_or(wrong);
    let auth = match (has_secret, members.string("auth").as_deref()) {
        (false, _) => ClientCredentials::None,
        (true, None | Some("basic")) => ClientCredentials::Basic,
        (true, Some("post")) => ClientCredentials::Post,
        _ => return Err("endpoints.auth must be \"basic\" or \"post\".".into()),
    };
    Ok(Provider {
        issuer: String::new(),
        authorization: url("authorization")?,
        token: url("token")?,
        userinfo: Some(url("userinfo")?),
        keys: None,
        revocation: members.get("revocation").is_some().then(|| url("revocation")).transpose()?,
        names_itself: false,
        auth,
    })
}
