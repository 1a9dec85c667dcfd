//! Dynamic client registration (RFC 7591).
//!
//! **Threat.** Anyone can register anything: deceptive names, redirect URIs that run script, grants without a person,
//! floods.
//! **Guarantee.** A registered client can only ask a person (`authorization_code`, `refresh_token`). Names are short
//! and without invisible characters; redirect URIs are checked ([`crate::oauth::redirect`]); a public client that
//! registers again gets the same identifier, so that a flood of identical ones is one record; records expire 90 days
//! after their last use.
//! **Not guaranteed.** That a client is what it claims to be. The consent page says so.
//!
//! If a client requests more than it may have, the excess is omitted, as RFC 7591 §3.2.1 allows: grant types, invalid
//! redirect URIs, the end of a long name. The response says what was registered. The request is refused only if nothing
//! usable remains.
//!
//! Management of registrations (RFC 7592) and software statements are not supported; statements are ignored, as RFC
//! 7591 §2.3 allows.

use serde::Serialize;

use crate::crypto::encode;
use crate::flow::Flow;
use crate::http::Answer;
use crate::identity::Identity;
use crate::json::{self, Object, Value};
use crate::oauth::audit::AuditEvent;
use crate::oauth::client::metadata::{member, named, usable};
use crate::oauth::client::{self, Auth, Client, Proof, secret_hash};
use crate::oauth::error::{Code, OAuthError, unavailable, unstored};
use crate::oauth::object::ask;
use crate::oauth::object::client::{Register, Registered as Kept};
use crate::oauth::{AuthorizationServer, Request, redirect};
use crate::rate_limit;

const MAX_BODY: usize = 16 * 1024;
const MAX_REDIRECTS: usize = 10;

/// Answers the registration endpoint.
///
/// 1. The body is read as metadata.
/// 2. The metadata becomes a client.
/// 3. A public client that exists stays as it was; this does not count towards the limits of others.
/// 4. A new one is counted, and stored in its object.
///
/// Waits: two; four for a new public client.
pub async fn serve<I: Identity>(
    flow: &Flow<'_>,
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Answer {
    let context = flow.context();
    let asked = match read(server, request, body) {
        Ok(asked) => asked,
        Err(failed) => return failed.answer(false),
    };
    let secret = asked.confidential.then(|| encode(&context.random::<32>("client secret")));
    let auth = match (secret.as_deref().map(secret_hash), asked.post) {
        (None, _) => Auth::None,
        (Some(hash), true) => Auth::Post(hash),
        (Some(hash), false) => Auth::Basic(hash),
    };
    let redirects = redirect::all_canonical(&asked.redirects, &server.config.schemes);
    let id = match auth {
        Auth::None => Client::public_id(&asked.name, &redirects),
        _ => Client::confidential_id(context.random("client id")),
    };
    let client = Client { id, name: asked.name, redirects, auth, proof: Proof::None, created: context.now() / 1000 };
    let object = client::object(&client.id);
    let register = async |full| ask(flow, object.clone(), &Register { client: client.clone(), full }).await;
    let answered = |kept: &Client| registered(kept, &asked.redirects, secret.as_deref());
    if client.auth == Auth::None {
        if let Some(seconds) = rate_limit::wait(flow, again(server, request, &client)).await {
            return OAuthError::slow_down(seconds).answer(false);
        }
        match register(true).await {
            Ok(Kept::Full) => {}
            Ok(Kept::Kept(kept)) => return answered(&kept),
            Err(_) => return unavailable().answer(false),
        }
    }
    if let Some(seconds) = rate_limit::wait(flow, limits(server, request, &client)).await {
        return OAuthError::slow_down(seconds).answer(false);
    }
    let Ok(Kept::Kept(kept)) = register(false).await else { return unavailable().answer(false) };
    AuditEvent {
        event: "client registered",
        client: Some(&client.id),
        name: Some(&client.name),
        redirects: &client.redirects,
        request: Some(&request.trace(flow)),
        ..AuditEvent::default()
    }
    .log(flow);
    answered(&kept)
}

/// A network may register this many times as many clients in all as with one redirect host …
const NETWORK: u64 = 4;
/// … and everybody together this many times as many.
const EVERYBODY: u64 = 20;

/// The limits of new registrations.
fn limits<I>(server: &AuthorizationServer<'_, I>, request: &Request<'_>, client: &Client) -> Vec<(String, u64)> {
    let most = server.config.limits.register;
    let host = client.redirects.first().map_or("", |uri| redirect::host(uri, &server.config.schemes));
    let network = request.network();
    let mut limits = network.map_or_else(Vec::new, |network| {
        network.limits("register", &server.issuer, &[&rate_limit::domain(host)], most, NETWORK)
    });
    limits.push((rate_limit::key("registrations", &[&server.issuer]), most.saturating_mul(EVERYBODY)));
    limits
}

/// The limit of a network's requests for clients that may exist already.
fn again<I>(server: &AuthorizationServer<'_, I>, request: &Request<'_>, client: &Client) -> Vec<(String, u64)> {
    let most = server.config.limits.register.saturating_mul(NETWORK);
    let network = request.network();
    network.map_or_else(Vec::new, |network| network.limits("registered", &server.issuer, &[&client.id], most, NETWORK))
}

/// What was registered (RFC 7591 §3.2.1).
#[derive(Serialize)]
struct Registered<'a> {
    client_id: &'a str,
    client_id_issued_at: u64,
    client_name: &'a str,
    redirect_uris: &'a [String],
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    token_endpoint_auth_method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<&'a str>,
    /// It never expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u8>,
}

fn registered(client: &Client, redirects: &[String], secret: Option<&str>) -> Answer {
    let registered = Registered {
        client_id: &client.id,
        client_id_issued_at: client.created,
        client_name: &client.name,
        redirect_uris: redirects,
        grant_types: ["authorization_code", "refresh_token"],
        response_types: ["code"],
        token_endpoint_auth_method: client.auth.method(),
        client_secret: secret,
        client_secret_expires_at: secret.map(|_| 0),
    };
    unstored(Answer::json(201, json::write(&registered)))
}

/// Metadata that may be registered.
struct ClientMetadata {
    name: String,
    redirects: Vec<String>,
    confidential: bool,
    post: bool,
}

fn read<I>(
    server: &AuthorizationServer<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<ClientMetadata, OAuthError> {
    let wrong = |description| Err(OAuthError::new(Code::InvalidClientMetadata, description));
    if !server.config.registration {
        return wrong("This server does not allow client registration. Ask its operator for a client identifier.");
    }
    let media_type = request.content_type.as_deref().and_then(|it| it.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return wrong("The body must be JSON: send Content-Type: application/json.");
    }
    if request.unread || body.len() > MAX_BODY {
        return wrong("The body is longer than 16 KB, or not UTF-8.");
    }
    let Ok(metadata) = Object::read(body) else {
        return wrong("The body must be one JSON object without duplicate members.");
    };
    let redirects = redirects(server, &metadata)?;
    let method = text(&metadata, "token_endpoint_auth_method")?.unwrap_or_else(|| "client_secret_basic".into());
    if !["none", "client_secret_basic", "client_secret_post"].contains(&method.as_str()) {
        return wrong("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post.");
    }
    if method == "none" && !server.config.public {
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
            "grant_types must include authorization_code: only the operator can create clients for other grants.",
        );
    }
    if !has("response_types", "code")? {
        return wrong("response_types must include code: no others are supported.");
    }
    let name = named(text(&metadata, "client_name")?.as_deref(), || {
        redirect::host(redirects.first().map_or("", String::as_str), &server.config.schemes)
    });
    Ok(ClientMetadata { name, confidential: method != "none", post: method == "client_secret_post", redirects })
}

fn redirects<I>(server: &AuthorizationServer<'_, I>, metadata: &Object<'_>) -> Result<Vec<String>, OAuthError> {
    let wrong = |description| Err(OAuthError::new(Code::InvalidRedirectUri, description));
    let Some(mut asked) = usable(metadata.get("redirect_uris"), &server.config.schemes) else {
        return wrong("redirect_uris must be a list of at least one URI.");
    };
    if asked.is_empty() {
        return wrong(
            "One of redirect_uris must be https, http on localhost, or of an app's own scheme such as com.example.app:/cb; \
             without fragment and user name, at most 2,048 characters.",
        );
    }
    // The others are not stored; the response says which ones are.
    asked.truncate(MAX_REDIRECTS);
    Ok(asked)
}

/// A member that must be a string if it has a value.
fn text(metadata: &Object<'_>, name: &str) -> Result<Option<String>, OAuthError> {
    member(metadata, name).map(|value| value.string().map(Into::into).ok_or_else(|| kind(name))).transpose()
}

/// The values of a list, or a single string in place of a list.
fn several(value: Value<'_>) -> Option<Vec<Value<'_>>> {
    if value.string().is_some() { Some(vec![value]) } else { value.array().ok() }
}

/// A member that must be a list if it has a value, or a single string in its place; items that are not strings are
/// ignored.
fn listed(metadata: &Object<'_>, name: &str) -> Result<Vec<String>, OAuthError> {
    let Some(value) = member(metadata, name) else { return Ok(Vec::new()) };
    let values = several(value).ok_or_else(|| kind(name))?;
    Ok(values.into_iter().filter_map(Value::string).map(Into::into).filter(|text: &String| !text.is_empty()).collect())
}

fn kind(name: &str) -> OAuthError {
    OAuthError::new(
        Code::InvalidClientMetadata,
        match name {
            "token_endpoint_auth_method" => "token_endpoint_auth_method must be a string.",
            "client_name" => "client_name must be a string.",
            "grant_types" => "grant_types must be a list of strings.",
            "response_types" => "response_types must be a list of strings.",
            _ => "A member has a type that RFC 7591 does not allow.",
        },
    )
}
