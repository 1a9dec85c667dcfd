//! The server's secrets: parses and checks `WICKET_SECRET`, and derives keys from it.

use core::fmt;

use hkdf::Hkdf;
use sha2::Sha256;

/// Maximum number of secrets: the current one and former ones.
const MAX_SECRETS: usize = 8;
/// 256 bits need this many characters of base64 …
const MIN_LENGTH: usize = 43;
/// … and this many hexadecimal digits.
const MIN_HEX_LENGTH: usize = 64;
const MAX_LENGTH: usize = 1024;
/// 43 random characters of base64 practically always contain this many different ones …
const MIN_DIFFERENT: usize = 16;
/// … and 64 random hexadecimal digits this many.
const MIN_DIFFERENT_HEX: usize = 8;

/// The name of a key inside a sealed value. It is derived from the secret, and reveals nothing about it.
pub type KeyId = [u8; 4];

/// The keys of a server. The first one seals; each opens what it has sealed.
pub struct Keys {
    current: Root,
    former: Vec<Root>,
}

struct Root {
    kid: KeyId,
    key: Hkdf<Sha256>,
}

/// Keys must not appear in logs.
impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.all().map(|root| root.kid)).finish()
    }
}

/// Why a secret is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakSecret {
    /// There is none.
    Absent,
    /// One of the list is empty: there is a comma too many.
    Empty,
    /// It is too short for 256 bits.
    Short,
    /// It is unreasonably long.
    Long,
    /// It repeats few characters: a word or a pattern, not a random value.
    Pattern,
    /// It contains white space or control characters.
    Characters,
    /// It is repeated.
    Twice,
    /// The list is too long.
    Many,
}

impl WeakSecret {
    /// What is wrong, and the fix. Never shows the secret.
    #[must_use]
    pub fn message(self) -> String {
        let what = match self {
            Self::Absent => "WICKET_SECRET is empty.",
            Self::Empty => "WICKET_SECRET has an empty value in its list: remove the extra comma.",
            Self::Short => "WICKET_SECRET is too short: it must have at least 256 random bits.",
            Self::Long => "A value of WICKET_SECRET is longer than 1,024 characters.",
            Self::Pattern => "WICKET_SECRET is not random: it consists of a few repeated characters.",
            Self::Characters => "WICKET_SECRET has spaces or control characters inside a value.",
            Self::Twice => "WICKET_SECRET has the same value twice.",
            Self::Many => "WICKET_SECRET lists more than eight values.",
        };
        String::from(what)
            + " Make one with `openssl rand -base64 32` and set it with `npx wrangler secret put WICKET_SECRET`. To change \
               it without signing anybody out, put the new value before the old one, with a comma in between."
    }
}

impl Keys {
    /// Reads `current,previous,…`. Each value must look like at least 256 random bits: 43 characters of base64 or 64
    /// hexadecimal digits.
    pub fn parse(secrets: &str) -> Result<Self, WeakSecret> {
        let secrets = secrets.trim();
        if secrets.is_empty() {
            return Err(WeakSecret::Absent);
        }
        let mut values = secrets.split(',').map(str::trim);
        let mut keys = Self { current: Root::judged(values.next().unwrap_or_default())?, former: Vec::new() };
        for secret in values {
            let root = Root::judged(secret)?;
            if keys.all().any(|other| other.kid == root.kid) {
                return Err(WeakSecret::Twice);
            }
            keys.former.push(root);
        }
        if keys.all().count() > MAX_SECRETS { Err(WeakSecret::Many) } else { Ok(keys) }
    }

    fn all(&self) -> impl Iterator<Item = &Root> {
        core::iter::once(&self.current).chain(&self.former)
    }

    /// The key that seals for the use named by `label`, and its name.
    #[must_use]
    pub fn current<const N: usize>(&self, label: &str) -> (KeyId, [u8; N]) {
        (self.current.kid, self.current.derive(label))
    }

    /// The key named `kid` for the use named by `label`, if the server still has it.
    #[must_use]
    pub fn named<const N: usize>(&self, kid: KeyId, label: &str) -> Option<[u8; N]> {
        self.all().find(|root| root.kid == kid).map(|root| root.derive(label))
    }
}

impl Root {
    fn judged(secret: &str) -> Result<Self, WeakSecret> {
        judge(secret)?;
        let key = Hkdf::<Sha256>::new(Some(b"mcp-wicket root key, version 1"), secret.as_bytes());
        let mut root = Self { kid: KeyId::default(), key };
        root.kid = root.derive("kid");
        Ok(root)
    }

    /// HKDF-SHA-256 (RFC 5869); `label` is the info.
    fn derive<const N: usize>(&self, label: &str) -> [u8; N] {
        const { assert!(N <= 32, "one block of the hash is enough for every key") };
        let mut bytes = [0; N];
        let expanded = self.key.expand_multi_info(&[b"mcp-wicket key for ", label.as_bytes()], &mut bytes);
        debug_assert!(expanded.is_ok(), "one block always fits");
        bytes
    }
}

/// A random value cannot be recognized, but the usual mistakes can: words, short values, repetitions.
fn judge(secret: &str) -> Result<(), WeakSecret> {
    if secret.is_empty() {
        return Err(WeakSecret::Empty);
    }
    if secret.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(WeakSecret::Characters);
    }
    if secret.len() > MAX_LENGTH {
        return Err(WeakSecret::Long);
    }
    let is_hex = secret.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (length, different) = if is_hex { (MIN_HEX_LENGTH, MIN_DIFFERENT_HEX) } else { (MIN_LENGTH, MIN_DIFFERENT) };
    if secret.len() < length {
        return Err(WeakSecret::Short);
    }
    let mut seen = [false; 256];
    for byte in secret.bytes() {
        if let Some(seen) = seen.get_mut(usize::from(byte)) {
            *seen = true;
        }
    }
    if seen.iter().filter(|seen| **seen).count() < different { Err(WeakSecret::Pattern) } else { Ok(()) }
}
