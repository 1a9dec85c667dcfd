//! The token endpoint (RFC 6749 §3.2), seen from the Worker: what opens, and which object decides.

use super::authorize::by_network;
use super::client::{Auth, Lookup, find, secret_hash};
use super::error::{Code as Error, Failed, unavailable, unstored};
use super::record::{Members, Reading as _};
use super::server::Lifetimes;
use super::{Identity, Request, Site, credential, document, giving, grant, ledger, outbox, rule, scope, signing};
use crate::crypto::{Binding, Keys, Purpose, base64, encode, hash};
use crate::flow::{Ask, Commit, Context, Flow};
use crate::http::Answer;
use crate::http::form::{Params, decoded};
use crate::json::Object;
use crate::limit;

/// An authorization code: where its row is, and the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) object: String,
    pub(super) grant: String,
    pub(super) secret: String,
    pub(super) expires: u64,
}

/// A refresh token: where its grant is, and the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refresh {
    pub(super) object: String,
    pub(super) grant: String,
    pub(super) secret: String,
    pub(super) generation: u64,
}

fn binding(purpose: Purpose, issuer: &str) -> Binding<'_> {
    Binding { purpose, issuer, audience: "" }
}

/// What is kept of a code's or refresh token's secret: 256 random bits, so a plain hash is enough.
pub(super) fn proof(secret: &str) -> String {
    encode(&hash("token secret", &[secret.as_bytes()]))
}

impl Code {
    pub(super) fn fresh(context: &Context, object: &str, grant: &str, lifetimes: Lifetimes) -> Self {
        let secret = encode(&context.random::<32>("code"));
        let expires = context.now() + lifetimes.code * 1000;
        Self { object: object.into(), grant: grant.into(), secret, expires }
    }

    /// The key of its row.
    pub(super) fn row(grant: &str) -> String {
        "code:".to_owned() + grant
    }

    /// Its row, version 1.
    pub(super) fn record(&self, challenge: &str) -> String {
        Members::version(1)
            .text("secret", &proof(&self.secret))
            .text("challenge", challenge)
            .number("expires", self.expires)
            .end()
    }

    pub(super) fn seal(&self, context: &Context, keys: &Keys, issuer: &str) -> String {
        let code = Members::version(1)
            .text("o", &self.object)
            .text("g", &self.grant)
            .text("s", &self.secret)
            .number("e", self.expires);
        keys.seal_text(context, &binding(Purpose::Code, issuer), code.end().as_bytes())
    }

    fn open(keys: &Keys, issuer: &str, code: &str) -> Option<Self> {
        let code = keys.open_text(&binding(Purpose::Code, issuer), code)?;
        let code = Object::read(core::str::from_utf8(&code).ok()?).ok()?;
        (code.number("v")? == 1).then_some(())?;
        Some(Self {
            object: code.text("o")?,
            grant: code.text("g")?,
            secret: code.text("s")?,
            expires: code.number("e")?,
        })
    }
}

impl Refresh {
    pub(super) fn seal(&self, context: &Context, keys: &Keys, issuer: &str) -> String {
        let token = Members::version(1)
            .text("o", &self.object)
            .text("g", &self.grant)
            .text("s", &self.secret)
            .number("n", self.generation);
        keys.seal_text(context, &binding(Purpose::RefreshToken, issuer), token.end().as_bytes())
    }

    pub(super) fn open(keys: &Keys, issuer: &str, token: &str) -> Option<Self> {
        let token = keys.open_text(&binding(Purpose::RefreshToken, issuer), token)?;
        let token = Object::read(core::str::from_utf8(&token).ok()?).ok()?;
        (token.number("v")? == 1).then_some(())?;
        Some(Self {
            object: token.text("o")?,
            grant: token.text("g")?,
            secret: token.text("s")?,
            generation: token.number("n")?,
        })
    }
}

/// Who a client says it is, and the hash of the secret that it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) id: String,
    pub(super) secret: Option<String>,
    /// It came as `Authorization: Basic`.
    pub(super) basic: bool,
}

impl Shown {
    /// Reads what a client shows (RFC 6749 §2.3.1): once, and in one way.
    pub(super) fn read(request: &Request<'_>, params: &Params) -> Result<Self, Failed> {
        let wrong = |description| Err(Failed::new(Error::InvalidRequest, description));
        let (id, secret) = (params.get("client_id"), params.get("client_secret"));
        let Some(authorization) = request.authorization.as_deref() else {
            let Some(id) = id else {
                return Err(Failed::new(Error::InvalidClient, "client_id is missing."));
            };
            return Ok(Self { id: id.into(), secret: secret.map(secret_hash), basic: false });
        };
        let Some((named, shown)) = basic(authorization) else {
            return Err(Failed::new(
                Error::InvalidClient,
                "Authorization must be Basic with client_id and client_secret.",
            ));
        };
        if secret.is_some() {
            return wrong("The client authenticates in two ways: use one.");
        }
        if id.is_some_and(|id| id != named) {
            return wrong("client_id and Authorization name different clients.");
        }
        Ok(Self { id: named, secret: Some(secret_hash(&shown)).filter(|_| !shown.is_empty()), basic: true })
    }

    /// Adds it to what an object is asked.
    pub(super) fn write(&self, members: Members) -> Members {
        members.text("client", &self.id).maybe("shown", self.secret.as_deref())
    }
}

/// RFC 6749 §2.3.1: both halves are form-encoded before they become Basic credentials.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, credentials) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(())?;
    let credentials = String::from_utf8(base64::decode(credentials.trim())?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((decoded(id).filter(|id| !id.is_empty())?, decoded(secret)?))
}

/// Answers the token endpoint.
///
/// 1. The parameters and the client's credentials are read, once.
/// 2. The code or refresh token is opened; it names the object.
/// 3. The object decides, and makes the whole answer.
/// 4. Where it ended a grant, everybody is told.
/// 5. A client whose code or token is good for nothing is told if nobody knows it any more, and one with a newer secret than
///    its grant that the grant is over.
///
/// Waits: one; one more for keys where tokens are signed, which costs nothing while an isolate knows them; with an upstream,
/// one more and its own at a refresh. For 5, up to three more; where a grant ended, two, and one at the upstream.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Answer {
    let basic = request.authorization.is_some();
    match answer(flow, site, request, body).await {
        Ok(response) => unstored(Answer::json(200, response)),
        Err(failed) => failed.answer(basic),
    }
}

async fn answer<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    body: &str,
) -> Result<String, Failed> {
    let refuse = |code, description| Err(Failed::new(code, description));
    let params = form(request, body)?;
    let shown = Shown::read(request, &params)?;
    let trace = request.trace(flow);
    let (call, object, input) = match params.get("grant_type") {
        Some("authorization_code") => redeeming(flow.context(), site, &shown, &params)?,
        Some("refresh_token") => refreshing(site, &shown, &params)?,
        Some(
            "client_credentials"
            | "urn:ietf:params:oauth:grant-type:token-exchange"
            | "urn:ietf:params:oauth:grant-type:jwt-bearer",
        ) => {
            let failed = Failed::new(Error::UnauthorizedClient, "This grant needs a client that the operator named.");
            return Err(unless_forgotten(flow, site, request, &shown.id, failed, true).await);
        }
        Some(_) => {
            return refuse(Error::UnsupportedGrantType, "grant_type must be authorization_code or refresh_token.");
        }
        None => return refuse(Error::InvalidRequest, "grant_type is missing."),
    };
    let Some(object) = object else {
        // Nothing of ours, or over.
        return Err(unless_forgotten(flow, site, request, &shown.id, invalid_grant(), true).await);
    };
    let input = if site.server.jwt {
        input.raw("jwt", &signing::handed(flow, site).await.map_err(|_| unavailable())?)
    } else {
        input
    };
    if request.deaf {
        return Err(unavailable());
    }
    let input = rule::hand(input, site.server, request);
    let input = ledger::traced(input, site.server, &trace).number("most", site.server.limits.token);
    let input =
        if call == "refresh" && site.identity.renews() { renewing(flow, site, &object, input).await? } else { input };
    let Ok(decided) = flow.obtain(&Ask { object: object.clone(), call, input: input.end() }).await else {
        return Err(unavailable());
    };
    let decided = Object::read(&decided).map_err(|_| unavailable())?;
    let passed = outbox::pass_on(flow, site.server, &object, &decided).await;
    if passed.ended.map_err(|()| unavailable())? {
        giving::give_back(flow, site, &object, Some(&trace)).await;
    }
    if let Some(response) = decided.text("ok") {
        return Ok(response);
    }
    let code = decided.text("error").as_deref().and_then(Error::parse).ok_or_else(unavailable)?;
    if !passed.recorded {
        let event = Members::new()
            .text("event", "token refused")
            .text("client", &shown.id)
            .text("error", code.name())
            .maybe("reason", decided.text("reason").as_deref())
            .text("request", &trace);
        flow.commit(Commit::Audit(event.end()));
    }
    Err(match code {
        Error::SlowDown => Failed::slow_down(decided.number("wait").unwrap_or(60)),
        Error::InvalidClient => unless_rotated(flow, site, request, &shown).await,
        Error::InvalidScope => {
            Failed::new(code, "None of the scopes in scope was granted. Leave scope out for all that was.")
        }
        Error::InvalidTarget => Failed::new(code, "resource is not the one that was granted."),
        _ => unless_forgotten(flow, site, request, &shown.id, invalid_grant(), false).await,
    })
}

/// `failed`, unless nobody here knows the client: then it is told so and registers again, instead of asking a person with an
/// identifier that is good for nothing. `counted`: nothing has counted this request yet.
///
/// Waits: three at most.
async fn unless_forgotten<I>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    request: &Request<'_>,
    client: &str,
    failed: Failed,
    counted: bool,
) -> Failed {
    // Its document is looked at when it comes to be authorized.
    if site.server.documents && document::is_url(client) {
        return failed;
    }
    if counted && let Some(seconds) = limit::wait(flow, by_network(site, request, "token", client)).await {
        return Failed::slow_down(seconds);
    }
    match find(flow, site, request, client).await {
        Lookup::Busy(seconds) => Failed::slow_down(seconds),
        Lookup::Unknown | Lookup::Unusable(_) | Lookup::Unlisted => unknown_client(),
        Lookup::Unavailable | Lookup::Unreachable(_) if counted => unavailable(),
        Lookup::Unavailable | Lookup::Unreachable(_) | Lookup::Known(..) | Lookup::Waiting(_) => failed,
    }
}

/// A client has authenticated otherwise than when the code or token was issued. Where that is the secret that it has by now,
/// it is the client, and what is good for nothing is the grant (RFC 6749 §5.2): it asks the person again, instead of losing
/// its registration.
///
/// Waits: two at most, and only for whoever shows a secret.
async fn unless_rotated<I>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, shown: &Shown) -> Failed {
    // Clients that are known by a document have no secret.
    if shown.secret.is_none() || document::is_url(&shown.id) {
        return unknown_client();
    }
    match find(flow, site, request, &shown.id).await {
        Lookup::Known(client, _) if client.auth.accepts(shown.secret.as_deref()) => invalid_grant(),
        Lookup::Busy(seconds) => Failed::slow_down(seconds),
        Lookup::Unavailable => unavailable(),
        _ => unknown_client(),
    }
}

/// The parameters of a request to an endpoint for clients, of which none is there twice.
pub(super) fn form(request: &Request<'_>, body: &str) -> Result<Params, Failed> {
    let wrong = |description| Failed::new(Error::InvalidRequest, description);
    if request.unread {
        return Err(wrong("The body is longer than 64 KB, or not UTF-8."));
    }
    let params =
        request.form(body).ok_or_else(|| wrong("Send the parameters as application/x-www-form-urlencoded."))?;
    let params = params.map_err(|_| wrong("The parameters are not well-formed."))?;
    if params.repeated(&[]).is_some() { Err(wrong("A parameter is there twice.")) } else { Ok(params) }
}

fn invalid_grant() -> Failed {
    Failed::new(Error::InvalidGrant, "The code or token is not valid, or not any more.")
}

pub(super) fn unknown_client() -> Failed {
    Failed::new(Error::InvalidClient, "The client is not known here, or did not authenticate.")
}

type Asking = (&'static str, Option<String>, Members);

fn redeeming<I>(context: &Context, site: &Site<'_, I>, shown: &Shown, params: &Params) -> Result<Asking, Failed> {
    let missing = |description| Err(Failed::new(Error::InvalidRequest, description));
    let Some(code) = params.get("code") else { return missing("code is missing.") };
    let Some(verifier) = params.get("code_verifier") else { return missing("code_verifier is missing.") };
    let code = Code::open(site.keys, &site.issuer, code).filter(|code| code.expires > context.now());
    let Some(code) = code else { return Ok(("redeem", None, Members::new())) };
    let members = Members::new()
        .text("grant", &code.grant)
        .text("secret", &code.secret)
        .maybe("redirect", params.get("redirect_uri"))
        .text("verifier", verifier)
        .maybe("resource", resource(site, params).as_deref())
        .raw("lifetimes", &site.server.lifetimes.to_json());
    Ok(("redeem", Some(code.object), shown.write(members)))
}

fn refreshing<I>(site: &Site<'_, I>, shown: &Shown, params: &Params) -> Result<Asking, Failed> {
    let Some(token) = params.get("refresh_token") else {
        return Err(Failed::new(Error::InvalidRequest, "refresh_token is missing."));
    };
    let Some(token) = Refresh::open(site.keys, &site.issuer, token) else {
        return Ok(("refresh", None, Members::new()));
    };
    let scope = wanted(site, params)?;
    let members = Members::new()
        .text("grant", &token.grant)
        .text("secret", &token.secret)
        .number("generation", token.generation)
        .maybe("scope", scope.as_deref())
        .maybe("resource", resource(site, params).as_deref())
        .raw("lifetimes", &site.server.lifetimes.to_json());
    Ok(("refresh", Some(token.object), shown.write(members)))
}

/// The scopes that a refresh asks for, of those that there are here; none where it asks for no others, which is as if it had
/// not asked (as at authorize).
fn wanted<I>(site: &Site<'_, I>, params: &Params) -> Result<Option<String>, Failed> {
    let Some(asked) = params.get("scope") else { return Ok(None) };
    let wrong =
        || Failed::new(Error::InvalidScope, "scope has a character that no scope may have (RFC 6749, section 3.3).");
    let known = scope::within(&scope::parse(asked).ok_or_else(wrong)?, &site.server.scopes);
    Ok(Some(known.join(" ")).filter(|known| !known.is_empty()))
}

/// Asks the upstream who the person is now, and adds what it says.
async fn renewing<I: Identity>(
    flow: &Flow<'_>,
    site: &Site<'_, I>,
    object: &str,
    input: Members,
) -> Result<Members, Failed> {
    let Some((person, credential)) = credential::renewed(flow, site, object, &input).await? else { return Ok(input) };
    let input = input.flag("checked", true);
    let input = if person.props.is_empty() {
        input
    } else {
        let inline = grant::is_inline(site.identity, &person.props, Some(&credential));
        input.text("props", &person.props).flag("inline", inline)
    };
    Ok(match &person.scopes {
        Some(may) => input.texts("may", may.iter().map(String::as_str)),
        None => input,
    })
}

/// The resource that the request names: the canonical one if it is ours, else as it is, which no grant has.
fn resource<I>(site: &Site<'_, I>, params: &Params) -> Option<String> {
    let named = params.get("resource")?;
    Some(site.server.canonical(&site.issuer, named).unwrap_or_else(|| named.to_owned()))
}

/// Whether the client of a request is the grant's, and has authenticated as it must.
pub(super) fn is_client(input: &Object<'_>, client: &str, auth: &Auth) -> bool {
    input.string("client").is_some_and(|id| id == client) && auth.accepts(input.string("shown").as_deref())
}
