//! Proof Key for Code Exchange (RFC 7636).

use mcp_wicket::oauth::pkce::{is_challenge, proves};

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

#[test]
fn the_example_of_the_rfc_is_proven() {
    assert!(is_challenge(CHALLENGE) && proves(VERIFIER, CHALLENGE));
}

#[test]
fn a_verifier_has_43_to_128_characters_of_those_that_it_may_have() {
    let challenge_of = |verifier: &str| mcp_wicket::crypto::encode(&mcp_wicket::crypto::sha256(verifier.as_bytes()));
    let long = "a".repeat(128);
    let every = "ABCXYZabcxyz0123456789-._~ABCXYZabcxyz01234567";
    for verifier in [VERIFIER, long.as_str(), every] {
        assert!(proves(verifier, &challenge_of(verifier)), "{verifier}");
    }
    let (short, longer) = ("a".repeat(42), "a".repeat(129));
    let odd =
        ["", &short, &longer, &VERIFIER.replace('-', "+"), &VERIFIER.replace('-', "="), &VERIFIER.replace('-', " ")];
    for verifier in odd.into_iter().chain([VERIFIER.replace('-', "ä").as_str()]) {
        assert!(!proves(verifier, &challenge_of(verifier)), "{verifier}");
    }
}

#[test]
fn only_the_hash_of_the_verifier_is_its_challenge() {
    // `plain` (§4.2) would have the verifier itself as its challenge.
    for challenge in [VERIFIER, "", &CHALLENGE[1..], &CHALLENGE.replace('E', "e")] {
        assert!(!proves(VERIFIER, challenge), "{challenge}");
    }
}

#[test]
fn a_challenge_is_32_bytes_in_base64url_without_padding() {
    let padded = CHALLENGE.to_owned() + "=";
    // The last character has two bits too many: no encoder writes it.
    let another_spelling = CHALLENGE.replace("cM", "cN");
    for challenge in ["", &CHALLENGE[1..], &padded, &another_spelling, &CHALLENGE.replace('-', "+")] {
        assert!(!is_challenge(challenge), "{challenge}");
    }
}
