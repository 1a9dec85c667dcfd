//! Outcomes that are not what they should be: each ends the flow, and nothing of it gets out.

use mcp_wicket::flow::{FlowError, Step};
use mcp_wicket::probe::Ask;

use super::{EFFECTS, broken, list, records_of, run, say_well, script, step_probe};
use crate::world::Said;

/// Where a flow ends whose list of outcomes has been tampered with.
fn ends(records: &[String]) -> FlowError {
    let step = step_probe(&script(), &list(records));
    let broken = broken(step);
    let step = step_probe(&script(), &list(records));
    let text = step.json();
    assert_eq!(text, format!(r#"{{"broken":"{}"}}"#, broken.reason()), "nothing but the reason gets out");
    broken
}

/// The whole run's records, with the one at `place` made into something else.
fn with(place: usize, make: impl Fn(&str) -> String) -> Vec<String> {
    let mut records = records_of(&script());
    records[place] = make(&records[place]);
    records
}

fn mark_of(record: &str) -> String {
    serde_json::from_str::<serde_json::Value>(record).unwrap()["mark"].as_str().unwrap().to_owned()
}

#[test]
fn the_untouched_records_are_the_run() {
    let records = records_of(&script());
    assert_eq!(records.len(), EFFECTS);
    assert!(matches!(step_probe(&script(), &list(&records)), Step::Done { .. }));
}

#[test]
fn a_wrong_mark_is_another_flows_outcome() {
    for place in 0..EFFECTS {
        for wrong in ["", "0000000000000000", "0", "ffffffffffffffff"] {
            let records = with(place, |record| record.replace(&mark_of(record), wrong));
            assert_eq!(ends(&records), FlowError::Diverged, "{wrong:?} at {place}");
        }
        let records = with(place, |record| record.replace(&mark_of(record), &mark_of(record).to_uppercase()));
        assert_eq!(ends(&records), FlowError::Diverged, "at {place}");
    }
}

#[test]
fn swapped_outcomes_do_not_reach_each_others_awaits() {
    for one in 0..EFFECTS {
        for other in one + 1..EFFECTS {
            let mut records = records_of(&script());
            records.swap(one, other);
            assert_eq!(ends(&records), FlowError::Diverged, "{one} and {other}");
        }
    }
}

#[test]
fn a_missing_outcome_shifts_no_other_into_its_place() {
    for place in 0..EFFECTS - 1 {
        let mut records = records_of(&script());
        records.remove(place);
        assert_eq!(ends(&records), FlowError::Diverged, "without {place}");
    }
}

#[test]
fn an_outcome_must_have_its_effects_shape() {
    let shapes =
        ["null", "true", "5", "[]", "{}", r#"{"status":200}"#, r#"{"body":""}"#, r#"{"status":"200","body":""}"#];
    let shapes = shapes.into_iter().chain([
        r#"{"status":70000,"body":""}"#,
        r#"{"status":-1,"body":""}"#,
        r#"{"status":200.0,"body":""}"#,
        r#"{"status":200,"body":null}"#,
        r#"{"status":200,"body":"\ud800"}"#,
        r#"{"status":200,"status":200,"body":""}"#,
    ]);
    for shape in shapes {
        for place in [0, 3, 5] {
            let records = with(place, |record| format!(r#"{{"mark":"{}","ok":{shape}}}"#, mark_of(record)));
            assert_eq!(ends(&records), FlowError::Shape, "a fetch with {shape} at {place}");
        }
    }
    for shape in ["true", "5", "[]", "{}", r#"["x"]"#, r#""\udc00""#] {
        for place in [1, 2, 4] {
            let records = with(place, |record| format!(r#"{{"mark":"{}","ok":{shape}}}"#, mark_of(record)));
            assert_eq!(ends(&records), FlowError::Shape, "a load with {shape} at {place}");
        }
    }
}

#[test]
fn an_outcome_is_either_there_or_failed() {
    for place in 0..EFFECTS {
        for members in [
            r#""ok":null,"failed":"timeout""#,
            r#""failed":"timeout","ok":"x""#,
            r#""ok":{"status":200,"body":""},"failed":"failed""#,
            r#""okay":null"#,
            r#""failure":"timeout""#,
        ] {
            let records = with(place, |record| format!(r#"{{"mark":"{}",{members}}}"#, mark_of(record)));
            assert_eq!(ends(&records), FlowError::Shape, "{members} at {place}");
        }
        let records = with(place, |record| format!(r#"{{"mark":"{}"}}"#, mark_of(record)));
        assert_eq!(ends(&records), FlowError::Shape, "neither at {place}");
    }
}

#[test]
fn a_failure_must_be_one_of_the_known() {
    for place in 0..EFFECTS {
        for failed in [r#""late""#, r#""""#, r#""Timeout""#, "null", "5", "true", "{}"] {
            for ok in ["", r#","ok":null"#, r#","ok":{"status":200,"body":""}"#] {
                let records =
                    with(place, |record| format!(r#"{{"mark":"{}","failed":{failed}{ok}}}"#, mark_of(record)));
                assert_eq!(ends(&records), FlowError::Outcomes, "{failed}{ok} at {place}");
            }
        }
    }
}

#[test]
fn a_record_without_a_mark_is_none() {
    for place in 0..EFFECTS {
        for record in
            ["null", "1", "[]", "{}", r#""x""#, r#"{"ok":null}"#, r#"{"mark":5,"ok":null}"#, r#"{"mark":null}"#]
        {
            assert_eq!(ends(&with(place, |_| record.to_owned())), FlowError::Outcomes, "{record} at {place}");
        }
        let twice = with(place, |record| record.replacen('{', r#"{"mark":"0","#, 1));
        assert_eq!(ends(&twice), FlowError::Outcomes, "two marks at {place}");
    }
}

#[test]
fn outcomes_may_not_be_left_over() {
    let records = records_of(&script());
    for extra in [records[0].clone(), records[5].clone(), r#"{"mark":"0","ok":null}"#.into()] {
        let mut records = records.clone();
        records.push(extra);
        assert_eq!(ends(&records), FlowError::Leftover);
    }
}

#[test]
fn the_list_must_be_a_list() {
    let good = list(&records_of(&script()));
    let cut = &good[..good.len() - 1];
    for text in
        [" ", "null", "{}", "5", "[", "[,]", "[]]", "not JSON", cut, &format!("{good},"), &good.replace('[', "")]
    {
        assert_eq!(broken(step_probe(&script(), text)), FlowError::Outcomes, "{text:?}");
    }
    let deep = format!("[{}{}]", "[".repeat(200), "]".repeat(200));
    assert_eq!(broken(step_probe(&script(), &deep)), FlowError::Outcomes);
}

#[test]
fn a_replay_over_another_input_diverges() {
    let records = records_of(&script());
    let effects = [(0, 0), (0, 1), (1, 0), (2, 0), (2, 1), (2, 2)];
    for (round, place) in effects {
        let mut other = script();
        other.rounds[round][place] = match &other.rounds[round][place] {
            Ask::Fetch(url) => Ask::Fetch(format!("{url}?")),
            Ask::Load(key) => Ask::Load(format!("{key}?")),
        };
        assert_eq!(broken(step_probe(&other, &list(&records))), FlowError::Diverged, "{round}, {place}");
    }
    let mut shorter = script();
    shorter.rounds.pop();
    assert_eq!(broken(step_probe(&shorter, &list(&records))), FlowError::Leftover);
    let mut reordered = script();
    reordered.rounds.reverse();
    assert_eq!(broken(step_probe(&reordered, &list(&records))), FlowError::Diverged);
}

#[test]
fn any_single_effect_may_lie_and_nothing_is_written() {
    for lying in 0..EFFECTS {
        let mut place = 0;
        let ended = run(&script(), |effect| {
            place += 1;
            if place - 1 == lying { Said::Ok(r#"{"lie":true}"#.into()) } else { say_well(effect) }
        });
        assert_eq!(ended.answer, Err(FlowError::Shape), "{lying}");
        assert!(ended.commits.is_empty());
        let rounds = [1, 1, 2, 3, 3, 3];
        assert_eq!(ended.waits.len(), rounds[lying], "nothing is asked for after a lie");
    }
}
