//! Signing in with Microsoft Entra ID, formerly Azure AD (learn.microsoft.com, "Microsoft identity platform and OAuth 2.0
//! authorization code flow" and "ID token claims reference").
//!
//! What is different there: one app can serve many tenants, each with an issuer of its own, so `iss` is checked against the
//! token's own `tid`, and `tid` against the tenants that may sign in; ids are unique within a tenant only, so the subject is
//! both; `email` and `preferred_username` are whatever a tenant's administrator wrote, so an address counts as verified only
//! where the tenant is the operator's own or Entra says that it owns the domain; `resource` belongs to the old endpoints
//! and is never sent; scopes come back with a prefix.

use super::allow::Kind;
use super::credential::Credential;
use super::leg::{self, ClientAuth, Kept};
use super::openid::{Expected, IdToken, Keys, is_true, text, texts};
use super::options::{self, Options, host_of};
use super::profile::Profile;
use super::scopes;
use crate::flow::Flow;
use crate::json::Object;
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Person};

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
    /// One tenant, by its id.
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
const KINDS: &[Kind] = &[Kind::Ids, Kind::Tenants, Kind::Groups, Kind::Emails, Kind::Domains];

impl Azure {
    /// Reads the options: `tenant` (an id, `organizations`, `consumers` or `common`), `authority` for national clouds, and
    /// `prompt`.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        let mut options = Options::read(config, "azure", &["User.Read"], KINDS)?;
        if options.client_secret.is_none() {
            return Err(
                "clientSecret is missing. Create one under Certificates & secrets of your app registration.".into()
            );
        }
        // `profile` brings `oid`, `offline_access` a refresh token.
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
        if !options.allow.named(Kind::Tenants).all(is_guid) {
            return Err(
                "allow.tenants is a list of tenant ids, such as \"8eaef023-2b34-4da1-9baa-8bc8c9d6a490\".".into()
            );
        }
        if !matches!(tenant, Tenant::One(_)) && options.allow.asks_without(Kind::Groups, Kind::Tenants) {
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

    pub(super) fn about(&self) -> About {
        let known = |scope: &String| scopes::GRAPH.sentence(short(scope));
        let scopes = self.options.scopes.iter().map(|scope| (scope.clone(), known(scope))).collect();
        About { label: "Microsoft".into(), host: host_of(&self.authority).into(), scopes }
    }

    pub(super) fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Begun {
        let kept = Kept::fresh(flow);
        let mut more = vec![("nonce", kept.nonce.as_str()), ("response_mode", "query")];
        let prompt = self.prompt.as_deref().filter(|_| !begin.switch);
        more.push(("prompt", prompt.unwrap_or("select_account")));
        leg::begin(&self.options, &self.endpoint("authorize"), begin, &kept, &self.options.scopes.join(" "), &more)
    }

    /// Waits: the code and the keys, the signature, and what the operator's functions need.
    pub(super) async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        let kept = Kept::read(back.kept)?;
        // Entra sends no `iss` with its answers; the ID token says where they come from.
        let code = leg::code(back, back.query.get("iss").unwrap_or_default(), false)?;
        let keys = self.keys(flow);
        let redeemed = (code, back.callback, kept.verifier.as_str());
        let tokens = leg::redeem(flow, &self.options, &self.endpoint("token"), ClientAuth::Post, redeemed).await?;
        let now = flow.context().now();
        let token = tokens.id_token.as_deref().ok_or_else(|| Denied::failed("Entra sent no ID token"))?;
        let profile = self.profile(keys, token, Some(&kept.nonce), now).await?;
        let credential = shortened(tokens.credential(now, &self.options.scopes));
        let credential = Credential { profile: Some(profile.clone()), ..credential };
        leg::admit(flow, &self.options, &profile, &credential).await
    }

    /// Who the person is by the ID token that the latest refresh brought, else by the one before. Waits: the keys and the
    /// signature of one that is new, and what the operator's functions need.
    pub(super) async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        let credential = Credential::read(credential).ok_or_else(|| Denied::failed("the credential cannot be read"))?;
        let profile = match &credential.id_token {
            Some((token, received)) => self.profile(self.keys(flow), token, None, *received).await?,
            None => leg::remembered(&credential, flow.context().now())?,
        };
        let is_admitted = profile.tenant.as_deref().is_some_and(|tenant| self.admits(tenant));
        if !is_admitted {
            return Err(not_of_tenant(profile.label()).about(&profile.id));
        }
        leg::admit(flow, &self.options, &profile, &credential).await.map(Some)
    }

    pub(super) async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, Denied> {
        let keys = self.keys(flow);
        let fresh = leg::refresh(flow, &self.options, &self.endpoint("token"), ClientAuth::Post, credential).await?;
        let mut fresh = shortened(fresh);
        // What cannot be checked now is kept, and checked when it is needed: the tokens must not be lost.
        if let Some((token, received)) = &fresh.id_token
            && let Ok(profile) = self.profile(keys, token, None, *received).await
        {
            fresh = Credential { profile: Some(profile), id_token: None, ..fresh };
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

    async fn profile(&self, keys: Keys<'_>, token: &str, nonce: Option<&str>, now: u64) -> Result<Profile, Denied> {
        let token = IdToken::untrusted(token)?;
        let expected = Expected { client_id: &self.options.client_id, nonce, now };
        let claims = token.check(keys, expected, &|issuer, claims| self.is_issuer(issuer, claims)).await?;
        let (Some(tenant), Some(oid)) = (text(&claims, "tid"), text(&claims, "oid")) else {
            return Err(Denied::failed("the ID token has no oid and tid; the scope profile brings them"));
        };
        let id = [&tenant, ".", &oid].concat().to_ascii_lowercase();
        let account = text(&claims, "preferred_username").or_else(|| text(&claims, "email")).unwrap_or_default();
        if !self.admits(&tenant) {
            return Err(not_of_tenant(&account).about(&id));
        }
        // Where the tenant is the operator's own, so are its addresses.
        let is_verified = matches!(self.tenant, Tenant::One(_)) || is_true(&claims, "xms_edov");
        let groups = [texts(&claims, "groups"), texts(&claims, "roles")].concat();
        if self.options.allow.asks(Kind::Groups) && is_overfull(&claims) {
            return Err(Denied::not_allowed(
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

fn not_of_tenant(account: &str) -> Denied {
    Denied::not_allowed("the account is of a tenant that `tenant` does not let in").of(account)
}

/// True where groups were left out of the token (learn.microsoft.com, "groups overage claim").
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

/// A scope without the prefix of Microsoft Graph, which goes without saying.
fn short(scope: &str) -> &str {
    scope.strip_prefix("https://graph.microsoft.com/").unwrap_or(scope)
}

fn shortened(mut credential: Credential) -> Credential {
    for scope in &mut credential.scopes {
        *scope = short(scope).into();
    }
    credential
}
