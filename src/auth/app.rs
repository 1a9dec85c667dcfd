//! The app itself knows who is there: behind a sign-in of its own, or an access proxy. There is no upstream; after consent
//! the browser comes straight to the callback, and the app is asked about that request.

use crate::flow::{Failure, Flow, Obtain};
use crate::http::form;
use crate::json::{Object, Value, object};
use crate::oauth::identity::{About, Back, Begin, Begun, Denied, Identity, Person};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App;

/// Asks the app who sends the request that is being answered.
#[derive(Debug)]
struct Identify;

impl Obtain for Identify {
    /// None: nobody is signed in.
    type Outcome = Option<Person>;
    fn json(&self) -> String {
        object(&[("kind", r#""identify""#)])
    }
    fn outcome(json: Value<'_>) -> Option<Option<Person>> {
        if json.text() == "null" {
            return Some(None);
        }
        let person = json.object().ok()?;
        let props = person.get("props").map_or("{}", Value::text);
        (Value::read(props).is_ok_and(Value::is_object)).then_some(())?;
        Some(Some(Person {
            id: person.string("id").filter(|id| !id.is_empty())?.into(),
            label: person.string("label").unwrap_or_default().into(),
            props: props.into(),
            scopes: match person.get("scopes") {
                None => None,
                Some(scopes) => Some(scopes.strings()?),
            },
            credential: None,
        }))
    }
}

impl App {
    /// Reads the handler's set-up: it has none.
    pub fn read(_options: &Object<'_>) -> Result<Self, String> {
        Ok(Self)
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
            Ok(Some(person)) => Ok(person),
            Ok(None) => Err(Denied::refused("the app knows nobody at this request")),
            Err(Failure::Timeout) => Err(Denied::unavailable("the function `identify` has not ended in time")),
            Err(_) => Err(Denied::failed("the function `identify` failed")),
        }
    }
}
