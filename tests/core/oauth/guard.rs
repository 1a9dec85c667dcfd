//! The guard of our own access tokens, sealed and signed, and the documents that name the endpoints.

use mcp_wicket::crypto::{decode, encode};
use mcp_wicket::guard::access::{AccessInput, AccessVerification, verify};
use mcp_wicket::guard::bearer::{Refusal, Rejection, Verification};
use mcp_wicket::json::{read, write};
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{Objects, SITE, head, json_of, keys, send, server};
use crate::world::{NOW, Said, World};

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;
/// RFC 7517 appendix A.1's coordinates, and a private half that only the host's own signer would need.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

/// A keyring with one key, which signs everything with the same 64 bytes.
struct Ring {
    kept: Json,
}

impl Ring {
    fn new() -> Self {
        let private = json!({"kty": "EC", "crv": "P-256", "x": X, "y": Y, "d": "AA"});
        let binding = mcp_wicket::crypto::SealContext {
            purpose: mcp_wicket::crypto::Purpose::Keyring,
            issuer: "",
            audience: "k",
        };
        let context = mcp_wicket::flow::Context::new(NOW, [3; 32]);
        let sealed = keys().seal_text(&context, &binding, private.to_string().as_bytes());
        Self { kept: json!({"salt": "s", "keys": [{"kid": "k", "x": X, "y": Y, "sealed": sealed, "created": NOW}]}) }
    }

    fn say(&self, objects: &mut Objects, effect: &Json, now: u64) -> Said {
        match effect["kind"].as_str().unwrap() {
            "ring" => Said::Ok(self.kept.to_string()),
            "sign" => Said::Ok(json!(encode(&[9; 64])).to_string()),
            "verify" => Said::Ok((effect["signature"] == encode(&[9; 64])).to_string()),
            _ => match effect["call"].as_str() {
                Some("salt") => Said::Ok(json!("s").to_string()),
                _ => objects.ask(effect, now, [51; 32]),
            },
        }
    }
}

/// An object signs inside of itself, so its flow asks for more than rows.
fn signed_tokens(way: &mut Way, ring: &Ring, options: &Json) -> Json {
    let code = way.code();
    let (options, keys) = (server(options.clone()), keys());
    let body = redeeming(&way.client, &code);
    let objects = &mut way.objects;
    let world = World::new(|effect| {
        if effect["kind"] != "ask" || effect["call"] != "redeem" {
            return ring.say(objects, effect, NOW);
        }
        let (_, rows) = objects.0.get(effect["object"].as_str().unwrap()).unwrap();
        let input = json!({"object": effect["object"], "call": effect["call"], "input": effect["input"]}).to_string();
        let inside = World::new(|inner| match inner["kind"].as_str().unwrap() {
            "rows" => Said::Ok(json!({"version": 1, "rows": rows.iter().collect::<Vec<_>>()}).to_string()),
            _ => ring.say(&mut Objects::default(), inner, NOW),
        });
        let ended =
            inside.with_entropy([52; 32]).run(async |flow| mcp_wicket::oauth::object::serve(flow, &keys, &input).await);
        Said::Ok(ended.answer.unwrap().to_string())
    });
    let reply = json_of(
        &send(world.with_entropy([53; 32]), &options, &head("token", "POST", json!({})), &body).answer.unwrap(),
    );
    assert_eq!(reply["answer"]["status"], 200, "{reply}");
    serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap()
}

fn verified(way: &mut Way, ring: &Ring, options: &Json, token: &str, strict: bool, now: u64) -> AccessVerification {
    let input = json!({"origin": SITE, "authorization": format!("Bearer {token}"), "strict": strict}).to_string();
    let (server, keys, head) = (server(options.clone()), keys(), read::<AccessInput>(&input).unwrap());
    let objects = &mut way.objects;
    let world = World::new(|effect| ring.say(objects, effect, now)).at(now).with_entropy([54; 32]);
    world.run(async |flow| verify(flow, &server, Some(&keys), &head).await).answer.unwrap()
}

fn part(token: &str, at: usize) -> Json {
    serde_json::from_slice(&decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_signed_token_has_the_claims_of_rfc_9068_and_no_name_that_is_known_elsewhere() {
    let (mut way, ring) = (Way::new(), Ring::new());
    let tokens = signed_tokens(&mut way, &ring, &json!({"jwt": true}));
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(part(token, 0), json!({"typ": "at+jwt", "alg": "ES256", "kid": "k"}));
    let claims = part(token, 1);
    for (name, value) in [
        ("iss", json!(SITE)),
        ("aud", json!(format!("{SITE}/mcp"))),
        ("client_id", json!(way.client)),
        ("scope", json!("read write")),
        ("iat", json!(NOW / 1000)),
        ("exp", json!(NOW / 1000 + 900)),
    ] {
        assert_eq!(claims[name], value, "{name}");
    }
    let subject = claims["sub"].as_str().unwrap();
    assert!(subject.len() == 43 && !subject.contains("test:1"), "{subject}");
    assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
    let raw = signed_tokens(&mut Way::new(), &ring, &json!({"jwt": true, "rawSubject": true}));
    assert_eq!(part(raw["access_token"].as_str().unwrap(), 1)["sub"], "user:test:1");
}

#[test]
fn a_signed_token_counts_with_our_signature_and_what_is_sealed_inside() {
    let (mut way, ring, options) = (Way::new(), Ring::new(), json!({"jwt": true}));
    let tokens = signed_tokens(&mut way, &ring, &options);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let good = verified(&mut way, &ring, &options, &token, false, NOW);
    let Verification::Caller(caller) = &good.found else { panic!("{good:?}") };
    assert_eq!((caller.principal.as_str(), &*caller.props), ("user:test:1", r#"{"login":"ann"}"#));
    assert_eq!(good.grant.as_ref().unwrap().began, NOW);
    let parts = token.split('.').collect::<Vec<_>>();
    let with_header = |more: Json| {
        let mut header = part(&token, 0);
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        [encode(header.to_string().as_bytes()), parts[1].into(), parts[2].into()].join(".")
    };
    let with_claims = |more: Json| {
        let mut claims = part(&token, 1);
        claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        [parts[0].into(), encode(claims.to_string().as_bytes()), parts[2].into()].join(".")
    };
    let inner = part(&token, 1)["sealed"].as_str().unwrap().to_owned();
    for (wrong, foreign) in [
        (format!("{}.{}.{}", parts[0], parts[1], encode(&[8; 64])), false),
        (format!("{}.{}.{}", parts[0], parts[1], encode(&[9; 63])), false),
        (format!("{}.{}.", parts[0], parts[1]), false),
        (with_header(json!({"kid": "other"})), false),
        (with_header(json!({"alg": "ES384"})), false),
        (with_header(json!({"typ": "JWT"})), false),
        (with_header(json!({"crit": ["x"]})), false),
        (with_claims(json!({"iss": "https://other.example"})), false),
        (with_claims(json!({"aud": "https://other.example"})), false),
        (with_claims(json!({"sealed": "AAAA"})), false),
        (inner, false),
        ("a.b.c".into(), true),
        ("opaque".into(), true),
    ] {
        let found = verified(&mut way, &ring, &options, &wrong, false, NOW);
        assert!(
            matches!(found.found, Verification::Refused(Rejection { refused: Refusal::Token, .. })),
            "{wrong}: {found:?}"
        );
        assert_eq!(write(&found).contains("\"foreign\":true"), foreign, "{wrong}");
    }
}

/// Even if somebody could sign: what is sealed inside is for its own resource.
#[test]
fn what_is_sealed_for_one_resource_counts_at_no_other() {
    let (mut way, ring) = (Way::new(), Ring::new());
    let tokens = signed_tokens(&mut way, &ring, &json!({"jwt": true}));
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let mut claims = part(&token, 1);
    claims["aud"] = format!("{SITE}/other").into();
    let parts = token.split('.').collect::<Vec<_>>();
    let moved = [parts[0], &encode(claims.to_string().as_bytes()), parts[2]].join(".");
    let other = json!({"jwt": true, "resources": ["/other"]});
    let found = verified(&mut way, &ring, &other, &moved, false, NOW);
    assert!(matches!(found.found, Verification::Refused(Rejection { refused: Refusal::Token, .. })), "{found:?}");
}

/// A key may be newer than what this isolate knows of the keyring.
#[test]
fn a_key_that_is_not_known_yet_is_looked_for_once_more() {
    let (mut way, ring, options) = (Way::new(), Ring::new(), json!({"jwt": true}));
    let tokens = signed_tokens(&mut way, &ring, &options);
    let input =
        json!({"origin": SITE, "authorization": format!("Bearer {}", tokens["access_token"].as_str().unwrap())});
    let (server, keys, input) = (server(options), keys(), input.to_string());
    let head = read::<AccessInput>(&input).unwrap();
    for (known, times) in [(true, 1), (false, 2)] {
        let mut asked = 0;
        let world = World::new(|effect| {
            asked += usize::from(effect["kind"] == "ring");
            if effect["kind"] == "ring" && effect["since"] != NOW && !known {
                return Said::Ok(json!({"salt": "s", "keys": []}).to_string());
            }
            ring.say(&mut Objects::default(), effect, NOW)
        });
        let found = world.run(async |flow| verify(flow, &server, Some(&keys), &head).await).answer.unwrap().found;
        assert!(matches!(found, Verification::Caller(_)), "{found:?}");
        assert_eq!(asked, times);
    }
}

#[test]
fn where_the_keyring_is_silent_nobody_is_told_that_a_token_is_bad() {
    let (mut way, ring, options) = (Way::new(), Ring::new(), json!({"jwt": true}));
    let tokens = signed_tokens(&mut way, &ring, &options);
    let input =
        json!({"origin": SITE, "authorization": format!("Bearer {}", tokens["access_token"].as_str().unwrap())});
    let (server, keys, input) = (server(options), keys(), input.to_string());
    let head = read::<AccessInput>(&input).unwrap();
    for silent in ["ring", "verify"] {
        let world = World::new(|effect| {
            if effect["kind"] == silent {
                Said::Failed("timeout")
            } else {
                ring.say(&mut Objects::default(), effect, NOW)
            }
        });
        let found = world.run(async |flow| verify(flow, &server, Some(&keys), &head).await).answer.unwrap().found;
        assert!(
            matches!(found, Verification::Refused(Rejection { refused: Refusal::Unavailable, .. })),
            "{silent}: {found:?}"
        );
    }
}

#[test]
fn a_sealed_token_is_over_after_a_quarter_of_an_hour_and_is_remembered_no_longer() {
    let (mut way, ring, none) = (Way::new(), Ring::new(), json!({}));
    let tokens = way.tokens();
    assert_eq!(tokens["expires_in"], 900);
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let good = verified(&mut way, &ring, &none, &token, false, NOW + 15 * MINUTE - 1);
    let Verification::Caller(caller) = &good.found else { panic!("{good:?}") };
    assert_eq!((caller.until, caller.about.expires), (NOW + 15 * MINUTE, Some(NOW / 1000 + 900)));
    assert_eq!(
        (caller.about.client.as_deref(), caller.about.resource.as_deref()),
        (Some(&*way.client), Some(&*format!("{SITE}/mcp")))
    );
    assert_eq!((caller.scopes.join(" "), good.grant.as_ref().unwrap().rules.len()), ("read write".into(), 3));
    let json = write(&good);
    assert!(
        json.contains(r#""grant":""#)
            && json.contains(r#""object":"subject:"#)
            && json.contains(&format!(r#""began":{NOW}"#))
    );
    let rules =
        good.grant.as_ref().unwrap().rules.iter().map(|rule| rule.split(':').next().unwrap()).collect::<Vec<_>>();
    assert_eq!(rules, ["all", "client", "person"]);
    let over = verified(&mut way, &ring, &none, &token, false, NOW + 15 * MINUTE);
    assert_eq!(over.found, Verification::refused(Refusal::Token, "the token has expired"));
    assert!(!write(&over).contains("foreign"));
    // A refresh token, and another resource's, are none.
    let refresh = tokens["refresh_token"].as_str().unwrap().to_owned();
    let other = verified(&mut way, &ring, &none, &refresh, false, NOW);
    assert!(matches!(other.found, Verification::Refused(Rejection { refused: Refusal::Token, foreign: false, .. })));
    let elsewhere = verified(&mut way, &ring, &json!({"issuer": "https://other.example"}), &token, false, NOW);
    assert!(
        matches!(elsewhere.found, Verification::Refused(Rejection { refused: Refusal::Token, .. })),
        "{elsewhere:?}"
    );
}

#[test]
fn strict_asks_the_grants_object_each_time() {
    let (mut way, ring, none) = (Way::new(), Ring::new(), json!({}));
    let tokens = way.tokens();
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let found = verified(&mut way, &ring, &none, &token, true, NOW + SECOND);
    let Verification::Caller(caller) = found.found else { panic!("{found:?}") };
    assert_eq!((caller.until, &*caller.props), (NOW + SECOND, r#"{"login":"ann"}"#), "remembered not at all");
    // The same token, where the object knows that the grant has ended.
    for rows in way.objects.0.values_mut() {
        for (key, row) in &mut rows.1 {
            if key.starts_with("grant:") {
                *row = row.replacen("\"created\"", &format!("\"revoked\":{NOW},\"created\""), 1);
            }
        }
    }
    let ended = verified(&mut way, &ring, &none, &token, true, NOW + SECOND);
    assert_eq!(ended.found, Verification::refused(Refusal::Token, "the grant has ended"));
    assert!(matches!(verified(&mut way, &ring, &none, &token, false, NOW + SECOND).found, Verification::Caller(_)));
    let input = json!({"origin": SITE, "authorization": format!("Bearer {token}"), "strict": true}).to_string();
    let (server, keys, head) = (server(none), keys(), read::<AccessInput>(&input).unwrap());
    // What an object answers where it cannot decide is nobody's props, and neither is anything else that is no object.
    let lies = ["\"refused\"", "\"x\"", "[]", "true", "7"].map(|lie| Said::Ok(lie.into()));
    for said in lies.into_iter().chain([Said::Failed("timeout")]) {
        let world = World::new(|_| said.clone());
        let silent = world.run(async |flow| verify(flow, &server, Some(&keys), &head).await).answer.unwrap().found;
        assert!(
            matches!(silent, Verification::Refused(Rejection { refused: Refusal::Unavailable, .. })),
            "{said:?}: {silent:?}"
        );
    }
}

#[test]
fn props_that_are_long_stay_in_the_object_and_count_for_half_a_minute() {
    use mcp_wicket::oauth::{AuthorizationServer, Request, operator};
    for (length, inline) in [(1024 - r#"{"a":""}"#.len(), true), (1025 - r#"{"a":""}"#.len(), false)] {
        let (mut way, ring, none) = (Way::new(), Ring::new(), json!({}));
        let (config, keys) = (server(json!({})), keys());
        let query = super::authorize_query(&way.client);
        let mut call = |query: &str, call: Json| {
            let input = head("authorize", "GET", json!({"query": query})).to_string();
            let server =
                AuthorizationServer { config: &config, keys: &keys, identity: &super::Ann, issuer: SITE.into() };
            let (request, call) = (Request::read(&input).unwrap(), call.to_string());
            let objects = &mut way.objects;
            let world = World::new(|effect| objects.ask(effect, NOW, [55; 32])).with_entropy([55; 32]);
            let ended = world.run(async |flow| operator::serve(flow, &server, &request, &call).await);
            serde_json::to_value(ended.answer.unwrap()).unwrap()["ok"].clone()
        };
        let parsed = call(&query, json!({"call": "parseAuthRequest"}));
        let props = json!({"a": "x".repeat(length)});
        let done = call(
            "",
            json!({"call": "completeAuthorization", "request": parsed, "userId": "9", "scope": ["read"], "props": props}),
        );
        let code =
            done["redirectTo"].as_str().unwrap().split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
        let body = redeeming(&way.client, &code);
        let objects = &mut way.objects;
        let world = World::new(|effect| objects.ask(effect, NOW, [56; 32])).with_entropy([56; 32]);
        let reply =
            json_of(&send(world, &server(none.clone()), &head("token", "POST", json!({})), &body).answer.unwrap());
        let tokens: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
        let found = verified(&mut way, &ring, &none, tokens["access_token"].as_str().unwrap(), false, NOW);
        let Verification::Caller(caller) = found.found else { panic!("{found:?}") };
        assert_eq!(caller.props, props.to_string());
        assert_eq!(caller.until, NOW + if inline { 15 * MINUTE } else { 30 * SECOND }, "{length}");
    }
}

fn document(options: &Json, path: &str) -> (u64, Json) {
    let request = head("metadata", "GET", json!({"path": path}));
    let reply = json_of(&send(World::silent(), &server(options.clone()), &request, "").answer.unwrap());
    let answer = &reply["answer"];
    (answer["status"].as_u64().unwrap(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap())
}

#[test]
fn clients_find_the_documents_where_the_rfcs_put_them_and_nothing_else() {
    let none = json!({});
    for path in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-server/mcp",
        "/.well-known/openid-configuration",
        "/.well-known/openid-configuration/sse",
        "/mcp/.well-known/openid-configuration",
        "/mcp/.well-known/oauth-authorization-server",
    ] {
        let (status, body) = document(&none, path);
        assert_eq!((status, &body["issuer"]), (200, &json!(SITE)), "{path}");
        assert_eq!(body["token_endpoint"], json!(format!("{SITE}/token")), "{path}");
    }
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource", "/mcp"),
        ("/.well-known/oauth-protected-resource/", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp", "/mcp"),
        ("/.well-known/oauth-protected-resource/sse", "/sse"),
        ("/sse/.well-known/oauth-protected-resource", "/sse"),
    ] {
        let (status, body) = document(&none, path);
        assert_eq!((status, &body["resource"]), (200, &json!(format!("{SITE}{resource}"))), "{path}");
        assert_eq!(
            (&body["authorization_servers"], &body["scopes_supported"]),
            (&json!([SITE]), &json!(["read", "write"]))
        );
        assert_eq!(body["bearer_methods_supported"], json!(["header"]));
    }
    for path in [
        "/.well-known/oauth-protected-resource/other",
        "/.well-known/oauth-authorization-server/other",
        "/other/.well-known/openid-configuration",
        "/mcp/.well-known/oauth-protected-resource/sse",
        "/.well-known/other",
        "/.well-known/",
        "/oauth-authorization-server",
    ] {
        let (status, body) = document(&none, path);
        assert_eq!((status, &body["error"]), (404, &json!("not_found")), "{path}");
    }
}

#[test]
fn the_document_says_what_there_is_and_no_more() {
    let path = "/.well-known/oauth-authorization-server";
    let secret = json!(["client_secret_basic", "client_secret_post"]);
    let (_, bare) = document(&json!({"registration": false, "public": false}), path);
    for absent in
        ["registration_endpoint", "introspection_endpoint", "jwks_uri", "client_id_metadata_document_supported"]
    {
        assert!(bare.get(absent).is_none_or(|value| value == false), "{absent}");
    }
    assert_eq!(bare["token_endpoint_auth_methods_supported"], secret);
    assert_eq!(
        (&bare["code_challenge_methods_supported"], &bare["grant_types_supported"]),
        (&json!(["S256"]), &json!(["authorization_code", "refresh_token"]))
    );
    assert_eq!(bare["authorization_response_iss_parameter_supported"], true);
    let servers = json!({"files": "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgA"});
    let (_, full) = document(
        &json!({"documents": true, "public": false, "jwt": true, "resourceServers": servers, "name": "Weather"}),
        path,
    );
    for (name, at) in [
        ("registration_endpoint", "/register"),
        ("introspection_endpoint", "/introspect"),
        ("jwks_uri", "/jwks"),
        ("revocation_endpoint", "/revoke"),
        ("authorization_endpoint", "/authorize"),
    ] {
        assert_eq!(full[name], json!(format!("{SITE}{at}")), "{name}");
    }
    let all = json!(["none", "client_secret_basic", "client_secret_post"]);
    assert_eq!(
        (&full["token_endpoint_auth_methods_supported"], &full["client_id_metadata_document_supported"]),
        (&all, &json!(true))
    );
    assert_eq!(full["introspection_endpoint_auth_methods_supported"], secret);
    assert_eq!(document(&json!({}), path).1["token_endpoint_auth_methods_supported"], all);
    assert_eq!(
        document(&json!({"name": "Weather"}), "/.well-known/oauth-protected-resource").1["resource_name"],
        "Weather"
    );
}

#[test]
fn only_a_request_with_a_token_needs_keys() {
    let token = Way::new().tokens()["access_token"].as_str().unwrap().to_owned();
    let said = |authorization: Option<String>| {
        let input = json!({"origin": SITE, "authorization": authorization}).to_string();
        let (server, head) = (server(json!({})), read::<AccessInput>(&input).unwrap());
        let ended = World::silent().run(async |flow| verify(flow, &server, None, &head).await);
        match ended.answer.unwrap().found {
            Verification::Refused(Rejection { refused, .. }) => refused,
            Verification::Caller(_) => panic!("nobody can have verified the token"),
        }
    };
    assert_eq!(said(None), Refusal::Absent);
    assert_eq!(said(Some(format!("Bearer {token}"))), Refusal::Unavailable);
}
