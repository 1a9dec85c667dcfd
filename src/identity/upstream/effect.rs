//! The effects that run the operator's functions: `context`, and `allow` as a function.

use crate::callback_result::CallbackResult;
use crate::flow::Obtain;
use crate::json::{Json, ObjectText, Value};
use serde::Serialize;

/// Runs the operator's `context`, whose result becomes `this.props`.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "context", rename_all = "camelCase")]
pub struct CallContext<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// A fresh access token of the upstream.
    pub access_token: &'a str,
    /// What is known about the person, an object.
    pub profile: Value<'a>,
}

impl Obtain for CallContext<'_> {
    /// The props, an object.
    type Outcome = ObjectText;
}

/// Asks the operator's function whether the person may sign in.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "allow")]
pub struct CallAllow<'a> {
    /// The handler's name.
    pub handler: &'a str,
    /// What is known about the person, an object.
    pub profile: Value<'a>,
}

impl Obtain for CallAllow<'_> {
    /// What [`AllowResult::read`] reads.
    type Outcome = Json;
}

/// Outcome of [`CallAllow`]: `false`, `true`, or `{"scopes":["…"]}`.
#[derive(Debug, PartialEq, Eq)]
pub enum AllowResult {
    /// The person may not.
    No,
    /// The person may, with all requested scopes.
    Yes,
    /// The person may, with these scopes at most.
    Scopes(Vec<String>),
}

impl AllowResult {
    /// Reads the function's result; the error says what is wrong with it.
    pub fn read(answer: Value<'_>) -> Result<Self, String> {
        Ok(match answer.text() {
            "true" => Self::Yes,
            "false" | "null" => Self::No,
            _ => {
                let answer = CallbackResult::read("allow", answer, &["scopes"])?;
                Self::Scopes(answer.scopes("scopes")?.unwrap_or_default())
            }
        })
    }
}
