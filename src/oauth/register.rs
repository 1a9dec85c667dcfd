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
//! Management of registrations (RFC 7592) and software statements are not supported; statements are ignored, as RFC 7591
//! §2.3 allows.

use super::client::{Auth, Client, Proof, secret_hash};
use super::error::{Code, Failed, unavailable, unstored};
use super::record::{Members, Reading as _};
use super::{Identity, Request, Site, limit, redirect};
use crate::crypto::encode;
use crate::flow::{Ask, Flow};
use crate::http::Answer;
use crate::json::{Object, Value};

const MAX_BODY: usize = 16 * 1024;
const MAX_REDIRECTS: usize = 10;
const MAX_NAME: usize = 200;

/// Answers the registration endpoint.
///
/// 1. The body becomes metadata.
/// 2. Metadata becomes a client.
/// 3. Where too many come, only one that is known already goes on.
/// 4. Its object keeps it; a public one that was there before stays as it was.
///
/// Waits: two.
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
    let most = site.server.limits.register;
    let mut limits = vec![(limit::key("registrations", &[&site.issuer]), most.saturating_mul(20))];
    let host = client.redirects.first().map_or("", |uri| redirect::host(uri, &site.server.schemes));
    limits.extend(request.network().map(|network| (limit::key("register", &[&site.issuer, host, &network]), most)));
    let wait = limit::wait(flow, limits).await;
    if let (Some(seconds), true) = (wait, client.auth != Auth::None) {
        return Failed::slow_down(seconds).answer(false);
    }
    let object = "client:".to_owned() + &client.id;
    let input = client.members().flag("full", wait.is_some()).end();
    let kept = flow.obtain(&Ask { object, call: "register", input }).await;
    if let (Some(seconds), Ok(r#""full""#)) = (wait, kept.as_deref()) {
        return Failed::slow_down(seconds).answer(false);
    }
    match kept.ok().as_deref().and_then(Client::read) {
        Some(kept) => registered(&kept, &asked.redirects, secret.as_deref()),
        None => unavailable().answer(false),
    }
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
    let grants = listed(&metadata, "grant_types")?.unwrap_or_else(|| vec!["authorization_code".into()]);
    let may = |grant: &String| matches!(grant.as_str(), "authorization_code" | "refresh_token");
    if !grants.iter().all(may) || !grants.iter().any(|grant| grant == "authorization_code") {
        return wrong(
            "grant_types may be authorization_code and refresh_token: others need a client that the operator named.",
        );
    }
    if listed(&metadata, "response_types")?.is_some_and(|types| types != ["code"]) {
        return wrong("response_types must be [\"code\"].");
    }
    let name = match text(&metadata, "client_name")? {
        Some(name) if name.chars().count() > MAX_NAME => return wrong("client_name is longer than 200 characters."),
        Some(name) => presentable(&name),
        None => String::new(),
    };
    let first = redirects.first().map_or("", String::as_str);
    let name = if name.is_empty() { redirect::host(first, &site.server.schemes).to_owned() } else { name };
    Ok(Asked { name, confidential: method != "none", post: method == "client_secret_post", redirects })
}

fn redirects<I>(site: &Site<'_, I>, metadata: &Object<'_>) -> Result<Vec<String>, Failed> {
    let wrong = |description| Err(Failed::new(Code::InvalidRedirectUri, description));
    let Some(redirects) = metadata.texts("redirect_uris").filter(|uris| !uris.is_empty()) else {
        return wrong("redirect_uris must be a list of at least one URI.");
    };
    if redirects.len() > MAX_REDIRECTS {
        return wrong("There are more than ten redirect_uris.");
    }
    if redirects.iter().any(|uri| redirect::judge(uri, &site.server.schemes).is_none()) {
        return wrong(
            "Each of redirect_uris must be https, http on localhost, or of an app scheme that this server knows; without \
             fragment and user name, at most 2,048 characters.",
        );
    }
    Ok(redirects)
}

/// A member that must be a text if it is there; `null` counts as absent.
fn text(metadata: &Object<'_>, name: &str) -> Result<Option<String>, Failed> {
    match metadata.get(name) {
        None => Ok(None),
        Some(value) if value.text() == "null" => Ok(None),
        Some(value) => value.string().map(|text| Some(text.into())).ok_or_else(kind),
    }
}

fn listed(metadata: &Object<'_>, name: &str) -> Result<Option<Vec<String>>, Failed> {
    match metadata.get(name).map(Value::text) {
        None | Some("null") => Ok(None),
        Some(_) => metadata.texts(name).map(Some).ok_or_else(kind),
    }
}

fn kind() -> Failed {
    Failed::new(Code::InvalidClientMetadata, "A member has another type than RFC 7591 says.")
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
