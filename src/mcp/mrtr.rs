//! Multi round-trip requests (MCP 2026-07-28 basic/patterns/mrtr): a handler that needs something of its client ends its
//! run, the client asks its person or its model, and sends the same request again with the answers; the handler runs again
//! from its top and finds them.
//!
//! **Threat.** `requestState` comes back through the client, who may change it, show it to another tool or endpoint, with
//! other arguments, as somebody else, later, or twice.
//! **Guarantee.** It is sealed, and opens only for the same principal, client, endpoint, method, name, arguments and
//! revision, for ten minutes. A tool that declares itself destructive spends it: a second request with it is refused. So does whatever
//! `context.once` has to do in a later round, before it is done; what it came to travels in the state.
//! **Not guaranteed.** That a tool which does neither runs once.

use super::Request;
use super::frame::Frame;
use crate::bounds;
use crate::crypto::{self, Binding, Purpose};
use crate::flow::{Ask, Failure, Flow};
use crate::json::{Members, Object, Value};
use crate::jsonrpc::{Code, Fault};

/// How long a person may take to answer, in milliseconds.
const LIFETIME: u64 = 10 * 60 * 1000;

/// What all rounds of one call have in common, and what its state is therefore bound to.
#[derive(Clone, Copy, Debug)]
pub struct Rounds<'a> {
    /// The request's method.
    pub method: &'static str,
    /// What it names: a tool, a prompt, a resource.
    pub name: &'a str,
    /// Its arguments.
    pub arguments: Option<Value<'a>>,
}

/// The parameters of a request that brings what an earlier round asked for.
#[must_use]
pub fn later<'a>(frame: &Frame<'_>, params: &Object<'a>) -> Option<Object<'a>> {
    let brings = params.given("inputResponses").is_some() || params.given("requestState").is_some();
    (frame.revision.is_modern() && brings).then(|| params.clone())
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

    /// A hash of the arguments that does not depend on how they are written.
    fn digest(&self) -> String {
        let mut hash = |text: &str| crypto::encode(&crypto::sha256(text.as_bytes()));
        let canonical = self.arguments.map(|arguments| arguments.canonical(&mut hash));
        canonical.map(|text| hash(&text)).unwrap_or_default()
    }

    /// Opens what a later round brings, for the handler: `{"answers":{"key":{"response":…,"asked":"…"}},"once":{…},
    /// "sealed":true,"unspent":"…"}`, the last being the name of the round, unless its state has been spent. Answers that
    /// nobody asked for are left out. Waits: one for a state that is to be spent.
    pub async fn open(
        &self,
        flow: &Flow<'_>,
        frame: &Frame<'_>,
        later: Option<Object<'_>>,
    ) -> Result<Option<String>, Fault> {
        let Some(params) = later else { return Ok(None) };
        let responses = match params.given("inputResponses") {
            None => Object::default(),
            Some(responses) => responses.object().map_err(|_| invalid("`params.inputResponses` must be an object."))?,
        };
        let responses = responses.without_nulls();
        if responses.0.iter().any(|(_, response)| !response.is_object()) {
            return Err(invalid("Each member of `params.inputResponses` must be an object."));
        }
        let opened = match params.given("requestState") {
            None => None,
            Some(state) => Some(self.open_state(flow, frame, state).await?),
        };
        let state = match &opened {
            None => Object::default(),
            Some(opened) => Object::read(opened).map_err(|_| invalid(STALE))?,
        };
        let member = |name| state.get(name).and_then(|value: Value<'_>| value.object().ok()).unwrap_or_default();
        let (asked, answers, once) = (member("asked"), member("answers"), member("once"));
        let is_wanted = |key: &str| opened.is_none() || asked.get(key).is_some();
        let mut all = Members::new();
        for (key, answer) in &answers.0 {
            if !is_wanted(key) || responses.get(key).is_none() {
                all = all.raw(key, answer.text());
            }
        }
        for (key, response) in responses.0.iter().filter(|(key, _)| is_wanted(key)) {
            let answer = Members::new().raw("response", response.text());
            all = all.object(key, answer.maybe_raw("asked", asked.get(key).map(Value::text)));
        }
        let sealed = if opened.is_some() { "true" } else { "false" };
        let once = ["{", &once.inner(), "}"].concat();
        let rounds = Members::new().object("answers", all).raw("once", &once).raw("sealed", sealed);
        Ok(Some(rounds.maybe("unspent", state.string("nonce").as_deref()).end()))
    }

    async fn open_state(&self, flow: &Flow<'_>, frame: &Frame<'_>, state: Value<'_>) -> Result<String, Fault> {
        let Some(state) = state.string() else { return Err(invalid("`params.requestState` must be a string.")) };
        let keys = frame.request.keys(flow).await?;
        let audience = self.audience(frame.request);
        let binding = Binding { purpose: Purpose::RequestState, issuer: "", audience: &audience };
        let opened = keys.keys().and_then(|keys| keys.open_text(&binding, &state));
        let opened = opened.and_then(|opened| String::from_utf8(opened).ok()).ok_or_else(|| invalid(STALE))?;
        let members = Object::read(&opened).map_err(|_| invalid(STALE))?;
        let until = members.get("until").and_then(|until| until.text().parse::<u64>().ok());
        if until.is_none_or(|until| until < flow.context().now()) {
            return Err(invalid(STALE));
        }
        // Last: it takes as long as the arguments are, and only for who was given a state.
        if members.string("arguments").as_deref() != Some(self.digest().as_str()) {
            return Err(invalid(STALE));
        }
        if let Some(single) = members.string("single") {
            spend(flow, &single).await?;
        }
        Ok(opened)
    }

    /// Ends a round with what the handler asks for: `{"questions":[["key","…"]],"answers":{…},"once":{…},"single":true}`.
    pub async fn ask(&self, flow: &Flow<'_>, frame: &Frame<'_>, asks: &str) -> Result<String, Fault> {
        let internal = |message: &'static str| Fault::new(500, Code::InternalError, message);
        let keys = frame.request.keys(flow).await?;
        let Some(keys) = keys.keys() else { return Err(internal(NO_KEYS)) };
        let read = Object::read(asks).ok().and_then(|asks| {
            let questions = asks.get("questions")?.array().ok()?.into_iter().map(Question::read);
            Some((questions.collect::<Option<Vec<_>>>()?, asks.get("answers")?, asks.get("once")?, asks.get("single")))
        });
        let Some((questions, answers, once, single)) = read.filter(|(questions, ..)| !questions.is_empty()) else {
            return Err(internal("The handler's questions could not be read."));
        };
        let (mut asked, mut requests) = (Members::new(), Members::new());
        for Question { key, text } in &questions {
            asked = asked.text(key, &fingerprint(text));
            requests = requests.raw(key, text);
        }
        let nonce = crypto::encode(&flow.context().random::<16>("round"));
        let state = Members::new()
            .number("until", flow.context().now() + LIFETIME)
            .text("arguments", &self.digest())
            .object("asked", asked)
            .raw("answers", answers.text())
            .raw("once", once.text())
            .text(if single.is_some_and(Value::is_true) { "single" } else { "nonce" }, &nonce)
            .end();
        if state.len() > bounds::STATE {
            return Err(internal("What the handler keeps between its rounds is longer than 256 KiB."));
        }
        let audience = self.audience(frame.request);
        let binding = Binding { purpose: Purpose::RequestState, issuer: "", audience: &audience };
        let state = keys.seal_text(flow.context(), &binding, state.as_bytes());
        let asks = Members::new().object("inputRequests", requests).text("requestState", &state);
        Ok(frame.input_required(&asks.end()))
    }
}

/// Uses the state of this round, which nobody can do twice. Waits: one.
pub(super) async fn spend(flow: &Flow<'_>, round: &str) -> Result<(), Fault> {
    let spent = Ask { object: ["spent:", round].concat(), call: "spend", input: "null".into() };
    match flow.obtain(&spent).await.as_deref() {
        Ok("true") => Ok(()),
        Ok(_) => Err(invalid("`params.requestState` has been used. Call the tool anew, without it.")),
        Err(Failure::Absent) => Err(Fault::new(500, Code::InternalError, NO_OBJECT)),
        Err(_) => {
            let message = "Whether `params.requestState` has been used cannot be told. Try again.";
            Err(Fault::new(503, Code::InternalError, message))
        }
    }
}

const NO_OBJECT: &str = "What happens once only needs a Durable Object, which this server does not have (its log says what \
                         to add).";
const STALE: &str = "`params.requestState` is none of this call's, or its ten minutes are over. Call again without it.";
const NO_KEYS: &str = "Asking a client on 2026-07-28 needs a key: set the secret WICKET_SECRET (32 random bytes or more), \
                       or export `WicketObject` from your Worker's main file and add it to `new_sqlite_classes` of a \
                       migration.";

struct Question {
    key: String,
    text: String,
}

impl Question {
    fn read(question: Value<'_>) -> Option<Self> {
        let [key, text] = question.array().ok()?.try_into().ok()?;
        Some(Self { key: Value::string(key)?.into(), text: Value::string(text)?.into() })
    }
}

/// What an answer must have been asked: 22 characters.
#[must_use]
pub fn fingerprint(question: &str) -> String {
    let hash = crypto::hash("question", &[question.as_bytes()]);
    crypto::encode(hash.first_chunk::<16>().map_or(&[], |first| first.as_slice()))
}
