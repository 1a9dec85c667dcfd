//! Dynamic client registration (RFC 7591).
//!
//! **Threat.** Anybody may register anything: names that deceive, redirect URIs that run script, grants that need no
//! person, floods.
//! **Guarantee.** A registered client can do nothing but ask a person (`authorization_code`, `refresh_token`). Names are
//! short and without invisible characters; redirect URIs are judged ([`super::redirect`]); a public client that registers
//! again gets the identifier it had, so that a flood of equal ones keeps one record; records end 90 days after their last
//! use.
//! **Not guaranteed.** That a client is what it calls itself. The consent page says so.
//!
//! What a client asks for beyond what it may have is left out, as RFC 7591 §3.2.1 allows: grant types, redirect URIs that
//! cannot be, the end of a long name. The answer says what was registered. It is refused only where nothing usable is left.
//!
//! Management of registrations (RFC 7592) and software statements are not supported; statements are ignored, as RFC 7591
//! §2.3 allows.

use super::client::{Auth, Client, Proof, secret_hash};
use super::error::{Code, Failed, unavailable, unstored};
use super::record::Members;
use super::{Identity, Request, Site, redirect};
use crate::crypto::encode;
use crate::flow::{Ask, Commit, Flow};
use crate::http::Answer;
use crate::json::{Object, Value};
use crate::limit;
use crate::unique::distinct;

const MAX_BODY: usize = 16 * 1024;
const MAX_REDIRECTS: usize = 10;
const MAX_NAME: usize = 200;

/// Answers the registration endpoint.
///
/// 1. The body becomes metadata.
/// 2. Metadata becomes a client.
/// 3. A public one that was there before stays as it was; that counts for nobody else.
/// 4. A new one is counted, and its object keeps it.
///
/// Waits: two; a public one that is new, four.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Answer {
    let context = flow.context();
    let asked = match read(site, request, body) {
        Ok(asked) => asked,
        Err(failed) => return failed.answer(false),
    };
    let secret = asked.confidential.then(|| encode(&context.random::<32>("client secret")));
    let auth = match (secret.as_deref().map(secret_hash), asked.post) {
        (None, _) => Auth::None,
        (Some(hash), true) => Auth::Post(hash),
        (Some(hash), false) => Auth::Basic(hash),
    };
    let redirects = redirect::all_canonical(&asked.redirects, &site.server.schemes);
    let id = match auth {
        Auth::None => Client::public_id(&asked.name, &redirects),
        _ => Client::confidential_id(context.random("client id")),
    };
    let client = Client { id, name: asked.name, redirects, auth, proof: Proof::None, created: context.now() / 1000 };
    let object = "client:".to_owned() + &client.id;
    let register = async |full| {
        let input = client.members().flag("full", full).end();
        flow.obtain(&Ask { object: object.clone(), call: "register", input }).await
    };
    let answered = |kept: &str| match Client::read(kept) {
        Some(kept) => registered(&kept, &asked.redirects, secret.as_deref()),
        None => unavailable().answer(false),
    };
    if client.auth == Auth::None {
        if let Some(seconds) = limit::wait(flow, again(site, request, &client)).await {
            return Failed::slow_down(seconds).answer(false);
        }
        match register(true).await.as_deref() {
            Ok(NEW) => {}
            Ok(kept) => return answered(kept),
            Err(_) => return unavailable().answer(false),
        }
    }
    if let Some(seconds) = limit::wait(flow, limits(site, request, &client)).await {
        return Failed::slow_down(seconds).answer(false);
    }
    let Ok(kept) = register(false).await else { return unavailable().answer(false) };
    if Client::read(&kept).is_some() {
        let event = Members::new()
            .text("event", "client registered")
            .text("client", &client.id)
            .text("name", &client.name)
            .texts("redirects", client.redirects.iter().map(String::as_str))
            .text("request", &request.trace(flow));
        flow.commit(Commit::Audit(event.end()));
    }
    answered(&kept)
}

/// What an object says of a client that it has not kept, where it is to keep no new one.
pub(super) const NEW: &str = r#""full""#;
/// So many times as often as with one redirect host a network may register in all …
const NETWORK: u64 = 4;
/// … and everybody together.
const EVERYBODY: u64 = 20;

/// How often new clients may be registered.
fn limits<I>(site: &Site<'_, I>, request: &Request<'_>, client: &Client) -> Vec<(String, u64)> {
    let most = site.server.limits.register;
    let host = client.redirects.first().map_or("", |uri| redirect::host(uri, &site.server.schemes));
    let network = request.network();
    let mut limits = network.map_or_else(Vec::new, |network| {
        network.limits("register", &site.issuer, &[&limit::domain(host)], most, NETWORK)
    });
    limits.push((limit::key("registrations", &[&site.issuer]), most.saturating_mul(EVERYBODY)));
    limits
}

/// How often one network may ask whether a client is registered.
fn again<I>(site: &Site<'_, I>, request: &Request<'_>, client: &Client) -> Vec<(String, u64)> {
    let most = site.server.limits.register.saturating_mul(NETWORK);
    let network = request.network();
    network.map_or_else(Vec::new, |network| network.limits("registered", &site.issuer, &[&client.id], most, NETWORK))
}

/// RFC 7591 §3.2.1.
fn registered(client: &Client, redirects: &[String], secret: Option<&str>) -> Answer {
    let mut members = Members::new()
        .text("client_id", &client.id)
        .number("client_id_issued_at", client.created)
        .text("client_name", &client.name)
        .texts("redirect_uris", redirects.iter().map(String::as_str))
        .texts("grant_types", ["authorization_code", "refresh_token"])
        .texts("response_types", ["code"])
        .text("token_endpoint_auth_method", client.auth.method());
    if let Some(secret) = secret {
        members = members.text("client_secret", secret).number("client_secret_expires_at", 0);
    }
    unstored(Answer::json(201, members.end()))
}

/// Metadata that may be registered.
struct Asked {
    name: String,
    redirects: Vec<String>,
    confidential: bool,
    post: bool,
}

fn read<I>(site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Result<Asked, Failed> {
    let wrong = |description| Err(Failed::new(Code::InvalidClientMetadata, description));
    if !site.server.registration {
        return wrong("This server does not take registrations. Ask its operator for a client identifier.");
    }
    let media_type = request.content_type.as_deref().and_then(|it| it.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return wrong("The body must be JSON: send Content-Type: application/json.");
    }
    if request.unread || body.len() > MAX_BODY {
        return wrong("The body is longer than 16 KB, or not UTF-8.");
    }
    let Ok(metadata) = Object::read(body) else {
        return wrong("The body must be one JSON object in which no member is there twice.");
    };
    let redirects = redirects(site, &metadata)?;
    let method = text(&metadata, "token_endpoint_auth_method")?.unwrap_or_else(|| "client_secret_basic".into());
    if !["none", "client_secret_basic", "client_secret_post"].contains(&method.as_str()) {
        return wrong("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.");
    }
    if method == "none" && !site.server.public {
        return wrong(
            "This server registers no clients without a secret: token_endpoint_auth_method must be client_secret_basic or \
             client_secret_post.",
        );
    }
    let has = |name, usual: &str| {
        let asked = listed(&metadata, name)?;
        Ok(asked.is_empty() || asked.iter().any(|asked| asked == usual))
    };
    if !has("grant_types", "authorization_code")? {
        return wrong(
            "grant_types must have authorization_code: for grants without a person a client needs the operator, who names it.",
        );
    }
    if !has("response_types", "code")? {
        return wrong("response_types must have code: there are no others here.");
    }
    let name = named(text(&metadata, "client_name")?.as_deref(), || {
        redirect::host(redirects.first().map_or("", String::as_str), &site.server.schemes)
    });
    Ok(Asked { name, confidential: method != "none", post: method == "client_secret_post", redirects })
}

fn redirects<I>(site: &Site<'_, I>, metadata: &Object<'_>) -> Result<Vec<String>, Failed> {
    let wrong = |description| Err(Failed::new(Code::InvalidRedirectUri, description));
    let Some(mut asked) = usable(metadata, &site.server.schemes) else {
        return wrong("redirect_uris must be a list of at least one URI.");
    };
    if asked.is_empty() {
        return wrong(
            "One of redirect_uris must be https, http on localhost, or of an app's own scheme such as com.example.app:/cb; \
             without fragment and user name, at most 2,048 characters.",
        );
    }
    // More are not kept; the answer says which are.
    asked.truncate(MAX_REDIRECTS);
    Ok(asked)
}

/// The redirect URIs of client metadata that may be ones, each once; nothing where there is no list. The others fall away.
pub(super) fn usable(metadata: &Object<'_>, schemes: &[String]) -> Option<Vec<String>> {
    let asked = metadata.get("redirect_uris")?.array().ok()?;
    let uris = distinct(asked.iter().filter_map(|uri| uri.string()));
    Some(uris.into_iter().filter(|uri| redirect::judge(uri, schemes).is_some()).map(Into::into).collect())
}

/// What people read: the name that a client gives itself, presentable and cut to 200 characters, or else `host`.
pub(super) fn named<'a>(name: Option<&str>, host: impl FnOnce() -> &'a str) -> String {
    let name = name.map(presentable).unwrap_or_default();
    let name = name.chars().take(MAX_NAME).collect::<String>();
    if name.is_empty() { host().to_owned() } else { name }
}

/// A member of client metadata that has a value; `null` and `""` are none.
pub(super) fn member<'a>(metadata: &Object<'a>, name: &str) -> Option<Value<'a>> {
    metadata.get(name).filter(|value| !matches!(value.text(), "null" | r#""""#))
}

/// A member that must be a text if it has a value.
fn text(metadata: &Object<'_>, name: &str) -> Result<Option<String>, Failed> {
    member(metadata, name).map(|value| value.string().map(Into::into).ok_or_else(|| kind(name))).transpose()
}

/// The values of a list, or the text that stands for a list of one.
fn several(value: Value<'_>) -> Option<Vec<Value<'_>>> {
    if value.string().is_some() { Some(vec![value]) } else { value.array().ok() }
}

/// A member that must be a list if it has a value, or a text in place of a list of one; what of it is no text falls away.
fn listed(metadata: &Object<'_>, name: &str) -> Result<Vec<String>, Failed> {
    let Some(value) = member(metadata, name) else { return Ok(Vec::new()) };
    let values = several(value).ok_or_else(|| kind(name))?;
    Ok(values.into_iter().filter_map(Value::string).map(Into::into).filter(|text: &String| !text.is_empty()).collect())
}

fn kind(name: &str) -> Failed {
    Failed::new(
        Code::InvalidClientMetadata,
        match name {
            "token_endpoint_auth_method" => "token_endpoint_auth_method must be a text.",
            "client_name" => "client_name must be a text.",
            "grant_types" => "grant_types must be a list of texts.",
            "response_types" => "response_types must be a list of texts.",
            _ => "A member has another type than RFC 7591 says.",
        },
    )
}

/// `name` without characters that people do not see or that turn the text around, and without white space at its ends.
#[must_use]
pub fn presentable(name: &str) -> String {
    let is_seen = |character: &char| {
        !character.is_control()
            && !matches!(*character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    name.chars().filter(is_seen).collect::<String>().trim().to_owned()
}
