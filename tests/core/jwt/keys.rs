//! Public keys: which are taken, and which are not (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).

use mcp_wicket::crypto::encode;
use mcp_wicket::jose::algorithm::Algorithm;
use mcp_wicket::jose::jwk::{JwkError, MAX_KEYS, PublicKey, fitting, read_set, write_checked};
use mcp_wicket::json::Object;
use serde_json::{Value, json};

use super::joined;

fn read(jwk: &Value) -> Result<PublicKey, JwkError> {
    PublicKey::read(&Object::read(&jwk.to_string()).unwrap())
}

fn octets(length: usize) -> String {
    encode(&vec![0x5a; length])
}

fn ec(curve: &str, length: usize) -> Value {
    json!({"kty": "EC", "crv": curve, "x": octets(length), "y": octets(length)})
}

fn okp() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": octets(32)})
}

/// A modulus of so many bits.
fn modulus(bits: usize) -> Vec<u8> {
    let mut bytes = (0..bits.div_ceil(8)).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect::<Vec<_>>();
    bytes[0] = 1 << ((bits - 1) % 8);
    *bytes.last_mut().unwrap() |= 1;
    bytes
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "n": encode(modulus), "e": encode(exponent)})
}

#[test]
fn keys_of_each_kind_are_taken_and_only_for_their_algorithms() {
    use Algorithm::{EdDsa, Es256, Es384, Es512, Hs256, Ps256, Rs256};
    for (jwk, algorithms) in [
        (ec("P-256", 32), vec![Es256]),
        (ec("P-384", 48), vec![Es384]),
        (ec("P-521", 66), vec![Es512]),
        (okp(), vec![EdDsa]),
        (rsa(&modulus(2048), &[1, 0, 1]), vec![Rs256, Ps256]),
    ] {
        let key = read(&jwk).unwrap();
        for algorithm in [Es256, Es384, Es512, EdDsa, Hs256, Rs256, Ps256] {
            assert_eq!(key.fits(algorithm, None), algorithms.contains(&algorithm), "{jwk} {algorithm:?}");
        }
    }
}

#[test]
fn what_is_no_public_key_for_verifying_is_refused_with_the_reason() {
    use JwkError::{Kind, NoJwk, Numbers, Private, Purpose, Secret};
    for (jwk, why) in [
        (joined(okp(), &json!({"kty": "-"})), NoJwk),
        (json!({"kty": "oct", "k": "AA"}), Secret),
        (joined(okp(), &json!({"d": "AA"})), Private),
        (joined(okp(), &json!({"k": "AA"})), Private),
        (joined(rsa(&modulus(2048), &[3]), &json!({"oth": []})), Private),
        (joined(okp(), &json!({"use": "enc"})), Purpose),
        (joined(okp(), &json!({"use": 1})), Purpose),
        (joined(okp(), &json!({"key_ops": ["sign"]})), Purpose),
        (joined(okp(), &json!({"key_ops": []})), Purpose),
        (joined(okp(), &json!({"key_ops": ["verify", "verify"]})), Purpose),
        (joined(okp(), &json!({"key_ops": ["verify", 1]})), Purpose),
        (joined(okp(), &json!({"key_ops": "verify"})), NoJwk),
        (joined(okp(), &json!({"alg": "ES256"})), Purpose),
        (joined(okp(), &json!({"alg": "none"})), Purpose),
        (joined(okp(), &json!({"alg": 1})), Purpose),
        (joined(okp(), &json!({"kid": 1})), NoJwk),
        (joined(okp(), &json!({"kty": "XYZ"})), Kind),
        (joined(okp(), &json!({"crv": "X25519"})), Kind),
        (joined(okp(), &json!({"crv": "P-256"})), Kind),
        (joined(okp(), &json!({"crv": "-"})), Kind),
        (ec("Ed25519", 32), Kind),
        (ec("P-256", 31), Numbers),
        (ec("P-256", 33), Numbers),
        (joined(ec("P-256", 32), &json!({"y": octets(31)})), Numbers),
        (joined(ec("P-256", 32), &json!({"y": "-"})), Numbers),
        (joined(okp(), &json!({"x": "!"})), Numbers),
        (joined(okp(), &json!({"x": ""})), Numbers),
    ] {
        let unusable = read(&jwk).unwrap_err();
        assert_eq!(unusable, why, "{jwk}");
    }
    for good in [
        json!({"use": "sig"}),
        json!({"key_ops": ["sign", "verify"]}),
        json!({"key_ops": ["verify", "sign"]}),
        json!({"alg": "EdDSA"}),
    ] {
        assert!(read(&joined(okp(), &good)).is_ok(), "{good}");
    }
}

#[test]
fn rsa_keys_have_sound_numbers() {
    use JwkError::{Numbers, Size};
    let good = modulus(2048);
    for bits in [2048, 2049, 3072, 8192] {
        assert!(read(&rsa(&modulus(bits), &[1, 0, 1])).is_ok(), "{bits}");
    }
    for exponent in [&[3][..], &[1, 0, 1], &[255, 255, 255, 255], &[1, 1]] {
        assert!(read(&rsa(&good, exponent)).is_ok(), "{exponent:?}");
    }
    let zero_first = [&[0], &good[..]].concat();
    let even = [&good[..255], &[2]].concat();
    for (modulus, exponent, why) in [
        (&modulus(2047), &[1, 0, 1][..], Size),
        (&modulus(1024), &[1, 0, 1], Size),
        (&modulus(8193), &[1, 0, 1], Size),
        (&zero_first, &[1, 0, 1], Numbers),
        (&even, &[1, 0, 1], Numbers),
        (&good, &[1], Numbers),
        (&good, &[2], Numbers),
        (&good, &[0, 3], Numbers),
        (&good, &[1, 0, 0, 0, 1], Numbers),
        (&good, &[], Numbers),
        (&vec![], &[3], Numbers),
    ] {
        assert_eq!(read(&rsa(modulus, exponent)).unwrap_err(), why, "{} bytes, {exponent:?}", modulus.len());
    }
}

/// CVE-2017-15361: such a modulus is a power of 65537 modulo each small prime. So is 65537^128, which has 2049 bits.
#[test]
fn a_modulus_that_can_be_factored_is_refused() {
    let mut power = vec![1_u8];
    for _ in 0..128 {
        let mut next = vec![0_u8; power.len() + 3];
        let mut carry = 0_u32;
        for at in (0..next.len()).rev() {
            let digit = |from_end: usize| power.len().checked_sub(from_end + 1).map_or(0, |at| u32::from(power[at]));
            let from_end = next.len() - 1 - at;
            carry += digit(from_end) + from_end.checked_sub(2).map_or(0, digit);
            next[at] = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        power = next.into_iter().skip_while(|byte| *byte == 0).collect();
    }
    assert_eq!((power.len(), power[0]), (257, 1));
    assert_eq!(read(&rsa(&power, &[1, 0, 1])).unwrap_err(), JwkError::Numbers);
    // The last byte of each such power is 1; that alone makes none of them.
    let mut ordinary = modulus(2048);
    *ordinary.last_mut().unwrap() = 1;
    assert!(read(&rsa(&ordinary, &[1, 0, 1])).is_ok());
    // Times two plus one it is none.
    let mut other = power.iter().map(|byte| byte << 1).collect::<Vec<_>>();
    *other.last_mut().unwrap() |= 1;
    assert!(read(&rsa(&other, &[1, 0, 1])).is_ok());
}

#[test]
fn each_reason_says_what_to_do() {
    for (why, words) in [
        (JwkError::NoJwk, "not a JWK"),
        (JwkError::Secret, "use `secret`"),
        (JwkError::Private, "private key"),
        (JwkError::Purpose, "`key_ops`"),
        (JwkError::Kind, "`crv`"),
        (JwkError::Numbers, "parameters"),
        (JwkError::Size, "2048 to 8192 bits"),
    ] {
        assert!(why.reason().contains(words), "{why:?}");
    }
}

#[test]
fn of_a_set_the_keys_count_that_can_be_used() {
    let secret = json!({"kty": "oct", "k": "AA"});
    let set = |keys: Vec<Value>| json!({"keys": keys}).to_string();
    let counted = |text: &str| read_set(text).map(|(usable, unusable)| (usable.len(), unusable));
    assert_eq!(counted(&set(vec![okp(), secret.clone(), ec("P-256", 32), json!(1)])), Some((2, 2)));
    assert_eq!(counted(&set(vec![])), Some((0, 0)));
    assert_eq!(counted(&set(vec![okp(); MAX_KEYS])), Some((MAX_KEYS, 0)));
    assert_eq!(counted(&set(vec![okp(); MAX_KEYS + 1])), None);
    for text in ["{}", "[]", r#"{"keys":{}}"#, ""] {
        assert_eq!(counted(text), None, "{text}");
    }
    let padded = |length: usize| {
        let text = set(vec![okp()]);
        [text.as_str(), &" ".repeat(length - text.len())].concat()
    };
    assert_eq!((counted(&padded(256 * 1024)), counted(&padded(256 * 1024 + 1))), (Some((1, 0)), None));
}

#[test]
fn what_is_kept_of_a_set_finds_the_same_keys() {
    let with = |jwk: Value, more: Value| read(&joined(jwk, &more)).unwrap();
    let keys = [
        with(okp(), json!({"kid": "a"})),
        with(okp(), json!({"kid": "b", "alg": "EdDSA"})),
        with(rsa(&modulus(2048), &[3]), json!({"kid": "b", "alg": "PS256"})),
        with(rsa(&modulus(2056), &[3]), json!({})),
        with(ec("P-384", 48), json!({"kid": "b"})),
    ];
    let text = write_checked(&keys);
    for (algorithm, kid, at) in [
        (Algorithm::EdDsa, Some("a"), vec![0]),
        (Algorithm::EdDsa, Some("b"), vec![1]),
        (Algorithm::EdDsa, None, vec![0, 1]),
        (Algorithm::EdDsa, Some("c"), vec![]),
        (Algorithm::Ps256, Some("b"), vec![2, 3]),
        (Algorithm::Rs256, Some("b"), vec![3]),
        (Algorithm::Es384, Some("b"), vec![4]),
        (Algorithm::Es256, None, vec![]),
    ] {
        let found = fitting(&text, algorithm, kid);
        let wanted = at.iter().map(|at| &keys[*at]).collect::<Vec<_>>();
        let shown = |key: &PublicKey| (key.jwk().to_owned(), key.name_for(algorithm));
        assert_eq!(
            found.iter().map(shown).collect::<Vec<_>>(),
            wanted.into_iter().map(shown).collect::<Vec<_>>(),
            "{algorithm:?} {kid:?}"
        );
    }
    // No more than four are tried where a token does not say which.
    assert_eq!(fitting(&write_checked(&vec![keys[0].clone(); 9]), Algorithm::EdDsa, None).len(), 4);
    assert!(fitting("", Algorithm::EdDsa, None).is_empty());
}

#[test]
fn a_key_has_a_name_of_its_own_and_no_member_but_the_public_ones() {
    let one = read(&joined(okp(), &json!({"kid": "a", "x5c": ["AA"]}))).unwrap();
    assert_eq!(one.jwk(), format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{}"}}"#, octets(32)));
    let other = read(&joined(okp(), &json!({"x": encode(&[1; 32])}))).unwrap();
    let name = one.name_for(Algorithm::EdDsa);
    assert!(name.starts_with("EdDSA.") && name.len() == 28, "{name}");
    assert_ne!(name, other.name_for(Algorithm::EdDsa));
    assert_eq!(name, read(&okp()).unwrap().name_for(Algorithm::EdDsa), "whatever else stands in the JWK");
}
