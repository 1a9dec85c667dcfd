//! Any single effect of a sign-in may fail or lie: then nobody is signed in, and no second answer is trusted in its place.

use serde_json::json;

use super::github::github;
use super::{continue_sign_in, handler, kept};
use crate::world::Said;

#[test]
fn whichever_effect_fails_nobody_is_signed_in() {
    let handler = handler(json!({
        "kind": "github", "scopes": ["user:email"], "allow": { "orgs": ["acme"] }, "context": true,
    }));
    let kept = kept(&handler);
    let well = github(&[]);
    let say = |place: usize, instead: Option<Said>| {
        let (well, mut at) = (&well, 0);
        move |effect: &serde_json::Value| {
            at += 1;
            match (&instead, at - 1 == place) {
                (Some(said), true) => said.clone(),
                _ if effect["kind"] == "context" => Said::Ok("{}".into()),
                _ => well(effect),
            }
        }
    };
    let whole = continue_sign_in(&handler, &kept, "code=c0de", say(usize::MAX, None));
    assert!(whole.answer.unwrap().is_ok());
    let effects = whole.waits.iter().map(Vec::len).sum::<usize>();
    assert_eq!(effects, 6);
    for place in 0..effects {
        for failed in ["timeout", "unreachable", "refused", "failed"] {
            let ended = continue_sign_in(&handler, &kept, "code=c0de", say(place, Some(Said::Failed(failed))));
            assert!(ended.answer.unwrap().is_err(), "{failed} at {place}");
            assert!(ended.commits.is_empty());
        }
        for body in ["", "null", "[]", "{}", "{\"id\":1,\"id\":2}", "<html>", "\u{0}"] {
            let lie = Said::Ok(json!({ "status": 200, "body": body }).to_string());
            let ended = continue_sign_in(&handler, &kept, "code=c0de", say(place, Some(lie)));
            // The list of addresses may be empty: no rule here is about them. Props may be any object.
            let harmless = (effects - 1 == place) || (body == "[]" && !matches!(ended.answer, Ok(Err(_))));
            assert!(harmless || !matches!(ended.answer, Ok(Ok(_))), "{body:?} at {place}");
        }
    }
}
