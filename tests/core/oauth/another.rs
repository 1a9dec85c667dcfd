//! Where another account comes back than the page named or than has approved: the page asks again, before there is a code.

use mcp_wicket::flow::{Commit, Flow};
use mcp_wicket::identity::{
    Identity, Person, ProviderInfo, SignInCallback, SignInError, SignInErrorKind, SignInStart, SignInStep,
};
use mcp_wicket::oauth::{AuthorizationServer, Request, serve};
use serde_json::{Value as Json, json};

use super::once::{Way, allowing, returning};
use super::{Objects, SITE, authorize_query, cookie, form, head, json_of, keys, server};
use crate::world::{NOW, Said, World};

/// Whoever comes back, with which scopes, or why not.
#[derive(Debug)]
struct Who(Result<(&'static str, Option<Vec<String>>), SignInErrorKind>);

impl Identity for Who {
    fn name(&self) -> &'static str {
        "test"
    }
    fn about(&self) -> ProviderInfo {
        ProviderInfo { label: "Test".into(), host: "upstream.example".into(), scopes: Vec::new() }
    }
    async fn begin(&self, _flow: &Flow<'_>, begin: &SignInStart<'_>) -> Result<SignInStep, SignInError> {
        let url = format!("https://upstream.example/?switch={}&state={}", begin.switch, begin.state);
        Ok(SignInStep::Go { url, kept: "{}".into() })
    }
    async fn continue_sign_in(&self, _flow: &Flow<'_>, _back: &SignInCallback<'_>) -> Result<SignInStep, SignInError> {
        match &self.0 {
            Ok((id, scopes)) => {
                let (label, props) = (format!("name of {id}"), json!({"login": id}).to_string());
                let scopes = scopes.clone();
                Ok(SignInStep::Done(Person { id: (*id).into(), label, props, scopes, credential: None }))
            }
            Err(SignInErrorKind::NotAllowed) => Err(SignInError::not_allowed("nobody named zoe").of("zoe")),
            Err(SignInErrorKind::Unavailable) => Err(SignInError::unavailable("the upstream is away")),
            Err(SignInErrorKind::Refused) => Err(SignInError::refused("the person has said no")),
            Err(_) => Err(SignInError::failed("the upstream is out of order")),
        }
    }
}

fn exchange(objects: &mut Objects, who: &Who, request: &Json, body: &str, entropy: u8) -> (Json, Vec<Json>) {
    let (server, keys, input) = (server(json!({})), keys(), request.to_string());
    let server = AuthorizationServer { config: &server, keys: &keys, identity: who, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    let world = World::new(|effect| objects.ask(effect, NOW, [entropy; 32])).with_entropy([entropy; 32]);
    let ended = world.run(async |flow| serve(flow, &server, &request, body).await);
    let told = ended.commits.iter().filter_map(|commit| match commit {
        Commit::Audit { event } => Some(serde_json::from_str(event).unwrap()),
        _ => None,
    });
    let told = told.collect();
    (json_of(&ended.answer.unwrap()), told)
}

fn set(reply: &Json, name: &str) -> Option<String> {
    let headers =
        [&reply["answer"]["headers"], &reply["page"]["headers"]].into_iter().filter_map(Json::as_array).flatten();
    let mut values = headers.filter(|it| it[0] == "set-cookie").filter_map(|it| it[1].as_str());
    let found = values.find(|it| it.starts_with(&format!("{name}=")) && !it.contains("Max-Age=0"))?;
    Some(found.split(';').next()?.to_owned())
}

fn who(id: &'static str) -> Who {
    Who(Ok((id, None)))
}

/// Ann's account cookie; the client's page then names her.
fn ann(way: &mut Way) -> String {
    let (state, sign_in) = way.allow();
    let (back, _) = exchange(&mut way.objects, &who("ann"), &returning(&state, &sign_in), "", 70);
    set(&back, "__Host-wicket-account").unwrap()
}

/// A page that names Ann was allowed, and somebody comes back: their answer, and the cookies of the browser.
fn came_back(way: &mut Way, account: &str, back: &Who) -> (Json, Vec<Json>, String) {
    let query = authorize_query(&way.client).replace("state=xyz", "state=second");
    let request = head("authorize", "GET", json!({"query": query, "cookie": account, "secFetchSite": "cross-site"}));
    let (page, _) = exchange(&mut way.objects, &who("ann"), &request, "", 71);
    assert_eq!(page["page"]["model"]["account"]["label"], "name of ann");
    let form_cookie = cookie(&page, "__Host-wicket-form-");
    let (request, body) =
        allowing(page["page"]["model"]["hidden"][0][1].as_str().unwrap(), &format!("{account}; {form_cookie}"));
    let (leave, _) = exchange(&mut way.objects, &who("ann"), &request, &body, 72);
    let state = leave["page"]["model"]["url"].as_str().unwrap().split_once("&state=").unwrap().1.to_owned();
    let cookies = format!("{account}; {}", cookie(&leave, "__Host-wicket-sign-in-"));
    let (reply, told) = exchange(&mut way.objects, back, &returning(&state, &cookies), "", 73);
    (reply, told, cookies)
}

fn location(reply: &Json) -> Option<&str> {
    let headers = reply["answer"]["headers"].as_array()?;
    headers.iter().find(|it| it[0] == "location")?[1].as_str()
}

#[test]
fn the_account_that_the_page_named_gets_its_code_at_once() {
    let mut way = Way::new();
    let account = ann(&mut way);
    let (reply, _, _) = came_back(&mut way, &account, &who("ann"));
    assert!(location(&reply).unwrap().contains("code="), "{reply}");
}

#[test]
fn another_account_is_named_and_asked_and_allow_is_its_last_step() {
    let mut way = Way::new();
    let account = ann(&mut way);
    let (reply, _, cookies) = came_back(&mut way, &account, &who("bob"));
    let model = &reply["page"]["model"];
    assert_eq!(
        (&model["kind"], &model["account"]["label"], &model["formerAccount"]),
        (&json!("consent"), &json!("name of bob"), &json!("name of ann"))
    );
    assert_eq!((model.get("upstream"), model.get("remembered")), (None, None), "nobody signs in a second time");
    assert!(location(&reply).is_none() && set(&reply, "__Host-wicket-account").is_some());
    let sealed = model["hidden"][0][1].as_str().unwrap().to_owned();
    let form_cookie = cookie(&reply, "__Host-wicket-form-");
    let answer = |way: &Way, cookies: &str, decision: &str| {
        let (request, body) = allowing(&sealed, cookies);
        exchange(&mut way.objects.clone(), &who("zoe"), &request, &body.replace("decision=allow", decision), 74)
    };
    let all = format!("{cookies}; {form_cookie}");
    let (allowed, _) = answer(&way, &all, "decision=allow");
    assert!(allowed["page"]["model"]["url"].as_str().unwrap().contains("code="), "{allowed}");
    assert_eq!(allowed["page"]["model"]["outcome"], "allowed");
    // Whoever came back said no: the operator learns who.
    let (denied, told) = answer(&way, &all, "decision=deny");
    assert!(denied["page"]["model"]["url"].as_str().unwrap().contains("error=access_denied"), "{denied}");
    assert_eq!((&told[0]["event"], &told[0]["subject"]), (&json!("consent denied"), &json!("user:test:bob")));
    // Another browser gets nothing of it.
    let sign_in = cookies.split("; ").find(|it| it.starts_with("__Host-wicket-sign-in-")).unwrap();
    let stolen = all.replace(sign_in, "x=y");
    let (foreign, _) = answer(&way, &stolen, "decision=allow");
    assert_eq!(foreign["page"]["refused"]["code"], "sign_in", "{foreign}");
    // And it is answered once.
    let (request, body) = allowing(&sealed, &all);
    exchange(&mut way.objects, &who("zoe"), &request, &body, 75);
    let (again, _) = exchange(&mut way.objects, &who("zoe"), &request, &body, 76);
    assert_eq!(again["page"]["refused"]["code"], "sign_in", "{again}");
}

#[test]
fn a_sign_in_comes_back_to_the_browser_that_began_it_and_once() {
    let mut way = Way::new();
    let (state, sign_in) = way.allow();
    let (name, _) = sign_in.split_once('=').unwrap();
    let code = |objects: &mut Objects, query: Json, cookies: &str| {
        let request = head("callback", "GET", json!({"query": query, "cookie": cookies}));
        let (reply, _) = exchange(objects, &who("ann"), &request, "", 77);
        let page = &reply["page"];
        (page["status"].clone(), page["refused"]["code"].clone())
    };
    let query = json!(form(&[("state", &state), ("code", "upstream")]));
    let made_up = format!("{name}={}", "A".repeat(22));
    for cookies in ["", "x=y", made_up.as_str()] {
        assert_eq!(code(&mut way.objects, query.clone(), cookies), (json!(403), json!("sign_in")), "{cookies}");
    }
    for (query, why) in [
        (json!(""), "sign_in"),
        (json!("state=short"), "sign_in"),
        (json!(format!("state={}", "A".repeat(43))), "sign_in"),
        (json!(format!("state={state}&state={state}")), "request"),
        (json!("state=%zz"), "request"),
    ] {
        assert_eq!(code(&mut way.objects, query.clone(), &sign_in), (json!(400), json!(why)), "{query}");
    }
    assert_eq!(code(&mut way.objects, query.clone(), &sign_in), (Json::Null, Json::Null), "it goes on");
    assert_eq!(code(&mut way.objects, query, &sign_in), (json!(400), json!("sign_in")), "once");
}

#[test]
fn whoever_does_not_sign_in_goes_back_to_the_client_with_the_reason_that_is_for_it() {
    for (deny, error, words) in [
        (SignInErrorKind::Refused, "access_denied", "cancelled"),
        (SignInErrorKind::Unavailable, "temporarily_unavailable", "did%20not%20answer"),
        (SignInErrorKind::Failed, "server_error", "The%20sign-in%20failed"),
    ] {
        let mut way = Way::new();
        let (state, sign_in) = way.allow();
        let (reply, told) = exchange(&mut way.objects, &Who(Err(deny)), &returning(&state, &sign_in), "", 78);
        let to = location(&reply).unwrap();
        assert!(
            to.contains(&format!("error={error}&")) && to.contains("error_description=") && to.contains("state=xyz"),
            "{to}"
        );
        assert!(to.contains(words), "{to}");
        assert_eq!(
            (&told[0]["event"], &told[0]["client"], &told[0]["error"]),
            (&json!("sign-in refused"), &json!(way.client), &json!(error))
        );
    }
    let mut way = Way::new();
    let (state, sign_in) = way.allow();
    let (page, told) =
        exchange(&mut way.objects, &Who(Err(SignInErrorKind::NotAllowed)), &returning(&state, &sign_in), "", 79);
    let model = &page["page"]["model"];
    assert_eq!(
        (&page["page"]["status"], &model["reason"], &model["detail"]),
        (&json!(403), &json!("turned_away"), &json!("zoe"))
    );
    assert!(model["switchAccount"].as_str().unwrap().contains("prompt=select_account"));
    assert!(model["back"]["url"].as_str().unwrap().contains("error=access_denied"));
    assert_eq!((&model["back"]["host"], &told[0]["account"]), (&json!("client.example"), &json!("zoe")));
}

#[test]
fn nobody_gets_a_scope_that_is_not_theirs() {
    let mine = |scopes: &[&str]| Who(Ok(("ann", Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()))));
    let granted = |who: &Who| {
        let mut way = Way::new();
        let (state, sign_in) = way.allow();
        let (reply, _) = exchange(&mut way.objects, who, &returning(&state, &sign_in), "", 80);
        let rows = way.objects.0.values().flat_map(|(_, rows)| rows.iter());
        let mut grant = rows
            .filter(|(key, _)| key.starts_with("grant:"))
            .map(|(_, row)| serde_json::from_str::<Json>(row).unwrap()["v1"]["scopes"].clone());
        (grant.next_back(), reply)
    };
    assert_eq!(granted(&mine(&["write", "admin"])).0, Some(json!(["write"])));
    let (none, reply) = granted(&mine(&["admin"]));
    assert_eq!((none, &reply["page"]["model"]["reason"]), (None, &json!("turned_away")));
    // Also where another account comes back: the page asks for what it may have.
    let mut way = Way::new();
    let account = ann(&mut way);
    let bob = |scopes: &[&str]| Who(Ok(("bob", Some(scopes.iter().map(|scope| (*scope).to_owned()).collect()))));
    let (reply, ..) = came_back(&mut way, &account, &bob(&["write"]));
    let scopes =
        reply["page"]["model"]["scopes"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
    assert_eq!(scopes, ["write"]);
    let mut way = Way::new();
    let account = ann(&mut way);
    assert_eq!(came_back(&mut way, &account, &bob(&[])).0["page"]["model"]["reason"], "turned_away");
}

#[test]
fn the_code_is_for_the_secret_that_the_operators_client_has_now() {
    let mut way = Way::new();
    let operate = super::operator::operate;
    let create = json!({"call": "createClient", "client": {"clientName": "Mine", "redirectUris": [super::REDIRECT]}});
    let made = operate(&mut way.objects, &json!({}), "", &create).0["ok"].clone();
    way.client = made["clientId"].as_str().unwrap().to_owned();
    let begun = way.allow();
    let elsewhere = json!({"redirectUris": ["https://elsewhere.example/back"]});
    for (call, reason) in [
        (json!({"call": "rotateClientSecret", "id": way.client}), None),
        (json!({"call": "deleteClient", "id": way.client}), Some("the operator has deleted the client")),
        (
            json!({"call": "updateClient", "id": way.client, "client": elsewhere}),
            Some("the operator has removed the redirect URI"),
        ),
    ] {
        let mut objects = way.objects.clone();
        let secret = operate(&mut objects, &json!({}), "", &call).0["ok"]["clientSecret"].clone();
        let (reply, _) = exchange(&mut objects, &who("ann"), &returning(&begun.0, &begun.1), "", 81);
        if let Some(reason) = reason {
            assert_eq!(location(&reply), None, "nothing is sent there: {reply}");
            assert_eq!(reply["page"]["model"]["reason"], "redirect", "{reply}");
            assert_eq!(reply["page"]["refused"]["reason"], reason, "{reply}");
            continue;
        }
        let to = location(&reply).unwrap_or_else(|| panic!("{reply}"));
        let code = to.split_once("code=").unwrap().1.split('&').next().unwrap();
        let status = |secret: &Json| {
            let body =
                super::once::redeeming(&way.client, code) + "&" + &form(&[("client_secret", secret.as_str().unwrap())]);
            exchange(&mut objects.clone(), &who("ann"), &head("token", "POST", json!({})), &body, 82).0["answer"]["status"].clone()
        };
        assert_eq!((status(&made["clientSecret"]), status(&secret)), (json!(401), json!(200)));
    }
    // A client without a secret is no exception.
    let mut public = Way::new();
    let create = json!({"call": "createClient", "client": {"clientName": "Mine", "redirectUris": [super::REDIRECT], "tokenEndpointAuthMethod": "none"}});
    let made = operate(&mut public.objects, &json!({}), "", &create).0["ok"].clone();
    public.client = made["clientId"].as_str().unwrap().to_owned();
    let asked = public.allow();
    operate(&mut public.objects, &json!({}), "", &json!({"call": "deleteClient", "id": public.client}));
    let (reply, _) = exchange(&mut public.objects, &who("ann"), &returning(&asked.0, &asked.1), "", 81);
    assert_eq!((location(&reply), &reply["page"]["model"]["reason"]), (None, &json!("redirect")), "{reply}");
    // Where its object is silent nobody gets a code.
    let (server, keys, input) = (server(json!({})), keys(), returning(&begun.0, &begun.1).to_string());
    let nobody = who("ann");
    let server = AuthorizationServer { config: &server, keys: &keys, identity: &nobody, issuer: SITE.into() };
    let request = Request::read(&input).unwrap();
    let world = World::new(|effect| {
        if effect["call"] == "load" { Said::Failed("timeout") } else { way.objects.ask(effect, NOW, [83; 32]) }
    });
    let reply = json_of(
        &world.with_entropy([83; 32]).run(async |flow| serve(flow, &server, &request, "").await).answer.unwrap(),
    );
    assert!(location(&reply).unwrap().contains("error=temporarily_unavailable"), "{reply}");
}

/// GHSA-6x8h-498w-gv8c, GHSA-7w2c-w47h-789w.
#[test]
fn the_page_is_spared_only_where_the_answer_goes_to_a_web_site_and_no_other_site_sent_the_browser() {
    let opened = |redirect: &[&str], at: &str, scope: &str, site: &str, method: &str| {
        let mut objects = Objects::default();
        let body =
            json!({"redirect_uris": redirect, "token_endpoint_auth_method": "none", "client_name": "T"}).to_string();
        let register = head("register", "POST", json!({"contentType": "application/json"}));
        let (reply, _) = exchange(&mut objects, &who("ann"), &register, &body, 84);
        let client: Json = serde_json::from_str(reply["answer"]["body"].as_str().unwrap()).unwrap();
        let client = client["client_id"].as_str().unwrap().to_owned();
        let query = |scope: &str| {
            let challenge = super::challenge();
            form(&[
                ("response_type", "code"),
                ("client_id", &client),
                ("redirect_uri", at),
                ("scope", scope),
                ("code_challenge", &challenge),
                ("code_challenge_method", "S256"),
            ])
        };
        // It was approved for read before.
        let (page, _) =
            exchange(&mut objects, &who("ann"), &head("authorize", "GET", json!({"query": query("read")})), "", 85);
        let (request, body) =
            allowing(page["page"]["model"]["hidden"][0][1].as_str().unwrap(), &cookie(&page, "__Host-wicket-form-"));
        let (leave, _) = exchange(&mut objects, &who("ann"), &request, &body, 86);
        let state = leave["page"]["model"]["url"].as_str().unwrap().split_once("state=").unwrap().1.to_owned();
        let (back, _) =
            exchange(&mut objects, &who("ann"), &returning(&state, &cookie(&leave, "__Host-wicket-sign-in-")), "", 87);
        let account = set(&back, "__Host-wicket-account").unwrap_or_else(|| panic!("{back}"));
        let request = match method {
            "GET" => (
                head("authorize", "GET", json!({"query": query(scope), "cookie": account, "secFetchSite": site})),
                String::new(),
            ),
            _ => (head("authorize", "POST", json!({"cookie": account, "secFetchSite": site})), query(scope)),
        };
        let (reply, _) = exchange(&mut objects, &who("ann"), &request.0, &request.1, 88);
        (reply["answer"]["status"] == 302, reply["page"]["model"]["remembered"] == true)
    };
    let (web, local) = ("https://client.example/cb", "http://localhost:1/cb");
    assert_eq!(opened(&[web], web, "read", "none", "GET"), (true, false));
    assert_eq!(opened(&[web], web, "read", "same-origin", "GET"), (true, false));
    for (uris, at, site, method) in [
        (&[web][..], web, "cross-site", "GET"),
        (&[web], web, "same-site", "GET"),
        (&[web], web, "none", "POST"),
        (&[web, local], web, "none", "GET"),
        (&[local], local, "none", "GET"),
    ] {
        assert_eq!(opened(uris, at, "read", site, method), (false, true), "{uris:?} {site} {method}");
    }
    assert_eq!(opened(&[web], web, "read write", "none", "GET"), (false, false), "more than was approved");
}

#[test]
fn whoever_asked_for_another_account_signs_in_with_one() {
    for (prompt, switch) in [("login", true), ("select_account", true), ("consent", false), ("x", false)] {
        let mut way = Way::new();
        let query = format!("{}&prompt={prompt}", authorize_query(&way.client));
        let (page, _) =
            exchange(&mut way.objects, &who("ann"), &head("authorize", "GET", json!({"query": query})), "", 90);
        let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap();
        let (request, body) = allowing(sealed, &cookie(&page, "__Host-wicket-form-"));
        let (leave, _) = exchange(&mut way.objects, &who("ann"), &request, &body, 91);
        let url = leave["page"]["model"]["url"].as_str().unwrap();
        assert!(url.contains(&format!("switch={switch}&")), "{prompt}: {url}");
    }
}

#[test]
fn an_operators_client_gets_its_answer_without_a_click() {
    let mut way = Way::new();
    let create = json!({"call": "createClient", "client": {"clientName": "Mine", "redirectUris": [super::REDIRECT], "tokenEndpointAuthMethod": "none"}});
    let mine = super::operator::operate(&mut way.objects, &json!({}), "", &create).0["ok"]["clientId"].clone();
    let stranger = way.client.clone();
    for (client, is_mine) in [(mine.as_str().unwrap(), true), (stranger.as_str(), false)] {
        let wrong = authorize_query(client).replace("S256", "plain");
        let request = head("authorize", "GET", json!({"query": wrong}));
        let (reply, _) = exchange(&mut way.objects, &who("ann"), &request, "", 92);
        assert_eq!(
            (location(&reply).is_some(), reply["page"]["model"]["waits"] == true),
            (is_mine, !is_mine),
            "{reply}"
        );
        // A form must not redirect: another page takes the browser on.
        let posted = head("authorize", "POST", json!({"originHeader": SITE, "secFetchSite": "same-origin"}));
        let (reply, _) = exchange(&mut way.objects, &who("ann"), &posted, &wrong, 93);
        assert_eq!(
            (&reply["page"]["model"]["kind"], reply["page"]["model"]["waits"] == true),
            (&json!("leave"), !is_mine)
        );
        // Whoever has said no to a stranger's client may not want to go where it leads.
        let query = authorize_query(client);
        let (page, _) =
            exchange(&mut way.objects, &who("ann"), &head("authorize", "GET", json!({"query": query})), "", 94);
        let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap();
        let (request, body) = allowing(sealed, &cookie(&page, "__Host-wicket-form-"));
        let body = body.replace("decision=allow", "decision=deny");
        let (denied, _) = exchange(&mut way.objects, &who("ann"), &request, &body, 95);
        let model = &denied["page"]["model"];
        assert_eq!((&model["outcome"], model["waits"] == true), (&json!("denied"), !is_mine), "{denied}");
    }
}
