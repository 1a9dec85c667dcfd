//! Identity from the app itself, which has its own sign-in or runs behind an access proxy. There is no upstream: after
//! consent the browser goes directly to the callback, and the app is asked who sends that request. At each refresh it
//! may be asked whether it still knows the person.

use super::{Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use crate::callback_result::CallbackResult;
use crate::flow::{Flow, Obtain};
use crate::http::form;
use crate::json::{Json, Object, Value};
use serde::Serialize;

/// The app as a way to sign in; see the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// It has a function `stillKnown`.
    confirmed_person: bool,
}

/// Asks the app who sends the current request.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "identify")]
struct Identify {}

impl Obtain for Identify {
    /// What [`identified`] reads.
    type Outcome = Json;
}

/// `None`: nobody is signed in. The inner error says what is wrong with the answer.
fn identified(answer: Value<'_>) -> Option<Result<Person, String>> {
    Some(match answer.text() {
        "null" | "false" => return None,
        _ => person("identify", answer).and_then(|person| match person {
            Person { id, .. } if id.is_empty() => Err("`identify` returned a person without an `id`".into()),
            Person { props, .. } if props.is_empty() => Ok(Person { props: "{}".into(), ..person }),
            _ => Ok(person),
        }),
    })
}

/// What the app says about a person; `id` and `props` are empty if it does not say them.
fn person(function: &'static str, json: Value<'_>) -> Result<Person, String> {
    let answer = CallbackResult::read(function, json, &["id", "label", "props", "scopes"])?;
    Ok(Person {
        id: answer.text("id")?.unwrap_or_default(),
        label: answer.label("label")?.unwrap_or_default(),
        props: answer.object("props")?.unwrap_or_default(),
        scopes: answer.scopes("scopes")?,
        credential: None,
    })
}

/// Asks the app whether it still knows the person with this ID.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "still-known")]
struct StillKnown<'a> {
    id: &'a str,
}

impl Obtain for StillKnown<'_> {
    /// What [`confirmed_person`] reads.
    type Outcome = Json;
}

/// `None`: no. A person without members: yes, unchanged. The inner error says what is wrong with the answer, which
/// counts as no.
fn confirmed_person(answer: Value<'_>) -> Option<Result<Person, String>> {
    let [id, label, props] = [const { String::new() }; 3];
    Some(match answer.text() {
        "null" | "false" => return None,
        "true" => Ok(Person { id, label, props, scopes: None, credential: None }),
        _ => person("stillKnown", answer),
    })
}

impl App {
    /// Reads the handler's options: `{"stillKnown":true}` if it has that function.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        Ok(Self { confirmed_person: options.get("stillKnown").is_some_and(Value::is_true) })
    }
}

impl Identity for App {
    fn name(&self) -> &'static str {
        "app"
    }

    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: String::new(), host: String::new(), scopes: Vec::new() }
    }

    async fn begin(&self, _flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        Ok(SignInStep::Go { url: form::extend(begin.callback, &[("state", begin.state)]), kept: String::new() })
    }

    /// Waits: one.
    async fn continue_sign_in(&self, flow: &Flow<'_>, _back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        match flow.obtain(&Identify {}).await.map(|answer| identified(answer.value())) {
            Ok(Some(Ok(person))) => Ok(SignInStep::Done(person)),
            Ok(Some(Err(wrong))) => Err(SignInError::broken(wrong)),
            Ok(None) => Err(SignInError::refused("`identify` returned nobody for this request")),
            Err(failure) => Err(SignInError::unfinished("identify", failure)),
        }
    }

    /// `subject` is the typed subject. Waits: one.
    async fn renew(&self, flow: &Flow<'_>, subject: &str) -> Result<Option<Person>, SignInError> {
        let id = subject
            .strip_prefix("user:app:")
            .ok_or_else(|| SignInError::failed("the grant does not belong to a person of this app"))?;
        match flow.obtain(&StillKnown { id }).await.map(|answer| confirmed_person(answer.value())) {
            Ok(None) => Err(SignInError::not_allowed("the function `stillKnown` refused the person").about(id)),
            // A partly understood answer does not extend access.
            Ok(Some(Err(wrong))) => Err(SignInError::not_allowed(wrong).about(id)),
            // The ID is the one in the question, whether or not the answer repeats it.
            Ok(Some(Ok(person))) if person.id.is_empty() => Ok(Some(Person { id: id.into(), ..person })),
            Ok(Some(Ok(person))) => Ok(Some(person)),
            Err(failure) => Err(SignInError::unfinished("stillKnown", failure)),
        }
    }

    fn renews(&self) -> bool {
        self.confirmed_person
    }

    fn keeps_credentials(&self) -> bool {
        false
    }
}
