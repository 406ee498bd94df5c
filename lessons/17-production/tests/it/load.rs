//! The captcha site under load: both ways answer alike, and the command measures all targets.

#[path = "../../demo/timetable/visit.rs"]
mod visit;
#[path = "../../demo/timetable/world.rs"]
mod world;

use std::collections::BTreeMap;
use std::path::Path;

use l17_production::load::site::Way;
use l17_production::seeing::trace::{Span, SpanId, Trace};
use serde_json::Value;
use testkit::program::Binary;

use visit::{REQUESTS, visit};
use world::World;

const PROGRAM: &str = env!("CARGO_BIN_EXE_l17-production");

#[tokio::test(flavor = "multi_thread")]
async fn the_naive_site_answers_as_the_good_one_on_the_real_consul_and_the_real_redis() {
    let mut answers = Vec::new();
    for way in [Way::Shared, Way::Naive] {
        let world = World::start(Path::new(PROGRAM), way).await.unwrap();
        let seen = visit(world.web, world.redis.clone()).await.unwrap();
        assert_eq!(seen.len(), usize::try_from(REQUESTS).unwrap());
        assert!(world.used(None).unwrap() >= 0.0);
        // A number that no process has.
        assert!(world.used(Some(u32::MAX)).is_err());
        answers.push(seen);
    }
    assert_eq!(answers[0], answers[1]);
}

#[test]
fn each_target_has_a_line_of_json_on_the_real_consul_and_the_real_redis() {
    let words = "timetable site --once --json --rate 4 --seconds 1";
    let words: Vec<&str> = words.split(' ').collect();
    let told = Binary(PROGRAM).tells(&words, &["A visit is 4 requests"]);
    let lines = told.lines().filter(|line| line.starts_with('{'));
    let rungs: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let targets: Vec<&str> = rungs
        .iter()
        .map(|rung| rung["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["web direct", "through Envoy", "naive, direct"]);
    for rung in &rungs {
        for number in [
            "rate",
            "requests_per_second",
            "p50",
            "p99",
            "p999",
            "failed",
            "not_sent",
            "cpu_ms_per_request",
            "requests_per_core_second",
        ] {
            assert!(rung[number].as_f64().unwrap() >= 0.0, "{number}: {rung}");
        }
        assert!(rung["held"].is_boolean(), "{rung}");
    }
}

/// Children that overlap are counted once, and no child counts beyond the end of its parent.
#[test]
fn own_time_is_what_no_child_covers() {
    let span = |id: u8, parent: u8, start: u64, end: u64| Span {
        id: SpanId([id; 8]),
        parent: (parent > 0).then_some(SpanId([parent; 8])),
        service: "web".to_owned(),
        name: id.to_string(),
        start,
        end,
        failed: false,
        attributes: BTreeMap::new(),
    };
    let root = span(1, 0, 1_000_000, 2_000_000);
    let one = span(2, 1, 1_100_000, 1_400_000);
    let two = span(3, 1, 1_300_000, 1_500_000);
    let late = span(4, 1, 1_900_000, 2_500_000);
    let below = span(5, 2, 1_200_000, 1_250_000);
    let trace = Trace::new(vec![root, one, two, late, below]);
    // In the order of the tree: 1, 2, 5, 3, 4.
    assert_eq!(
        trace.own_times(),
        [500_000, 250_000, 50_000, 200_000, 600_000]
    );
    let text = trace.own_text();
    let first: Vec<&str> = text.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(first, ["0.60", "40", "%", "web:", "4"]);
}
