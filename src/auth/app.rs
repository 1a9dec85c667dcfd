//! The app itself knows who is there: behind a sign-in of its own, or an access proxy. There is no upstream; after consent
//! the browser comes straight to the callback, and the app is asked about that request. At each refresh it may be asked whether
//! it still knows the person.

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

/// Asks the app whether it still knows the person with this id.
#[derive(Debug)]
struct StillKnown<'a>(&'a str);

/// What the app says.
enum Known {
    No,
    /// As before.
    Yes,
    /// This is true of them now; props that are empty are as before.
    Changed(Person),
    /// Something that is no answer.
    Unreadable,
}

impl Obtain for StillKnown<'_> {
    type Outcome = Known;
    fn json(&self) -> String {
        object(&[("kind", r#""still-known""#), ("id", &quoted(self.0))])
    }
    fn outcome(json: Value<'_>) -> Option<Known> {
        let changed = || {
            let person = json.object().ok()?;
            let props = match person.get("props") {
                Some(props) => props.is_object().then(|| props.text().to_owned())?,
                None => String::new(),
            };
            let scopes = match person.get("scopes") {
                Some(scopes) => Some(scopes.strings()?),
                None => None,
            };
            let (id, label) = (person.string("id").unwrap_or_default().into(), String::new());
            Some(Person { id, label, props, scopes, credential: None })
        };
        Some(match json.text() {
            "null" => Known::No,
            "true" => Known::Yes,
            _ => changed().map_or(Known::Unreadable, Known::Changed),
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
            Ok(Some(person)) => Ok(person),
            Ok(None) => Err(Denied::refused("the app knows nobody at this request")),
            Err(failure) => Err(Denied::unfinished("identify", failure)),
        }
    }

    /// `subject` is the typed subject. Waits: one.
    async fn renew(&self, flow: &Flow<'_>, subject: &str) -> Result<Option<Person>, Denied> {
        let id =
            subject.strip_prefix("user:app:").ok_or_else(|| Denied::failed("the grant names nobody of the app's"))?;
        match flow.obtain(&StillKnown(id)).await {
            Ok(Known::Yes) => Ok(None),
            Ok(Known::No) => Err(Denied::not_allowed("the function `stillKnown` says no").about(id)),
            // The id is the one that was asked about, whether or not it is said again.
            Ok(Known::Changed(person)) if person.id.is_empty() => Ok(Some(Person { id: id.into(), ..person })),
            Ok(Known::Changed(person)) => Ok(Some(person)),
            Ok(Known::Unreadable) => Err(Denied::unusable("stillKnown")),
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
