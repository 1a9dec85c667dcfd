//! What is asked of the `Authorization` header, and what is answered where a request is not let in.

use mcp_wicket::guard::any_of::{VerifierRefusal, most_informative};
use mcp_wicket::guard::bearer::{MAX_TOKEN, Refusal, RefusalInput, Rejection, refuse, token_of};
use mcp_wicket::guard::metadata;
use mcp_wicket::http::Answer;
use mcp_wicket::json::read;
use serde_json::{Value, json};

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.headers.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str())
}

fn refused(input: &Value) -> Answer {
    refuse(&read::<RefusalInput>(&input.to_string()).unwrap())
}

#[test]
fn tokens_of_headers() {
    for (text, token) in [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("BEARER   a.b-c_d~e+f/g==", "a.b-c_d~e+f/g=="),
        (" Bearer abc ", "abc"),
    ] {
        assert_eq!(token_of(Some(text)), Ok(token), "{text}");
    }
    let refusal = |text: Option<&str>| match token_of(text) {
        Err(Rejection { refused, .. }) => refused,
        other => panic!("{text:?}: {other:?}"),
    };
    assert_eq!(refusal(None), Refusal::Absent);
    for other in ["", "Basic YTpi", "DPoP abc", "Bearerabc", "abc", "Negotiate"] {
        assert_eq!(refusal(Some(other)), Refusal::Absent, "{other}");
    }
    // Two headers of a name reach us as one, joined by a comma.
    for malformed in ["Bearer", "Bearer ", "Bearer a b", "Bearer a, Bearer b", "Bearer a\"b", "Bearer é", "Bearer a\tb"]
    {
        assert_eq!(refusal(Some(malformed)), Refusal::Malformed, "{malformed}");
    }
    assert_eq!(refusal(Some(&format!("Bearer {}", "a".repeat(MAX_TOKEN + 1)))), Refusal::Token);
    assert!(token_of(Some(&format!("Bearer {}", "a".repeat(MAX_TOKEN)))).is_ok());
    // As workers-oauth-provider writes them: whoever still has one is to ask for another, which 401 tells and 400 does not.
    assert_eq!(token_of(Some("Bearer ann:grant:secret")).unwrap(), "ann:grant:secret");
}

#[test]
fn a_request_without_a_token_is_told_where_to_get_one_and_nothing_else() {
    let metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp";
    let answer = refused(&json!({"refused": "absent", "scope": "read write", "metadata": metadata}));
    assert_eq!(answer.status, 401);
    let challenge = format!(r#"Bearer scope="read write", resource_metadata="{metadata}""#);
    assert_eq!(header(&answer, "www-authenticate"), Some(challenge.as_str()));
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    assert_eq!(header(&refused(&json!({"refused": "absent"})), "www-authenticate"), Some("Bearer"));
}

#[test]
fn each_refusal_has_its_status_and_code() {
    for (name, status, error) in
        [("malformed", 400, "invalid_request"), ("token", 401, "invalid_token"), ("scope", 403, "insufficient_scope")]
    {
        let answer = refused(&json!({"refused": name, "scope": "read", "metadata": "https://a.example/m"}));
        assert_eq!(answer.status, status, "{name}");
        let challenge = header(&answer, "www-authenticate").unwrap();
        assert!(challenge.starts_with(&format!(r#"Bearer error="{error}", error_description=""#)), "{challenge}");
        assert!(challenge.ends_with(r#", scope="read", resource_metadata="https://a.example/m""#), "{challenge}");
    }
    let answer = refused(&json!({"refused": "unavailable"}));
    assert_eq!((answer.status, header(&answer, "retry-after")), (503, Some("5")));
    assert_eq!(header(&answer, "www-authenticate"), None, "the client's token may be good");
    assert!(read::<RefusalInput>(r#"{"refused":"else"}"#).is_err());
}

#[test]
fn nothing_breaks_out_of_a_challenge() {
    let metadata = "https://a.example/\"\\\r\n,é\u{7f}x";
    let answer = refused(&json!({"refused": "absent", "scope": "a\" error=\"b", "metadata": metadata}));
    let expected = r#"Bearer scope="a\" error=\"b", resource_metadata="https://a.example/\"\\,x""#;
    assert_eq!(header(&answer, "www-authenticate"), Some(expected));
}

fn document(input: &Value) -> Answer {
    metadata::answer(&read(&input.to_string()).unwrap())
}

#[test]
fn the_metadata_document() {
    let answer = document(&json!({
        "method": "GET", "resource": "https://mcp.example.com/mcp", "issuers": ["https://issuer.example"],
        "scopes": ["read", "write"], "name": "Weather \"now\"", "documentation": "https://mcp.example.com/docs",
    }));
    assert_eq!(answer.status, 200);
    assert_eq!(header(&answer, "content-type"), Some("application/json"));
    assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
    let read: Value = serde_json::from_str(answer.body.as_deref().unwrap()).unwrap();
    assert_eq!(
        read,
        json!({
            "resource": "https://mcp.example.com/mcp",
            "authorization_servers": ["https://issuer.example"],
            "scopes_supported": ["read", "write"],
            "bearer_methods_supported": ["header"],
            "resource_name": "Weather \"now\"",
            "resource_documentation": "https://mcp.example.com/docs",
        })
    );
    let bare = document(&json!({"method": "GET", "resource": "https://a.example", "issuers": [], "scopes": []}));
    let read: Value = serde_json::from_str(bare.body.as_deref().unwrap()).unwrap();
    assert_eq!(read, json!({"resource": "https://a.example", "bearer_methods_supported": ["header"]}));
}

#[test]
fn the_metadata_is_read_and_nothing_else() {
    let ask = |method: &str| document(&json!({"method": method, "resource": "x", "issuers": [], "scopes": []}));
    let preflight = ask("OPTIONS");
    assert_eq!(
        (preflight.status, header(&preflight, "access-control-allow-methods")),
        (204, Some("GET, HEAD, OPTIONS"))
    );
    assert!(header(&preflight, "access-control-allow-headers").unwrap().contains("mcp-protocol-version"));
    assert_eq!((ask("HEAD").status, ask("HEAD").body), (200, None));
    let refused = ask("POST");
    assert_eq!((refused.status, header(&refused, "allow")), (405, Some("GET, HEAD, OPTIONS")));
}

/// RFC 7591 §3 and RFC 8414 §3: clients that look for a sign-in show people what they read.
#[test]
fn a_client_that_looks_for_a_sign_in_where_there_is_none_reads_what_is_needed() {
    let ask = |method: &str, issuers: Value, header: Value| {
        let mut input = json!({"method": method, "resource": "x", "issuers": issuers, "scopes": [], "absent": true});
        input
            .as_object_mut()
            .unwrap()
            .extend(Some(("header".to_owned(), header)).filter(|(_, value)| value.is_string()));
        document(&input)
    };
    let of = |answer: &Answer| serde_json::from_str::<Value>(answer.body.as_deref().unwrap()).unwrap();
    for method in ["GET", "POST", "HEAD"] {
        let answer = ask(method, json!(["https://issuer.example"]), json!("authorization"));
        assert_eq!((answer.status, &of(&answer)["error"]), (404, &json!("not_found")), "{method}");
        assert_eq!(header(&answer, "access-control-allow-origin"), Some("*"));
        let said = "It requires an access token from https://issuer.example in the header `Authorization: Bearer …` with every request.";
        assert!(of(&answer)["error_description"].as_str().unwrap().ends_with(said));
    }
    let said = |answer: Answer| of(&answer)["error_description"].as_str().unwrap().to_owned();
    assert!(
        said(ask("GET", json!([]), json!("x-api-key")))
            .contains("a token in the header `x-api-key` with every request")
    );
    assert!(said(ask("GET", json!([]), json!(null))).contains("a token in the header that the operator names"));
    let preflight = ask("OPTIONS", json!([]), json!(null));
    assert_eq!(
        (preflight.status, header(&preflight, "access-control-allow-methods")),
        (204, Some("GET, HEAD, POST, OPTIONS"))
    );
}

#[test]
fn of_several_verifiers_the_one_that_tells_most_answers() {
    let absent = json!({"refused": "absent"});
    let foreign = json!({"refused": "token", "foreign": true});
    let (wrong, scope, away) =
        (json!({"refused": "token"}), json!({"refused": "scope"}), json!({"refused": "unavailable"}));
    for (said, at) in [
        (json!([]), None),
        (json!([absent, absent]), Some(1)),
        (json!([foreign, absent]), Some(0)),
        (json!([foreign, foreign]), Some(1)),
        (json!([wrong, foreign]), Some(0)),
        (json!([wrong, scope, foreign]), Some(1)),
        (json!([wrong, away, scope, away]), Some(1)),
    ] {
        assert_eq!(most_informative(&read::<Vec<VerifierRefusal>>(&said.to_string()).unwrap()), at, "{said}");
    }
}
