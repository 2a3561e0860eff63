//! The consent decision against the truth table (109 cases, each with its legal source). Runs natively and, by `sdk/web/tests/vectors.rs`,
//! as WebAssembly.
#![allow(missing_docs, clippy::unwrap_used)]

use firsthand_core::consent::{
    AgeBand, Choice, DAY_MS, GpcMode, GpcScope, Policy, Purpose, Regime, Situation, decide,
};
use serde_json::Value;
#[cfg(target_family = "wasm")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW_MS: i64 = 1_795_471_200_000;

fn situation(input: &Value) -> (Policy, Situation) {
    let flag = |key: &str| input[key].as_bool().unwrap_or(false);
    let policy = Policy {
        version: u32::try_from(input["policy_version"].as_u64().unwrap()).unwrap(),
        max_age_days: input["max_age_days"].as_i64().unwrap(),
        gpc_scope: match input["gpc_scope"].as_str().unwrap() {
            "all" => GpcScope::All,
            "required" => GpcScope::Required,
            other => panic!("unknown gpc_scope {other}"),
        },
        gpc_mode: match input["gpc_mode"].as_str().unwrap() {
            "statutory" => GpcMode::Statutory,
            "strict" => GpcMode::Strict,
            other => panic!("unknown gpc_mode {other}"),
        },
    };
    let choice = input["choice"].as_object().map(|choice| Choice {
        answers: Purpose::ALL.map(|p| choice[p.as_str()].as_bool()),
        policy_version: u32::try_from(choice["policy_version"].as_u64().unwrap()).unwrap(),
        at_ms: NOW_MS - choice["age_days"].as_i64().unwrap() * DAY_MS,
        after_gpc_notice: choice["after_gpc_notice"].as_bool().unwrap(),
    });
    let age = match input["age_band"].as_str() {
        None => AgeBand::Adult,
        Some("under_13") => AgeBand::Under13,
        Some("13_to_15") => AgeBand::Under16,
        Some(other) => panic!("unknown age band {other}"),
    };
    let situation = Situation {
        regime: Regime::parse(input["regime"].as_str().unwrap()).unwrap_or_default(),
        gpc: flag("gpc") || flag("gpc_sticky"),
        is_gpc_required: flag("gpc_required"),
        choice,
        age,
        framework: None,
    };
    (policy, situation)
}

#[test]
fn the_decision_follows_the_truth_table() {
    let vectors: Value = serde_json::from_str(include_str!("vectors/consent.json")).unwrap();
    let cases = vectors["truth_table"].as_array().unwrap();
    assert_eq!(cases.len(), 109);
    for case in cases {
        let (policy, situation) = situation(&case["input"]);
        let verdict = decide(&policy, &situation, NOW_MS);
        let want = &case["expect"];
        for purpose in Purpose::ALL {
            assert_eq!(
                Some(verdict.allows(purpose)),
                want["allow"][purpose.as_str()].as_bool(),
                "{} {}",
                case["id"],
                purpose.as_str()
            );
        }
        assert_eq!(
            Some(verdict.prompt),
            want["prompt"].as_bool(),
            "{} prompt",
            case["id"]
        );
        assert_eq!(
            Some(verdict.show_opt_out_honoured),
            want["show_opt_out_honoured"].as_bool(),
            "{} show_opt_out_honoured",
            case["id"]
        );
    }
}
