//! Ten thousand registrations and a thousand watchers, on both sides: everything arrives, every one
//! wakes, and the agent's memory stays within a bound. With `--nocapture` the figures are printed; with
//! `--release` they are worth comparing.
#![cfg(target_os = "linux")]

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::http::block_on;
use crate::support::side::{self, Server};
use crate::support::{soon, within};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use stage::http::{Request, Session};

const NAMES: usize = 10;
const WATCHERS: usize = 1000;

/// The most memory the agent may have had with 10,000 instances and 1,000 watchers, in MiB.
const BOUND: usize = 256;

/// A thousand connections are more open files than a shell usually allows; the system allows more.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(20_000).min(20_000);
    assert!(most >= 4096, "the system allows only {most} open files");
    limit.current = Some(most);
    setrlimit(Resource::Nofile, limit).unwrap();
}

fn register_all(who: &str, server: &Server, each: usize) {
    let since = Instant::now();
    thread::scope(|scope| {
        for name in 0..NAMES {
            scope.spawn(move || {
                // A connection that stays open: what is measured is not the making of connections.
                let mut session = Session::new(server.addr);
                for n in 0..each {
                    let body = json!({
                        "ID": format!("load-{name}-{n}"), "Name": format!("load-{name}"),
                        "Address": "127.0.0.1", "Port": n + 1, "Tags": ["load"],
                        "Check": {"TTL": "10m", "Status": "passing"},
                    });
                    let put = Request::put("/v1/agent/service/register", body.to_string());
                    let answer = block_on(session.send(&put)).unwrap();
                    assert_eq!((answer.status, answer.text().as_str()), (200, ""));
                }
            });
        }
    });
    let took = since.elapsed();
    let rate = (NAMES * each) as f64 / took.as_secs_f64();
    println!("{who}: {} registrations, {rate:.0} a second", NAMES * each);
    within(Duration::from_secs(120), "all are in the catalog", || {
        (0..NAMES)
            .all(|name| count(server, name) == each)
            .then_some(())
    });
    println!(
        "{who}: all in the catalog after {:.1} s",
        since.elapsed().as_secs_f64()
    );
}

fn count(server: &Server, name: usize) -> usize {
    let list = server.get(&format!("/v1/health/service/load-{name}?passing"));
    list.ok_json().as_array().map_or(0, Vec::len)
}

fn query(who: &str, server: &Server, each: usize) {
    const QUERIES: usize = 40;
    let since = Instant::now();
    thread::scope(|scope| {
        for name in 0..4 {
            scope.spawn(move || {
                for _ in 0..QUERIES {
                    let path = format!("/v1/health/service/load-{name}?passing");
                    server.get(&path).must_be(200);
                }
            });
        }
    });
    let rate = 4.0 * QUERIES as f64 / since.elapsed().as_secs_f64();
    println!("{who}: {rate:.0} health queries a second with {each} instances each");
}

fn watch(who: &str, server: &Server) {
    let watched = json!({"Name": "watched", "Check": {"TTL": "10m", "Status": "passing"}});
    server
        .put_json("/v1/agent/service/register", &watched)
        .must_be_empty();
    let path = "/v1/health/service/watched?passing";
    soon("it is there", || {
        let list = server.get(path).ok_json();
        (list.as_array().map(Vec::len) == Some(1)).then_some(())
    });
    let index = server.get(path).index();
    let query = format!("{path}&index={index}&wait=50s");
    let start = Barrier::new(WATCHERS + 1);
    let mut ends: Vec<Instant> = Vec::new();
    let changed = thread::scope(|scope| {
        let watcher = || {
            start.wait();
            let answer = server.get(&query);
            assert_eq!(answer.ok_json(), json!([]), "the change, for each caller");
            assert!(answer.index() > index);
            Instant::now()
        };
        let watchers: Vec<_> = (0..WATCHERS)
            .map(|_| {
                let thread = thread::Builder::new().stack_size(256 * 1024);
                thread.spawn_scoped(scope, watcher).unwrap()
            })
            .collect();
        start.wait();
        // Changes of others in between: a caller that is woken by them goes back to waiting.
        for number in 0..100 {
            let name = format!("other-{number}");
            let other = json!({"Name": name, "Check": {"TTL": "10m", "Status": "passing"}});
            server
                .put_json("/v1/agent/service/register", &other)
                .must_be_empty();
        }
        // A late caller sees the change all the same; the figure is about those who wait.
        thread::sleep(Duration::from_secs(2));
        let early = watchers.iter().any(|watcher| watcher.is_finished());
        assert!(!early, "woken by what is not theirs");
        let changed = Instant::now();
        server
            .put("/v1/agent/check/fail/service:watched", "")
            .must_be_empty();
        ends = watchers.into_iter().map(|w| w.join().unwrap()).collect();
        changed
    });
    let mut times: Vec<_> = ends.iter().map(|end| end.duration_since(changed)).collect();
    times.sort_unstable();
    println!(
        "{who}: {WATCHERS} watchers woken by one change: median {:.0?}, worst {:.0?}",
        times[WATCHERS / 2],
        times[WATCHERS - 1]
    );
}

/// Registers `each` instances of each name, asks, watches; returns the most memory.
fn load(who: &str, server: &Server, each: usize) -> usize {
    let (empty, _) = server.memory();
    register_all(who, server, each);
    let (full, _) = server.memory();
    query(who, server, each);
    watch(who, server);
    let (_, most) = server.memory();
    println!("{who}: memory {empty} MiB empty, {full} MiB with all, {most} MiB at most");
    most
}

/// One after the other: two at once would measure each other.
#[test]
fn ten_thousand_registrations_and_a_thousand_watchers_beside_the_real_consul() {
    allow_many_files();
    let agent = side::agent(None, None).unwrap();
    // For the comparison below, in the same run.
    load("the agent", &agent, 100);
    drop(agent);
    let agent = side::agent(None, None).unwrap();
    let most = load("the agent", &agent, 1000);
    assert!(most <= BOUND, "the agent had {most} MiB");
    drop(agent);
    let real = side::real_for_a_crowd(None, None).unwrap();
    // With a tenth: it compares all it has with the catalog after each registration, and 10,000 on one
    // agent take it more than a minute. No program registers as many with one.
    load("Consul 1.8.7", &real, 100);
}
