//! The short form of the fault suite, with a seed of its own for each scenario so that a red one can be run again:
//! `target/debug/faults run --only SCENARIO --seed SEED`.

#![allow(clippy::unwrap_used)] // a failure here is the test's

use firsthand_faults::collector::find_binary;
use firsthand_faults::forge::Forge;
use firsthand_faults::scenario::{self, Length, Scenario, Verdict};

const SEED: u64 = 20_261_123;

async fn run(scenario: Scenario, forge: Option<Forge>) -> Verdict {
    let binary = find_binary(None).unwrap();
    let done = scenario::run(scenario, &binary, SEED, Length::Short, forge).await;
    done.unwrap_or_else(|error| panic!("{error:#}"))
}

async fn is_paid(scenario: Scenario) {
    let verdict = run(scenario, None).await;
    assert!(verdict.findings.is_empty(), "{verdict}");
    let has_load = scenario == Scenario::PowerCut || verdict.events > 100;
    assert!(has_load, "too little happened to prove anything: {verdict}");
}

/// A forgery must be found, by what it forges.
async fn is_seen(forge: Forge) {
    let verdict = run(Scenario::Token, Some(forge)).await;
    let is_seen = verdict.findings.iter().any(|f| forge.is_seen_by(f));
    assert!(is_seen, "{forge:?} went unseen: {verdict}");
}

#[tokio::test]
async fn kills_at_random_instants_lose_and_repeat_nothing() {
    is_paid(Scenario::Kills).await;
}

#[tokio::test]
async fn terminations_under_load_end_well_and_lose_nothing() {
    is_paid(Scenario::Terminations).await;
}

#[tokio::test]
async fn every_fault_of_the_network_delays_and_loses_nothing() {
    is_paid(Scenario::Storms).await;
}

#[tokio::test]
async fn reloads_under_load_and_in_bad_weather_lose_nothing() {
    is_paid(Scenario::Reloads).await;
}

#[tokio::test]
async fn what_waits_for_a_token_outlives_the_process_and_is_delivered() {
    is_paid(Scenario::Token).await;
}

#[tokio::test]
async fn a_disk_that_takes_no_more_refuses_and_recovers_without_a_restart() {
    is_paid(Scenario::Disk).await;
}

#[tokio::test]
async fn two_days_without_a_platform_are_made_up_for() {
    is_paid(Scenario::Outage).await;
}

#[tokio::test]
async fn what_a_platform_takes_no_more_ends_with_the_reason() {
    let verdict = run(Scenario::GiveUp, None).await;
    assert!(verdict.findings.is_empty(), "{verdict}");
}

#[tokio::test]
async fn a_clock_that_jumps_loses_and_repeats_nothing() {
    is_paid(Scenario::Clocks).await;
}

#[tokio::test]
async fn a_store_opens_whole_after_every_cut() {
    is_paid(Scenario::PowerCut).await;
}

#[tokio::test]
async fn a_lost_event_is_seen() {
    is_seen(Forge::Loss).await;
}

#[tokio::test]
async fn a_delivery_that_never_arrived_is_seen() {
    is_seen(Forge::Swallow).await;
}

#[tokio::test]
async fn an_event_that_nobody_sent_is_seen() {
    is_seen(Forge::Forget).await;
}
