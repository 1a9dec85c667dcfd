//! Session ids: what they say, to whom, and for how long; and the object that a request goes to.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mcp_wicket::crypto::Keys;
use mcp_wicket::flow::Context;
use mcp_wicket::json::write;
use mcp_wicket::mcp::Request;
use mcp_wicket::mcp::capabilities::Capabilities;
use mcp_wicket::mcp::placement::{self, place};
use mcp_wicket::mcp::revision::Revision;
use mcp_wicket::mcp::session::{self, ObjectName, Session};
use serde_json::{Value as Json, json};

use crate::random::Random;
use crate::world::{ENTROPY, NOW, Said, World};

const ANN: Option<&str> = Some("user:github:1");
const BOB: Option<&str> = Some("user:github:2");
/// The Worker answers.
const BY_THE_WORKER: &str = r#"{"here":{}}"#;
const DAY: u64 = 24 * 3600 * 1000;
const LEGACY: [Revision; 4] =
    [Revision::V2024_11_05, Revision::V2025_03_26, Revision::V2025_06_18, Revision::V2025_11_25];

/// The id of a session of a server that has no keys.
fn mint(context: &Context, revision: Revision, place: &ObjectName) -> String {
    let session = Session { revision, capabilities: Capabilities::FORMS, place: *place };
    session::mint(context, None, "", &session)
}

/// Opens an id of a server that has no keys.
pub(crate) fn open(id: &str, principal: Option<&str>, now: u64) -> Option<Session> {
    session::open(None, "", id, principal, &Context::without_entropy(now))
}

/// An id that `principal` got at [`NOW`].
fn minted(revision: Revision, principal: Option<&str>) -> String {
    let context = Context::new(NOW, ENTROPY);
    mint(&context, revision, &ObjectName::fresh(&context, principal))
}

#[test]
fn an_id_says_what_was_negotiated() {
    for revision in LEGACY {
        for principal in [None, ANN, BOB, Some("")] {
            let session = open(&minted(revision, principal), principal, NOW).unwrap();
            assert_eq!(session.revision, revision);
            assert_eq!(session.place, ObjectName::fresh(&Context::new(NOW, ENTROPY), principal));
        }
    }
}

#[test]
fn an_id_opens_nothing_for_anybody_else() {
    let everybody =
        [None, ANN, BOB, Some(""), Some("user:github:11"), Some("anybody"), Some("principal user:github:1")];
    for owner in everybody {
        let id = minted(Revision::V2025_11_25, owner);
        for caller in everybody {
            assert_eq!(open(&id, caller, NOW).is_some(), owner == caller, "{owner:?}'s, shown by {caller:?}");
        }
    }
}

#[test]
fn an_id_ends_after_thirty_days_and_does_not_begin_before_it_was_made() {
    let id = minted(Revision::V2025_06_18, ANN);
    for (now, opens) in [
        (NOW, true),
        (NOW + 30 * DAY - 1000, true),
        (NOW + 30 * DAY, true),
        (NOW + 30 * DAY + 1000, false),
        (NOW + 365 * DAY, false),
        (NOW - 299_000, true),
        (NOW - 300_000, true),
        (NOW - 301_000, false),
        (NOW - DAY, false),
        (0, false),
        (u64::MAX, false),
    ] {
        assert_eq!(open(&id, ANN, now).is_some(), opens, "{now}");
    }
}

#[test]
fn an_id_is_short_and_visible() {
    for principal in [None, ANN, Some("x".repeat(10_000).as_str()), Some("é\n\0")] {
        let id = minted(Revision::V2025_11_25, principal);
        assert!(id.len() <= 256 && id.bytes().all(|byte| (0x21..=0x7e).contains(&byte)), "{id}");
        assert_eq!(id.len(), 64);
        assert_eq!(ObjectName::fresh(&Context::new(NOW, ENTROPY), principal).name().len(), 43);
    }
}

#[test]
fn no_text_but_the_id_itself_opens_the_session() {
    let id = minted(Revision::V2025_11_25, ANN);
    let mut others = (0..id.len()).map(|length| id[..length].to_owned()).collect::<Vec<_>>();
    others.extend(["A", "AA", "AAA", "AAAA", "=", "==", " ", "\n", "é", "\0"].map(|more| format!("{id}{more}")));
    others.extend(["A", "AAAA", " ", "=", "\u{feff}"].map(|more| format!("{more}{id}")));
    others.extend([id.to_lowercase(), id.to_uppercase(), format!("{id}{id}"), id.chars().rev().collect()]);
    others.extend(["", "=", "a", "not base64!", "../../etc/passwd", "null", "é".repeat(54).as_str()].map(Into::into));
    for other in others {
        assert_eq!(open(&other, ANN, NOW), None, "{other:?}");
    }
}

/// The id with the byte at `place` made into another.
fn with_byte(id: &str, place: usize, byte: u8) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(id).unwrap();
    bytes[place] = byte;
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn another_format_or_revision_opens_nothing() {
    let id = minted(Revision::V2025_11_25, ANN);
    for byte in 0..=255 {
        let format = open(&with_byte(&id, 0, byte), ANN, NOW);
        assert_eq!(format.is_some(), byte == 2, "format {byte}");
        let revision = open(&with_byte(&id, 1, byte), ANN, NOW);
        let legacy = LEGACY.into_iter().find(|legacy| *legacy as u8 == byte);
        assert_eq!(revision.map(|session| session.revision), legacy, "revision {byte}");
    }
    assert!(open(&minted(Revision::V2026_07_28, ANN), ANN, NOW).is_none(), "that revision has no sessions");
}

#[test]
fn a_changed_place_opens_nothing() {
    let id = minted(Revision::V2025_11_25, ANN);
    for place in 8..40 {
        let byte = URL_SAFE_NO_PAD.decode(&id).unwrap()[place];
        for bit in 0..8 {
            let opened = open(&with_byte(&id, place, byte ^ 1 << bit), ANN, NOW);
            if place < 24 {
                // The random half: whoever writes one of their own gets what `initialize` would have given.
                assert_ne!(opened.unwrap().place, ObjectName::fresh(&Context::new(NOW, ENTROPY), ANN));
            } else {
                assert_eq!(opened, None, "byte {place}, bit {bit}");
            }
        }
    }
}

#[test]
fn an_id_says_what_the_client_can_be_asked_for() {
    let all = [Capabilities::FORMS, Capabilities::URLS, Capabilities::SAMPLING_TOOLS, Capabilities::ROOTS];
    let context = Context::new(NOW, ENTROPY);
    for capabilities in all {
        let session =
            Session { revision: Revision::V2025_11_25, capabilities, place: ObjectName::fresh(&context, ANN) };
        assert_eq!(open(&session::mint(&context, None, "", &session), ANN, NOW), Some(session));
    }
}

const HERE: &str = "https://mcp.example.com/mcp";

#[test]
fn an_id_opens_nothing_at_another_endpoint() {
    let ours = Keys::parse("7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1").unwrap();
    let context = Context::new(NOW, ENTROPY);
    let session = Session {
        revision: Revision::V2025_11_25,
        capabilities: Capabilities::default(),
        place: ObjectName::fresh(&context, ANN),
    };
    for keys in [None, Some(&ours)] {
        let id = session::mint(&context, keys, HERE, &session);
        assert_eq!(session::open(keys, HERE, &id, ANN, &context), Some(session));
        for elsewhere in
            ["", "https://mcp.example.com/admin", "https://mcp.example.net/mcp", "https://mcp.example.com/mcp/"]
        {
            assert_eq!(session::open(keys, elsewhere, &id, ANN, &context), None, "{elsewhere}");
        }
    }
}

#[test]
fn where_there_are_keys_an_id_is_sealed() {
    let keys = |secret: &str| Keys::parse(secret).unwrap();
    let (ours, other) =
        (keys("7Hq2vZ4cX9mK1pR8sT5wY3nB6dF0gJ2lQ8uE4iO6aL1"), keys("Q8uE4iO6aL13nB6dF0gJ2l7Hq2vZ4cX9mK1pR8sT5wY"));
    let context = Context::new(NOW, ENTROPY);
    let session = Session {
        revision: Revision::V2025_11_25,
        capabilities: Capabilities::ROOTS,
        place: ObjectName::fresh(&context, ANN),
    };
    let id = session::mint(&context, Some(&ours), HERE, &session);
    assert!(id.len() <= 256 && id.bytes().all(|byte| byte.is_ascii_graphic()));
    assert!(!id.contains(&session.place.name()[..16]), "nothing of it can be read");
    let open = |keys: Option<&Keys>, id: &str, principal, now| {
        session::open(keys, HERE, id, principal, &Context::without_entropy(now))
    };
    assert_eq!(open(Some(&ours), &id, ANN, NOW), Some(session));
    assert_eq!(open(Some(&ours), &id, BOB, NOW), None);
    assert_eq!(open(Some(&ours), &id, ANN, NOW + 31 * DAY), None);
    assert_eq!(open(Some(&other), &id, ANN, NOW), None);
    assert_eq!(open(None, &id, ANN, NOW), None);
    let unsealed = minted(Revision::V2025_11_25, ANN);
    assert_eq!(open(Some(&ours), &unsealed, ANN, NOW), None, "nobody writes one of their own");
    for at in 0..id.len() {
        let mut changed = id.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(open(Some(&ours), std::str::from_utf8(&changed).unwrap(), ANN, NOW), None, "byte {at}");
    }
}

#[test]
fn no_two_sessions_share_an_id_or_a_place() {
    let (mut ids, mut places) = (HashSet::new(), HashSet::new());
    for number in 0..1000_u32 {
        let mut entropy = ENTROPY;
        entropy[..4].copy_from_slice(&number.to_be_bytes());
        let context = Context::new(NOW, entropy);
        for _ in 0..2 {
            let place = ObjectName::fresh(&context, ANN);
            assert!(ids.insert(mint(&context, Revision::V2025_11_25, &place)));
            assert!(places.insert(place.name()));
        }
    }
}

#[test]
fn a_place_is_one_sessions_and_one_principals() {
    let fresh = |principal| ObjectName::fresh(&Context::new(NOW, ENTROPY), principal).name();
    assert_eq!(fresh(ANN), fresh(ANN));
    let names = [fresh(None), fresh(ANN), fresh(BOB), fresh(Some("anybody"))];
    assert_eq!(HashSet::from(names.clone()).len(), names.len(), "even with the same random bits");
    let id = minted(Revision::V2025_03_26, ANN);
    let opened = |now| open(&id, ANN, now).unwrap().place.name();
    assert_eq!(opened(NOW), opened(NOW + 29 * DAY), "a session keeps its place");
    assert_eq!(ObjectName::parse(&fresh(ANN)).unwrap().name(), fresh(ANN));
    for wrong in ["", "x", &fresh(ANN)[1..], &(fresh(ANN) + "A"), &minted(Revision::V2025_03_26, ANN)] {
        assert_eq!(ObjectName::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_principals_own_place_is_one_and_nobody_elses() {
    let (ann, bob) = (ObjectName::of_principal("user:github:1"), ObjectName::of_principal("user:github:2"));
    assert_eq!(ann, ObjectName::of_principal("user:github:1"));
    assert_ne!(ann, bob);
    assert_ne!(ann, ObjectName::fresh(&Context::new(NOW, ENTROPY), ANN));
}

#[test]
fn nothing_that_a_client_may_send_panics() {
    let mut random = Random::new(0x0073_6573_7369_6f6e);
    let id = minted(Revision::V2025_11_25, None);
    for _ in 0..20_000 {
        let mut bytes = id.clone().into_bytes();
        for _ in 0..=random.below(4) {
            let place = random.below(bytes.len());
            bytes[place] = u8::try_from(random.below(128)).unwrap();
        }
        bytes.truncate(1 + random.below(60));
        let text = String::from_utf8(bytes).unwrap();
        let opened = open(&text, ANN, NOW);
        assert_eq!(opened, None, "{text:?}: nobody's session is not Ann's");
    }
}

/// Where the request `head` goes, with a list of tools as its message.
fn placed(head: &Json) -> placement::Placement {
    let mut head = head.clone();
    let is_modern = head["protocolVersion"].as_str().is_some_and(|version| version.trim() == "2026-07-28");
    let mut params = json!({});
    if is_modern {
        head["mcpMethod"] = json!("tools/list");
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientCapabilities": {},
        });
    }
    posted(&head, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": params}).to_string())
}

/// Where a request goes. All streams are open, and all sessions there.
fn posted(head: &Json, body: &str) -> placement::Placement {
    let input = crate::world::head(head);
    let request = Request::read(&input).unwrap();
    let world = World::new(|_| Said::Ok("true".into()));
    world.run(async |flow| place(flow, &request, body).await).answer.unwrap()
}

fn object(head: &Json) -> String {
    match placed(head) {
        placement::Placement::Object { name, .. } => name,
        other => panic!("{head}: {other:?}"),
    }
}

fn refused(head: &Json) -> (u16, Json) {
    match placed(head) {
        placement::Placement::Answer(answer) => (answer.status, serde_json::from_str(&answer.body.unwrap()).unwrap()),
        other => panic!("{head}: {other:?}"),
    }
}

#[test]
fn a_sessions_requests_go_to_its_place() {
    for principal in [None, ANN] {
        let place = ObjectName::fresh(&Context::new(NOW, [9; 32]), principal);
        let id = mint(&Context::new(NOW, ENTROPY), Revision::V2025_06_18, &place);
        for version in [None, Some("2025-06-18"), Some("2025-11-25")] {
            let head = json!({"method": "POST", "server": {}, "principal": principal, "sessionId": id,
                              "protocolVersion": version});
            assert_eq!(object(&head), place.name(), "{version:?}");
        }
        let head = json!({"method": "POST", "server": {}, "principal": principal, "sessionId": id,
                          "transport": "sse-messages"});
        assert_eq!(object(&head), place.name());
    }
}

#[test]
fn a_session_that_is_unknown_over_or_anothers_has_no_place() {
    let ann = minted(Revision::V2025_06_18, ANN);
    let old = {
        let context = Context::new(NOW - 31 * DAY, ENTROPY);
        mint(&context, Revision::V2025_06_18, &ObjectName::fresh(&context, ANN))
    };
    for (id, principal) in [(ann.as_str(), BOB), (&ann, None), (&old, ANN), ("", ANN), ("x", ANN)] {
        for transport in [None, Some("sse-messages")] {
            let head = json!({"method": "POST", "server": {}, "principal": principal, "sessionId": id,
                              "transport": transport});
            let (status, body) = refused(&head);
            assert_eq!((status, &body["error"]["code"]), (404, &json!(-32001)), "{head}");
        }
    }
}

#[test]
fn a_2026_07_28_request_goes_to_its_principals_place_whatever_session_it_shows() {
    for id in [None, Some("x"), Some(minted(Revision::V2025_06_18, BOB).as_str())] {
        for version in ["2026-07-28", " 2026-07-28\t"] {
            let head = json!({"method": "POST", "server": {}, "principal": ANN, "sessionId": id,
                              "protocolVersion": version});
            assert_eq!(object(&head), ObjectName::of_principal("user:github:1").name());
        }
    }
}

#[test]
fn whoever_has_neither_session_nor_name_gets_a_new_place() {
    let fresh = |principal| ObjectName::fresh(&Context::new(NOW, ENTROPY), principal).name();
    for (head, principal) in [
        (json!({"method": "POST", "server": {}}), None),
        (json!({"method": "POST", "server": {}, "principal": ANN}), ANN),
        (json!({"method": "POST", "server": {}, "protocolVersion": "2026-07-28"}), None),
        (json!({"method": "POST", "server": {}, "protocolVersion": "2026-07-28", "sessionId": "x"}), None),
        (json!({"method": "POST", "server": {}, "protocolVersion": "2025-11-25", "principal": ANN}), ANN),
        (json!({"method": "GET", "server": {}, "transport": "sse-stream", "principal": ANN}), ANN),
    ] {
        assert_eq!(object(&head), fresh(principal), "{head}");
    }
}

#[test]
fn what_takes_nothing_of_a_servers_has_no_place() {
    let id =
        mint(&Context::new(NOW, ENTROPY), Revision::V2025_11_25, &ObjectName::fresh(&Context::new(NOW, [9; 32]), ANN));
    let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
    let bodies = [
        "",
        "garbage",
        "{}",
        "[]",
        "[5]",
        r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/paint"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":5}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":5}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel","params":{"level":"debug"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"a:b"}}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#,
    ];
    for session in [None, Some(id.as_str())] {
        for transport in [None, Some("sse-messages")] {
            let head = json!({"method": "POST", "server": {}, "principal": ANN, "sessionId": session,
                              "transport": transport});
            if transport.is_some() && session.is_none() {
                continue;
            }
            for body in bodies {
                let place = write(&posted(&head, body));
                assert!(place.starts_with(r#"{"here":{"#), "{head}: {body}: {place}");
                assert_eq!(place.contains("\"at\""), transport.is_some(), "{head}: {body}: {place}");
            }
            assert!(write(&posted(&head, call)).contains("object"), "{head}");
        }
    }
    // What the head says is judged as well.
    for wrong in [
        json!({"contentType": "text/plain"}),
        json!({"accept": "text/html"}),
        json!({"unread": "oversize"}),
        json!({"protocolVersion": "no such revision"}),
        json!({"protocolVersion": "2026-07-28"}),
    ] {
        let mut head = json!({"method": "POST", "server": {}, "principal": ANN});
        head.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert_eq!(write(&posted(&head, call)), BY_THE_WORKER, "{wrong}");
    }
}

#[test]
fn what_an_object_has_is_kept_until_nobody_can_come_back_for_it() {
    let place = ObjectName::fresh(&Context::new(NOW, [9; 32]), ANN);
    let id = mint(&Context::new(NOW, ENTROPY), Revision::V2025_11_25, &place);
    let kept = |more: &Json| {
        let mut head = json!({"method": "POST", "server": {}, "principal": ANN});
        head.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        match placed(&head) {
            placement::Placement::Object { keeps, mailbox, .. } => (keeps, mailbox),
            other => panic!("{head}: {other:?}"),
        }
    };
    let life = (Some(30 * DAY + 300_000), None);
    assert_eq!(kept(&json!({"sessionId": id})), life, "as long as its id");
    assert_eq!(kept(&json!({})), life, "this may begin a session");
    let there = (Some(DAY), Some(place.mailbox()));
    assert_eq!(kept(&json!({"sessionId": id, "kept": true})), there);
    assert_eq!(kept(&json!({"sessionId": id, "transport": "sse-messages"})), there);
    assert_eq!(kept(&json!({"protocolVersion": "2026-07-28"})), (None, None), "it is its principal's");
    assert_eq!(kept(&json!({"protocolVersion": "2026-07-28", "principal": null})), (Some(3_600_000), None));
}

#[test]
fn a_session_that_is_ended_names_its_object() {
    let place = ObjectName::fresh(&Context::new(NOW, [9; 32]), ANN);
    let id = mint(&Context::new(NOW, ENTROPY), Revision::V2025_11_25, &place);
    let placed = |principal: Option<&str>, kept: Json, there: &'static str| {
        let head = json!({"method": "DELETE", "server": {}, "principal": principal, "sessionId": id, "kept": kept});
        let input = crate::world::head(&head);
        let request = Request::read(&input).unwrap();
        let world = World::new(|_| Said::Ok(there.into()));
        write(&world.run(async |flow| placement::place(flow, &request, "").await).answer.unwrap())
    };
    let ends = format!(r#"{{"here":{{"ends":"{}"}}}}"#, place.name());
    assert_eq!(placed(ANN, json!(true), "true"), ends);
    for (principal, kept, there) in [(ANN, json!(true), "false"), (BOB, json!(true), "true"), (ANN, Json::Null, "true")]
    {
        assert_eq!(placed(principal, kept, there), BY_THE_WORKER);
    }
}

#[test]
fn what_the_endpoint_does_not_take_ends_before_any_place() {
    for (method, transport, allow) in
        [("POST", Some("sse-stream"), "GET, OPTIONS"), ("GET", Some("sse-messages"), "POST, OPTIONS")]
    {
        let place = placed(&json!({"method": method, "server": {}, "transport": transport}));
        let placement::Placement::Answer(answer) = place else { panic!("{method} is answered") };
        assert_eq!(answer.status, 405);
        assert!(answer.headers.contains(&("allow", allow.into())), "{:?}", answer.headers);
    }
    for head in [json!({"method": "GET", "server": {}}), json!({"method": "DELETE", "server": {}})] {
        assert!(matches!(placed(&head), placement::Placement::Here { .. }), "the Worker answers {head}");
    }
    let listening = |version: &str| json!({"method": "POST", "server": {}, "protocolVersion": version, "mcpMethod": "subscriptions/listen"});
    assert!(matches!(posted(&listening("2026-07-28"), "{}"), placement::Placement::Here { .. }));
    // The header belongs to 2026-07-28: it does not keep an older call from the object that has its tool.
    assert!(matches!(placed(&listening("2025-11-25")), placement::Placement::Object { .. }));
    let (status, body) = refused(&json!({"method": "POST", "server": {}, "transport": "sse-messages"}));
    assert_eq!((status, &body["error"]["code"]), (400, &json!(-32600)));
}
