//! The set-up of the authorization server, and what a client may register (RFC 7591 §2).

use mcp_wicket::oauth::ServerConfig;
use serde_json::{Value as Json, json};

use super::asked::ask;
use super::{Objects, REDIRECT, SITE, head};
use crate::world::NOW;

fn read(more: &Json) -> Result<ServerConfig, String> {
    let mut options = json!({"resources": ["/mcp", "/sse"]});
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    ServerConfig::read(&options.to_string())
}

#[test]
fn options_that_cannot_be_are_refused_in_words_that_name_them() {
    let secret = "s".repeat(31);
    for (options, words) in [
        (json!({"issuer": 1}), "issuer must be a string"),
        (json!({"issuer": "https://mcp.example.com/"}), "issuer must be an origin"),
        (json!({"issuer": "https://mcp.example.com/a"}), "issuer must be an origin"),
        (json!({"issuer": "http://mcp.example.com"}), "issuer must be an origin"),
        (json!({"issuer": "http://localhost.evil.example"}), "issuer must be an origin"),
        (json!({"issuer": "https://"}), "issuer must be an origin"),
        (json!({"issuer": "https://user@mcp.example.com"}), "issuer must be an origin"),
        (json!({"issuer": "https://mcp\".example.com"}), "issuer must be an origin"),
        (json!({"issuer": "https://mcp.exämple.com"}), "issuer must be an origin"),
        (json!({"resources": []}), "apiHandlers must have at least one route"),
        (json!({"resources": "/mcp"}), "apiHandlers must be a list of strings"),
        (json!({"scopes": ["a b"]}), "scopes must not contain"),
        (json!({"scopes": ["a\"b"]}), "scopes must not contain"),
        (json!({"schemes": ["javascript"]}), "redirectSchemes has a scheme that cannot be one"),
        (json!({"schemes": ["App"]}), "redirectSchemes has a scheme that cannot be one"),
        (json!({"documentHosts": ["https://claude.ai"]}), "allowClientIdMetadataDocuments has a host"),
        (json!({"scopeTexts": {"read": 1}}), "scopes must be an object of strings"),
        (json!({"scopeTexts": []}), "scopes must be an object of strings"),
        (json!({"name": []}), "name must be a string"),
        (json!({"tokenEndpoint": "token"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "//token"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/a/../token"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/./token"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/to ken"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/token?x"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/token#x"}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": 1}), "tokenEndpoint must be a path"),
        (json!({"tokenEndpoint": "/mcp"}), "tokenEndpoint and apiHandlers have the same path, /mcp"),
        (json!({"tokenEndpoint": "/authorize/"}), "tokenEndpoint and authorizeEndpoint have the same path"),
        (
            json!({"tokenEndpoint": "/authorize", "pages": true}),
            "tokenEndpoint and authorizeEndpoint have the same path",
        ),
        (json!({"codeTtl": 29}), "codeTtl must be a whole number of seconds from 30 to 600"),
        (json!({"codeTtl": 601}), "codeTtl must be"),
        (json!({"accessTokenTtl": 59}), "accessTokenTtl must be a whole number of seconds from 60 to 3600"),
        (json!({"accessTokenTtl": 3601}), "accessTokenTtl must be"),
        (json!({"refreshTokenTtl": 3599}), "refreshTokenTtl must be a whole number of seconds from 3600 to 31536000"),
        (json!({"refreshTokenTtl": 31_536_001}), "refreshTokenTtl must be"),
        (json!({"grantTtl": 315_360_001}), "grantTtl must be a whole number of seconds from 3600 to 315360000"),
        (json!({"refreshReplay": 121}), "refreshReplay must be a whole number of seconds from 0 to 120"),
        (json!({"callbackTimeout": 0}), "callbackTimeout must be a whole number of seconds from 1 to 600"),
        (json!({"codeTtl": 60.5}), "codeTtl must be"),
        (json!({"limits": []}), "limits must be an object"),
        (json!({"limits": {"token": 0}}), "limits.token must be a positive whole number"),
        (json!({"limits": {"token": 1_000_001}}), "limits.token must be a positive whole number"),
        (json!({"limits": {"register": "many"}}), "limits.register must be a positive whole number"),
        (
            json!({"resourceServers": {"files": secret}}),
            "resourceServers.files must have a secret of at least 32 characters",
        ),
        (json!({"resourceServers": {"": "s".repeat(32)}}), "resourceServers. must have a secret"),
    ] {
        let wrong = read(&options).unwrap_err();
        assert!(wrong.starts_with(words), "{options}: {wrong}");
    }
}

#[test]
fn options_at_their_bounds_are_taken_and_have_the_usual_values_where_they_are_absent() {
    for options in [
        json!({"issuer": "https://mcp.example.com"}),
        json!({"issuer": "https://mcp.example.com:8443"}),
        json!({"issuer": "http://localhost"}),
        json!({"issuer": "http://localhost:8787"}),
        json!({"codeTtl": 600, "accessTokenTtl": 3600, "refreshReplay": 0, "callbackTimeout": 600}),
        json!({"refreshTokenTtl": 31_536_000, "grantTtl": 315_360_000}),
        json!({"limits": {"token": 1_000_000}}),
        json!({"limits": {"token": 1}}),
        json!({"resourceServers": {"files": "s".repeat(32)}}),
        json!({"tokenEndpoint": "/callback", "pages": true}),
        json!({"tokenEndpoint": "/mcp", "routes": ["/other"]}),
    ] {
        assert!(read(&options).is_ok(), "{options}: {:?}", read(&options).err());
    }
    let usual = read(&json!({})).unwrap();
    let day = 24 * 3600;
    let lifetimes = usual.lifetimes;
    assert_eq!(
        (lifetimes.code, lifetimes.access, lifetimes.idle, lifetimes.grant, lifetimes.replay),
        (300, 900, 30 * day, 180 * day, 30)
    );
    assert_eq!(
        (usual.scopes, usual.registration, usual.public, usual.approve),
        (vec!["mcp".into()], true, true, false)
    );
    assert_eq!((usual.documents, usual.kv, usual.jwt, usual.raw_subject), (false, false, false, false));
}

/// RFC 8707 §2, RFC 3986 §6.2.
#[test]
fn a_resource_is_named_by_our_origin_a_route_or_an_alias() {
    let server = read(&json!({"below": ["/agents"], "aliases": ["urn:ours"]})).unwrap();
    for named in [
        "https://mcp.example.com",
        "https://mcp.example.com/",
        "https://mcp.example.com/mcp",
        "https://mcp.example.com/mcp/",
        "https://mcp.example.com/sse?x=1",
        "https://mcp.example.com:443/mcp",
        "HTTPS://MCP.example.com/mcp",
        "https://mcp.example.com/agents/one",
        "urn:ours",
    ] {
        assert_eq!(server.canonical(SITE, named).as_deref(), Some("https://mcp.example.com/mcp"), "{named}");
    }
    for other in [
        "https://mcp.example.com/other",
        "https://mcp.example.com/MCP",
        "https://mcp.example.com/mcp#x",
        "https://mcp.example.com/agents",
        "https://mcp.example.com/agentsx",
        "https://mcp.example.com/agents/../mcp",
        "https://mcp.example.com:80/mcp",
        "https://mcp.example.com:8443/mcp",
        "http://mcp.example.com/mcp",
        "https://mcp.example.com.evil.example/mcp",
        "mcp.example.com/mcp",
        "urn:other",
        "",
    ] {
        assert_eq!(server.canonical(SITE, other), None, "{other}");
    }
    assert!(server.canonical("https://a.io", "https://a.io/mcp").is_some());
    assert!(server.canonical("http://localhost", "http://localhost:80/mcp").is_some());
    assert!(server.canonical("http://localhost", "http://localhost:443/mcp").is_none());
}

fn register(options: &Json, request: Json, body: &str) -> (u64, Json) {
    let mut head = head("register", "POST", json!({"contentType": "application/json"}));
    head.as_object_mut().unwrap().extend(request.as_object().unwrap().clone());
    let reply = ask(&mut Objects::default(), options, &head, body, NOW);
    let answer = &reply["answer"];
    (answer["status"].as_u64().unwrap(), serde_json::from_str(answer["body"].as_str().unwrap()).unwrap())
}

fn metadata(more: &Json) -> String {
    let mut metadata = json!({"redirect_uris": [REDIRECT], "client_name": "Test"});
    metadata.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    metadata.to_string()
}

#[test]
fn what_cannot_be_registered_is_told_with_the_codes_of_rfc_7591() {
    let long = json!({"client_name": "n".repeat(16 * 1024)});
    for (more, error, words) in [
        (json!({"redirect_uris": []}), "invalid_redirect_uri", "must be https"),
        (json!({"redirect_uris": null}), "invalid_redirect_uri", "a list of at least one"),
        (json!({"redirect_uris": REDIRECT}), "invalid_redirect_uri", "a list of at least one"),
        (json!({"redirect_uris": ["http://client.example/cb"]}), "invalid_redirect_uri", "must be https"),
        (
            json!({"token_endpoint_auth_method": "private_key_jwt"}),
            "invalid_client_metadata",
            "token_endpoint_auth_method must be none",
        ),
        (
            json!({"token_endpoint_auth_method": 1}),
            "invalid_client_metadata",
            "token_endpoint_auth_method must be a string",
        ),
        (json!({"client_name": 1}), "invalid_client_metadata", "client_name must be a string"),
        (
            json!({"grant_types": ["client_credentials"]}),
            "invalid_client_metadata",
            "grant_types must include authorization_code",
        ),
        (json!({"grant_types": 1}), "invalid_client_metadata", "grant_types must be a list of strings"),
        (json!({"response_types": ["token"]}), "invalid_client_metadata", "response_types must include code"),
        (json!({"response_types": {}}), "invalid_client_metadata", "response_types must be a list of strings"),
        (long, "invalid_client_metadata", "longer than 16 KB"),
    ] {
        let (status, body) = register(&json!({}), json!({}), &metadata(&more));
        assert_eq!((status, &body["error"]), (400, &json!(error)), "{more}: {body}");
        assert!(body["error_description"].as_str().unwrap().contains(words), "{body}");
    }
    for (request, body, words) in [
        (json!({"contentType": "text/plain"}), metadata(&json!({})), "send Content-Type: application/json"),
        (json!({"unread": true}), metadata(&json!({})), "longer than 16 KB"),
        (json!({}), "[]".into(), "one JSON object"),
        (json!({}), r#"{"redirect_uris":[],"redirect_uris":[]}"#.into(), "one JSON object"),
    ] {
        let (status, said) = register(&json!({}), request, &body);
        assert_eq!((status, said["error"].as_str()), (400, Some("invalid_client_metadata")), "{said}");
        assert!(said["error_description"].as_str().unwrap().contains(words), "{said}");
    }
    let (_, closed) = register(&json!({"registration": false}), json!({}), &metadata(&json!({})));
    assert!(closed["error_description"].as_str().unwrap().contains("does not allow client registration"));
    let (_, closed) =
        register(&json!({"public": false}), json!({}), &metadata(&json!({"token_endpoint_auth_method": "none"})));
    assert!(closed["error_description"].as_str().unwrap().contains("no clients without a secret"), "{closed}");
    assert_eq!(register(&json!({"public": false}), json!({}), &metadata(&json!({}))).0, 201);
}

#[test]
fn what_is_registered_is_what_the_answer_says() {
    let whole = 16 * 1024;
    let pad = whole - metadata(&json!({"x": ""})).len();
    for (more, method, name) in [
        (json!({}), "client_secret_basic", "Test"),
        (json!({"token_endpoint_auth_method": "client_secret_post"}), "client_secret_post", "Test"),
        (json!({"token_endpoint_auth_method": "none"}), "none", "Test"),
        (json!({"token_endpoint_auth_method": "", "client_name": null}), "client_secret_basic", "client.example"),
        (json!({"client_name": " \u{202e}Te\u{200b}st "}), "client_secret_basic", "Test"),
        (
            json!({"grant_types": ["refresh_token", "authorization_code"], "response_types": "code"}),
            "client_secret_basic",
            "Test",
        ),
        (json!({"grant_types": [], "response_types": [""]}), "client_secret_basic", "Test"),
        (json!({"redirect_uris": [REDIRECT, REDIRECT, "http://client.example/cb", 1]}), "client_secret_basic", "Test"),
        (json!({"x": "x".repeat(pad)}), "client_secret_basic", "Test"),
    ] {
        let (status, body) = register(&json!({}), json!({}), &metadata(&more));
        assert_eq!(status, 201, "{more}: {body}");
        assert_eq!(
            (&body["token_endpoint_auth_method"], &body["client_name"]),
            (&json!(method), &json!(name)),
            "{more}"
        );
        assert_eq!(
            (&body["redirect_uris"], &body["client_id_issued_at"]),
            (&json!([REDIRECT]), &json!(NOW / 1000)),
            "{more}"
        );
        let secret = body["client_secret"].as_str();
        assert_eq!(
            (secret.is_some(), body["client_secret_expires_at"].is_number()),
            (method != "none", method != "none"),
            "{more}"
        );
        let start = if method == "none" { "c_" } else { "s_" };
        let id = body["client_id"].as_str().unwrap();
        assert!(id.starts_with(start) && id.len() == 34, "{id}");
        assert_eq!(
            (&body["grant_types"], &body["response_types"]),
            (&json!(["authorization_code", "refresh_token"]), &json!(["code"]))
        );
    }
    let name = "n".repeat(201);
    let (_, cut) = register(&json!({}), json!({}), &metadata(&json!({"client_name": name})));
    assert_eq!(cut["client_name"], name[..200]);
    assert_eq!(
        register(&json!({}), json!({"contentType": "Application/JSON; charset=utf-8"}), &metadata(&json!({}))).0,
        201
    );
    // A public client is known by what it registered: the port of a program on the person's computer does not count.
    let id = |uris: Json, name: &str| {
        let more = json!({"redirect_uris": uris, "client_name": name, "token_endpoint_auth_method": "none"});
        register(&json!({}), json!({}), &metadata(&more)).1["client_id"].clone()
    };
    assert_eq!(id(json!(["http://localhost:1/cb"]), "a"), id(json!(["http://localhost:2/cb"]), "a"));
    assert_eq!(id(json!([REDIRECT, "http://localhost/cb"]), "a"), id(json!(["http://localhost:9/cb", REDIRECT]), "a"));
    assert_ne!(id(json!(["https://a.example:1/cb"]), "a"), id(json!(["https://a.example:2/cb"]), "a"));
    assert_ne!(id(json!([REDIRECT]), "a"), id(json!([REDIRECT]), "b"));
}
