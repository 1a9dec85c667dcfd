//! `application/x-www-form-urlencoded` (URL standard, section 5): queries and the bodies of forms.

/// `text` as it may stand in a query, a form or a path segment: only RFC 3986's unreserved characters stay as they are.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            let digits = [byte >> 4, byte & 15].into_iter().filter_map(|nibble| char::from_digit(nibble.into(), 16));
            encoded.extend(digits.map(|digit| digit.to_ascii_uppercase()));
        }
    }
    encoded
}

/// These names and values, encoded and joined.
#[must_use]
pub fn pairs(pairs: &[(&str, &str)]) -> String {
    let encoded = pairs.iter().map(|(name, value)| encode(name) + "=" + &encode(value));
    encoded.collect::<Vec<_>>().join("&")
}

/// `url` with these names and values added to its query.
#[must_use]
pub fn with_query(url: &str, added: &[(&str, &str)]) -> String {
    let joint = match url.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    String::from(url) + joint + &pairs(added)
}

/// The names and values of a query or a form, decoded, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query (without its `?`) or a form; nothing if an escape is broken or what it stands for is no UTF-8.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        pairs.collect::<Option<_>>().map(Self)
    }

    /// The value of `name`, if it is there; the first of several, so look at [`Self::repeated`] before.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// All values of `name`.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// A name that is there more than once.
    #[must_use]
    pub fn repeated(&self) -> Option<&str> {
        let names = self.0.iter().enumerate();
        names
            .into_iter()
            .find_map(|(at, (name, _))| self.0.iter().take(at).any(|(other, _)| other == name).then_some(name.as_str()))
    }
}

/// What an encoded text stands for.
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit()? << 4 | digit()?
            }
            other => other,
        });
    }
    String::from_utf8(decoded).ok()
}
