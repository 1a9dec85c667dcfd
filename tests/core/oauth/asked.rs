//! What an authorization request and its consent form must be (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 9700 §4).

use serde_json::{Value as Json, json};

use super::once::{Way, allowing, returning};
use super::{Objects, REDIRECT, SITE, challenge, cookie, form, head, json_of, registered, send, server};
use crate::world::{NOW, Said, World};

const MINUTE: u64 = 60_000;

/// Sends a request at `now`; gives the reply.
pub(super) fn ask(objects: &mut Objects, options: &Json, request: &Json, body: &str, now: u64) -> Json {
    let world = World::new(|effect| objects.ask(effect, now, [41; 32])).at(now).with_entropy([41; 32]);
    json_of(&send(world, &server(options.clone()), request, body).answer.unwrap())
}

/// The request of a client with other parameters; `"-"` takes one out.
fn query(client: &str, more: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", REDIRECT),
        ("state", "xyz"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in more {
        pairs.retain(|(other, _)| other != name);
        pairs.extend(Some((*name, *value)).filter(|_| *value != "-"));
    }
    form(&pairs)
}

fn opened(way: &mut Way, query: &str) -> Json {
    ask(&mut way.objects, &json!({}), &head("authorize", "GET", json!({"query": query})), "", NOW)["page"].clone()
}

#[test]
fn a_request_that_is_wrong_is_told_to_the_client_with_its_code() {
    let mut way = Way::new();
    let client = way.client.clone();
    let (short, long, plain) = ("a".repeat(42), "a".repeat(44), "+".repeat(43));
    for (more, code, words) in [
        (vec![("response_type", "-")], "invalid_request", "response_type is missing"),
        (vec![("response_type", "token")], "unsupported_response_type", "must be code"),
        (vec![("response_mode", "fragment")], "invalid_request", "response_mode must be query"),
        (vec![("code_challenge_method", "plain")], "invalid_request", "must be S256"),
        (vec![("code_challenge_method", "-")], "invalid_request", "must be S256"),
        (vec![("code_challenge_method", "s256")], "invalid_request", "must be S256"),
        (vec![("code_challenge", "-")], "invalid_request", "43 characters"),
        (vec![("code_challenge", &short)], "invalid_request", "43 characters"),
        (vec![("code_challenge", &long)], "invalid_request", "43 characters"),
        (vec![("code_challenge", &plain)], "invalid_request", "43 characters"),
        (vec![("request", "a.b.c")], "request_not_supported", "Request objects"),
        (vec![("request_uri", "urn:x")], "request_uri_not_supported", "request_uri"),
        (vec![("prompt", "none")], "interaction_required", "The request needs user interaction"),
        (vec![("prompt", "login none")], "interaction_required", "The request needs user interaction"),
        (vec![("resource", "https://other.example/mcp")], "invalid_target", "not a resource of this server"),
        (vec![("scope", "a\"b")], "invalid_scope", "a character that is not allowed"),
    ] {
        let page = opened(&mut way, &query(&client, &more));
        let url = page["model"]["url"].as_str().unwrap_or_else(|| panic!("{more:?}: {page}")).to_owned();
        assert!(url.starts_with(&format!("{REDIRECT}?error={code}&")) && url.contains("state=xyz"), "{more:?}: {url}");
        assert!(url.contains("iss=https%3A%2F%2Fmcp.example.com"), "RFC 9207: {url}");
        assert!(page["model"]["detail"].as_str().unwrap().contains(words), "{more:?}: {page}");
        assert_eq!((&page["refused"]["code"], &page["status"]), (&json!(code), &json!(400)));
    }
    let (longest, longer) = ("s".repeat(2048), "s".repeat(2049));
    assert_eq!(opened(&mut way, &query(&client, &[("state", &longest)]))["model"]["kind"], "consent");
    let page = opened(&mut way, &query(&client, &[("state", &longer)]));
    assert!(page["model"]["detail"].as_str().unwrap().starts_with("state is longer"), "{page}");
    assert!(!page["model"]["url"].as_str().unwrap().contains("state="));
    for more in [
        ("response_mode", "query"),
        ("prompt", "consent"),
        ("scope", "openid"),
        ("resource", "https://mcp.example.com/mcp"),
    ] {
        assert_eq!(opened(&mut way, &query(&client, &[more]))["model"]["kind"], "consent", "{more:?}");
    }
    // The client's own URI stays as it is, with its query (RFC 6749 §3.1.2).
    let twice = query(&client, &[]) + "&scope=a&scope=b";
    assert!(opened(&mut way, &twice)["model"]["url"].as_str().unwrap().contains("error=invalid_request"));
}

#[test]
fn until_the_redirect_uri_is_proven_errors_stay_here() {
    let mut way = Way::new();
    let client = way.client.clone();
    let twice = |name: &str, value: &str| format!("{}&{}", query(&client, &[]), form(&[(name, value)]));
    for (query, status, code) in [
        (query(&client, &[("client_id", "-")]), 400, "request"),
        (query(&client, &[("redirect_uri", "https://client.example/cb/")]), 400, "redirect"),
        (query(&client, &[("redirect_uri", "https://client.example/cb?x=1")]), 400, "redirect"),
        (query(&client, &[("redirect_uri", "javascript:alert(1)")]), 400, "redirect"),
        (twice("client_id", "x"), 400, "request"),
        (twice("redirect_uri", REDIRECT), 400, "request"),
        ("a=%zz".into(), 400, "request"),
    ] {
        let page = opened(&mut way, &query);
        assert_eq!((&page["status"], &page["model"]["kind"]), (&json!(status), &json!("error")), "{query}: {page}");
        assert_eq!((&page["refused"]["code"], page["model"].get("url")), (&json!(code), None), "{query}");
    }
    let page = opened(&mut way, &query(&format!("c_{}", "x".repeat(32)), &[]));
    assert_eq!((&page["status"], &page["model"]["kind"]), (&json!(400), &json!("recovery")));
    assert_eq!(
        opened(&mut way, &query(&client, &[("redirect_uri", "-")]))["model"]["kind"],
        "consent",
        "it has a single one"
    );
    // OAuth 2.1 §4.1.1: it may be left out where it is a web site; a program of whatever kind may listen at another.
    let register = |objects: &mut Objects, uris: Json| {
        let body = json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"}).to_string();
        let reply =
            ask(objects, &json!({}), &head("register", "POST", json!({"contentType": "application/json"})), &body, NOW);
        let body: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
        body["client_id"].as_str().unwrap().to_owned()
    };
    for uris in
        [json!(["http://localhost:3000/cb"]), json!(["com.example.app:/cb"]), json!([REDIRECT, "https://b.example/cb"])]
    {
        let other = register(&mut way.objects, uris.clone());
        let page = opened(&mut way, &query(&other, &[("redirect_uri", "-")]));
        assert_eq!(page["model"]["detail"], "redirect_uri is missing", "{uris}: {page}");
    }
}

#[test]
fn the_page_names_client_host_scopes_and_days() {
    let mut way = Way::new();
    let client = way.client.clone();
    let options = json!({"scopes": ["read", "write"], "scopeTexts": {"read": "See things"}, "grantTtl": 20 * 86_400, "refreshTokenTtl": 10 * 86_400});
    let request = head("authorize", "GET", json!({"query": query(&client, &[("scope", "read openid")])}));
    let page = ask(&mut way.objects, &options, &request, "", NOW)["page"].clone();
    let model = &page["model"];
    assert_eq!(
        (&model["kind"], &model["server"], &model["action"]),
        (&json!("consent"), &json!("mcp.example.com"), &json!("/authorize"))
    );
    assert_eq!(model["client"], json!({"name": "Test", "id": client, "proof": "none"}));
    assert_eq!(model["redirect"], json!({"host": "client.example", "where": "https"}));
    assert_eq!((model["scopes"].as_array().unwrap().len(), &model["scopes"][0]["name"]), (1, &json!("read")));
    assert_eq!(model["scopes"][0]["fixed"], true, "a single one cannot be left out");
    assert_eq!((&model["days"], &model["idleDays"], &model["manage"]), (&json!(20), &json!(10), &json!("/connected")));
    assert_eq!(model["scopes"][0]["text"], "See things");
    assert_eq!((&model["upstream"]["label"], &model["upstream"]["host"]), (&json!("Test"), &json!("upstream.example")));
    assert_eq!((model.get("account"), model.get("remembered"), model.get("switchAccount")), (None, None, None));
    let both = opened(&mut way, &query(&client, &[]));
    assert_eq!(both["model"]["scopes"].as_array().unwrap().len(), 2);
    assert_ne!(both["model"]["scopes"][0]["fixed"], true);
    assert_eq!(both["model"]["scopes"][0].get("text"), None, "nothing is said of it");
    assert!(!both["headers"].to_string().contains("opener"), "a web site gets its window back");
    let body = json!({"redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none"}).to_string();
    let reply = ask(
        &mut way.objects,
        &json!({}),
        &head("register", "POST", json!({"contentType": "application/json"})),
        &body,
        NOW,
    );
    let body: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
    let app = opened(&mut way, &query(body["client_id"].as_str().unwrap(), &[("redirect_uri", "com.example.app:/cb")]));
    assert!(app["headers"].to_string().contains("cross-origin-opener-policy"), "a program's window stays alone");
}

/// The consent form of a client, and its cookie.
fn page_of(way: &mut Way, cookies: &str, more: &[(&str, &str)]) -> (String, String) {
    let query = query(&way.client, more);
    let request = head("authorize", "GET", json!({"query": query, "cookie": cookies}));
    let page = ask(&mut way.objects, &json!({}), &request, "", NOW);
    let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap().to_owned();
    (sealed, cookie(&page, "__Host-wicket-form-"))
}

#[test]
fn a_form_counts_from_our_own_page_only() {
    let mut way = Way::new();
    let (sealed, cookie) = page_of(&mut way, "", &[]);
    let (request, body) = allowing(&sealed, &cookie);
    let sent = |from: Json, site: Json| {
        let mut request = request.clone();
        (request["originHeader"], request["secFetchSite"]) = (from, site);
        let page = ask(&mut way.objects.clone(), &json!({}), &request, &body, NOW)["page"].clone();
        (page["status"].as_u64().unwrap(), page["refused"]["code"].as_str().unwrap_or("-").to_owned())
    };
    for (from, site) in [
        (json!(SITE), json!("same-origin")),
        (json!(SITE), json!(null)),
        (json!(null), json!("same-origin")),
        (json!(null), json!("none")),
        (json!(null), json!(null)),
        (json!("null"), json!("same-origin")),
    ] {
        assert_eq!(sent(from.clone(), site.clone()).0, 200, "{from} {site}");
    }
    for (from, site) in [
        (json!("https://evil.example"), json!("cross-site")),
        (json!("https://evil.example"), json!("same-origin")),
        (json!("https://evil.example"), json!(null)),
        (json!("https://evil.mcp.example.com"), json!("same-site")),
        (json!(SITE), json!("cross-site")),
        (json!(SITE), json!("same-site")),
        (json!("null"), json!("cross-site")),
        (json!("null"), json!("none")),
        (json!("null"), json!(null)),
        (json!(null), json!("cross-site")),
    ] {
        assert_eq!(sent(from.clone(), site.clone()), (403, "form".into()), "{from} {site}");
    }
}

#[test]
fn a_page_of_the_issuer_is_our_own_under_another_name_too() {
    let mut way = Way::new();
    let options = json!({"issuer": "https://auth.example.com"});
    let request = head("authorize", "GET", json!({"query": query(&way.client, &[])}));
    let keys = super::keys();
    let server = server(options);
    let send = |objects: &mut Objects, request: &Json, body: &str| {
        let input = request.to_string();
        let server = mcp_wicket::oauth::AuthorizationServer {
            config: &server,
            keys: &keys,
            identity: &super::Ann,
            issuer: "https://auth.example.com".into(),
        };
        let request = mcp_wicket::oauth::Request::read(&input).unwrap();
        let world = World::new(|effect| objects.ask(effect, NOW, [42; 32])).with_entropy([42; 32]);
        json_of(&world.run(async |flow| mcp_wicket::oauth::serve(flow, &server, &request, body).await).answer.unwrap())
    };
    let page = send(&mut way.objects, &request, "");
    let (mut request, body) =
        allowing(page["page"]["model"]["hidden"][0][1].as_str().unwrap(), &cookie(&page, "__Host-wicket-form-"));
    for (from, status) in [("https://auth.example.com", 200), (SITE, 200), ("https://other.example.com", 403)] {
        request["originHeader"] = from.into();
        assert_eq!(send(&mut way.objects.clone(), &request, &body)["page"]["status"], status, "{from}");
    }
}

#[test]
fn a_form_counts_in_the_browser_that_it_was_made_for_and_for_half_an_hour() {
    let mut way = Way::new();
    let (sealed, cookie) = page_of(&mut way, "", &[]);
    let (name, value) = cookie.split_once('=').unwrap();
    assert!(name.starts_with("__Host-wicket-form-") && name.len() == 31, "{name}");
    assert_eq!(mcp_wicket::crypto::decode(value).unwrap().len(), 16);
    let code = |way: &mut Way, sealed: &str, cookies: &str, now: u64| {
        let (request, body) = allowing(sealed, cookies);
        let page = ask(&mut way.objects.clone(), &json!({}), &request, &body, now)["page"].clone();
        page["refused"]["code"].as_str().unwrap_or("-").to_owned()
    };
    assert_eq!(code(&mut way, &sealed, &cookie, NOW + 30 * MINUTE - 1), "-");
    assert_eq!(code(&mut way, &sealed, &cookie, NOW + 30 * MINUTE), "expired");
    let (other, _) = page_of(&mut way, "", &[("state", "other")]);
    let made_up = format!("{name}={}", "A".repeat(22));
    for cookies in ["", made_up.as_str(), &format!("{cookie}; {cookie}"), &format!("x{cookie}")] {
        assert_eq!(code(&mut way, &sealed, cookies, NOW), "browser", "{cookies}");
    }
    assert_eq!(code(&mut way, &other, &cookie, NOW), "browser", "another request's form");
    let last = if sealed.ends_with('A') { "B" } else { "A" };
    assert_eq!(code(&mut way, &format!("{}{last}", &sealed[..sealed.len() - 1]), &cookie, NOW), "expired");
    // Rendered again, the cookie that is there stays; one that is none of ours does not.
    let another = format!("{name}={}", "A".repeat(22));
    assert_eq!(page_of(&mut way, &another, &[]).1, another);
    for odd in ["x", &"A".repeat(21), &"A".repeat(43)] {
        assert_ne!(page_of(&mut way, &format!("{name}={odd}"), &[]).1, format!("{name}={odd}"), "{odd}");
    }
}

#[test]
fn what_the_person_leaves_out_is_not_granted() {
    let mut way = Way::new();
    let (sealed, cookie) = page_of(&mut way, "", &[]);
    let answer = |pairs: &[(&str, &str)]| {
        let fields = [&[("consent", sealed.as_str())], pairs].concat();
        let (request, _) = allowing(&sealed, &cookie);
        ask(&mut way.objects.clone(), &json!({}), &request, &form(&fields), NOW)["page"].clone()
    };
    for (pairs, outcome) in [
        (vec![("decision", "deny"), ("scope", "read")], "denied"),
        (vec![("decision", "allow")], "denied"),
        (vec![("decision", "allow"), ("scope", "admin")], "denied"),
    ] {
        let page = answer(&pairs);
        assert_eq!(page["model"]["outcome"], outcome, "{pairs:?}");
        assert!(page["model"]["url"].as_str().unwrap().contains("error=access_denied"), "{pairs:?}");
    }
    for pairs in
        [vec![], vec![("decision", "Allow"), ("scope", "read")], vec![("decision", "allow"), ("decision", "allow")]]
    {
        assert_eq!(answer(&pairs)["refused"]["code"], "request", "{pairs:?}");
    }
    let (request, _) = allowing(&sealed, &cookie);
    let body = form(&[("consent", &sealed), ("decision", "allow"), ("scope", "read")]);
    let page = ask(&mut way.objects, &json!({}), &request, &body, NOW);
    assert_eq!(
        (&page["page"]["model"]["what"], &page["page"]["model"]["host"]),
        (&json!("upstream"), &json!("upstream.example"))
    );
    let set = page["page"]["headers"].to_string();
    assert!(set.contains("Max-Age=0") && set.contains("__Host-wicket-sign-in-"), "the form's cookie goes: {set}");
    let state = page["page"]["model"]["url"].as_str().unwrap().split_once("state=").unwrap().1.to_owned();
    let sign_in = super::cookie(&page, "__Host-wicket-sign-in-");
    let back = ask(&mut way.objects, &json!({}), &returning(&state, &sign_in), "", NOW);
    let location = back["answer"]["headers"].to_string();
    let code = location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
    let body = super::once::redeeming(&way.client, &code);
    let tokens = ask(&mut way.objects, &json!({}), &head("token", "POST", json!({})), &body, NOW);
    assert!(tokens["answer"]["body"].as_str().unwrap().contains(r#""scope":"read""#), "{tokens}");
}

#[test]
fn a_transaction_begins_once_however_often_its_form_is_sent() {
    let mut way = Way::new();
    let (sealed, cookie) = page_of(&mut way, "", &[]);
    let (request, body) = allowing(&sealed, &cookie);
    assert_eq!(ask(&mut way.objects, &json!({}), &request, &body, NOW)["page"]["status"], 200);
    assert_eq!(ask(&mut way.objects, &json!({}), &request, &body, NOW)["page"]["refused"]["code"], "expired");
    for (said, code) in [(Said::Ok("false".into()), "expired"), (Said::Failed("timeout"), "unavailable")] {
        let world =
            World::new(|effect| if effect["call"] == "approve" { said.clone() } else { Said::Ok("[1]".into()) });
        let reply = json_of(&send(world, &server(json!({})), &request, &body).answer.unwrap());
        assert_eq!(reply["page"]["refused"]["code"], code);
    }
}

/// Somebody who has connected the client before; gives the account cookie.
fn account(way: &mut Way) -> String {
    let (state, sign_in) = way.allow();
    let reply = ask(&mut way.objects, &json!({}), &returning(&state, &sign_in), "", NOW);
    let headers = reply["answer"]["headers"].as_array().unwrap().clone();
    let mut set = headers.iter().filter(|it| it[0] == "set-cookie").map(|it| it[1].as_str().unwrap());
    set.find(|it| it.starts_with("__Host-wicket-account=")).unwrap().split(';').next().unwrap().to_owned()
}

#[test]
fn prompt_says_what_is_asked_again() {
    let mut way = Way::new();
    let cookie = account(&mut way);
    let client = way.client.clone();
    let opened = |prompt: &str, site: &str| {
        let request = head(
            "authorize",
            "GET",
            json!({"query": query(&client, &[("prompt", prompt)]), "cookie": cookie, "secFetchSite": site}),
        );
        ask(&mut way.objects.clone(), &json!({}), &request, "", NOW)
    };
    assert_eq!(opened("-", "none")["answer"]["status"], 302, "all of it was approved");
    assert_eq!(opened("other", "same-origin")["answer"]["status"], 302);
    let shown = opened("-", "cross-site")["page"]["model"].clone();
    assert_eq!(
        (&shown["remembered"], &shown["account"]["label"]),
        (&json!(true), &json!("ann")),
        "another site sent it"
    );
    let switch = shown["switchAccount"].as_str().unwrap();
    assert!(
        switch.starts_with("/authorize?") && switch.contains("prompt=select_account") && switch.contains("state=xyz"),
        "{switch}"
    );
    assert!(switch.contains(&challenge()) && switch.contains("code_challenge_method=S256"), "{switch}");
    let shown = opened("consent", "none")["page"]["model"].clone();
    assert_eq!((shown.get("remembered"), &shown["account"]["label"]), (None, &json!("ann")));
    for prompt in ["login", "select_account", "consent login", "login consent"] {
        let shown = opened(prompt, "none")["page"]["model"].clone();
        assert_eq!((shown.get("remembered"), shown.get("account")), (None, None), "{prompt}");
    }
}

#[test]
fn the_client_named_in_a_refused_request_is_told_to_the_operator() {
    let mut way = Way::new();
    let basic = |text: &str| format!("Basic {}", mcp_wicket::crypto::base64::encode(text.as_bytes()));
    for (endpoint, request, body, named) in [
        ("authorize", json!({"query": "client_id=q"}), "", Some("q")),
        ("token", json!({}), "client_id=b", Some("b")),
        ("token", json!({"authorization": basic("h:x")}), "grant_type=x", Some("h")),
        ("token", json!({"authorization": basic("h:x").replace("Basic", "bASIC")}), "grant_type=x", Some("h")),
        (
            "token",
            json!({"authorization": basic("https%3A%2F%2Fapp.example%2Fclient.json:x")}),
            "grant_type=x",
            Some("https://app.example/client.json"),
        ),
        ("token", json!({"authorization": basic("h:x").replace("Basic", "Bearer")}), "grant_type=x", None),
        ("token", json!({"contentType": "application/json"}), "client_id=b", None),
        ("token", json!({}), "", None),
    ] {
        let method = if endpoint == "authorize" { "GET" } else { "POST" };
        let world = World::new(|effect| way.objects.ask(effect, NOW, [1; 32]));
        let mut reply = send(world, &server(json!({})), &head(endpoint, method, request.clone()), body).answer.unwrap();
        let refused = reply.refused().as_ref().unwrap();
        assert_eq!(refused.client.as_deref(), named, "{endpoint} {request} {body}");
    }
}

#[test]
fn each_endpoint_answers_its_methods_and_pages_of_others_only_where_no_cookie_counts() {
    let mut objects = Objects::default();
    let _ = registered(&mut objects);
    for (endpoint, methods, shared) in [
        ("authorize", "GET, POST", false),
        ("connected", "GET, POST", false),
        ("callback", "GET, POST", false),
        ("metadata", "GET", true),
        ("keys", "GET", true),
        ("register", "POST", true),
        ("token", "POST", true),
        ("revoke", "POST", true),
        ("introspect", "POST", true),
    ] {
        let mut answer = |method: &str, more: Json| {
            let world = World::new(|effect| objects.ask(effect, NOW, [1; 32]));
            json_of(&send(world, &server(json!({})), &head(endpoint, method, more), "").answer.unwrap())["answer"]
                .clone()
        };
        for method in ["PUT", "DELETE", "PATCH", "get"] {
            let refused = answer(method, json!({}));
            assert_eq!(refused["status"], 405, "{endpoint} {method}");
            assert!(
                refused["headers"].to_string().contains(&format!(r#"["allow","{methods}"]"#)),
                "{endpoint}: {refused}"
            );
        }
        let preflight = answer("OPTIONS", json!({"requestedHeaders": "content-type"}));
        let any = preflight["headers"].to_string().contains(r#"["access-control-allow-origin","*"]"#);
        assert_eq!((preflight["status"] == 204, any), (shared, shared), "{endpoint}: {preflight}");
        if !methods.starts_with("GET") {
            assert_eq!(answer("HEAD", json!({}))["status"], 405, "{endpoint}");
            assert_eq!(answer("GET", json!({}))["status"], 405, "{endpoint}");
        }
    }
    let world = World::silent();
    let request = head("metadata", "HEAD", json!({"path": "/.well-known/oauth-authorization-server"}));
    assert_eq!(json_of(&send(world, &server(json!({})), &request, "").answer.unwrap())["answer"]["status"], 200);
}

#[test]
fn only_a_plain_short_name_of_the_edge_names_a_request() {
    for (ray, kept) in [
        ("8f0c2d-FRA", true),
        (&*"a".repeat(40), true),
        (&*"a".repeat(41), false),
        ("a b", false),
        ("a\"b", false),
        ("é", false),
    ] {
        let request = head("register", "POST", json!({"contentType": "application/json", "ray": ray}));
        let body = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none"}).to_string();
        let mut objects = Objects::default();
        let world = World::new(|effect| objects.ask(effect, NOW, [1; 32]));
        let ended = send(world, &server(json!({})), &request, &body);
        let told = ended.commits.iter().find_map(|commit| match commit {
            mcp_wicket::flow::Commit::Audit { event } => Some(serde_json::from_str::<Json>(event).unwrap()),
            _ => None,
        });
        let named = told.unwrap()["request"].as_str().unwrap().to_owned();
        assert_eq!((named == ray, named.len() == 16), (kept, !kept), "{ray}: {named}");
    }
}
