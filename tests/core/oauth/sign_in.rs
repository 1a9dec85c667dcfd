//! A sign-in of several steps: a page of ours, a provider elsewhere, and what comes back from either.

use mcp_wicket::flow::Flow;
use mcp_wicket::identity::{
    Choice, Identity, Page, Person, ProviderInfo, SignInCallback, SignInError, SignInStart, SignInStep,
};
use mcp_wicket::oauth::{AuthorizationServer, Request, serve};
use serde_json::{Value as Json, json};

use super::once::{Way, allowing};
use super::{Objects, REDIRECT, SITE, cookie, form, head, json_of, keys, server};
use crate::world::{NOW, World};

/// People choose between a provider and this server, which knows everybody who says that it does.
#[derive(Debug)]
enum Steps {
    /// After a page that asks which.
    Asking,
    /// Without asking: the browser has shown already who is there.
    Known,
}

fn ann() -> SignInStep {
    let (label, props) = ("ann".into(), "{}".into());
    SignInStep::Done(Person { id: "1".into(), label, props, scopes: None, credential: None })
}

impl Identity for Steps {
    fn name(&self) -> &'static str {
        "steps"
    }
    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: "Up".into(), host: "upstream.example".into(), scopes: Vec::new() }
    }
    async fn begin(&self, _flow: &Flow<'_>, _begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
        Ok(match self {
            Self::Known => ann(),
            Self::Asking => SignInStep::Show {
                page: Page::Choose(vec![choice("up", "Upstream"), choice("own", "Acme")]),
                kept: "asked".into(),
            },
        })
    }
    async fn continue_sign_in(&self, _flow: &Flow<'_>, back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        let (state, get) = (back.query.get("state").unwrap(), |name| back.query.get(name));
        match (back.kept, get("handler"), get("code")) {
            ("asked", Some("up"), None) => {
                Ok(SignInStep::Go { url: format!("https://upstream.example/?state={state}"), kept: "sent".into() })
            }
            ("asked", Some("own"), None) | ("sent", None, Some("upstream")) => Ok(ann()),
            _ => Err(SignInError::refused("nobody has asked that")),
        }
    }
}

fn exchange(objects: &mut Objects, steps: &Steps, (request, body): (&Json, &str), now: u64, entropy: u8) -> Json {
    let (server, keys, input) = (server(json!({})), keys(), request.to_string());
    let server = AuthorizationServer { config: &server, keys: &keys, identity: steps, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    let world = World::new(|effect| objects.ask(effect, now, [entropy; 32])).with_entropy([entropy; 32]).at(now);
    json_of(&world.run(async |flow| serve(flow, &server, &request, body).await).answer.unwrap())
}

/// Allow was pressed: what is answered, and the cookie of the form.
fn allowed(way: &mut Way, steps: &Steps) -> Json {
    let (sealed, form_cookie) = way.ask();
    let (request, body) = allowing(&sealed, &form_cookie);
    exchange(&mut way.objects, steps, (&request, &body), NOW, 40)
}

/// A page of the sign-in: its state, and the cookie that came with it.
fn shown(page: &Json) -> (String, String) {
    let model = &page["page"]["model"];
    assert_eq!((&model["kind"], &model["action"]), (&json!("choose"), &json!("/callback")), "{page}");
    assert_eq!(model["hidden"][0][0], "state");
    (model["hidden"][0][1].as_str().unwrap().to_owned(), cookie(page, "__Host-wicket-sign-in-"))
}

fn choosing(state: &str, cookie: &str, handler: &str) -> (Json, String) {
    let request =
        head("callback", "POST", json!({"cookie": cookie, "originHeader": SITE, "secFetchSite": "same-origin"}));
    (request, form(&[("state", state), ("handler", handler)]))
}

fn returning(state: &str, cookie: &str) -> Json {
    head("callback", "GET", json!({"query": form(&[("state", state), ("code", "upstream")]), "cookie": cookie}))
}

fn refused(reply: &Json) -> (Json, Json) {
    (reply["page"]["status"].clone(), reply["page"]["refused"]["code"].clone())
}

fn location(reply: &Json) -> String {
    let headers = reply["answer"]["headers"].as_array().unwrap();
    headers.iter().find(|it| it[0] == "location").unwrap()[1].as_str().unwrap().to_owned()
}

#[test]
fn a_page_then_a_provider_then_a_code() {
    let mut way = Way::new();
    let page = allowed(&mut way, &Steps::Asking);
    let (state, sign_in) = shown(&page);
    let model = &page["page"]["model"];
    assert_eq!(model["choices"], json!([{"value": "up", "label": "Upstream"}, {"value": "own", "label": "Acme"}]));
    assert_eq!(model["client"]["id"], json!(way.client), "the page says for which client");
    // A form is answered by a page, never by a redirect that leaves this server.
    let (request, body) = choosing(&state, &sign_in, "up");
    let leave = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 41);
    assert_eq!(
        (&leave["page"]["model"]["kind"], leave["page"]["model"]["url"].as_str()),
        (&json!("leave"), Some(&*format!("https://upstream.example/?state={state}")))
    );
    let done = exchange(&mut way.objects, &Steps::Asking, (&returning(&state, &sign_in), ""), NOW, 42);
    let to = location(&done);
    assert!(to.starts_with(REDIRECT) && to.contains("code=") && to.contains("state=xyz"), "{to}");
}

#[test]
fn a_page_may_be_the_last_step() {
    let mut way = Way::new();
    let (state, sign_in) = shown(&allowed(&mut way, &Steps::Asking));
    let (request, body) = choosing(&state, &sign_in, "own");
    let leave = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 41);
    let model = &leave["page"]["model"];
    assert_eq!((&model["kind"], &model["outcome"]), (&json!("leave"), &json!("allowed")), "{leave}");
    assert!(model["url"].as_str().unwrap().contains("code="), "{leave}");
    assert!(leave["page"]["headers"].to_string().contains("__Host-wicket-account="), "{leave}");
}

#[test]
fn whoever_is_known_at_once_needs_no_other_step() {
    let mut way = Way::new();
    let leave = allowed(&mut way, &Steps::Known);
    let model = &leave["page"]["model"];
    assert_eq!((&model["kind"], &model["outcome"]), (&json!("leave"), &json!("allowed")), "{leave}");
    assert!(model["url"].as_str().unwrap().contains("code="), "{leave}");
    assert!(!leave["page"]["headers"].to_string().contains("__Host-wicket-sign-in-"), "nobody comes back: {leave}");
}

#[test]
fn a_step_is_answered_once_by_our_own_page_in_the_browser_that_began() {
    let mut way = Way::new();
    let (state, sign_in) = shown(&allowed(&mut way, &Steps::Asking));
    let (request, body) = choosing(&state, &sign_in, "up");
    let with = |more: Json| {
        let mut other = request.clone();
        other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        other
    };
    let (name, _) = sign_in.split_once('=').unwrap();
    let made_up = format!("{name}={}", "A".repeat(22));
    for (other, code) in [
        (with(json!({"cookie": ""})), "sign_in"),
        (with(json!({"cookie": made_up})), "sign_in"),
        (with(json!({"originHeader": "https://evil.example", "secFetchSite": "cross-site"})), "form"),
        (with(json!({"originHeader": "null", "secFetchSite": "cross-site"})), "form"),
    ] {
        let reply = exchange(&mut way.objects, &Steps::Asking, (&other, &body), NOW, 43);
        assert_eq!(refused(&reply), (json!(403), json!(code)), "{other}");
    }
    let twice = format!("{body}&handler=own");
    let reply = exchange(&mut way.objects, &Steps::Asking, (&request, &twice), NOW, 43);
    assert_eq!(refused(&reply), (json!(400), json!("request")));
    let leave = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 44);
    assert_eq!(leave["page"]["model"]["kind"], "leave", "it goes on");
    // The answer to the step before is none to this one, and changes nothing.
    let again = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 45);
    assert_eq!(refused(&again), (json!(400), json!("sign_in")));
    let back = exchange(&mut way.objects, &Steps::Asking, (&returning(&state, &sign_in), ""), NOW, 46);
    assert!(location(&back).contains("code="), "{back}");
    let late = exchange(&mut way.objects, &Steps::Asking, (&returning(&state, &sign_in), ""), NOW, 47);
    assert_eq!(refused(&late), (json!(400), json!("sign_in")));
}

/// A link is followed with the cookie, from whatever page.
#[test]
fn what_a_page_asks_is_answered_by_its_form_only() {
    let mut way = Way::new();
    let (state, sign_in) = shown(&allowed(&mut way, &Steps::Asking));
    for query in [form(&[("state", &state), ("handler", "own")]), form(&[("state", &state), ("code", "upstream")])] {
        let link = head("callback", "GET", json!({"query": query, "cookie": sign_in}));
        let reply = exchange(&mut way.objects, &Steps::Asking, (&link, ""), NOW, 41);
        assert_eq!(refused(&reply), (json!(400), json!("sign_in")), "{query}");
    }
    let (request, body) = choosing(&state, &sign_in, "own");
    let leave = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 42);
    assert!(leave["page"]["model"]["url"].as_str().unwrap().contains("code="), "the page still counts: {leave}");
}

#[test]
fn all_steps_together_take_ten_minutes_at_most() {
    let end = NOW + 10 * 60 * 1000;
    let mut way = Way::new();
    let (state, sign_in) = shown(&allowed(&mut way, &Steps::Asking));
    let (request, body) = choosing(&state, &sign_in, "up");
    let leave = exchange(&mut way.objects, &Steps::Asking, (&request, &body), end - 1, 41);
    assert_eq!(leave["page"]["model"]["kind"], "leave", "{leave}");
    let back = exchange(&mut way.objects.clone(), &Steps::Asking, (&returning(&state, &sign_in), ""), end - 1, 42);
    assert!(location(&back).contains("code="), "{back}");
    let late = exchange(&mut way.objects, &Steps::Asking, (&returning(&state, &sign_in), ""), end, 42);
    assert_eq!(refused(&late), (json!(400), json!("sign_in")));
}

/// Also for the page of connected apps: whoever wants to see it signs in by the same steps.
#[test]
fn the_page_of_connected_apps_is_reached_by_the_same_steps() {
    let mut way = Way::new();
    let page = exchange(&mut way.objects, &Steps::Asking, (&head("connected", "GET", json!({})), ""), NOW, 50);
    let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap().to_owned();
    let own = json!({"cookie": cookie(&page, "__Host-wicket-form-connected"), "originHeader": SITE, "secFetchSite": "same-origin"});
    let body = form(&[("page", &sealed), ("handler", "steps")]);
    let page = exchange(&mut way.objects, &Steps::Asking, (&head("connected", "POST", own), &body), NOW, 51);
    let (state, sign_in) = shown(&page);
    assert_eq!(page["page"]["model"].get("client"), None);
    let (request, body) = choosing(&state, &sign_in, "own");
    let done = exchange(&mut way.objects, &Steps::Asking, (&request, &body), NOW, 52);
    assert_eq!(location(&done), format!("{SITE}/connected"));
}
