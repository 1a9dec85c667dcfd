//! The MCP endpoint, asked as the shim asks it: the head of a request as JSON, its body as text, and a server behind it
//! whose tools are scripted.

mod batch;
mod classify;
mod completion;
mod envelope;
mod handler_messages;
mod handler_result;
mod header;
mod http;
mod ids;
mod lifecycle;
mod limits;
mod list;
mod mirror;
mod prompts;
mod reach;
mod resources;
mod rounds;
mod server_request;
mod session;
mod splice;
mod sse;
mod stencil;
mod tools;
mod uri;
mod uri_template;

use mcp_wicket::flow::FlowError;
use mcp_wicket::http::Answer;
use mcp_wicket::mcp::{Request, serve};
use serde_json::{Value as Json, json};

use crate::world::{Said, World};

const MODERN: &str = "2026-07-28";
const WITH_INITIALIZE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];
const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";

fn server_info() -> Json {
    json!({"name": "test", "version": "1.0.0"})
}

/// One POST to the endpoint.
#[derive(Clone, Debug)]
struct Post {
    head: Json,
    body: String,
}

impl Post {
    fn new(body: impl ToString) -> Self {
        let head = json!({
            "method": "POST",
            "server": server_info(),
            "contentType": "application/json",
            "accept": "application/json, text/event-stream",
        });
        Self { head, body: body.to_string() }
    }

    /// A request with the id 1 of an older revision, which the header names.
    fn legacy(version: &str, method: &str, params: Json) -> Self {
        Self::new(request(method, params)).with("protocolVersion", version)
    }

    /// A request with the id 1 of 2026-07-28, with all that belongs to it.
    fn modern(method: &str, params: Json) -> Self {
        Self::of_modern_body(&modern_request(method, params))
    }

    /// A 2026-07-28 body with the headers that mirror it.
    fn of_modern_body(body: &Json) -> Self {
        let mut post = Self::new(body).with("protocolVersion", body["params"]["_meta"][VERSION].clone());
        post = post.with("mcpMethod", body["method"].clone());
        match (body["method"].as_str(), &body["params"]) {
            (Some("tools/call" | "prompts/get"), params) => post.with("mcpName", params["name"].clone()),
            (Some("resources/read"), params) => post.with("mcpName", params["uri"].clone()),
            _ => post,
        }
    }

    /// The same with another member of the head; null takes it out.
    fn with(mut self, member: &str, value: impl Into<Json>) -> Self {
        self.head[member] = value.into();
        self
    }

    fn without(self, member: &str) -> Self {
        self.with(member, Json::Null)
    }

    /// Answered by a server that has the tools of [`say`].
    fn send(&self) -> InputResponse {
        self.send_to(say)
    }

    fn send_to(&self, say: impl FnMut(&Json) -> Said) -> InputResponse {
        self.send_in(World::new(say))
    }

    /// Sent where nothing may be asked for.
    fn refused(&self) -> InputResponse {
        self.send_in(World::silent())
    }

    fn send_in(&self, world: World<'_>) -> InputResponse {
        let (answer, waits) = self.end_in(world);
        InputResponse { answer: answer.unwrap_or_else(|broken| panic!("{self:?}: {broken:?}")), waits }
    }

    fn end_in(&self, world: World<'_>) -> (Result<Answer, FlowError>, Vec<Vec<Json>>) {
        let input = crate::world::head(&self.head);
        let request = Request::read(&input).unwrap_or_else(|| panic!("cannot be read: {input}"));
        let ended = world.run(async |flow| serve(flow, &request, &self.body).await);
        assert!(ended.commits.is_empty(), "the endpoint writes nothing");
        (ended.answer, ended.waits)
    }
}

fn request(method: &str, params: Json) -> Json {
    let mut request = json!({"jsonrpc": "2.0", "id": 1, "method": method});
    if !params.is_null() {
        request["params"] = params;
    }
    request
}

fn notification(method: &str) -> Json {
    json!({"jsonrpc": "2.0", "method": method})
}

fn modern_request(method: &str, mut params: Json) -> Json {
    if params.is_null() {
        params = json!({});
    }
    params["_meta"][VERSION] = MODERN.into();
    params["_meta"][CAPABILITIES] = json!({});
    request(method, params)
}

/// What came back, and what was asked for before it did.
#[derive(Debug)]
struct InputResponse {
    answer: Answer,
    waits: Vec<Vec<Json>>,
}

impl InputResponse {
    fn status(&self) -> u16 {
        self.answer.status
    }

    fn text(&self) -> &str {
        self.answer.body.as_deref().unwrap_or_else(|| panic!("there is no body: {self:?}"))
    }

    fn json(&self) -> Json {
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// The result of a request with the id 1.
    fn result(&self) -> Json {
        let json = self.json();
        assert_eq!((self.status(), &json["jsonrpc"], &json["id"]), (200, &json!("2.0"), &json!(1)), "{json}");
        assert!(json.get("error").is_none(), "{json}");
        json["result"].clone()
    }

    /// Status and code of an error.
    fn fault(&self) -> (u16, i64) {
        let json = self.json();
        assert_eq!(json["jsonrpc"], "2.0");
        assert!(json.get("result").is_none(), "{json}");
        assert!(json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        (self.status(), json["error"]["code"].as_i64().unwrap_or_else(|| panic!("there is no code: {json}")))
    }

    fn message(&self) -> String {
        self.json()["error"]["message"].as_str().unwrap().to_owned()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.answer.headers.iter().filter(|(other, _)| *other == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} is there twice");
        value
    }

    /// The one effect that was asked for.
    fn effect(&self) -> &Json {
        match &self.waits[..] {
            [wait] if wait.len() == 1 => &wait[0],
            _ => panic!("not one effect in one wait: {self:?}"),
        }
    }

    /// Taken in, and nothing said.
    fn is_accepted(&self) -> bool {
        self.answer == Answer::empty(202) && self.waits.is_empty()
    }
}

/// The server behind the endpoint: `echo` returns its arguments as text, each other name is unknown.
fn say(effect: &Json) -> Said {
    Said::Ok(match (effect["kind"].as_str().unwrap(), effect["name"].as_str()) {
        ("describe", _) => r#"{"registered":["tools"],"instructions":"Ask."}"#.into(),
        ("list", _) => r#"{"all":[{"name":"echo","inputSchema":{"type":"object"}}]}"#.into(),
        ("call", Some("echo")) => json!({"returned": text_result(&effect["arguments"].to_string())}).to_string(),
        ("call" | "get" | "read", _) => r#""unknown""#.into(),
        (kind, _) => panic!("nothing answers {kind}"),
    })
}

fn text_result(text: &str) -> Json {
    json!({"content": [{"type": "text", "text": text}]})
}
