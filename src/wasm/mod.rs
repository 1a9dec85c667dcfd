//! What JavaScript sees: one class, whose methods are one step of one flow each.
//!
//! worker-build makes named exports of classes only, and after a trap it builds an object again from its constructor's
//! arguments. So [`Core`] holds its configuration and nothing else, and all methods have one shape:
//!
//! ```text
//! step(input: text, body: text, now: milliseconds, later: text) -> JSON text of a Step
//! ```
//!
//! `later` is absent in the first step, and then holds 32 random bytes in hexadecimal, if the flow has asked for some, and
//! behind them the outcomes so far, a JSON array, if there are any.

#[cfg(feature = "oauth")]
mod oauth;

use serde::de::Error as _;
use serde_wasm_bindgen::Error;
use wasm_bindgen::prelude::wasm_bindgen;
// Linked for what worker-build needs at start-up, not for anything named here.
use worker as _;

use crate::auth::no_auth;
#[cfg(feature = "bearer")]
use crate::auth::{bearer, metadata};
#[cfg(feature = "jwt")]
use crate::auth::{jwt, verifier::Verifier};
use crate::crypto::{Keys, WeakSecret};
use crate::flow::{Broken, Context, Flow, Step};
use crate::http::origin::Policy;
use crate::json::{Malformed, Object, Value};
use crate::mcp;
use crate::mcp::sealing::Sealing;

/// The configuration of one endpoint, and the flows it can run.
#[wasm_bindgen]
pub struct Core {
    origins: Policy,
    keys: Option<Keys>,
    /// True where there are no `keys` here, but may be in the keyring.
    keyring: bool,
    #[cfg(feature = "oauth")]
    site: Option<oauth::Site>,
    /// What is wrong with a set-up that is only checked.
    #[cfg(feature = "oauth")]
    wrong: Option<String>,
    /// The verifier, or what is wrong with its options.
    #[cfg(feature = "jwt")]
    verifier: Option<Result<Verifier, String>>,
}

impl Core {
    /// Reads the configuration, a JSON object; the error is a sentence for the developer. Members:
    ///
    /// - `origins`: a [`Policy`];
    /// - `keys`: the server's secrets, `current,previous,…` ([`Keys::parse`]);
    /// - `keyring`: true where there are no `keys` here, but may be in the keyring;
    /// - `oauth`: the authorization server's set-up, JSON text ([`oauth::Site`]);
    /// - `setUp`: the same, to be checked only ([`Core::problem`]); nobody signs in by it;
    /// - `verifier`: a verifier's options, JSON text ([`Verifier::read`]).
    fn read(config: &str) -> Result<Self, String> {
        let reason = |malformed: Malformed| ["The configuration: ", &malformed.reason(), "."].concat();
        let config = Object::read(config).map_err(reason)?;
        let text = |name| match config.get(name) {
            None => Ok(None),
            Some(text) => text.string().ok_or_else(|| reason(Malformed::Kind)).map(Some),
        };
        let keys = text("keys")?.map(|keys| Keys::parse(&keys).map_err(WeakSecret::message));
        Ok(Self {
            origins: config.get("origins").map_or(Ok(Policy::default()), Policy::read).map_err(reason)?,
            keys: keys.transpose()?,
            keyring: config.get("keyring").is_some_and(Value::is_true),
            #[cfg(feature = "oauth")]
            site: text("oauth")?.map(|set_up| oauth::Site::read(&set_up)).transpose()?,
            #[cfg(feature = "oauth")]
            wrong: text("setUp")?.and_then(|set_up| crate::oauth::Server::read(&set_up).err()),
            #[cfg(feature = "jwt")]
            verifier: text("verifier")?.map(|options| Verifier::read(&options)),
        })
    }
}

#[cfg_attr(
    any(feature = "bearer", feature = "probe"),
    expect(clippy::unused_self, reason = "worker-build exports methods only")
)]
#[wasm_bindgen]
impl Core {
    /// Reads the configuration.
    #[wasm_bindgen(constructor)]
    pub fn new(config: &str) -> Result<Core, Error> {
        Self::read(config).map_err(Error::custom)
    }

    /// Pattern 1: decides from the head of a request whether it goes on. Answers [`Guarded`].
    pub fn no_auth(&self, input: &str, _body: &str, _now: f64, _later: Option<String>) -> String {
        done(no_auth::Head::read(input).map(|head| no_auth::guard(&self.origins, &head).to_json()))
    }

    /// What is wrong with the verifier's options or the set-up, if anything: a sentence for the developer.
    #[cfg(feature = "jwt")]
    #[wasm_bindgen(getter)]
    pub fn problem(&self) -> Option<String> {
        #[cfg(feature = "oauth")]
        if self.wrong.is_some() {
            return self.wrong.clone();
        }
        self.verifier.as_ref()?.as_ref().err().cloned()
    }

    /// Pattern 2: finds out whose token a request carries; the key set that is kept is the body. Answers
    /// [`bearer::Found`].
    #[cfg(feature = "jwt")]
    pub fn verify(&self, input: &str, body: &str, now: f64, later: Option<String>) -> String {
        let request = jwt::Request::read(input, body);
        let Some(Ok(verifier)) = &self.verifier else { return done(None) };
        run(request, now, later, async |flow, request| verifier.verify(flow, request).await.to_json())
    }

    /// The answer to a request that a guard does not let in: answers [`Answer`].
    #[cfg(feature = "bearer")]
    pub fn refuse(&self, input: &str, _body: &str, _now: f64, _later: Option<String>) -> String {
        done(bearer::Refused::read(input).map(|refused| bearer::refuse(&refused).to_json()))
    }

    /// Counts a request that a guard limits: answers whether it has to wait ([`bearer::count`]).
    #[cfg(feature = "bearer")]
    pub fn count(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        run(bearer::Counted::read(input), now, later, async |flow, counted| bearer::count(flow, counted).await)
    }

    /// Protected resource metadata: answers [`Answer`].
    #[cfg(feature = "bearer")]
    pub fn metadata(&self, input: &str, _body: &str, _now: f64, _later: Option<String>) -> String {
        done(metadata::Request::read(input).map(|request| metadata::answer(&request).to_json()))
    }

    /// The MCP endpoint: answers [`Answer`].
    pub fn mcp(&self, input: &str, body: &str, now: f64, later: Option<String>) -> String {
        let request = self.request(input);
        run(request, now, later, async |flow, request| mcp::serve(flow, request, body).await.to_json())
    }

    /// Chooses the Durable Object for a server that lives in one: answers [`mcp::place::Place`].
    pub fn place(&self, input: &str, body: &str, now: f64, later: Option<String>) -> String {
        let request = self.request(input);
        run(request, now, later, async |flow, request| mcp::place::place(flow, request, body).await.to_json())
    }

    /// What the handler of a running call says before its answer; the body is the head of its request. Answers
    /// [`mcp::tell::Told`].
    pub fn tell(&self, input: &str, head: &str, now: f64, later: Option<String>) -> String {
        let running = mcp::tell::Running::read(input, head).map(|running| running.with_keys(self.sealing()));
        run(running, now, later, async |flow, running| mcp::tell::tell(flow, running).await.to_json())
    }

    /// The signature of a token alone, for published vectors; the token is the body. Answers `{"payload":…}` or
    /// `{"refused":…}`.
    #[cfg(all(feature = "probe", feature = "jwt"))]
    pub fn jws(&self, _input: &str, body: &str, now: f64, later: Option<String>) -> String {
        let Some(Ok(Verifier::Jwt(options))) = &self.verifier else { return done(None) };
        run(Some(body), now, later, async |flow, token| match jwt::signature_only(flow, token, options).await {
            Ok(payload) => crate::json::object(&[("payload", &crate::json::quoted(&payload))]),
            Err(reject) => crate::json::object(&[("refused", &crate::json::quoted(reject.reason()))]),
        })
    }

    /// The flow of the tests: answers what came of its script.
    #[cfg(feature = "probe")]
    pub fn probe(&self, input: &str, _body: &str, now: f64, later: Option<String>) -> String {
        let script = crate::probe::Script::read(input);
        run(script, now, later, async |flow, script| crate::probe::probe(flow, script).await.to_json())
    }

    /// How much memory the instance has, in bytes; it never gives any back.
    #[cfg(feature = "probe")]
    pub fn memory(&self) -> u32 {
        u32::try_from(core::arch::wasm32::memory_size::<0>() * 65536).unwrap_or(u32::MAX)
    }
}

/// The one step of a flow that waits for nothing, by its answer; none is input that cannot be read.
fn done(answer: Option<String>) -> String {
    let step = answer.map_or(Step::Broken(Broken::Input), |answer| Step::Done { answer, commits: Vec::new() });
    step.text()
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

/// One step of a flow over the input that JavaScript hands over; the flow writes its answer as JSON.
fn run<I>(
    input: Option<I>,
    now: f64,
    later: Option<String>,
    flow: impl AsyncFnOnce(&Flow<'_>, &I) -> String,
) -> String {
    let later = later.unwrap_or_default();
    let step = match (input, begin(now, &later)) {
        (Some(input), Some((context, outcomes))) => match Flow::new(&context, outcomes) {
            Err(broken) => Step::Broken(broken),
            Ok(run) => run.step(flow(&run, &input)),
        },
        _ => Step::Broken(Broken::Input),
    };
    step.text()
}

fn begin(now: f64, later: &str) -> Option<(Context, &str)> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "milliseconds since 1970 are a safe integer"
    )]
    Context::read(now as u64, later)
}
