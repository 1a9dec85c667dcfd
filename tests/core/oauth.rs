//! The authorization server's flows in a scripted world: what each asks for, and that nothing happens when an effect fails
//! or lies.

mod another;
mod asked;
mod connected;
mod credential_revocation;
mod directory;
mod documents;
mod exchange;
mod external_tokens;
mod guard;
mod kept;
mod ledger;
mod legacy;
mod limits;
mod machine;
mod once;
mod operator;
mod operator_route;
mod outbox;
mod pages;
mod pkce;
mod remembered;
mod renewing;
mod rule;
mod rules;
mod setup;
mod sign_in;
mod signing;
mod still_known;
mod table;
mod told;

use mcp_wicket::crypto::{Keys, encode, sha256};
use mcp_wicket::flow::{Commit, Flow};
use mcp_wicket::identity::{Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep};
use mcp_wicket::oauth::{AuthorizationServer, Reply, Request, ServerConfig, object, serve};
use serde_json::{Value as Json, json};

use crate::world::{Ended, NOW, Said, World};

pub(crate) const SECRET: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
pub(crate) const SITE: &str = "https://mcp.example.com";
pub(crate) const REDIRECT: &str = "https://client.example/cb";
pub(crate) const VERIFIER: &str = "a-code-verifier-of-at-least-forty-three-characters";

/// Everybody is Ann.
#[derive(Debug)]
pub(crate) struct Ann;

impl Identity for Ann {
    fn name(&self) -> &'static str {
        "test"
    }
    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: "Test".into(), host: "upstream.example".into(), scopes: Vec::new() }
    }
    async fn begin(&self, _flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        Ok(SignInStep::Go {
            url: format!("https://upstream.example/?state={}", begin.state),
            kept: r#"{"nonce":"n"}"#.into(),
        })
    }
    async fn continue_sign_in(&self, _flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        if back.kept != r#"{"nonce":"n"}"# || back.query.get("code") != Some("upstream") {
            return Err(SignInError::refused("no code"));
        }
        let (label, props) = ("ann".into(), r#"{"login":"ann"}"#.into());
        Ok(SignInStep::Done(Person { id: "1".into(), label, props, scopes: None, credential: None }))
    }
}

thread_local! {
    /// The secrets of the server that this test runs.
    static SECRETS: std::cell::RefCell<String> = std::cell::RefCell::new(SECRET.into());
}

/// From now on the server has these secrets.
pub(crate) fn rotate(secrets: &str) {
    SECRETS.with_borrow_mut(|current| secrets.clone_into(current));
}

pub(crate) fn keys() -> Keys {
    SECRETS.with_borrow(|secrets| Keys::parse(secrets).unwrap())
}

pub(crate) fn server(more: Json) -> ServerConfig {
    let mut options = json!({"resources": ["/mcp", "/sse"], "scopes": ["read", "write"]});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ServerConfig::read(&options.to_string()).unwrap()
}

/// Sends a request to the authorization server in `world`.
pub(crate) fn send(world: World<'_>, server: &ServerConfig, request: &Json, body: &str) -> Ended<Reply> {
    let (keys, input) = (keys(), request.to_string());
    let server = AuthorizationServer { config: server, keys: &keys, identity: &Ann, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    world.run(async |flow| serve(flow, &server, &request, body).await)
}

/// The head of a request to `endpoint`.
pub(crate) fn head(endpoint: &str, method: &str, more: Json) -> Json {
    let mut head = json!({"endpoint": endpoint, "method": method, "origin": SITE, "path": format!("/{endpoint}"),
                          "contentType": "application/x-www-form-urlencoded"});
    head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    head
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    mcp_wicket::http::form::write(pairs)
}

pub(crate) fn challenge() -> String {
    encode(&sha256(VERIFIER.as_bytes()))
}

/// Objects as `js/objects/rows.ts` keeps them: rows, and how often they were written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Objects(
    pub(crate) std::collections::BTreeMap<String, (u64, std::collections::BTreeMap<String, String>)>,
);

impl Objects {
    /// Answers the effect "ask" at `now`, by the same Rust as in workerd.
    pub(crate) fn ask(&mut self, effect: &Json, now: u64, entropy: [u8; 32]) -> Said {
        if effect["kind"] == "tally" {
            return Said::Ok(json!(vec![1; effect["limits"].as_array().unwrap().len()]).to_string());
        }
        let name = effect["object"].as_str().unwrap().to_owned();
        if name == "revocations" {
            return Said::Ok("true".into());
        }
        let input = json!({"object": name, "call": effect["call"], "input": effect["input"]}).to_string();
        let (version, rows) = self.0.entry(name).or_default();
        let keys = keys();
        let read = rows.clone();
        let world = World::new(|effect| {
            assert_eq!(effect["kind"], "rows", "inside an object there is nothing else");
            let wanted = |key: &str| {
                let names = |list: &Json| {
                    list.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect::<Vec<_>>()
                };
                names(&effect["keys"]).iter().any(|it| it == key)
                    || names(&effect["prefixes"]).iter().any(|prefix| key.starts_with(prefix))
            };
            let rows = read.iter().filter(|(key, _)| wanted(key)).collect::<Vec<_>>();
            Said::Ok(json!({"version": *version, "rows": rows}).to_string())
        });
        let world = world.at(now).with_entropy(entropy);
        let ended = world.run(async |flow| object::serve(flow, &keys, &input).await);
        assert!(ended.waits.len() <= 1, "an object waits for its rows, once");
        for commit in ended.commits {
            let Commit::Rows(writes) = commit else { panic!("{commit:?} in an object") };
            assert!(writes.guard.is_none_or(|guard| guard == *version));
            *version += u64::from(writes.guard.is_some());
            for (key, _) in writes.bump {
                let count = rows.get(&key).map_or(0, |count| count.parse::<u64>().unwrap());
                rows.insert(key, (count + 1).to_string());
            }
            rows.extend(writes.put.into_iter().map(|(key, body, _)| (key, body)));
            for key in writes.remove {
                rows.remove(&key);
            }
        }
        Said::Ok(ended.answer.unwrap().to_string())
    }
}

pub(crate) fn json_of(reply: &Reply) -> Json {
    serde_json::to_value(reply).unwrap()
}

/// A value in a `Set-Cookie` of the reply, by the beginning of its name.
pub(crate) fn cookie(reply: &Json, start: &str) -> String {
    let headers = reply["page"]["headers"].as_array().unwrap();
    let set = headers.iter().filter(|header| header[0] == "set-cookie").map(|header| header[1].as_str().unwrap());
    let mut pairs = set.filter(|cookie| cookie.starts_with(start) && !cookie.contains("Max-Age=0"));
    pairs.next().unwrap().split(';').next().unwrap().to_owned()
}

/// A registered client, and everything that objects keep of it.
pub(crate) fn registered(objects: &mut Objects) -> String {
    registered_as(objects, REDIRECT)
}

/// The same with another redirect URI, which makes it another client.
pub(crate) fn registered_as(objects: &mut Objects, redirect: &str) -> String {
    let body = json!({"redirect_uris": [redirect], "token_endpoint_auth_method": "none", "client_name": "Test"});
    let request = head("register", "POST", json!({"contentType": "application/json"}));
    let world = World::new(|effect| objects.ask(effect, NOW, [1; 32]));
    let reply = json_of(&send(world, &server(json!({})), &request, &body.to_string()).answer.unwrap());
    let body: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
    body["client_id"].as_str().unwrap().to_owned()
}

pub(crate) fn authorize_query(client: &str) -> String {
    form(&[
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("state", "xyz"),
        ("code_challenge", &challenge()),
        ("code_challenge_method", "S256"),
    ])
}
