//! Blocking queries: `?index=N&wait=T` answers when something has changed since N, or when the time
//! is over. No case counts on how fast that is, only on the order of things.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::common::*;
use crate::support::{Answer, Http};

/// Longer than any of these tests: what comes before was woken.
const LONG: &str = "wait=50s";

fn put(http: &Http, key: &str, value: &str) {
    let answer = http.put(&format!("/v1/kv/{key}"), value);
    assert_eq!(answer.ok_json(), json!(true));
}

/// The path with an index to wait from.
fn from(path: &str, index: u64, wait: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("{path}{joint}index={index}&{wait}")
}

/// Asks for `path`, waits in blocking queries until `change` has been made, and returns the answers
/// before and after. Fails if the answer changes before the change, or its index stands still.
#[track_caller]
fn woken_by(http: &Http, path: &str, change: impl FnOnce()) -> (Answer, Answer) {
    let before = http.get(path);
    let since = Instant::now();
    let after = thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut index = before.index();
            loop {
                let answer = http.get(&from(path, index, LONG));
                assert!(answer.index() > index, "the index stands still: {answer}");
                if (answer.status, &answer.body) != (before.status, &before.body) {
                    return answer;
                }
                // What is not there has no index of its own: others may wake a caller that waits for it.
                index = answer.index();
            }
        });
        thread::sleep(Duration::from_millis(200));
        assert!(!watch.is_finished(), "it returned before anything changed");
        change();
        watch.join().expect("an answer with a higher index")
    });
    assert!(
        since.elapsed() < Duration::from_secs(45),
        "the change woke no caller"
    );
    (before, after)
}

/// Waits a second for `path` while others change; the answer must be the one from before.
#[track_caller]
fn sleeps_through(http: &Http, path: &str, change: impl FnOnce()) {
    let before = http.get(path);
    let query = from(path, before.index(), "wait=1s");
    let since = Instant::now();
    let after = thread::scope(|scope| {
        let watch = scope.spawn(|| http.get(&query));
        thread::sleep(Duration::from_millis(200));
        change();
        watch.join().expect("an answer")
    });
    assert!(since.elapsed() >= Duration::from_millis(990), "woken");
    assert_eq!(after.index(), before.index());
    assert_eq!(after.body, before.body);
    assert_eq!(after.status, before.status);
}

cases! {
    fn a_changed_key_wakes(http: &Http) {
        put(http, "watch/key", "old");
        let (_, after) = woken_by(http, "/v1/kv/watch/key?raw", || {
            put(http, "watch/key", "new");
        });
        assert_eq!(after.text(), "new");
    }

    fn a_created_key_wakes(http: &Http) {
        let (before, after) = woken_by(http, "/v1/kv/watch/created", || {
            put(http, "watch/created", "1");
        });
        before.must_be(404);
        after.must_be(200);
    }

    fn a_deleted_key_wakes(http: &Http) {
        put(http, "watch/deleted", "1");
        let (before, after) = woken_by(http, "/v1/kv/watch/deleted", || {
            http.delete("/v1/kv/watch/deleted").must_be(200);
        });
        before.must_be(200);
        after.must_be(404);
    }

    fn a_change_below_wakes_recurse_and_keys(http: &Http) {
        put(http, "watch-tree/a", "1");
        let (_, after) = woken_by(http, "/v1/kv/watch-tree/?recurse", || {
            put(http, "watch-tree/b", "1");
        });
        assert_eq!(after.ok_json().as_array().map(Vec::len), Some(2));
        let (_, after) = woken_by(http, "/v1/kv/watch-tree/?keys", || {
            put(http, "watch-tree/c", "1");
        });
        assert_eq!(after.ok_json().as_array().map(Vec::len), Some(3));
    }

    fn a_deletion_below_wakes_recurse(http: &Http) {
        put(http, "watch-felled/a", "1");
        put(http, "watch-felled/b", "1");
        let (_, after) = woken_by(http, "/v1/kv/watch-felled/?recurse", || {
            http.delete("/v1/kv/watch-felled/a").must_be(200);
        });
        assert_eq!(after.ok_json().as_array().map(Vec::len), Some(1));
        let (_, after) = woken_by(http, "/v1/kv/watch-felled/?recurse", || {
            http.delete("/v1/kv/watch-felled/?recurse").must_be(200);
        });
        after.must_be(404);
    }

    fn the_first_instance_of_a_name_wakes(http: &Http) {
        let (before, after) = woken_by(http, "/v1/health/service/watch-first", || {
            register(http, json!({"Name": "watch-first"}));
        });
        assert_eq!(before.ok_json(), json!([]));
        assert_eq!(after.ok_json()[0]["Service"]["ID"], "watch-first");
    }

    fn one_more_instance_wakes(http: &Http) {
        register(http, json!({"ID": "watch-more-1", "Name": "watch-more"}));
        soon_instances(http, "watch-more", 1);
        let (_, after) = woken_by(http, "/v1/health/service/watch-more?passing", || {
            register(http, json!({"ID": "watch-more-2", "Name": "watch-more"}));
        });
        assert_eq!(after.ok_json().as_array().map(Vec::len), Some(2));
    }

    fn a_deregistered_instance_wakes(http: &Http) {
        for id in ["watch-less-1", "watch-less-2"] {
            register(http, json!({"ID": id, "Name": "watch-less"}));
        }
        soon_instances(http, "watch-less", 2);
        let path = "/v1/health/service/watch-less";
        let (_, after) = woken_by(http, path, || deregister(http, "watch-less-1"));
        assert_eq!(after.ok_json().as_array().map(Vec::len), Some(1));
        let (_, after) = woken_by(http, path, || deregister(http, "watch-less-2"));
        assert_eq!(after.ok_json(), json!([]), "the last one as well");
    }

    fn a_check_that_turns_wakes(http: &Http) {
        with_ttl(http, "watch-check", "passing");
        soon_passing(http, "watch-check", 1);
        let (_, after) = woken_by(http, "/v1/health/service/watch-check?passing", || {
            report(http, "fail", "watch-check");
        });
        assert_eq!(after.ok_json(), json!([]));
        let (_, after) = woken_by(http, "/v1/health/checks/watch-check", || {
            report(http, "warn", "watch-check");
        });
        assert_eq!(after.ok_json()[0]["Status"], "warning");
    }

    fn a_new_name_wakes_the_list_of_names(http: &Http) {
        let path = "/v1/catalog/services";
        // Others register as well; the one of this case comes sooner or later.
        let mut index = http.get(path).index();
        register(http, json!({"Name": "watch-names"}));
        let since = Instant::now();
        loop {
            let answer = http.get(&from(path, index, LONG));
            if answer.ok_json().get("watch-names").is_some() {
                return;
            }
            assert!(answer.index() > index, "woken for nothing");
            index = answer.index();
            assert!(since.elapsed() < Duration::from_secs(45));
        }
    }

    fn a_changed_instance_wakes_the_catalog(http: &Http) {
        register(http, json!({"Name": "watch-port", "Port": 1}));
        soon_instances(http, "watch-port", 1);
        let (_, after) = woken_by(http, "/v1/catalog/service/watch-port", || {
            register(http, json!({"Name": "watch-port", "Port": 2}));
        });
        assert_eq!(after.ok_json()[0]["ServicePort"], 2);
    }

    fn without_a_change_it_ends_in_time_and_says_the_same(http: &Http) {
        put(http, "watch/quiet", "1");
        sleeps_through(http, "/v1/kv/watch/quiet", || {});
        register(http, json!({"Name": "watch-quiet"}));
        soon_instances(http, "watch-quiet", 1);
        sleeps_through(http, "/v1/health/service/watch-quiet", || {});
    }

    fn other_keys_wake_no_caller(http: &Http) {
        put(http, "watch-other/a", "1");
        sleeps_through(http, "/v1/kv/watch-other/a", || {
            put(http, "watch-other/b", "1");
            put(http, "watch-other/a/below", "1");
        });
    }

    fn the_same_value_again_wakes_no_caller(http: &Http) {
        put(http, "watch/same", "1");
        sleeps_through(http, "/v1/kv/watch/same", || put(http, "watch/same", "1"));
    }

    fn other_services_wake_no_caller(http: &Http) {
        with_ttl(http, "watch-calm", "passing");
        soon_instances(http, "watch-calm", 1);
        sleeps_through(http, "/v1/health/service/watch-calm", || {
            register(http, json!({"Name": "watch-loud"}));
        });
    }

    fn the_same_registration_again_wakes_no_caller(http: &Http) {
        let service = json!({"Name": "watch-repeat", "Port": 9});
        register(http, service.clone());
        soon_instances(http, "watch-repeat", 1);
        sleeps_through(http, "/v1/health/service/watch-repeat", || {
            register(http, service);
        });
    }

    fn the_same_result_again_wakes_no_caller(http: &Http) {
        with_ttl(http, "watch-steady", "critical");
        let pass = || report(http, "pass", "watch-steady");
        pass();
        soon_passing(http, "watch-steady", 1);
        sleeps_through(http, "/v1/health/service/watch-steady", pass);
    }

    fn a_check_of_the_node_wakes_the_callers_of_all_its_services(http: &Http) {
        let http = &http.alone(None, None);
        for name in ["near", "far"] {
            register(http, json!({"Name": name}));
            soon_instances(http, name, 1);
            let path = format!("/v1/health/service/{name}");
            let (_, after) = woken_by(http, &path, || {
                let disk = json!({"Name": format!("disk of {name}"), "TTL": "10m"});
                http.put_json("/v1/agent/check/register", &disk).must_be_empty();
            });
            let checks = after.ok_json()[0]["Checks"].clone();
            assert!(checks.to_string().contains(&format!("disk of {name}")), "{checks}");
        }
    }

    fn a_query_with_an_old_index_returns_at_once(http: &Http) {
        put(http, "watch/past", "1");
        let now = http.get("/v1/kv/watch/past").index();
        let since = Instant::now();
        for index in [0, 1, now - 1] {
            let answer = http.get(&from("/v1/kv/watch/past", index, LONG));
            assert_eq!(answer.index(), now);
        }
        assert!(since.elapsed() < Duration::from_secs(40), "it waited");
    }

    fn an_index_from_the_future_waits_and_learns_the_real_one(http: &Http) {
        put(http, "watch/future", "1");
        let now = http.get("/v1/kv/watch/future").index();
        let since = Instant::now();
        let answer = http.get(&from("/v1/kv/watch/future", now + 1_000_000, "wait=1s"));
        assert!(since.elapsed() >= Duration::from_millis(990));
        assert_eq!(answer.index(), now, "a client notices that the index fell");
    }

    fn every_change_has_an_index_of_its_own(http: &Http) {
        put(http, "watch/steps", "0");
        let mut last = http.get("/v1/kv/watch/steps").index();
        for step in 1..=20 {
            put(http, "watch/steps", &step.to_string());
            let answer = http.get(&from("/v1/kv/watch/steps?raw", last, LONG));
            assert!(answer.index() > last);
            assert_eq!(answer.text(), step.to_string());
            last = answer.index();
        }
        for step in 1..=10 {
            let path = "/v1/health/service/watch-steps";
            let before = http.get(path).index();
            register(http, json!({"Name": "watch-steps", "Port": step}));
            let after = http.get(&from(path, before, LONG));
            assert!(after.index() > before);
            assert_eq!(after.ok_json()[0]["Service"]["Port"], step);
        }
    }

    fn a_follower_misses_no_end_state(http: &Http) {
        // Changes that come faster than the follower asks may be joined, but the last is always seen.
        put(http, "watch/fast", "0");
        thread::scope(|scope| {
            scope.spawn(|| (1..=50).for_each(|n: u32| put(http, "watch/fast", &n.to_string())));
            let mut index = 0;
            let mut seen = 0;
            while seen < 50 {
                let answer = http.get(&from("/v1/kv/watch/fast?raw", index, LONG));
                assert!(answer.index() > index, "stuck at {seen}");
                let now: u32 = answer.text().parse().expect("a number");
                assert!(now >= seen, "time goes forward");
                (index, seen) = (answer.index(), now);
            }
        });
    }

    fn many_watchers_are_woken_by_one_change(http: &Http) {
        with_ttl(http, "watch-crowd", "passing");
        soon_passing(http, "watch-crowd", 1);
        let path = "/v1/health/service/watch-crowd?passing";
        let before = http.get(path).index();
        let query = from(path, before, LONG);
        thread::scope(|scope| {
            let watchers: Vec<_> = (0..100).map(|_| scope.spawn(|| http.get(&query))).collect();
            thread::sleep(Duration::from_millis(300));
            assert!(!watchers.iter().any(|watcher| watcher.is_finished()));
            report(http, "fail", "watch-crowd");
            for watcher in watchers {
                let answer = watcher.join().expect("an answer");
                assert_eq!(answer.ok_json(), json!([]), "the new state, for each caller");
                assert!(answer.index() > before);
            }
        });
    }

    fn watchers_of_many_things_are_woken_each_by_its_own(http: &Http) {
        let key = |n: usize| format!("watch-each/{n}");
        (0..20).for_each(|n| put(http, &key(n), "old"));
        thread::scope(|scope| {
            let watchers: Vec<_> = (0..20)
                .map(|n| {
                    let path = format!("/v1/kv/{}?raw", key(n));
                    let query = from(&path, http.get(&path).index(), LONG);
                    scope.spawn(move || http.get(&query))
                })
                .collect();
            (0..20).rev().for_each(|n| put(http, &key(n), &format!("new {n}")));
            for (n, watcher) in watchers.into_iter().enumerate() {
                assert_eq!(watcher.join().expect("an answer").text(), format!("new {n}"));
            }
        });
    }

    fn waits_end_a_little_apart(http: &Http) {
        // Up to a sixteenth is added by chance, so that a crowd does not come back in one moment.
        put(http, "watch/jitter", "1");
        let index = http.get("/v1/kv/watch/jitter").index();
        let query = from("/v1/kv/watch/jitter", index, "wait=1600ms");
        let ends = || -> Vec<Duration> {
            thread::scope(|scope| {
                let wait = || {
                    let since = Instant::now();
                    http.get(&query).must_be(200);
                    since.elapsed()
                };
                let waiters: Vec<_> = (0..24).map(|_| scope.spawn(wait)).collect();
                let ends = waiters.into_iter().map(|w| w.join().expect("a time"));
                ends.collect()
            })
        };
        // A machine that stands still for a moment ends all waits at once; not three times in a row.
        let apart = (0..3).any(|_| {
            let ends = ends();
            let first = *ends.iter().min().unwrap();
            let last = *ends.iter().max().unwrap();
            assert!(first >= Duration::from_millis(1590), "{first:?}");
            last - first > Duration::from_millis(20)
        });
        assert!(apart, "24 waits ended within 20 ms, three times");
    }

    fn an_index_or_a_wait_that_is_none_is_refused(http: &Http) {
        for path in [
            "/v1/kv/watch/bad",
            "/v1/health/service/watch-bad",
            "/v1/catalog/services",
        ] {
            for (query, words) in [
                ("index=abc", "Invalid index"),
                ("index=-1", "Invalid index"),
                ("index=1.5", "Invalid index"),
                ("index=1&wait=abc", "Invalid wait time"),
                ("index=1&wait=10", "Invalid wait time"),
                ("wait=10", "Invalid wait time"),
            ] {
                http.get(&format!("{path}?{query}")).must_refuse(400, words);
            }
        }
    }

    fn a_wait_may_have_parts_and_units(http: &Http) {
        put(http, "watch/units", "1");
        for wait in ["500ms", "0.5s", "0m0.5s", "500000us"] {
            let index = http.get("/v1/kv/watch/units").index();
            let since = Instant::now();
            http.get(&from("/v1/kv/watch/units", index, &format!("wait={wait}")))
                .must_be(200);
            assert!(since.elapsed() >= Duration::from_millis(490), "{wait}");
            assert!(since.elapsed() < Duration::from_secs(30), "{wait}");
        }
    }

    fn a_watcher_that_leaves_harms_no_other(http: &Http) {
        use std::io::Write;
        put(http, "watch/left", "1");
        let index = http.get("/v1/kv/watch/left").index();
        for _ in 0..20 {
            let mut stream = std::net::TcpStream::connect(http.addr).unwrap();
            let query = from("/v1/kv/watch/left", index, LONG);
            write!(stream, "GET {query} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        }
        let (_, after) = woken_by(http, "/v1/kv/watch/left?raw", || {
            put(http, "watch/left", "2");
        });
        assert_eq!(after.text(), "2");
    }

    fn a_service_of_the_agent_can_be_watched_by_its_hash(http: &Http) {
        register(http, json!({"Name": "watch-hash", "Port": 1}));
        let path = "/v1/agent/service/watch-hash";
        let before = http.get(path).ok_json()["ContentHash"].clone();
        let query = format!("{path}?hash={}&{LONG}", before.as_str().unwrap());
        let since = Instant::now();
        let after = thread::scope(|scope| {
            let watch = scope.spawn(|| http.get(&query));
            thread::sleep(Duration::from_millis(200));
            assert!(!watch.is_finished(), "it returned before anything changed");
            register(http, json!({"Name": "watch-hash", "Port": 2}));
            watch.join().expect("an answer")
        });
        assert!(since.elapsed() < Duration::from_secs(45), "no caller was woken");
        assert_eq!(after.ok_json()["Port"], 2);
        assert_ne!(after.ok_json()["ContentHash"], before);
    }
}
