//! Pages, as the core decides them; `js/pages/` makes HTML of the model.

use super::client::{Client, Proof};
use super::record::Members;
use super::redirect::{self, Kind};
use super::server::Server;
use super::{Site, error};
use crate::http::origin::origin_of;
use crate::http::refused::Refused;
use crate::http::{Answer, Headers, headers_to_json};
use crate::json::{array, number, object, quoted};

/// What a flow of the authorization server comes to: `{"answer":{…}}` or `{"page":{…}}`.
#[derive(Debug)]
pub enum Reply {
    /// For programs.
    Answer(Answer),
    /// For people.
    Page(Page),
}

/// A page: its head, and the model of what it shows.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Headers beside those that the renderer sets.
    pub headers: Headers,
    /// The model, JSON text.
    pub model: String,
    /// Why this refuses the request, if it does: for the log.
    pub refused: Option<Refused>,
}

impl Reply {
    /// The reply as the shim reads it.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Answer(answer) => object(&[("answer", &answer.to_json())]),
            Self::Page(Page { status, headers, model, refused }) => {
                let (status, headers) = (number((*status).into()), headers_to_json(headers));
                let refused = refused.as_ref().map(Refused::to_json);
                let mut members = vec![("status", status.as_str()), ("headers", &headers), ("model", model)];
                members.extend(refused.as_deref().map(|refused| ("refused", refused)));
                object(&[("page", &object(&members))])
            }
        }
    }

    /// A redirect.
    #[must_use]
    pub fn redirect(url: String) -> Self {
        Self::Answer(error::unstored(Answer::empty(302)).with("location", url).with("referrer-policy", "no-referrer"))
    }

    /// The same, which refuses a request.
    #[must_use]
    pub fn refusing(mut self, code: &'static str, reason: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        *self.refused() = Some(Refused::new(code, reason));
        self
    }

    /// Why it refuses the request, if it does.
    pub fn refused(&mut self) -> &mut Option<Refused> {
        match self {
            Self::Answer(answer) => &mut answer.refused,
            Self::Page(page) => &mut page.refused,
        }
    }

    /// True where something did not answer, so that the same request may come once more.
    #[must_use]
    pub fn may_come_again(&self) -> bool {
        matches!(self, Self::Page(page) if page.status == 503)
    }

    /// The same with one header more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        match &mut self {
            Self::Answer(answer) => answer.headers.push((name, value)),
            Self::Page(page) => page.headers.push((name, value)),
        }
        self
    }
}

/// A page with this model. No other site learns its address, but our own forms say where they are from: with `no-referrer`
/// browsers would write `Origin: null`, as they do for pages that have no origin (Fetch §3.1, "serializing a request origin").
fn page(status: u16, model: Members) -> Reply {
    let headers = vec![("cache-control", "no-store".into()), ("referrer-policy", "same-origin".into())];
    Reply::Page(Page { status, headers, model: model.end(), refused: None })
}

/// The same where whoever has opened the page keeps no hold of its window (HTML §7.1.3, cross-origin opener policies). Not where
/// a client in a web page may have opened it: that client waits for its window to come back.
fn alone(page: Reply) -> Reply {
    page.with("cross-origin-opener-policy", "same-origin".into())
}

/// Why a page says that something went wrong; `js/pages/copy.ts` has the texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The request is malformed.
    Request,
    /// The redirect URI is not the client's.
    Redirect,
    /// The page is too old, or was used already.
    Expired,
    /// A sign-in that has expired or was used already.
    Stale,
    /// The same, or one that was begun in another browser.
    Foreign,
    /// Another browser, or one without cookies.
    Browser,
    /// The form was not sent by our own page.
    Form,
    /// Something does not answer at present.
    Unavailable,
    /// The form was made for another account.
    Account,
    /// Whoever has signed in may not use this server.
    NotAllowed,
    /// The upstream does not answer.
    Upstream,
    /// The upstream does not take our set-up.
    UpstreamSetup,
    /// A function of the operator's did not end in time.
    Late,
    /// A function of the operator's failed.
    Broken,
    /// Too many requests; the seconds until the next may come.
    Busy(u64),
}

/// Codes of refusals that are no [`Trouble`].
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
    Trouble::ALL.into_iter().map(Trouble::name).chain(others).collect()
}

impl Trouble {
    const ALL: [Self; 14] = [
        Self::Request,
        Self::Redirect,
        Self::Expired,
        Self::Stale,
        Self::Browser,
        Self::Form,
        Self::Unavailable,
        Self::Account,
        Self::NotAllowed,
        Self::Upstream,
        Self::UpstreamSetup,
        Self::Late,
        Self::Broken,
        Self::Busy(0),
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Redirect => "redirect",
            Self::Expired => "expired",
            Self::Stale | Self::Foreign => "sign_in",
            Self::Browser => "browser",
            Self::Form => "form",
            Self::Unavailable => "unavailable",
            Self::Account => "account",
            Self::NotAllowed => "not_allowed",
            Self::Upstream => "upstream",
            Self::UpstreamSetup => "upstream_setup",
            Self::Late => "server_late",
            Self::Broken => "server_failed",
            Self::Busy(_) => "busy",
        }
    }

    /// What it means, for the log, where there is no detail.
    fn meaning(self) -> &'static str {
        match self {
            Self::Request => "the request is malformed",
            Self::Redirect => "the redirect URI is not the client's",
            Self::Expired => "the page is too old, or was used already",
            Self::Stale => "the sign-in is too old, or was used already",
            Self::Foreign => "the sign-in is too old, was used already, or was begun in another browser",
            Self::Browser => "it is another browser than the one that began, or one without cookies",
            Self::Form => "the form was not sent by our own page",
            Self::Unavailable => "the server's storage does not answer",
            Self::Account => "the form was made for another account",
            Self::NotAllowed => "the account may not use this server",
            Self::Upstream => "the sign-in provider does not answer",
            Self::UpstreamSetup => "the sign-in provider does not take the set-up, or its answer cannot be used",
            Self::Late => "a function of this server's own has not ended in time",
            Self::Broken => "a function of this server's own failed",
            Self::Busy(_) => "beyond a limit",
        }
    }

    fn status(self) -> u16 {
        match self {
            Self::Foreign | Self::Browser | Self::Form | Self::Account | Self::NotAllowed => 403,
            Self::Unavailable | Self::Upstream | Self::Late => 503,
            Self::UpstreamSetup | Self::Broken => 500,
            Self::Busy(_) => 429,
            Self::Request | Self::Redirect | Self::Expired | Self::Stale => 400,
        }
    }
}

/// A page that says what went wrong; `detail` says which parameter, for the client's developer.
#[must_use]
pub fn trouble(trouble: Trouble, detail: Option<&str>) -> Reply {
    let model = Members::new().text("kind", "error").text("reason", trouble.name()).maybe("detail", detail);
    let reason = detail.filter(|detail| !detail.is_empty()).unwrap_or(trouble.meaning());
    let reply = page(trouble.status(), model).refusing(trouble.name(), reason.to_owned());
    match trouble {
        Trouble::Unavailable | Trouble::Upstream | Trouble::Late => reply.with("retry-after", "5".into()),
        Trouble::Busy(seconds) => reply.with("retry-after", seconds.to_string()),
        _ => reply,
    }
}

/// The page for people whose client this server does not know.
#[must_use]
pub fn recovery<I>(site: &Site<'_, I>, client_id: &str) -> Reply {
    let model = server(Members::new().text("kind", "recovery"), site)
        .text("clientId", client_id)
        .text("endpoint", &site.server.resource(&site.issuer));
    page(400, model).refusing(UNKNOWN_CLIENT, "nobody has registered this client here")
}

/// The page for people whose app describes itself at a URL that is out of reach at present; `reason` is for its developer,
/// `retry` the same request once more.
#[must_use]
pub fn unreachable(client_id: &str, reason: &str, retry: Option<&str>) -> Reply {
    page(503, document(DOCUMENT_UNREACHABLE, client_id, reason).maybe("retry", retry))
        .with("retry-after", "60".into())
        .refusing(DOCUMENT_UNREACHABLE, reason.to_owned())
}

/// The page for people whose app describes itself at a URL whose content is no such description, and why.
#[must_use]
pub fn unusable(client_id: &str, reason: &str) -> Reply {
    page(400, document(DOCUMENT_UNUSABLE, client_id, reason)).refusing(DOCUMENT_UNUSABLE, reason.to_owned())
}

/// The page for people whose app describes itself at a host that this server takes no apps from.
#[must_use]
pub fn unlisted<I>(site: &Site<'_, I>, client_id: &str) -> Reply {
    let model = Members::new().text("kind", "error").text("reason", DOCUMENT_HOST).text("detail", host_of(client_id));
    page(403, server(model, site)).refusing(DOCUMENT_HOST, "this server takes no apps of this host")
}

/// The page for people whose app, which calls itself `name`, waits for the operator's yes.
#[must_use]
pub fn waiting<I>(site: &Site<'_, I>, name: &str) -> Reply {
    let model = Members::new().text("kind", "error").text("reason", CLIENT_WAITS).text("detail", name);
    page(403, server(model, site)).refusing(CLIENT_WAITS, "the operator has not said yes to this client")
}

fn host_of(client_id: &str) -> &str {
    let origin = origin_of(client_id);
    origin.strip_prefix("https://").unwrap_or(origin)
}

fn document(name: &str, client_id: &str, reason: &str) -> Members {
    let host = host_of(client_id);
    Members::new().text("kind", "error").text("reason", name).text("detail", host).text("why", reason)
}

/// The page for somebody who has signed in and may not use this server: with another account, or back to the client,
/// which then learns of it.
#[must_use]
pub fn turned_away<I>(site: &Site<'_, I>, account: &str, pending: &super::authorize::Pending, back: &str) -> Reply {
    let (host, kind) = place(back, &site.server.schemes);
    let client = Members::new().text("url", back).text("host", host).text("where", kind.name());
    let model = server(Members::new().text("kind", "error").text("reason", TURNED_AWAY), site)
        .maybe("detail", Some(account).filter(|account| !account.is_empty()))
        .text("switchAccount", &pending.switching(site.server))
        .raw("back", &client.text("name", &pending.name).end());
    page(403, model).refusing(TURNED_AWAY, "the account may not use this server")
}

/// The page on the way to another site: form posts are never answered by a redirect that leaves ours, because browsers
/// hold the whole chain against `form-action`.
#[must_use]
pub fn leave(url: &str, what: Leave<'_>) -> Reply {
    let (kind, place) = match what {
        Leave::Upstream { .. } => ("upstream", None),
        Leave::Client { schemes, .. } => ("client", Some(place(url, schemes))),
    };
    let mut model = Members::new().text("kind", "leave").text("url", url).text("what", kind);
    model = match (what, place) {
        (Leave::Upstream { label, host }, _) => {
            model.text("host", host).maybe("name", Some(label).filter(|it| !it.is_empty()))
        }
        (Leave::Client { name, outcome, waits, detail, .. }, Some((host, kind))) => {
            let model = model.text("host", host).text("where", kind.name()).text("name", name).text("outcome", outcome);
            if waits { model.flag("waits", true).maybe("detail", detail) } else { model }
        }
        (Leave::Client { .. }, None) => model,
    };
    let is_error = matches!(what, Leave::Client { outcome: "failed", waits: true, .. });
    page(if is_error { 400 } else { 200 }, model)
}

/// Where a browser leaves for.
#[derive(Clone, Copy, Debug)]
pub enum Leave<'a> {
    /// To the upstream's sign-in.
    Upstream {
        /// Its name.
        label: &'a str,
        /// Its host.
        host: &'a str,
    },
    /// Back to the client.
    Client {
        /// What the client calls itself.
        name: &'a str,
        /// `allowed`, `denied` or `failed`.
        outcome: &'a str,
        /// Whether the page goes on by a click only, and names where to: nobody has said yes to this client, and nobody has
        /// checked where it leads (RFC 9700 §4.11.2).
        waits: bool,
        /// What went wrong, for the client's developer, on a page that waits.
        detail: Option<&'a str>,
        /// Schemes that the set-up allows.
        schemes: &'a [String],
    },
}

/// Where `url` leads, which has our own answer in its query: that is no redirect URI as clients may register them.
fn place<'a>(url: &'a str, schemes: &[String]) -> (&'a str, Kind) {
    let url = url.split_once('?').map_or(url, |(before, _)| before);
    (redirect::host(url, schemes), redirect::judge(url, schemes).unwrap_or(Kind::Scheme))
}

/// What the consent page needs to know.
#[derive(Debug)]
pub struct Consent<'a> {
    /// Where the form is posted to.
    pub action: &'a str,
    /// What it carries.
    pub hidden: &'a str,
    /// Who asks.
    pub client: &'a Client,
    /// Where the answer goes.
    pub redirect: &'a str,
    /// What is asked for.
    pub scopes: &'a [String],
    /// Who has signed in with this browser last.
    pub account: Option<&'a str>,
    /// Where to begin again with another account.
    pub switch: String,
    /// Whether all of it was approved before.
    pub remembered: bool,
    /// Whether that account has signed in just now, so that Allow is the last step.
    pub confirms: bool,
    /// The account that the page named before.
    pub former: Option<&'a str>,
}

/// The consent page.
#[must_use]
pub fn consent<I: super::Identity>(site: &Site<'_, I>, consent: &Consent<'_>) -> Reply {
    let (host, kind) = place(consent.redirect, &site.server.schemes);
    let about = site.identity.about();
    let only = consent.scopes.len() == 1;
    let scopes = array(consent.scopes.iter().map(|name| scope(site, name).flag("fixed", only).end()));
    let mut model = server(Members::new().text("kind", "consent"), site)
        .text("action", consent.action)
        .raw("hidden", &array([array([quoted(super::consent::FIELD), quoted(consent.hidden)])]))
        .raw("client", &client(&consent.client.name, &consent.client.id, consent.client.proof))
        .raw("redirect", &Members::new().text("host", host).text("where", kind.name()).end())
        .raw("scopes", &scopes)
        .flag("remembered", consent.remembered)
        .text("manage", &site.server.paths.connected)
        .number("days", site.server.lifetimes.grant / DAY)
        .number("idleDays", site.server.lifetimes.idle / DAY);
    if let Some(label) = consent.account.filter(|label| !label.is_empty()) {
        let account = Members::new().text("label", label).end();
        model = model.raw("account", &account).text("switchAccount", &consent.switch);
        model = model.maybe("formerAccount", consent.former);
    }
    if !about.label.is_empty() && !consent.confirms {
        let scopes =
            about.scopes.iter().map(|(name, text)| Members::new().text("name", name).maybe("text", *text).end());
        let upstream =
            Members::new().text("label", &about.label).text("host", &about.host).raw("scopes", &array(scopes));
        model = model.raw("upstream", &upstream.end());
    }
    let page = page(200, model);
    if kind == Kind::Scheme { alone(page) } else { page }
}

const DAY: u64 = 24 * 3600;

fn server<I>(model: Members, site: &Site<'_, I>) -> Members {
    let host = site.issuer.split_once("://").map_or(site.issuer.as_str(), |(_, host)| host);
    let Server { name, .. } = site.server;
    model.text("server", host).maybe("serverName", name.as_deref())
}

fn client(name: &str, id: &str, proof: Proof) -> String {
    let model = Members::new().text("name", name).text("id", id).text("proof", proof.name());
    model.maybe("domain", (proof == Proof::Domain).then(|| host_of(id))).end()
}

/// An app that can act for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct App {
    /// Its client identifier.
    pub id: String,
    /// What it calls itself.
    pub name: String,
    /// How far that may be believed.
    pub proof: Proof,
    /// Where answers go.
    pub redirect: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Since when, and when it was used last, in milliseconds since 1970.
    pub created: u64,
    /// See `created`.
    pub used: u64,
}

/// A form of the page of connected apps.
fn connected_form<I>(model: Members, site: &Site<'_, I>, hidden: &str) -> Members {
    let hidden = array([array([quoted(super::connected::FIELD), quoted(hidden)])]);
    server(model, site).text("action", &site.server.paths.connected).raw("hidden", &hidden)
}

/// The page of connected apps.
#[must_use]
pub fn connected<I>(site: &Site<'_, I>, hidden: &str, account: &str, apps: &[App], done: bool) -> Reply {
    let apps = array(apps.iter().map(|app| {
        let (host, kind) = place(&app.redirect, &site.server.schemes);
        Members::new()
            .text("id", &app.id)
            .raw("client", &client(&app.name, &app.id, app.proof))
            .raw("redirect", &Members::new().text("host", host).text("where", kind.name()).end())
            .raw("scopes", &array(app.scopes.iter().map(|name| scope(site, name).end())))
            .number("created", app.created)
            .number("lastUsed", app.used)
            .end()
    }));
    let account = Members::new().text("label", account).end();
    let model = connected_form(Members::new().text("kind", "apps"), site, hidden).raw("account", &account);
    alone(page(200, model.raw("apps", &apps).flag("signOut", true).flag("done", done)))
}

/// The page on which somebody signs in who wants to see the connected apps.
#[must_use]
pub fn choose<I: super::Identity>(site: &Site<'_, I>, hidden: &str) -> Reply {
    let about = site.identity.about();
    let choice = Members::new().text("value", site.identity.name()).text("label", &about.label).end();
    let model = connected_form(Members::new().text("kind", "choose"), site, hidden);
    alone(page(200, model.raw("choices", &array([choice]))))
}

/// A scope with what it allows, in words, where the set-up says so.
fn scope<I>(site: &Site<'_, I>, name: &str) -> Members {
    let text = site.server.text(name);
    Members::new().text("name", name).maybe("text", Some(text).filter(|text| *text != name))
}
