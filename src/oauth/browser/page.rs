//! Pages, as Rust decides them; `js/pages/` renders the model as HTML.

use serde::Serialize;

pub use super::error_page::{ErrorReason, error_page};
use super::model::{
    AppsPage, ConnectedApp, ConsentPage, ErrorPage, LeavePage, PageAccount, PageChoice, PageClient, PageRedirect,
    PageScope, PageUpstream, RecoveryPage, ReturnTarget, StepPage, host,
};
use crate::http::origin::origin_of;
use crate::http::refused::LoggedRefusal;
use crate::http::{Answer, Headers};
use crate::identity::{Identity, Page as Step};
#[cfg(feature = "provider")]
use crate::identity::{SignInPage, SignInProblem};
use crate::json::Json;
use crate::oauth::authorization_request::AuthorizationRequest;
use crate::oauth::client::{Client, Proof};
use crate::oauth::config::ServerConfig;
use crate::oauth::error::{self, Code};
use crate::oauth::redirect::{self, Kind};
use crate::oauth::{AuthorizationServer, Endpoint};

/// The answer of a flow of the authorization server: `{"answer":{…}}` or `{"page":{…}}`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub enum Reply {
    /// For programs.
    Answer(Answer),
    /// For people.
    Page(Page),
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self::Answer(answer)
    }
}

/// A page: its head, and the model of what it shows.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "PageReply"))]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Headers in addition to those of the renderer.
    pub headers: Headers,
    /// The model (`js/pages/model.ts`).
    #[cfg_attr(feature = "ts", ts(type = "Page"))]
    pub model: Json,
    /// Why this refuses the request, if it does: for the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<LoggedRefusal>,
}

impl Reply {
    /// A redirect.
    #[must_use]
    pub fn redirect(url: String) -> Self {
        Self::Answer(error::unstored(Answer::empty(302)).with("location", url).with("referrer-policy", "no-referrer"))
    }

    /// The same as a refusal.
    #[must_use]
    pub fn refusing(mut self, code: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        *self.refused() = Some(LoggedRefusal::new(code, reason));
        self
    }

    /// Why it refuses the request, if it does.
    pub fn refused(&mut self) -> &mut Option<LoggedRefusal> {
        match self {
            Self::Answer(answer) => &mut answer.refused,
            Self::Page(page) => &mut page.refused,
        }
    }

    /// True if something was unavailable, so that the same request may be sent again.
    #[must_use]
    pub fn may_come_again(&self) -> bool {
        matches!(self, Self::Page(page) if page.status == 503)
    }

    /// The same with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        match &mut self {
            Self::Answer(answer) => answer.headers.push((name, value)),
            Self::Page(page) => page.headers.push((name, value)),
        }
        self
    }
}

/// A page with this model. Other sites do not learn its address, but our own forms name their origin: with
/// `no-referrer` browsers would send `Origin: null`, as for pages without an origin (Fetch §3.1, "serializing a request
/// origin").
pub(super) fn page(status: u16, model: &impl Serialize) -> Reply {
    let headers = vec![("cache-control", "no-store".into()), ("referrer-policy", "same-origin".into())];
    Reply::Page(Page { status, headers, model: Json::of(model), refused: None })
}

/// The same, but without access to its window for whoever has opened it (HTML §7.1.3, cross-origin opener policies).
/// Not for a page that a client in a web page may have opened: that client waits for its window to return.
fn alone(page: Reply) -> Reply {
    page.with("cross-origin-opener-policy", "same-origin".into())
}

// Codes of refusals that are not a [`ErrorPage`].
const UNKNOWN_CLIENT: &str = "unknown_client";
const DOCUMENT_UNREACHABLE: &str = "document_unreachable";
const DOCUMENT_UNUSABLE: &str = "document_unusable";
const DOCUMENT_HOST: &str = "document_host";
const CLIENT_WAITS: &str = "client_waits";
const TURNED_AWAY: &str = "turned_away";

/// The codes with which pages refuse a request.
#[must_use]
pub fn codes() -> Vec<&'static str> {
    let documents = [DOCUMENT_UNREACHABLE, DOCUMENT_UNUSABLE, DOCUMENT_HOST];
    let others = documents.into_iter().chain([UNKNOWN_CLIENT, CLIENT_WAITS, TURNED_AWAY]);
    ErrorReason::ALL.into_iter().map(ErrorReason::name).chain(others).collect()
}

/// The page for people whose client is unknown to this server.
#[must_use]
pub fn recovery<I>(server: &AuthorizationServer<'_, I>, client_id: &str) -> Reply {
    let server_name = server.config.name.as_deref();
    let endpoint = server.config.resource(&server.issuer);
    let model = RecoveryPage { server: host(&server.issuer), server_name, client_id, endpoint };
    page(400, &model).refusing(UNKNOWN_CLIENT, "this client is not registered here")
}

/// The page for people whose client's metadata document is unreachable at the moment; `reason` is for its developer,
/// `retry` is the same request again.
#[must_use]
pub fn unreachable(client_id: &str, reason: &str, retry: Option<&str>) -> Reply {
    page(503, &ErrorPage { retry, ..ErrorPage::of_document(DOCUMENT_UNREACHABLE, client_id, reason) })
        .with("retry-after", "60".into())
        .refusing(DOCUMENT_UNREACHABLE, reason.to_owned())
}

/// The page for people whose client's metadata document is invalid, and why.
#[must_use]
pub fn unusable(client_id: &str, reason: &str) -> Reply {
    let model = ErrorPage::of_document(DOCUMENT_UNUSABLE, client_id, reason);
    page(400, &model).refusing(DOCUMENT_UNUSABLE, reason.to_owned())
}

/// The page for people whose client's metadata document is on a host that this server does not accept.
#[must_use]
pub fn unlisted<I>(server: &AuthorizationServer<'_, I>, client_id: &str) -> Reply {
    let model = ErrorPage { detail: Some(host(origin_of(client_id))), ..ErrorPage::of(server, DOCUMENT_HOST) };
    page(403, &model).refusing(DOCUMENT_HOST, "this server does not allow apps from this host")
}

/// The page for people whose client, which calls itself `name`, waits for the operator's approval.
#[must_use]
pub fn waiting<I>(server: &AuthorizationServer<'_, I>, name: &str) -> Reply {
    let model = ErrorPage { detail: Some(name), ..ErrorPage::of(server, CLIENT_WAITS) };
    page(403, &model).refusing(CLIENT_WAITS, "the operator has not approved this client")
}

/// The page for a person who has signed in but may not use this server: they can use another account, or return to the
/// client, which then gets the error.
#[must_use]
pub fn refused_page<I>(
    server: &AuthorizationServer<'_, I>,
    account: &str,
    pending: &AuthorizationRequest,
    back: &str,
) -> Reply {
    let (host, kind) = place(back, &server.config.schemes);
    let model = ErrorPage {
        detail: some(account),
        switch_account: Some(&pending.switching(server.config)),
        back: Some(ReturnTarget { url: back, host, kind, name: &pending.name }),
        ..ErrorPage::of(server, TURNED_AWAY)
    };
    page(403, &model).refusing(TURNED_AWAY, "the account may not use this server")
}

/// The text, unless it is empty.
fn some(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

/// The page before another site: a response to a form post never redirects to another site, because browsers apply
/// `form-action` to the whole redirect chain.
#[must_use]
pub fn leave(url: &str, what: BrowserTarget<'_>) -> Reply {
    let model = match what {
        BrowserTarget::Upstream { label, host } => {
            LeavePage { url, what: "upstream", host, name: some(label), ..LeavePage::default() }
        }
        BrowserTarget::Client { name, outcome, waits, detail, schemes } => {
            let (host, kind) = place(url, schemes);
            let (kind, name, outcome, detail) = (Some(kind), Some(name), Some(outcome), detail.filter(|_| waits));
            LeavePage { url, what: "client", host, kind, name, outcome, waits, detail }
        }
    };
    let is_error = model.waits && model.outcome == Some("failed");
    page(if is_error { 400 } else { 200 }, &model)
}

/// Where the browser goes.
#[derive(Clone, Copy, Debug)]
pub enum BrowserTarget<'a> {
    /// To the upstream's sign-in.
    Upstream {
        /// Its name.
        label: &'a str,
        /// Its host.
        host: &'a str,
    },
    /// Back to the client.
    Client {
        /// The client's name for itself.
        name: &'a str,
        /// `allowed`, `denied` or `failed`.
        outcome: &'a str,
        /// Whether the page waits for a click and names the target: nobody has approved this client, and nobody has
        /// checked where it leads (RFC 9700 §4.11.2).
        waits: bool,
        /// What went wrong, for the client's developer, on a page that waits.
        detail: Option<&'a str>,
        /// Additional schemes that the configuration allows.
        schemes: &'a [String],
    },
}

/// The host and kind of `url`, which contains our own response in its query, so it is not a redirect URI that could be
/// registered.
fn place<'a>(url: &'a str, schemes: &[String]) -> (&'a str, Kind) {
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    (redirect::host(url, schemes), redirect::judge(url, schemes).unwrap_or(Kind::Scheme))
}

/// What the consent page needs to know.
#[derive(Debug)]
pub struct Consent<'a> {
    /// Where the form is sent.
    pub action: &'a str,
    /// The form's hidden value.
    pub hidden: &'a str,
    /// The client.
    pub client: &'a Client,
    /// The redirect URI.
    pub redirect: &'a str,
    /// The requested scopes.
    pub scopes: &'a [String],
    /// The account that last signed in in this browser.
    pub account: Option<&'a str>,
    /// The URL for starting again with another account.
    pub switch: String,
    /// Whether all of it was approved before.
    pub remembered: bool,
    /// Whether that account has just signed in, so that Allow is the last step.
    pub confirms: bool,
    /// The account on the page before.
    pub former: Option<&'a str>,
}

/// The consent page.
#[must_use]
pub fn consent<I: Identity>(server: &AuthorizationServer<'_, I>, consent: &Consent<'_>) -> Reply {
    let (place, kind) = place(consent.redirect, &server.config.schemes);
    let about = server.identity.about();
    let only = consent.scopes.len() == 1;
    let account = consent.account.and_then(some);
    let model = ConsentPage {
        server: host(&server.issuer),
        server_name: server.config.name.as_deref(),
        action: consent.action,
        hidden: [(super::consent::FIELD, consent.hidden)],
        client: PageClient::of(&consent.client.name, &consent.client.id, consent.client.proof),
        redirect: PageRedirect { host: place, kind },
        scopes: consent.scopes.iter().map(|name| PageScope::of(server, name, only)).collect(),
        remembered: consent.remembered,
        manage: server.config.path(Endpoint::Connected),
        days: server.config.lifetimes.grant / DAY,
        idle_days: server.config.lifetimes.idle / DAY,
        account: account.map(|label| PageAccount { label }),
        switch_account: account.map(|_| consent.switch.as_str()),
        former_account: account.and(consent.former),
        upstream: (!about.label.is_empty() && !consent.confirms).then(|| PageUpstream {
            label: &about.label,
            host: &about.host,
            scopes: about.scopes.iter().map(|(name, text)| PageScope { name, text: *text, fixed: false }).collect(),
        }),
    };
    let page = page(200, &model);
    if kind == Kind::Scheme { alone(page) } else { page }
}

const DAY: u64 = 24 * 3600;

/// A connected app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its client identifier.
    pub id: String,
    /// Its name for itself.
    pub name: String,
    /// How far its name can be believed.
    pub proof: Proof,
    /// Its redirect URI.
    pub redirect: String,
    /// Its scopes.
    pub scopes: Vec<String>,
    /// When it was connected, and when it was last used, in milliseconds since 1970.
    pub created: u64,
    /// See `created`.
    pub used: u64,
}

/// The page of connected apps.
#[must_use]
pub fn connected<I>(
    server: &AuthorizationServer<'_, I>,
    hidden: &str,
    account: &str,
    apps: &[App],
    done: bool,
) -> Reply {
    let apps = apps.iter().map(|app| {
        let (host, kind) = place(&app.redirect, &server.config.schemes);
        ConnectedApp {
            id: &app.id,
            client: PageClient::of(&app.name, &app.id, app.proof),
            redirect: PageRedirect { host, kind },
            scopes: app.scopes.iter().map(|name| PageScope::of(server, name, false)).collect(),
            created: app.created,
            last_used: app.used,
        }
    });
    let model = AppsPage {
        server: host(&server.issuer),
        server_name: server.config.name.as_deref(),
        action: server.config.path(Endpoint::Connected),
        hidden: [(super::connected::FIELD, hidden)],
        account: PageAccount { label: account },
        apps: apps.collect(),
        sign_out: true,
        done,
    };
    alone(page(200, &model))
}

impl<'a> StepPage<'a> {
    /// A page of choices, of which there are none yet, whose form goes to `endpoint`.
    fn new<I>(server: &'a AuthorizationServer<'_, I>, endpoint: Endpoint, hidden: (&'a str, &'a str)) -> Self {
        Self {
            kind: "choose",
            server: host(&server.issuer),
            server_name: server.config.name.as_deref(),
            action: server.config.path(endpoint),
            hidden: [hidden],
            client: None,
            choices: None,
            #[cfg(feature = "provider")]
            email: None,
            #[cfg(feature = "provider")]
            problem: None,
            #[cfg(feature = "provider")]
            seconds: None,
        }
    }
}

/// The page on which a person signs in to see the connected apps.
#[must_use]
pub fn choose<I: Identity>(server: &AuthorizationServer<'_, I>, hidden: &str) -> Reply {
    let label = &server.identity.about().label;
    let choices = Some(vec![PageChoice { value: server.identity.name(), label }]);
    let base = StepPage::new(server, Endpoint::Connected, (super::connected::FIELD, hidden));
    let model = StepPage { choices, ..base };
    alone(page(200, &model))
}

/// The page of a step of a sign-in, whose transaction is `id`.
#[must_use]
pub fn step<I>(
    server: &AuthorizationServer<'_, I>,
    id: &str,
    wanted: Option<&AuthorizationRequest>,
    step: &Step,
) -> Reply {
    let client = wanted.map(|pending| PageClient::of(&pending.name, &pending.client, Proof::of(&pending.client)));
    let mut model = StepPage { client, ..StepPage::new(server, Endpoint::Callback, ("state", id)) };
    let page = match step {
        Step::Choose(all) => {
            model.choices = Some(all.iter().map(|one| PageChoice { value: &one.value, label: &one.label }).collect());
            page(200, &model)
        }
        #[cfg(feature = "provider")]
        Step::SignIn(SignInPage { email, problem }) => {
            (model.kind, model.email) = ("sign-in", Some(email.as_str()));
            match problem {
                None => page(200, &model),
                Some(SignInProblem::Wrong) => {
                    model.problem = Some("wrong");
                    page(200, &model)
                }
                Some(SignInProblem::Wait(seconds)) => {
                    (model.problem, model.seconds) = (Some("wait"), Some(*seconds));
                    page(429, &model).with("retry-after", seconds.to_string())
                }
            }
        }
    };
    // As for the consent page before it.
    let is_web = wanted.is_some_and(|pending| place(&pending.redirect, &server.config.schemes).1 != Kind::Scheme);
    if is_web { page } else { alone(page) }
}

impl AuthorizationRequest {
    /// A page that takes the browser back to the client with a code.
    #[must_use]
    pub fn leave_allowed(&self, config: &ServerConfig, code: &str) -> Reply {
        let (name, schemes, outcome) = (&self.name, &config.schemes, "allowed");
        let url = self.answer(&[("code", code)]);
        leave(&url, BrowserTarget::Client { name, outcome, schemes, waits: false, detail: None })
    }

    /// A page that takes the browser back to the client with an error.
    #[must_use]
    pub fn leave_with(&self, config: &ServerConfig, code: Code, description: &str, outcome: &str) -> Reply {
        let url = self.failed(code, description);
        // A person who has denied may not want to go where this client leads.
        let waits = outcome == "denied" && Proof::of(&self.client) != Proof::Operator;
        leave(&url, BrowserTarget::Client { name: &self.name, outcome, schemes: &config.schemes, waits, detail: None })
    }
}
