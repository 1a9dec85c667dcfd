//! API keys: long-lived tokens for machines, `<prefix>_<id>_<secret>`.
//!
//! **Threat.** Anyone who can read the stored records could use the keys; a byte-by-byte comparison reveals how much was
//! right; a leaked key must be recognizable and revocable.
//! **Guarantee.** A record has only a hash of the key's 256 random bits, bound to its ID, and to a secret of the server (the
//! pepper) if one is set. It is compared in constant time. The identity comes only from the record.
//! **Not guaranteed.** That a revoked key stops working immediately: a record that was looked up is cached for a minute.

use super::bearer::{Caller, MAX_TOKEN, NO_API_KEY, Refusal, TokenInfo, Verification};
use super::jwt::VerifierInput;
use crate::callback_result;
use crate::crypto::{decode, hash, keyed, same};
use crate::flow::{Failure, Flow, Obtain};
use crate::jose::numeric_date::thousandths;
use crate::json::{self, Json, Object, Value};
use serde::Serialize;

/// A valid key is cached for at most this long, in milliseconds, if the list is part of the Worker …
const REMEMBER: u64 = 5 * 60 * 1000;
/// … and for this long if its record was looked up.
const REMEMBER_FOUND: u64 = 60 * 1000;
/// What is wrong with a record that was looked up by one ID and has another.
const OTHER: &str = "has a different `id` than the key.";
/// The members that a record may have.
const MEMBERS: [&str; 6] = ["id", "hash", "name", "scopes", "props", "expires"];
/// The length of a key's secret and hash, and the minimum length of a pepper, in bytes.
const BYTES: usize = 32;

/// A checked configuration.
#[derive(Debug)]
pub struct Options {
    prefix: String,
    /// The current pepper first, then former ones; empty if hashes are not keyed.
    peppers: Vec<Vec<u8>>,
    /// `None` if each record is looked up.
    records: Option<Vec<Record>>,
}

/// A key's stored record.
#[derive(Clone, Debug)]
pub struct Record {
    id: String,
    hash: Vec<u8>,
    /// Whose key it is: the principal. A key and its replacement have the same name.
    name: String,
    scopes: Vec<String>,
    /// The members that the operator adds to the props.
    props: Vec<(String, Json)>,
    /// Milliseconds since 1970.
    expires: Option<u64>,
}

/// Looks up the record of a key by its ID, wherever the operator stores it. Outcome: the record, if there is one.
#[derive(Debug, Serialize)]
#[serde(tag = "kind", rename = "api-key")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct LookUpKey<'a> {
    id: &'a str,
}

impl Obtain for LookUpKey<'_> {
    /// A [`Record`], if there is one.
    type Outcome = Option<Json>;
}

impl Options {
    /// Reads the options as JavaScript writes them (see `js/auth/api-keys.ts`). The error is a sentence for the
    /// developer.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        let prefix = options.string("prefix").unwrap_or_default();
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !(2..=20).contains(&prefix.len()) || !prefix.bytes().all(legal) || prefix.ends_with('_') {
            return Err(
                "`prefix` must be 2 to 20 lower-case letters, digits, `-` or `_`: keys then begin with it, so that \
                        people and scanners know a leaked one when they see it."
                    .into(),
            );
        }
        let peppers = options.get("peppers").and_then(|peppers| peppers.array().ok()).unwrap_or_default();
        Ok(Self {
            peppers: peppers.into_iter().map(pepper).collect::<Result<_, _>>()?,
            records: options.get("keys").map(|keys| records(keys, &prefix)).transpose()?,
            prefix: prefix.into_owned(),
        })
    }

    /// The ID and the secret of a key, if it has our format.
    fn parts<'a>(&self, key: &'a str) -> Option<(&'a str, &'a str)> {
        let (id, secret) = key.strip_prefix(self.prefix.as_str())?.strip_prefix('_')?.split_once('_')?;
        let whole = is_id(id) && decode(secret).is_some_and(|secret| secret.len() == BYTES);
        whole.then_some((id, secret))
    }

    fn signs(&self, record: &Record, secret: &str) -> bool {
        let plain = hash("api key", &[record.id.as_bytes(), secret.as_bytes()]);
        if self.peppers.is_empty() {
            return same(&plain, &record.hash);
        }
        self.peppers.iter().any(|pepper| same(&keyed(pepper, &plain), &record.hash))
    }
}

fn pepper(value: Value<'_>) -> Result<Vec<u8>, String> {
    let text = value.string().ok_or("`pepper` is missing: is its variable set?")?;
    if text.len() < BYTES {
        return Err("`pepper` must have at least 32 bytes (256 bits): create one with `npx mcp-wicket keys`.".into());
    }
    Ok(text.as_bytes().to_vec())
}

fn records(keys: Value<'_>, prefix: &str) -> Result<Vec<Record>, String> {
    let make = " Create a key and its record with `npx mcp-wicket keys --api NAME`.";
    let Ok(keys) = keys.array() else {
        return Err(["`keys` must be a list of records, or its JSON text: is the variable set?", make].concat());
    };
    if keys.is_empty() {
        return Err(["`keys` is empty, so every caller would be refused.", make].concat());
    }
    let mut records: Vec<Record> = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        let place = ["`keys[", &at.to_string(), "]`"].concat();
        if key.text().contains(&["\"", prefix, "_"].concat()) {
            return Err(
                [&place, " contains a key instead of its hash. Revoke this key, and create a new one.", make].concat()
            );
        }
        let record = Record::read(key, &place)?;
        if records.iter().any(|other| other.id == record.id) {
            return Err([&place, " has the same `id` as another record: remove one of them."].concat());
        }
        records.push(record);
    }
    Ok(records)
}

/// IDs are short and contain no `_`.
fn is_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Record {
    /// Reads a record; the error is a sentence for the developer that begins with `place`.
    fn read(record: Value<'_>, place: &str) -> Result<Self, String> {
        let wrong = |what: &str| Err([place, " ", what].concat());
        let Ok(record) = record.object() else { return wrong("is not an object.") };
        // Otherwise a column such as `revoked` would be silently ignored.
        if let Some(unknown) = callback_result::unknown(&record, &MEMBERS) {
            return wrong(&[&unknown, "."].concat());
        }
        let Some(id) = record.string("id").filter(|id| is_id(id)) else {
            return wrong("must have an `id` of letters, digits and `-`.");
        };
        let hash = record.string("hash").and_then(|hash| decode(&hash)).filter(|hash| hash.len() == BYTES);
        let Some(hash) = hash else {
            return wrong("must have the `hash` that `npx mcp-wicket keys --api NAME` printed (43 characters).");
        };
        let name = match record.get("name") {
            None => id.clone(),
            Some(name) => match name.string().filter(|name| !name.is_empty()) {
                Some(name) => name,
                None => return wrong("has a `name` that is not a string."),
            },
        };
        let expires = match record.get("expires") {
            None => None,
            // JavaScript has converted the date to milliseconds.
            Some(date) => match thousandths(date.text()) {
                Some(thousandths) => Some(thousandths / 1000),
                None => return wrong("has an `expires` that is not a date such as \"2027-01-31\"."),
            },
        };
        let Some(scopes) = texts(record.get("scopes")) else {
            return wrong("has `scopes` that are not a list of strings without spaces.");
        };
        let Some(props) = members(record.get("props")) else {
            return wrong("has `props` that are not an object, or that contain the reserved members `sub` or `key`.");
        };
        Ok(Self { id: id.into(), hash, name: name.into(), scopes, props, expires })
    }

    /// `this.props`: the key's name and ID, and what the operator has added.
    fn props(&self) -> Json {
        #[derive(Serialize)]
        struct Props<'a> {
            sub: &'a str,
            key: &'a str,
            #[serde(flatten, serialize_with = "json::map")]
            more: &'a [(String, Json)],
        }
        Json::of(&Props { sub: &self.name, key: &self.id, more: &self.props })
    }
}

fn texts(list: Option<Value<'_>>) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(Vec::new()) };
    let is_scope = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    list.array().ok()?.into_iter().map(|text| text.string().filter(|text| is_scope(text)).map(Into::into)).collect()
}

fn members(props: Option<Value<'_>>) -> Option<Vec<(String, Json)>> {
    let Some(props) = props else { return Some(Vec::new()) };
    let props = props.object().ok()?.0.into_iter();
    let members = props.map(|(name, value)| (name.into_owned(), Json::of(&value))).collect::<Vec<_>>();
    members.iter().all(|(name, _)| name != "sub" && name != "key").then_some(members)
}

/// Decides whose key a request has.
///
/// Waits: none, or one if the record is looked up.
pub async fn verify(flow: &Flow<'_>, request: &VerifierInput<'_>, options: &Options) -> Verification {
    let refused = |reason: &'static str| Verification::refused(Refusal::Token, reason);
    let now = flow.context().now();
    let key = match request.token() {
        Ok(key) => key,
        Err(refused) => return Verification::Refused(refused),
    };
    let parts = if key.len() > MAX_TOKEN { None } else { options.parts(key) };
    let Some((id, secret)) = parts else { return refused(NO_API_KEY) };
    let record = match &options.records {
        Some(records) => records.iter().find(|record| record.id == id).cloned(),
        None => match flow.obtain(&LookUpKey { id }).await {
            Ok(None) => None,
            Ok(Some(record)) => match Record::read(record.value(), "the record of the API key") {
                Ok(record) if record.id == id => Some(record),
                Ok(_) => {
                    return Verification::refused(Refusal::Unavailable, ["the record of the API key ", OTHER].concat());
                }
                Err(wrong) => return Verification::refused(Refusal::Unavailable, wrong),
            },
            Err(Failure::Refused) => {
                return Verification::refused(
                    Refusal::Unavailable,
                    "too many API keys are being looked up at the same time",
                );
            }
            Err(_) => {
                return Verification::refused(Refusal::Unavailable, "the API key cannot be looked up at the moment");
            }
        },
    };
    let Some(record) = record else { return refused("the API key does not exist: it was revoked, or never created") };
    if !options.signs(&record, secret) {
        return refused("the secret does not match the API key with this ID");
    }
    if record.expires.is_some_and(|expires| now >= expires) {
        return refused("the API key has expired");
    }
    let remember = if options.records.is_some() { REMEMBER } else { REMEMBER_FOUND };
    Verification::Caller(Caller {
        principal: ["key:", &record.name].concat(),
        props: record.props(),
        scopes: record.scopes,
        about: Box::new(TokenInfo {
            // The name stands for the client as well: it stays the same when a key is replaced.
            client: Some(record.name),
            expires: record.expires.map(|expires| expires / 1000),
            resource: None,
        }),
        until: record.expires.unwrap_or(u64::MAX).min(now + remember),
        note: None,
    })
}
