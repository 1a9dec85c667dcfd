//! From registration to tokens, with any single effect failing or lying on the way: then there is no answer that gives
//! anything, and nothing is committed.

use mcp_wicket::flow::Commit;
use mcp_wicket::oauth::Reply;
use serde_json::{Value as Json, json};

use super::{
    Objects, REDIRECT, SITE, VERIFIER, authorize_query, cookie, form, head, json_of, registered, send, server,
};
use crate::world::{Ended, NOW, Said, World};

/// What a browser and a client have seen so far.
pub(super) struct Way {
    pub(super) objects: Objects,
    pub(super) client: String,
}

impl Way {
    pub(super) fn new() -> Self {
        let mut objects = Objects::default();
        let client = registered(&mut objects);
        Self { objects, client }
    }

    fn send(&mut self, request: &Json, body: &str, entropy: u8) -> Json {
        let objects = &mut self.objects;
        let world = World::new(|effect| objects.ask(effect, NOW, [entropy; 32])).with_entropy([entropy; 32]);
        json_of(&send(world, &server(json!({})), request, body).answer.unwrap())
    }

    /// The consent form and the cookie that goes with it.
    pub(super) fn ask(&mut self) -> (String, String) {
        let page = self.send(&head("authorize", "GET", json!({"query": authorize_query(&self.client)})), "", 2);
        let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap().to_owned();
        (sealed, cookie(&page, "__Host-wicket-form-"))
    }

    pub(super) fn allow(&mut self) -> (String, String) {
        let (sealed, form_cookie) = self.ask();
        let (request, body) = allowing(&sealed, &form_cookie);
        let page = self.send(&request, &body, 3);
        let url = page["page"]["model"]["url"].as_str().unwrap();
        let state = url.split_once("state=").unwrap().1.to_owned();
        (state, cookie(&page, "__Host-wicket-sign-in-"))
    }

    pub(super) fn code(&mut self) -> String {
        let (state, cookie) = self.allow();
        let answer = self.send(&returning(&state, &cookie), "", 4);
        let headers = answer["answer"]["headers"].as_array().unwrap();
        let location = headers.iter().find(|header| header[0] == "location").unwrap()[1].as_str().unwrap();
        assert!(location.starts_with(REDIRECT) && location.contains("state=xyz"), "{location}");
        location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
    }

    pub(super) fn tokens(&mut self) -> Json {
        let code = self.code();
        let body = redeeming(&self.client, &code);
        let answer = self.send(&head("token", "POST", json!({})), &body, 5);
        assert_eq!(answer["answer"]["status"], 200, "{answer}");
        serde_json::from_str(answer["answer"]["body"].as_str().unwrap()).unwrap()
    }
}

pub(super) fn allowing(sealed: &str, cookie: &str) -> (Json, String) {
    let body = form(&[("consent", sealed), ("decision", "allow"), ("scope", "read"), ("scope", "write")]);
    (head("authorize", "POST", json!({"cookie": cookie, "originHeader": SITE, "secFetchSite": "same-origin"})), body)
}

pub(super) fn returning(state: &str, cookie: &str) -> Json {
    head("callback", "GET", json!({"query": form(&[("state", state), ("code", "upstream")]), "cookie": cookie}))
}

pub(super) fn redeeming(client: &str, code: &str) -> String {
    form(&[
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("code", code),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT),
    ])
}

/// Whether a reply gives anything away: a code, a token, a client, a way on.
fn gives(ended: &Ended<Reply>) -> bool {
    let Ok(reply) = &ended.answer else { return false };
    let reply = json_of(reply);
    let location =
        |headers: &Json| headers.as_array().is_some_and(|all| all.iter().any(|it| it.to_string().contains("code=")));
    let status = reply["answer"]["status"].as_u64().or_else(|| reply["page"]["status"].as_u64()).unwrap();
    (status < 300) || location(&reply["answer"]["headers"])
}

/// Sends a request with its `broken`-th effect failing in each way, and with each kind of garbage.
fn nothing_happens(way: &Way, request: &Json, body: &str) {
    let mut good = way.objects.clone();
    let world = World::new(|effect| good.ask(effect, NOW, [9; 32])).with_entropy([9; 32]);
    // A count that cannot be had limits nobody, so it is no reason for anything.
    let waits = send(world, &server(json!({})), request, body).waits.concat();
    let effects = waits.iter().filter(|effect| effect["kind"] != "tally").count();
    assert!(effects > 0, "this asks for nothing");
    for broken in 0..effects {
        for said in [
            Said::Failed("timeout"),
            Said::Failed("unreachable"),
            Said::Failed("failed"),
            Said::Ok("null".into()),
            Said::Ok("{}".into()),
            Said::Ok("[]".into()),
            Said::Ok("true1".replace('1', "")),
            Said::Ok(r#""gone""#.into()),
            Said::Ok(r#""refused""#.into()),
            Said::Ok(r#"{"v":1}"#.into()),
            Said::Ok(r#"{"error":"nonsense"}"#.into()),
        ] {
            let mut objects = way.objects.clone();
            let mut count = 0;
            let lie = said.clone();
            let world = World::new(|effect| {
                let is_tally = effect["kind"] == "tally";
                count += usize::from(!is_tally);
                if !is_tally && count == broken + 1 { lie.clone() } else { objects.ask(effect, NOW, [9; 32]) }
            });
            let ended = send(world.with_entropy([9; 32]), &server(json!({})), request, body);
            // `true` is what an approved transaction says, and the list of revocations; only there it is no lie.
            let is_asked = body.contains("decision=allow") || request["endpoint"] == "revoke";
            let is_truth = matches!(&said, Said::Ok(text) if text == "true") && is_asked;
            assert!(is_truth || !gives(&ended), "effect {broken} says {said:?}: {:?}", ended.answer);
            let told = |commit: &Commit| matches!(commit, Commit::Audit { .. } | Commit::Receipt { .. });
            assert!(ended.commits.iter().all(told), "effect {broken} says {said:?}: {:?}", ended.commits);
        }
    }
}

#[test]
fn the_whole_way() {
    let mut way = Way::new();
    let tokens = way.tokens();
    assert_eq!((tokens["token_type"].as_str(), tokens["scope"].as_str()), (Some("Bearer"), Some("read write")));
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", refresh)]);
    let answer = way.send(&head("token", "POST", json!({})), &body, 6);
    assert_eq!(answer["answer"]["status"], 200);
    // Once more: the same answer, byte for byte, though everything else is different by now.
    assert_eq!(way.send(&head("token", "POST", json!({})), &body, 7), answer);
}

#[test]
fn nothing_at_rest_opens_anything() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let kept = format!("{:?}", way.objects);
    for secret in [tokens["access_token"].as_str().unwrap(), tokens["refresh_token"].as_str().unwrap(), VERIFIER] {
        assert!(!kept.contains(secret));
    }
    assert!(!kept.contains(r#"{\"login\":\"ann\"}"#), "props are encrypted");
    assert!(way.objects.0.keys().all(|name| !name.contains("ann") && !name.contains("test:1")));
}

#[test]
fn a_registration_with_a_broken_effect() {
    let way = Way::new();
    let body = json!({"redirect_uris": ["https://new.example/cb"], "token_endpoint_auth_method": "none"}).to_string();
    nothing_happens(&way, &head("register", "POST", json!({"contentType": "application/json"})), &body);
}

#[test]
fn an_authorization_request_with_a_broken_effect() {
    let way = Way::new();
    nothing_happens(&way, &head("authorize", "GET", json!({"query": authorize_query(&way.client)})), "");
}

#[test]
fn a_consent_with_a_broken_effect() {
    let mut way = Way::new();
    let (sealed, cookie) = way.ask();
    let (request, body) = allowing(&sealed, &cookie);
    nothing_happens(&way, &request, &body);
}

#[test]
fn a_callback_with_a_broken_effect() {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    nothing_happens(&way, &returning(&state, &cookie), "");
}

#[test]
fn a_code_exchange_with_a_broken_effect() {
    let mut way = Way::new();
    let code = way.code();
    nothing_happens(&way, &head("token", "POST", json!({})), &redeeming(&way.client, &code));
}

#[test]
fn a_refresh_with_a_broken_effect() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", refresh)]);
    nothing_happens(&way, &head("token", "POST", json!({})), &body);
}

#[test]
fn a_revocation_with_a_broken_effect_is_never_a_200() {
    let mut way = Way::new();
    let tokens = way.tokens();
    for kind in ["access_token", "refresh_token"] {
        let body = form(&[("client_id", &way.client), ("token", tokens[kind].as_str().unwrap())]);
        nothing_happens(&way, &head("revoke", "POST", json!({})), &body);
    }
}

#[test]
fn an_introspection_with_a_broken_effect_calls_nothing_active() {
    const SECRET: &str = "kTQwPpYvN6cZ1xqH0mB8sJ3dUfL5eRgA";
    let mut way = Way::new();
    let tokens = way.tokens();
    let token = tokens["access_token"].as_str().unwrap();
    let body = form(&[("client_id", "files"), ("client_secret", SECRET), ("token", token)]);
    let active = |broken: Option<(&str, Said)>| {
        let mut objects = way.objects.clone();
        let world = World::new(|effect| match &broken {
            Some((call, said)) if effect["call"] == **call => said.clone(),
            _ if effect["call"] == "salt" => Said::Ok(r#""salt""#.into()),
            _ => objects.ask(effect, NOW, [9; 32]),
        });
        let server = server(json!({"resourceServers": {"files": SECRET}}));
        let reply = json_of(&send(world, &server, &head("introspect", "POST", json!({})), &body).answer.unwrap());
        let answer = reply["answer"].clone();
        (answer["status"].as_u64().unwrap(), answer["body"].as_str().unwrap().contains(r#""active":true"#))
    };
    assert_eq!(active(None), (200, true));
    for call in ["stands", "salt"] {
        for said in [Said::Failed("timeout"), Said::Failed("unreachable"), Said::Failed("failed")] {
            assert_eq!(active(Some((call, said.clone()))), (503, false), "{call} {said:?}");
        }
    }
    assert_eq!(active(Some(("stands", Said::Ok("false".into())))), (200, false));
    for said in ["null", "{}", "[]", "\"true\"", "\"refused\""] {
        assert_eq!(active(Some(("stands", Said::Ok(said.into())))), (503, false), "{said}");
    }
}

#[test]
fn a_registration_ends_ninety_days_after_it_was_used_last() {
    const DAY: u64 = 24 * 3600 * 1000;
    let way = Way::new();
    let (object, rows) = way.objects.0.iter().find(|(name, _)| name.starts_with("client:")).unwrap();
    let ends = |call: &str, at: u64, input: Json, rows: &std::collections::BTreeMap<String, String>| {
        let input = json!({"object": object, "call": call, "input": input}).to_string();
        let keys = super::keys();
        let world =
            World::new(|_| Said::Ok(json!({"version": 1, "rows": rows.iter().collect::<Vec<_>>()}).to_string()));
        let ended = world.at(at).run(async |flow| mcp_wicket::oauth::object::serve(flow, &keys, &input).await);
        ended.commits.into_iter().find_map(|commit| match commit {
            Commit::Rows(writes) => writes.put.into_iter().next().map(|(_, _, expires)| expires),
            _ => None,
        })
    };
    let row: Json = serde_json::from_str(&rows.1["client"]).unwrap();
    let client = json!({"client": row["v1"]["client"], "full": false});
    let nothing = std::collections::BTreeMap::new();
    assert_eq!(ends("register", NOW, client, &nothing), Some(Some(NOW + 90 * DAY)), "registered");
    assert_eq!(ends("load", NOW + DAY - 1, json!({}), &rows.1), None, "used on the same day: nothing is written");
    assert_eq!(ends("load", NOW + DAY, json!({}), &rows.1), Some(Some(NOW + 91 * DAY)), "used a day later");
}

#[test]
fn an_error_waits_on_a_page_that_names_where_it_goes() {
    let mut way = Way::new();
    let query = authorize_query(&way.client).replace("S256", "plain");
    for (method, body, more) in [
        ("GET", "", json!({"query": query})),
        ("POST", query.as_str(), json!({"originHeader": SITE, "secFetchSite": "same-origin"})),
    ] {
        let page = way.send(&head("authorize", method, more), body, 2)["page"].clone();
        let model = &page["model"];
        assert_eq!((&page["status"], &model["kind"], &model["waits"]), (&json!(400), &json!("leave"), &json!(true)));
        assert_eq!((&model["host"], &model["where"]), (&json!("client.example"), &json!("https")));
        assert_eq!(model["detail"], "code_challenge_method must be S256.");
        assert!(model["url"].as_str().unwrap().starts_with(&format!("{REDIRECT}?error=invalid_request&")), "{model}");
    }
    let (sealed, form_cookie) = way.ask();
    let (request, body) = allowing(&sealed, &form_cookie);
    let page = way.send(&request, &body.replace("decision=allow", "decision=deny"), 3)["page"].clone();
    let shown = ["outcome", "host", "where", "waits"].map(|name| page["model"][name].clone());
    assert_eq!(shown, [json!("denied"), json!("client.example"), json!("https"), json!(true)]);
}
