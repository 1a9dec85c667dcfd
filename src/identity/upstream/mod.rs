//! Pattern 3, the OAuth proxy: people sign in at a provider that this server does not run (the *upstream*), and this server
//! issues tokens of its own. The provider's tokens stay here.
//!
//! Each provider is a file: its endpoints, what it says about a person, and its peculiarities. They share: PKCE (RFC
//! 7636) and `state` in every sign-in, `iss` if the provider sends it (RFC 9207), a nonce and a checked ID token if
//! there is one (OpenID Connect Core 3.1.3.7), and the operator's rules for who may sign in, which are checked before
//! anything is issued.
//!
//! It neither issues tokens nor stores anything: that is [`crate::oauth`].

mod allow;
mod azure;
mod code_flow;
pub mod credential;
mod discovery;
pub mod effect;
mod generic;
mod github;
mod google;
mod openid;
mod options;
mod profile;
mod scopes;

pub use allow::{Allow, Rule, RuleList};
pub use azure::Azure;
pub use generic::Generic;
pub use github::GitHub;
pub use google::Google;
pub use options::Options;
pub use profile::Profile;

use crate::flow::Flow;
use crate::identity::{
    Credential, Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep,
};
use crate::json::Object;

/// Calls the same method of each provider.
macro_rules! each {
    ($handler:ident, $provider:ident => $called:expr) => {
        match $handler {
            Self::GitHub($provider) => $called,
            Self::Google($provider) => $called,
            Self::Azure($provider) => $called,
            Self::Generic($provider) => $called,
        }
    };
}

/// A provider, as the operator configured it.
#[derive(Debug)]
pub enum UpstreamHandler {
    /// `GitHubHandler`.
    GitHub(GitHub),
    /// `GoogleHandler`.
    Google(Google),
    /// `AzureADHandler`.
    Azure(Azure),
    /// `GenericOAuthHandler`.
    Generic(Generic),
}

impl UpstreamHandler {
    /// Reads the options from JavaScript; the error names the wrong option and the fix.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        match config.string("kind").as_deref() {
            Some("github") => GitHub::read(config).map(Self::GitHub),
            Some("google") => Google::read(config).map(Self::Google),
            Some("azure") => Azure::read(config).map(Self::Azure),
            Some("generic") => Generic::read(config).map(Self::Generic),
            _ => Err("Unknown handler. Use one that the package exports.".into()),
        }
    }

    /// What an operator should know before people sign in: a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let open = match self {
            Self::GitHub(_) => true,
            Self::Google(google) => google.is_open(),
            Self::Azure(azure) => azure.is_open(),
            Self::Generic(_) => false,
        };
        let options = self.options();
        let mut warnings = scopes::warnings(&options.scopes);
        if open && !options.allow.is_set() {
            warnings.push(format!(
                "Anyone with an account at {} may sign in. Restrict this with `allow`, or confirm it with `allow: \"anyone\"`.",
                self.about().label,
            ));
        }
        warnings
    }

    fn options(&self) -> &Options {
        each!(self, provider => &provider.options)
    }
}

impl Identity for UpstreamHandler {
    fn name(&self) -> &str {
        &self.options().name
    }

    fn about(&self) -> ProviderInfo {
        each!(self, provider => provider.about())
    }

    async fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        match self {
            Self::GitHub(github) => Ok(github.begin(flow, begin)),
            Self::Google(google) => Ok(google.begin(flow, begin)),
            Self::Azure(azure) => Ok(azure.begin(flow, begin)),
            Self::Generic(generic) => generic.begin(flow, begin).await,
        }
    }

    async fn continue_sign_in(&self, flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        each!(self, provider => provider.continue_sign_in(flow, back).await.map(SignInStep::Done))
    }

    fn renews(&self) -> bool {
        true
    }

    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        each!(self, provider => provider.renew(flow, credential).await)
    }

    async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        each!(self, provider => provider.refresh(flow, credential).await)
    }

    async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        match self {
            Self::GitHub(github) => github.revoke(flow, credential).await,
            Self::Google(google) => google.revoke(flow, credential).await,
            // Entra can only end all sessions of a person, also those of other apps, not a single token.
            Self::Azure(_) => Ok(false),
            Self::Generic(generic) => generic.revoke(flow, credential).await,
        }
    }

    fn mark(&self) -> String {
        [self.name(), "/", &self.options().client_id].concat()
    }

    fn ends_all(&self) -> bool {
        // GitHub deletes exactly one token; Google ends all, and others may.
        !matches!(self, Self::GitHub(_))
    }

    fn credential(&self, credential: &str) -> Option<Credential> {
        credential::UpstreamCredential::read(credential).map(credential::UpstreamCredential::outside)
    }

    fn merge(&self, kept: Option<&str>, newer: &str) -> String {
        credential::merge(kept, newer, &self.options().scopes)
    }
}
