//! The effect that runs what the user wrote: a tool, a prompt, a resource. Its interpreter is `js/server/`.

use super::effect::Obtain;
use super::registry::Splice;
use super::stencil::Stencil;
use crate::json::{Object, Value, array, object, quoted};

/// One run of a handler that the user wrote.
#[derive(Debug)]
pub struct Call<'a> {
    /// Whose handler.
    pub target: Target<'a>,
    /// The JSON-RPC id of the request, for the handler's context.
    pub request: Value<'a>,
    /// The session, which is its sender's, for the handler's context.
    pub session: Option<&'a str>,
    /// What earlier rounds brought, a JSON object; none in the first.
    pub rounds: Option<&'a str>,
    /// See [`Splice`]; none in a batch.
    pub splice: Option<Splice>,
    /// Where `request` and a tool's arguments are from, if the effect is the same for other ones.
    pub stencil: Option<Stencil>,
}

/// Whose handler runs, and on what.
#[derive(Debug)]
pub enum Target<'a> {
    /// A tool.
    Tool {
        /// Its name.
        name: &'a str,
        /// Its arguments, a JSON object; absent where the request has none.
        arguments: Option<Value<'a>>,
        /// True where a tool whose arguments headers mirror is not run yet, but answered with [`Called::Mirrored`].
        mirror: bool,
    },
    /// A prompt.
    Prompt {
        /// Its name.
        name: &'a str,
        /// Its arguments, a JSON object of strings; absent where the request has none.
        arguments: Option<Value<'a>>,
    },
    /// A resource.
    Resource {
        /// Its URI, as the request has it.
        uri: &'a str,
        /// The template that the URI matches. Without one, a resource with this very URI is meant; if there is none, the
        /// outcome is [`Called::Templates`].
        through: Option<&'a Through>,
    },
}

/// A template that a URI has been found to match.
#[derive(Debug)]
pub struct Through {
    /// The template's name.
    pub template: String,
    /// Its variables: name, and one value or several.
    pub variables: Vec<(String, Variable)>,
}

/// The value of a template's variable, as the URI has it (percent-encoded).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// One.
    One(String),
    /// Those of an exploded variable with more than one.
    Many(Vec<String>),
}

impl Variable {
    fn json(&self) -> String {
        match self {
            Self::One(value) => quoted(value),
            Self::Many(values) => array(values.iter().map(|value| quoted(value))),
        }
    }
}

/// Outcome of [`Call`]: `{"returned":{…}}`, `{"unknown":true}`, or one of the others.
#[derive(Debug)]
pub enum Called {
    /// What the handler returned, as JSON.
    Returned(String),
    /// The same of an error whose structured content does not fit the tool's output schema.
    Astray(String),
    /// Nothing of this name is registered, or it is disabled, or the handler says that there is no such resource.
    Unknown,
    /// The caller lacks scopes that are asked for.
    Forbidden {
        /// All scopes that the operation needs, separated by spaces.
        scope: String,
        /// The URL of the protected resource metadata, if there is one.
        metadata: Option<String>,
    },
    /// The arguments do not fit the schema; a text for the model.
    Invalid(String),
    /// The handler threw an error whose text is meant for the model.
    Refused(String),
    /// The handler threw something else; the id under which the operator finds it.
    Threw(String),
    /// The tool's structured result does not fit its output schema; the id under which the operator finds why.
    Unfit(String),
    /// The handler asks its client for something (2026-07-28): `mcp::mrtr` reads it.
    Asks(String),
    /// The handler threw a protocol error.
    Fault(Thrown),
    /// The tool has arguments that headers mirror, and has not been run.
    Mirrored(Mirrored),
    /// No resource has this URI as it is written; these are the server's templates, and the URIs of its resources.
    Elsewhere(Vec<Template>, Vec<String>),
}

/// A JSON-RPC error that a handler threw.
#[derive(Debug)]
pub struct Thrown {
    /// The HTTP status, where the error has one of its own.
    pub status: Option<u16>,
    /// Its code; none where it is no integer.
    pub code: Option<i64>,
    /// Its message.
    pub message: String,
    /// Its data, JSON.
    pub data: Option<String>,
}

/// Arguments that headers mirror, and the headers of the request that mirror something.
#[derive(Debug)]
pub struct Mirrored {
    /// The arguments: header name behind `Mcp-Param-`, path, type.
    pub arguments: Vec<(String, Vec<String>, String)>,
    /// The headers: name behind `mcp-param-`, in lower case, and value.
    pub headers: Vec<(String, String)>,
}

/// A resource template.
#[derive(Debug)]
pub struct Template {
    /// Its name.
    pub name: String,
    /// The template (RFC 6570).
    pub template: String,
}

impl Obtain for Call<'_> {
    type Outcome = Called;
    fn json(&self) -> String {
        let mut json = String::with_capacity(256);
        let mut member = |name: &str, text: &str| {
            for part in [if json.is_empty() { "{\"" } else { ",\"" }, name, "\":", text] {
                json.push_str(part);
            }
        };
        let (kind, key, of) = match self.target {
            Target::Tool { name, .. } => (r#""call""#, "name", name),
            Target::Prompt { name, .. } => (r#""get""#, "name", name),
            Target::Resource { uri, .. } => (r#""read""#, "uri", uri),
        };
        member("kind", kind);
        member(key, &quoted(of));
        member("request", self.request.text());
        if let Some(splice) = &self.splice {
            member("splice", &splice.json());
        }
        match self.target {
            Target::Tool { arguments, .. } => {
                if let Some(arguments) = arguments {
                    member("arguments", arguments.text());
                }
            }
            Target::Prompt { arguments, .. } => {
                if let Some(arguments) = arguments.and_then(|arguments| arguments.object().ok()) {
                    member("arguments", &arguments.without_nulls().json());
                }
            }
            Target::Resource { through: Some(Through { template, variables }), .. } => {
                let variables = variables.iter().map(|(name, value)| (name.as_str(), value.json()));
                let variables = variables.collect::<Vec<_>>();
                let variables = variables.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>();
                member("template", &quoted(template));
                member("variables", &object(&variables));
            }
            Target::Resource { through: None, .. } => {}
        }
        if let Target::Tool { mirror: true, .. } = self.target {
            member("mirror", "true");
        }
        if let Some(session) = self.session {
            member("session", &quoted(session));
        }
        if let Some(rounds) = self.rounds {
            member("rounds", rounds);
        }
        json + "}"
    }
    fn head(&self) -> Option<&str> {
        self.splice.as_ref().map(|splice| splice.head.as_str())
    }
    fn stencil(&self) -> Option<Stencil> {
        self.stencil.clone()
    }
    fn outcome(json: Value<'_>) -> Option<Called> {
        let called = json.object().ok()?;
        let (kind, value) = called.0.first()?;
        let text = || value.string().map(Into::into);
        match kind.as_ref() {
            "returned" => Some(Called::Returned(value.text().into())),
            "astray" => Some(Called::Astray(value.text().into())),
            "unknown" => Some(Called::Unknown),
            "forbidden" => {
                let forbidden = value.object().ok()?;
                let metadata = forbidden.string("metadata").map(Into::into);
                Some(Called::Forbidden { scope: forbidden.string("scope")?.into(), metadata })
            }
            "invalid" => text().map(Called::Invalid),
            "refused" => text().map(Called::Refused),
            "threw" => text().map(Called::Threw),
            "unfit" => text().map(Called::Unfit),
            "asks" => Some(Called::Asks(value.text().into())),
            "fault" => Thrown::read(&value.object().ok()?).map(Called::Fault),
            "mirrored" => Mirrored::read(&value.object().ok()?).map(Called::Mirrored),
            "templates" => {
                let templates = value.array().ok()?.into_iter().map(Template::read);
                let uris = called.get("uris").map_or_else(|| Some(Vec::new()), Value::strings)?;
                templates.collect::<Option<_>>().map(|templates| Called::Elsewhere(templates, uris))
            }
            _ => None,
        }
    }
}

impl Thrown {
    fn read(error: &Object<'_>) -> Option<Self> {
        Some(Self {
            status: match error.get("status") {
                None => None,
                Some(status) => Some(status.text().parse().ok()?),
            },
            code: error.get("code").and_then(|code| code.text().parse().ok()),
            message: error.string("message")?.into(),
            data: error.get("data").map(|data| data.text().into()),
        })
    }
}

impl Mirrored {
    fn read(mirrored: &Object<'_>) -> Option<Self> {
        let argument = |argument: Value<'_>| match argument.array().ok()?.as_slice() {
            [header, path, kind] => Some((header.string()?.into(), path.strings()?, kind.string()?.into())),
            _ => None,
        };
        let header = |header: Value<'_>| match header.array().ok()?.as_slice() {
            [name, value] => Some((name.string()?.into(), value.string()?.into())),
            _ => None,
        };
        Some(Self {
            arguments: mirrored.get("arguments")?.array().ok()?.into_iter().map(argument).collect::<Option<_>>()?,
            headers: mirrored.get("headers")?.array().ok()?.into_iter().map(header).collect::<Option<_>>()?,
        })
    }
}

impl Template {
    fn read(template: Value<'_>) -> Option<Self> {
        match template.array().ok()?.as_slice() {
            [name, template] => Some(Self { name: name.string()?.into(), template: template.string()?.into() }),
            _ => None,
        }
    }
}
