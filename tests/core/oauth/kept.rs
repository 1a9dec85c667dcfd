//! What objects keep, what makes room for what, and for how long each row is kept (`docs/storage.md`).

use mcp_wicket::flow::Commit;
use mcp_wicket::oauth::object;
use serde_json::{Value as Json, json};

use super::once::{Way, redeeming, returning};
use super::{Objects, form, head, keys, operator::operate, send, server};
use crate::world::{NOW, Said, World};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What one call inside an object answers, puts (with its end) and removes.
struct Inside {
    answer: Json,
    put: Vec<(String, String, Option<u64>)>,
    removed: Vec<String>,
}

impl Inside {
    fn new(object: &str, call: &str, input: &Json, at: u64, rows: &[(String, String)]) -> Self {
        let asked = json!({"object": object, "call": call, "input": input}).to_string();
        let keys = keys();
        let world = World::new(|effect| {
            let wanted = |key: &str| {
                let has = |list: &Json, fits: &dyn Fn(&str) -> bool| {
                    list.as_array().unwrap().iter().any(|it| fits(it.as_str().unwrap()))
                };
                has(&effect["keys"], &|it| it == key) || has(&effect["prefixes"], &|it| key.starts_with(it))
            };
            let rows = rows.iter().filter(|(key, _)| wanted(key)).collect::<Vec<_>>();
            Said::Ok(json!({"version": 1, "rows": rows}).to_string())
        });
        let ended = world.at(at).with_entropy([61; 32]).run(async |flow| object::serve(flow, &keys, &asked).await);
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for commit in ended.commits {
            let Commit::Rows(writes) = commit else { panic!("{commit:?}") };
            put.extend(writes.put);
            removed.extend(writes.remove);
        }
        Self { answer: serde_json::from_str(&ended.answer.unwrap()).unwrap(), put, removed }
    }

    /// When the rows that begin so end.
    fn ends(&self, start: &str) -> Vec<Option<u64>> {
        self.put.iter().filter(|(key, ..)| key.starts_with(start)).map(|(.., end)| *end).collect()
    }
}

/// What the Worker asks of the object whose name begins with `kind`, while it answers a request.
fn asked(objects: &mut Objects, request: &Json, body: &str, call: &str) -> Json {
    let mut found = None;
    let world = World::new(|effect| {
        if effect["call"] == call {
            found = Some(effect.clone());
        }
        objects.ask(effect, NOW, [62; 32])
    });
    send(world.with_entropy([62; 32]), &server(json!({})), request, body).answer.unwrap();
    found.unwrap_or_else(|| panic!("{call} is not asked"))
}

fn rows(objects: &Objects, kind: &str) -> (String, Vec<(String, String)>) {
    let (name, (_, rows)) = objects.0.iter().find(|(name, _)| name.starts_with(kind)).unwrap();
    (name.clone(), rows.iter().map(|(key, row)| (key.clone(), row.clone())).collect())
}

/// The row of a grant that has ended.
fn ended_row(row: &str) -> String {
    row.replacen(r#"{"v1":{"#, r#"{"v1":{"revoked":1,"#, 1)
}

/// The rows of somebody who has connected a client, of which `count` copies of the grant stand, each used a little later.
fn with_grants(rows: &[(String, String)], count: u64, client: &str) -> Vec<(String, String)> {
    let (_, grant) = rows.iter().find(|(key, _)| key.starts_with("grant:")).unwrap();
    let others = rows.iter().filter(|(key, _)| !key.starts_with("grant:")).cloned();
    let copy = |number: u64| {
        let mut grant: Json = serde_json::from_str(grant).unwrap();
        (grant["v1"]["id"], grant["v1"]["used"]) = (format!("g{number:03}").into(), (NOW - 1000 + number).into());
        if !client.is_empty() {
            grant["v1"]["client"] = client.into();
        }
        (format!("grant:g{number:03}"), grant.to_string())
    };
    // The keys are not in the order of use.
    others.chain((0..count).map(|number| copy((number + 7) % count.max(1)))).collect()
}

#[test]
fn a_grant_whose_code_does_not_come_is_kept_for_five_minutes_after_the_codes_end() {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    let effect = asked(&mut way.objects, &returning(&state, &cookie), "", "grant");
    let made = Inside::new(effect["object"].as_str().unwrap(), "grant", &effect["input"], NOW, &[]);
    assert_eq!(
        (made.ends("grant:"), made.ends("code:")),
        (vec![Some(NOW + 10 * MINUTE)], vec![Some(NOW + 10 * MINUTE)])
    );
    assert_eq!(made.ends("approval:"), [Some(NOW + 180 * DAY)]);
    assert_eq!((made.ends("audit:"), made.ends("ledger")), (vec![Some(NOW + 90 * DAY)], vec![Some(NOW + 90 * DAY)]));
}

#[test]
fn twenty_grants_of_a_client_and_two_hundred_of_a_person_stand_and_those_used_last_stay() {
    let mut way = Way::new();
    way.tokens();
    let mut next = Way::new();
    let (state, cookie) = next.allow();
    let effect = asked(&mut next.objects, &returning(&state, &cookie), "", "grant");
    let (object, kept) = rows(&way.objects, "subject:");
    let made_room = |rows: &[(String, String)]| {
        let made = Inside::new(&object, "grant", &effect["input"], NOW, rows);
        let removed = made.removed.iter().filter(|key| key.starts_with("grant:")).cloned().collect::<Vec<_>>();
        let told = made.answer["ended"].as_array().unwrap().iter().map(|id| format!("grant:{}", id.as_str().unwrap()));
        assert_eq!(told.collect::<Vec<_>>(), removed);
        removed
    };
    assert_eq!(made_room(&with_grants(&kept, 19, "")), [] as [&str; 0]);
    assert_eq!(made_room(&with_grants(&kept, 20, "")), ["grant:g000"]);
    let mut two = made_room(&with_grants(&kept, 21, ""));
    two.sort();
    assert_eq!(two, ["grant:g000", "grant:g001"]);
    assert_eq!(made_room(&with_grants(&kept, 199, "c_other")), [] as [&str; 0]);
    assert_eq!(made_room(&with_grants(&kept, 200, "c_other")), ["grant:g000"]);
    // Those that have ended take nobody's place.
    let over = with_grants(&kept, 30, "").into_iter().map(|(key, row)| (key, ended_row(&row)));
    assert_eq!(made_room(&over.collect::<Vec<_>>()), [] as [&str; 0]);
}

#[test]
fn a_redeemed_code_is_remembered_and_the_grant_ends_when_it_is_idle_or_old() {
    let mut way = Way::new();
    let code = way.code();
    let (object, kept) = rows(&way.objects, "subject:");
    let body = redeeming(&way.client, &code);
    let effect = asked(&mut way.objects, &head("token", "POST", json!({})), &body, "redeem");
    let redeemed = |lifetimes: &Json| {
        let mut input = effect["input"].clone();
        input["request"]["lifetimes"].as_object_mut().unwrap().extend(lifetimes.as_object().unwrap().clone());
        Inside::new(&object, "redeem", &input, NOW + 1000, &kept)
    };
    let usual = redeemed(&json!({}));
    assert!(usual.answer["answer"]["tokens"].is_string(), "{}", usual.answer);
    assert_eq!(usual.ends("code:"), [Some(NOW + 5 * MINUTE + 10 * MINUTE)]);
    assert_eq!(usual.ends("grant:"), [Some(NOW + 1000 + 30 * DAY)], "idle since now");
    assert_eq!(redeemed(&json!({"grant": 3600})).ends("grant:"), [Some(NOW + HOUR)], "old since it began");
    // Used again, it ends the grant, which stays known for as long.
    let again = Inside::new(&object, "redeem", &effect["input"], NOW + 2000, &rows(&way.objects, "subject:").1);
    assert_eq!((again.answer["answer"]["refused"][0].as_str(), again.ends("grant:").len()), (Some("invalid_grant"), 1));
    assert_eq!(again.answer["ended"].as_array().unwrap().len(), 1);
    // A wrong verifier on a code that was used changes nothing.
    let mut wrong = effect["input"].clone();
    wrong["verifier"] = "b".repeat(43).into();
    let changed = |rows: &[(String, String)]| Inside::new(&object, "redeem", &wrong, NOW + 2000, rows).ends("code:");
    assert_eq!(changed(&rows(&way.objects, "subject:").1), [] as [Option<u64>; 0]);
    assert_eq!(changed(&kept), [Some(NOW + 15 * MINUTE)], "on one that was not, it counts");
}

#[test]
fn the_last_answer_is_kept_for_half_a_minute_and_sealed_under_the_token_that_it_replaced() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", refresh)]);
    let effect = asked(&mut way.objects, &head("token", "POST", json!({})), &body, "refresh");
    let refreshed = |replay: u64| {
        let mut input = effect["input"].clone();
        input["request"]["lifetimes"]["replay"] = replay.into();
        Inside::new(&object, "refresh", &input, NOW, &kept)
    };
    let usual = refreshed(30);
    assert_eq!((usual.ends("replay:"), usual.ends("grant:")), (vec![Some(NOW + 30_000)], vec![Some(NOW + 30 * DAY)]));
    let grant = kept.iter().find(|(key, _)| key.starts_with("grant:")).unwrap().0.replace("grant:", "replay:");
    assert_eq!(usual.put.iter().find(|(key, ..)| key.starts_with("replay:")).unwrap().0, grant);
    let never = refreshed(0);
    assert_eq!((never.ends("replay:"), never.removed), (vec![], vec![grant]));
    // Whoever has the rows and another token of the grant opens nothing.
    let sealed = usual.put.iter().find(|(key, ..)| key.starts_with("replay:")).unwrap().1.clone();
    let sealed = mcp_wicket::crypto::decode(&sealed).unwrap();
    let id = serde_json::from_str::<Json>(&kept.iter().find(|(key, _)| key.starts_with("grant:")).unwrap().1).unwrap()
        ["v1"]["id"]
        .clone();
    for secret in ["", "x", effect["input"]["grant"].as_str().unwrap()] {
        let key = mcp_wicket::crypto::hash("replay key", &[secret.as_bytes()]);
        assert_eq!(mcp_wicket::crypto::seal::open_with(&key, id.as_str().unwrap().as_bytes(), &sealed), None);
    }
    for weak in [[0; 32], [1; 32]] {
        assert_eq!(mcp_wicket::crypto::seal::open_with(&weak, id.as_str().unwrap().as_bytes(), &sealed), None);
    }
}

#[test]
fn what_has_ended_is_known_for_a_day_and_told_for_longer_than_a_token_lives() {
    let mut way = Way::new();
    let tokens = way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let body = form(&[("client_id", &way.client), ("token", tokens["refresh_token"].as_str().unwrap())]);
    let mut objects = way.objects.clone();
    let effect = asked(&mut objects, &head("revoke", "POST", json!({})), &body, "revoke");
    let revoked = Inside::new(&object, "revoke", &effect["input"], NOW, &kept);
    assert_eq!(revoked.ends("grant:"), [Some(NOW + DAY)]);
    let told = asked(&mut way.objects.clone(), &head("revoke", "POST", json!({})), &body, "append");
    assert_eq!((&told["object"], &told["input"]["until"]), (&json!("revocations"), &json!(NOW + HOUR + MINUTE)));
    assert_eq!(told["input"]["grants"].as_array().unwrap().len(), 1);
    // The person, or the operator.
    let disconnected = |input: Json, rows: &[(String, String)]| Inside::new(&object, "disconnect", &input, NOW, rows);
    assert_eq!(disconnected(json!({}), &kept).ends("grant:"), [Some(NOW + DAY)]);
    let three = with_grants(&kept, 3, "");
    let ids = |inside: &Inside| {
        let mut ids = inside.answer["ended"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap().to_owned())
            .collect::<Vec<_>>();
        ids.sort();
        ids
    };
    assert_eq!(ids(&disconnected(json!({}), &three)), ["g000", "g001", "g002"]);
    assert_eq!(ids(&disconnected(json!({"grant": "g001"}), &three)), ["g001"]);
    assert_eq!(ids(&disconnected(json!({"client": "c_other"}), &three)), [] as [&str; 0]);
    assert_eq!(ids(&disconnected(json!({"client": way.client, "grant": "g002"}), &three)), ["g002"]);
    assert_eq!(ids(&disconnected(json!({"client": "c_other", "grant": "g002"}), &three)), [] as [&str; 0]);
    let one = disconnected(json!({"grant": "g001"}), &three);
    let row: Json = serde_json::from_str(&one.put.iter().find(|(key, ..)| key == "grant:g001").unwrap().1).unwrap();
    assert_eq!(row["v1"]["revoked"], NOW);
    // What had ended is said again where nobody has been told yet, and not written.
    let mut over = three.iter().map(|(key, row)| (key.clone(), ended_row(row))).collect::<Vec<_>>();
    over.push(("outbox:ended:g001".into(), "{}".into()));
    let again = disconnected(json!({}), &over);
    assert_eq!((ids(&again), again.ends("grant:").len()), (vec!["g001".to_owned()], 0));
}

#[test]
fn what_was_approved_goes_with_the_grants() {
    let mut way = Way::new();
    way.tokens();
    let (object, mut kept) = rows(&way.objects, "subject:");
    let (_, own) = kept.iter().find(|(key, _)| key.starts_with("approval:")).unwrap().clone();
    let other = own.replace(&way.client, "c_other");
    kept.push(("approval:other".into(), other));
    let removed = |input: Json| {
        let inside = Inside::new(&object, "disconnect", &input, NOW, &kept);
        inside.removed.iter().filter(|key| key.starts_with("approval:")).count()
    };
    let grant = kept.iter().find(|(key, _)| key.starts_with("grant:")).unwrap().0["grant:".len()..].to_owned();
    assert_eq!(removed(json!({})), 2);
    assert_eq!(removed(json!({"client": way.client})), 1);
    assert_eq!(removed(json!({"client": "c_none"})), 0);
    assert_eq!(removed(json!({"grant": grant})), 1, "those of its client");
    assert_eq!(removed(json!({"grant": "none"})), 0);
}

#[test]
fn a_rule_is_kept_for_a_day_longer_than_a_grant_may_live() {
    let mut way = Way::new();
    let mut until = |options: Json| {
        let mut found = None;
        let (server, keys) = (server(options), keys());
        let input = head("authorize", "GET", json!({})).to_string();
        let server = mcp_wicket::oauth::AuthorizationServer {
            config: &server,
            keys: &keys,
            identity: &super::Ann,
            issuer: super::SITE.into(),
        };
        let request = mcp_wicket::oauth::Request::read(&input).unwrap();
        let world = World::new(|effect| {
            found = effect["input"]["until"].as_u64();
            way.objects.ask(effect, NOW, [63; 32])
        });
        world
            .run(async |flow| {
                mcp_wicket::oauth::operator::serve(flow, &server, &request, r#"{"call":"revokeAll"}"#).await
            })
            .answer
            .unwrap();
        found.unwrap()
    };
    assert_eq!(until(json!({})), NOW + 181 * DAY);
    assert_eq!(until(json!({"grantTtl": 3600})), NOW + HOUR + DAY);
}

#[test]
fn a_sign_in_is_taken_once_by_its_browser_within_ten_minutes() {
    let (object, browser) = ("transaction:AAAAAAAAAAAAAAAAAAAAAA", json!({"browser": "b"}));
    let kept = json!({"identity": "k", "form": false, "account": "subject:a"});
    let approving = json!({"kept": kept, "browser": "b"});
    let began = Inside::new(object, "approve", &approving, NOW, &[]);
    assert_eq!((&began.answer, began.ends("transaction")), (&json!(true), vec![Some(NOW + 10 * MINUTE)]));
    let fresh = vec![("transaction".to_owned(), began.put[0].1.clone())];
    assert_eq!(Inside::new(object, "approve", &approving, NOW, &fresh).answer, false);
    let take = |browser: &str, at: u64, rows: &[(String, String)]| {
        Inside::new(object, "take", &json!({"browser": browser, "posted": false}), at, rows)
    };
    assert_eq!(take("b", NOW, &[]).answer, "gone");
    assert_eq!(take("other", NOW, &fresh).answer, "foreign");
    assert_eq!(take("b", NOW + 10 * MINUTE, &fresh).answer, "gone");
    let first = take("b", NOW + 10 * MINUTE - 1, &fresh);
    assert_eq!(first.answer, json!({ "kept": kept }));
    assert_eq!(first.ends("transaction"), [Some(NOW + 10 * MINUTE)]);
    assert!(!first.put[0].1.contains("identity"), "what was in it does not stay");
    let used_up = vec![("transaction".to_owned(), first.put[0].1.clone())];
    assert_eq!(take("b", NOW, &used_up).answer, "gone");
    // Held for whoever confirms, once, for ten minutes more.
    let hold = |browser: &str, at: u64, rows: &[(String, String)]| {
        Inside::new(object, "hold", &json!({"browser": browser, "person": "p"}), at, rows)
    };
    for (browser, at, rows) in [("b", NOW, &fresh), ("other", NOW, &used_up), ("b", NOW + 10 * MINUTE, &used_up)] {
        assert_eq!(hold(browser, at, rows).answer, false, "{browser} {at}");
    }
    assert_eq!(hold("b", NOW, &[]).answer, false);
    let kept_for = hold("b", NOW + 9 * MINUTE, &used_up);
    assert_eq!((&kept_for.answer, kept_for.ends("transaction")), (&json!(true), vec![Some(NOW + 19 * MINUTE)]));
    let waiting = vec![("transaction".to_owned(), kept_for.put[0].1.clone())];
    assert_eq!(hold("b", NOW + 9 * MINUTE, &waiting).answer, false, "nobody is held twice");
    let release =
        |browser: &Json, at: u64, rows: &[(String, String)]| Inside::new(object, "release", browser, at, rows);
    assert_eq!(release(&browser, NOW, &used_up).answer, Json::Null);
    assert_eq!(release(&json!({"browser": "other"}), NOW, &waiting).answer, Json::Null);
    assert_eq!(release(&browser, NOW + 19 * MINUTE, &waiting).answer, Json::Null);
    let confirmed = release(&browser, NOW + 19 * MINUTE - 1, &waiting);
    assert_eq!(confirmed.answer, "p");
    let given_out = vec![("transaction".to_owned(), confirmed.put[0].1.clone())];
    assert_eq!(release(&browser, NOW, &given_out).answer, Json::Null);
    assert_eq!(hold("b", NOW, &given_out).answer, false);
}

#[test]
fn a_thousand_records_are_kept_and_the_first_makes_room() {
    let mut way = Way::new();
    way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let removed = |seq: u64| {
        let rows = kept.iter().map(|(key, row)| {
            let mut json: Json = serde_json::from_str(row).unwrap();
            if key == "ledger" {
                json["v1"]["seq"] = seq.into();
            }
            (key.clone(), json.to_string())
        });
        let inside = Inside::new(&object, "disconnect", &json!({}), NOW, &rows.collect::<Vec<_>>());
        inside.removed.into_iter().filter(|key| key.starts_with("audit:")).collect::<Vec<_>>()
    };
    assert_eq!(removed(998), [] as [&str; 0]);
    assert_eq!(removed(999), [] as [&str; 0], "the thousandth");
    assert_eq!(removed(1000), ["audit:0000000001"]);
    assert_eq!(removed(1500), ["audit:0000000501"]);
}

#[test]
fn props_are_given_while_the_grant_stands() {
    let mut way = Way::new();
    way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let grant = kept.iter().find(|(key, _)| key.starts_with("grant:")).unwrap().0["grant:".len()..].to_owned();
    let props =
        |id: &str, rows: &[(String, String)]| Inside::new(&object, "props", &json!({"grant": id}), NOW, rows).answer;
    assert_eq!(props(&grant, &kept), json!({"login": "ann"}));
    assert_eq!(props("other", &kept), Json::Null);
    let over = kept.iter().map(|(key, row)| (key.clone(), ended_row(row))).collect::<Vec<_>>();
    assert_eq!(props(&grant, &over), Json::Null);
}

#[test]
fn a_copy_of_a_client_is_kept_for_a_day_and_none_of_the_operators() {
    let mut way = Way::new();
    let created = json!({"call": "createClient", "client": {"clientName": "Mine", "redirectUris": [super::REDIRECT]}});
    let mine = operate(&mut way.objects, &json!({}), "", &created).0["ok"]["clientId"].as_str().unwrap().to_owned();
    let copies = |objects: &Objects, client: &str, query: &str| {
        let mut objects = objects.clone();
        let mut loads = 0;
        let world = World::new(|effect| {
            if effect["kind"] == "load" {
                loads += 1;
                return Said::Ok("null".into());
            }
            objects.ask(effect, NOW, [64; 32])
        });
        let request = head("authorize", "GET", json!({"query": query.replace("CLIENT", client)}));
        let ended = send(world, &server(json!({"kv": true})), &request, "");
        let kept = ended.commits.iter().filter_map(|commit| match commit {
            Commit::Keep { key, seconds, .. } => Some((key.clone(), *seconds)),
            _ => None,
        });
        (loads, kept.collect::<Vec<_>>())
    };
    let query = super::authorize_query("CLIENT");
    assert_eq!(copies(&way.objects, &way.client, &query), (1, vec![(format!("client:{}", way.client), 86_400)]));
    assert_eq!(copies(&way.objects, &mine, &query), (0, vec![]), "the operator may change it at any time");
    // Nothing is kept for whoever makes up a redirect URI.
    assert_eq!(copies(&way.objects, &way.client, &query.replace("client.example", "evil.example")).1, []);
}

#[test]
fn what_a_newer_credential_replaces_goes_back_a_day_later_where_it_goes_by_itself() {
    let mut way = Way::new();
    let (state, cookie) = way.allow();
    let effect = asked(&mut way.objects, &returning(&state, &cookie), "", "grant");
    let object = effect["object"].as_str().unwrap();
    // The credentials that came one after the other, and those that are due at a time.
    let due = |tokens: &[Option<&str>], single: bool, at: u64| {
        let mut objects = Objects::default();
        let mut ask = |call: &str, input: &Json, now: u64, entropy: u8| {
            let effect = json!({"object": object, "call": call, "input": input});
            let Said::Ok(answer) = objects.ask(&effect, now, [entropy; 32]) else { panic!("it answers") };
            serde_json::from_str::<Json>(&answer).unwrap()
        };
        for (entropy, token) in (66..).zip(tokens) {
            let mut input = effect["input"].clone();
            let origin = json!({"upstream": "up", "subject": "user:up:1", "single": single, "token": token});
            let credential = json!({"access": token}).to_string();
            input["credential"] = json!({"credential": credential, "origin": origin, "terms": {"renewable": false}});
            ask("grant", &input, NOW, entropy);
        }
        let items = ask("due", &json!({}), at, 80)["due"].as_array().unwrap().clone();
        items.iter().map(|item| item["credential"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (first, second) = (r#"{"access":"a"}"#, r#"{"access":"b"}"#);
    let two = [Some("a"), Some("b")];
    assert_eq!(due(&two, true, NOW + DAY - 1), [] as [&str; 0]);
    assert_eq!(due(&two, true, NOW + DAY), [first]);
    assert_eq!(due(&two, false, NOW + DAY), [] as [&str; 0], "it would take the newer one along");
    assert_eq!(due(&[Some("a"), Some("a")], true, NOW + DAY), [] as [&str; 0], "the same");
    assert_eq!(due(&[None, Some("b")], true, NOW + DAY), [] as [&str; 0], "nobody knows what it was");
    // One that is in use again stays.
    assert_eq!(due(&[Some("a"), Some("b"), Some("a")], true, NOW + DAY), [second]);
}

#[test]
fn an_approval_counts_for_its_client_redirect_uri_and_resource_for_no_scope_more_and_until_its_end() {
    let mut way = Way::new();
    way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let (_, row) = kept.iter().find(|(key, _)| key.starts_with("approval:")).unwrap();
    let row: Json = serde_json::from_str::<Json>(row).unwrap()["v1"].take();
    let ends = row["expires"].as_u64().unwrap();
    let asked = |more: Json, at: u64| {
        let mut input = json!({"subject": "user:test:1", "approval": row["approval"]});
        input["approval"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Inside::new(&object, "approved", &input, at, &kept).answer
    };
    assert_eq!(ends, NOW + 180 * DAY);
    assert_eq!((asked(json!({}), ends - 1), asked(json!({}), ends)), (json!(true), json!(false)));
    assert_eq!(asked(json!({}), ends + DAY), false);
    assert_eq!(asked(json!({"scopes": ["read"]}), NOW), true);
    for other in [
        json!({"scopes": []}),
        json!({"scopes": ["read", "admin"]}),
        json!({"client": "c_other"}),
        json!({"redirect": "https://client.example/other"}),
        json!({"resource": "https://mcp.example.com/other"}),
    ] {
        assert_eq!(asked(other.clone(), NOW), false, "{other}");
    }
}

#[test]
fn a_refresh_takes_new_props_over_and_seals_the_others_under_the_current_secret() {
    let newer = "7d1f3c5b9a8e6d4c2b0a1f3e5d7c9b8a6f4e2d0c1b3a5f7e9d8c6b4a2f0e1d3c";
    let mut way = Way::new();
    let tokens = way.tokens();
    let (object, kept) = rows(&way.objects, "subject:");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let body = form(&[("grant_type", "refresh_token"), ("client_id", &way.client), ("refresh_token", refresh)]);
    let effect = asked(&mut way.objects, &head("token", "POST", json!({})), &body, "refresh");
    let grant = kept.iter().find(|(key, _)| key.starts_with("grant:")).unwrap().0["grant:".len()..].to_owned();
    let refreshed = |more: Json| {
        let mut input = effect["input"].clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Inside::new(&object, "refresh", &input, NOW, &kept)
    };
    let props = |inside: &Inside| {
        let (key, row, _) = inside.put.iter().find(|(key, ..)| key.starts_with("grant:")).unwrap().clone();
        Inside::new(&object, "props", &json!({"grant": grant}), NOW, &[(key, row)]).answer
    };
    let changed = refreshed(json!({"renewed": {"props": {"login": "ann", "role": "admin"}, "inline": true}}));
    assert_eq!(props(&changed), json!({"login": "ann", "role": "admin"}));
    super::rotate(&format!("{newer},{}", super::SECRET));
    let sealed_anew = refreshed(json!({}));
    super::rotate(newer);
    assert_eq!(props(&sealed_anew), json!({"login": "ann"}), "it opens when the former secret is gone");
    let lost = refreshed(json!({}));
    assert_eq!((&lost.answer["answer"]["refused"][0], lost.ends("grant:").len()), (&json!("invalid_grant"), 0));
    super::rotate(super::SECRET);
}

#[test]
fn what_has_begun_by_now_ends_too() {
    let mut way = Way::new();
    let created = json!({"call": "createClient", "client": {"clientName": "Mine", "redirectUris": [super::REDIRECT]}});
    let mine = operate(&mut way.objects, &json!({}), "", &created).0["ok"]["clientId"].clone();
    for (call, before) in [
        (json!({"call": "revokeClient", "id": way.client}), NOW + 1),
        (json!({"call": "rotateClientSecret", "id": mine}), NOW + 1),
        (json!({"call": "revokeAll"}), NOW + 1),
        (json!({"call": "revokeBefore", "before": NOW + DAY}), NOW + 1),
        (json!({"call": "revokeBefore", "before": NOW - DAY}), NOW - DAY),
    ] {
        let (server, keys, call) = (server(json!({})), keys(), call.to_string());
        let input = head("authorize", "GET", json!({})).to_string();
        let server = mcp_wicket::oauth::AuthorizationServer {
            config: &server,
            keys: &keys,
            identity: &super::Ann,
            issuer: super::SITE.into(),
        };
        let request = mcp_wicket::oauth::Request::read(&input).unwrap();
        let mut found = None;
        let world = World::new(|effect| {
            found = found.or(effect["input"]["before"].as_u64());
            way.objects.ask(effect, NOW, [67; 32])
        });
        world
            .run(async |flow| mcp_wicket::oauth::operator::serve(flow, &server, &request, &call).await)
            .answer
            .unwrap();
        assert_eq!(found, Some(before), "{call}");
    }
}
