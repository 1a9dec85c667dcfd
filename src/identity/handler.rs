//! The sign-in handlers by the `kind` of their configuration; a server has one.

use super::app::App;
#[cfg(feature = "provider")]
use super::directory::Directory;
use super::{
    Credential, Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep, upstream,
};
use crate::flow::Flow;
use crate::json::Object;

/// A way to sign in.
#[derive(Debug)]
pub enum IdentityHandler {
    /// The app itself.
    App(App),
    /// People of the server's own.
    #[cfg(feature = "provider")]
    Directory(Directory),
    /// An upstream.
    Upstream(Box<upstream::UpstreamHandler>),
}

impl IdentityHandler {
    /// Reads the options; the error says which one is wrong, and what it may be.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        match options.string("kind").as_deref() {
            Some("app") => App::read(options).map(Self::App),
            #[cfg(feature = "provider")]
            Some("directory") => Directory::read(options).map(Self::Directory),
            Some(_) => upstream::UpstreamHandler::read(options).map(Box::new).map(Self::Upstream),
            None => Err("defaultHandler must be a handler of this package, or have a function `identify`.".into()),
        }
    }
}

impl IdentityHandler {
    /// What an operator should know before people sign in: a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::App(_) => Vec::new(),
            #[cfg(feature = "provider")]
            Self::Directory(_) => Vec::new(),
            Self::Upstream(upstream) => upstream.warnings(),
        }
    }
}

/// Calls the same method of each variant.
macro_rules! each {
    ($handler:ident, $way:ident => $called:expr) => {
        match $handler {
            Self::App($way) => $called,
            #[cfg(feature = "provider")]
            Self::Directory($way) => $called,
            Self::Upstream($way) => $called,
        }
    };
}

impl Identity for IdentityHandler {
    fn name(&self) -> &str {
        each!(self, way => way.name())
    }

    fn about(&self) -> ProviderInfo {
        each!(self, way => way.about())
    }

    fn signs_in_first(&self) -> bool {
        each!(self, way => way.signs_in_first())
    }

    async fn begin(&self, flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        each!(self, way => way.begin(flow, begin).await)
    }

    async fn continue_sign_in(&self, flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        each!(self, way => way.continue_sign_in(flow, back).await)
    }

    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, SignInError> {
        each!(self, way => way.renew(flow, credential).await)
    }

    fn renews(&self) -> bool {
        each!(self, way => way.renews())
    }

    fn keeps_credentials(&self) -> bool {
        each!(self, way => way.keeps_credentials())
    }

    async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, SignInError> {
        each!(self, way => way.refresh(flow, credential).await)
    }

    async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, SignInError> {
        each!(self, way => way.revoke(flow, credential).await)
    }

    fn mark(&self) -> String {
        each!(self, way => way.mark())
    }

    fn ends_all(&self) -> bool {
        each!(self, way => way.ends_all())
    }

    fn credential(&self, credential: &str) -> Option<Credential> {
        each!(self, way => way.credential(credential))
    }

    fn merge(&self, kept: Option<&str>, newer: &str) -> String {
        each!(self, way => way.merge(kept, newer))
    }
}
