//! People of the server's own: they sign in with a password before they are asked for consent.

use mcp_wicket::crypto::password::{self, Cost};
use mcp_wicket::identity::directory::{Directory, fold};
use mcp_wicket::identity::{Identity as _, Person, SignInErrorKind};
use mcp_wicket::json::Object;
use mcp_wicket::oauth::{AuthorizationServer, Request, serve};
use serde_json::{Value as Json, json};

use super::once::{Way, allowing};
use super::{SITE, authorize_query, cookie, form, head, json_of, keys, server};
use crate::world::{NOW, Said, World};

const PASSWORD: &str = "correct horse battery staple";
const MINUTE: u64 = 60 * 1000;

/// The cheapest hash that is allowed, so that the tests are quick.
fn directory(groups: &Json) -> Directory {
    let mut options = json!({"kind": "directory", "passwords": {"memory": 7168, "passes": 1}});
    if !groups.is_null() {
        options["groups"] = groups.clone();
    }
    Directory::read(&Object::read(&options.to_string()).unwrap()).unwrap()
}

/// A browser, a server, and the rows of its database.
struct Home {
    way: Way,
    directory: Directory,
    people: Vec<Json>,
    now: u64,
    entropy: u8,
    /// The statements that changed something.
    written: Vec<Json>,
}

fn person(id: &str, email: &str, password: Option<&str>, groups: &Json) -> Json {
    let hash = password.map(|password| password::hash(password, &[1; 16], Cost::new(7168, 1).unwrap()).unwrap());
    json!({"id": id, "email": email, "name": null, "status": "active", "password": hash, "groups": groups.to_string()})
}

impl Home {
    fn new(groups: &Json) -> Self {
        let people = vec![
            person("ann1", "Ann@example.com", Some(PASSWORD), &json!(["editors"])),
            person("bob1", "bob@example.com", None, &json!([])),
        ];
        let (way, directory) = (Way::new(), directory(groups));
        Self { way, directory, people, now: NOW, entropy: 50, written: Vec::new() }
    }

    fn send(&mut self, request: &Json, body: &str) -> Json {
        self.entropy += 1;
        let (config, keys, input) = (server(json!({})), keys(), request.to_string());
        let server =
            AuthorizationServer { config: &config, keys: &keys, identity: &self.directory, issuer: SITE.into() };
        let request = Request::read(&input).unwrap();
        let (objects, people, written) = (&mut self.way.objects, &self.people, &mut self.written);
        let (now, entropy) = (self.now, [self.entropy; 32]);
        let world = World::new(|effect| match effect["kind"].as_str() {
            Some("query") => query(people, written, effect),
            _ => objects.ask(effect, now, entropy),
        });
        let world = world.with_entropy(entropy).at(now);
        json_of(&world.run(async |flow| serve(flow, &server, &request, body).await).answer.unwrap())
    }

    /// The sign-in page that an authorization begins with: its `state`, and the cookie of the browser.
    fn begin(&mut self) -> (String, String) {
        let query = authorize_query(&self.way.client);
        let page = self.send(&head("authorize", "GET", json!({"query": query})), "");
        let model = &page["page"]["model"];
        assert_eq!((&model["kind"], &model["action"]), (&json!("sign-in"), &json!("/callback")), "{page}");
        (model["hidden"][0][1].as_str().unwrap().to_owned(), cookie(&page, "__Host-wicket-sign-in-"))
    }

    fn enter(&mut self, (state, cookie): &(String, String), email: &str, password: &str) -> Json {
        let head =
            head("callback", "POST", json!({"cookie": cookie, "originHeader": SITE, "secFetchSite": "same-origin"}));
        self.send(&head, &form(&[("state", state), ("email", email), ("password", password)]))
    }

    /// The code, after Allow on a consent page of `page`.
    fn allow(&mut self, page: &Json, sign_in: &str) -> Json {
        let sealed = page["page"]["model"]["hidden"][0][1].as_str().unwrap();
        let cookies = format!("{sign_in}; {}", cookie(page, "__Host-wicket-form-"));
        let (request, body) = allowing(sealed, &cookies);
        self.send(&request, &body)
    }

    fn renew(&self, id: &str) -> Result<Person, SignInErrorKind> {
        let mut written = Vec::new();
        let world = World::new(|effect| query(&self.people, &mut written, effect));
        let subject = format!("user:directory:{id}");
        let renewed = world.run(async |flow| self.directory.renew(flow, &subject).await).answer.unwrap();
        renewed.map(Option::unwrap).map_err(|denied| denied.kind)
    }
}

/// What the database answers.
fn query(people: &[Json], written: &mut Vec<Json>, effect: &Json) -> Said {
    let [statement] = effect["statements"].as_array().unwrap().as_slice() else { panic!("{effect}") };
    let (sql, values) = (statement["sql"].as_str().unwrap(), &statement["values"]);
    assert!(!sql.contains('\''.to_string().as_str()) || sql.contains("m.org = ''"), "no value is part of {sql}");
    let rows = match sql {
        sql if sql.starts_with("UPDATE") => {
            written.push(values.clone());
            Vec::new()
        }
        sql if sql.ends_with("u.email_key = ?2") => {
            people.iter().filter(|it| json!(fold(it["email"].as_str().unwrap())) == values[1]).cloned().collect()
        }
        _ => people.iter().filter(|it| it["id"] == values[1]).cloned().collect(),
    };
    Said::Ok(json!([rows]).to_string())
}

fn problem(page: &Json) -> (Json, Json, Json) {
    let model = &page["page"]["model"];
    assert_eq!(model["kind"], "sign-in", "{page}");
    (page["page"]["status"].clone(), model["problem"].clone(), model["seconds"].clone())
}

#[test]
fn sign_in_comes_first_then_consent_for_the_account_then_the_code() {
    let mut home = Home::new(&Json::Null);
    let sign_in = home.begin();
    let page = home.enter(&sign_in, " ANN@example.com ", PASSWORD);
    let model = &page["page"]["model"];
    assert_eq!((&model["kind"], &model["account"]["label"]), (&json!("consent"), &json!("Ann@example.com")), "{page}");
    assert_eq!(model.get("upstream"), None, "nobody is sent elsewhere");
    let allowed = home.allow(&page, &sign_in.1);
    assert!(allowed["page"]["model"]["url"].as_str().unwrap().contains("code="), "{allowed}");
    assert!(home.written.is_empty());
}

#[test]
fn a_wrong_password_an_unknown_address_and_an_account_without_a_password_look_the_same() {
    let mut home = Home::new(&Json::Null);
    let sign_in = home.begin();
    for (email, password) in [
        ("ann@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("bob@example.com", PASSWORD),
        ("bob@example.com", ""),
        ("", PASSWORD),
        ("ann@example.com", &"x".repeat(1025)),
        (&format!("{}@example.com", "x".repeat(250)), PASSWORD),
    ] {
        let page = home.enter(&sign_in, email, password);
        assert_eq!(problem(&page), (json!(200), json!("wrong"), Json::Null), "{email}");
        assert!(!page.to_string().contains(PASSWORD), "a password is never part of an answer");
    }
    // The form still works.
    let page = home.enter(&sign_in, "ann@example.com", PASSWORD);
    assert_eq!(page["page"]["model"]["kind"], "consent");
}

#[test]
fn after_five_failures_the_right_password_has_to_wait_as_well_and_the_wait_doubles() {
    let mut home = Home::new(&Json::Null);
    let sign_in = home.begin();
    for _ in 0..5 {
        assert_eq!(problem(&home.enter(&sign_in, "ann@example.com", "wrong")).1, "wrong");
    }
    let page = home.enter(&sign_in, "Ann@Example.com", PASSWORD);
    assert_eq!(problem(&page), (json!(429), json!("wait"), json!(30)));
    let headers = page["page"]["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["retry-after", "30"])), "{page}");
    // Another account is not affected, whether it exists or not.
    assert_eq!(problem(&home.enter(&sign_in, "nobody@example.com", PASSWORD)).1, "wrong");
    home.now += 30 * 1000;
    assert_eq!(problem(&home.enter(&sign_in, "ann@example.com", "wrong")).1, "wrong");
    assert_eq!(problem(&home.enter(&sign_in, "ann@example.com", PASSWORD)), (json!(429), json!("wait"), json!(60)));
    home.now += MINUTE;
    let page = home.enter(&sign_in, "ann@example.com", PASSWORD);
    assert_eq!(page["page"]["model"]["kind"], "consent", "{page}");
    // A success forgets the failures.
    let sign_in = home.begin();
    assert_eq!(problem(&home.enter(&sign_in, "ann@example.com", "wrong")).1, "wrong");
    assert_eq!(home.enter(&sign_in, "ann@example.com", PASSWORD)["page"]["model"]["kind"], "consent");
}

#[test]
fn a_hash_of_another_cost_is_replaced_at_the_sign_in() {
    let mut home = Home::new(&Json::Null);
    let former = password::hash(PASSWORD, &[2; 16], Cost::new(8192, 1).unwrap()).unwrap();
    home.people[0]["password"] = json!(former);
    let sign_in = home.begin();
    assert_eq!(home.enter(&sign_in, "ann@example.com", PASSWORD)["page"]["model"]["kind"], "consent");
    let [values] = home.written.as_slice() else { panic!("{:?}", home.written) };
    assert_eq!((&values[1], &values[3]), (&json!("ann1"), &json!(former)), "only if nothing has changed since");
    let fresh = values[2].as_str().unwrap();
    assert!(fresh.starts_with("$argon2id$v=19$m=7168,t=1,p=1$") && !fresh.contains("AgICAgICAgICAgICAgICAg"));
}

#[test]
fn a_person_gets_the_scopes_of_their_groups_and_at_a_refresh_those_of_now() {
    let groups = json!({"editors": {"scopes": ["write"]}, "*": {"scopes": ["read"]}});
    let mut home = Home::new(&groups);
    let sign_in = home.begin();
    let page = home.enter(&sign_in, "ann@example.com", PASSWORD);
    let scopes = page["page"]["model"]["scopes"].as_array().unwrap();
    assert_eq!(scopes.iter().map(|scope| &scope["name"]).collect::<Vec<_>>(), ["read", "write"], "{page}");
    assert_eq!(home.renew("ann1").unwrap().scopes, Some(vec!["read".into(), "write".into()]));
    let props = serde_json::from_str::<Json>(&home.renew("ann1").unwrap().props).unwrap();
    assert_eq!(props, json!({"sub": "ann1", "email": "Ann@example.com", "groups": ["editors"]}));
    home.people[0]["groups"] = json!("[]");
    assert_eq!(home.renew("ann1").unwrap().scopes, Some(vec!["read".into()]));
    home.people[0]["status"] = json!("disabled");
    assert_eq!(home.renew("ann1"), Err(SignInErrorKind::NotAllowed));
    assert_eq!(home.renew("zoe1"), Err(SignInErrorKind::NotAllowed));
    let sign_in = home.begin();
    let page = home.enter(&sign_in, "ann@example.com", PASSWORD);
    assert_eq!(page["page"]["model"]["kind"], "error", "{page}");
    // Whoever has none of the requested scopes may not use the server.
    let mut home = Home::new(&json!({"editors": {"scopes": ["delete"]}}));
    let sign_in = home.begin();
    let page = home.enter(&sign_in, "ann@example.com", PASSWORD);
    assert_ne!(page["page"]["model"]["kind"], "consent", "{page}");
}

#[test]
fn a_database_without_tables_says_which_command_makes_them() {
    let home = Home::new(&Json::Null);
    let world = World::new(|_| Said::Failed("absent"));
    let renewed = world.run(async |flow| home.directory.renew(flow, "user:directory:ann1").await).answer.unwrap();
    assert!(renewed.unwrap_err().reason.contains("npx wrangler d1 migrations apply"));
}

#[test]
fn options_that_cannot_be_say_what_they_may_be() {
    for (options, error) in [
        (json!({"groups": []}), "groups must be an object"),
        (json!({"groups": {"editors": ["write"]}}), "groups.editors.scopes must be a list of scopes"),
        (json!({"groups": {"editors": {"scopes": ["a b"]}}}), "groups.editors.scopes must be a list of scopes"),
        (json!({"passwords": {"memory": 1024, "passes": 2}}), "`memory`, 7168 to 65536 KiB"),
        (json!({"passwords": {"memory": 19456}}), "`passes`, 1 to 10"),
    ] {
        let text = options.to_string();
        let read = Directory::read(&Object::read(&text).unwrap());
        assert!(read.unwrap_err().contains(error), "{options}");
    }
}
