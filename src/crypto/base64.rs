//! base64 (RFC 4648): without padding and safe in URLs, as tokens have it (§5), and the plain one, as headers have it (§4).
//!
//! Each value has one spelling: digits outside of the alphabet, bits left over that are not zero and a padding that is
//! not as it should be are refused.

const ALPHABET: [u8; 64] = *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What a byte means, or [`NO_DIGIT`].
const DIGITS: [u8; 256] = digits();
const NO_DIGIT: u8 = 64;

#[expect(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "the compiler runs it, and would stop")]
const fn digits() -> [u8; 256] {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
}

/// base64url without padding.
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let mut padded = [0; 4];
        for (to, from) in padded.iter_mut().skip(1).zip(three) {
            *to = *from;
        }
        let bits = u32::from_be_bytes(padded);
        let digits = [bits >> 18, bits >> 12, bits >> 6, bits].map(|bits| ALPHABET.get(bits as usize & 63));
        text.extend(digits.into_iter().take(three.len() + 1).flatten().map(|digit| char::from(*digit)));
    }
    text
}

/// Reads base64url without padding.
#[must_use]
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    let (fours, last) = text.as_bytes().as_chunks::<4>();
    let mut bytes = Vec::with_capacity(fours.len() * 3 + 3);
    for four in fours {
        bytes.extend(three(*four)?);
    }
    let mut padded = *b"AAAA";
    for (to, from) in padded.iter_mut().zip(last) {
        *to = *from;
    }
    let three = three(padded)?;
    let (here, beyond) = three.split_at_checked(last.len().saturating_sub(1))?;
    bytes.extend(here);
    (last.len() != 1 && beyond.iter().all(|byte| *byte == 0)).then_some(bytes)
}

/// What four digits mean.
fn three(four: [u8; 4]) -> Option<[u8; 3]> {
    let [a, b, c, d] = four.map(|byte| DIGITS.get(usize::from(byte)).copied().unwrap_or(NO_DIGIT));
    let [_, three @ ..] = (u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d)).to_be_bytes();
    ((a | b | c | d) < NO_DIGIT).then_some(three)
}

/// base64 with padding.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let plain = |digit| match digit {
        '-' => '+',
        '_' => '/',
        digit => digit,
    };
    let mut text = encode_url(bytes).chars().map(plain).collect::<String>();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

/// Reads base64 with padding.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let safe = |digit| match digit {
        '+' => '-',
        '/' => '_',
        '-' | '_' => '=',
        digit => digit,
    };
    if text.len().is_multiple_of(4) { decode_url(&digits.chars().map(safe).collect::<String>()) } else { None }
}
