//! How the authorization server learns who somebody is. It knows no provider; each implements [`Identity`].

use super::record::{Members, Reading as _};
use crate::flow::{Failure, Flow};
use crate::http::form::Params;
use crate::json::{Object, quoted};

/// A way to sign in: a provider elsewhere, or the app's own users.
#[expect(async_fn_in_trait, reason = "flows run on one thread, so nothing has to be `Send`")]
pub trait Identity {
    /// Its name in typed subjects and records: `github`.
    fn name(&self) -> &str;

    /// What people read of it before they go there.
    fn about(&self) -> About;

    /// Where to send the person. At most one wait, where the provider has to be discovered.
    async fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied>;

    /// The person is back. Only obtains.
    async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied>;

    /// Asks again who the person is, with their credential; nothing where the provider cannot tell.
    async fn renew(&self, _flow: &Flow<'_>, _credential: &str) -> Result<Option<Person>, Denied> {
        Ok(None)
    }

    /// Whether `renew` says anything: then each refresh asks.
    fn renews(&self) -> bool {
        false
    }

    /// Whether it has credentials. Where it has none, `renew` gets the typed subject of the person instead.
    fn keeps_credentials(&self) -> bool {
        self.renews()
    }

    /// Exchanges the credential for a fresh one. It acts at the provider, which may end the former at once: only the holder
    /// of the lease may, and has to store what comes back before anything else.
    async fn refresh(&self, _flow: &Flow<'_>, _credential: &str) -> Result<String, Denied> {
        Err(Denied::refused("this way to sign in has no credentials"))
    }

    /// Gives a credential back: the provider is told that nobody needs it any more. False where a provider has no way to
    /// be told.
    async fn revoke(&self, _flow: &Flow<'_>, _credential: &str) -> Result<bool, Denied> {
        Ok(false)
    }

    /// To whom the provider issues credentials: the name, and the client that we are there. Nobody else gives them back.
    fn mark(&self) -> String {
        self.name().to_owned()
    }

    /// Whether `revoke` ends all credentials that the person ever gave us, and not just the one.
    fn ends_all(&self) -> bool {
        true
    }

    /// What is to be known of a credential.
    fn credential(&self, _credential: &str) -> Option<Credential> {
        None
    }

    /// The credential to keep of the one that is kept and a newer one.
    fn merge(&self, _kept: Option<&str>, newer: &str) -> String {
        newer.into()
    }
}

/// A credential, as far as the authorization server has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The provider's access token, for the operator's tools.
    pub access: String,
    /// When that ends, in milliseconds since 1970; nothing where it does not.
    pub expires: Option<u64>,
    /// True where it can be exchanged for a fresh one.
    pub renewable: bool,
    /// Where only exchanging it makes the provider say anew who the person is: when what it said last counts no more, in
    /// milliseconds since 1970. Nothing where it can be asked with the access token.
    pub due: Option<u64>,
    /// The provider's secret texts: what has one of them in it must not leave the server, not even sealed.
    pub secrets: Vec<String>,
}

impl Credential {
    /// True where the access token ends within a minute of `now` (milliseconds since 1970), or has ended.
    #[must_use]
    pub fn is_stale(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires < now + 60_000)
    }

    /// True if `json` has one of the provider's secrets in it, so that it must not leave the server.
    #[must_use]
    pub fn is_mentioned(&self, json: &str) -> bool {
        self.secrets.iter().any(|secret| json.contains(quoted(secret).trim_matches('"')))
    }
}

/// What the consent page says of the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name for people: `GitHub`.
    pub label: String,
    /// The host of the page to which the person goes next.
    pub host: String,
    /// The scopes asked for there, each with what it allows in words, where that is known.
    pub scopes: Vec<(String, Option<&'static str>)>,
}

/// What a sign-in begins with.
#[derive(Clone, Copy, Debug)]
pub struct Begin<'a> {
    /// Comes back as `state`, and says nothing.
    pub state: &'a str,
    /// The absolute URL to come back to.
    pub callback: &'a str,
    /// Whether the person wants to use another account than before.
    pub switch: bool,
}

/// A sign-in that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// Where the person goes.
    pub url: String,
    /// What the provider's half has to remember, JSON text; it never leaves the server.
    pub kept: String,
}

/// What somebody comes back with.
#[derive(Clone, Copy, Debug)]
pub struct Back<'a> {
    /// The query; `state` is checked, and no name is there twice.
    pub query: &'a Params,
    /// What [`Begun`] kept.
    pub kept: &'a str,
    /// The same URL as at the beginning.
    pub callback: &'a str,
}

/// Somebody who has signed in and may use the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider's own stable id of the person; never reassigned to another.
    pub id: String,
    /// How the person recognises the account: `octocat`.
    pub label: String,
    /// What tools find as `this.props`, the text of a JSON object; empty where a renewal changes nothing of it.
    pub props: String,
    /// The scopes that the person may have; all that are asked for where there is no such rule.
    pub scopes: Option<Vec<String>>,
    /// The provider's tokens, JSON text, for the subject's object alone.
    pub credential: Option<String>,
}

impl Person {
    /// The record, version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        let members = Members::version(1).text("id", &self.id).text("label", &self.label).text("props", &self.props);
        let members = match &self.scopes {
            Some(scopes) => members.texts("scopes", scopes.iter().map(String::as_str)),
            None => members,
        };
        members.maybe("credential", self.credential.as_deref()).end()
    }

    /// Reads the record.
    #[must_use]
    pub fn read(record: &str) -> Option<Self> {
        let record = Object::read(record).ok()?;
        (record.number("v")? == 1).then_some(())?;
        let scopes = match record.get("scopes") {
            Some(_) => Some(record.texts("scopes")?),
            None => None,
        };
        let (id, label, props) = (record.text("id")?, record.text("label")?, record.text("props")?);
        Some(Self { id, label, props, scopes, credential: record.text("credential") })
    }
}

/// Why somebody is not signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denied {
    /// What the client is told.
    pub kind: Deny,
    /// What the operator is told.
    pub reason: String,
    /// The account, where somebody has signed in: how that person recognises it.
    pub account: Option<String>,
    /// The provider's id of that person.
    pub id: Option<String>,
    /// What the provider has issued for them all the same, which nobody needs now.
    pub credential: Option<Box<str>>,
}

/// The kinds of [`Denied`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deny {
    /// The person or the provider said no: `access_denied`.
    Refused,
    /// The person has signed in and may not use this server: `access_denied`.
    NotAllowed,
    /// The provider did not answer: `temporarily_unavailable`.
    Unavailable,
    /// The set-up is wrong, or the answer is garbage: `server_error`.
    Failed,
    /// A function of the operator's did not end in time: `temporarily_unavailable`.
    Late,
    /// A function of the operator's failed: `server_error`.
    Broken,
}

impl Deny {
    /// What the client's developer reads (`error_description`); nothing about the person.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Refused => "The sign-in was cancelled, or the sign-in provider refused it.",
            Self::NotAllowed => "The account that signed in may not use this server.",
            Self::Unavailable => "The sign-in provider did not answer. Try again in a minute.",
            Self::Failed => "The sign-in failed. The log of this server has the reason.",
            Self::Late => {
                "This server itself took too long: it is no fault of the sign-in provider's. Try again in a minute."
            }
            Self::Broken => {
                "This server itself failed: it is no fault of the sign-in provider's. The log of this server has the reason."
            }
        }
    }
}

impl Denied {
    fn new(kind: Deny, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), account: None, id: None, credential: None }
    }

    /// The same, about this account.
    #[must_use]
    pub fn of(self, account: &str) -> Self {
        Self { account: Some(account.into()), ..self }
    }

    /// The same, about the person with this id.
    #[must_use]
    pub fn about(self, id: &str) -> Self {
        Self { id: Some(id.into()), ..self }
    }

    /// The same, after the provider has issued `credential`.
    #[must_use]
    pub fn leaving(self, credential: impl Into<Box<str>>) -> Self {
        Self { credential: Some(credential.into()), ..self }
    }

    /// The person or the provider said no.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::new(Deny::Refused, reason)
    }

    /// The person has signed in and may not use this server.
    #[must_use]
    pub fn not_allowed(reason: impl Into<String>) -> Self {
        Self::new(Deny::NotAllowed, reason)
    }

    /// The provider did not answer.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(Deny::Unavailable, reason)
    }

    /// The function `name` of the operator's gave nothing.
    #[must_use]
    pub fn unfinished(name: &str, failure: Failure) -> Self {
        let (kind, what) = match failure {
            Failure::Timeout => (Deny::Late, "` has not ended in time"),
            Failure::Unreachable | Failure::Refused | Failure::Absent | Failure::Failed => (Deny::Broken, "` failed"),
        };
        Self::new(kind, ["the function `", name, what].concat())
    }

    /// A function of the operator's gave what cannot be used.
    #[must_use]
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::new(Deny::Broken, reason)
    }

    /// The set-up is wrong, or the answer is garbage.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(Deny::Failed, reason)
    }
}
