//! What a verifier of JWTs is told: each problem names its option.

use mcp_wicket::guard::verifier::Verifier;
use serde_json::{Value, json};

use super::joined;

const SECRET: &str = "0123456789abcdefghijklmnopqrstuv";

fn read(more: Value) -> Result<Verifier, String> {
    let options = json!({"issuer": ["https://a.example"], "audience": ["me"], "secrets": [SECRET]});
    Verifier::read(&joined(options, &more).to_string())
}

#[test]
fn options_that_cannot_be_are_refused_in_words_that_name_them() {
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----";
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    for (options, words) in [
        (json!({"issuer": "-"}), "`issuer` must be a string or a list of strings"),
        (json!({"issuer": ["https://a.example", ""]}), "`issuer` must be a string or a list of strings"),
        (json!({"issuer": "https://a.example"}), "`issuer` must be a string or a list of strings"),
        (json!({"audience": [1]}), "`audience` must be a string or a list of strings"),
        (json!({"clockTolerance": 601}), "`clockTolerance` must be a number of seconds from 0 to 600"),
        (json!({"clockTolerance": -1}), "`clockTolerance` must be"),
        (json!({"clockTolerance": "60"}), "`clockTolerance` must be"),
        (json!({"maxLifetime": 0}), "`maxLifetime` must be a number of seconds from 1 to 31622400"),
        (json!({"maxLifetime": 31_622_401}), "`maxLifetime` must be"),
        (json!({"keysMaxAge": 59}), "`keysMaxAge` must be a number of seconds from 60 to 86400"),
        (json!({"keysMaxAge": 86_401}), "`keysMaxAge` must be"),
        (json!({"keysCooldown": 0.5}), "`keysCooldown` must be a number of seconds from 1 to 3600"),
        (json!({"secrets": [null]}), "`secret` is missing"),
        (json!({"secrets": ["0123456789abcdefghijklmnopqrstu"]}), "`secret` has 31 bytes"),
        (json!({"secrets": [{"bytes": "AAECAwQ"}]}), "`secret` has 5 bytes"),
        (json!({"secrets": ["abcdefghijkabcdefghijkabcdefghijk"]}), "`secret` consists of a few repeated characters"),
        (json!({"secrets": [SECRET, ""]}), "`secret` has 0 bytes"),
        (json!({"secrets": [key.to_string()]}), "`secret` is a JWK"),
        (json!({"secrets": [json!({"keys": [], "padding": SECRET}).to_string()]}), "`secret` is a JWK"),
        (json!({"secrets": [pem]}), "`secret` is a PEM key"),
        (json!({"secrets": [format!("\n {pem}")]}), "`secret` is a PEM key"),
        (json!({"secrets": ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ"]}), "`secret` is a PEM key"),
        (json!({"keys": [key], "jwksUri": "https://a.example/keys"}), "`keys` and `jwksUri` cannot be used together"),
        (json!({"keys": []}), "`keys` is empty"),
        (json!({"keys": [key, {"kty": "oct", "k": "AA"}]}), "`keys[1]` cannot be used: it is a shared secret"),
        (json!({"keys": ["x"]}), "`keys[0]` cannot be used: it is not a JWK"),
        (json!({"jwksUri": "http://a.example/keys"}), "`jwksUri` must be an https URL"),
        (json!({"jwksUri": "http://localhost.evil.example/keys"}), "`jwksUri` must be an https URL"),
        (json!({"secrets": "-", "issuer": ["a"]}), "There is no key"),
        (json!({"secrets": "-", "issuer": ["http://a.example"]}), "There is no key"),
        (
            json!({"secrets": "-", "issuer": ["https://a.example", "https://b.example"]}),
            "Keys can be discovered for one issuer only",
        ),
        (json!({"algorithms": []}), "`algorithms` is empty"),
        (json!({"algorithms": ["none"]}), "`algorithms` has \"none\"; it may have HS256, HS384"),
        (json!({"algorithms": [1]}), "`algorithms` has \"\"; it may have"),
        (json!({"algorithms": ["HS384"]}), "`algorithms` has HS384, whose secret needs 48 bytes or more"),
        (json!({"algorithms": ["HS512"], "secrets": [SECRET.repeat(2), SECRET]}), "HS512, whose secret needs 64 bytes"),
        (json!({"algorithms": ["ES256"]}), "`algorithms` has ES256, but there are no public keys"),
        (
            json!({"algorithms": ["HS256"], "secrets": "-", "keys": [key]}),
            "`algorithms` has HS256, but there is no `secret`",
        ),
    ] {
        let wrong = read(options.clone()).unwrap_err();
        assert!(wrong.starts_with(words) || wrong.contains(words), "{options}: {wrong}");
    }
}

#[test]
fn options_at_their_bounds_are_taken() {
    for options in [
        json!({"clockTolerance": 600}),
        json!({"clockTolerance": 0}),
        json!({"maxLifetime": 1}),
        json!({"maxLifetime": 31_622_400}),
        json!({"keysMaxAge": 60}),
        json!({"keysCooldown": 3600}),
        json!({"secrets": [{"bytes": mcp_wicket::crypto::encode(SECRET.as_bytes())}]}),
        json!({"secrets": ["abcdefghijklabcdefghijklabcdefghijkl"]}),
        json!({"secrets": [SECRET.repeat(2)], "algorithms": ["HS256", "HS384", "HS512"]}),
        json!({"secrets": "-"}),
        json!({"secrets": "-", "issuer": ["http://localhost:8787"]}),
        json!({"secrets": "-", "issuer": ["a", "b"], "jwksUri": "http://127.0.0.1/keys"}),
        json!({"jwksUri": "https://a.example/keys", "algorithms": ["ES256", "HS256"]}),
    ] {
        assert!(read(options.clone()).is_ok(), "{options}: {:?}", read(options.clone()));
    }
}

/// RFC 7515 §3.3, the token of RFC 7515 appendix A.1 under its key; RFC 7518 §3.2 wants a secret as long as the hash.
#[test]
fn a_secret_is_for_the_algorithms_whose_hash_is_no_longer() {
    use mcp_wicket::guard::bearer::{Rejection, Verification};
    use mcp_wicket::guard::jwt::VerifierInput;
    let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                 cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let verified = |secrets: Value, token: &str| {
        let verifier = read(json!({"issuer": ["joe"], "secrets": secrets})).unwrap();
        let input = json!({"token": token}).to_string();
        let request = VerifierInput::read(&input, "").unwrap();
        let world = crate::world::World::silent().at(1_300_000_000_000);
        match world.run(async |flow| verifier.verify(flow, &request).await).answer.unwrap() {
            Verification::Refused(Rejection { reason, .. }) => reason,
            other @ Verification::Caller(_) => panic!("{other:?}"),
        }
    };
    // It names no audience, so that is what is wrong with it, before its signature is looked at.
    assert_eq!(verified(json!([{"bytes": key}]), token), "the aud does not include this server");
    assert_eq!(
        verified(json!([SECRET]), &token.replace("eyJ0", "!yJ0")),
        "the token is not a JWT in compact serialization"
    );
    let bytes = mcp_wicket::crypto::decode(key).unwrap();
    assert_eq!(bytes.len(), 64);
    let hs384 = ["eyJhbGciOiJIUzM4NCJ9", &token[token.find('.').unwrap() + 1..]].join(".");
    assert_eq!(verified(json!([SECRET]), &hs384), "the alg is not one of the configured algorithms");
    assert_eq!(verified(json!([{"bytes": key}]), &hs384), "the aud does not include this server");
}

/// HMAC (RFC 2104) with SHA-256.
fn hs256(secret: &str, signed: &str) -> String {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(secret.bytes()).for_each(|(byte, own)| *byte ^= own);
        block
    };
    let inner = mcp_wicket::crypto::sha256(&[&pad(0x36), signed.as_bytes()].concat());
    mcp_wicket::crypto::encode(&mcp_wicket::crypto::sha256(&[&pad(0x5c)[..], &inner].concat()))
}

#[test]
fn a_secret_that_is_on_its_way_out_still_counts_and_no_other() {
    use mcp_wicket::guard::bearer::Verification;
    use mcp_wicket::guard::jwt::VerifierInput;
    let (old, other) = ("vutsrqponmlkjihgfedcba9876543210", "another-secret-0123456789-abcdefgh");
    let verifier = read(json!({"secrets": [SECRET, old]})).unwrap();
    let claims = json!({"iss": "https://a.example", "aud": "me", "sub": "ann", "exp": crate::world::NOW / 1000 + 60});
    let signed = [super::part(r#"{"alg":"HS256"}"#), super::part(&claims.to_string())].join(".");
    let found = |signature: &str| {
        let input = json!({"token": format!("{signed}.{signature}")}).to_string();
        let request = VerifierInput::read(&input, "").unwrap();
        crate::world::World::silent().run(async |flow| verifier.verify(flow, &request).await).answer.unwrap()
    };
    for secret in [SECRET, old] {
        let Verification::Caller(caller) = found(&hs256(secret, &signed)) else { panic!("{secret} does not count") };
        assert_eq!(caller.until, crate::world::NOW + 60_000);
    }
    for signature in [hs256(other, &signed), hs256(SECRET, "x"), String::new(), hs256(SECRET, &signed)[..42].into()] {
        assert!(!matches!(found(&signature), Verification::Caller(_)), "{signature}");
    }
}

/// RFC 4231, test case 2.
#[test]
fn rfc_4231() {
    use mcp_wicket::guard::jwt::hmac::verify;
    use mcp_wicket::jose::algorithm::Algorithm;
    let bytes = |hex: &str| {
        hex.as_bytes()
            .chunks(2)
            .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
            .collect::<Vec<_>>()
    };
    for (algorithm, signature) in [
        (Algorithm::Hs256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            Algorithm::Hs384,
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
        ),
        (
            Algorithm::Hs512,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ] {
        let data = "what do ya want for nothing?";
        assert!(algorithm.is_secret());
        assert!(verify(algorithm, b"Jefe", data, &bytes(signature)), "{algorithm:?}");
        assert!(
            !verify(algorithm, b"Jeff", data, &bytes(signature)) && !verify(algorithm, b"Jefe", "x", &bytes(signature))
        );
    }
}
