//! Protected resource metadata (RFC 9728): tells clients which authorization servers issue tokens for this server.

use serde::{Deserialize, Serialize};

use crate::http::Answer;
use crate::json::write;
use crate::jsonrpc::{Code, Fault};

/// A request for the metadata of one resource, as JavaScript passes it.
#[derive(Debug, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct MetadataInput {
    /// HTTP method.
    pub method: String,
    /// The resource's identifier: the URL of the endpoint.
    pub resource: String,
    /// True if the request is not for the metadata, but for something that only a server with a sign-in has.
    #[serde(default)]
    #[cfg_attr(feature = "ts", ts(as = "Option<bool>"))]
    pub absent: bool,
    /// The header of its tokens, if known.
    pub header: Option<String>,
    /// The issuers of its tokens: URLs of authorization servers.
    #[cfg_attr(feature = "ts", ts(type = "readonly string[]"))]
    pub issuers: Vec<String>,
    /// The scopes that a client may request.
    #[cfg_attr(feature = "ts", ts(type = "readonly string[]"))]
    pub scopes: Vec<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// The URL of a page for developers.
    pub documentation: Option<String>,
}

/// The document (§2). Empty lists are omitted (§3.2).
#[derive(Serialize)]
struct Document<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    authorization_servers: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes_supported: &'a [String],
    bearer_methods_supported: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<&'a str>,
}

impl MetadataInput {
    fn document(&self) -> Document<'_> {
        Document {
            resource: &self.resource,
            authorization_servers: &self.issuers,
            scopes_supported: &self.scopes,
            bearer_methods_supported: ["header"],
            resource_name: self.name.as_deref(),
            resource_documentation: self.documentation.as_deref(),
        }
    }

    /// The response to a client that looks for a sign-in (RFC 7591 §3, RFC 8414 §3) where there is none. Clients show
    /// the description to people unchanged.
    fn no_sign_in(&self) -> Answer {
        let header = match self.header.as_deref() {
            Some("authorization") => "`Authorization: Bearer …`",
            Some(header) => &["`", header, "`"].concat(),
            None => "that the operator names",
        };
        let description = if let Some(issuer) = self.issuers.first() {
            let advice = " with every request.";
            let needs = "This server has no sign-in of its own. It requires an access token from ";
            [needs, issuer, " in the header ", header, advice].concat()
        } else {
            let advice = " with every request: add it to the server's entry in your client's configuration.";
            ["This server has no sign-in. It requires a token in the header ", header, advice].concat()
        };
        Answer::error(404, "not_found", &description).with("cache-control", "no-store")
    }
}

/// Answers the request, for any page: nothing in it is secret, and clients in browsers need it. Waits: none.
#[must_use]
pub fn answer(request: &MetadataInput) -> Answer {
    const METHODS: &str = "GET, HEAD, OPTIONS";
    let methods = if request.absent { "GET, HEAD, POST, OPTIONS" } else { METHODS };
    let answer = match request.method.as_str() {
        method if request.absent && method != "OPTIONS" => request.no_sign_in(),
        "GET" => Answer::json(200, write(&request.document())).with("cache-control", "public, max-age=300"),
        "HEAD" => Answer::empty(200).with("content-type", "application/json"),
        "OPTIONS" => Answer::empty(204)
            .with("access-control-allow-methods", methods)
            .with("access-control-allow-headers", "authorization, content-type, mcp-protocol-version")
            .with("access-control-max-age", "86400"),
        _ => Fault::new(405, Code::InvalidRequest, "Use GET to read the metadata.").answer(None).with("allow", METHODS),
    };
    answer.with("access-control-allow-origin", "*")
}
