//! How the authorization server identifies people: each sign-in handler implements [`Identity`].

pub mod app;
#[cfg(feature = "provider")]
pub mod directory;
pub mod handler;
pub mod upstream;

use crate::flow::{Failure, Flow};
use crate::http::form::Params;
use crate::json::quoted;

use serde::{Deserialize, Serialize};

/// A way to sign in: an upstream, or the app's own users.
#[expect(async_fn_in_trait, reason = "flows run on one thread, so nothing has to be `Send`")]
pub trait Identity {
    /// Its name in typed subjects and records: `github`.
    fn name(&self) -> &str;

    /// What people read about it before they go there.
    fn about(&self) -> ProviderInfo;

    /// Whether people sign in before they are asked for consent. Then the page names their account and the scopes that they
    /// may have, and Allow is the last step.
    fn signs_in_first(&self) -> bool {
        false
    }

    /// The first step of a sign-in. At most one wait, if the provider has to be discovered.
    async fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError>;

    /// The next step: the browser is back, from where the previous step sent it or with the form that it showed. Only
    /// obtains, so it may be repeated.
    async fn continue_sign_in(&self, flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError>;

    /// Asks again who the person is, with their credential; `None` if the provider cannot tell.
    async fn renew(&self, _flow: &Flow<'_>, _credential: &str) -> Result<Option<Person>, SignInError> {
        Ok(None)
    }

    /// Whether `renew` is supported: then each refresh calls it.
    fn renews(&self) -> bool {
        false
    }

    /// Whether it has credentials. Otherwise `renew` gets the person's typed subject instead.
    fn keeps_credentials(&self) -> bool {
        self.renews()
    }

    /// Exchanges the credential for a fresh one. This changes something at the provider, which may invalidate the
    /// former one immediately: only the holder of the lease may do it, and must store the result before anything else.
    async fn refresh(&self, _flow: &Flow<'_>, _credential: &str) -> Result<String, SignInError> {
        Err(SignInError::refused("this sign-in has no credentials"))
    }

    /// Revokes a credential at the provider. False if the provider does not support revocation.
    async fn revoke(&self, _flow: &Flow<'_>, _credential: &str) -> Result<bool, SignInError> {
        Ok(false)
    }

    /// To whom the provider issues credentials: its name, and our client there. Only the same handler can revoke them.
    fn mark(&self) -> String {
        self.name().to_owned()
    }

    /// Whether `revoke` ends all credentials that the person has ever granted to us, not just one.
    fn ends_all(&self) -> bool {
        true
    }

    /// What the authorization server needs to know about a credential.
    fn credential(&self, _credential: &str) -> Option<Credential> {
        None
    }

    /// The credential to store, given the stored one and a newer one.
    fn merge(&self, _kept: Option<&str>, newer: &str) -> String {
        newer.into()
    }
}

/// The part of a credential that the authorization server needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// The provider's access token, for the operator's tools.
    pub access: String,
    /// When it expires, in milliseconds since 1970; `None` if it does not.
    pub expires: Option<u64>,
    /// True if it can be exchanged for a fresh one.
    pub renewable: bool,
    /// If only such an exchange makes the provider confirm who the person is: until when its last confirmation is
    /// valid, in milliseconds since 1970. `None` if the provider can be asked with the access token.
    pub due: Option<u64>,
    /// The provider's secrets: nothing that contains one of them may leave the server, not even sealed.
    pub secrets: Vec<String>,
}

impl Credential {
    /// True if the access token expires within a minute of `now` (milliseconds since 1970), or has expired.
    #[must_use]
    pub fn is_stale(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires < now + 60_000)
    }

    /// True if `json` contains one of the provider's secrets, so that it must not leave the server.
    #[must_use]
    pub fn is_mentioned(&self, json: &str) -> bool {
        self.secrets.iter().any(|secret| json.contains(quoted(secret).trim_matches('"')))
    }
}

/// What the consent page says about the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderInfo {
    /// Its name for people: `GitHub`.
    pub label: String,
    /// The host of the page to which the person goes next.
    pub host: String,
    /// The scopes that are requested there, each with a description if there is one.
    pub scopes: Vec<(String, Option<&'static str>)>,
}

/// The beginning of a sign-in.
#[derive(Clone, Copy, Debug)]
pub struct SignInStart<'a> {
    /// Comes back as `state`; it has no meaning of its own.
    pub state: &'a str,
    /// The absolute URL to come back to.
    pub callback: &'a str,
    /// Whether the person wants to use another account than before.
    pub switch: bool,
}

/// What follows a step of a sign-in. `kept` is what the next step needs, as JSON text; it never leaves the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInStep {
    /// The browser goes to another site, and comes back to the callback with the `state`.
    Go {
        /// The URL.
        url: String,
        /// See [`SignInStep`].
        kept: String,
    },
    /// The person sees a page of ours, and its form comes back to the callback.
    Show {
        /// The page.
        page: Page,
        /// See [`SignInStep`].
        kept: String,
    },
    /// The person is known.
    Done(Person),
}

/// A page that a step shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The person chooses one of several; its `value` comes back as the parameter `handler`.
    Choose(Vec<Choice>),
    /// The person enters an e-mail address and a password, which come back as `email` and `password`.
    #[cfg(feature = "provider")]
    SignIn(SignInPage),
}

/// What the sign-in form shows.
#[cfg(feature = "provider")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInPage {
    /// The address that was entered before.
    pub email: String,
    /// Why the form is shown again.
    pub problem: Option<SignInProblem>,
}

/// Why a person is not signed in yet. It does not tell whether there is such an account.
#[cfg(feature = "provider")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInProblem {
    /// Address or password are wrong.
    Wrong,
    /// Too many attempts have failed: seconds to wait.
    Wait(u64),
}

/// One of the choices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The value that comes back.
    pub value: String,
    /// The label: “Sign in with …”.
    pub label: String,
}

/// What the browser comes back with.
#[derive(Clone, Copy, Debug)]
pub struct SignInCallback<'a> {
    /// The query, or the form; `state` has been checked, and no name is repeated.
    pub query: &'a Params,
    /// What the previous step stored.
    pub kept: &'a str,
    /// The same URL as at the beginning.
    pub callback: &'a str,
}

/// A person who has signed in and may use the server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Person {
    /// The provider's own stable ID of the person, never reassigned to another.
    pub id: String,
    /// How the person recognises the account: `octocat`.
    pub label: String,
    /// `this.props` for tools, the text of a JSON object; empty if a renewal does not change them.
    pub props: String,
    /// The scopes that the person may have; `None` for all that are requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// The provider's tokens, JSON text, for the subject's object alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// Why a person is not signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignInError {
    /// What the client learns.
    pub kind: SignInErrorKind,
    /// What the log says.
    pub reason: String,
    /// The account, if the person has signed in: how they recognise it.
    pub account: Option<String>,
    /// The provider's ID of that person.
    pub id: Option<String>,
    /// A credential that the provider has issued all the same, and that is not needed.
    pub credential: Option<Box<str>>,
}

/// The kinds of [`SignInError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignInErrorKind {
    /// The person or the provider said no: `access_denied`.
    Refused,
    /// The person has signed in and may not use this server: `access_denied`.
    NotAllowed,
    /// The provider did not answer: `temporarily_unavailable`.
    Unavailable,
    /// The client was deleted meanwhile, or its redirect URI removed: nothing may be sent there.
    Client,
    /// The configuration is wrong, or the response is malformed: `server_error`.
    Failed,
    /// A function of the operator timed out: `temporarily_unavailable`.
    Late,
    /// A function of the operator failed: `server_error`.
    Broken,
}

impl SignInErrorKind {
    /// What the client's developer reads (`error_description`); nothing about the person.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::Refused => "The sign-in was cancelled, or the sign-in provider refused it.",
            Self::NotAllowed => "The account that signed in may not use this server.",
            Self::Client => "The app is no longer registered with this address.",
            Self::Unavailable => "The sign-in provider did not answer. Try again in a minute.",
            Self::Failed => "The sign-in failed. The log of this server has the reason.",
            Self::Late => "This server took too long; the sign-in provider is not at fault. Try again in a minute.",
            Self::Broken => {
                "This server failed; the sign-in provider is not at fault. The log of this server has the reason."
            }
        }
    }
}

impl SignInError {
    fn new(kind: SignInErrorKind, reason: impl Into<String>) -> Self {
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

    /// The client may no longer have the answer.
    #[must_use]
    pub fn client(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::Client, reason)
    }

    /// The person or the provider said no.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::Refused, reason)
    }

    /// The person has signed in and may not use this server.
    #[must_use]
    pub fn not_allowed(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::NotAllowed, reason)
    }

    /// The provider did not answer.
    #[must_use]
    pub fn unavailable(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::Unavailable, reason)
    }

    /// The operator's function `name` has no result.
    #[must_use]
    pub fn unfinished(name: &str, failure: Failure) -> Self {
        let (kind, what) = match failure {
            Failure::Timeout => (SignInErrorKind::Late, "` timed out"),
            Failure::Unreachable | Failure::Refused | Failure::Absent | Failure::Failed => {
                (SignInErrorKind::Broken, "` failed")
            }
        };
        Self::new(kind, ["the function `", name, what].concat())
    }

    /// The result of an operator's function is invalid.
    #[must_use]
    pub fn broken(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::Broken, reason)
    }

    /// The configuration is wrong, or the response is malformed.
    #[must_use]
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::new(SignInErrorKind::Failed, reason)
    }
}
