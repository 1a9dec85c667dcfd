//! The authorization endpoint (RFC 6749 §3.1 and §4.1.1, RFC 7636, RFC 8707, RFC 9207).
//!
//! **Threat.** A code is sent to a place that is not the client's (CVE-2025-4143), or without PKCE (CVE-2025-4144), or the
//! server is used as an open redirector.
//! **Guarantee.** Nothing redirects before client and redirect URI are proven; from then on every error goes to the client,
//! with `state` and `iss`: by itself to one that the operator has named, else by a page that names the host and waits for a
//! click, because anybody can register any site (RFC 9700 §4.11.2). No request goes on without an S256 challenge.

use super::client::{Auth, Client, Lookup, Proof, find};
use super::error::Code;
use super::page::{self, Leave, Reply, Trouble, leave, recovery, trouble};
use super::record::{Members, Reading as _};
use super::{Identity, Request, Server, Site, admission, consent, redirect, scope};
use crate::flow::{Commit, Flow};
use crate::http::form::{self, Params};
use crate::json::Object;
use crate::limit;

/// `state` is repeated to the client, and carried through forms until then.
const MAX_STATE: usize = 2048;

/// An authorization request that has been checked, on its way to a code. It travels sealed in the consent form, then lies
/// in the transaction's object, and at last in the grant's: whatever it says was true when the person was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The client's identifier.
    pub client: String,
    /// What the client calls itself.
    pub name: String,
    /// How the client has to authenticate when it comes with the code.
    pub auth: Auth,
    /// Where the answer goes.
    pub redirect: String,
    /// `state`, for the client.
    pub state: Option<String>,
    /// The S256 code challenge.
    pub challenge: String,
    /// The scopes that may be granted: asked for, and known here.
    pub scopes: Vec<String>,
    /// The canonical resource.
    pub resource: String,
    /// Whom the client asked; what is issued names it.
    pub issuer: String,
    /// Whether the person has to be asked, and with which account they want to sign in.
    pub prompt: Prompt,
}

/// What the request wants the person to be asked (`prompt` of `OpenID` Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prompt {
    /// What has to be asked.
    #[default]
    Usual,
    /// `consent`: all of it, whatever was approved before.
    Consent,
    /// `select_account` or `login`: with which account, too.
    Account,
}

impl Prompt {
    const ALL: [(Self, &'static str); 2] = [(Self::Consent, "consent"), (Self::Account, "select_account")];

    fn read(prompt: Option<&str>) -> Self {
        let has = |wanted| prompt.is_some_and(|prompt| prompt.split(' ').any(|word| word == wanted));
        if has("select_account") || has("login") {
            Self::Account
        } else if has("consent") {
            Self::Consent
        } else {
            Self::Usual
        }
    }

    fn name(self) -> Option<&'static str> {
        Self::ALL.into_iter().find(|(prompt, _)| *prompt == self).map(|(_, name)| name)
    }
}

impl Pending {
    /// The record, version 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        let members = Members::version(1)
            .text("client", &self.client)
            .text("name", &self.name)
            .text("redirect", &self.redirect)
            .maybe("state", self.state.as_deref())
            .text("challenge", &self.challenge)
            .texts("scopes", self.scopes.iter().map(String::as_str))
            .text("resource", &self.resource)
            .text("issuer", &self.issuer)
            .maybe("prompt", self.prompt.name());
        self.auth.write(members).end()
    }

    /// Reads the record.
    #[must_use]
    pub fn read(record: &Object<'_>) -> Option<Self> {
        (record.number("v")? == 1).then_some(())?;
        Some(Self {
            client: record.text("client")?,
            name: record.text("name")?,
            auth: Auth::read(record)?,
            redirect: record.text("redirect")?,
            state: record.text("state"),
            challenge: record.text("challenge")?,
            scopes: record.texts("scopes")?,
            resource: record.text("resource")?,
            issuer: record.text("issuer")?,
            prompt: Prompt::read(record.string("prompt").as_deref()),
        })
    }

    /// The redirect URI with the answer on it (RFC 6749 §4.1.2, RFC 9207).
    #[must_use]
    pub fn answer(&self, pairs: &[(&str, &str)]) -> String {
        respond(&self.redirect, self.state.as_deref(), &self.issuer, pairs)
    }

    /// The client, as far as the request tells.
    pub(super) fn as_client(&self) -> Client {
        let (id, name, auth) = (self.client.clone(), self.name.clone(), self.auth.clone());
        Client { proof: Proof::of(&id), id, name, auth, redirects: vec![self.redirect.clone()], created: 0 }
    }

    /// The request once more, for a person who wants to use another account: a path of our own.
    pub(super) fn switching(&self, server: &Server) -> String {
        let scopes = self.scopes.join(" ");
        let mut pairs = vec![("response_type", "code"), ("client_id", &self.client), ("redirect_uri", &self.redirect)];
        pairs.extend(self.state.as_deref().map(|state| ("state", state)));
        pairs.extend([("code_challenge", self.challenge.as_str()), ("code_challenge_method", "S256")]);
        pairs.extend([("scope", scopes.as_str()), ("resource", &self.resource), ("prompt", "select_account")]);
        form::extend(&server.paths.authorize, &pairs)
    }

    /// The redirect URI with an error on it.
    #[must_use]
    pub fn failed(&self, code: Code, description: &str) -> String {
        self.answer(&[("error", code.name()), ("error_description", description)])
    }

    /// A page that takes the browser back to the client with an error.
    #[must_use]
    pub fn leave_with(&self, server: &Server, code: Code, description: &str, outcome: &str) -> Reply {
        let url = self.failed(code, description);
        // Whoever has pressed Deny has said no to this client, and may not want to go where it leads.
        let waits = outcome == "denied" && Proof::of(&self.client) != Proof::Operator;
        leave(&url, Leave::Client { name: &self.name, outcome, schemes: &server.schemes, waits, detail: None })
    }
}

pub(super) fn respond(redirect: &str, state: Option<&str>, issuer: &str, pairs: &[(&str, &str)]) -> String {
    let mut pairs = pairs.to_vec();
    pairs.extend(state.map(|state| ("state", state)));
    pairs.push(("iss", issuer));
    form::extend(redirect, &pairs)
}

/// Why a request does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// Shown here: nobody is proven to whom it could be sent.
    Local(Trouble, &'static str),
    /// Sent to the client.
    Redirect(Code, &'static str),
}

/// Answers the authorization endpoint.
///
/// 1. A form of our own consent page goes to [`consent`].
/// 2. The parameters are read, once.
/// 3. The client is found, and the redirect URI is one of its own. Until here errors stay here.
/// 4. The rest is checked; errors go to the client.
/// 5. The person is asked.
///
/// Waits: one for counting, and those of [`find`]; a consent form has its own.
pub async fn serve<I: Identity>(flow: &Flow<'_>, site: &Site<'_, I>, request: &Request<'_>, body: &str) -> Reply {
    let params = match request.method.as_ref() {
        "POST" => request.form(body).unwrap_or_else(|| Ok(Params::default())),
        _ => Params::read(&request.query),
    };
    let Ok(params) = params else { return trouble(Trouble::Request, None) };
    if request.method == "POST" && params.get(consent::FIELD).is_some() {
        return consent::decide(flow, site, request, &params).await;
    }
    let local = |reject| match reject {
        Reject::Local(why, detail) => trouble(why, Some(detail)),
        Reject::Redirect(..) => trouble(Trouble::Request, None),
    };
    let id = match single(&params, "client_id") {
        Ok(Some(id)) => id,
        Ok(None) => return local(Reject::Local(Trouble::Request, "client_id is missing")),
        Err(reject) => return local(reject),
    };
    if let Some(seconds) = limit::wait(flow, limits(site, request, id)).await {
        return trouble(Trouble::Busy(seconds), None);
    }
    let (client, copy) = match admission::gate(flow, site, request, find(flow, site, request, id).await).await {
        Lookup::Known(client, copy) => (client, copy),
        Lookup::Busy(seconds) => return trouble(Trouble::Busy(seconds), None),
        Lookup::Unknown => return recovery(site, id),
        Lookup::Unlisted => return page::unlisted(site, id),
        Lookup::Waiting(name) => return page::waiting(site, &name),
        Lookup::Unavailable => return trouble(Trouble::Unavailable, None),
        Lookup::Unreachable(reason) => {
            told_of(flow, request, id, &reason);
            let again = [site.server.paths.authorize.as_str(), "?", &request.query].concat();
            return page::unreachable(id, &reason, Some(again.as_str()).filter(|_| request.method == "GET"));
        }
        Lookup::Unusable(reason) => {
            told_of(flow, request, id, &reason);
            return page::unusable(id, &reason);
        }
    };
    let redirect = match redirect_of(site.server, &client, &params) {
        Ok(redirect) => redirect,
        Err(reject) => return local(reject),
    };
    // Nothing is kept for whoever makes up a redirect URI.
    if let Some(copy) = copy {
        flow.commit(*copy);
    }
    match check(site, &client, redirect, &params) {
        Ok(pending) => consent::ask(flow, site, request, &client, &pending).await,
        Err(Reject::Redirect(code, description)) => {
            let state = single(&params, "state").ok().flatten().filter(|state| state.len() <= MAX_STATE);
            let pairs = [("error", code.name()), ("error_description", description)];
            let url = respond(redirect, state, &site.issuer, &pairs);
            let reply = if request.method != "POST" && client.proof == Proof::Operator {
                Reply::redirect(url)
            } else {
                leave(&url, failed(site.server, &client, description))
            };
            reply.refusing(code.name(), description)
        }
        Err(reject) => local(reject),
    }
}

/// Tells the operator which client's metadata document cannot be had or used, and why.
fn told_of(flow: &Flow<'_>, request: &Request<'_>, id: &str, reason: &str) {
    let event = Members::new()
        .text("event", "client refused")
        .text("client", id)
        .text("reason", &["metadata document: ", reason].concat())
        .text("request", &request.trace(flow));
    flow.commit(Commit::Audit(event.end()));
}

/// How a browser leaves with the error `description`.
pub(super) fn failed<'a>(server: &'a Server, client: &'a Client, description: &'a str) -> Leave<'a> {
    Leave::Client {
        name: &client.name,
        outcome: "failed",
        schemes: &server.schemes,
        waits: client.proof != Proof::Operator,
        detail: Some(description),
    }
}

/// How often a client may ask from one network.
pub(super) fn limits<I>(site: &Site<'_, I>, request: &Request<'_>, client: &str) -> Vec<(String, u64)> {
    by_network(site, request, "authorize", client)
}

/// So many times as often as for one client, person or sign-in a network may ask in all.
const NETWORK: u64 = 10;

/// How often it may be asked from one network about `what`, and in all.
pub(super) fn by_network<I>(site: &Site<'_, I>, request: &Request<'_>, name: &str, what: &str) -> Vec<(String, u64)> {
    let most = site.server.limits.authorize;
    request.network().map_or_else(Vec::new, |network| network.limits(name, &site.issuer, &[what], most, NETWORK))
}

/// A parameter that may be there once. (RFC 6749 §3.1)
fn single<'a>(params: &'a Params, name: &'static str) -> Result<Option<&'a str>, Reject> {
    if params.all(name).nth(1).is_some() {
        return Err(Reject::Local(Trouble::Request, name));
    }
    Ok(params.get(name))
}

/// The redirect URI of the request, which is one of the client's. One may be left out where the client has a single one.
pub(super) fn redirect_of<'a>(server: &Server, client: &'a Client, params: &'a Params) -> Result<&'a str, Reject> {
    let wrong = |detail| Err(Reject::Local(Trouble::Redirect, detail));
    let uri = match (single(params, "redirect_uri")?, client.redirects.as_slice()) {
        (Some(uri), _) => uri,
        (None, [only]) if redirect::judge(only, &server.schemes) == Some(redirect::Kind::Https) => only,
        (None, _) => return wrong("redirect_uri is missing"),
    };
    if client.may_redirect_to(uri, &server.schemes) {
        Ok(uri)
    } else {
        wrong("redirect_uri is not one that the client registered")
    }
}

/// Everything that is told to the client if it is wrong.
pub(super) fn check<I>(
    site: &Site<'_, I>,
    client: &Client,
    redirect: &str,
    params: &Params,
) -> Result<Pending, Reject> {
    let refuse = |code, description| Err(Reject::Redirect(code, description));
    if params.repeated(&[]).is_some() {
        return refuse(Code::InvalidRequest, "A parameter is there twice.");
    }
    if params.get("request").is_some() {
        return refuse(Code::RequestNotSupported, "Request objects are not supported.");
    }
    if params.get("request_uri").is_some() {
        return refuse(Code::RequestUriNotSupported, "request_uri is not supported.");
    }
    let state = params.get("state");
    if state.is_some_and(|state| state.len() > MAX_STATE) {
        return refuse(Code::InvalidRequest, "state is longer than 2,048 bytes.");
    }
    match params.get("response_type") {
        Some("code") => {}
        None => return refuse(Code::InvalidRequest, "response_type is missing: it must be code."),
        Some(_) => return refuse(Code::UnsupportedResponseType, "response_type must be code."),
    }
    if params.get("response_mode").is_some_and(|mode| mode != "query") {
        return refuse(Code::InvalidRequest, "response_mode must be query.");
    }
    if params.get("code_challenge_method") != Some("S256") {
        return refuse(Code::InvalidRequest, "code_challenge_method must be S256.");
    }
    let Some(challenge) = params.get("code_challenge").filter(|challenge| is_challenge(challenge)) else {
        return refuse(Code::InvalidRequest, "code_challenge must be the 43 characters of an S256 challenge.");
    };
    if params.get("prompt").is_some_and(|prompt| prompt.split(' ').any(|prompt| prompt == "none")) {
        return refuse(Code::InteractionRequired, "Somebody has to be asked.");
    }
    let resource = match params.get("resource") {
        None => site.server.resource(&site.issuer),
        Some(named) => match site.server.canonical(&site.issuer, named) {
            Some(resource) => resource,
            None => return refuse(Code::InvalidTarget, "resource is not one of this server's."),
        },
    };
    let Some(asked) = scope::parse(params.get("scope").unwrap_or_default()) else {
        return refuse(Code::InvalidScope, "scope has a character that no scope may have (RFC 6749, section 3.3).");
    };
    // A client that knows none of ours means the usual ones (RFC 6749 §3.3).
    let known = scope::within(&asked, &site.server.scopes);
    let wanted = if known.is_empty() { site.server.scopes.clone() } else { known };
    Ok(Pending {
        client: client.id.clone(),
        name: client.name.clone(),
        auth: client.auth.clone(),
        redirect: redirect.to_owned(),
        state: state.map(Into::into),
        challenge: challenge.to_owned(),
        scopes: wanted,
        resource,
        issuer: site.issuer.clone(),
        prompt: Prompt::read(params.get("prompt")),
    })
}

/// An S256 challenge is a SHA-256 in base64url (RFC 7636 §4.2).
fn is_challenge(challenge: &str) -> bool {
    challenge.len() == 43 && crate::crypto::decode(challenge).is_some_and(|hash| hash.len() == 32)
}
