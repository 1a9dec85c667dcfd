//! What the operator's own code may ask: clients, requests that it answers with pages of its own, grants, and clients that wait.

use mcp_wicket::flow::Commit;
use mcp_wicket::json::write;
use mcp_wicket::oauth::{AuthorizationServer, Request, object, operator};
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming};
use super::{Ann, Objects, REDIRECT, SITE, authorize_query, form, head, json_of, keys, send, server};
use crate::world::{NOW, Said, World};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;

/// Calls what an operator may, with this query; gives the answer, and what is told.
pub(super) fn operate(objects: &mut Objects, options: &Json, query: &str, call: &Json) -> (Json, Vec<Json>) {
    let (server, keys) = (server(options.clone()), keys());
    let (input, call) =
        (head("authorize", "GET", json!({"query": query, "ray": "8f0c2d"})).to_string(), call.to_string());
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &Ann, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    // Clients of the operator have random names, so each call has an entropy of its own.
    let entropy =
        [u8::try_from(objects.0.len() + objects.0.values().map(|(_, rows)| rows.len()).sum::<usize>()).unwrap(); 32];
    let world = World::new(|effect| objects.ask(effect, NOW, entropy)).with_entropy(entropy);
    let ended = world.run(async |flow| operator::serve(flow, &server, &request, &call).await);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        _ => None,
    });
    (serde_json::to_value(ended.answer.unwrap()).unwrap(), told.collect())
}

fn ok(objects: &mut Objects, call: Json) -> Json {
    let (answer, _) = operate(objects, &json!({}), "", &call);
    assert!(answer.get("wrong").is_none(), "{call}: {answer}");
    answer["ok"].clone()
}

fn wrong(objects: &mut Objects, call: Json) -> String {
    let (answer, told) = operate(objects, &json!({}), "", &call);
    assert!(told.is_empty(), "{call}: {told:?}");
    answer["wrong"]["message"].as_str().unwrap_or_else(|| panic!("{call}: {answer}")).to_owned()
}

fn events(told: &[Json]) -> Vec<&str> {
    told.iter().map(|event| event["event"].as_str().unwrap()).collect()
}

fn create(objects: &mut Objects, method: &str) -> Json {
    let client = json!({"clientName": "Mine", "redirectUris": [REDIRECT], "tokenEndpointAuthMethod": method});
    ok(objects, json!({"call": "createClient", "client": client}))
}

/// Exupdates a code with this secret in a header or in the body.
fn exchange(objects: &Objects, client: &str, secret: Option<&str>, code: &str) -> u64 {
    let mut objects = objects.clone();
    let mut body = redeeming(client, code);
    if let Some(secret) = secret {
        body += &["&", &form(&[("client_secret", secret)])].concat();
    }
    let world = World::new(|effect| objects.ask(effect, NOW, [31; 32])).with_entropy([31; 32]);
    let reply = json_of(&send(world, &server(json!({})), &head("token", "POST", json!({})), &body).answer.unwrap());
    reply["answer"]["status"].as_u64().unwrap()
}

/// Answers the request of a client; gives the code.
fn completed(objects: &mut Objects, client: &str, scope: &Json) -> String {
    let (parsed, _) = operate(objects, &json!({}), &authorize_query(client), &json!({"call": "parseAuthRequest"}));
    let call = json!({"call": "completeAuthorization", "request": parsed["ok"], "userId": "7", "scope": scope, "props": {"a": 1}, "label": "seven"});
    let to = ok(objects, call)["redirectTo"].as_str().unwrap().to_owned();
    assert!(to.starts_with(&format!("{REDIRECT}?")) && to.contains("state=xyz") && to.contains("iss="), "{to}");
    to.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
}

#[test]
fn clients_are_made_read_listed_changed_and_deleted() {
    let mut objects = Objects::default();
    for (method, has_secret) in [("none", false), ("client_secret_basic", true), ("client_secret_post", true)] {
        let made = create(&mut objects, method);
        assert!(made["clientId"].as_str().unwrap().starts_with("o_"));
        assert_eq!((made["clientSecret"].is_string(), &made["registrationDate"]), (has_secret, &json!(NOW / 1000)));
        let mut shown = made.clone();
        shown.as_object_mut().unwrap().remove("clientSecret");
        let expected = json!({
            "clientId": made["clientId"], "clientName": "Mine", "redirectUris": [REDIRECT],
            "tokenEndpointAuthMethod": method, "grantTypes": ["authorization_code", "refresh_token"],
            "responseTypes": ["code"], "registrationDate": NOW / 1000,
        });
        assert_eq!(shown, expected);
        let id = &made["clientId"];
        assert_eq!(ok(&mut objects, json!({"call": "lookupClient", "id": id})), expected, "without the secret");
        assert_eq!(ok(&mut objects, json!({"call": "listClients"})), json!([expected]));
        let updates = json!({"clientName": "Ours", "redirectUris": ["https://b.example/cb"]});
        let (changed, told) =
            operate(&mut objects, &json!({}), "", &json!({"call": "updateClient", "id": id, "client": updates}));
        assert_eq!(
            (&changed["ok"]["clientName"], &changed["ok"]["redirectUris"]),
            (&json!("Ours"), &updates["redirectUris"])
        );
        assert_eq!(events(&told), ["client changed"]);
        assert_eq!(ok(&mut objects, json!({"call": "lookupClient", "id": id})), changed["ok"]);
        assert_eq!(
            ok(&mut objects, json!({"call": "updateClient", "id": id, "client": {}})),
            changed["ok"],
            "nothing more"
        );
        let (_, told) = operate(&mut objects, &json!({}), "", &json!({"call": "deleteClient", "id": id}));
        assert_eq!(told, [json!({"event": "client deleted", "client": id, "request": "8f0c2d"})]);
        assert_eq!(ok(&mut objects, json!({"call": "lookupClient", "id": id})), Json::Null);
        assert_eq!(ok(&mut objects, json!({"call": "listClients"})), json!([]));
        assert_eq!(ok(&mut objects, json!({"call": "updateClient", "id": id, "client": {}})), Json::Null);
    }
    let default = json!({"clientName": "Mine", "redirectUris": [REDIRECT]});
    let (made, told) = operate(&mut objects, &json!({}), "", &json!({"call": "createClient", "client": default}));
    assert_eq!(made["ok"]["tokenEndpointAuthMethod"], "client_secret_basic");
    assert_eq!(told, [json!({"event": "client created", "client": made["ok"]["clientId"], "request": "8f0c2d"})]);
}

#[test]
fn a_client_has_a_name_redirect_uris_and_a_method_that_can_be() {
    let mut objects = Objects::default();
    let long = "n".repeat(201);
    for (more, words) in [
        (json!({"clientName": ""}), "clientName must be"),
        (json!({"clientName": 1}), "clientName must be"),
        (json!({"clientName": "\u{202e}"}), "clientName must be"),
        (json!({"clientName": long}), "clientName must be"),
        (json!({"redirectUris": []}), "redirectUris must be a list"),
        (json!({"redirectUris": REDIRECT}), "redirectUris must be a list"),
        (
            json!({"redirectUris": [REDIRECT, "http://client.example/cb"]}),
            "redirectUris has an invalid URI: http://client",
        ),
        (json!({"tokenEndpointAuthMethod": "private_key_jwt"}), "tokenEndpointAuthMethod must be"),
    ] {
        let mut client = json!({"clientName": "Mine", "redirectUris": [REDIRECT]});
        client.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let why = wrong(&mut objects, json!({"call": "createClient", "client": client}));
        assert!(why.starts_with(words), "{more}: {why}");
    }
    let name = "n".repeat(200);
    let client = json!({"clientName": name, "redirectUris": [REDIRECT]});
    assert_eq!(ok(&mut objects, json!({"call": "createClient", "client": client}))["clientName"], name);
    assert!(wrong(&mut objects, json!({"call": "createClient"})).starts_with("client is missing"));
}

#[test]
fn only_what_the_operator_made_can_be_changed() {
    let mut way = Way::new();
    let ids = [way.client.clone(), format!("s_{}", "a".repeat(32)), "https://client.example/client.json".into()];
    for id in ids {
        for call in ["updateClient", "deleteClient", "rotateClientSecret"] {
            let why = wrong(&mut way.objects, json!({"call": call, "id": id, "client": {}}));
            assert!(why.starts_with("Only clients from createClient"), "{call} {id}: {why}");
        }
    }
    for call in [
        "lookupClient",
        "updateClient",
        "deleteClient",
        "rotateClientSecret",
        "approveClient",
        "dismissClient",
        "revokeClient",
        "listUserGrants",
        "revokeGrant",
    ] {
        assert!(wrong(&mut way.objects, json!({"call": call})).contains(" is missing or not a string."), "{call}");
        assert!(
            wrong(&mut way.objects, json!({"call": call, "id": "", "userId": ""})).contains(" is missing"),
            "{call}"
        );
    }
    assert_eq!(wrong(&mut way.objects, json!({"call": "else"})), "Unknown call.");
}

#[test]
fn a_request_is_read_and_answered_for_the_person_that_the_app_names() {
    let mut way = Way::new();
    let client = way.client.clone();
    let (parsed, _) =
        operate(&mut way.objects, &json!({}), &authorize_query(&client), &json!({"call": "parseAuthRequest"}));
    let expected = json!({
        "responseType": "code", "clientId": client, "redirectUri": REDIRECT, "scope": ["read", "write"], "state": "xyz",
        "codeChallenge": super::challenge(), "codeChallengeMethod": "S256", "resource": "https://mcp.example.com",
    });
    let mut request = parsed["ok"].clone();
    request["resource"] = "https://mcp.example.com".into();
    assert_eq!(request, expected);
    let code = completed(&mut way.objects, &client, &json!(["read", "admin"]));
    assert_eq!(exchange(&way.objects, &client, None, &code), 200);
    // Until the code has come it is no grant that anybody sees.
    assert_eq!(ok(&mut way.objects, json!({"call": "listUserGrants", "userId": "7"})), json!([]));
    let body = redeeming(&client, &code);
    let objects = &mut way.objects;
    let world = World::new(|effect| objects.ask(effect, NOW, [32; 32])).with_entropy([32; 32]);
    let reply = json_of(&send(world, &server(json!({})), &head("token", "POST", json!({})), &body).answer.unwrap());
    let tokens: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
    assert_eq!(tokens["scope"], "read", "what the person granted of what was asked for");
    let grants = ok(&mut way.objects, json!({"call": "listUserGrants", "userId": "7"}));
    let grant = &grants[0];
    assert_eq!(
        (grants.as_array().unwrap().len(), &grant["clientId"], &grant["userId"]),
        (1, &json!(client), &json!("7"))
    );
    assert_eq!(
        (&grant["scope"], &grant["metadata"]),
        (&json!(["read"]), &json!({"label": "seven", "clientName": "Test"}))
    );
    assert_eq!((&grant["createdAt"], &grant["lastUsedAt"]), (&json!(NOW / 1000), &json!(NOW / 1000)));
    assert_eq!(ok(&mut way.objects, json!({"call": "listUserGrants", "userId": "8"})), json!([]));
    // One grant ends, and no other.
    let refresh = form(&[
        ("grant_type", "refresh_token"),
        ("client_id", &client),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ]);
    let refreshed = |objects: &Objects| {
        let mut objects = objects.clone();
        let world = World::new(|effect| objects.ask(effect, NOW, [33; 32])).with_entropy([33; 32]);
        json_of(&send(world, &server(json!({})), &head("token", "POST", json!({})), &refresh).answer.unwrap())["answer"]
            ["status"]
            .clone()
    };
    ok(&mut way.objects, json!({"call": "revokeGrant", "userId": "7", "grantId": "another"}));
    assert_eq!(refreshed(&way.objects), 200);
    ok(&mut way.objects, json!({"call": "revokeGrant", "userId": "7", "grantId": grant["id"]}));
    assert_eq!(refreshed(&way.objects), 400);
    assert_eq!(ok(&mut way.objects, json!({"call": "listUserGrants", "userId": "7"})), json!([]));
}

#[test]
fn an_answer_is_checked_as_if_the_request_had_just_come() {
    let mut way = Way::new();
    let client = way.client.clone();
    let (parsed, _) =
        operate(&mut way.objects, &json!({}), &authorize_query(&client), &json!({"call": "parseAuthRequest"}));
    let request = &parsed["ok"];
    let good =
        json!({"call": "completeAuthorization", "request": request, "userId": "7", "scope": ["read"], "props": {}});
    let with = |name: &str, value: Json| {
        let mut call = good.clone();
        call[name] = value;
        call
    };
    let changed = |name: &str, value: Json| {
        let mut request = request.clone();
        request[name] = value;
        with("request", request)
    };
    for (call, words) in [
        (with("request", json!(1)), "request must be the result of parseAuthRequest"),
        (changed("scope", json!("read")), "request must be the result of parseAuthRequest"),
        (changed("clientId", json!("c_unknown")), "client_id is unknown"),
        (changed("redirectUri", json!("https://evil.example/cb")), "redirect_uri"),
        (changed("codeChallenge", json!("short")), "code_challenge"),
        (changed("codeChallengeMethod", json!("plain")), "code_challenge_method must be S256"),
        (changed("responseType", json!("token")), "response_type"),
        (changed("resource", json!("https://other.example/mcp")), "resource"),
        (with("scope", json!("read")), "scope must be the list"),
        (with("scope", json!([])), "None of the scopes"),
        (with("scope", json!(["admin"])), "None of the scopes"),
        (with("props", json!([])), "props must be an object"),
        (with("props", json!("x")), "props must be an object"),
        (with("userId", json!("")), "userId is missing"),
    ] {
        let why = wrong(&mut way.objects, call.clone());
        assert!(why.contains(words), "{call}: {why}");
    }
    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("props");
    assert!(ok(&mut way.objects, without)["redirectTo"].is_string());
}

#[test]
fn a_newer_grant_may_end_those_before_it() {
    let mut way = Way::new();
    let client = way.client.clone();
    let mut grants = |more: Json| {
        let (parsed, _) =
            operate(&mut way.objects, &json!({}), &authorize_query(&client), &json!({"call": "parseAuthRequest"}));
        let mut call =
            json!({"call": "completeAuthorization", "request": parsed["ok"], "userId": "7", "scope": ["read"]});
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let to = ok(&mut way.objects, call)["redirectTo"].as_str().unwrap().to_owned();
        let code = to.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned();
        let objects = &mut way.objects;
        let world = World::new(|effect| objects.ask(effect, NOW, [34; 32])).with_entropy([34; 32]);
        send(world, &server(json!({})), &head("token", "POST", json!({})), &redeeming(&client, &code)).answer.unwrap();
        ok(&mut way.objects, json!({"call": "listUserGrants", "userId": "7"})).as_array().unwrap().len()
    };
    assert_eq!(grants(json!({})), 1);
    assert_eq!(grants(json!({"revokeExistingGrants": false})), 2);
    assert_eq!(grants(json!({"revokeExistingGrants": true})), 1);
}

#[test]
fn what_is_wrong_with_a_request_goes_back_only_where_it_may() {
    let mut way = Way::new();
    let client = way.client.clone();
    let mine = create(&mut way.objects, "none")["clientId"].as_str().unwrap().to_owned();
    let mut parse = |query: &str| operate(&mut way.objects, &json!({}), query, &json!({"call": "parseAuthRequest"})).0;
    for (query, words) in [
        (String::new(), "client_id is missing."),
        (authorize_query("c_unknown"), "client_id is unknown."),
        (authorize_query(&client) + "&state=2", "A parameter is repeated."),
        (authorize_query(&client).replace("client.example", "evil.example"), "redirect_uri"),
        ("%".into(), "The query is malformed."),
    ] {
        let answer = parse(&query);
        assert!(answer["wrong"]["message"].as_str().unwrap().contains(words), "{query}: {answer}");
        assert_eq!((answer["wrong"].get("redirectTo"), answer["wrong"].get("page")), (None, None), "{query}");
    }
    let plain = |client: &str, state: &str| {
        authorize_query(client).replace("S256", "plain").replace("state=xyz", &format!("state={state}"))
    };
    // Whoever registered itself proved nothing: a page names its host and waits for a click.
    let answer = parse(&plain(&client, "xyz"));
    assert!(
        answer["wrong"]["redirectTo"].as_str().unwrap().starts_with(&format!("{REDIRECT}?error=invalid_request&")),
        "{answer}"
    );
    assert!(answer["wrong"]["redirectTo"].as_str().unwrap().contains("state=xyz"));
    assert_eq!(
        (&answer["wrong"]["page"]["kind"], &answer["wrong"]["page"]["host"]),
        (&json!("leave"), &json!("client.example"))
    );
    let answer = parse(&plain(&mine, "xyz"));
    assert!(answer["wrong"]["redirectTo"].is_string() && answer["wrong"].get("page").is_none(), "{answer}");
    let longest = "s".repeat(2048);
    assert!(parse(&plain(&mine, &longest))["wrong"]["redirectTo"].as_str().unwrap().contains(&longest));
    assert!(!parse(&plain(&mine, &format!("{longest}s")))["wrong"]["redirectTo"].as_str().unwrap().contains("state="));
}

#[test]
fn another_secret_replaces_the_one_before_and_keeps_the_way_it_is_sent() {
    for method in ["client_secret_basic", "client_secret_post"] {
        let mut objects = Objects::default();
        let made = create(&mut objects, method);
        let (id, first) = (made["clientId"].as_str().unwrap().to_owned(), made["clientSecret"].as_str().unwrap());
        let (rotated, told) = operate(&mut objects, &json!({}), "", &json!({"call": "rotateClientSecret", "id": id}));
        let second = rotated["ok"]["clientSecret"].as_str().unwrap().to_owned();
        assert_eq!(
            (&rotated["ok"]["tokenEndpointAuthMethod"], events(&told)),
            (&json!(method), vec!["client secret rotated"])
        );
        assert_ne!(first, second);
        let code = completed(&mut objects, &id, &json!(["read"]));
        assert_eq!(exchange(&objects, &id, Some(first), &code), 401);
        assert_eq!(exchange(&objects, &id, None, &code), 401);
        assert_eq!(exchange(&objects, &id, Some(&second), &code), 200);
        let (void, told) = operate(&mut objects, &json!({}), "", &json!({"call": "revokeClientSecret", "id": id}));
        assert_eq!((void["ok"].get("clientSecret"), events(&told)), (None, vec!["client secret revoked"]));
        let code = completed(&mut objects, &id, &json!(["read"]));
        assert_eq!(exchange(&objects, &id, Some(&second), &code), 401);
    }
    let mut objects = Objects::default();
    let public = create(&mut objects, "none");
    assert!(
        wrong(&mut objects, json!({"call": "rotateClientSecret", "id": public["clientId"]}))
            .starts_with("The client has no secret")
    );
    assert_eq!(
        ok(&mut objects, json!({"call": "rotateClientSecret", "id": format!("o_{}", "x".repeat(32))})),
        Json::Null
    );
}

/// Calls `first`, and `second` in the middle of it: before its effect number `at`. Gives both answers.
fn interleaved(objects: &mut Objects, first: &Json, second: &Json, at: usize) -> (Json, Option<Json>) {
    let (config, keys) = (server(json!({})), keys());
    let input = head("authorize", "GET", json!({})).to_string();
    let server = AuthorizationServer { config: &config, keys: &keys, identity: &Ann, issuer: SITE.into() };
    let (request, first) = (Request::read(&input).unwrap(), first.to_string());
    let (mut count, mut between) = (0, None);
    let world = World::new(|effect| {
        if count == at {
            between = Some(operate(objects, &json!({}), "", second).0);
        }
        count += 1;
        objects.ask(effect, NOW, [77; 32])
    })
    .with_entropy([77; 32]);
    let ended = world.run(async |flow| operator::serve(flow, &server, &request, &first).await);
    (serde_json::to_value(ended.answer.unwrap()).unwrap(), between)
}

#[test]
fn two_changes_of_a_client_at_once_both_count() {
    for at in 0.. {
        let mut objects = Objects::default();
        let id = create(&mut objects, "client_secret_basic")["clientId"].as_str().unwrap().to_owned();
        let update = json!({"call": "updateClient", "id": id, "client": {"clientName": "Renamed"}});
        let (updated, rotated) =
            interleaved(&mut objects, &update, &json!({"call": "rotateClientSecret", "id": id}), at);
        assert_eq!(updated["ok"]["clientName"], "Renamed", "{at}");
        let Some(rotated) = rotated else {
            assert!(at > 2, "the update has {at} effects");
            break;
        };
        let secret = rotated["ok"]["clientSecret"].as_str().unwrap();
        let code = completed(&mut objects, &id, &json!(["read"]));
        assert_eq!(exchange(&objects, &id, Some(secret), &code), 200, "{at}: the secret that the operator was given");
        let client = ok(&mut objects, json!({"call": "lookupClient", "id": id}));
        assert_eq!(client["clientName"], "Renamed", "{at}");
        assert_eq!(ok(&mut objects, json!({"call": "listClients"})), json!([client]), "{at}");
    }
}

#[test]
fn a_client_that_is_deleted_during_a_change_stays_deleted() {
    for at in 0.. {
        let mut objects = Objects::default();
        let id = create(&mut objects, "client_secret_basic")["clientId"].as_str().unwrap().to_owned();
        let update = json!({"call": "updateClient", "id": id, "client": {"clientName": "Renamed"}});
        let (_, deleted) = interleaved(&mut objects, &update, &json!({"call": "deleteClient", "id": id}), at);
        let Some(deleted) = deleted else { break };
        assert_eq!(deleted["ok"], json!({"known": true}), "{at}");
        assert_eq!(ok(&mut objects, json!({"call": "lookupClient", "id": id})), Json::Null, "{at}");
        assert_eq!(ok(&mut objects, json!({"call": "listClients"})), json!([]), "{at}");
    }
}

#[test]
fn a_client_that_registered_itself_waits_for_the_operators_yes() {
    let mut way = Way::new();
    let (client, approve) = (way.client.clone(), json!({"approve": true}));
    let mine = create(&mut way.objects, "none")["clientId"].as_str().unwrap().to_owned();
    let mut call = |query: &str, call: Json| operate(&mut way.objects, &approve, query, &call);
    let parse = json!({"call": "parseAuthRequest"});
    let foreign = authorize_query(&client).replace("redirect_uri=", "redirect_uri=https%3A%2F%2Fother.example%2F");
    let (answer, told) = call(&foreign, parse.clone());
    assert_eq!(answer["wrong"]["message"], "redirect_uri is not registered for the client");
    assert_eq!(told, [] as [Json; 0], "a request with an unproven redirect URI lists nobody");
    assert_eq!(call("", json!({"call": "listWaitingClients"})).0["ok"], json!([]));
    let (answer, told) = call(&authorize_query(&client), parse.clone());
    assert_eq!(answer["wrong"]["message"], "Test waits for the operator's approval: call approveClient.");
    assert_eq!(told, [json!({"event": "client waits", "client": client, "name": "Test", "request": "8f0c2d"})]);
    let (_, told) = call(&authorize_query(&client), parse.clone());
    assert_eq!(told, [] as [Json; 0], "the operator is told the first time");
    let (listed, _) = call("", json!({"call": "listWaitingClients"}));
    assert_eq!((listed["ok"].as_array().unwrap().len(), &listed["ok"][0]["clientId"]), (1, &json!(client)));
    assert!(call(&authorize_query(&mine), parse.clone()).0["ok"].is_object(), "the operator made it");
    let (_, told) = call("", json!({"call": "approveClient", "id": client}));
    assert_eq!(told, [json!({"event": "client approved", "client": client, "request": "8f0c2d"})]);
    assert_eq!(call("", json!({"call": "listWaitingClients"})).0["ok"], json!([]));
    assert!(call(&authorize_query(&client), parse.clone()).0["ok"].is_object());
    let (_, told) = call("", json!({"call": "dismissClient", "id": client}));
    assert_eq!(events(&told), ["client dismissed"]);
    assert!(
        call(&authorize_query(&client), parse).0["wrong"]["message"]
            .as_str()
            .unwrap()
            .contains("waits for the operator's approval")
    );
    assert!(call("", json!({"call": "approveClient", "id": "https://client.example/client.json"})).0["ok"].is_null());
    for id in ["x", "https://client.example", "c_short"] {
        assert_eq!(
            call("", json!({"call": "approveClient", "id": id})).0["wrong"]["message"],
            "This is not a client identifier.",
            "{id}"
        );
    }
}

#[test]
fn nobody_is_let_through_where_the_yes_cannot_be_asked_for() {
    let way = Way::new();
    for (asked, said) in [("admitted", "null"), ("admitted", "1"), ("admitted", "\"true\"")] {
        let (server, keys) = (server(json!({"approve": true})), keys());
        let input = head("authorize", "GET", json!({"query": authorize_query(&way.client)})).to_string();
        let server = AuthorizationServer { config: &server, keys: &keys, identity: &Ann, issuer: SITE.into() };
        let request = Request::read(&input).unwrap();
        let mut objects = way.objects.clone();
        let world =
            World::new(
                |effect| {
                    if effect["call"] == asked { Said::Ok(said.into()) } else { objects.ask(effect, NOW, [1; 32]) }
                },
            );
        let ended =
            world.run(async |flow| operator::serve(flow, &server, &request, r#"{"call":"parseAuthRequest"}"#).await);
        assert!(write(&ended.answer.unwrap()).contains("storage is unavailable"), "{said}");
    }
}

/// The answer, the rows that are put with their ends, and those that are removed.
type Inside = (Json, Vec<(String, Option<u64>)>, Vec<String>);

/// What a call inside an object writes and removes, and its answer.
fn inside(object: &str, call: &str, input: &Json, at: u64, rows: &[(String, String)]) -> Inside {
    let asked = json!({"object": object, "call": call, "input": input}).to_string();
    let keys = keys();
    let world = World::new(|_| Said::Ok(json!({"version": 1, "rows": rows}).to_string()));
    let ended = world.at(at).run(async |flow| object::serve(flow, &keys, &asked).await);
    let (mut put, mut removed) = (Vec::new(), Vec::new());
    for commit in ended.commits {
        let Commit::Rows(writes) = commit else { panic!("{commit:?}") };
        put.extend(writes.put.into_iter().map(|(key, _, expires)| (key, expires)));
        removed.extend(writes.remove);
    }
    (serde_json::from_str(&ended.answer.unwrap()).unwrap(), put, removed)
}

#[test]
fn a_yes_ends_ninety_days_after_it_was_used_last() {
    let object = format!("client:c_{}", "a".repeat(32));
    let row = |used: u64| vec![("admitted".to_owned(), json!({"v1": {"used": used}}).to_string())];
    let ends = |at: u64| vec![("admitted".to_owned(), Some(at + 90 * DAY))];
    assert_eq!(inside(&object, "admit", &json!({}), NOW, &[]), (json!(true), ends(NOW), vec![]));
    assert_eq!(inside(&object, "admitted", &json!({}), NOW, &[]), (json!(false), vec![], vec![]));
    assert_eq!(inside(&object, "admitted", &json!({}), NOW + DAY - 1, &row(NOW)), (json!(true), vec![], vec![]));
    assert_eq!(inside(&object, "admitted", &json!({}), NOW + DAY, &row(NOW)), (json!(true), ends(NOW + DAY), vec![]));
    let removed = vec!["admitted".to_owned()];
    assert_eq!(inside(&object, "dismiss", &json!({}), NOW, &row(NOW)), (json!(true), vec![], removed));
}

/// What waits: `(network, number)`, the first of which came first.
fn waiting(all: &[(&str, usize)]) -> Vec<(String, String)> {
    let row = |(at, (network, number)): (usize, &(&str, usize))| {
        let mut row = client_that_waits(*number, network);
        row["since"] = (NOW - 1000 + u64::try_from(at).unwrap()).into();
        (format!("client:c_{number:032}"), json!({ "v1": row }).to_string())
    };
    let mut rows = all.iter().enumerate().map(row).collect::<Vec<_>>();
    rows.sort();
    rows
}

fn client_that_waits(number: usize, network: &str) -> Json {
    let client = json!({"id": format!("c_{number:032}"), "name": "n", "redirects": [REDIRECT], "proof": "none", "created": 1,
                        "auth": "none"});
    json!({"client": client, "network": network})
}

#[test]
fn one_network_has_a_share_of_the_clients_that_wait_and_pushes_out_nobody_elses() {
    let listed = |number: usize| vec![(format!("client:c_{number:032}"), Some(NOW + 30 * DAY))];
    let removed = |number: usize| vec![format!("client:c_{number:032}")];
    let wait = |network: &str, rows: &[(&str, usize)]| {
        let client = client_that_waits(999, network);
        inside("clients:waiting", "wait", &client, NOW, &waiting(rows))
    };
    let many = |network: &'static str, from: usize, count: usize| (from..from + count).map(move |n| (network, n));
    // The genuine client came first, the flood is of one network: beyond twenty it pushes out its own.
    let mut rows = vec![("genuine", 500)];
    rows.extend(many("flood", 100, 19));
    assert_eq!(wait("flood", &rows), (json!("new"), listed(999), vec![]));
    rows.extend(many("flood", 119, 1));
    assert_eq!(wait("flood", &rows), (json!("new"), listed(999), removed(100)));
    // Nine networks more have filled all there is: who has fewer gets a place, and who has most gives it.
    for (at, network) in (0..).zip(["a", "b", "c", "d", "e", "f", "g", "h"]) {
        rows.extend(many(network, 200 + at * 19, 19));
    }
    rows.extend(many("i", 400, 27));
    assert_eq!(rows.len(), 200);
    assert_eq!(wait("new", &rows), (json!("new"), listed(999), removed(400)));
    assert_eq!(wait("genuine", &rows), (json!("new"), listed(999), removed(400)));
    assert_eq!(wait("flood", &rows), (json!("new"), listed(999), removed(100)));
    // What has no network, as kept by a former version or asked without Cloudflare's header, is one of them.
    let mut former = many("", 100, 200).collect::<Vec<_>>();
    assert_eq!(wait("new", &former), (json!("new"), listed(999), removed(100)));
    assert_eq!(wait("", &former), (json!("new"), listed(999), removed(100)));
    former.push(("", 999));
    assert_eq!(wait("new", &former), (json!("known"), vec![], vec![]));
}

#[test]
fn where_each_of_two_hundred_networks_has_one_place_the_newest_gets_none() {
    let networks = (0..200).map(|n| format!("n{n}")).collect::<Vec<_>>();
    let rows = networks.iter().map(String::as_str).zip(100..).collect::<Vec<_>>();
    let wait =
        |network: &str| inside("clients:waiting", "wait", &client_that_waits(999, network), NOW, &waiting(&rows));
    assert_eq!(wait("new"), (json!("full"), vec![], vec![]));
    let listed = vec![(format!("client:c_{:032}", 999), Some(NOW + 30 * DAY))];
    assert_eq!(wait("n7"), (json!("new"), listed, vec![format!("client:c_{:032}", 107)]), "it may have another place");
}

#[test]
fn a_document_that_cannot_be_fetched_is_named_with_the_reason() {
    let id = "https://app.example.com/client.json";
    for call in [json!({"call": "parseAuthRequest"}), json!({"call": "lookupClient", "id": id})] {
        let (server, keys, call) = (server(json!({"documents": true})), keys(), call.to_string());
        let input = head("authorize", "GET", json!({"query": authorize_query(id)})).to_string();
        let server = AuthorizationServer { config: &server, keys: &keys, identity: &Ann, issuer: SITE.into() };
        let request = Request::read(&input).unwrap();
        let world = World::new(|effect| match effect["kind"].as_str() {
            Some("fetch") => Said::Failed("timeout"),
            _ => Said::Ok("[1]".into()),
        });
        let answer = world.run(async |flow| operator::serve(flow, &server, &request, &call).await).answer.unwrap();
        let why = format!("The client's metadata document at {id} cannot be fetched: it did not answer in time.");
        assert!(write(&answer).contains(&why), "{answer:?}");
    }
}
