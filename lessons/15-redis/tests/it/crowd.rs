//! Many at once: thousands of connections, and clients that want the same key in the same moment. With
//! `CROWD=9000 cargo test -p l15-redis --release --test crowd -- --nocapture` it is a larger one.

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use crate::support::{Line, Side, soon};
use l15_redis::resp::Value;
use rustix::process::{Resource, getrlimit, setrlimit};

/// Both ends of a connection are files of this process when the server is ours.
fn allow_many_files(connections: u64) {
    let mut limit = getrlimit(Resource::Nofile);
    let needed = connections * 2 + 200;
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(
        most >= needed,
        "the system allows {most} open files, and {needed} are needed: `ulimit -Hn`"
    );
    limit.current = limit.current.map(|now| now.max(needed));
    setrlimit(Resource::Nofile, limit).unwrap();
}

#[test]
fn thousands_are_connected_and_all_are_served() {
    let crowd = std::env::var("CROWD").map_or(2500, |text| text.parse().expect("a number"));
    allow_many_files(crowd as u64);
    for side in Side::to_test() {
        let redis = side.start();
        let since = Instant::now();
        let mut lines: Vec<Line> = (0..crowd).map(|_| redis.line()).collect();
        let connected = since.elapsed();
        for (number, line) in lines.iter_mut().enumerate() {
            line.send(format!("SET key:{number} {number}\r\nGET key:{number}\r\n").as_bytes());
        }
        for (number, line) in lines.iter_mut().enumerate() {
            assert_eq!(line.value(), Value::simple("OK"), "{side}");
            assert_eq!(line.value(), Value::bulk(number.to_string()), "{side}");
        }
        assert!(redis.info("connected_clients") >= crowd as u64, "{side}");
        println!(
            "{side}: {crowd} connected in {connected:?}, all answered twice after {:?}; this process \
             has had {} KiB",
            since.elapsed(),
            testkit::fuzz::peak_memory()
        );
        drop(lines);
        soon("all have left", || redis.info("connected_clients") == 1);
    }
}

/// Runs the same thing on many connections, begun together.
fn together<T: Send>(
    redis: &crate::support::Redis,
    count: usize,
    each: impl Fn(&mut Line) -> T + Sync,
) -> Vec<T> {
    let gate = Barrier::new(count);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    let mut line = redis.line();
                    gate.wait();
                    each(&mut line)
                })
            })
            .collect();
        threads.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn no_two_get_the_same_number() {
    for side in Side::to_test() {
        let redis = side.start();
        let numbers = together(&redis, 20, |line| {
            let numbers = (0..100).map(|_| line.says("INCR n"));
            numbers.collect::<Vec<_>>()
        });
        let mut numbers = numbers.concat();
        numbers.sort();
        numbers.dedup();
        assert_eq!(numbers.len(), 2000, "{side}");
        assert_eq!(redis.line().says("GET n"), "$4\r\n2000\r\n", "{side}");
    }
}

#[test]
fn one_gets_what_is_taken_away_and_one_is_the_first() {
    for side in Side::to_test() {
        let redis = side.start();
        for _ in 0..20 {
            redis.line().ask("SET once 1");
            let got = together(&redis, 20, |line| line.says("GETDEL once"));
            let winners = got.iter().filter(|answer| *answer == "$1\r\n1\r\n");
            assert_eq!(winners.count(), 1, "{side}");
            let got = together(&redis, 20, |line| line.says("SET lock 1 NX EX 100"));
            let winners = got.iter().filter(|answer| *answer == "+OK\r\n");
            assert_eq!(winners.count(), 1, "{side}");
            redis.line().ask("DEL lock");
        }
    }
}

/// The two halves of a transaction are never seen apart.
#[test]
fn transactions_do_not_mix() {
    for side in Side::to_test() {
        let redis = side.start();
        together(&redis, 8, |line| {
            for _ in 0..100 {
                line.send(b"MULTI\r\nINCR a\r\nINCR b\r\nMGET a b\r\nEXEC\r\n");
                for _ in 0..4 {
                    line.value();
                }
                let Value::Array(answers) = line.value() else {
                    panic!("EXEC answers with an array");
                };
                let Some(Value::Array(both)) = answers.get(2) else {
                    panic!("{answers:?}");
                };
                assert_eq!(both[0], both[1], "{side}");
            }
        });
    }
}

/// Every key that is there all the time is returned, while others come and go.
#[test]
fn a_scan_misses_no_key_that_stays() {
    for side in Side::to_test() {
        let redis = side.start();
        let mut line = redis.line();
        for number in 0..1000 {
            line.ask(&format!("SET stays:{number} 1"));
        }
        let mut other = redis.line();
        let (mut found, mut cursor, mut round) =
            (std::collections::BTreeSet::new(), String::from("0"), 0);
        loop {
            // The table grows and shrinks under the scan.
            for number in 0..200 {
                let verb = if round % 8 < 4 { "SET" } else { "DEL" };
                let value = if round % 8 < 4 { " 1" } else { "" };
                other.send(format!("{verb} comes:{}:{number}{value}\r\n", round % 4).as_bytes());
            }
            for _ in 0..200 {
                other.value();
            }
            round += 1;
            let Value::Array(answer) = line.ask(&format!("SCAN {cursor} COUNT 20")) else {
                panic!("SCAN answers with an array");
            };
            let [Value::Bulk(next), Value::Array(keys)] = &answer[..] else {
                panic!("{answer:?}");
            };
            let keys = keys.iter().map(|key| format!("{key:?}"));
            found.extend(keys.filter(|key| key.contains("stays:")));
            cursor = String::from_utf8(next.to_vec()).unwrap();
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(found.len(), 1000, "{side}");
        assert!(round > 20, "{side}: {round} rounds");
    }
}
