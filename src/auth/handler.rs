//! The ways to sign in, of which a server has one, told by the `kind` of its set-up.

use super::app::App;
use super::proxy;
use crate::flow::Flow;
use crate::json::Object;
use crate::oauth::identity::{About, Back, Begin, Begun, Credential, Denied, Identity, Person};

/// A way to sign in.
#[derive(Debug)]
pub enum Handler {
    /// The app itself knows.
    App(App),
    /// A provider elsewhere knows.
    Upstream(Box<proxy::Handler>),
}

impl Handler {
    /// Reads the set-up; the error says which option is wrong, and what it may be.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        match options.string("kind").as_deref() {
            Some("app") => App::read(options).map(Self::App),
            Some(_) => proxy::Handler::read(options).map(Box::new).map(Self::Upstream),
            None => Err("defaultHandler must be a handler of this package, or have a function identify.".into()),
        }
    }
}

impl Handler {
    /// What an operator should know before people come: a sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        match self {
            Self::App(_) => Vec::new(),
            Self::Upstream(upstream) => upstream.warnings(),
        }
    }
}

impl Identity for Handler {
    fn name(&self) -> &str {
        match self {
            Self::App(app) => app.name(),
            Self::Upstream(upstream) => upstream.name(),
        }
    }

    fn about(&self) -> About {
        match self {
            Self::App(app) => app.about(),
            Self::Upstream(upstream) => upstream.about(),
        }
    }

    async fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied> {
        match self {
            Self::App(app) => app.begin(flow, begin).await,
            Self::Upstream(upstream) => upstream.begin(flow, begin).await,
        }
    }

    async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        match self {
            Self::App(app) => app.come_back(flow, back).await,
            Self::Upstream(upstream) => upstream.come_back(flow, back).await,
        }
    }

    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        match self {
            Self::App(app) => app.renew(flow, credential).await,
            Self::Upstream(upstream) => upstream.renew(flow, credential).await,
        }
    }

    fn renews(&self) -> bool {
        match self {
            Self::App(app) => app.renews(),
            Self::Upstream(_) => true,
        }
    }

    fn keeps_credentials(&self) -> bool {
        match self {
            Self::App(app) => app.keeps_credentials(),
            Self::Upstream(_) => true,
        }
    }

    async fn refresh(&self, flow: &Flow<'_>, credential: &str) -> Result<String, Denied> {
        match self {
            Self::App(app) => app.refresh(flow, credential).await,
            Self::Upstream(upstream) => upstream.refresh(flow, credential).await,
        }
    }

    async fn revoke(&self, flow: &Flow<'_>, credential: &str) -> Result<bool, Denied> {
        match self {
            Self::App(app) => app.revoke(flow, credential).await,
            Self::Upstream(upstream) => upstream.revoke(flow, credential).await,
        }
    }

    fn mark(&self) -> String {
        match self {
            Self::App(app) => app.mark(),
            Self::Upstream(upstream) => upstream.mark(),
        }
    }

    fn ends_all(&self) -> bool {
        match self {
            Self::App(app) => app.ends_all(),
            Self::Upstream(upstream) => upstream.ends_all(),
        }
    }

    fn credential(&self, credential: &str) -> Option<Credential> {
        match self {
            Self::App(app) => app.credential(credential),
            Self::Upstream(upstream) => upstream.credential(credential),
        }
    }

    fn merge(&self, kept: Option<&str>, newer: &str) -> String {
        match self {
            Self::App(app) => app.merge(kept, newer),
            Self::Upstream(upstream) => upstream.merge(kept, newer),
        }
    }
}
