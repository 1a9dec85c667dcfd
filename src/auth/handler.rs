//! The ways to sign in, of which a server has one, told by the `kind` of its set-up.

use super::app::App;
use crate::flow::Flow;
use crate::json::Object;
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Identity, Person};

/// A way to sign in.
#[derive(Debug)]
pub enum Handler {
    /// The app itself knows.
    App(App),
}

impl Handler {
    /// Reads the set-up; the error says which option is wrong, and what it may be.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        match options.string("kind").as_deref() {
            Some("app") => App::read(options).map(Self::App),
            _ => Err("defaultHandler must be a handler of this package, or have a function identify.".into()),
        }
    }
}

impl Identity for Handler {
    fn name(&self) -> &str {
        match self {
            Self::App(app) => app.name(),
        }
    }

    fn about(&self) -> About {
        match self {
            Self::App(app) => app.about(),
        }
    }

    async fn begin(&self, flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied> {
        match self {
            Self::App(app) => app.begin(flow, begin).await,
        }
    }

    async fn come_back(&self, flow: &Flow<'_>, back: &Back<'_>) -> Result<Person, Denied> {
        match self {
            Self::App(app) => app.come_back(flow, back).await,
        }
    }

    async fn renew(&self, flow: &Flow<'_>, credential: &str) -> Result<Option<Person>, Denied> {
        match self {
            Self::App(app) => app.renew(flow, credential).await,
        }
    }
}
