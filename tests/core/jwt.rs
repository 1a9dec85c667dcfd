//! Tokens, keys and numbers as text: what is read, and what nothing that anybody sends can break.

mod asked;
mod claims;
mod keys;
mod options;

use mcp_wicket::flow::{Context, Flow};
use mcp_wicket::guard::jwt::{self, Options, hmac};
use mcp_wicket::guard::verifier::Verifier;
use mcp_wicket::jose::algorithm::Algorithm;
use mcp_wicket::jose::compact::{UntrustedToken, read};
use mcp_wicket::jose::jwk::read_set;
use mcp_wicket::jose::numeric_date::thousandths;
use mcp_wicket::json::Object;
use serde_json::Value;

const SECOND: u64 = 1000;
const MINUTE: u64 = 60 * SECOND;

/// A part of a token.
fn part(text: &str) -> String {
    mcp_wicket::crypto::encode(text.as_bytes())
}

/// `object` with the members of `more`; `"-"` takes one out.
fn joined(mut object: Value, more: &Value) -> Value {
    let members = object.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    members.retain(|_, value| value != "-");
    object
}

/// Wycheproof's group on base64 has a secret of zeros, which the options refuse; so its tokens are checked here, a layer
/// below. Two that are valid there are refused: base64url has one spelling, and no `?` in it. Two that are invalid there
/// (padding, which the text no longer has) are byte for byte the first valid one, and so they are taken.
#[test]
fn wycheproof_base64() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/wycheproof/json_web_signature_test.json");
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let groups = vectors["testGroups"].as_array().unwrap();
    let group = groups.iter().find(|group| group["comment"] == "base64").unwrap();
    let first = group["tests"][0]["jws"].as_str().unwrap();
    let mut counted = 0;
    for test in group["tests"].as_array().unwrap() {
        let token = test["jws"].as_str().unwrap();
        let accepted = UntrustedToken::parse(token).is_ok_and(|token| {
            let header = read(&token.header).is_ok_and(|header| header.string("alg").as_deref() == Some("HS256"));
            header && hmac::verify(Algorithm::Hs256, &[0; 32], token.signed, &token.signature)
        });
        let valid = test["result"] == "valid" && !token.contains('?') || token == first;
        assert_eq!(accepted, valid, "{}", test["comment"]);
        counted += 1;
    }
    assert_eq!(counted, 21);
}

/// RFC 7515 appendix A.1.
#[test]
fn rfc_7515_hs256() {
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                 cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let key = mcp_wicket::crypto::decode(key).unwrap();
    let token = UntrustedToken::parse(token).unwrap();
    assert!(hmac::verify(Algorithm::Hs256, &key, token.signed, &token.signature));
    for (algorithm, length) in
        [(Algorithm::Hs256, 31), (Algorithm::Hs384, 32), (Algorithm::Hs512, 32), (Algorithm::Es256, 32)]
    {
        assert!(!hmac::verify(algorithm, &key, token.signed, &token.signature[..length]));
    }
}

#[test]
fn numbers_of_seconds() {
    for (text, expected) in [
        ("0", Some(0)),
        ("0.0", Some(0)),
        ("1", Some(1_000)),
        ("1.5", Some(1_500)),
        ("1.0009", Some(1_000)),
        ("1790000000.25", Some(1_790_000_000_250)),
        ("1.79e9", Some(1_790_000_000_000)),
        ("1.79E+9", Some(1_790_000_000_000)),
        ("1790000000000e-3", Some(1_790_000_000_000)),
        ("1e-400", Some(0)),
        ("0e999999999", Some(0)),
        ("0.00000000000000000000001", Some(0)),
        ("0.00000000000000000000e400", Some(0)),
        ("0.00000000000000000001e400", None),
        ("1e13", Some(10_u64.pow(16))),
        ("1e14", None),
        ("1e400", None),
        ("1e99999999999", None),
        ("99999999999999999999", None),
        ("-1", None),
        ("-0", None),
        ("\"1\"", None),
        ("null", None),
        ("", None),
        (".5", None),
        ("+1", None),
    ] {
        assert_eq!(thousandths(text), expected, "{text}");
    }
}

#[test]
fn nothing_that_anybody_sends_panics() {
    let mut state = 1_u64;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let seeds = [
        r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"},{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#,
        r#"{"issuer":["a"],"audience":["b"],"secrets":["0123456789abcdefghijklmnopqrstuv"],"clockTolerance":1.5e1}"#,
        "eyJhbGciOiJIUzI1NiJ9.e30.c1LROH7eNQwUT8KMVEO52VC3WZ9e_AnDWbZ7aMmowV8",
        "-12.5e+300",
    ];
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..=next() % 4 {
            let at = usize::try_from(next()).unwrap_or(0) % bytes.len();
            bytes[at] = next().to_le_bytes()[0];
        }
        let text = String::from_utf8_lossy(&bytes);
        let _ = (UntrustedToken::parse(&text).is_ok(), read(&text).is_ok(), Verifier::read(&text).is_ok());
        let _ = (read_set(&text).is_some(), thousandths(&text));
    }
}

/// Everything but the signature of RFC 8037's token is right. What the step asks for says what follows if the signature
/// is right, and the next step says the same; if it is wrong, or cannot be checked, the token is refused.
#[test]
fn what_settles_a_token_is_what_the_next_step_would_say() {
    let options = r#"{"issuer":["joe"],"audience":["me"],"keys":[{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let options = Options::read(&Object::read(options).unwrap()).unwrap();
    let part = |text: &str| mcp_wicket::crypto::encode(text.as_bytes());
    let token = |claims: &str| [part(r#"{"alg":"EdDSA"}"#), part(claims), part(&"s".repeat(64))].join(".");
    let context = Context::new(1_000_000, [0; 32]);
    let step = |claims: &str, outcomes: &str| {
        let input = format!(r#"{{"authorization":"Bearer {}"}}"#, token(claims));
        let request = jwt::VerifierInput::read(&input, "").unwrap();
        let flow = Flow::new(&context, outcomes).unwrap();
        flow.step(jwt::verify(&flow, &request, &options)).json()
    };
    let claims = r#"{"iss":"joe","aud":"me","exp":2000,"sub":"ann","scope":"a b"}"#;
    let first = step(claims, "");
    let (wait, head) = first.split_once('\n').unwrap();
    let wait: Value = serde_json::from_str(wait).unwrap();
    assert_eq!(wait["wait"].as_array().unwrap().len(), 1);
    assert_eq!(wait["shortcut"], serde_json::json!({"tail": ""}));
    let mark = wait["wait"][0]["mark"].as_str().unwrap();
    let right = step(claims, &format!(r#"[{{"mark":"{mark}","ok":true}}]"#));
    assert_eq!(right, format!(r#"{{"done":{head}}}"#));
    assert!(head.starts_with(r#"{"caller":{"principal":"user:joe:ann","scopes":["a","b"],"#), "{head}");
    for outcome in [r#""ok":false"#, r#""failed":"failed""#] {
        let wrong = step(claims, &format!(r#"[{{"mark":"{mark}",{outcome}}}]"#));
        assert_eq!(wrong, r#"{"done":{"refused":"token","reason":"the signature is invalid"}}"#);
    }
    // On several lines, which a head cannot be.
    let several = step(&claims.replace(',', ",\r\n"), "");
    assert!(several.ends_with("]}\n") && !several.contains("shortcut"), "{several}");
    // Nobody's signature is asked about where the claims are wrong.
    assert!(step(&claims.replace("me", "you"), "").contains(r#""refused":"token""#));
}
