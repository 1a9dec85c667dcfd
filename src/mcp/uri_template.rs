//! URI templates (RFC 6570), read backwards: which variables make a template into this URI?
//!
//! **Threat.** A backtracking matcher takes time that grows exponentially or polynomially with the URI's length
//! (CVE-2026-0621 of the official SDK). The URI is chosen by the attacker.
//! **Guarantee.** Matching looks at each byte of the URI a bounded number of times for each part of the template: first
//! it finds, from the end, where the rest can match, then it goes forward and never back. Templates and URIs have
//! maximum lengths.
//! **Not guaranteed.** A particular meaning of an ambiguous template: the first variable takes the most.
//!
//! A variable is never empty. Values remain percent-encoded as written. A value with a dot segment, plain or encoded,
//! matches nothing: resolved as a path it would lead out of what the template covers.

use core::ops::Range;

use crate::bounds;
use crate::flow::Variable;

/// Maximum length of a template, in bytes.
const MAX_TEMPLATE: usize = 1024;
/// Maximum number of parts of a template: literals and variables.
const MAX_PARTS: usize = 64;

/// A parsed template.
#[derive(Debug)]
pub struct UriTemplate<'a>(Vec<Part<'a>>);

#[derive(Debug)]
enum Part<'a> {
    /// Literal text.
    Literal(&'a str),
    /// A variable outside of a query.
    Variable { spec: Spec<'a>, reserved: bool },
    /// The variables of a query, which may be in any order or absent.
    Query { start: char, specs: Vec<Spec<'a>> },
}

/// A variable (RFC 6570 §2.3, §2.4).
#[derive(Clone, Copy, Debug)]
struct Spec<'a> {
    name: &'a str,
    explode: bool,
    most: usize,
}

impl<'a> Spec<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (text, explode) = text.strip_suffix('*').map_or((text, false), |text| (text, true));
        let (name, most) = match text.split_once(':') {
            None => (text, bounds::URI),
            Some((name, most)) if !explode => (name, most.parse().ok().filter(|most| (1..10_000).contains(most))?),
            Some(_) => return None,
        };
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'%'));
        is_name.then_some(Self { name, explode, most })
    }

    /// The variable's value, if `text` is a valid one.
    fn value(self, text: &str, separator: char) -> Option<Variable> {
        if text.chars().count() > self.most || has_dot_segment(text) {
            return None;
        }
        Some(if self.explode && text.chars().any(|character| character == separator) {
            Variable::Many(text.split(separator).map(Into::into).collect())
        } else {
            Variable::One(text.into())
        })
    }
}

impl<'a> UriTemplate<'a> {
    /// Parses a template; `None` if it is malformed or too long.
    #[must_use]
    pub fn parse(template: &'a str) -> Option<Self> {
        if template.len() > MAX_TEMPLATE {
            return None;
        }
        let mut parts = Vec::new();
        let mut rest = template;
        while !rest.is_empty() {
            let (literal, after) = rest.split_at_checked(rest.find(['{', '}']).unwrap_or(rest.len()))?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal));
            }
            rest = after;
            if !rest.is_empty() {
                let (expression, after) = rest.strip_prefix('{')?.split_once('}')?;
                expand(expression, &mut parts)?;
                rest = after;
            }
            if parts.len() > MAX_PARTS {
                return None;
            }
        }
        Some(Self(parts))
    }

    /// The variables that make the template into `uri`; `None` if none do.
    #[must_use]
    pub fn matches(&self, uri: &str) -> Option<Vec<(String, Variable)>> {
        if uri.len() > bounds::URI {
            return None;
        }
        let host = super::uri::host(uri).unwrap_or_default();
        let rests = self.rests(uri, &host);
        let mut found = Vec::new();
        let mut at = 0;
        let can_go_on = |next: usize, at: usize| rests.get(next).and_then(|rest| rest.get(at)).copied() == Some(true);
        if !can_go_on(0, 0) {
            return None;
        }
        for (index, part) in self.0.iter().enumerate() {
            match part {
                Part::Literal(literal) => at += literal.len(),
                Part::Variable { spec, reserved } => {
                    let run = run_end(uri, at, *reserved);
                    let end =
                        (at + 1..=run).rev().find(|end| uri.is_char_boundary(*end) && can_go_on(index + 1, *end))?;
                    let separator = if preceded_by_slash(&self.0, index) { '/' } else { ',' };
                    keep(&mut found, spec.name, spec.value(uri.get(at..end)?, separator)?)?;
                    at = end;
                }
                Part::Query { start, specs } => {
                    let (end, pairs) = query(uri, at, *start, specs)?;
                    for (name, value) in pairs {
                        keep(&mut found, name, value)?;
                    }
                    at = end;
                }
            }
        }
        Some(found)
    }

    /// For each part, and after the last: the positions in `uri` from which the remaining parts can match the rest.
    fn rests(&self, uri: &str, host: &Range<usize>) -> Vec<Vec<bool>> {
        let mut rest = vec![false; uri.len() + 1];
        if let Some(end) = rest.last_mut() {
            *end = true;
        }
        let mut rests = vec![rest];
        for part in self.0.iter().rev() {
            let after = rests.last().map(Vec::as_slice).unwrap_or_default();
            let can = |at: usize| after.get(at).copied() == Some(true);
            let places = 0..=uri.len();
            let here = match part {
                Part::Literal(literal) => {
                    places.map(|at| can(at + literal.len()) && begins(uri, at, literal, host)).collect()
                }
                // Which variable it is will be decided on the way forward: a query stands in one place.
                Part::Query { start, .. } => {
                    let mut end = uri.len();
                    let mut here = vec![can(end); uri.len() + 1];
                    for (at, byte) in uri.bytes().enumerate().rev() {
                        end = if byte == b'#' { at } else { end };
                        if let Some(here) = here.get_mut(at) {
                            *here = can(if char::from(byte) == *start { end } else { at });
                        }
                    }
                    here
                }
                Part::Variable { reserved, .. } => {
                    let mut here = vec![false; uri.len() + 1];
                    let mut reachable = false;
                    for (at, byte) in uri.bytes().enumerate().rev() {
                        let in_run = belongs(byte, *reserved);
                        reachable = in_run && (reachable || (can(at + 1) && uri.is_char_boundary(at + 1)));
                        if let Some(here) = here.get_mut(at) {
                            *here = reachable && uri.is_char_boundary(at);
                        }
                    }
                    here
                }
            };
            rests.push(here);
        }
        rests.reverse();
        rests
    }
}

/// Adds the parts of an expression (RFC 6570 §3.2): operator, and variables with the text between them.
fn expand<'a>(expression: &'a str, parts: &mut Vec<Part<'a>>) -> Option<()> {
    let operator = expression.chars().next()?;
    let (operator, names) = if matches!(operator, '+' | '#' | '.' | '/' | ';' | '?' | '&') {
        (operator, expression.get(1..)?)
    } else {
        (' ', expression)
    };
    let specs = names.split(',').map(Spec::parse).collect::<Option<Vec<_>>>()?;
    if matches!(operator, '?' | '&') {
        parts.push(Part::Query { start: operator, specs });
        return Some(());
    }
    for (index, spec) in specs.into_iter().enumerate() {
        let before = match (operator, index) {
            (' ' | '+', 0) => "",
            ('#', 0) => "#",
            (' ' | '+' | '#', _) => ",",
            ('.', _) => ".",
            ('/', _) => "/",
            _ => ";",
        };
        if !before.is_empty() {
            parts.push(Part::Literal(before));
        }
        if operator == ';' {
            parts.extend([Part::Literal(spec.name), Part::Literal("=")]);
        }
        // The values of `{/list*}` are the segments of a path.
        let reserved = matches!(operator, '+' | '#') || (operator == '/' && spec.explode);
        parts.push(Part::Variable { spec, reserved });
    }
    Some(())
}

/// True if `literal` stands at `at`; the letter case of a host does not matter (RFC 3986 §3.2.2).
fn begins(uri: &str, at: usize, literal: &str, host: &Range<usize>) -> bool {
    uri.as_bytes().get(at..at + literal.len()).is_some_and(|found| {
        let mut pairs = found.iter().zip(literal.as_bytes()).enumerate();
        pairs.all(|(index, (one, other))| {
            one == other || (host.contains(&(at + index)) && one.eq_ignore_ascii_case(other))
        })
    })
}

fn preceded_by_slash(parts: &[Part<'_>], index: usize) -> bool {
    index.checked_sub(1).and_then(|before| parts.get(before)).is_some_and(|part| matches!(part, Part::Literal("/")))
}

/// True for a byte that can be part of a variable: outside of `{+…}` and `{#…}` not one that ends a segment or a list.
fn belongs(byte: u8, reserved: bool) -> bool {
    reserved || !matches!(byte, b'/' | b'?' | b'#' | b',')
}

fn run_end(uri: &str, at: usize, reserved: bool) -> usize {
    let rest = uri.as_bytes().get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| !belongs(*byte, reserved)).unwrap_or(rest.len())
}

/// Reads the query that begins at `at`: its end, and its variables. A missing query has none.
fn query<'a>(uri: &str, at: usize, start: char, specs: &[Spec<'a>]) -> Option<(usize, Vec<(&'a str, Variable)>)> {
    let Some(pairs) = uri.get(at..)?.strip_prefix(start) else { return Some((at, Vec::new())) };
    let pairs = pairs.split('#').next().unwrap_or_default();
    let mut found: Vec<(&str, Variable)> = Vec::new();
    for pair in pairs.split('&') {
        let (name, text) = pair.split_once('=')?;
        let spec = specs.iter().find(|spec| spec.name == name)?;
        let value = spec.value(text, ',')?;
        match (found.iter_mut().find(|(other, _)| *other == name), value) {
            (None, value) => found.push((spec.name, value)),
            (Some((_, Variable::Many(values))), Variable::One(value)) if spec.explode => values.push(value),
            (Some((_, first @ Variable::One(_))), Variable::One(value)) if spec.explode => {
                if let Variable::One(text) = first {
                    *first = Variable::Many(vec![core::mem::take(text), value]);
                }
            }
            _ => return None,
        }
    }
    Some((at + 1 + pairs.len(), found))
}

/// Adds a variable. If the template has it twice, the values must be equal.
fn keep(found: &mut Vec<(String, Variable)>, name: &str, value: Variable) -> Option<()> {
    if let Some((_, other)) = found.iter().find(|(other, _)| other == name) {
        return (*other == value).then_some(());
    }
    found.push((name.into(), value));
    Some(())
}

/// True if `text`, taken as a path, has a segment `.` or `..`.
fn has_dot_segment(text: &str) -> bool {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                bytes = ahead;
            }
            _ => decoded.push(byte),
        }
    }
    decoded.split(|byte| matches!(byte, b'/' | b'\\')).any(|segment| matches!(segment, b"." | b".."))
}
