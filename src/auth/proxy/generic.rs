//! Signing in with any OpenID provider, by its issuer, or any OAuth 2 server, by its endpoints.

use super::allow::Kind;
use super::credential::Credential;
use super::discovery::{Provider, discover};
use super::leg::{self, ClientAuth, Kept, USER_AGENT};
use super::openid::{Expected, IdToken, Keys, is_true, text, texts};
use super::options::{Options, host_of, is_endpoint};
use super::profile::Profile;
use super::scopes;
use crate::flow::{Fetch, Flow};
use crate::json::{Object, Value};
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Person};
use crate::text::has;

/// `GenericOAuthHandler`.
#[derive(Debug)]
pub struct Generic {
    pub(super) options: Options,
    source: Source,
    /// What the provider is called on pages.
    label: String,
    /// The claim or member that identifies a person: `sub`.
    subject: String,
    /// The claim or member that has groups: `groups`.
    groups: String,
}

#[derive(Debug)]
enum Source {
    /// An OpenID provider, found by its issuer.
    Issuer(String),
    /// An OAuth 2 server without discovery, whose userinfo endpoint says who somebody is.
    Endpoints(Provider),
}

const KINDS: &[Kind] = &[Kind::Ids, Kind::Emails, Kind::Domains, Kind::Groups];

impl Generic {
    /// Reads the options: `issuer`, or `endpoints: { authorization, token, userinfo, revocation }`; `label`, `subject`, `groupsClaim`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "generic", &["openid", "profile", "email"], KINDS)?;
        let has_secret = options.client_secret.is_some();
        let source = match (config.string("issuer"), config.get("endpoints")) {
            (Some(issuer), None) if is_endpoint(&issuer) && !has(&issuer, b'?') => {
                options.need("openid");
                Source::Issuer(issuer.into())
            }
            (Some(_), None) => {
                return Err("issuer is an https URL without query, exactly as the provider writes it.".into());
            }
            (None, Some(endpoints)) => Source::Endpoints(read_endpoints(endpoints, has_secret)?),
            _ => return Err("Give either issuer, or endpoints: { authorization, token, userinfo }.".into()),
        };
        let string = |name: &str, default: &str| config.string(name).map_or_else(|| default.into(), String::from);
        let label = match &source {
            Source::Issuer(issuer) => host_of(issuer),
            Source::Endpoints(provider) => host_of(&provider.authorization),
        };
        let label = string("label", label);
        Ok(Self { options, source, label, subject: string("subject", "sub"), groups: string("groupsClaim", "groups") })
    }

    pub(super) fn about(&self) -> About {
        let host = match &self.source {
            Source::Issuer(issuer) => host_of(issuer),
            Source::Endpoints(provider) => host_of(&provider.authorization),
        };
        About { label: self.label.clone(), host: host.into(), scopes: self.options.described(scopes::OPENID) }
    }

    /// Waits: one, for discovery.
    pub(super) async fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied> {
        let provider = self.provider(flow).await?;
        let kept = Kept { provider: Some(provider.to_json()), ..Kept::fresh(flow) };
        let scopes = self.options.scopes.join(" ");
        let mut more = Vec::new();
        if matches!(self.source, Source::Issuer(_)) {
            more.push(("nonce", kept.nonce.as_str()));
            // Not every OpenID provider has a chooser, but each must know `login` (OpenID Connect Core §15.1).
            more.extend(begin.switch.then_some(("prompt", "login")));
        }
        Ok(leg::begin(&self.options, &provider.authorization, begin, &kept, &scopes, &more))
    }

    /// Waits: the code and the keys, the signature, userinfo where there is such an endpoint, and what the operator's functions need.
    pub(super) async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        let kept = Kept::read(back.kept)?;
        let provider = kept.provider.as_deref().and_then(Provider::remembered);
        let provider = provider.ok_or_else(|| Denied::failed("what was kept of the sign-in cannot be read"))?;
        let issuer =
            if provider.issuer.is_empty() { back.query.get("iss").unwrap_or_default() } else { &provider.issuer };
        let code = leg::code(back, issuer, provider.names_itself)?;
        let keys = provider.keys.clone().map(|url| Keys::ask(flow, url));
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens = leg::redeem(flow, &self.options, &provider.token, provider.auth, redeemed).await?;
        let mut credential = tokens.credential(flow.context().now(), &self.options.scopes);
        credential.id_token = tokens.id_token;
        self.identify(flow, &provider, keys, &credential, Some(&kept.nonce)).await
    }

    /// Waits: discovery, the keys and the signature where there is an ID token, userinfo, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        let credential = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
        let provider = self.provider(flow).await?;
        if provider.userinfo.is_none() && credential.id_token.is_none() {
            return Ok(None);
        }
        let keys = credential.id_token.as_ref().and_then(|_| provider.keys.clone());
        let keys = keys.map(|url| Keys::ask(flow, url));
        self.identify(flow, &provider, keys, &credential, None).await.map(Some)
    }

    /// Waits: discovery, and the refresh.
    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, Denied> {
        let provider = self.provider(flow).await?;
        let mut fresh = leg::refresh(flow, &self.options, &provider.token, provider.auth, credential).await?;
        if provider.userinfo.is_some() {
            fresh.id_token = None;
        }
        Ok(fresh.to_json())
    }

    /// Waits: discovery, and the revocation where there is such an endpoint.
    pub(super) async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, Denied> {
        let credential = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
        let provider = self.provider(flow).await?;
        let Some(endpoint) = &provider.revocation else { return Ok(false) };
        leg::revoke(flow, &self.options, endpoint, provider.auth, &credential).await
    }

    async fn provider(&self, flow: &Flow<'_>) -> Result<Provider, Denied> {
        match &self.source {
            Source::Issuer(issuer) => discover(flow, issuer, self.options.client_secret.is_some()).await,
            Source::Endpoints(provider) => Ok(provider.clone()),
        }
    }

    /// Who the person is: by the ID token where there is one, and by userinfo, which must then speak of the same person
    /// (Core 5.3.2).
    async fn identify(
        &self,
        flow: &Flow<'_>,
        provider: &Provider,
        keys: Option<Keys<'_>>,
        credential: &Credential,
        nonce: Option<&str>,
    ) -> Result<Person, Denied> {
        let is_openid = matches!(self.source, Source::Issuer(_));
        // An OAuth 2 server may send one that nobody asked for; without an issuer it proves nothing.
        let token = credential.id_token.as_deref().filter(|_| is_openid).map(IdToken::untrusted).transpose()?;
        let expected = Expected { client_id: &self.options.client_id, nonce, now: flow.context().now() };
        let told = match (&token, keys) {
            (Some(token), Some(keys)) => {
                Some(token.check(keys, expected, &|issuer, _| issuer == provider.issuer).await?)
            }
            (Some(_), None) => return Err(Denied::failed("the provider says nowhere where its keys are")),
            (None, _) if is_openid && nonce.is_some() => {
                return Err(Denied::failed("the provider sent no ID token"));
            }
            _ => None,
        };
        let answer = match &provider.userinfo {
            Some(url) => Some(flow.obtain(&userinfo(url, credential)).await),
            None => None,
        };
        let info = answer.as_ref().map(|answer| leg::profile_answer(answer, "the userinfo endpoint")).transpose()?;
        let profile = self.profile(told.as_ref(), info.as_ref())?;
        let kept =
            Credential { id_token: credential.id_token.clone().filter(|_| info.is_none()), ..credential.clone() };
        leg::admit(flow, &self.options, &profile, &kept).await
    }

    fn profile(&self, told: Option<&Object<'_>>, info: Option<&Object<'_>>) -> Result<Profile, Denied> {
        let id = |claims: &Object<'_>| {
            let value = claims.get(&self.subject)?;
            let number = || value.is_integer().then(|| value.text().to_owned());
            value.string().map(String::from).or_else(number).filter(|id| !id.is_empty() && id.len() <= 255)
        };
        if let (Some(told), Some(info)) = (told, info) {
            let (told, info) = (told.get("sub").map(Value::text), info.get("sub").map(Value::text));
            if told != info {
                return Err(Denied::failed("the userinfo endpoint speaks of another person than the ID token"));
            }
        }
        let sources = [told, info];
        let sources = || sources.iter().flatten();
        let first = |name: &str| sources().find_map(|claims| text(claims, name));
        let id = sources().find_map(|claims| id(claims));
        let id =
            id.ok_or_else(|| Denied::failed(format!("the provider does not say who it is: no {}", self.subject)))?;
        let verified = |claims: &&&Object<'_>| is_true(claims, "email_verified");
        Ok(Profile {
            id,
            login: first("preferred_username"),
            name: first("name"),
            picture: first("picture"),
            emails: sources().filter(verified).find_map(|claims| text(claims, "email")).into_iter().collect(),
            groups: sources().flat_map(|claims| texts(claims, &self.groups)).collect(),
            ..Profile::default()
        })
    }
}

fn userinfo(url: &str, credential: &Credential) -> Fetch {
    let headers = vec![
        ("accept", "application/json".into()),
        ("authorization", ["Bearer ", &credential.access].concat()),
        ("user-agent", USER_AGENT.into()),
    ];
    Fetch { url: url.into(), method: "GET", headers, body: None }
}

fn read_endpoints(value: Value<'_>, has_secret: bool) -> Result<Provider, String> {
    let wrong = "endpoints has authorization, token and userinfo, and perhaps revocation, each an https URL.";
    let members = value.object().map_err(|_| wrong)?;
    let url = |name: &str| members.string(name).filter(|url| is_endpoint(url)).map(String::from).ok_or(wrong);
    let auth = match (has_secret, members.string("auth").as_deref()) {
        (false, _) => ClientAuth::None,
        (true, None | Some("basic")) => ClientAuth::Basic,
        (true, Some("post")) => ClientAuth::Post,
        _ => return Err("endpoints.auth is \"basic\" or \"post\".".into()),
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
