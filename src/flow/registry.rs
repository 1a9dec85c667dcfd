//! The effects of the server's registry: what it has, and runs of what the user wrote. Their interpreter is `js/server/`.

use super::effect::Obtain;
use crate::json::{Members, Value};

/// What the server is: asked once per `initialize` and `server/discover`.
#[derive(Debug)]
pub struct Describe;

/// Outcome of [`Describe`].
#[derive(Debug)]
pub struct Described {
    /// What is registered, of `tools`, `resources`, `prompts` and `completions`.
    pub registered: Vec<String>,
    /// The capabilities that the server's options declare beside, a JSON object.
    pub declared: String,
    /// Its `instructions` for the model.
    pub instructions: Option<String>,
    /// True if clients can hear of changes.
    pub listens: bool,
}

impl Obtain for Describe {
    type Outcome = Described;
    fn json(&self) -> String {
        Members::kind("describe").end()
    }
    fn outcome(json: Value<'_>) -> Option<Described> {
        let described = json.object().ok()?;
        Some(Described {
            registered: described.get("registered")?.strings()?,
            declared: match described.get("declared") {
                None => "{}".into(),
                Some(declared) => declared.is_object().then(|| declared.text().into())?,
            },
            instructions: described.string("instructions").map(Into::into),
            listens: described.get("listens").is_some_and(Value::is_true),
        })
    }
}

/// One page of what the server has registered and this caller may see.
#[derive(Debug)]
pub struct List<'a> {
    /// Which list: `tools`, `resources`, `templates` or `prompts`.
    pub of: &'static str,
    /// Members that the revision does not know.
    pub omit: &'static [&'static str],
    /// Members that are schemas, which the revision knows only where they describe an object.
    pub rooted: &'static [&'static str],
    /// The key (name or URI) of the last item of the page before.
    pub after: Option<&'a str>,
    /// The request, for the context of the handlers that list.
    pub request: Value<'a>,
    /// See [`Splice`]; none in a batch.
    pub splice: Option<Splice>,
}

/// Outcome of [`List`]: `{"page":[…]}`, with `next` where there is more, or one of the others.
#[derive(Debug)]
pub enum Listed {
    /// The items, as the text of a JSON array, and the key of the last one if there are more after it.
    Page(String, Option<String>),
    /// Nothing of this kind has ever been registered: the server does not have it.
    Absent,
    /// There is no item with the key that the page was to begin after.
    Lost,
}

impl Obtain for List<'_> {
    type Outcome = Listed;
    fn json(&self) -> String {
        let mut members = Members::kind("list").text("of", self.of).raw("request", self.request.text());
        for (name, texts) in [("omit", self.omit), ("rooted", self.rooted)] {
            if !texts.is_empty() {
                members = members.texts(name, texts.iter().copied());
            }
        }
        let splice = self.splice.as_ref().map(Splice::json);
        members.maybe("after", self.after).maybe_raw("splice", splice.as_deref()).end()
    }
    fn head(&self) -> Option<&str> {
        self.splice.as_ref().map(|splice| splice.head.as_str())
    }
    fn outcome(json: Value<'_>) -> Option<Listed> {
        let listed = json.object().ok()?;
        match listed.get("page") {
            Some(page) if page.is_array() => {
                Some(Listed::Page(page.text().into(), listed.string("next").map(Into::into)))
            }
            Some(_) => None,
            None if listed.get("absent").is_some() => Some(Listed::Absent),
            None => listed.get("lost").map(|_| Listed::Lost),
        }
    }
}

/// Values that complete an argument of a prompt or a variable of a template.
#[derive(Debug)]
pub struct Complete<'a> {
    /// The prompt's name or the template.
    pub of: &'a str,
    /// True for a template.
    pub is_template: bool,
    /// The argument or variable.
    pub argument: &'a str,
    /// What has been typed so far.
    pub value: &'a str,
    /// Arguments that are decided already, a JSON object of strings.
    pub known: Option<Value<'a>>,
    /// At most so many values come back.
    pub most: usize,
}

/// Outcome of [`Complete`]: `{"values":[…],"total":…}`, or one of the others.
#[derive(Debug)]
pub enum Completed {
    /// The first values, as the text of a JSON array, and how many there are in all.
    Values(String, usize),
    /// There is no such prompt or template.
    Unknown,
    /// The server completes nothing at all.
    Absent,
    /// The user's function threw; the id under which the operator finds it.
    Threw(String),
}

impl Obtain for Complete<'_> {
    type Outcome = Completed;
    fn json(&self) -> String {
        let of = if self.is_template { "template" } else { "prompt" };
        let known = self.known.and_then(|known| known.object().ok()).map(|known| known.without_nulls().json());
        Members::kind("complete")
            .text(of, self.of)
            .text("argument", self.argument)
            .text("value", self.value)
            .number("most", self.most as u64)
            .maybe_raw("known", known.as_deref())
            .end()
    }
    fn outcome(json: Value<'_>) -> Option<Completed> {
        let completed = json.object().ok()?;
        match completed.get("values") {
            Some(values) if values.is_array() => {
                Some(Completed::Values(values.text().into(), completed.get("total")?.text().parse().ok()?))
            }
            Some(_) => None,
            None if completed.get("unknown").is_some() => Some(Completed::Unknown),
            None if completed.get("absent").is_some() => Some(Completed::Absent),
            None => completed.string("threw").map(|id| Completed::Threw(id.into())),
        }
    }
}

/// The shortcut of the hot path. Where the batch is this one effect and its outcome needs no further decision (a list; a
/// result with content and without `_meta` or `resultType`), the shim answers 200 with `head`, the outcome's JSON text
/// and `tail`, and does not step again. In every other case the flow goes on as if there were no shortcut.
#[derive(Debug)]
pub struct Splice {
    /// The answer up to where the outcome goes, on one line.
    pub head: String,
    /// The answer from there on: closing braces.
    pub tail: &'static str,
    /// True where `head` ends inside the result object, so that the outcome goes in without its opening brace.
    pub open: bool,
    /// What a result may have to take the shortcut.
    pub plain: Plain,
}

/// What needs no decision in a result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain {
    /// The kinds of content that the revision knows; none where it knows all.
    pub kinds: &'static [&'static str],
    /// Which structured content the revision knows; none where it knows all: `object` or `none`.
    pub structured: Option<&'static str>,
}

impl Splice {
    /// All but the head, which crosses as it is, behind the step (`Step`).
    pub(super) fn json(&self) -> String {
        let mut json = String::with_capacity(128);
        json.push_str(r#"{"tail":""#);
        json.push_str(self.tail);
        json.push_str(if self.open { r#"","open":true"# } else { r#"","open":false"# });
        if !self.plain.kinds.is_empty() {
            json.push_str(r#","kinds":["#);
            for (place, kind) in self.plain.kinds.iter().enumerate() {
                json.push_str(if place == 0 { "\"" } else { ",\"" });
                json.push_str(kind);
                json.push('"');
            }
            json.push(']');
        }
        if let Some(structured) = self.plain.structured {
            json.push_str(r#","structured":""#);
            json.push_str(structured);
            json.push('"');
        }
        json.push('}');
        json
    }
}
