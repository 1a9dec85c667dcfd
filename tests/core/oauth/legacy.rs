//! Clients that registered with `@cloudflare/workers-oauth-provider`: which records count, and for what.

use mcp_wicket::crypto::sha256;
use mcp_wicket::flow::Commit;
use mcp_wicket::oauth::{AuthorizationServer, Request, operator};
use serde_json::{Value as Json, json};

use super::once::{allowing, redeeming, returning};
use super::{Ann, Objects, REDIRECT, SITE, authorize_query, cookie, form, head, json_of, keys, send, server};
use crate::world::{Ended, NOW, Said, World};

/// Identifiers as that package makes them. The second one looks like one of the operator's.
const ID: &str = "Zp3-x_7QwErTyUiO";
const AS_OPERATORS: &str = "o_3-x_7QwErTyUiO";
const SECRET: &str = "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345";

fn hashed(secret: &str) -> String {
    let hash = sha256(secret.as_bytes());
    hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

fn record(more: &Json) -> Json {
    let mut record = json!({
        "clientId": ID, "redirectUris": [REDIRECT], "clientName": "Cursor", "registrationDate": 1_700_000_000,
        "grantTypes": ["authorization_code", "refresh_token"], "responseTypes": ["code"],
        "tokenEndpointAuthMethod": "none",
    });
    record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    record
}

fn confidential() -> Json {
    record(&json!({"tokenEndpointAuthMethod": "client_secret_basic", "clientSecret": hashed(SECRET)}))
}

fn on() -> Json {
    json!({"kv": true, "legacyClients": true})
}

/// The server, what its objects store, and the one value of the namespace.
struct Legacy {
    objects: Objects,
    options: Json,
    record: Said,
    /// The keys that were read.
    loads: Vec<String>,
}

impl Legacy {
    fn new(options: Json, record: &Json) -> Self {
        Self::with(options, Said::Ok(json!(record.to_string()).to_string()))
    }

    fn with(options: Json, record: Said) -> Self {
        Self { objects: Objects::default(), options, record, loads: Vec::new() }
    }

    fn world<T>(&mut self, entropy: u8, run: impl FnOnce(World<'_>, &mcp_wicket::oauth::ServerConfig) -> T) -> T {
        let Self { objects, options, record, loads } = self;
        let world = World::new(|effect| {
            if effect["kind"] != "load" {
                return objects.ask(effect, NOW, [entropy; 32]);
            }
            loads.push(effect["key"].as_str().unwrap().to_owned());
            record.clone()
        });
        run(world.with_entropy([entropy; 32]), &server(options.clone()))
    }

    fn send(&mut self, request: &Json, body: &str, entropy: u8) -> Json {
        let ended = self.world(entropy, |world, server| send(world, server, request, body));
        json_of(&ended.answer.unwrap())
    }

    /// The page that answers an authorization request.
    fn page(&mut self, query: &str) -> Json {
        self.send(&head("authorize", "GET", json!({"query": query})), "", 2)["page"].clone()
    }

    fn operate(&mut self, call: &Json) -> Ended<operator::Answer> {
        self.world(9, |world, server| {
            let (keys, input) = (keys(), head("authorize", "GET", json!({"query": authorize_query(ID)})).to_string());
            let server = AuthorizationServer { config: server, keys: &keys, identity: &Ann, issuer: SITE.into() };
            let request = Request::read(&input).unwrap();
            world.run(async |flow| operator::serve(flow, &server, &request, &call.to_string()).await)
        })
    }

    /// What `lookupClient` gives.
    fn client(&mut self, id: &str) -> Json {
        serde_json::to_value(self.operate(&json!({"call": "lookupClient", "id": id})).answer.unwrap()).unwrap()
    }

    /// A person signs in; gives the code.
    fn code(&mut self) -> String {
        let request = head("authorize", "GET", json!({"query": authorize_query(ID)}));
        let page = self.send(&request, "", 2);
        let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap().to_owned();
        let (request, body) = allowing(&sealed, &cookie(&page, "__Host-wicket-form-"));
        let page = self.send(&request, &body, 3);
        let url = page["page"]["model"]["url"].as_str().unwrap();
        let state = url.split_once("state=").unwrap().1.to_owned();
        let answer = self.send(&returning(&state, &cookie(&page, "__Host-wicket-sign-in-")), "", 4);
        let headers = answer["answer"]["headers"].as_array().unwrap();
        let location = headers.iter().find(|header| header[0] == "location").unwrap()[1].as_str().unwrap();
        location.split_once("code=").unwrap().1.split('&').next().unwrap().to_owned()
    }

    /// Redeems a code with this secret, in the body or in the header.
    fn redeem(&mut self, code: &str, secret: Option<&str>, authorization: Option<&str>) -> (u64, Json) {
        let mut body = redeeming(ID, code);
        if let Some(secret) = secret {
            body += &["&", &form(&[("client_secret", secret)])].concat();
        }
        let more = authorization.map_or_else(|| json!({}), |value| json!({"authorization": value}));
        let reply = self.send(&head("token", "POST", more), &body, 5);
        let text = reply["answer"]["body"].as_str().unwrap();
        (reply["answer"]["status"].as_u64().unwrap(), serde_json::from_str(text).unwrap())
    }
}

#[test]
fn a_public_client_signs_in_with_the_id_that_it_has() {
    let mut legacy = Legacy::new(on(), &record(&json!({})));
    let page = legacy.page(&authorize_query(ID));
    assert_eq!((&page["status"], &page["model"]["client"]["name"]), (&json!(200), &json!("Cursor")));
    assert_eq!(page["model"]["client"]["proof"], "none", "it has only registered itself");
    assert_eq!(legacy.loads, [format!("client:{ID}")]);
    let code = legacy.code();
    let (status, tokens) = legacy.redeem(&code, None, None);
    assert_eq!((status, tokens["token_type"].as_str()), (200, Some("Bearer")));
}

#[test]
fn a_confidential_client_authenticates_with_the_secret_that_it_has() {
    let basic = format!("Basic {}", mcp_wicket::crypto::base64::encode(format!("{ID}:{SECRET}").as_bytes()));
    for method in [json!("client_secret_basic"), json!("client_secret_post"), Json::Null] {
        let mut record = confidential();
        record["tokenEndpointAuthMethod"] = method;
        let mut legacy = Legacy::new(on(), &record);
        let code = legacy.code();
        let hash = hashed(SECRET);
        for wrong in [None, Some("wrong"), Some(hash.as_str()), Some("")] {
            let (status, told) = legacy.redeem(&code, wrong, None);
            assert_eq!((status, &told["error"]), (401, &json!("invalid_client")), "{wrong:?}");
        }
        let fresh = (legacy.objects.clone(), legacy.redeem(&code, Some(SECRET), None).0);
        legacy.objects = fresh.0;
        assert_eq!((fresh.1, legacy.redeem(&code, None, Some(&basic)).0), (200, 200));
    }
}

#[test]
fn an_old_refresh_token_asks_the_person_again_and_not_for_a_registration() {
    let refresh = form(&[("grant_type", "refresh_token"), ("client_id", ID), ("refresh_token", "ann:grant:secret")]);
    let error = |mut legacy: Legacy| {
        let reply = legacy.send(&head("token", "POST", json!({})), &refresh, 6);
        let body = serde_json::from_str::<Json>(reply["answer"]["body"].as_str().unwrap()).unwrap();
        body["error"].as_str().unwrap().to_owned()
    };
    assert_eq!(error(Legacy::new(on(), &record(&json!({})))), "invalid_grant");
    assert_eq!(error(Legacy::new(json!({"kv": true}), &record(&json!({})))), "invalid_client");
}

#[test]
fn nothing_of_the_namespace_is_believed_unless_the_option_is_on() {
    for options in [json!({}), json!({"kv": true}), json!({"kv": true, "legacyClients": false})] {
        let mut legacy = Legacy::new(options, &record(&json!({})));
        assert_eq!(legacy.page(&authorize_query(ID))["model"]["kind"], "recovery");
        assert_eq!(legacy.client(ID), json!({"ok": null}));
        assert!(legacy.loads.is_empty(), "{:?}", legacy.loads);
    }
}

#[test]
fn records_that_no_registration_could_have_made_are_of_no_client() {
    let long = "x".repeat(16 * 1024);
    let upper = hashed(SECRET).to_uppercase();
    let basic = json!({"tokenEndpointAuthMethod": "client_secret_basic"});
    for more in [
        json!({"clientId": "Zp3-x_7QwErTyUi0"}),
        json!({"clientId": ID.to_lowercase()}),
        json!({"clientId": null}),
        json!({"redirectUris": []}),
        json!({"redirectUris": REDIRECT}),
        json!({"redirectUris": null}),
        json!({"redirectUris": ["http://client.example/cb", "javascript:alert(1)", "data:,x", "https://u@client.example/"]}),
        json!({"redirectUris": ["https://client.example/cb#x", "https://client.example/cb?code=1", 1, null, {}]}),
        json!({"grantTypes": ["client_credentials"]}),
        json!({"grantTypes": "authorization_code"}),
        json!({"grantTypes": [1]}),
        json!({"responseTypes": ["token"]}),
        json!({"clientName": 1}),
        json!({"clientName": long}),
        json!({"tokenEndpointAuthMethod": "private_key_jwt"}),
        json!({"tokenEndpointAuthMethod": 1}),
        json!({"clientSecret": hashed(SECRET)}),
        basic.clone(),
        json!({"tokenEndpointAuthMethod": null}),
        json!({"tokenEndpointAuthMethod": "client_secret_basic", "clientSecret": ""}),
        json!({"tokenEndpointAuthMethod": "client_secret_basic", "clientSecret": SECRET}),
        json!({"tokenEndpointAuthMethod": "client_secret_basic", "clientSecret": upper}),
        json!({"tokenEndpointAuthMethod": "client_secret_post", "clientSecret": [hashed(SECRET)]}),
    ] {
        let mut legacy = Legacy::new(on(), &record(&more));
        assert_eq!(legacy.page(&authorize_query(ID))["model"]["kind"], "recovery", "{more}");
        let told = legacy.operate(&json!({"call": "lookupClient", "id": ID})).commits;
        let [Commit::Audit { event }] = told.as_slice() else { panic!("{more}: {told:?}") };
        assert!(event.contains("legacy client refused") && event.contains(ID), "{event:?}");
    }
    for text in ["", "{", "[]", "1", r#"{"clientId":"Zp3-x_7QwErTyUiO","clientId":"Zp3-x_7QwErTyUiO"}"#] {
        let mut legacy = Legacy::with(on(), Said::Ok(json!(text).to_string()));
        assert_eq!(legacy.page(&authorize_query(ID))["model"]["kind"], "recovery", "{text}");
    }
}

#[test]
fn what_a_registration_would_leave_out_is_left_out() {
    let uris = (0..12).map(|number| format!("https://client.example/{number:02}")).collect::<Vec<_>>();
    let mut many = uris.clone();
    many.insert(0, "http://client.example/".into());
    let many = json!({"redirectUris": many});
    let mut legacy = Legacy::new(on(), &record(&many));
    assert_eq!(legacy.client(ID)["ok"]["redirectUris"], json!(uris[..10]));
    let mut legacy = Legacy::new(on(), &record(&json!({"clientName": " \u{202e}Cur\u{200b}sor "})));
    assert_eq!(legacy.client(ID)["ok"]["clientName"], "Cursor");
    let bare = json!({"clientName": null, "grantTypes": [], "responseTypes": null, "registrationDate": "x"});
    let mut legacy = Legacy::new(on(), &record(&bare));
    let client = legacy.client(ID)["ok"].clone();
    assert_eq!((&client["clientName"], &client["registrationDate"]), (&json!("client.example"), &json!(0)));
    // A program on this computer listens on another port each time.
    let mut legacy = Legacy::new(on(), &record(&json!({"redirectUris": ["http://127.0.0.1:33418/cb"]})));
    let query =
        authorize_query(ID).replace(&form(&[("redirect_uri", REDIRECT)]), "redirect_uri=http://127.0.0.1:5000/cb");
    assert_eq!(legacy.page(&query)["model"]["kind"], "consent");
    let query = query.replace("127.0.0.1:5000/cb", "127.0.0.1:5000/other");
    assert_eq!(legacy.page(&query)["status"], 400);
}

#[test]
fn an_id_that_looks_like_the_operators_is_nobodys_but_the_clients() {
    let options = json!({"kv": true, "legacyClients": true, "registration": true, "approve": true});
    let mut legacy = Legacy::new(options, &record(&json!({"clientId": AS_OPERATORS})));
    let page = legacy.page(&authorize_query(AS_OPERATORS));
    assert_eq!(page["model"]["reason"], "client_waits", "the operator has approved it by no name: {page}");
    legacy.operate(&json!({"call": "approveClient", "id": AS_OPERATORS})).answer.unwrap();
    let page = legacy.page(&authorize_query(AS_OPERATORS));
    assert_eq!((&page["model"]["kind"], &page["model"]["client"]["proof"]), (&json!("consent"), &json!("none")));
    let changed = legacy.operate(&json!({"call": "updateClient", "id": AS_OPERATORS, "client": {}})).answer.unwrap();
    assert!(serde_json::to_string(&changed).unwrap().contains("Only clients from createClient"));
}

#[test]
fn identifiers_of_another_form_are_not_looked_up() {
    for id in [
        "",
        "short",
        &"x".repeat(17),
        "Zp3-x_7QwErTyUi/",
        "Zp3-x_7QwErTyUi:",
        "../../c_3-x_7Qwr",
        "Zp3-x_7QwErTy\u{fc}O",
    ] {
        let mut legacy = Legacy::new(on(), &record(&json!({"clientId": id})));
        let page = legacy.page(&authorize_query(id));
        assert_eq!(page["status"], 400, "{id}");
        assert!(legacy.loads.is_empty(), "{id}: {:?}", legacy.loads);
    }
}

#[test]
fn a_record_that_cannot_be_read_is_an_outage_and_one_that_is_gone_is_unknown() {
    for failed in ["failed", "timeout"] {
        let mut legacy = Legacy::with(on(), Said::Failed(failed));
        assert_eq!(legacy.page(&authorize_query(ID))["status"], 503);
    }
    let mut legacy = Legacy::new(on(), &record(&json!({})));
    let code = legacy.code();
    legacy.record = Said::Ok("null".into());
    assert_eq!(legacy.page(&authorize_query(ID))["model"]["kind"], "recovery");
    // As with any client that is deleted: what a person has granted ends when it is revoked.
    assert_eq!(legacy.redeem(&code, None, None).0, 200);
    assert_eq!(legacy.redeem(&code, None, None).1["error"], "invalid_client");
}

#[test]
fn the_operator_deletes_a_record_and_nobody_elses() {
    let mut legacy = Legacy::new(on(), &record(&json!({})));
    let delete = json!({"call": "deleteClient", "id": ID});
    let Ended { answer, commits, .. } = legacy.operate(&delete);
    assert_eq!(serde_json::to_value(answer.unwrap()).unwrap(), json!({"ok": {"known": true}}));
    let [Commit::Store { key, value }, Commit::Audit { event }] = commits.as_slice() else { panic!("{commits:?}") };
    assert_eq!((key.as_str(), value.as_str()), (format!("client:{ID}").as_str(), "null"));
    assert!(event.contains("client deleted"));
    // What the namespace has then.
    legacy.record = Said::Ok(json!(value).to_string());
    let Ended { answer, commits, .. } = legacy.operate(&delete);
    assert_eq!(serde_json::to_value(answer.unwrap()).unwrap(), json!({"ok": {"known": false}}));
    assert!(commits.is_empty(), "{commits:?}");
    let mut off = Legacy::new(json!({"kv": true}), &record(&json!({})));
    let refused = serde_json::to_string(&off.operate(&delete).answer.unwrap()).unwrap();
    assert!(refused.contains("Only clients from createClient"), "{refused}");
}

#[test]
fn a_resource_server_may_have_a_name_of_the_same_length() {
    let secret = "s".repeat(32);
    let mut options = on();
    options["resourceServers"] = json!({"inventoryservice": secret});
    let config = server(options);
    let shown = |secret: &str| hashed(secret);
    assert!(config.admits_resource_server("inventoryservice", Some(&shown(&secret))));
    let mut legacy = Legacy::new(json!({"resourceServers": {"inventoryservice": secret}}), &Json::Null);
    let body = form(&[("client_id", "inventoryservice"), ("client_secret", &secret), ("token", "x")]);
    let reply = legacy.send(&head("introspect", "POST", json!({})), &body, 7);
    assert_eq!(reply["answer"]["status"], 200, "{reply}");
}
