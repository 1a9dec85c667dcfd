//! Where values begin and end in a text, and whether they are values (RFC 8259).

use std::borrow::Cow;

use super::{MAX_DEPTH, MAX_MEMBERS, Malformed, Nest, Object, Value};
use crate::unique::repeated;

/// Of so many members each is compared with those before it. Most objects have no more.
const FEW: usize = 16;

/// Reads JSON text of which nothing is known yet, or passes over text that has been read before.
pub(super) struct Reader<'a> {
    pub(super) text: &'a str,
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn wrong<T>(&self) -> Result<T, Malformed> {
        Err(Malformed::Syntax(self.at))
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            self.wrong()
        }
    }

    /// Where `step` leads from here, as a value.
    pub(super) fn slice(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), Malformed>,
    ) -> Result<Value<'a>, Malformed> {
        let start = self.at;
        step(self)?;
        self.text.get(start..self.at).map_or(Err(Malformed::Syntax(start)), |text| Ok(Value(text)))
    }

    /// Checks one value that is inside `depth` others.
    pub(super) fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{') => self.nested(depth, b'}'),
            Some(b'[') => self.nested(depth, b']'),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number(),
        }
    }

    /// Checks the array or object whose opening bracket is next.
    fn nested(&mut self, depth: usize, end: u8) -> Result<(), Malformed> {
        if depth == MAX_DEPTH {
            return Err(Malformed::TooDeep);
        }
        self.at += 1;
        self.space();
        if self.peek() == Some(end) {
            self.at += 1;
            return Ok(());
        }
        loop {
            if end == b'}' {
                self.string()?;
                self.space();
                self.take(b':')?;
                self.space();
            }
            self.value(depth + 1)?;
            self.space();
            if self.peek() != Some(b',') {
                return self.take(end);
            }
            self.at += 1;
            self.space();
        }
    }

    /// Checks and reads the object whose opening brace is next and that is inside `depth` others; and, if it is one, the
    /// object under the first of `path`, and so on.
    pub(super) fn nest(&mut self, depth: usize, path: &[&str]) -> Result<Nest<'a>, Malformed> {
        let mut inner = None;
        let object = self.object(|reader, name| match path.split_first() {
            Some((first, path)) if name == *first && reader.peek() == Some(b'{') && depth + 1 < MAX_DEPTH => {
                let start = reader.at;
                match reader.nest(depth + 1, path) {
                    Ok(nest) => inner = Some(Box::new(nest)),
                    Err(Malformed::Duplicate(_) | Malformed::TooWide) => {
                        // Whoever takes it apart is told.
                        reader.at = start;
                        return reader.value(depth + 1);
                    }
                    Err(malformed) => return Err(malformed),
                }
                Ok(())
            }
            _ => reader.value(depth + 1),
        })?;
        Ok(Nest { object, inner })
    }

    /// Reads the object whose opening brace is next; `value` passes over the value of the member that it is told.
    pub(super) fn object(
        &mut self,
        mut value: impl FnMut(&mut Self, &str) -> Result<(), Malformed>,
    ) -> Result<Object<'a>, Malformed> {
        let mut members: Vec<(Cow<'a, str>, Value<'a>)> = Vec::with_capacity(8);
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Object(members));
        }
        loop {
            let name = self.slice(Self::string)?;
            let name = name.string().unwrap_or(Cow::Borrowed(name.0));
            self.space();
            self.take(b':')?;
            self.space();
            let value = self.slice(|reader| value(reader, &name))?;
            if members.len() == MAX_MEMBERS {
                return Err(Malformed::TooWide);
            }
            if members.len() < FEW && members.iter().any(|(other, _)| *other == name) {
                return Err(Malformed::Duplicate(name.into_owned()));
            }
            members.push((name, value));
            self.space();
            if self.peek() != Some(b',') {
                self.take(b'}')?;
                break;
            }
            self.at += 1;
            self.space();
        }
        if members.len() > FEW {
            once(members.iter().map(|(name, _)| name.as_ref()))?;
        }
        Ok(Object(members))
    }

    /// Reads the array whose opening bracket is next; its text has been checked.
    pub(super) fn array(&mut self) -> Result<Vec<Value<'a>>, Malformed> {
        let mut elements = Vec::new();
        self.at += 1;
        self.space();
        while self.peek() != Some(b']') {
            elements.push(self.slice(Self::pass)?);
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
            }
            self.space();
        }
        Ok(elements)
    }

    /// Passes over a value that has been checked before, looking at no more than it must.
    pub(super) fn pass(&mut self) -> Result<(), Malformed> {
        if self.peek() == Some(b'"') {
            return self.string();
        }
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.string()?;
                    continue;
                }
                Some(b'{' | b'[') => depth += 1,
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(());
                    }
                }
                Some(b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r') if depth == 0 => return Ok(()),
                Some(_) => {}
                None => return Ok(()),
            }
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Malformed> {
        for byte in word.bytes() {
            self.take(byte)?;
        }
        Ok(())
    }

    fn string(&mut self) -> Result<(), Malformed> {
        self.take(b'"')?;
        loop {
            self.at += plain(self.rest());
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    self.escape()?;
                }
                _ => return self.wrong(),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    match self.peek() {
                        Some(digit) if digit.is_ascii_hexdigit() => self.at += 1,
                        _ => return self.wrong(),
                    }
                }
            }
            _ => return self.wrong(),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Malformed> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.wrong() } else { Ok(()) }
    }
}

/// Checks that no name is there twice.
pub(super) fn once<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Malformed> {
    repeated(names).map_or(Ok(()), |name| Err(Malformed::Duplicate(name.to_owned())))
}

/// How many bytes of a string stand here before its end, an escape or what must be escaped. Eight at a time: a byte that is
/// none of those leaves its highest bit clear in all three terms.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let (words, rest) = bytes.as_chunks::<8>();
    for (place, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let (quote, escape) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
        let special = (below(word, 0x20) | below(quote, 1) | below(escape, 1)) & HIGH;
        if special != 0 {
            // Lower places are exact; a borrow can only touch those above.
            return place * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let plain = |byte: &&u8| !matches!(**byte, b'"' | b'\\' | b'\0'..=b'\x1f');
    words.len() * 8 + rest.iter().take_while(plain).count()
}
