//! The driver of flows, with the probe as the flow: what it asks for, what it comes to, and that neither a failure nor a
//! lie gets anything written.

mod context;
mod lies;
mod marks;

use mcp_wicket::flow::{Commit, Failure, Flow, FlowError, Load, Step};
use mcp_wicket::probe::{Ask, ProbeResult, Script, probe};
use serde_json::{Value as Json, json};

use crate::world::{Ended, Said, World, list, record, step};

/// The rounds of the probe that most tests use: 2 effects, then 1, then 3.
fn script() -> Script {
    let fetch = |name: &str| Ask::Fetch(format!("https://a.example/{name}"));
    let load = |name: &str| Ask::Load(name.to_owned());
    Script {
        name: "probe".into(),
        rounds: vec![vec![fetch("0"), load("1")], vec![load("2")], vec![fetch("3"), load("4"), fetch("5")]],
        store: Some("written".into()),
        trap_at: None,
    }
}

const EFFECTS: usize = 6;

fn run(script: &Script, say: impl FnMut(&Json) -> Said) -> Ended<ProbeResult> {
    World::new(say).run(async |flow| probe(flow, script).await)
}

fn step_probe(script: &Script, outcomes: &str) -> Step<ProbeResult> {
    step(outcomes, async |flow| probe(flow, script).await)
}

/// Everything succeeds, and each effect gets a text of its own.
fn say_well(effect: &Json) -> Said {
    Said::Ok(match effect["kind"].as_str() {
        Some("fetch") => json!({"status": 200, "body": effect["url"]}).to_string(),
        Some("load") => effect["key"].to_string(),
        other => panic!("a probe asks for no {other:?}"),
    })
}

/// The records of the whole run of `script`, in order.
fn records_of(script: &Script) -> Vec<String> {
    let mut records = Vec::new();
    while let Step::Wait(asked) = step_probe(script, &list(&records)) {
        let effects = asked.iter().map(|asked| serde_json::from_str::<Json>(&asked.effect).unwrap());
        let more = asked.iter().zip(effects).map(|(asked, effect)| record(&asked.mark, &say_well(&effect)));
        records.extend(more.collect::<Vec<_>>());
    }
    records
}

fn broken<T: core::fmt::Debug>(step: Step<T>) -> FlowError {
    match step {
        Step::Broken(broken) => broken,
        other => panic!("the flow should break: {other:?}"),
    }
}

/// The place of an effect in the script, which is how its URL or key ends.
fn place_of(effect: &Json) -> usize {
    let name = effect["url"].as_str().or(effect["key"].as_str()).unwrap();
    name.trim_start_matches("https://a.example/").parse().unwrap()
}

#[test]
fn each_round_is_one_wait_and_comes_in_order() {
    let ended = run(&script(), say_well);
    let places = ended.waits.iter().map(|wait| wait.iter().map(place_of).collect::<Vec<_>>()).collect::<Vec<_>>();
    assert_eq!(places, [vec![0, 1], vec![2], vec![3, 4, 5]]);
    let outcomes = ["https://a.example/0", "1", "2", "https://a.example/3", "4", "https://a.example/5"];
    let outcomes = outcomes.map(|outcome| Ok(outcome.to_owned())).to_vec();
    assert_eq!(ended.answer, Ok(ProbeResult { name: "probe".into(), outcomes }));
    assert_eq!(ended.commits, [Commit::Store { key: "probe".into(), value: "written".into() }]);
}

#[test]
fn a_flow_that_asks_for_nothing_ends_at_once() {
    let script = Script { name: "idle".into(), ..Script::default() };
    let ended = run(&script, |effect| panic!("asked for {effect}"));
    assert_eq!(ended.answer, Ok(ProbeResult { name: "idle".into(), outcomes: Vec::new() }));
    assert!(ended.commits.is_empty() && ended.waits.is_empty());
    assert!(matches!(step_probe(&script, "[]"), Step::Done { .. }), "an empty list is no list");
}

#[test]
fn a_round_may_be_empty() {
    let script = Script { rounds: vec![vec![], vec![Ask::Load("0".into())], vec![]], ..Script::default() };
    let ended = run(&script, say_well);
    assert_eq!(ended.waits.len(), 1);
    assert_eq!(ended.answer.unwrap().outcomes, [Ok("0".to_owned())]);
}

#[test]
fn any_single_effect_may_fail_in_any_way() {
    for failing in 0..EFFECTS {
        for (name, failure) in [
            ("timeout", Failure::Timeout),
            ("unreachable", Failure::Unreachable),
            ("refused", Failure::Refused),
            ("failed", Failure::Failed),
        ] {
            let ended = run(
                &script(),
                |effect| {
                    if place_of(effect) == failing { Said::Failed(name) } else { say_well(effect) }
                },
            );
            let outcomes = ended.answer.expect("a failure is an outcome").outcomes;
            assert_eq!(outcomes.len(), EFFECTS);
            for (place, outcome) in outcomes.into_iter().enumerate() {
                assert_eq!(
                    outcome.err(),
                    (place == failing).then_some(failure),
                    "{name} at {failing}, seen at {place}"
                );
            }
        }
    }
}

#[test]
fn a_step_answers_the_same_however_often_it_is_made() {
    let records = records_of(&script());
    for known in 0..=records.len() {
        let outcomes = list(&records[..known]);
        let once = step_probe(&script(), &outcomes).json();
        assert_eq!(once, step_probe(&script(), &outcomes).json());
    }
}

#[test]
fn commits_leave_with_the_answer_only() {
    let commit_first = async |flow: &Flow<'_>| {
        flow.commit(Commit::Store { key: "a".into(), value: "1".into() });
        let loaded = flow.obtain(&Load { key: "x".into() }).await;
        flow.commit(Commit::Store { key: "b".into(), value: "2".into() });
        loaded.is_ok()
    };
    let waiting = step("", commit_first);
    let Step::Wait(asked) = &waiting else { panic!("it waits: {waiting:?}") };
    let text = waiting.json();
    assert!(text.starts_with(r#"{"wait":["#) && !text.contains("store") && !text.contains("commits"), "{text}");

    let lie = step(&list(&[record(&asked[0].mark, &Said::Ok("5".into()))]), commit_first);
    assert_eq!(lie.json(), r#"{"broken":"an outcome does not have its effect's shape"}"#);

    let done = step(&list(&[record(&asked[0].mark, &Said::Ok("null".into()))]), commit_first);
    let Step::Done { answer: true, commits } = done else { panic!("it is done: {done:?}") };
    let keys = commits.iter().map(stored).collect::<Vec<_>>();
    assert_eq!(keys, ["a", "b"], "in order, and once however often the flow was run");
}

#[test]
fn a_flow_that_waits_for_no_effect_is_stuck() {
    assert_eq!(broken(step("", async |_| core::future::pending::<()>().await)), FlowError::Stuck);
    let after_an_effect = async |flow: &Flow<'_>| {
        let _loaded = flow.obtain(&Load { key: "x".into() }).await;
        core::future::pending::<()>().await;
    };
    let Step::Wait(asked) = step("", after_an_effect) else { panic!("it waits first") };
    let outcomes = list(&[record(&asked[0].mark, &Said::Ok("null".into()))]);
    assert_eq!(broken(step(&outcomes, after_an_effect)), FlowError::Stuck);
}

#[test]
fn an_effect_that_nobody_awaits_is_not_performed() {
    let forgetful = async |flow: &Flow<'_>| {
        let _forgotten = flow.obtain(&Load { key: "x".into() });
        "done"
    };
    assert!(matches!(step("", forgetful), Step::Done { answer: "done", .. }));
}

#[test]
fn effects_leave_in_one_batch_though_they_are_awaited_in_another_order() {
    let crosswise = async |flow: &Flow<'_>| {
        let first = flow.obtain(&Load { key: "1".into() });
        let second = flow.obtain(&Load { key: "2".into() });
        let second = second.await.unwrap();
        (first.await.unwrap(), second)
    };
    let ended = World::new(say_well).run(crosswise);
    assert_eq!(ended.waits.len(), 1);
    assert_eq!(ended.answer, Ok((Some("1".to_owned()), Some("2".to_owned()))));
}

#[test]
fn the_probes_script_is_read_from_json() {
    let read = Script::read(
        r#"{"name":"a","rounds":[[{"fetch":"https://x"},{"load":"k"}],[]],"store":"v","trapAt":3,"other":1}"#,
    );
    let read = read.unwrap();
    assert_eq!((read.name.as_str(), read.store.as_deref(), read.trap_at), ("a", Some("v"), Some(3)));
    assert!(matches!(&read.rounds[0][..], [Ask::Fetch(url), Ask::Load(key)] if url == "https://x" && key == "k"));
    for wrong in ["", "{}", "[]", r#"{"name":1}"#, r#"{"name":"a","rounds":1}"#, r#"{"name":"a","rounds":[[{}]]}"#] {
        assert!(Script::read(wrong).is_none(), "{wrong}");
    }
    let found = ProbeResult { name: "\"".into(), outcomes: vec![Ok("x".into()), Err(Failure::Timeout)] };
    assert_eq!(mcp_wicket::json::write(&found), r#"{"name":"\"","outcomes":[{"ok":"x"},{"failed":"timeout"}]}"#);
}

#[test]
#[should_panic(expected = "the script says so")]
fn the_probe_traps_where_its_script_says_so() {
    run(&Script { trap_at: Some(2), ..script() }, say_well);
}

fn stored(commit: &Commit) -> &str {
    let Commit::Store { key, .. } = commit else { panic!("{commit:?} is no value of the namespace") };
    key
}
