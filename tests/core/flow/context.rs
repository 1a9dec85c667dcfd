//! The time and the randomness of a flow: the same in a replay, different everywhere else.

use std::collections::HashSet;

use mcp_wicket::flow::{Context, Flow, FlowError, Load, Obtaining, PlainResult, Shortcut, Stencil, Step};
use mcp_wicket::json::Value;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::world::{ENTROPY, NOW, Said, World, first_step, list, record, step};

#[test]
fn randomness_is_the_same_in_a_replay() {
    let mut seen = Vec::new();
    let ended = World::new(|_| Said::Ok("null".into())).run(async |flow| {
        let before = flow.context().random::<32>("key");
        let _wait = flow.obtain(&Load { key: "1".into() }).await;
        let between = flow.context().random::<16>("key");
        let _wait = flow.obtain(&Load { key: "2".into() }).await;
        (before, between, flow.context().random::<16>("other"), flow.context().now())
    });
    seen.push(ended.answer.unwrap());
    let context = Context::new(NOW, ENTROPY);
    let expected = (context.random("key"), context.random("key"), context.random("other"), NOW);
    assert_eq!(seen, [expected], "three steps with two waits see what one run without any sees");
}

/// Asks for the effect with a shortcut that holds for other requests, too.
fn load(flow: &Flow<'_>, key: &str) -> Obtaining<Option<String>> {
    let body = r#"{"id":1,"of":{}}"#;
    let part = |from: usize, to: usize| Value::read(&body[from..to]).unwrap();
    let stencil = Stencil::of(body, 0, part(6, 7), part(13, 15), None);
    assert!(stencil.is_some());
    let shortcut = Shortcut::around(String::new(), "", false).of_results(PlainResult::default(), stencil);
    flow.obtain_by(&Load { key: key.into() }, Some(shortcut))
}

/// Until when a step holds for other requests.
fn holds_until<T: Serialize>(step: &Step<T>) -> Option<u64> {
    assert!(matches!(step, Step::Wait(_)));
    let text = step.json();
    let step: Json = serde_json::from_str(text.split_once('\n').unwrap().0).unwrap();
    step["shortcut"]["stencil"][0].as_u64()
}

#[test]
fn a_comparison_with_the_clock_says_how_long_it_holds() {
    let holds = |look: fn(&Context)| {
        holds_until(&first_step(NOW, async |flow| {
            look(flow.context());
            load(flow, "1").await.is_ok()
        }))
    };
    let always = holds(|_| ()).unwrap();
    assert_eq!(always, 8_640_000_000_000_000);
    assert_eq!(holds(|context| assert_eq!(context.now(), NOW)), None, "the time itself holds for no other request");
    assert_eq!(holds(|context| assert!(context.is_between(NOW, NOW))), Some(NOW));
    assert_eq!(
        holds(|context| assert!(context.is_between(0, NOW + 5) && context.is_between(3, NOW + 9))),
        Some(NOW + 5)
    );
    assert_eq!(holds(|context| assert!(context.is_between(0, NOW + 5) && !context.is_between(0, NOW - 1))), None);
    assert_eq!(holds(|context| assert!(!context.is_between(NOW + 1, NOW + 2) && context.is_between(0, NOW))), None);
}

#[test]
fn nothing_holds_that_is_no_first_step_of_one_effect_without_randomness() {
    let two = async |flow: &Flow<'_>| {
        let (first, second) = (load(flow, "1"), load(flow, "2"));
        let _outcomes = (first.await, second.await);
    };
    assert_eq!(holds_until(&first_step(NOW, two)), None);
    let with_randomness = async |flow: &Flow<'_>| {
        let _bytes = flow.context().random::<8>("key");
        let _outcome = load(flow, "1").await;
    };
    assert_eq!(holds_until(&step("", with_randomness)), None);
    let later = async |flow: &Flow<'_>| {
        let _outcomes = (load(flow, "1").await, load(flow, "2").await);
    };
    let Step::Wait(first) = first_step(NOW, later) else { panic!("it waits") };
    let outcomes = list(&[record(&first[0].mark, &Said::Ok("null".into()))]);
    assert_eq!(holds_until(&step(&outcomes, later)), None);
}

#[test]
fn randomness_reaches_effects_the_same_in_each_step() {
    let ended = World::new(|_| Said::Ok("null".into())).run(async |flow| {
        for _ in 0..5 {
            let key = flow.context().random::<8>("key").map(|byte| format!("{byte:02x}")).concat();
            flow.obtain(&Load { key }).await.unwrap();
        }
    });
    assert_eq!(ended.answer, Ok(()), "a key that differed in a replay would break the flow");
    let keys = ended.waits.iter().flatten().map(|effect| effect["key"].as_str().unwrap()).collect::<HashSet<_>>();
    assert_eq!(keys.len(), 5);
}

#[test]
fn no_two_uses_share_their_bytes() {
    let mut seen = HashSet::new();
    let mut entropies = vec![ENTROPY; 34];
    for (place, entropy) in entropies.iter_mut().take(32).enumerate() {
        entropy[place] ^= 0x80;
    }
    entropies[32] = [0; 32];
    for entropy in entropies {
        let context = Context::new(NOW, entropy);
        for label in ["", "a", "session", "session ", "a\0\0\0\u{1}"] {
            for _ in 0..50 {
                assert!(seen.insert(context.random::<16>(label)), "{label} came twice");
            }
        }
    }
}

#[test]
fn a_label_changes_the_bytes_of_the_same_use() {
    let of = |label| Context::new(NOW, ENTROPY).random::<32>(label);
    assert_ne!(of("a"), of("b"));
    assert_eq!(of("a"), of("a"));
}

#[test]
fn the_expansion_is_hkdf_sha_256() {
    // Made with Python's hmac: HMAC(HMAC(32 zero bytes, entropy), info || 01) with info = label || count.
    let context = Context::new(NOW, [0; 32]);
    let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(hex(context.random("session")), FIRST);
    assert_eq!(hex(context.random("session")), SECOND);
}

const FIRST: &str = "fa23434435286aca263208e719ee05686820fac4f599c00c5da76a0c4ea6bdff";
const SECOND: &str = "9462472fe72df4f328d47ca1d3a306f92991cb25cbce20b53036271607de4a90";

#[test]
fn another_time_is_another_time_and_nothing_else() {
    let (one, other) = (Context::new(NOW, ENTROPY), Context::new(NOW + 1, ENTROPY));
    assert_eq!((one.now(), other.now()), (NOW, NOW + 1));
    assert_eq!(one.random::<32>("a"), other.random::<32>("a"), "bytes come from the entropy alone");
}

#[test]
fn bytes_of_another_entropy_break_a_replay() {
    let step = |entropy: [u8; 32], outcomes: &str| {
        let context = Context::new(NOW, entropy);
        let flow = mcp_wicket::flow::Flow::new(&context, outcomes).unwrap();
        let key = flow.context().random::<4>("key").map(|byte| byte.to_string()).join(".");
        flow.step(async { flow.obtain(&Load { key }).await.is_ok() }).json()
    };
    let first = serde_json::from_str::<serde_json::Value>(&step(ENTROPY, "")).unwrap();
    let outcomes = json!([{"mark": first["wait"][0]["mark"], "ok": null}]).to_string();
    assert_eq!(step(ENTROPY, &outcomes), r#"{"done":true}"#);
    assert!(step([8; 32], &outcomes).contains(FlowError::Diverged.reason()));
}

#[test]
fn a_step_that_lacks_randomness_comes_to_nothing_whatever_it_did() {
    type Ending = fn(&mcp_wicket::flow::Flow<'_>);
    let endings: [Ending; 3] = [
        |_| {},
        |flow| drop(flow.obtain(&Load { key: "k".into() })),
        |flow| flow.commit(mcp_wicket::flow::Commit::Store { key: "k".into(), value: "v".into() }),
    ];
    for ending in endings {
        let context = Context::without_entropy(NOW);
        let flow = mcp_wicket::flow::Flow::new(&context, "").unwrap();
        let step = flow.step(async {
            ending(&flow);
            flow.context().random::<16>("key")
        });
        assert_eq!(step.json(), r#"{"entropy":true}"#);
    }
    let context = Context::without_entropy(NOW);
    let flow = mcp_wicket::flow::Flow::new(&context, "").unwrap();
    assert_eq!(flow.step(async { 1 }).json(), r#"{"done":1}"#, "one that needs none ends");
}

#[test]
fn randomness_is_32_bytes() {
    let context = Context::of(NOW, Some(&ENTROPY)).unwrap();
    assert_eq!(context.random::<32>("a"), Context::new(NOW, ENTROPY).random::<32>("a"));
    assert!(Context::of(NOW, None).is_some());
    for wrong in [0, 31, 33, 64] {
        assert!(Context::of(NOW, Some(&vec![7; wrong])).is_none(), "{wrong}");
    }
}
