//! The configuration of an authorization server, which `OAuthProvider` passes once, as JSON text.

use serde::{Deserialize, Serialize};

use super::client::presented_hash;
use super::endpoints::table::{Endpoint, Row};
use crate::crypto::same;
use crate::json::{Object, Value};

/// See the options of `OAuthProvider` in `js/oauth/options.ts`.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct ServerConfig {
    /// The issuer identifier, unless it is the request's own origin.
    pub issuer: Option<String>,
    /// The server's name for people; by default its host.
    pub name: Option<String>,
    /// See [`ServerConfig::path`].
    paths: Vec<String>,
    /// Whether the app has its own pages instead of ours for people.
    pub pages: bool,
    /// Paths of the protected routes. The first is the canonical resource, the others are its aliases.
    pub resources: Vec<String>,
    /// The fixed beginnings of routes that are patterns: any path below one belongs to the resource, too.
    pub below: Vec<String>,
    /// Other spellings of the resource that clients may send.
    pub aliases: Vec<String>,
    /// The supported scopes.
    pub scopes: Vec<String>,
    /// Descriptions for the consent page, by scope.
    pub texts: Vec<(String, String)>,
    /// Schemes that redirect URIs may have in addition to those of apps.
    pub schemes: Vec<String>,
    /// Whether clients may register themselves (RFC 7591).
    pub registration: bool,
    /// Whether such clients may be public, without a secret.
    pub public: bool,
    /// Whether clients that the operator has not created need the operator's approval.
    pub approve: bool,
    /// Whether a client's identifier may be the URL of its metadata document.
    pub documents: bool,
    /// The hosts of such documents; empty for all.
    pub document_hosts: Vec<String>,
    /// Whether there is a namespace for copies.
    pub kv: bool,
    /// Whether the namespace has clients of `@cloudflare/workers-oauth-provider`, which may be used.
    pub legacy: bool,
    /// Whether there is an introspection endpoint for other resource servers.
    pub introspects: bool,
    /// The resource servers that may use it: identifier, and hash of the secret.
    pub resource_servers: Vec<(String, String)>,
    /// Whether access tokens are JWTs that others can validate.
    pub jwt: bool,
    /// Whether resource servers learn the typed subject instead of a pairwise one.
    pub raw_subject: bool,
    /// Whether there is an endpoint for the operator.
    pub operator: bool,
    /// Lifetimes.
    pub lifetimes: Lifetimes,
    /// Rate limits.
    pub limits: Limits,
    /// The time limit of the operator's functions, in seconds.
    pub callback_timeout: u64,
    /// The name under which objects know who stores audit records for the operator, if anyone does.
    pub sink: Option<String>,
}

/// Lifetimes, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifetimes {
    /// Of an authorization code.
    pub code: u64,
    /// Of an access token.
    pub access: u64,
    /// Of an unused grant.
    pub idle: u64,
    /// Of a grant.
    pub grant: u64,
    /// The replay window.
    pub replay: u64,
}

/// Limits of requests per minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Of one client from one network, to authorize or to revoke.
    pub authorize: u64,
    /// Of one client on behalf of one person, for tokens.
    pub token: u64,
    /// New registrations with one redirect host from one network.
    pub register: u64,
    /// Of one sign-in, to the callback.
    pub callback: u64,
    /// Client ID metadata documents fetched from one host for one network.
    pub documents: u64,
    /// Of one resource server, for introspection.
    pub introspect: u64,
}

const DAY: u64 = 24 * 3600;

impl ServerConfig {
    /// Reads the options; the error names the option and says what it may be.
    pub fn read(text: &str) -> Result<Self, String> {
        let options = Object::read(text).map_err(|malformed| malformed.reason())?;
        let text = |name: &str| match options.get(name) {
            None => Ok(None),
            Some(value) => {
                value.string().map(|text| Some(text.into())).ok_or_else(|| format(&[name, " must be a string."]))
            }
        };
        let list =
            |name: &str, option: &str| options.get(name).map_or_else(|| Ok(Vec::new()), |value| texts(option, value));
        let issuer: Option<String> = text("issuer")?;
        if let Some(issuer) = issuer.as_deref().filter(|issuer| !is_issuer(issuer)) {
            return Err(format(&[
                "issuer must be an origin such as https://mcp.example.com, without a path or a trailing slash: ",
                issuer,
            ]));
        }
        let resources = list("resources", "apiHandlers")?;
        if resources.is_empty() {
            return Err("apiHandlers must have at least one route: { \"/mcp\": MyMCP.serve(\"/mcp\") }".into());
        }
        let scopes = match list("scopes", "scopes")? {
            none if none.is_empty() => vec!["mcp".into()],
            some => some,
        };
        if let Some(wrong) = scopes.iter().find(|scope| !super::scope::is_token(scope)) {
            return Err(format(&["scopes must not contain spaces or quotes: ", wrong]));
        }
        if text("operator.scope")?.is_some_and(|scope: String| !super::scope::is_token(&scope)) {
            return Err("operator.scope must be one scope, without spaces or quotes: \"operator\".".into());
        }
        let schemes = list("schemes", "redirectSchemes")?;
        if let Some(wrong) = schemes.iter().find(|scheme| !super::redirect::is_sound(scheme)) {
            return Err(format(&[
                "redirectSchemes has a scheme that cannot be one. Write an app's own, in small letters and without `:`, such \
                 as com.example.app: ",
                wrong,
            ]));
        }
        let document_hosts = list("documentHosts", "allowClientIdMetadataDocuments")?;
        if let Some(wrong) = document_hosts.iter().find(|host| !super::client::document::is_listable(host)) {
            return Err(format(&[
                "allowClientIdMetadataDocuments has a host that cannot be one. Write it as claude.ai, or *.example.com for all \
                 below: ",
                wrong,
            ]));
        }
        let texts = options.get("scopeTexts").map_or(Ok(Vec::new()), |value| pairs("scopes", value))?;
        let mut config = Self {
            issuer,
            name: text("name")?,
            paths: Vec::new(),
            pages: options.get("pages").is_some_and(Value::is_true),
            resources,
            below: list("below", "apiHandlers")?,
            aliases: list("aliases", "resourceAliases")?,
            scopes,
            texts,
            schemes,
            registration: options.get("registration").is_none_or(|value| value.text() != "false"),
            public: options.get("public").is_none_or(|value| value.text() != "false"),
            approve: options.get("approve").is_some_and(Value::is_true),
            documents: options.get("documents").is_some_and(Value::is_true),
            document_hosts,
            kv: options.get("kv").is_some_and(Value::is_true),
            legacy: options.get("legacyClients").is_some_and(Value::is_true),
            introspects: options.get("resourceServers").is_some(),
            resource_servers: options.get("resourceServers").map_or_else(|| Ok(Vec::new()), resource_servers)?,
            jwt: options.get("jwt").is_some_and(Value::is_true),
            raw_subject: options.get("rawSubject").is_some_and(Value::is_true),
            operator: options.get("operator").is_some_and(Value::is_true),
            lifetimes: Lifetimes {
                code: seconds(&options, "codeTtl", 300, 30, 600)?,
                access: seconds(&options, "accessTokenTtl", 900, 60, 3600)?,
                idle: seconds(&options, "refreshTokenTtl", 30 * DAY, 3600, 365 * DAY)?,
                grant: seconds(&options, "grantTtl", 180 * DAY, 3600, 3650 * DAY)?,
                replay: seconds(&options, "refreshReplay", 30, 0, 120)?,
            },
            limits: Limits::read(&options)?,
            callback_timeout: seconds(&options, "callbackTimeout", 10, 1, 600)?,
            sink: text("sink")?,
        };
        config.paths = paths(&options, &config)?;
        Ok(config)
    }

    /// The path of an endpoint.
    #[must_use]
    pub fn path(&self, endpoint: Endpoint) -> &str {
        self.paths.get(endpoint as usize).map_or("", String::as_str)
    }

    /// The canonical resource identifier (RFC 8707) under `issuer`.
    #[must_use]
    pub fn resource(&self, issuer: &str) -> String {
        format(&[issuer, self.resources.first().map_or("", String::as_str)])
    }

    /// The canonical resource if `named` means this server. All routes are one resource, so the origin alone names it,
    /// too, and a trailing slash or a query makes no difference; an alias must be spelled as configured.
    #[must_use]
    pub fn canonical(&self, issuer: &str, named: &str) -> Option<String> {
        let is_below = |asked: &str, at: &String| {
            asked.strip_prefix(at.as_str()).is_some_and(|rest| rest.starts_with('/') && is_path(rest))
        };
        let ours = path_under(issuer, named).is_some_and(|asked| {
            asked.is_empty() || self.route(asked).is_some() || self.below.iter().any(|at| is_below(asked, at))
        });
        (ours || self.aliases.iter().any(|alias| alias == named)).then(|| self.resource(issuer))
    }

    /// The protected route of `path`, with or without a trailing slash.
    #[must_use]
    pub fn route(&self, path: &str) -> Option<&str> {
        self.resources.iter().map(String::as_str).find(|route| trimmed(route) == trimmed(path))
    }

    /// True for a configured resource server, if `shown` is the hash of its secret.
    #[must_use]
    pub fn admits_resource_server(&self, id: &str, shown: Option<&str>) -> bool {
        let known = self.resource_servers.iter().find(|(name, _)| name == id);
        known.zip(shown).is_some_and(|((_, secret), shown)| same(secret.as_bytes(), shown.as_bytes()))
    }

    /// The consent page's text for `scope`.
    #[must_use]
    pub fn text<'a>(&'a self, scope: &'a str) -> &'a str {
        self.texts.iter().find(|(name, _)| name == scope).map_or(scope, |(_, text)| text.as_str())
    }
}

/// The paths of the endpoints, in the order of [`Endpoint::ALL`]. Each must be unique and not equal to a route, since
/// one of the two could never be reached. Endpoints that the server does not have may have any path.
fn paths(options: &Object<'_>, config: &ServerConfig) -> Result<Vec<String>, String> {
    let routes = options.get("routes").and_then(Value::strings).unwrap_or_else(|| config.resources.clone());
    let mut taken: Vec<(String, &str)> = routes.into_iter().map(|route| (route, "apiHandlers")).collect();
    let path = |endpoint: &Endpoint| {
        let Row { option, path, .. } = endpoint.row();
        let path = match options.get(option) {
            None => (*path).to_owned(),
            Some(value) => value.string().filter(|path| is_path(path)).map(Into::into).ok_or_else(|| {
                let given = value.string().unwrap_or_else(|| value.text().into());
                format(&[option, " must be a path such as ", path, ", beginning with a slash: ", &given])
            })?,
        };
        if endpoint.is_taken(config) {
            if let Some((_, other)) = taken.iter().find(|(other, _)| trimmed(other) == trimmed(&path)) {
                return Err(format(&[
                    option,
                    " and ",
                    other,
                    " have the same path, ",
                    &path,
                    ", so that one of them would never be reached: use different paths.",
                ]));
            }
            taken.push((path.clone(), option));
        }
        Ok(path)
    };
    Endpoint::ALL.iter().map(path).collect()
}

impl Limits {
    fn read(options: &Object<'_>) -> Result<Self, String> {
        let limits = options.get("limits").map_or_else(|| Object::read("{}"), Value::object);
        let limits = limits.map_err(|_| "limits must be an object such as { token: 300 }.")?;
        let limit = |name, usual| match limits.get(name).map(|value| value.text().parse()) {
            None => Ok(usual),
            Some(Ok(most)) if (1..=1_000_000).contains(&most) => Ok(most),
            Some(_) => Err(format(&["limits.", name, " must be a positive whole number of requests per minute"])),
        };
        Ok(Self {
            authorize: limit("authorize", 120)?,
            token: limit("token", 300)?,
            register: limit("register", 30)?,
            callback: limit("callback", 60)?,
            documents: limit("documents", 30)?,
            introspect: limit("introspect", 3000)?,
        })
    }
}

/// The path of `url` without trailing slashes, if it is a URL of the origin `issuer` without a fragment (RFC 8707 §2).
/// The letter case of scheme and host does not matter, and the scheme's default port may be present (RFC 3986 §6.2).
fn path_under<'a>(issuer: &str, url: &'a str) -> Option<&'a str> {
    let at = url.find("://")? + 3;
    let end = url.get(at..)?.find(['/', '?', '#']).map_or(url.len(), |length| at + length);
    let (origin, rest) = (url.get(..end)?, url.get(end..)?);
    let origin = origin.to_ascii_lowercase();
    let port = if origin.starts_with("https") { ":443" } else { ":80" };
    let is_same = origin.strip_suffix(port).unwrap_or(&origin) == issuer.to_ascii_lowercase();
    let path = rest.split_once('?').map_or(rest, |(path, _)| path);
    (is_same && !rest.contains('#')).then(|| trimmed(path))
}

fn trimmed(path: &str) -> &str {
    path.trim_end_matches('/')
}

/// A normalized path: one with `/./` or `/../` would match nothing.
fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && !path.starts_with("//")
        && !path.split('/').any(|part| part == "." || part == "..")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"'))
}

fn is_issuer(issuer: &str) -> bool {
    let is_local = |rest: &str| rest.is_empty() || rest.starts_with(':');
    let host =
        issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://localhost").filter(|it| is_local(it)));
    host.is_some_and(|host| !host.is_empty() || issuer.starts_with("http:"))
        && crate::http::origin::origin_of(issuer) == issuer
        && !issuer.contains('@')
        && issuer.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"')
}

fn texts(name: &str, value: Value<'_>) -> Result<Vec<String>, String> {
    value.strings().ok_or_else(|| format(&[name, " must be a list of strings."]))
}

/// A shorter secret could be guessed.
const MIN_SECRET: usize = 32;

fn resource_servers(value: Value<'_>) -> Result<Vec<(String, String)>, String> {
    let pairs = pairs("resourceServers", value)?;
    if let Some((id, _)) = pairs.iter().find(|(id, secret)| id.is_empty() || secret.len() < MIN_SECRET) {
        return Err(format(&[
            "resourceServers.",
            id,
            " must have a secret of at least 32 characters. Create one with `openssl rand -base64 32`.",
        ]));
    }
    let hashed = |(id, secret): (String, String)| {
        let hash = presented_hash(&id, &secret);
        (id, hash)
    };
    Ok(pairs.into_iter().map(hashed).collect())
}

fn pairs(name: &str, value: Value<'_>) -> Result<Vec<(String, String)>, String> {
    let wrong = || format(&[name, " must be an object of strings"]);
    let members = value.object().map_err(|_| wrong())?.0;
    members
        .into_iter()
        .map(|(name, value)| Some((name.into(), value.string()?.into())))
        .collect::<Option<_>>()
        .ok_or_else(wrong)
}

fn seconds(options: &Object<'_>, name: &str, usual: u64, least: u64, most: u64) -> Result<u64, String> {
    let Some(value) = options.get(name) else { return Ok(usual) };
    value.text().parse().ok().filter(|seconds| (least..=most).contains(seconds)).ok_or_else(|| {
        format(&[name, " must be a whole number of seconds from ", &least.to_string(), " to ", &most.to_string()])
    })
}

/// Joins `parts`: the formatting machinery of the standard library costs more bytes than it is worth.
pub(crate) fn format(parts: &[&str]) -> String {
    parts.concat()
}
