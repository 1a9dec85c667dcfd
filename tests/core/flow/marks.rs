//! Marks: an outcome is known by the place and the content of what it answers.

use std::collections::HashSet;

use mcp_wicket::flow::{Flow, Load, Step};

use super::{list, records_of, script, step_probe};
use crate::world::step;

async fn load_all(flow: &Flow<'_>, keys: &[&str]) {
    let loads = keys.iter().map(|key| flow.obtain(&Load { key: (*key).into() })).collect::<Vec<_>>();
    for load in loads {
        let _outcome = load.await;
    }
}

fn marks(keys: &[&str]) -> Vec<String> {
    match step("", async |flow| load_all(flow, keys).await) {
        Step::Wait(asked) => asked.into_iter().map(|asked| asked.mark).collect(),
        other => panic!("it waits: {other:?}"),
    }
}

#[test]
fn the_same_effect_has_another_mark_in_another_place() {
    let marks = marks(&["same"; 200]);
    assert_eq!(marks.iter().collect::<HashSet<_>>().len(), marks.len());
}

#[test]
fn another_effect_has_another_mark_in_the_same_place() {
    let keys = (0..1000).map(|number| format!("key-{number}")).collect::<Vec<_>>();
    let seen = keys.iter().flat_map(|key| marks(&[key])).collect::<HashSet<_>>();
    assert_eq!(seen.len(), keys.len());
}

#[test]
fn a_mark_is_sixteen_hexadecimal_digits_and_stays_the_same() {
    let mark = &marks(&["x"])[0];
    assert!(mark.len() == 16 && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')), "{mark}");
    assert_eq!(marks(&["x"]), marks(&["x"]));
}

#[test]
fn each_effect_keeps_its_place_over_all_rounds() {
    let records = records_of(&script());
    let mut seen = HashSet::new();
    for known in 0..records.len() {
        if let Step::Wait(asked) = step_probe(&script(), &list(&records[..known])) {
            seen.extend(asked.into_iter().map(|asked| asked.mark));
        }
    }
    assert_eq!(seen.len(), records.len());
}
