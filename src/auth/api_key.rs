//! API keys: long-lived tokens for machines, `<prefix>_<id>_<secret>`.
//!
//! **Threat.** Whoever reads where keys are kept could use them; comparing byte by byte tells how much was right; a key that
//! leaks must be found, named and taken back.
//! **Guarantee.** What is kept of a key is a hash of its 256 random bits, bound to its id, and to a secret of the server
//! (the pepper) where one is set. It is compared in constant time. The identity comes from the record alone.
//! **Not guaranteed.** That a key which is taken back ends at once: a record that was looked up counts for a minute.

use crate::auth::answer;
use crate::auth::bearer::{About, Caller, Found, MAX_TOKEN, NO_API_KEY, Refusal};
use crate::auth::jwt::Request;
use crate::auth::jwt::number::thousandths;
use crate::crypto::{decode, hash, keyed, same};
use crate::flow::{Failure, Flow, Obtain};
use crate::json::{Object, Value, object, quoted};

/// A key is remembered for no longer than this, in milliseconds: where the list is part of the Worker …
const REMEMBER: u64 = 5 * 60 * 1000;
/// … and where its record was looked up.
const REMEMBER_FOUND: u64 = 60 * 1000;
/// What is wrong with a record that was looked up by one id, and has another.
const OTHER: &str = "has another `id` than it was asked for.";
/// What a record may have.
const MEMBERS: [&str; 6] = ["id", "hash", "name", "scopes", "props", "expires"];
/// Bytes of a key's secret, of its hash, and of a pepper at least.
const BYTES: usize = 32;

/// A checked configuration.
#[derive(Debug)]
pub struct Options {
    prefix: String,
    /// The current pepper first, then former ones; none where hashes have no key.
    peppers: Vec<Vec<u8>>,
    /// None where each record is looked up.
    records: Option<Vec<Record>>,
}

/// What is kept of a key.
#[derive(Clone, Debug)]
pub struct Record {
    id: String,
    hash: Vec<u8>,
    /// Whose key it is: the principal. Keys that follow each other have one name.
    name: String,
    scopes: Vec<String>,
    /// The members that the operator adds to the props.
    props: Vec<(String, String)>,
    /// Milliseconds since 1970.
    expires: Option<u64>,
}

/// Looks a record up by the key's id, wherever the operator keeps them. Outcome: the record, if there is one.
#[derive(Debug)]
struct Look<'a> {
    id: &'a str,
}

impl Obtain for Look<'_> {
    /// A record, or what is wrong with it.
    type Outcome = Option<Result<Record, String>>;
    fn json(&self) -> String {
        object(&[("kind", r#""api-key""#), ("id", &quoted(self.id))])
    }
    fn outcome(json: Value<'_>) -> Option<Self::Outcome> {
        Some((!json.is_null()).then(|| Record::read(json, "the record of the API key")))
    }
}

impl Options {
    /// Reads the options as the shim writes them (see `js/auth/api-keys.ts`). The error is a sentence for the developer.
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

    /// The id and the secret of a key, if it looks like one of ours.
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
    let text = value.string().ok_or("`pepper` is missing: is the variable set that it comes from?")?;
    if text.len() < BYTES {
        return Err("`pepper` needs 32 bytes (256 bits) or more: `npx mcp-wicket keys` makes one.".into());
    }
    Ok(text.as_bytes().to_vec())
}

fn records(keys: Value<'_>, prefix: &str) -> Result<Vec<Record>, String> {
    let make = " `npx mcp-wicket keys --api NAME` makes a key and its record.";
    let Ok(keys) = keys.array() else {
        return Err(["`keys` must be a list of records, or its JSON text: is the variable set?", make].concat());
    };
    if keys.is_empty() {
        return Err(["`keys` is empty, so nobody could come in.", make].concat());
    }
    let mut records: Vec<Record> = Vec::new();
    for (at, key) in keys.into_iter().enumerate() {
        let place = ["`keys[", &at.to_string(), "]`"].concat();
        if key.text().contains(&["\"", prefix, "_"].concat()) {
            return Err([
                &place,
                " has a key itself. Keep its hash only: take this key back, and make a new one.",
                make,
            ]
            .concat());
        }
        let record = Record::read(key, &place)?;
        if records.iter().any(|other| other.id == record.id) {
            return Err([&place, " has the id of another record: leave one out."].concat());
        }
        records.push(record);
    }
    Ok(records)
}

/// Ids are short and have no `_`.
fn is_id(id: &str) -> bool {
    (1..=40).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl Record {
    /// Reads one; the error is a sentence for the developer that begins with `place`.
    fn read(record: Value<'_>, place: &str) -> Result<Self, String> {
        let wrong = |what: &str| Err([place, " ", what].concat());
        let Ok(record) = record.object() else { return wrong("is no object.") };
        // A column that says that the key is good no more counts for nothing here.
        if let Some(unknown) = answer::unknown(&record, &MEMBERS) {
            return wrong(&[&unknown, "."].concat());
        }
        let Some(id) = record.string("id").filter(|id| is_id(id)) else {
            return wrong("needs an `id` of letters, digits and `-`.");
        };
        let hash = record.string("hash").and_then(|hash| decode(&hash)).filter(|hash| hash.len() == BYTES);
        let Some(hash) = hash else {
            return wrong("needs the `hash` that `npx mcp-wicket keys --api NAME` has printed (43 characters).");
        };
        let name = match record.get("name") {
            None => id.clone(),
            Some(name) => match name.string().filter(|name| !name.is_empty()) {
                Some(name) => name,
                None => return wrong("has a `name` that is no text."),
            },
        };
        let expires = match record.get("expires") {
            None => None,
            // The shim has made milliseconds of the date.
            Some(date) => match thousandths(date.text()) {
                Some(thousandths) => Some(thousandths / 1000),
                None => return wrong("has an `expires` that is no date, for example \"2027-01-31\"."),
            },
        };
        let Some(scopes) = texts(record.get("scopes")) else {
            return wrong("has `scopes` that are no list of texts without spaces.");
        };
        let Some(props) = members(record.get("props")) else {
            return wrong("has `props` that are no object, or that have `sub` or `key`, which are the record's own.");
        };
        Ok(Self { id: id.into(), hash, name: name.into(), scopes, props, expires })
    }

    /// `this.props`: whose key it is and which, and what the operator has added.
    fn props(&self) -> String {
        let (name, id) = (quoted(&self.name), quoted(&self.id));
        let mut members = vec![("sub", name.as_str()), ("key", id.as_str())];
        members.extend(self.props.iter().map(|(name, text)| (name.as_str(), text.as_str())));
        object(&members)
    }
}

fn texts(list: Option<Value<'_>>) -> Option<Vec<String>> {
    let Some(list) = list else { return Some(Vec::new()) };
    let is_scope = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    list.array().ok()?.into_iter().map(|text| text.string().filter(|text| is_scope(text)).map(Into::into)).collect()
}

fn members(props: Option<Value<'_>>) -> Option<Vec<(String, String)>> {
    let Some(props) = props else { return Some(Vec::new()) };
    let props = props.object().ok()?;
    let own = |(name, value): &(_, Value<'_>)| (String::from(AsRef::<str>::as_ref(name)), value.text().to_owned());
    let members = props.0.iter().map(own).collect::<Vec<_>>();
    members.iter().all(|(name, _)| name != "sub" && name != "key").then_some(members)
}

/// Finds out whose key a request carries.
///
/// Waits: none, or one where the record is looked up.
pub async fn verify(flow: &Flow<'_>, request: &Request<'_>, options: &Options) -> Found {
    let refused = |reason| Found::Refused(Refusal::Token, reason);
    let now = flow.context().now();
    let key = match request.token() {
        Ok(key) => key,
        Err(refused) => return refused,
    };
    let parts = if key.len() > MAX_TOKEN { None } else { options.parts(key) };
    let Some((id, secret)) = parts else { return refused(NO_API_KEY) };
    let record = match &options.records {
        Some(records) => records.iter().find(|record| record.id == id).cloned(),
        None => match flow.obtain(&Look { id }).await {
            Ok(None) => None,
            Ok(Some(Ok(record))) if record.id == id => Some(record),
            Ok(Some(Ok(_))) => return Found::Unusable(["the record of the API key ", OTHER].concat()),
            Ok(Some(Err(wrong))) => return Found::Unusable(wrong),
            Err(Failure::Refused) => {
                return Found::Refused(Refusal::Unavailable, "no more API keys are looked up at the same time");
            }
            Err(_) => return Found::Refused(Refusal::Unavailable, "the API keys cannot be looked up at the moment"),
        },
    };
    let Some(record) = record else { return refused("it is an API key that nobody has: taken back, or never made") };
    if !options.signs(&record, secret) {
        return refused("its secret is not that of the API key with this id");
    }
    if record.expires.is_some_and(|expires| now >= expires) {
        return refused("the API key has expired");
    }
    let remember = if options.records.is_some() { REMEMBER } else { REMEMBER_FOUND };
    Found::Caller(Caller {
        principal: ["key:", &record.name].concat(),
        props: record.props(),
        scopes: record.scopes,
        about: Box::new(About {
            // Whose key it is stands for the client as well: it stays when one key follows another.
            client: Some(record.name),
            expires: record.expires.map(|expires| expires / 1000),
            resource: None,
        }),
        until: record.expires.unwrap_or(u64::MAX).min(now + remember),
        note: None,
    })
}
