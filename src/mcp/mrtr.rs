//! Multi round-trip requests (MCP 2026-07-28 basic/patterns/mrtr): a handler that needs something from its client ends
//! its run, the client asks its person or its model and sends the same request again with the answers, and the handler
//! runs again from its start and finds them.
//!
//! **Threat.** `requestState` comes back through the client, who may change it, or present it to another tool or
//! endpoint, with other arguments, as another caller, later, or twice.
//! **Guarantee.** It is sealed, and valid only for the same principal, client, endpoint, method, name, arguments and
//! revision, for ten minutes. A tool that declares itself destructive uses it up: a second request with it is refused.
//! So does `context.once` in a later round, before its function runs; the result becomes part of the state.
//! **Not guaranteed.** That a tool which does neither runs only once.

use serde::{Deserialize, Serialize};

use super::Request;
use super::envelope::Params;
use super::frame::Frame;
use crate::bounds;
use crate::crypto::{self, Purpose, SealContext};
use crate::flow::{Ask, EarlierRounds, Failure, Flow, InputRequests, InputResponse};
use crate::json::{self, Json, Object, Value};
use crate::jsonrpc::{Code, Fault};

/// How long a person may take to answer, in milliseconds.
const LIFETIME: u64 = 10 * 60 * 1000;

/// What all rounds of one call have in common, and to which its state is therefore bound.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// The request's method.
    pub method: &'static str,
    /// The name of the tool or prompt, or the resource's URI.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: Option<Value<'a>>,
}

/// What a request brings back from an earlier round.
#[derive(Clone, Copy, Debug)]
pub struct Continuation<'a> {
    responses: Option<Value<'a>>,
    state: Option<Value<'a>>,
}

/// What this request brings back from an earlier round, if anything.
#[must_use]
pub fn continuation<'a>(frame: &Frame<'_>, params: &Params<'a>) -> Option<Continuation<'a>> {
    let continuation = Continuation { responses: params.input_responses, state: params.request_state };
    (frame.revision.is_modern() && (continuation.responses.is_some() || continuation.state.is_some()))
        .then_some(continuation)
}

/// The contents of `requestState`.
#[derive(Serialize, Deserialize)]
struct State {
    /// When it expires, in milliseconds since 1970.
    until: u64,
    /// A hash of the arguments.
    arguments: String,
    /// The input requests by key: the fingerprint that each answer must match ([`fingerprint`]).
    asked: Vec<(String, String)>,
    /// The answers of earlier rounds.
    answers: Vec<(String, InputResponse)>,
    /// The results of `context.once`.
    once: Vec<(String, Json)>,
    /// The name of the round.
    round: String,
    /// True if presenting the state uses it up.
    single: bool,
}

/// The members of an `InputRequiredResult`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InputRequired<'a> {
    #[serde(serialize_with = "json::map")]
    input_requests: Vec<(&'a str, Value<'a>)>,
    request_state: &'a str,
}

fn invalid(message: &'static str) -> Fault {
    Fault::new(200, Code::InvalidParams, message)
}

impl Rounds<'_> {
    fn audience(&self, request: &Request<'_>) -> String {
        let principal = request.principal();
        let parts: [&[u8]; 6] = [
            request.endpoint.as_bytes(),
            if principal.is_some() { b"somebody" } else { b"anybody" },
            principal.unwrap_or_default().as_bytes(),
            request.client().unwrap_or_default().as_bytes(),
            self.method.as_bytes(),
            self.name.as_bytes(),
        ];
        crypto::encode(&crypto::hash("rounds of 2026-07-28", &parts))
    }

    /// A hash of the arguments that does not depend on their notation.
    fn digest(&self) -> String {
        let mut hash = |text: &str| crypto::encode(&crypto::sha256(text.as_bytes()));
        let canonical = self.arguments.map(|arguments| arguments.canonical(&mut hash));
        canonical.map(|text| hash(&text)).unwrap_or_default()
    }

    /// Opens what a later round brings back, for the handler. Answers to unknown questions are ignored. Waits: one for
    /// a state that is used up.
    pub async fn open(
        &self,
        flow: &Flow<'_>,
        frame: &Frame<'_>,
        continuation: Option<Continuation<'_>>,
    ) -> Result<Option<EarlierRounds>, Fault> {
        let Some(Continuation { responses, state }) = continuation else { return Ok(None) };
        let responses = responses.map_or_else(|| Ok(Object::default()), Value::object);
        let responses = responses.map_err(|_| invalid("`params.inputResponses` must be an object."))?.without_nulls();
        if responses.0.iter().any(|(_, response)| !response.is_object()) {
            return Err(invalid("Each member of `params.inputResponses` must be an object."));
        }
        let state = match state {
            None => None,
            Some(state) => Some(self.open_state(flow, frame, state).await?),
        };
        let asked = |key: &str| {
            let asked = &state.as_ref()?.asked;
            asked.iter().find(|(known, _)| known == key).map(|(_, asked)| asked.clone())
        };
        let is_wanted = |key: &str| state.is_none() || asked(key).is_some();
        let former = state.iter().flat_map(|state| &state.answers);
        let former = former.filter(|(key, _)| !is_wanted(key) || responses.get(key).is_none()).cloned();
        let fresh = responses.0.iter().filter(|(key, _)| is_wanted(key));
        let fresh = fresh.map(|(key, response)| {
            (key.to_string(), InputResponse { response: Json::of(response), asked: asked(key) })
        });
        Ok(Some(EarlierRounds {
            answers: former.chain(fresh).collect(),
            once: state.as_ref().map(|state| state.once.clone()).unwrap_or_default(),
            sealed: state.is_some(),
            unspent: state.filter(|state| !state.single).map(|state| state.round),
        }))
    }

    async fn open_state(&self, flow: &Flow<'_>, frame: &Frame<'_>, state: Value<'_>) -> Result<State, Fault> {
        let Some(state) = state.string() else { return Err(invalid("`params.requestState` must be a string.")) };
        let keys = frame.request.keys(flow).await?;
        let audience = self.audience(frame.request);
        let binding = SealContext { purpose: Purpose::RequestState, issuer: "", audience: &audience };
        let opened = keys.keys().and_then(|keys| keys.open_text(&binding, &state));
        let opened = opened.and_then(|opened| String::from_utf8(opened).ok()).ok_or_else(|| invalid(STALE))?;
        let state: State = json::read(&opened).map_err(|_| invalid(STALE))?;
        if state.until < flow.context().now() {
            return Err(invalid(STALE));
        }
        // Last, because it takes time in proportion to the arguments, and only for a caller who has a state.
        if state.arguments != self.digest() {
            return Err(invalid(STALE));
        }
        if state.single {
            use_up(flow, &state.round).await?;
        }
        Ok(state)
    }

    /// Ends a round with what the handler asks for.
    pub async fn ask(&self, flow: &Flow<'_>, frame: &Frame<'_>, asks: InputRequests) -> Result<String, Fault> {
        let internal = |message: &'static str| Fault::new(500, Code::InternalError, message);
        let keys = frame.request.keys(flow).await?;
        let Some(keys) = keys.keys() else { return Err(internal(NO_KEYS)) };
        let InputRequests { questions, answers, once, single } = asks;
        let requests = questions.iter().map(|(key, text)| Some((key.as_str(), Value::read(text).ok()?)));
        let requests = requests.collect::<Option<Vec<_>>>().filter(|requests| !requests.is_empty());
        let Some(input_requests) = requests else {
            return Err(internal("The handler's input requests could not be read."));
        };
        let state = json::write(&State {
            until: flow.context().now() + LIFETIME,
            arguments: self.digest(),
            asked: questions.iter().map(|(key, text)| (key.clone(), fingerprint(text))).collect(),
            answers,
            once,
            round: crypto::encode(&flow.context().random::<16>("round")),
            single,
        });
        if state.len() > bounds::STATE {
            return Err(internal("The handler's state between its rounds is longer than 256 KiB."));
        }
        let audience = self.audience(frame.request);
        let binding = SealContext { purpose: Purpose::RequestState, issuer: "", audience: &audience };
        let state = keys.seal_text(flow.context(), &binding, state.as_bytes());
        Ok(frame.input_required(&InputRequired { input_requests, request_state: &state }))
    }
}

/// Uses up the state of this round; a second attempt fails. Waits: one.
pub(super) async fn use_up(flow: &Flow<'_>, round: &str) -> Result<(), Fault> {
    let spent = Ask::new(["spent:", round].concat(), "spend", &());
    match flow.obtain(&spent).await.as_deref() {
        Ok("true") => Ok(()),
        Ok(_) => Err(invalid("`params.requestState` has been used. Call the tool again without it.")),
        Err(Failure::Absent) => Err(Fault::new(500, Code::InternalError, NO_OBJECT)),
        Err(_) => {
            let message = "Cannot check whether `params.requestState` has been used. Try again.";
            Err(Fault::new(503, Code::InternalError, message))
        }
    }
}

const NO_OBJECT: &str = "What happens once only needs a Durable Object, which this server does not have (its log says what \
                         to add).";
const STALE: &str =
    "`params.requestState` does not belong to this call, or has expired after ten minutes. Call again without it.";
const NO_KEYS: &str = "Asking a client on 2026-07-28 needs a key: set the secret WICKET_SECRET (32 random bytes or more), \
                       or export `WicketObject` from your Worker's main file and add it to `new_sqlite_classes` of a \
                       migration.";

/// The fingerprint of a question, which its answer must match: 22 characters.
#[must_use]
pub fn fingerprint(question: &str) -> String {
    let hash = crypto::hash("question", &[question.as_bytes()]);
    crypto::encode(hash.first_chunk::<16>().map_or(&[], |first| first.as_slice()))
}
