//! The app itself knows who is there: behind a sign-in of its own, or an access proxy. There is no upstream; after consent
//! the browser comes straight to the callback, and the app is asked about that request. At each refresh it may be asked whether
//! it still knows the person.

use super::answer::Answer;
use crate::flow::{Flow, Obtain};
use crate::http::form;
use crate::json::{Object, Value, object, quoted};
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Identity, Person};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// It has a function `stillKnown`.
    still_known: bool,
}

/// Asks the app who sends the request that is being answered.
#[derive(Debug)]
struct Identify;

impl Obtain for Identify {
    /// None: nobody is signed in. Inside: what is wrong with the answer.
    type Outcome = Option<Result<Person, String>>;
    fn json(&self) -> String {
        object(&[("kind", r#""identify""#)])
    }
    fn outcome(json: Value<'_>) -> Option<Self::Outcome> {
        Some(match json.text() {
            "null" | "false" => None,
            _ => Some(person("identify", json).and_then(|person| match person {
                Person { id, .. } if id.is_empty() => Err("`identify` answers with somebody who has no `id`".into()),
                Person { props, .. } if props.is_empty() => Ok(Person { props: "{}".into(), ..person }),
                _ => Ok(person),
            })),
        })
    }
}

/// What the app says of somebody; `id` and `props` are empty where it does not say them.
fn person(function: &'static str, json: Value<'_>) -> Result<Person, String> {
    let answer = Answer::read(function, json, &["id", "label", "props", "scopes"])?;
    Ok(Person {
        id: answer.text("id")?.unwrap_or_default(),
        label: answer.label("label")?.unwrap_or_default(),
        props: answer.object("props")?.unwrap_or_default(),
        scopes: answer.scopes("scopes")?,
        credential: None,
    })
}

/// Asks the app whether it still knows the person with this id.
#[derive(Debug)]
struct StillKnown<'a>(&'a str);

impl Obtain for StillKnown<'_> {
    /// None: no. Somebody without members: yes, as at the sign-in. Inside: what is wrong with the answer, which is a no.
    type Outcome = Option<Result<Person, String>>;
    fn json(&self) -> String {
        object(&[("kind", r#""still-known""#), ("id", &quoted(self.0))])
    }
    fn outcome(json: Value<'_>) -> Option<Self::Outcome> {
        let [id, label, props] = [const { String::new() }; 3];
        Some(match json.text() {
            "null" | "false" => None,
            "true" => Some(Ok(Person { id, label, props, scopes: None, credential: None })),
            _ => Some(person("stillKnown", json)),
        })
    }
}

impl App {
    /// Reads the handler's set-up: `{"stillKnown":true}` where it has that function.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        Ok(Self { still_known: options.get("stillKnown").is_some_and(Value::is_true) })
    }
}

impl Identity for App {
    fn name(&self) -> &'static str {
        "app"
    }

    fn about(&self) -> About {
        About { label: String::new(), host: String::new(), scopes: Vec::new() }
    }

    async fn begin(&self, _flow: &Flow<'_>, begin: &Begin<'_>) -> Result<Begun, Denied> {
        Ok(Begun { url: form::extend(begin.callback, &[("state", begin.state)]), kept: String::new() })
    }

    /// Waits: one.
    async fn come_back(&self, flow: &Flow<'_>, _back: &Back<'_>) -> Result<Person, Denied> {
        match flow.obtain(&Identify).await {
            Ok(Some(Ok(person))) => Ok(person),
            Ok(Some(Err(wrong))) => Err(Denied::broken(wrong)),
            Ok(None) => Err(Denied::refused("the app knows nobody at this request")),
            Err(failure) => Err(Denied::unfinished("identify", failure)),
        }
    }

    /// `subject` is the typed subject. Waits: one.
    async fn renew(&self, flow: &Flow<'_>, subject: &str) -> Result<Option<Person>, Denied> {
        let id =
            subject.strip_prefix("user:app:").ok_or_else(|| Denied::failed("the grant names nobody of the app's"))?;
        match flow.obtain(&StillKnown(id)).await {
            Ok(None) => Err(Denied::not_allowed("the function `stillKnown` says no").about(id)),
            // Nobody goes on for an answer that is understood in part.
            Ok(Some(Err(wrong))) => Err(Denied::not_allowed(wrong).about(id)),
            // The id is the one that was asked about, whether or not it is said again.
            Ok(Some(Ok(person))) if person.id.is_empty() => Ok(Some(Person { id: id.into(), ..person })),
            Ok(Some(Ok(person))) => Ok(Some(person)),
            Err(failure) => Err(Denied::unfinished("stillKnown", failure)),
        }
    }

    fn renews(&self) -> bool {
        self.still_known
    }

    fn keeps_credentials(&self) -> bool {
        false
    }
}
