//! Signing in with Microsoft Entra ID, formerly Azure AD (learn.microsoft.com, "Microsoft identity platform and OAuth 2.0
//! authorization code flow" and "ID token claims reference").
//!
//! Peculiarities: one app can serve many tenants, each with its own issuer, so `iss` is checked against the token's own
//! `tid`, and `tid` against the tenants that may sign in. IDs are unique only within a tenant, so the subject is both.
//! A tenant's administrator can write anything into `email` and `preferred_username`, so an address counts as verified
//! only if the tenant is the operator's own, or if Entra confirms that it owns the domain. `resource` belongs to the
//! old endpoints and is never sent. Scopes come back with a prefix.

use super::allow::RuleList;
use super::code_flow::{self, ClientCredentials, SignInState};
use super::credential::UpstreamCredential;
use super::openid::{ExpectedClaims, IdToken, Keys, is_true, text, texts};
use super::options::{self, Options};
use super::profile::Profile;
use super::scopes;
use crate::flow::Flow;
use crate::http::host::authority_of;
use crate::identity::{Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::json::Object;

/// `AzureADHandler`.
#[derive(Debug)]
pub struct Azure {
    pub(super) options: Options,
    tenant: Tenant,
    /// `https://login.microsoftonline.com`, or that of a national cloud.
    authority: String,
    prompt: Option<String>,
}

/// Whose accounts may sign in.
#[derive(Debug, PartialEq, Eq)]
enum Tenant {
    /// One tenant, by its ID.
    One(String),
    /// Work and school accounts of any tenant.
    Organizations,
    /// Personal accounts.
    Consumers,
    /// All of them.
    Common,
}

impl Tenant {
    /// Its segment in URLs.
    fn path(&self) -> &str {
        match self {
            Self::One(id) => id,
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::Common => "common",
        }
    }
}

/// The tenant of all personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const KINDS: &[RuleList] = &[RuleList::Ids, RuleList::Tenants, RuleList::Groups, RuleList::Emails, RuleList::Domains];

impl Azure {
    /// Reads the options: `tenant` (an ID, `organizations`, `consumers` or `common`), `authority` for national clouds,
    /// and `prompt`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "azure", &["User.Read"], KINDS)?;
        if options.client_secret.is_none() {
            return Err(
                "clientSecret is missing. Create one under Certificates & secrets of your app registration.".into()
            );
        }
        // `profile` is needed for `oid`, `offline_access` for a refresh token.
        for scope in ["openid", "profile", "email", "offline_access"] {
            options.need(scope);
        }
        let tenant = match config.string("tenant").as_deref() {
            None | Some("common") => Tenant::Common,
            Some("organizations") => Tenant::Organizations,
            Some("consumers") => Tenant::Consumers,
            Some(id) if is_guid(id) => Tenant::One(id.to_ascii_lowercase()),
            Some(_) => {
                return Err("tenant is the id of your directory, such as \"8eaef023-2b34-4da1-9baa-8bc8c9d6a490\" (Entra shows \
                            it as Directory (tenant) ID), or \"organizations\", \"consumers\" or \"common\"."
                    .into());
            }
        };
        if !options.allow.named(RuleList::Tenants).all(is_guid) {
            return Err(
                "allow.tenants must be a list of tenant IDs, such as \"8eaef023-2b34-4da1-9baa-8bc8c9d6a490\".".into(),
            );
        }
        if !matches!(tenant, Tenant::One(_)) && options.allow.asks_without(RuleList::Groups, RuleList::Tenants) {
            return Err(
                "allow.groups does not say of which tenant: every tenant's administrator gives out groups and roles \
                        of any name. Set tenant to the id of your directory, or add tenants to the same rule."
                    .into(),
            );
        }
        let authority =
            options::url(config, "authority")?.unwrap_or_else(|| "https://login.microsoftonline.com".into());
        Ok(Self { options, tenant, authority, prompt: config.string("prompt").map(Into::into) })
    }

    pub(super) fn is_open(&self) -> bool {
        !matches!(self.tenant, Tenant::One(_))
    }

    pub(super) fn about(&self) -> ProviderInfo {
        let known = |scope: &String| scopes::GRAPH.sentence(short(scope));
        let scopes = self.options.scopes.iter().map(|scope| (scope.clone(), known(scope))).collect();
        ProviderInfo { label: "Microsoft".into(), host: authority_of(&self.authority).into(), scopes }
    }

    pub(super) fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> SignInStep {
        let kept = SignInState::fresh(flow);
        let mut more = vec![("nonce", kept.nonce.as_str()), ("response_mode", "query")];
        let prompt = self.prompt.as_deref().filter(|_| !begin.switch);
        more.push(("prompt", prompt.unwrap_or("select_account")));
        code_flow::begin(
            &self.options,
            &self.endpoint("authorize"),
            begin,
            &kept,
            &self.options.scopes.join(" "),
            &more,
        )
    }

    /// Waits: the code and the keys, the signature, and what the operator's functions need.
    pub(super) async fn continue_sign_in(
        &self,
        flow: &Flow<'_>,
        back: &SignInCallback<'_>,
    ) -> Result<Person, SignInError> {
        let kept = SignInState::read(back.kept)?;
        // Entra sends no `iss` with its responses; the ID token names the issuer.
        let code = code_flow::code(back, back.query.get("iss").unwrap_or_default(), false)?;
        let keys = self.keys(flow);
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens =
            code_flow::redeem(flow, &self.options, &self.endpoint("token"), ClientCredentials::Post, redeemed).await?;
        let now = flow.context().now();
        let token = tokens.id_token.as_deref().ok_or_else(|| SignInError::failed("Entra sent no ID token"))?;
        let profile = self.profile(keys, token, Some(&kept.nonce), now).await?;
        let credential = shortened(tokens.credential(now, &self.options.scopes));
        let credential = UpstreamCredential { profile: Some(profile.clone()), ..credential };
        code_flow::admit(flow, &self.options, &profile, &credential).await
    }

    /// Who the person is, by the ID token of the latest refresh, else by the previous one. Waits: the keys and the
    /// signature of a new one, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        let credential =
            UpstreamCredential::read(credential).ok_or_else(|| SignInError::failed("the credential cannot be read"))?;
        let profile = match &credential.id_token {
            Some((token, received)) => self.profile(self.keys(flow), token, None, *received).await?,
            None => code_flow::remembered(&credential, flow.context().now())?,
        };
        let is_admitted = profile.tenant.as_deref().is_some_and(|tenant| self.admits(tenant));
        if !is_admitted {
            return Err(not_of_tenant(profile.label()).about(&profile.id));
        }
        code_flow::admit(flow, &self.options, &profile, &credential).await.map(Some)
    }

    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        let keys = self.keys(flow);
        let fresh =
            code_flow::refresh(flow, &self.options, &self.endpoint("token"), ClientCredentials::Post, credential)
                .await?;
        let mut fresh = shortened(fresh);
        // A token that cannot be checked now is stored and checked when it is needed: the tokens must not be lost.
        if let Some((token, received)) = &fresh.id_token
            && let Ok(profile) = self.profile(keys, token, None, *received).await
        {
            fresh = UpstreamCredential { profile: Some(profile), id_token: None, ..fresh };
        }
        Ok(fresh.to_json())
    }

    fn endpoint(&self, name: &str) -> String {
        [&self.authority, "/", self.tenant.path(), "/oauth2/v2.0/", name].concat()
    }

    /// The keys of all tenants that may sign in.
    fn keys<'a>(&self, flow: &'a Flow<'a>) -> Keys<'a> {
        Keys::ask(flow, [&self.authority, "/", self.tenant.path(), "/discovery/v2.0/keys"].concat())
    }

    async fn profile(
        &self,
        keys: Keys<'_>,
        token: &str,
        nonce: Option<&str>,
        now: u64,
    ) -> Result<Profile, SignInError> {
        let token = IdToken::untrusted(token)?;
        let expected = ExpectedClaims { client_id: &self.options.client_id, nonce, now };
        let claims = token.check(keys, expected, &|issuer, claims| self.is_issuer(issuer, claims)).await?;
        let (Some(tenant), Some(oid)) = (text(&claims, "tid"), text(&claims, "oid")) else {
            return Err(SignInError::failed("the ID token has no oid and tid: request the scope profile"));
        };
        let id = [&tenant, ".", &oid].concat().to_ascii_lowercase();
        let account = text(&claims, "preferred_username").or_else(|| text(&claims, "email")).unwrap_or_default();
        if !self.admits(&tenant) {
            return Err(not_of_tenant(&account).about(&id));
        }
        // If the tenant is the operator's own, so are its addresses.
        let is_verified = matches!(self.tenant, Tenant::One(_)) || is_true(&claims, "xms_edov");
        let groups = [texts(&claims, "groups"), texts(&claims, "roles")].concat();
        if self.options.allow.asks(RuleList::Groups) && is_overfull(&claims) {
            return Err(SignInError::not_allowed(
                "the person is in more groups than an ID token holds. In Entra, let the token have the groups assigned to \
                 the application only, or use app roles",
            )
            .of(&account)
            .about(&id));
        }
        let emails = text(&claims, "email").filter(|_| is_verified).into_iter().collect::<Vec<_>>();
        Ok(Profile {
            id,
            login: None,
            name: text(&claims, "name").or_else(|| text(&claims, "preferred_username")),
            domains: Profile::domains_of(&emails),
            emails,
            tenant: Some(tenant),
            groups,
            ..Profile::default()
        })
    }

    /// The issuer of the token's own tenant, in the form of the new or the old endpoints.
    fn is_issuer(&self, issuer: &str, claims: &Object<'_>) -> bool {
        let Some(tid) = text(claims, "tid").filter(|tid| is_guid(tid)) else { return false };
        let is = |wanted: String| issuer == wanted;
        is([&self.authority, "/", &tid, "/v2.0"].concat()) || is(["https://sts.windows.net/", &tid, "/"].concat())
    }

    fn admits(&self, tid: &str) -> bool {
        match &self.tenant {
            Tenant::One(id) => tid.eq_ignore_ascii_case(id),
            Tenant::Organizations => !tid.eq_ignore_ascii_case(CONSUMERS),
            Tenant::Consumers => tid.eq_ignore_ascii_case(CONSUMERS),
            Tenant::Common => true,
        }
    }
}

fn not_of_tenant(account: &str) -> SignInError {
    SignInError::not_allowed("the account belongs to a tenant that `tenant` does not allow").of(account)
}

/// True if groups were omitted from the token (learn.microsoft.com, "groups overage claim").
fn is_overfull(claims: &Object<'_>) -> bool {
    let named = claims.get("_claim_names").and_then(|names| names.object().ok());
    named.is_some_and(|names| names.get("groups").is_some()) || is_true(claims, "hasgroups")
}

fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A scope without the default prefix of Microsoft Graph.
fn short(scope: &str) -> &str {
    scope.strip_prefix("https://graph.microsoft.com/").unwrap_or(scope)
}

fn shortened(mut credential: UpstreamCredential) -> UpstreamCredential {
    for scope in &mut credential.scopes {
        *scope = short(scope).into();
    }
    credential
}
