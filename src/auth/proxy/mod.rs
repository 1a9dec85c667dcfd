//! Pattern 3, the OAuth proxy: people sign in at a provider that this server does not run (the *upstream*), and this server
//! issues tokens of its own. The provider's tokens stay here.
//!
//! Each provider is a file: where its endpoints are, what it says about a person, and what it does differently from
//! everybody else. What they share: PKCE (RFC 7636) and `state` on every leg, `iss` where the provider sends it (RFC 9207),
//! a nonce and a checked ID token where there is one (OpenID Connect Core 3.1.3.7), and the operator's rules for who may
//! sign in, checked before anything is issued.
//!
//! It does *not* issue tokens, nor keep anything: that is [`crate::oauth`].

mod allow;
mod azure;
pub mod credential;
mod discovery;
pub mod effect;
mod generic;
mod github;
mod google;
mod leg;
mod openid;
mod options;
mod profile;
mod scopes;

pub use allow::{Allow, Kind, Rule};
pub use azure::Azure;
pub use generic::Generic;
pub use github::GitHub;
pub use google::Google;
pub use options::Options;
pub use profile::Profile;

use crate::flow::Flow;
use crate::json::Object;
use crate::oauth::identity::{About, Back, Begin, Begun, Credential, Denied, Identity, Person};

/// A provider, as the operator configured it.
#[derive(Debug)]
pub enum Handler {
    /// `GitHubHandler`.
    GitHub(GitHub),
    /// `GoogleHandler`.
    Google(Google),
    /// `AzureADHandler`.
    Azure(Azure),
    /// `GenericOAuthHandler`.
    Generic(Generic),
}

impl Handler {
    /// Reads what the shim hands over; the error names the option that is wrong, and the fix.
    pub fn read(config: &Object<'_>) -> Result<Self, String> {
        match config.string("kind").as_deref() {
            Some("github") => GitHub::read(config).map(Self::GitHub),
            Some("google") => Google::read(config).map(Self::Google),
            Some("azure") => Azure::read(config).map(Self::Azure),
            Some("generic") => Generic::read(config).map(Self::Generic),
            _ => Err("There is no such handler. Use one that the package exports.".into()),
        }
    }

    /// What an operator should know before people come: a sentence each.
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
                "Anyone with an account at {} may sign in. Say who may with `allow`, or `allow: \"anyone\"` if that is meant.",
                self.about().label,
            ));
        }
        warnings
    }

    fn options(&self) -> &Options {
        match self {
            Self::GitHub(GitHub { options, .. })
            | Self::Google(Google { options, .. })
            | Self::Azure(Azure { options, .. })
            | Self::Generic(Generic { options, .. }) => options,
        }
    }
}

impl Identity for Handler {
    fn name(&self) -> &str {
        &self.options().name
    }

    fn about(&self) -> About {
        match self {
            Self::GitHub(github) => github.about(),
            Self::Google(google) => google.about(),
            Self::Azure(azure) => azure.about(),
            Self::Generic(generic) => generic.about(),
        }
    }

    async fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied> {
        match self {
            Self::GitHub(github) => Ok(github.begin(flow, begin)),
            Self::Google(google) => Ok(google.begin(flow, begin)),
            Self::Azure(azure) => Ok(azure.begin(flow, begin)),
            Self::Generic(generic) => generic.begin(flow, begin).await,
        }
    }

    async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        match self {
            Self::GitHub(github) => github.come_back(flow, back).await,
            Self::Google(google) => google.come_back(flow, back).await,
            Self::Azure(azure) => azure.come_back(flow, back).await,
            Self::Generic(generic) => generic.come_back(flow, back).await,
        }
    }

    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        match self {
            Self::GitHub(github) => github.renew(flow, credential).await,
            Self::Google(google) => google.renew(flow, credential).await,
            Self::Azure(azure) => azure.renew(flow, credential).await,
            Self::Generic(generic) => generic.renew(flow, credential).await,
        }
    }

    async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, Denied> {
        match self {
            Self::GitHub(github) => github.refresh(flow, credential).await,
            Self::Google(google) => google.refresh(flow, credential).await,
            Self::Azure(azure) => azure.refresh(flow, credential).await,
            Self::Generic(generic) => generic.refresh(flow, credential).await,
        }
    }

    async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, Denied> {
        match self {
            Self::GitHub(github) => github.revoke(flow, credential).await,
            Self::Google(google) => google.revoke(flow, credential).await,
            // Entra ends the sessions of a person, which are not this app's alone, and no single token.
            Self::Azure(_) => Ok(false),
            Self::Generic(generic) => generic.revoke(flow, credential).await,
        }
    }

    fn mark(&self) -> String {
        [self.name(), "/", &self.options().client_id].concat()
    }

    fn ends_all(&self) -> bool {
        // GitHub deletes the one token that it is told; Google says that it ends all, and others may.
        !matches!(self, Self::GitHub(_))
    }

    fn credential(&self, credential: &str) -> Option<Credential> {
        credential::Credential::read(credential).map(credential::Credential::outside)
    }

    fn merge(&self, kept: Option<&str>, newer: &str) -> String {
        credential::merge(kept, newer, &self.options().scopes)
    }
}
