//! What a tool returned, made whole.

use serde_json::{Value as Json, json};

use super::{InputResponse, MODERN, Post, SERVER_INFO, WITH_INITIALIZE, server_info};
use crate::world::Said;

/// The answer to a call whose tool returned `returned`, on an older wire and on the newer.
fn wires(returned: &str) -> [InputResponse; 2] {
    let say = |_: &Json| Said::Ok(format!(r#"{{"returned":{returned}}}"#));
    [
        Post::legacy("2025-11-25", "tools/call", json!({"name": "t"})).send_to(say),
        Post::modern("tools/call", json!({"name": "t"})).send_to(say),
    ]
}

/// The results, of which the newer is given without what it always has.
fn results(returned: &str) -> [Json; 2] {
    let [legacy, modern] = wires(returned).map(|answered| answered.result());
    let mut modern = modern;
    let members = modern.as_object_mut().unwrap();
    assert_eq!(members.remove("resultType"), Some(json!("complete")), "{returned}");
    let meta = members.get_mut("_meta").and_then(Json::as_object_mut).expect("the newer wire says who answers");
    assert!(meta.remove(SERVER_INFO).is_some_and(|info| info.is_object()), "{returned}");
    if meta.is_empty() {
        members.remove("_meta");
    }
    [legacy, modern]
}

#[test]
fn a_whole_result_stays_as_it_is() {
    for returned in [
        json!({"content": []}),
        json!({"content": [{"type": "text", "text": "é\"\n"}], "isError": false}),
        json!({"content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}, {"type": "text", "text": ""}]}),
        json!({"content": [{"type": "text", "text": ""}], "structuredContent": {"a": [1, null]}, "isError": true}),
        json!({"isError": true, "content": [], "extra": {"__proto__": 1}, "__proto__": 2}),
        json!({"content": [], "_meta": {"a/b": 1}}),
        json!({"content": [], "_meta": {}, "x": 1}),
    ] {
        let mut expected = returned.clone();
        if expected["_meta"] == json!({}) {
            expected.as_object_mut().unwrap().remove("_meta");
        }
        assert_eq!(results(&returned.to_string()), [expected.clone(), expected], "{returned}");
    }
}

#[test]
fn values_come_through_as_they_are_written() {
    let content = r#"[ {"type" : "text","text":"\u0061\ud83d\ude00", "n":1.50e+2} ]"#;
    let structured = r#"{"big":123456789012345678901234567890,"z":0.10,"a":{"b":1,"b":2}}"#;
    let returned = format!(r#"{{"content":{content},"structuredContent":{structured}}}"#);
    for answered in wires(&returned) {
        assert!(answered.text().contains(content) && answered.text().contains(structured), "{}", answered.text());
    }
}

#[test]
fn a_result_without_content_gets_some() {
    assert_eq!(results("{}"), [json!({"content": []}), json!({"content": []})]);
    for legacy in results(r#"{"isError":true}"#) {
        assert_eq!(legacy, json!({"content": [], "isError": true}));
    }
    for structured in ["{\"a\":\"é\\\"\"}", "[1, 2]", "\"x\\n\"", "5", "null", "{}"] {
        for content in ["", r#""content":[],"#] {
            let [legacy, modern] = results(&format!(r#"{{{content}"structuredContent":{structured}}}"#));
            for result in [&legacy, &modern] {
                let text = json!([{"type": "text", "text": structured}]);
                assert_eq!(result["content"], text, "older clients read text only");
            }
            let value = serde_json::from_str::<Json>(structured).unwrap();
            let known = value.is_object().then_some(&value);
            assert_eq!(legacy.get("structuredContent"), known, "older revisions know objects only");
            assert_eq!(modern["structuredContent"], value);
        }
    }
}

#[test]
fn the_result_type_is_ours_to_say() {
    for kind in [json!("input_required"), json!("complete"), json!(5), json!(null)] {
        let returned = json!({"content": [], "resultType": kind}).to_string();
        let [legacy, modern] = wires(&returned);
        assert!(legacy.result().get("resultType").is_none(), "older revisions have none");
        assert_eq!(modern.result()["resultType"], "complete");
        assert_eq!(modern.text().matches("resultType").count(), 1, "{}", modern.text());
    }
}

#[test]
fn metadata_keeps_what_the_tool_put_there() {
    let returned = json!({"content": [], "_meta": {"a": 1, "__proto__": {"b": 2}}}).to_string();
    let [legacy, modern] = wires(&returned);
    assert_eq!(legacy.result()["_meta"], json!({"a": 1, "__proto__": {"b": 2}}));
    assert_eq!(modern.result()["_meta"], json!({"a": 1, "__proto__": {"b": 2}, SERVER_INFO: server_info()}));
    assert_eq!(modern.text().matches("\"_meta\"").count(), 1);

    let own = json!({"content": [], "_meta": {SERVER_INFO: {"name": "another"}}}).to_string();
    let [legacy, modern] = wires(&own);
    assert_eq!(legacy.result()["_meta"], json!({SERVER_INFO: {"name": "another"}}));
    assert_eq!(
        modern.result()["_meta"],
        json!({SERVER_INFO: {"name": "another"}}),
        "a tool may speak for another server"
    );
    assert_eq!(modern.text().matches(SERVER_INFO).count(), 1);
}

#[test]
fn an_answer_has_each_member_once() {
    let returned = json!({"structuredContent": {}, "_meta": {"a": 1}, "resultType": "x", "isError": false, "y": 1});
    for answered in wires(&returned.to_string()) {
        let mut members = Vec::new();
        let answer = mcp_wicket::json::Object::read(answered.text()).expect("no member is there twice");
        let result = answer.get("result").unwrap().object().expect("no member is there twice");
        members.extend(result.0.iter().map(|(name, _)| name.to_string()));
        for member in ["content", "structuredContent", "_meta", "isError", "y"] {
            assert!(members.iter().any(|name| name == member), "{member}");
        }
    }
}

#[test]
fn what_is_no_result_is_the_servers_fault() {
    for returned in [
        "null",
        "5",
        "[]",
        "\"text\"",
        "true",
        r#"{"content":5}"#,
        r#"{"content":{}}"#,
        r#"{"content":"text"}"#,
        r#"{"content":"text","structuredContent":{}}"#,
        r#"{"content":[],"_meta":5}"#,
        r#"{"content":[],"_meta":[]}"#,
        r#"{"content":[],"content":[]}"#,
        r#"{"content":[],"_meta":{"a":1,"a":2}}"#,
    ] {
        for answered in wires(returned) {
            assert_eq!(answered.fault(), (200, -32603), "{returned}");
            assert!(answered.message().contains("\"t\""), "the tool is named: {}", answered.message());
        }
    }
}

#[test]
fn every_older_revision_answers_alike() {
    for returned in ["{}", r#"{"content":[],"_meta":{"a":1}}"#, r#"{"content":[{"type":"text","text":"é"}]}"#] {
        let texts = WITH_INITIALIZE.map(|version| {
            let post = Post::legacy(version, "tools/call", json!({"name": "t"}));
            post.send_to(|_| Said::Ok(format!(r#"{{"returned":{returned}}}"#))).text().to_owned()
        });
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        assert!(!texts[0].contains(MODERN) && !texts[0].contains(SERVER_INFO));
    }
}

/// What a tool returned, as each older revision answers it, oldest first.
fn by_revision(returned: &Json) -> [Json; 4] {
    WITH_INITIALIZE.map(|version| {
        let post = Post::legacy(version, "tools/call", json!({"name": "t"}));
        post.send_to(|_| Said::Ok(json!({"returned": returned}).to_string())).result()
    })
}

#[test]
fn structured_content_is_for_revisions_that_have_it() {
    let content = json!([{"type": "text", "text": "1"}]);
    let returned = json!({"content": content, "structuredContent": {"a": 1}});
    let without = json!({"content": content});
    assert_eq!(by_revision(&returned), [without.clone(), without, returned.clone(), returned]);
}

#[test]
fn structured_content_that_stays_away_leaves_its_text() {
    let image = json!({"type": "image", "data": "AA==", "mimeType": "image/png"});
    let text = |text: &str| json!({"type": "text", "text": text});
    let returned = json!({"content": [image], "structuredContent": {"a": 1}});
    let with_text = json!({"content": [image, text(r#"{"a":1}"#)]});
    assert_eq!(by_revision(&returned), [with_text.clone(), with_text, returned.clone(), returned]);
    let list = json!({"content": [image], "structuredContent": [1, 2]});
    let with_text = json!({"content": [image, text("[1,2]")]});
    assert_eq!(by_revision(&list), [(); 4].map(|()| with_text.clone()), "older revisions know objects only");
    let said = json!({"content": [image, text("one")], "structuredContent": [1]});
    assert_eq!(by_revision(&said), [(); 4].map(|()| json!({"content": [image, text("one")]})));
}

/// The official SDK's client throws a whole result away whose structured content does not fit, error or not.
#[test]
fn an_error_keeps_its_text_and_no_structured_content_that_does_not_fit() {
    let astray = |returned: &Json| {
        let say = json!({"astray": returned}).to_string();
        let versions = WITH_INITIALIZE.map(|version| Post::legacy(version, "tools/call", json!({"name": "t"})));
        let all = versions.into_iter().chain([Post::modern("tools/call", json!({"name": "t"}))]);
        all.map(|post| post.send_to(|_| Said::Ok(say.clone())).result()).collect::<Vec<_>>()
    };
    let text = |text: &str| json!([{"type": "text", "text": text}]);
    for (returned, content) in [
        (json!({"content": text("no"), "structuredContent": {"reason": "x"}, "isError": true}), text("no")),
        (json!({"structuredContent": {"reason": "x"}, "isError": true}), text(r#"{"reason":"x"}"#)),
        (json!({"content": [], "structuredContent": {"reason": "x"}, "isError": true}), text(r#"{"reason":"x"}"#)),
    ] {
        for result in astray(&returned) {
            assert_eq!((&result["content"], &result["isError"]), (&content, &json!(true)));
            assert_eq!(result.get("structuredContent"), None);
        }
    }
}

#[test]
fn what_is_null_is_absent() {
    let returned = json!({"content": null, "isError": null, "_meta": null});
    assert_eq!(by_revision(&returned), [(); 4].map(|()| json!({"content": []})));
    let link = json!({"type": "resource_link", "uri": "n:1", "name": "n", "description": null});
    let without = json!({"type": "resource_link", "uri": "n:1", "name": "n"});
    let [.., latest] = by_revision(&json!({"content": [link]}));
    assert_eq!(latest["content"], json!([without]));
}

#[test]
fn content_that_a_revision_does_not_know_becomes_what_it_knows() {
    let audio = json!({"type": "audio", "data": "AA==", "mimeType": "audio/wav"});
    let link = json!({"type": "resource_link", "uri": "notes://1", "name": "One", "description": "x"});
    let text = json!({"type": "text", "text": "One: notes://1"});
    let embedded = json!({
        "type": "resource",
        "resource": {"uri": "attachment:audio", "mimeType": "audio/wav", "blob": "AA=="},
    });
    let returned = json!({"content": [audio, link]});
    let [first, second, third, fourth] = by_revision(&returned);
    assert_eq!(first["content"], json!([embedded, text]));
    assert_eq!(second["content"], json!([audio, text]));
    assert_eq!([&third, &fourth], [&returned, &returned]);
}

#[test]
fn blocks_that_are_none_stay_as_they_are() {
    let returned = json!({"content": [5, null, "x", {}, {"type": 1}]});
    assert_eq!(by_revision(&returned), [(); 4].map(|()| returned.clone()));
    let new = json!({"content": [{"type": "new", "of": [1]}]});
    let text = json!({"content": [{"type": "text", "text": r#"{"of":[1],"type":"new"}"#}]});
    assert_eq!(by_revision(&new), [text.clone(), text, new.clone(), new], "an older client would refuse all of it");
}
