//! Where values begin and end in a text, and whether they are values (RFC 8259).

use std::borrow::Cow;

use super::{MAX_DEPTH, MAX_MEMBERS, Malformed, Object, Value};

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

    /// Reads the object whose opening brace is next; `value` passes over a member's value.
    pub(super) fn object(&mut self, value: fn(&mut Self) -> Result<(), Malformed>) -> Result<Object<'a>, Malformed> {
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
            let value = self.slice(value)?;
            if members.len() == MAX_MEMBERS {
                return Err(Malformed::TooWide);
            }
            if members.iter().any(|(other, _)| *other == name) {
                return Err(Malformed::Duplicate(name.into_owned()));
            }
            members.push((name, value));
            self.space();
            if self.peek() != Some(b',') {
                self.take(b'}')?;
                return Ok(Object(members));
            }
            self.at += 1;
            self.space();
        }
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
            self.at += self.rest().iter().take_while(|byte| !matches!(**byte, b'"' | b'\\' | b'\0'..=b'\x1f')).count();
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
