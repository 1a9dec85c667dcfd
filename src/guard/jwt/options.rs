//! The options of a verifier, checked once when it is created. Each error names the option, the reason and the fix.

use super::claims::Rules;
use crate::crypto::decode;
use crate::http::discovery::may_be_fetched;
use crate::jose::algorithm::{Algorithm, KeyKind};
use crate::jose::jwk::{JwkError, PublicKey};
use crate::jose::numeric_date::thousandths;
use crate::json::{Object, Value, quoted};

/// A checked configuration.
#[derive(Debug)]
pub struct Options {
    /// Shared secrets: the current one first, then former ones.
    pub(super) secrets: Vec<Vec<u8>>,
    /// Where public keys come from.
    pub(super) source: KeySource,
    pub(super) rules: Rules,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) typ: Option<String>,
    /// Milliseconds for which a fetched key set is fresh.
    pub(super) keys_for: u64,
    /// Minimum time between two attempts to fetch one, in milliseconds.
    pub(super) cool_down: u64,
}

/// Where public keys come from.
#[derive(Debug)]
pub(super) enum KeySource {
    /// There are none: shared secrets only.
    None,
    /// The configuration.
    Static(Vec<PublicKey>),
    /// A URL.
    Url(String),
    /// The URL in the issuer's metadata.
    Issuer(String),
}

/// Minimum length of a shared secret, in bytes (256 bits).
const MIN_SECRET: usize = 32;
/// A secret with fewer different bytes is not random: 32 random bytes have about 30, 43 characters of base64 about 31.
const MIN_VARIETY: usize = 12;

impl Options {
    /// Reads the options as JavaScript writes them (see `js/auth/jwt-options.ts`). The error is a sentence for the
    /// developer.
    pub fn read(options: &Object<'_>) -> Result<Self, String> {
        let rules = rules(options)?;
        let secrets = secrets(options)?;
        let source = source(options, &rules.issuers, secrets.is_empty())?;
        let algorithms = algorithms(options, &secrets, &source)?;
        Ok(Self {
            secrets,
            source,
            rules,
            algorithms,
            typ: options.string("typ").map(Into::into),
            keys_for: seconds(options, "keysMaxAge", 60, 86_400)?.unwrap_or(600_000),
            cool_down: seconds(options, "keysCooldown", 1, 3_600)?.unwrap_or(30_000),
        })
    }
}

/// What the claims of its tokens must be.
pub(in crate::guard) fn rules(options: &Object<'_>) -> Result<Rules, String> {
    Ok(Rules {
        issuers: names(options, "issuer", "the `iss` of its tokens, for example \"https://auth.example.com\"")?,
        audiences: names(
            options,
            "audience",
            "the `aud` that its tokens must contain, usually the URL of this server",
        )?,
        leeway: seconds(options, "clockTolerance", 0, 600)?.unwrap_or(60_000),
        require_exp: options.get("requireExp").is_none_or(|it| it.text() != "false"),
        max_lifetime: seconds(options, "maxLifetime", 1, 366 * 86_400)?,
        require_iss: true,
        require_aud: true,
    })
}

fn names(options: &Object<'_>, name: &str, what: &str) -> Result<Vec<String>, String> {
    let values = options.get(name).and_then(|values| values.array().ok()).unwrap_or_default();
    let texts = values.iter().map(|value| value.string().filter(|text| !text.is_empty()).map(String::from));
    match texts.collect::<Option<Vec<_>>>() {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(["`", name, "` must be a string or a list of strings: ", what, "."].concat()),
    }
}

fn secrets(options: &Object<'_>) -> Result<Vec<Vec<u8>>, String> {
    let Some(values) = options.get("secrets").and_then(|values| values.array().ok()) else { return Ok(Vec::new()) };
    values.into_iter().map(secret).collect()
}

/// One secret: a string, or `{"bytes":"<base64url>"}`.
fn secret(value: Value<'_>) -> Result<Vec<u8>, String> {
    let make = "Create one with `npx mcp-wicket keys` and store it with `npx wrangler secret put JWT_SECRET`.";
    let bytes = match value.object().ok().and_then(|value| decode(&value.string("bytes")?)) {
        Some(bytes) => bytes,
        None => match value.string() {
            Some(text) => public_material(&text).map_or_else(|| Ok(text.as_bytes().to_vec()), Err)?,
            None => return Err(["`secret` is missing: is its variable set? ", make].concat()),
        },
    };
    if bytes.len() < MIN_SECRET {
        let length = bytes.len().to_string();
        let why =
            " bytes, but it must have at least 32 (256 bits): anyone with a token could guess a shorter one offline. ";
        return Err(["`secret` has ", &length, why, make].concat());
    }
    let variety = (0..=u8::MAX).filter(|byte| bytes.contains(byte)).count();
    if variety < MIN_VARIETY {
        return Err(["`secret` consists of a few repeated characters, so it can be guessed. ", make].concat());
    }
    Ok(bytes)
}

/// Public material is not a secret: if a public key is used as one, anyone can forge tokens.
fn public_material(text: &str) -> Option<String> {
    let is_jwk = Object::read(text).is_ok_and(|jwk| jwk.get("kty").is_some() || jwk.get("keys").is_some());
    if is_jwk {
        return Some(
            "`secret` is a JWK. Use `keys` for public keys; a shared secret is only its bytes or text.".into(),
        );
    }
    let is_pem = text.trim_start().starts_with("-----BEGIN") || text.trim_start().starts_with("ssh-");
    is_pem.then(|| {
        "`secret` is a PEM key. Use `keys` for public keys, as JWK: convert it with `npx mcp-wicket keys --from key.pem`."
            .into()
    })
}

fn source(options: &Object<'_>, issuers: &[String], no_secret: bool) -> Result<KeySource, String> {
    match (options.get("keys"), options.string("jwksUri")) {
        (Some(_), Some(_)) => Err("`keys` and `jwksUri` cannot be used together: remove one of them.".into()),
        (Some(keys), None) => static_keys(keys).map(KeySource::Static),
        (None, Some(url)) if may_be_fetched(&url) => Ok(KeySource::Url(url.into_owned())),
        (None, Some(_)) => {
            Err("`jwksUri` must be an https URL: otherwise an attacker on the network could replace the keys.".into())
        }
        (None, None) if no_secret => discovered(issuers).map(KeySource::Issuer),
        (None, None) => Ok(KeySource::None),
    }
}

fn static_keys(keys: Value<'_>) -> Result<Vec<PublicKey>, String> {
    let keys = keys.array().unwrap_or_default();
    if keys.is_empty() {
        return Err("`keys` is empty: set a JWK, a list of JWKs, or a JWK Set.".into());
    }
    let read = |(at, key): (usize, &Value<'_>)| {
        let read = key.object().map_err(|_| JwkError::NoJwk).and_then(|jwk| PublicKey::read(&jwk));
        read.map_err(|unusable| ["`keys[", &at.to_string(), "]` cannot be used: ", unusable.reason(), "."].concat())
    };
    keys.iter().enumerate().map(read).collect()
}

fn discovered(issuers: &[String]) -> Result<String, String> {
    match issuers {
        [issuer] if may_be_fetched(issuer) => Ok(issuer.clone()),
        [_] => Err(
            "There is no key: give `secret`, `keys` or `jwksUri`, or an `issuer` that is an https URL, whose metadata \
                    then says where its keys are."
                .into(),
        ),
        _ => Err(
            "Keys can be discovered for one issuer only: set `jwksUri`, or combine one JWTVerifier per issuer with anyOf(…)."
                .into(),
        ),
    }
}

fn algorithms(options: &Object<'_>, secrets: &[Vec<u8>], source: &KeySource) -> Result<Vec<Algorithm>, String> {
    let shortest = secrets.iter().map(Vec::len).min().unwrap_or_default();
    let has_keys = !matches!(source, KeySource::None);
    let usable = |algorithm: Algorithm| match algorithm.key_kind() {
        KeyKind::Secret(length) => shortest >= length,
        _ => has_keys,
    };
    let Some(values) = options.get("algorithms").and_then(|values| values.array().ok()) else {
        return Ok(Algorithm::all().filter(|algorithm| usable(*algorithm)).collect());
    };
    let mut algorithms = Vec::new();
    for value in values {
        let name = value.string().unwrap_or_default();
        let Some(algorithm) = Algorithm::parse(&name) else {
            let known = Algorithm::all().map(Algorithm::name).collect::<Vec<_>>().join(", ");
            return Err(["`algorithms` has ", &quoted(&name), "; it may have ", &known, "."].concat());
        };
        if !usable(algorithm) {
            return Err(unusable(algorithm, shortest));
        }
        algorithms.push(algorithm);
    }
    if algorithms.is_empty() {
        Err("`algorithms` is empty: omit it, or name at least one.".into())
    } else {
        Ok(algorithms)
    }
}

fn unusable(algorithm: Algorithm, shortest: usize) -> String {
    let name = algorithm.name();
    match algorithm.key_kind() {
        KeyKind::Secret(length) if shortest > 0 => {
            ["`algorithms` has ", name, ", whose secret needs ", &length.to_string(), " bytes or more (RFC 7518 §3.2)."]
                .concat()
        }
        KeyKind::Secret(_) => ["`algorithms` has ", name, ", but there is no `secret`."].concat(),
        _ => ["`algorithms` has ", name, ", but there are no public keys: set `keys` or `jwksUri`."].concat(),
    }
}

/// A number of seconds between two bounds, in milliseconds.
pub(in crate::guard) fn seconds(
    options: &Object<'_>,
    name: &str,
    least: u64,
    most: u64,
) -> Result<Option<u64>, String> {
    let Some(value) = options.get(name) else { return Ok(None) };
    let bounds = least * 1000..=most * 1000;
    if let Some(milliseconds) = thousandths(value.text()).filter(|milliseconds| bounds.contains(milliseconds)) {
        return Ok(Some(milliseconds));
    }
    let range = [" must be a number of seconds from ", &least.to_string(), " to ", &most.to_string(), "."].concat();
    Err(["`", name, "`", &range].concat())
}
