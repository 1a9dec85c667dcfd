//! The effects that the operator's own code performs: `context` and the function form of `allow`.

use crate::auth::answer::Answer;
use crate::flow::Obtain;
use crate::json::{Value, object, quoted};

/// Runs the operator's `context`: what tools find as `this.props`.
#[derive(Debug)]
pub struct Context<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// A fresh access token of the upstream.
    pub access_token: &'a str,
    /// What is known of the person, a JSON object.
    pub profile: &'a str,
}

impl Obtain for Context<'_> {
    /// The text of a JSON object.
    type Outcome = String;
    fn json(&self) -> String {
        object(&[
            ("kind", r#""context""#),
            ("handler", &quoted(self.handler)),
            ("accessToken", &quoted(self.access_token)),
            ("profile", self.profile),
        ])
    }
    fn outcome(json: Value<'_>) -> Option<String> {
        json.is_object().then(|| json.text().into())
    }
}

/// Asks the operator's function whether the person may sign in.
#[derive(Debug)]
pub struct AskAllow<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// What is known of the person, a JSON object.
    pub profile: &'a str,
}

/// Outcome of [`AskAllow`]: `false`, `true`, or `{"scopes":["…"]}`.
#[derive(Debug, PartialEq, Eq)]
pub enum Allowed {
    /// The person may not.
    No,
    /// The person may, with all that is asked for.
    Yes,
    /// The person may, with these scopes at most.
    Scopes(Vec<String>),
}

impl Obtain for AskAllow<'_> {
    /// The answer, or what is wrong with it.
    type Outcome = Result<Allowed, String>;
    fn json(&self) -> String {
        object(&[("kind", r#""allow""#), ("handler", &quoted(self.handler)), ("profile", self.profile)])
    }
    fn outcome(json: Value<'_>) -> Option<Self::Outcome> {
        Some(match json.text() {
            "true" => Ok(Allowed::Yes),
            "false" | "null" => Ok(Allowed::No),
            _ => Answer::read("allow", json, &["scopes"])
                .and_then(|answer| answer.scopes("scopes"))
                .map(|scopes| Allowed::Scopes(scopes.unwrap_or_default())),
        })
    }
}
