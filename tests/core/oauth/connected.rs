//! The page of connected apps: whose it is, what it shows, and who may end what (its threats are named in `src/oauth/browser/connected.rs`).

use serde_json::{Value as Json, json};

use super::once::{Way, redeeming, returning};
use super::{Objects, REDIRECT, SITE, cookie, form, head, json_of, send, server};
use crate::world::{NOW, Said, World};

const MINUTE: u64 = 60_000;

struct Page {
    way: Way,
    /// Of the account, as the browser sends it.
    account: String,
    tokens: Json,
}

fn exchange(objects: &mut Objects, request: &Json, body: &str, now: u64, entropy: u8) -> Json {
    let world = World::new(|effect| objects.ask(effect, now, [entropy; 32])).at(now).with_entropy([entropy; 32]);
    json_of(&send(world, &server(json!({})), request, body).answer.unwrap())
}

fn account_of(reply: &Json) -> Option<String> {
    let headers =
        reply["answer"]["headers"].as_array()?.iter().chain(reply["page"]["headers"].as_array().into_iter().flatten());
    let mut set = headers.filter(|it| it[0] == "set-cookie").filter_map(|it| it[1].as_str());
    Some(set.find(|cookie| cookie.starts_with("__Host-wicket-account="))?.split(';').next()?.to_owned())
}

impl Page {
    /// Somebody has connected a client.
    fn new() -> Self {
        let mut way = Way::new();
        let (state, sign_in) = way.allow();
        let reply = exchange(&mut way.objects, &returning(&state, &sign_in), "", NOW, 4);
        let account = account_of(&reply).unwrap();
        let headers = reply["answer"]["headers"].as_array().unwrap();
        let location = headers.iter().find(|it| it[0] == "location").unwrap()[1].as_str().unwrap();
        let code = location.split_once("code=").unwrap().1.split('&').next().unwrap();
        let body = redeeming(&way.client, code);
        let answer = exchange(&mut way.objects, &head("token", "POST", json!({})), &body, NOW, 5);
        let tokens = serde_json::from_str(answer["answer"]["body"].as_str().unwrap()).unwrap();
        Self { way, account, tokens }
    }

    fn show(&mut self, cookies: &str, now: u64) -> Json {
        exchange(&mut self.way.objects, &head("connected", "GET", json!({"cookie": cookies})), "", now, 6)["page"]
            .clone()
    }

    /// The page as the account sees it: its hidden field, and all its cookies.
    fn open(&mut self) -> (String, String) {
        let account = self.account.clone();
        let page = self.show(&account, NOW);
        let hidden = page["model"]["hidden"][0][1].as_str().unwrap().to_owned();
        let form = cookie(&json!({"page": page}), "__Host-wicket-form-connected");
        (hidden, format!("{account}; {form}"))
    }

    fn post(&mut self, cookies: &str, fields: &[(&str, &str)], more: Json, now: u64) -> Json {
        let mut head =
            head("connected", "POST", json!({"cookie": cookies, "originHeader": SITE, "secFetchSite": "same-origin"}));
        head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        exchange(&mut self.way.objects, &head, &form(fields), now, 7)["page"].clone()
    }

    /// Whether the client's refresh token still works.
    fn stands(&self) -> bool {
        let refresh = self.tokens["refresh_token"].as_str().unwrap();
        let body =
            form(&[("grant_type", "refresh_token"), ("client_id", &self.way.client), ("refresh_token", refresh)]);
        let answer = exchange(&mut self.way.objects.clone(), &head("token", "POST", json!({})), &body, NOW, 8);
        answer["answer"]["status"] == 200
    }
}

#[test]
fn the_page_shows_each_client_once_with_all_that_it_may() {
    let mut page = Page::new();
    let account = page.account.clone();
    let shown = page.show(&account, NOW)["model"].clone();
    assert_eq!(
        (&shown["kind"], &shown["account"]["label"], &shown["signOut"]),
        (&json!("apps"), &json!("ann"), &json!(true))
    );
    let apps = shown["apps"].as_array().unwrap();
    assert_eq!((apps.len(), &apps[0]["id"], &apps[0]["client"]["name"]), (1, &json!(page.way.client), &json!("Test")));
    assert_eq!(apps[0]["redirect"], json!({"host": "client.example", "where": "https"}));
    assert_eq!((&apps[0]["created"], &apps[0]["lastUsed"]), (&json!(NOW), &json!(NOW)));
    let names = |app: &Json| app["scopes"].as_array().unwrap().iter().map(|it| it["name"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&apps[0]), ["read", "write"]);
    // What other objects say of several grants becomes one entry for each client, the one used last first.
    let grant = |client: &str, name: &str, scopes: Json, created: u64, used: u64| json!({"id": "g", "client": client, "name": name, "redirect": REDIRECT, "scopes": scopes, "resource": "r", "label": "l", "created": created, "used": used});
    let grants = json!([
        grant("c_a", "older", json!(["write"]), 5, 10),
        grant("c_b", "b", json!(["read"]), 7, 15),
        grant("c_a", "newer", json!(["read", "write"]), 6, 20),
        grant("c_a", "middle", json!(["admin"]), 4, 12),
        grant("c_c", "c", json!([]), 1, 30),
    ]);
    let request = head("connected", "GET", json!({"cookie": account}));
    let world =
        World::new(
            |effect| if effect["call"] == "list" { Said::Ok(grants.to_string()) } else { Said::Ok("[1]".into()) },
        );
    let reply = json_of(&send(world, &server(json!({})), &request, "").answer.unwrap());
    let apps = reply["page"]["model"]["apps"].as_array().unwrap().clone();
    let shown = apps.iter().map(|app| {
        (
            app["id"].as_str().unwrap(),
            app["client"]["name"].as_str().unwrap(),
            app["created"].as_u64().unwrap(),
            app["lastUsed"].as_u64().unwrap(),
        )
    });
    assert_eq!(shown.collect::<Vec<_>>(), [("c_c", "c", 1, 30), ("c_a", "newer", 4, 20), ("c_b", "b", 7, 15)]);
    assert_eq!(names(&apps[1]), ["admin", "read", "write"]);
    for lie in ["null", "{}", "[1]", r#"[{"client":"c"}]"#] {
        let world =
            World::new(|effect| if effect["call"] == "list" { Said::Ok(lie.into()) } else { Said::Ok("[1]".into()) });
        let reply = json_of(&send(world, &server(json!({})), &request, "").answer.unwrap());
        assert_eq!(reply["page"]["status"], 503, "{lie}");
    }
}

#[test]
fn nobody_sees_or_ends_anything_without_the_account() {
    let mut page = Page::new();
    let client = page.way.client.clone();
    for cookies in ["", "__Host-wicket-account=AAAA"] {
        let shown = page.show(cookies, NOW)["model"].clone();
        assert_eq!((&shown["kind"], shown.get("apps")), (&json!("choose"), None), "{cookies}");
    }
    let chosen = page.show("", NOW);
    let hidden = chosen["model"]["hidden"][0][1].as_str().unwrap().to_owned();
    let form_cookie = cookie(&json!({"page": chosen}), "__Host-wicket-form-connected");
    let refused = page.post(&form_cookie, &[("page", &hidden), ("revoke", &client)], json!({}), NOW);
    assert_eq!(refused["status"], 400);
    // A form for nobody is no form for the account.
    let both = format!("{}; {form_cookie}", page.account);
    let refused = page.post(&both, &[("page", &hidden), ("revoke", &client)], json!({}), NOW);
    assert!(refused["status"].as_u64().unwrap() >= 400 && page.stands());
}

#[test]
fn an_app_is_ended_by_our_own_form_in_time_from_this_browser_only() {
    let mut page = Page::new();
    let client = page.way.client.clone();
    let (hidden, cookies) = page.open();
    let account = page.account.clone();
    let other_form = {
        let mut other = Page::new();
        other.account = "x=y".into();
        let shown = other.show("", NOW);
        cookie(&json!({"page": shown}), "__Host-wicket-form-connected")
    };
    let fields: [(&str, &str); 2] = [("page", &hidden), ("revoke", &client)];
    let twice = [("page", hidden.as_str()), ("revoke", client.as_str()), ("revoke", client.as_str())];
    let both = [("page", hidden.as_str()), ("revoke", client.as_str()), ("signout", "1")];
    let neither = [("page", hidden.as_str())];
    let forged = [("page", "AAAA"), ("revoke", client.as_str())];
    let (late, foreign) =
        (NOW + 30 * MINUTE, json!({"originHeader": "https://evil.example", "secFetchSite": "cross-site"}));
    let wrong_cookie =
        format!("{account}; {}", other_form.replace(other_form.split_once('=').unwrap().1, &"A".repeat(22)));
    for (cookies, fields, more, now) in [
        (&cookies, &fields[..], foreign, NOW),
        (&cookies, &fields[..], json!({"contentType": "text/plain"}), NOW),
        (&cookies, &fields[..], json!({}), late),
        (&account, &fields[..], json!({}), NOW),
        (&wrong_cookie, &fields[..], json!({}), NOW),
        (&cookies, &twice[..], json!({}), NOW),
        (&cookies, &both[..], json!({}), NOW),
        (&cookies, &neither[..], json!({}), NOW),
        (&cookies, &forged[..], json!({}), NOW),
    ] {
        let refused = page.post(cookies, fields, more.clone(), now);
        assert!(refused["status"].as_u64().unwrap() >= 400, "{fields:?} {more}: {refused}");
        assert!(page.stands(), "{fields:?} {more}");
    }
    let other = page.post(&cookies, &[("page", &hidden), ("revoke", "c_other")], json!({}), NOW);
    assert_eq!((&other["model"]["done"], page.stands()), (&json!(true), true), "another client's");
    let done = page.post(&cookies, &fields, json!({}), late - 1);
    assert_eq!(
        (&done["status"], &done["model"]["done"], &done["model"]["apps"]),
        (&json!(200), &json!(true), &json!([]))
    );
    assert!(!page.stands());
}

#[test]
fn all_apps_are_ended_at_once_and_signing_out_ends_none() {
    let mut page = Page::new();
    let (hidden, cookies) = page.open();
    let out = page.post(&cookies, &[("page", &hidden), ("signout", "1")], json!({}), NOW);
    assert_eq!(out["model"]["kind"], "choose");
    let set =
        out["headers"].as_array().unwrap().iter().filter(|it| it[0] == "set-cookie").map(|it| it[1].as_str().unwrap());
    assert!(set.into_iter().any(|it| it.starts_with("__Host-wicket-account=;") && it.contains("Max-Age=0")));
    assert!(page.stands());
    let done = page.post(&cookies, &[("page", &hidden), ("revoke", "*")], json!({}), NOW);
    assert_eq!((&done["model"]["done"], page.stands()), (&json!(true), false));
}

#[test]
fn whoever_wants_to_see_the_page_signs_in_and_comes_back_to_it() {
    let mut page = Page::new();
    let chosen = page.show("", NOW);
    let hidden = chosen["model"]["hidden"][0][1].as_str().unwrap().to_owned();
    let form_cookie = cookie(&json!({"page": chosen}), "__Host-wicket-form-connected");
    let away = page.post(&form_cookie, &[("page", &hidden), ("handler", "test")], json!({}), NOW);
    assert_eq!((&away["model"]["kind"], &away["model"]["host"]), (&json!("leave"), &json!("upstream.example")));
    let state = away["model"]["url"].as_str().unwrap().split_once("state=").unwrap().1.to_owned();
    let sign_in = cookie(&json!({"page": away}), "__Host-wicket-sign-in-");
    let back = exchange(&mut page.way.objects, &returning(&state, &sign_in), "", NOW, 9);
    assert_eq!(back["answer"]["status"], 302, "{back}");
    let headers = back["answer"]["headers"].as_array().unwrap();
    let location = headers.iter().find(|it| it[0] == "location").unwrap()[1].as_str().unwrap();
    assert!(location.starts_with(SITE) && !location.contains("code="), "{location}");
    let told =
        page.way.objects.0.values().any(|(_, rows)| rows.values().any(|row| row.contains(r#""event":"signed in""#)));
    assert!(told, "it is in the person's ledger");
    let account = account_of(&back).unwrap();
    assert_eq!(page.show(&account, NOW)["model"]["apps"].as_array().unwrap().len(), 1);
    // A sign-in that the object does not take is none.
    for said in [Said::Ok("false".into()), Said::Ok("null".into()), Said::Failed("timeout")] {
        let request = head(
            "connected",
            "POST",
            json!({"cookie": form_cookie, "originHeader": SITE, "secFetchSite": "same-origin"}),
        );
        let world =
            World::new(|effect| if effect["call"] == "approve" { said.clone() } else { Said::Ok("[1]".into()) });
        let fields = form(&[("page", &hidden), ("handler", "test")]);
        let reply = json_of(&send(world, &server(json!({})), &request, &fields).answer.unwrap());
        assert_eq!(reply["page"]["status"], 503, "{said:?}");
    }
}

#[test]
fn all_apps_end_under_every_host_name_where_no_issuer_is_set() {
    let mut page = Page::new();
    let (hidden, cookies) = page.open();
    let request =
        head("connected", "POST", json!({"cookie": cookies, "originHeader": SITE, "secFetchSite": "same-origin"}));
    let client = page.way.client.clone();
    let rules = |revoke: &str, options: Json| {
        let mut objects = page.way.objects.clone();
        let mut rules = Vec::new();
        let world = World::new(|effect| {
            if effect["call"] == "rule" {
                rules.push(effect["input"].clone());
            }
            objects.ask(effect, NOW, [12; 32])
        });
        let body = form(&[("page", &hidden), ("revoke", revoke)]);
        send(world.with_entropy([12; 32]), &server(options), &request, &body).answer.unwrap();
        rules
    };
    let all = rules("*", json!({}));
    assert_eq!((all.len(), &all[0]["before"]), (1, &json!(NOW + 1)), "what began by now");
    assert!(all[0]["rule"].as_str().unwrap().starts_with("person:"));
    assert_eq!(rules(&client, json!({})), [] as [Json; 0]);
    assert_eq!(rules("*", json!({"issuer": SITE})), [] as [Json; 0], "there is one issuer");
}
