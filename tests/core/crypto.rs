//! Keys and sealed values.

use std::collections::HashSet;

use mcp_wicket::crypto::seal::{open_with, seal_with};
use mcp_wicket::crypto::{Keys, Purpose, SealContext, WeakSecret, decode, encode, hash, same};
use mcp_wicket::flow::Context;

use crate::world::{ENTROPY, NOW};

const OLD: &str = "b2xkLXNlY3JldC1mb3ItdGVzdHMtb25seS0wMTIzNDU2Nzg=";
const NEW: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const BINDING: SealContext<'_> =
    SealContext { purpose: Purpose::AccessToken, issuer: "https://a.example", audience: "https://a.example/mcp" };

fn keys(secret: &str) -> Keys {
    Keys::parse(secret).unwrap()
}

fn context() -> Context {
    Context::new(NOW, ENTROPY)
}

#[test]
fn secrets_of_256_bits_are_taken() {
    for secret in [OLD, NEW, &NEW.to_uppercase(), &format!(" {NEW} , {OLD}\n"), &OLD[..43]] {
        assert!(Keys::parse(secret).is_ok(), "{secret}");
    }
}

#[test]
fn weak_secrets_are_refused_with_the_fix() {
    for (secret, why) in [
        (String::new(), WeakSecret::Absent),
        (" \n".into(), WeakSecret::Absent),
        (format!("{NEW},"), WeakSecret::Empty),
        (format!(",{NEW}"), WeakSecret::Empty),
        ("my-secret-key".into(), WeakSecret::Short),
        (OLD[..42].into(), WeakSecret::Short),
        (NEW[..63].into(), WeakSecret::Short),
        ("0123456789".repeat(5), WeakSecret::Short),
        ("a".repeat(64), WeakSecret::Pattern),
        ("changeme".repeat(8), WeakSecret::Pattern),
        ("01".repeat(32), WeakSecret::Pattern),
        ("the quick brown fox jumps over the lazy dog again".into(), WeakSecret::Characters),
        (format!("{OLD}\0"), WeakSecret::Characters),
        (OLD.repeat(30), WeakSecret::Long),
        (format!("{NEW},{NEW}"), WeakSecret::Twice),
        (format!("{OLD},x"), WeakSecret::Short),
        ((0..9).map(|number| format!("{number}{OLD}")).collect::<Vec<_>>().join(","), WeakSecret::Many),
    ] {
        let refused = Keys::parse(&secret).unwrap_err();
        assert_eq!(refused, why, "{secret}");
        assert!(refused.message().contains("openssl rand -base64 32"));
        assert!(secret.trim().is_empty() || !refused.message().contains(&secret));
    }
}

#[test]
fn eight_secrets_of_1024_characters_are_the_most() {
    let secret = |number: usize| format!("{number}{}", &OLD.repeat(30)[..1023]);
    let eight = (0..8).map(secret).collect::<Vec<_>>().join(",");
    assert!(Keys::parse(&eight).is_ok());
    assert_eq!(Keys::parse(&format!("{eight},{NEW}")).unwrap_err(), WeakSecret::Many);
    assert_eq!(Keys::parse(&format!("{}x", secret(0))).unwrap_err(), WeakSecret::Long);
}

#[test]
fn what_is_sealed_under_a_former_key_is_known_to_be() {
    let (old, both) = (keys(OLD), keys(&format!("{NEW},{OLD}")));
    let sealed = old.seal_text(&context(), &BINDING, b"");
    assert!(old.is_current(&sealed) && !both.is_current(&sealed) && !keys(NEW).is_current(&sealed));
    assert!(old.may_have_sealed(&sealed) && both.may_have_sealed(&sealed) && !keys(NEW).may_have_sealed(&sealed));
    let renewed = both.seal_text(&context(), &BINDING, b"");
    assert!(both.is_current(&renewed) && !both.is_current("") && !both.is_current("!"));
    // Nothing shorter than an empty text can be sealed.
    let shortest = decode(&sealed).unwrap();
    assert!(!old.may_have_sealed(&encode(&shortest[..shortest.len() - 1])) && old.may_have_sealed(&encode(&shortest)));
}

#[test]
fn keys_do_not_show() {
    let shown = format!("{:?}", keys(&format!("{NEW},{OLD}")));
    assert!((20..60).contains(&shown.len()) && !shown.contains(&NEW[..8]), "{shown}");
}

#[test]
fn what_is_sealed_opens_with_the_same_binding() {
    for plaintext in [&b""[..], b"x", &[0; 5000]] {
        let sealed = keys(NEW).seal(&context(), &BINDING, plaintext);
        assert_eq!(sealed.len(), plaintext.len() + 44);
        assert_eq!(keys(NEW).open(&BINDING, &sealed).as_deref(), Some(plaintext));
        let text = keys(NEW).seal_text(&context(), &BINDING, plaintext);
        assert_eq!(keys(NEW).open_text(&BINDING, &text).as_deref(), Some(plaintext));
    }
}

#[test]
fn a_sealed_value_keeps_its_format() {
    // What was sealed by an earlier release has to open.
    let sealed = keys(NEW).seal_text(&context(), &BINDING, b"format 1");
    assert_eq!(sealed, "D3hv6pD1EXJS6568yKUT3Di6VHd-jLo46z9Xkg-OjGEn5b9CumM-xiUxUKKkM-dOUwDCWg");
}

#[test]
fn nothing_opens_with_another_binding() {
    let sealed = keys(NEW).seal(&context(), &BINDING, b"text");
    let others = [
        SealContext { purpose: Purpose::RefreshToken, ..BINDING },
        SealContext { purpose: Purpose::Code, ..BINDING },
        SealContext { issuer: "https://b.example", ..BINDING },
        SealContext { issuer: "", ..BINDING },
        SealContext { audience: "https://a.example/sse", ..BINDING },
        SealContext { audience: "", ..BINDING },
        // A byte moved from one part to the next.
        SealContext { issuer: "https://a.exampleh", audience: "ttps://a.example/mcp", ..BINDING },
    ];
    for other in others {
        assert_eq!(keys(NEW).open(&other, &sealed), None, "{other:?}");
    }
}

#[test]
fn nothing_opens_that_was_changed() {
    let sealed = keys(NEW).seal(&context(), &BINDING, b"text");
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed[at] ^= 1 << bit;
            assert_eq!(keys(NEW).open(&BINDING, &changed), None, "byte {at}, bit {bit}");
        }
        assert_eq!(keys(NEW).open(&BINDING, &sealed[..at]), None, "the first {at} bytes");
    }
    assert_eq!(keys(NEW).open(&BINDING, &[&sealed[..], b"x"].concat()), None);
    let text = encode(&sealed);
    for other in [format!("{text}="), format!(" {text}"), format!("{text}A"), text.replace('_', "/") + "/", "é".into()]
    {
        assert_eq!(keys(NEW).open_text(&BINDING, &other), None, "{other}");
    }
}

#[test]
fn former_keys_open_and_the_current_one_seals() {
    let both = keys(&format!("{NEW},{OLD}"));
    let by_old = keys(OLD).seal(&context(), &BINDING, b"text");
    let by_both = both.seal(&context(), &BINDING, b"text");
    assert!(both.open(&BINDING, &by_old).is_some() && both.open(&BINDING, &by_both).is_some());
    assert!(keys(NEW).open(&BINDING, &by_both).is_some() && keys(NEW).open(&BINDING, &by_old).is_none());
    assert!(keys(OLD).open(&BINDING, &by_both).is_none());
    // The kid picks the key: under another's name it does not open, though the key is there.
    let renamed = [&by_both[..4], &by_old[4..]].concat();
    assert_eq!(both.open(&BINDING, &renamed), None);
}

#[test]
fn each_purpose_has_a_key_of_its_own() {
    use Purpose::*;
    let purposes = [
        Session,
        RequestState,
        Consent,
        Code,
        AccessToken,
        RefreshToken,
        Account,
        Credential,
        Keyring,
        Nonce,
        PushedRequest,
        Page,
    ];
    for a in purposes {
        let sealed = keys(NEW).seal(&context(), &SealContext { purpose: a, ..BINDING }, b"text");
        for b in purposes {
            let opened = keys(NEW).open(&SealContext { purpose: b, ..BINDING }, &sealed);
            assert_eq!(opened.is_some(), a == b, "{a:?} as {b:?}");
        }
    }
}

#[test]
fn no_two_values_of_a_flow_are_alike() {
    let (context, keys) = (context(), keys(NEW));
    let sealed = (0..100).map(|_| keys.seal(&context, &BINDING, b"text")).collect::<HashSet<_>>();
    assert_eq!(sealed.len(), 100);
}

#[test]
fn a_key_from_elsewhere_opens_what_it_sealed() {
    let sealed = seal_with(&[1; 32], [0; 4], [2; 24], b"for", b"text");
    assert_eq!(open_with(&[1; 32], b"for", &sealed).as_deref(), Some(&b"text"[..]));
    assert_eq!(open_with(&[3; 32], b"for", &sealed), None);
    assert_eq!(open_with(&[1; 32], b"fro", &sealed), None);
    assert_eq!(open_with(&[1; 32], b"for", b""), None);
}

/// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
#[test]
fn the_cipher_is_the_drafts() {
    let hex = |text: &str| {
        text.as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect::<Vec<_>>()
    };
    let key: [u8; 32] = core::array::from_fn(|at| 0x80 + u8::try_from(at).unwrap());
    let nonce: [u8; 24] = core::array::from_fn(|at| 0x40 + u8::try_from(at).unwrap());
    let plaintext = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
                      sunscreen would be it.";
    let sealed = seal_with(&key, [0; 4], nonce, &hex("50515253c0c1c2c3c4c5c6c7"), plaintext);
    assert_eq!(
        sealed[28..],
        hex(concat!(
            "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39",
            "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9",
            "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
        ))
    );
}

#[test]
fn hashes_keep_their_parts_apart() {
    let all = [
        hash("a", &[b"b", b"c"]),
        hash("a", &[b"bc"]),
        hash("a", &[b"bc", b""]),
        hash("ab", &[b"c"]),
        hash("a", &[b"c", b"b"]),
        hash("a", &[]),
    ];
    assert_eq!(HashSet::from(all).len(), all.len());
    assert_eq!(hash("a", &[b"b"]), hash("a", &[b"b"]));
}

#[test]
fn comparing() {
    assert!(same(b"", b"") && same(b"abc", b"abc"));
    assert!(!same(b"abc", b"abd") && !same(b"abc", b"ab") && !same(b"", b"a"));
    assert_eq!(decode(&encode(b"\xff\xfe")).as_deref(), Some(&b"\xff\xfe"[..]));
    assert_eq!(decode("_-=="), None);
}

#[test]
fn a_mac_is_an_hmac_over_each_part_with_its_length() {
    let key: [u8; 32] = core::array::from_fn(|at| u8::try_from(at).unwrap());
    let of = |parts: &[&[u8]]| mcp_wicket::crypto::encode(&mcp_wicket::crypto::mac(&key, parts));
    // As another implementation of RFC 2104 has it.
    assert_eq!(of(&[b"a", b"bc"]), "O930vIVK4FNk9jU6fsAY3nT7H-a7WZIH8XI2jZSQud0");
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
}
