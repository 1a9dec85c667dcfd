//! What JavaScript sees: one class. Each of its methods is one step of one flow.
//!
//! worker-build exports classes only, and after a trap it creates an object again from its constructor's arguments. So
//! [`Core`] holds its configuration and nothing else, and all methods have one signature:
//!
//! ```text
//! step(input: text, body: text, now: milliseconds, later: text, entropy: bytes) -> JSON text of a Step
//! ```
//!
//! `later` is the outcomes so far, a JSON array; absent in the first step. `entropy` is 32 random bytes, once the flow has
//! requested some.

#[cfg(feature = "oauth")]
mod oauth;

use js_sys::Uint8Array;
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
// Linked because worker-build needs it at start-up; nothing here uses it.
use worker as _;

use crate::config::Config;
use crate::crypto::{Keys, WeakSecret};
use crate::flow::{Context, Flow, FlowError, Step};
use crate::guard::no_auth;
#[cfg(feature = "bearer")]
use crate::guard::{any_of, bearer, metadata};
#[cfg(feature = "jwt")]
use crate::guard::{jwt, verifier::Verifier};
use crate::http::origin::OriginPolicy;
#[cfg(feature = "bearer")]
use crate::http::well_known;
use crate::json;
use crate::mcp;
use crate::mcp::sealing::Sealing;
#[cfg(feature = "oauth")]
use crate::oauth::endpoints::table::routes;

/// Randomness for the flow, once it has requested some: 32 bytes.
type Entropy = Option<Uint8Array>;

/// The configuration of one endpoint, and the flows it can run.
#[wasm_bindgen]
#[derive(Default)]
pub struct Core {
    /// What is wrong with the configuration, if anything.
    problem: Option<String>,
    origins: OriginPolicy,
    keys: Option<Keys>,
    /// True if there are no `keys` here, but there may be some in the keyring.
    keyring: bool,
    #[cfg(feature = "oauth")]
    oauth: Option<oauth::OAuthConfig>,
    /// The routes of a set-up that is only checked.
    #[cfg(feature = "oauth")]
    routes: Option<String>,
    #[cfg(feature = "jwt")]
    verifier: Option<Verifier>,
}

impl Core {
    /// The core of this configuration; the error is a sentence for the developer.
    fn of(config: Config) -> Result<Self, String> {
        let keys = config.keys.map(|keys| Keys::parse(&keys).map_err(WeakSecret::message));
        Ok(Self {
            problem: None,
            origins: config.origins,
            keys: keys.transpose()?,
            keyring: config.keyring,
            #[cfg(feature = "oauth")]
            oauth: config.oauth.map(|set_up| oauth::OAuthConfig::read(&set_up)).transpose()?,
            #[cfg(feature = "oauth")]
            routes: (config.set_up)
                .map(|set_up| crate::oauth::ServerConfig::read(&set_up).map(|config| json::write(&routes(&config))))
                .transpose()?,
            #[cfg(feature = "jwt")]
            verifier: config.verifier.map(|options| Verifier::read(&options)).transpose()?,
        })
    }
}

/// The result for a signature alone.
#[cfg(all(feature = "probe", feature = "jwt"))]
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Jws {
    Payload(String),
    Refused(&'static str),
}

#[cfg_attr(
    any(feature = "bearer", feature = "probe"),
    expect(clippy::unused_self, reason = "worker-build exports methods only")
)]
#[wasm_bindgen]
impl Core {
    /// Reads the configuration. Never throws, because an object whose constructor threw cannot be created again after a
    /// trap: see [`Core::problem`].
    #[wasm_bindgen(constructor)]
    pub fn new(config: JsValue) -> Core {
        let config = serde_wasm_bindgen::from_value(config).map_err(|error| error.to_string());
        config.and_then(Self::of).unwrap_or_else(|problem| Self { problem: Some(problem), ..Self::default() })
    }

    /// What is wrong with the configuration, if anything: a sentence for the developer.
    #[wasm_bindgen(getter)]
    pub fn problem(&self) -> Option<String> {
        self.problem.clone()
    }

    /// Pattern 1: decides from a request's head whether it passes. Returns [`GuardDecision`].
    pub fn no_auth(&self, input: &str, _body: &str, _now: f64, _later: Option<String>, _entropy: Entropy) -> String {
        done(json::read(input).ok().map(|head| no_auth::guard(&self.origins, &head)))
    }

    /// Pattern 2: decides whose token a request has; the body is the stored key set. Returns [`bearer::Verification`].
    #[cfg(feature = "jwt")]
    pub fn verify(&self, input: &str, body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let request = jwt::VerifierInput::read(input, body);
        let Some(verifier) = &self.verifier else { return unreadable() };
        run(request, (now, later, entropy), async |flow, request| verifier.verify(flow, request).await)
    }

    /// The response to a request that a guard refuses. Returns [`Answer`].
    #[cfg(feature = "bearer")]
    pub fn refuse(&self, input: &str, _body: &str, _now: f64, _later: Option<String>, _entropy: Entropy) -> String {
        done(json::read(input).ok().map(|refused| bearer::refuse(&refused)))
    }

    /// Which of several refusals is returned to the caller. Returns its index ([`any_of::most_informative`]).
    #[cfg(feature = "bearer")]
    pub fn most_informative(
        &self,
        input: &str,
        _body: &str,
        _now: f64,
        _later: Option<String>,
        _entropy: Entropy,
    ) -> String {
        done(json::read::<Vec<any_of::VerifierRefusal>>(input).ok().map(|said| any_of::most_informative(&said)))
    }

    /// Counts a request that a guard limits. Returns [`bearer::Count`].
    #[cfg(feature = "bearer")]
    pub fn count(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        run(json::read(input).ok(), (now, later, entropy), async |flow, counted| bearer::count(flow, counted).await)
    }

    /// The well-known paths by which JavaScript routes ([`well_known::routes`]).
    #[cfg(feature = "bearer")]
    #[wasm_bindgen(getter)]
    pub fn well_known(&self) -> String {
        json::write(&well_known::routes())
    }

    /// Protected resource metadata. Returns [`Answer`].
    #[cfg(feature = "bearer")]
    pub fn metadata(&self, input: &str, _body: &str, _now: f64, _later: Option<String>, _entropy: Entropy) -> String {
        done(json::read(input).ok().map(|request| metadata::answer(&request)))
    }

    /// The MCP endpoint. Returns [`Answer`].
    pub fn mcp(&self, input: &str, body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let request = self.request(input);
        run(request, (now, later, entropy), async |flow, request| mcp::serve(flow, request, body).await)
    }

    /// Chooses the Durable Object of a server that runs in one. Returns [`mcp::placement::Placement`].
    pub fn place(&self, input: &str, body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let request = self.request(input);
        run(request, (now, later, entropy), async |flow, request| mcp::placement::place(flow, request, body).await)
    }

    /// What a running handler sends before its result; the body is the head of its request. Returns
    /// [`mcp::handler_messages::HandlerMessageOutcome`].
    pub fn report(&self, input: &str, head: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let running =
            mcp::handler_messages::Running::read(input, head).map(|running| running.with_keys(self.sealing()));
        run(running, (now, later, entropy), async |flow, running| mcp::handler_messages::report(flow, running).await)
    }

    /// The signature of a token alone, for published vectors; the token is the body. Returns [`Jws`].
    #[cfg(all(feature = "probe", feature = "jwt"))]
    pub fn jws(&self, _input: &str, body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let Some(Verifier::Jwt(options)) = &self.verifier else { return unreadable() };
        run(Some(body), (now, later, entropy), async |flow, token| {
            match jwt::signature_only(flow, token, options).await {
                Ok(payload) => Jws::Payload(payload),
                Err(reject) => Jws::Refused(reject.reason()),
            }
        })
    }

    /// The flow of the tests. Returns the outcomes of its script.
    #[cfg(feature = "probe")]
    pub fn probe(&self, input: &str, _body: &str, now: f64, later: Option<String>, entropy: Entropy) -> String {
        let script = crate::probe::Script::read(input);
        run(script, (now, later, entropy), async |flow, script| crate::probe::probe(flow, script).await)
    }

    /// The size of the instance's memory, in bytes; it never shrinks.
    #[cfg(feature = "probe")]
    pub fn memory(&self) -> u32 {
        u32::try_from(core::arch::wasm32::memory_size::<0>() * 65536).unwrap_or(u32::MAX)
    }
}

/// The only step of a flow that waits for nothing; `None` if the input cannot be read.
fn done<T: Serialize>(answer: Option<T>) -> String {
    let step = answer.map_or(Step::Broken(FlowError::Input), |answer| Step::Done { answer, commits: Vec::new() });
    step.json()
}

#[cfg(feature = "jwt")]
fn unreadable() -> String {
    Step::<()>::Broken(FlowError::Input).json()
}

impl Core {
    fn request<'a>(&'a self, input: &'a str) -> Option<mcp::Request<'a>> {
        mcp::Request::read(input).map(|request| request.with_keys(self.sealing()))
    }

    fn sealing(&self) -> Sealing<'_> {
        match &self.keys {
            Some(keys) => Sealing::Keys(keys),
            None if self.keyring => Sealing::Ask,
            None => Sealing::Nowhere,
        }
    }
}

/// One step of a flow over the input from JavaScript; the answer is written as JSON.
fn run<I, T: Serialize>(
    input: Option<I>,
    (now, later, entropy): (f64, Option<String>, Entropy),
    flow: impl AsyncFnOnce(&Flow<'_>, &I) -> T,
) -> String {
    let later = later.unwrap_or_default();
    let step = match (input, begin(now, entropy)) {
        (Some(input), Some(context)) => match Flow::new(&context, &later) {
            Err(broken) => Step::Broken(broken),
            Ok(run) => run.step(flow(&run, &input)),
        },
        _ => Step::Broken(FlowError::Input),
    };
    step.json()
}

fn begin(now: f64, entropy: Entropy) -> Option<Context> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970 are a safe integer"
    )]
    Context::of(now as u64, entropy.map(|entropy| entropy.to_vec()).as_deref())
}
