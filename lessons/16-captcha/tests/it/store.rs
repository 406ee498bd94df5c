//! Redis as the store of the captchas: the same on the real one and on the readable one of lesson 15.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use l15_redis::clock::Clock;
use l15_redis::server::{Config, Server};
use l16_captcha::rules::Store;
use l16_captcha::store::Redis;
use l16_captcha::store::Scoped;
use services::Side;
use services::redis::Setup;
use tokio::task::JoinSet;

/// More than anything here takes on a busy machine.
const LONG: Duration = Duration::from_secs(30);

fn store(addr: SocketAddr) -> Redis {
    Redis::new(addr).unwrap()
}

async fn started(side: Side) -> services::redis::Redis {
    Setup::of(side).start().await.unwrap()
}

#[tokio::test]
async fn each_step_is_what_it_says() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let store = store(redis.addr());
        assert_eq!(store.look("k").await, Ok(None), "{side}");
        assert_eq!(store.take("k").await, Ok(None), "{side}");
        store.keep("k", "one", 60).await.unwrap();
        store.keep("k", "two words", 60).await.unwrap();
        let two = Some("two words".to_string());
        assert_eq!(store.look("k").await, Ok(two.clone()), "{side}");
        // What is there stays, and comes back.
        assert_eq!(store.keep_new("k", "three", 60).await, Ok(two.clone()));
        assert_eq!(store.take("k").await, Ok(two), "{side}");
        assert_eq!(store.look("k").await, Ok(None), "{side}");
        assert_eq!(store.keep_new("k", "three", 60).await, Ok(None), "{side}");
        assert_eq!(store.look("k").await, Ok(Some("three".to_string())));
        for count in 1..=3 {
            assert_eq!(store.count("n", 60).await, Ok(count), "{side}");
        }
        let scoped = Scoped::new(&store, "corner");
        assert_eq!(scoped.count("n", 60).await, Ok(1), "{side}");
        assert_eq!(store.look("corner:n").await, Ok(Some("1".to_string())));
    }
}

#[tokio::test]
async fn everything_has_an_end() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let store = store(redis.addr());
        store.keep("kept", "x", 100).await.unwrap();
        store.keep_new("new", "x", 100).await.unwrap();
        store.count("count", 100).await.unwrap();
        store.count("count", 100).await.unwrap();
        let client = redis::Client::open(format!("redis://{}", redis.addr())).unwrap();
        let mut other = client.get_multiplexed_async_connection().await.unwrap();
        for key in ["kept", "new", "count"] {
            let left: i64 = redis::Cmd::ttl(key).query_async(&mut other).await.unwrap();
            assert!((50..=100).contains(&left), "{side}: {key} has {left} s");
        }
    }
}

#[tokio::test]
async fn a_window_begins_with_the_first_and_ends() {
    let clock = Clock::by_hand();
    let config = Config {
        clock: clock.clone(),
        ..Config::default()
    };
    let server = Server::start(config).await.unwrap();
    let store = store(server.address());
    assert_eq!(store.count("n", 60).await, Ok(1));
    clock.advance(Duration::from_secs(50));
    assert_eq!(store.count("n", 60).await, Ok(2));
    // 61 s after the first, and 11 after the second.
    clock.advance(Duration::from_secs(11));
    assert_eq!(store.count("n", 60).await, Ok(1));
    server.stop().await;
}

#[tokio::test]
async fn of_many_who_take_one_gets_it_and_no_count_is_lost() {
    for side in Side::to_test().unwrap() {
        let redis = started(side).await;
        let store = store(redis.addr());
        store.keep("k", "x", 60).await.unwrap();
        let mut all = JoinSet::new();
        for _ in 0..200 {
            let store = store.clone();
            all.spawn(async move {
                let taken = store.take("k").await.unwrap().is_some();
                let new = store.keep_new("new", "x", 60).await.unwrap().is_none();
                (taken, new, store.count("n", 60).await.unwrap())
            });
        }
        let all = all.join_all().await;
        assert_eq!(all.iter().filter(|one| one.0).count(), 1, "{side}");
        assert_eq!(all.iter().filter(|one| one.1).count(), 1, "{side}");
        let mut counts: Vec<u64> = all.iter().map(|one| one.2).collect();
        counts.sort_unstable();
        assert_eq!(counts, (1..=200).collect::<Vec<u64>>(), "{side}");
    }
}

#[tokio::test]
async fn a_redis_that_comes_later_is_used() {
    for side in Side::to_test().unwrap() {
        let mut redis = started(side).await;
        redis.kill().await;
        let log = stage::log::capture();
        // It is away when the store is made, and that is no reason not to start.
        let store = Redis::new(redis.addr()).unwrap();
        let since = Instant::now();
        for _ in 0..3 {
            store.look("k").await.unwrap_err();
        }
        assert!(since.elapsed() < LONG, "{side}: {:?}", since.elapsed());
        redis.start_again().await.unwrap();
        // The first one already: the client's old connections to a Redis that was away cost no answer.
        assert_eq!(store.look("k").await, Ok(None), "{side}");
        let said = log.lines();
        assert_eq!(said.len(), 2, "{said:?}");
        assert!(said[0].starts_with("redis: away: "), "{said:?}");
        assert_eq!(said[1], "redis: back");
    }
}

#[tokio::test]
async fn killed_and_back_between_two_commands() {
    for side in Side::to_test().unwrap() {
        let mut redis = started(side).await;
        let store = store(redis.addr());
        store.keep("k", "x", 60).await.unwrap();
        redis.kill().await;
        store.look("k").await.unwrap_err();
        redis.start_again().await.unwrap();
        // It has forgotten everything, as a cache may. One command may still meet the old connection.
        let since = Instant::now();
        let there = loop {
            match store.look("k").await {
                Ok(there) => break there,
                Err(away) => assert!(since.elapsed() < LONG, "{side}: {away}"),
            }
        };
        assert_eq!(there, None, "{side}");
    }
}

/// A server that answers the greeting of the client, and every command after it with `lie`: what came, by name.
async fn liar(listener: tokio::net::TcpListener, seen: Arc<Mutex<String>>, lie: &'static str) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    loop {
        let Ok((mut stream, _)) = listener.accept().await else {
            return;
        };
        let seen = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                let text = String::from_utf8_lossy(&buffer[..count]).to_uppercase();
                seen.lock().unwrap().push_str(&text);
                if text.contains("HELLO") {
                    let lines = text.matches("SETINFO").count();
                    let reply = format!("%1\r\n+server\r\n+silent\r\n{}", "+OK\r\n".repeat(lines));
                    if stream.write_all(reply.as_bytes()).await.is_err() {
                        return;
                    }
                } else if stream.write_all(lie.as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

#[tokio::test]
async fn what_hangs_is_away_and_nothing_is_sent_twice() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let store = store(listener.local_addr().unwrap());
    let seen: Arc<Mutex<String>> = Arc::default();
    tokio::spawn(liar(listener, Arc::clone(&seen), ""));
    let since = Instant::now();
    store.take("hanging").await.unwrap_err();
    store.count("counted", 60).await.unwrap_err();
    assert!(since.elapsed() < LONG, "{:?}", since.elapsed());
    let seen = seen.lock().unwrap().clone();
    for once in ["GETDEL", "HANGING", "INCR"] {
        assert_eq!(seen.matches(once).count(), 1, "{once} in {seen:?}");
    }
}

/// A store that answers with a number or a status, where only `SET` can have written.
#[tokio::test]
async fn a_lying_store_is_away() {
    for (lie, value) in [
        (":1\r\n", Err(())),
        ("+1\r\n", Err(())),
        ("#t\r\n", Err(())),
        ("$1\r\n1\r\n", Ok(Some("1".to_string()))),
        ("_\r\n", Ok(None)),
    ] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let store = store(listener.local_addr().unwrap());
        tokio::spawn(liar(listener, Arc::default(), lie));
        let seen = store.look("passed:ada").await.map_err(|_| ());
        assert_eq!(seen, value, "{lie:?}");
        let seen = store
            .keep_new("picture", "12 3456", 60)
            .await
            .map_err(|_| ());
        assert_eq!(seen, value, "{lie:?}");
    }
}
