//! base64 against RFC 4648 and against the crate that everybody uses.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use mcp_wicket::crypto::base64::{decode, decode_url, encode, encode_url};

use crate::random::Random;

/// RFC 4648 §10.
const VECTORS: [(&str, &str); 7] = [
    ("", ""),
    ("f", "Zg=="),
    ("fo", "Zm8="),
    ("foo", "Zm9v"),
    ("foob", "Zm9vYg=="),
    ("fooba", "Zm9vYmE="),
    ("foobar", "Zm9vYmFy"),
];

#[test]
fn the_vectors_of_the_rfc() {
    for (text, encoded) in VECTORS {
        assert_eq!(encode(text.as_bytes()), encoded);
        assert_eq!(decode(encoded).as_deref(), Some(text.as_bytes()));
        let unpadded = encoded.trim_end_matches('=');
        assert_eq!(encode_url(text.as_bytes()), unpadded);
        assert_eq!(decode_url(unpadded).as_deref(), Some(text.as_bytes()));
        assert_eq!(decode_url(encoded).is_some(), unpadded == encoded, "{encoded}");
    }
}

#[test]
fn any_bytes_there_and_back() {
    let mut random = Random::new(4648);
    for length in 0..200 {
        let bytes = (0..length).map(|_| u8::try_from(random.below(256)).unwrap()).collect::<Vec<_>>();
        let (plain, safe) = (encode(&bytes), encode_url(&bytes));
        assert_eq!((&plain, &safe), (&STANDARD.encode(&bytes), &URL_SAFE_NO_PAD.encode(&bytes)));
        assert_eq!(decode(&plain).as_ref(), Some(&bytes));
        assert_eq!(decode_url(&safe).as_ref(), Some(&bytes));
    }
}

#[test]
fn what_is_no_base64_is_refused_and_nothing_else() {
    const CHARACTERS: [&str; 14] = ["A", "B", "Q", "g", "w", "9", "+", "/", "-", "_", "=", " ", "\n", "é"];
    let mut random = Random::new(7);
    let mut read = 0;
    for _ in 0..200_000 {
        let length = random.below(10);
        let text = (0..length).map(|_| CHARACTERS[random.below(CHARACTERS.len())]).collect::<String>();
        assert_eq!(decode(&text), STANDARD.decode(&text).ok(), "{text:?}");
        assert_eq!(decode_url(&text), URL_SAFE_NO_PAD.decode(&text).ok(), "{text:?}");
        read += usize::from(decode(&text).is_some()) + usize::from(decode_url(&text).is_some());
    }
    assert!(read > 1000, "only {read} of them could be read");
}
