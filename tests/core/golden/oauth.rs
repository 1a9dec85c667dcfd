//! What crosses between JavaScript and the authorization server; the types are in `js/boundary/twins.ts`.

use mcp_wicket::flow::{NewKey, Sign, SigningKeySet};
use mcp_wicket::guard::access::{AccessInput, AccessVerification, TokenGrant, UpstreamInput, upstream};
use mcp_wicket::guard::bearer::{Caller, Refusal, TokenInfo, Verification};
use mcp_wicket::guard::external_tokens::{ExternalInput, admit};
use mcp_wicket::jose::algorithm::Algorithm;
use mcp_wicket::json::{Json, read, write};
use mcp_wicket::oauth::object::credential_revocation::{DueRevocations, revoke_upstream};
use mcp_wicket::oauth::{AuthorizationServer, Endpoint, Request, ServerConfig};
use serde_json::json;

use super::golden;
use super::read::outcome;
use crate::oauth::{SITE, head, json_of, keys, send, server};
use crate::proxy::handler;
use crate::world::{Said, World};

pub(super) const NAMES: &[&str] = &[
    "effect-ring",
    "effect-new-key",
    "effect-sign",
    "outcome-ring",
    "outcome-new-key",
    "outcome-sign",
    "server-config",
    "server-config-least",
    "oauth-input",
    "oauth-input-least",
    "reply-answer",
    "reply-page",
    "access-input",
    "verified-caller",
    "verified-refused",
    "wanted",
    "upstream-token",
    "upstream-token-busy",
    "upstream-token-none",
    "due",
    "settled",
    "undelivered",
    "external-input",
    "admitted-caller",
    "admitted-refused",
];

#[test]
fn effects_on_signing_keys() {
    assert_eq!(write(&SigningKeySet { since: 1_790_000_000_000 }), golden("effect-ring"));
    let (import, algorithm) = (Algorithm::Es256.import(), Algorithm::Es256.verify());
    assert_eq!(write(&NewKey { algorithm: import }), golden("effect-new-key"));
    let key = Json::from_text(golden("outcome-new-key"));
    let sign = Sign { key: key.value(), import, algorithm, text: "é.\"1" };
    assert_eq!(write(&sign), golden("effect-sign"));
    assert_eq!(outcome::<SigningKeySet>("outcome-ring").0, golden("outcome-ring"));
    assert_eq!(outcome::<NewKey>("outcome-new-key").0, key);
    assert_eq!(outcome::<Sign<'_>>("outcome-sign"), "c2lnbmF0dXJl");
}

#[test]
fn the_set_up() {
    use Endpoint::{Authorize, Callback, Introspect, Keys, Register, Revoke, Token};
    let server = ServerConfig::read(&golden("server-config")).unwrap();
    let all = [Authorize, Token, Register, Revoke, Introspect, Keys, Callback];
    assert_eq!(all.map(|endpoint| server.path(endpoint)), ["/a", "/t", "/r", "/v", "/i", "/k", "/c"]);
    assert_eq!(server.name.as_deref(), Some("Notes"));
    assert_eq!((server.issuer.as_deref(), server.resources.len()), (Some(SITE), 2));
    assert_eq!(
        (server.aliases.as_slice(), server.schemes.as_slice()),
        ([SITE.to_owned()].as_slice(), ["zed".to_owned()].as_slice())
    );
    assert_eq!((server.scopes.len(), server.text("read")), (2, "Read your notes"));
    assert_eq!(
        (server.jwt, server.raw_subject, server.registration, server.documents, server.kv),
        (true, true, false, true, true)
    );
    assert_eq!(server.resource_servers[0].0, "files");
    let lifetimes = server.lifetimes;
    assert_eq!(lifetimes.code, 120);
    assert_eq!((lifetimes.access, lifetimes.idle, lifetimes.grant, lifetimes.replay), (600, 7200, 86400, 10));
    let limits = server.limits;
    assert_eq!((limits.authorize, limits.token, limits.register, limits.callback, limits.documents), (1, 2, 3, 4, 5));
    assert_eq!(limits.introspect, 6);
    let least = ServerConfig::read(&golden("server-config-least")).unwrap();
    assert_eq!((least.path(Keys), least.jwt, least.registration), ("/jwks", false, true));
}

#[test]
fn the_head_of_a_request() {
    let text = golden("oauth-input");
    let request = Request::read(&text).unwrap();
    assert_eq!((request.endpoint, request.method.as_ref(), request.unread), (Endpoint::Token, "POST", true));
    assert_eq!((request.origin.as_ref(), request.path.as_ref(), request.query.as_ref()), (SITE, "/token", "a=1"));
    let headers = [
        &request.content_type,
        &request.authorization,
        &request.cookie,
        &request.origin_header,
        &request.sec_fetch_site,
    ];
    let expected = ["application/x-www-form-urlencoded", "Basic eDp5", "a=b", "https://app.example.com", "same-origin"];
    assert_eq!(headers.map(|it| it.as_deref().unwrap()), expected);
    let more = [&request.peer, &request.ray, &request.requested_headers];
    assert_eq!(more.map(|it| it.as_deref().unwrap()), ["2001:db8::1", "9a1b2c-FRA", "x-a"]);
    let text = golden("oauth-input-least");
    let least = Request::read(&text).unwrap();
    assert_eq!((least.endpoint, least.unread, least.cookie), (Endpoint::Metadata, false, None));
}

#[test]
fn what_a_further_verifier_has_found() {
    let text = golden("external-input");
    let admitted = |text: &str| {
        let (server, external) = (server(json!({})), read::<ExternalInput>(text).unwrap());
        write(&World::silent().run(async |flow| admit(flow, &server, &external)).answer.unwrap())
    };
    assert_eq!(admitted(&text), golden("admitted-caller"));
    let elsewhere = text.replace(&[SITE, "/mcp"].concat(), "https://other.example/mcp");
    assert_eq!(admitted(&elsewhere), golden("admitted-refused"));
}

#[test]
fn replies() {
    let answered = send(World::silent(), &server(json!({})), &head("revoke", "GET", json!({})), "");
    assert_eq!(write(answered.answer.as_ref().unwrap()), golden("reply-answer"));
    let page = send(World::silent(), &server(json!({})), &head("authorize", "GET", json!({})), "");
    assert_eq!(write(page.answer.as_ref().unwrap()), golden("reply-page"));
    assert_eq!(json_of(&page.answer.unwrap())["page"]["model"]["kind"], "error");
}

#[test]
fn what_the_guard_reads_and_finds() {
    let text = golden("access-input");
    let head = read::<AccessInput>(&text).unwrap();
    assert_eq!((head.origin.as_str(), head.authorization.as_deref(), head.strict), (SITE, Some("Bearer x"), true));
    let caller = Caller {
        principal: "user:app:1".into(),
        scopes: vec!["read".into()],
        props: Json::from_text(r#"{"login":"é"}"#.into()),
        about: Box::new(TokenInfo {
            client: Some("c_1".into()),
            expires: Some(1_790_000_900),
            resource: Some("https://mcp.example.com/mcp".into()),
        }),
        until: 1_790_000_300_000,
        note: None,
    };
    let grant = TokenGrant {
        grant: "g\"1".into(),
        object: "subject:AA".into(),
        began: 1_790_000_000_000,
        rules: vec!["all:A".into(), "client:B".into()],
    };
    let verified = AccessVerification { found: Verification::Caller(caller), grant: Some(grant) };
    assert_eq!(write(&verified), golden("verified-caller"));
    let found = Verification::refused(Refusal::Token, "expired");
    let refused = AccessVerification { found, grant: None };
    assert_eq!(write(&refused), golden("verified-refused"));
}

#[test]
fn what_goes_back_to_its_provider() {
    let (text, server, keys) = (golden("due"), server(json!({})), keys());
    let github = handler(json!({"kind": "github"}));
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &github, issuer: SITE.into() };
    let due: DueRevocations = read(&text).unwrap();
    let world = World::new(|effect| {
        assert_eq!(effect["method"], "DELETE");
        Said::Ok(json!({"status": 204, "body": ""}).to_string())
    });
    let settled = world.run(async |flow| revoke_upstream(flow, &server, &due, None).await).answer.unwrap();
    assert_eq!(write(&settled), golden("settled"));
    assert_eq!(write(&due), golden("due"));
}

#[test]
fn an_upstream_token_for_a_tool() {
    let (text, server, keys) = (golden("wanted"), server(json!({})), keys());
    let wanted = read::<UpstreamInput>(&text).unwrap();
    let github = handler(json!({"kind": "github"}));
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &github, issuer: SITE.into() };
    let come = |kept: serde_json::Value| {
        let world = World::new(|effect| {
            assert_eq!((effect["object"].as_str(), effect["call"].as_str()), (Some("subject:AA"), Some("credential")));
            assert_eq!(effect["input"], json!({"grant": "g\"1", "lease": true}));
            Said::Ok(kept.to_string())
        });
        write(&world.run(async |flow| upstream(flow, &server, &wanted).await).answer.unwrap())
    };
    let credential = json!({"access": "gho_\"1", "scopes": []}).to_string();
    let kept = json!({"answer": {"credential": {"credential": credential}}, "ended": []});
    assert_eq!(come(kept), golden("upstream-token"));
    assert_eq!(come(json!({"answer": {"busy": 100}, "ended": []})), golden("upstream-token-busy"));
    assert_eq!(come(json!({"answer": "none", "ended": []})), golden("upstream-token-none"));
}
