//! Protected resource metadata (RFC 9728): where a client learns who issues tokens for this server.

use std::borrow::Cow;

use crate::http::Answer;
use crate::json::{Object, Value, array, object, quoted};
use crate::jsonrpc::{Code, Fault};

/// A request for the metadata of one resource, as the shim hands it over.
#[derive(Debug)]
pub struct Request<'a> {
    /// HTTP method.
    pub method: Cow<'a, str>,
    /// The resource's identifier: the URL of the endpoint.
    pub resource: Cow<'a, str>,
    /// True if this is no request for the metadata, but for what only a server with a sign-in has.
    pub absent: bool,
    /// The header that its tokens come in, where that is known.
    pub header: Option<Cow<'a, str>>,
    /// The issuers of its tokens: URLs of authorization servers.
    pub issuers: Vec<Value<'a>>,
    /// The scopes that a client may ask for.
    pub scopes: Vec<Value<'a>>,
    /// What people call it.
    pub name: Option<Cow<'a, str>>,
    /// The URL of a page for developers.
    pub documentation: Option<Cow<'a, str>>,
}

impl<'a> Request<'a> {
    /// Reads what the shim hands over.
    #[must_use]
    pub fn read(input: &'a str) -> Option<Self> {
        let input = Object::read(input).ok()?;
        let strings = |name| {
            let elements = input.get(name)?.array().ok()?;
            elements.iter().all(|element| element.string().is_some()).then_some(elements)
        };
        Some(Self {
            method: input.string("method")?,
            resource: input.string("resource")?,
            absent: input.get("absent").is_some_and(Value::is_true),
            header: input.string("header"),
            issuers: strings("issuers")?,
            scopes: strings("scopes")?,
            name: input.string("name"),
            documentation: input.string("documentation"),
        })
    }

    /// The document (§2). Lists that are empty are left out (§3.2).
    #[must_use]
    pub fn document(&self) -> String {
        let resource = quoted(&self.resource);
        let texts = |values: &[Value<'_>]| array(values.iter().map(|value| value.text()));
        let (issuers, scopes) = (texts(&self.issuers), texts(&self.scopes));
        let (name, documentation) = (self.name.as_deref().map(quoted), self.documentation.as_deref().map(quoted));
        let mut members = vec![("resource", resource.as_str())];
        if !self.issuers.is_empty() {
            members.push(("authorization_servers", &issuers));
        }
        if !self.scopes.is_empty() {
            members.push(("scopes_supported", &scopes));
        }
        members.push(("bearer_methods_supported", r#"["header"]"#));
        members.extend(name.as_deref().map(|name| ("resource_name", name)));
        members.extend(documentation.as_deref().map(|page| ("resource_documentation", page)));
        object(&members)
    }

    /// What a client reads that looks for a sign-in (RFC 7591 §3, RFC 8414 §3) where there is none. Clients show the
    /// description to people as it is.
    fn no_sign_in(&self) -> Answer {
        let issuer = self.issuers.first().and_then(|issuer| issuer.string());
        let header = match self.header.as_deref() {
            Some("authorization") => "`Authorization: Bearer …`",
            Some(header) => &["`", header, "`"].concat(),
            None => "that its operator names",
        };
        let description = if let Some(issuer) = issuer {
            let advice = " with every request.";
            let needs = "This server has no sign-in of its own. It needs an access token of ";
            [needs, &issuer, " in the header ", header, advice].concat()
        } else {
            let advice = " with every request: add it to the server's entry in your client's configuration.";
            ["This server has no sign-in. It needs a token in the header ", header, advice].concat()
        };
        let body = [("error", quoted("not_found")), ("error_description", quoted(&description))];
        let body = body.each_ref().map(|(name, value)| (*name, value.as_str()));
        Answer::json(404, object(&body)).with("cache-control", "no-store")
    }
}

/// Answers it, to any page: nothing in it is secret, and clients in browsers need it. Waits: none.
#[must_use]
pub fn answer(request: &Request<'_>) -> Answer {
    const METHODS: &str = "GET, HEAD, OPTIONS";
    let methods = if request.absent { "GET, HEAD, POST, OPTIONS" } else { METHODS };
    let answer = match request.method.as_ref() {
        method if request.absent && method != "OPTIONS" => request.no_sign_in(),
        "GET" => Answer::json(200, request.document()).with("cache-control", "public, max-age=300"),
        "HEAD" => Answer::empty(200).with("content-type", "application/json"),
        "OPTIONS" => Answer::empty(204)
            .with("access-control-allow-methods", methods)
            .with("access-control-allow-headers", "authorization, content-type, mcp-protocol-version")
            .with("access-control-max-age", "86400"),
        _ => {
            Fault::new(405, Code::InvalidRequest, "The metadata is read with GET.").answer(None).with("allow", METHODS)
        }
    };
    answer.with("access-control-allow-origin", "*")
}
