//! Calls over real sockets: many at once, in any order, failed, cancelled, lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use l01_tcp::frame;
use l02_rpc::client::{CallError, Client};
use l02_rpc::message::{self, Failure, Reply, Request};
use l02_rpc::server::Settings;
use l02_rpc::service::{Service, Services};
use testkit::PATIENCE;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use crate::running::{Server, greeter, in_time};

/// Waits until `done` holds, and fails with `what` if that takes too long.
async fn soon(what: &str, done: impl Fn() -> bool) {
    let since = Instant::now();
    while !done() {
        assert!(since.elapsed() < 10 * PATIENCE, "{what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn request(id: u64, method: &str, argument: &impl serde::Serialize) -> Vec<u8> {
    let argument = message::encode(argument).unwrap();
    let request = Request {
        id,
        method,
        argument: &argument,
    };
    let body = message::encode(&request).unwrap();
    frame::encode(&body, frame::LIMIT).unwrap()
}

#[tokio::test]
async fn the_facts_of_the_course() {
    let server = Server::start(greeter(), Settings::default()).await;
    let client = server.client().await;
    let greeting = client.call::<String>("hello.HelloWorld", &"wire").await;
    assert_eq!(greeting, Ok("wire hello world".to_string()));
    let greeting = client.call::<String>("hello.HelloWorld", &"你好").await;
    assert_eq!(greeting, Ok("你好 hello world".to_string()));
    assert_eq!(client.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
}

// The server collects all calls and then releases them one by one, the last one first.
#[tokio::test]
async fn a_thousand_calls_in_flight_answered_backwards() {
    const CALLS: u64 = 1000;
    let arrived = Arc::new(Semaphore::new(0));
    let released: Arc<Vec<Notify>> = Arc::new((0..=CALLS).map(|_| Notify::new()).collect());
    let service = Service::new("order").method("Wait", {
        let (arrived, released) = (Arc::clone(&arrived), Arc::clone(&released));
        move |number: u64| {
            let (arrived, released) = (Arc::clone(&arrived), Arc::clone(&released));
            async move {
                arrived.add_permits(1);
                let at = usize::try_from(number).map_err(|error| error.to_string())?;
                released[at].notified().await;
                // Only when this one is done may the one before it go on.
                if at > 0 {
                    released[at - 1].notify_one();
                }
                Ok(number * 2)
            }
        }
    });
    let mut services = Services::new();
    services.register(service).unwrap();
    let server = Server::start(services, Settings::default()).await;
    let client = server.client().await;
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.call::<u64>("order.Wait", &number).await })
        })
        .collect();
    let all = u32::try_from(CALLS).unwrap();
    let all_there = arrived.acquire_many(all);
    let _all = in_time(all_there).await.unwrap();
    assert_eq!(client.in_flight(), 1000);
    released[999].notify_one();
    for (number, call) in (0..).zip(calls) {
        assert_eq!(in_time(call).await.unwrap(), Ok(number * 2));
    }
    assert_eq!(client.in_flight(), 0);
}

#[tokio::test]
async fn a_slow_call_delays_no_other() {
    let server = Server::start(greeter(), Settings::default()).await;
    let client = server.client().await;
    let slow = client.call::<String>("hello.HelloLater", &("slow", 300u64));
    let fast = async {
        let since = Instant::now();
        for _ in 0..10 {
            client.call::<u32>("Panda.GetInfo", &100u32).await.unwrap();
        }
        since.elapsed()
    };
    let (slow, fast) = tokio::join!(slow, fast);
    assert_eq!(slow, Ok("slow hello world".to_string()));
    assert!(fast < Duration::from_millis(300), "{fast:?}");
}

#[tokio::test]
async fn every_failure_is_one_failed_call() {
    let server = Server::start(greeter(), Settings::default()).await;
    let client = server.client().await;
    for (method, failure) in [
        (
            "Panda.GetInfo",
            Failure::Failed("there is no panda 0".into()),
        ),
        ("Panda.Nope", Failure::NoMethod("Panda.Nope".into())),
        ("panda.GetInfo", Failure::NoService("panda.GetInfo".into())),
        ("nothing", Failure::NoService("nothing".into())),
        ("hello.HelloWorld", Failure::Failed(String::new())),
        (
            "hello.HelloLater",
            Failure::BadArgument("hello.HelloLater".into()),
        ),
        ("Panda.Wake", Failure::BadArgument("Panda.Wake".into())),
    ] {
        let called = client.call::<String>(method, &0u32).await;
        match method {
            // One zero byte is an empty text as well: the bytes do not contain the type.
            "hello.HelloWorld" => assert_eq!(called, Ok(" hello world".to_string())),
            _ => assert_eq!(called, Err(CallError::Server(failure)), "{method}"),
        }
    }
    let panicked = client.call::<u32>("Panda.Wake", &()).await;
    assert_eq!(panicked, Err(CallError::Server(Failure::Panicked)));
    let wrong = client
        .call::<(u64, u64, String)>("Panda.GetInfo", &7u32)
        .await;
    assert_eq!(wrong, Err(CallError::Value));
    // The connection has seen all of that and still works, and so does the server.
    assert_eq!(client.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
    let other = server.client().await;
    assert_eq!(other.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
}

#[tokio::test]
async fn a_failed_method_sends_an_error_and_no_value() {
    let server = Server::start(greeter(), Settings::default()).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let bytes = request(3, "Panda.GetInfo", &0u32);
    stream.write_all(&bytes).await.unwrap();
    let body = frame::read_async(&mut stream, 1024).await.unwrap().unwrap();
    assert_eq!(body, b"\x03\x01\x00\x13there is no panda 0");
}

#[tokio::test]
async fn a_lost_connection_fails_every_call_at_once() {
    let server = Server::start(greeter(), Settings::default()).await;
    let client = server.client().await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let call = client.call::<String>("hello.HelloLater", &("x", 9000u64));
                (call.await, Instant::now())
            })
        })
        .collect();
    soon("100 calls are pending", || client.in_flight() == 100).await;
    let since = Instant::now();
    server.stop().await;
    for call in calls {
        let (outcome, when) = in_time(call).await.unwrap();
        assert!(matches!(outcome, Err(CallError::Lost(_))), "{outcome:?}");
        assert!(when.duration_since(since) < PATIENCE);
    }
    assert_eq!(client.in_flight(), 0);
    let later = in_time(client.call::<String>("hello.HelloWorld", &"x")).await;
    assert!(matches!(later, Err(CallError::Lost(_))), "{later:?}");
}

#[tokio::test]
async fn a_cancelled_call_leaves_nothing_behind() {
    let server = Server::start(greeter(), Settings::default()).await;
    let client = server.client().await;
    for _ in 0..50 {
        let limit = Duration::from_millis(2);
        let call = client.call_within::<String>(limit, "hello.HelloLater", &("x", 60u64));
        assert_eq!(call.await, Err(CallError::Timeout));
        assert_eq!(client.in_flight(), 0);
    }
    // Their late replies come between the next ones, and are discarded.
    for number in 1..200u32 {
        let called = client.call::<u32>("Panda.GetInfo", &number).await;
        assert_eq!(called, Ok(number * 2));
    }
}

#[tokio::test]
async fn a_reply_without_a_call_is_ignored() {
    let (near, far) = tokio::io::duplex(1024);
    let (from, to) = tokio::io::split(near);
    let client = Client::over(from, to, Settings::default());
    let (mut far_from, mut far_to) = tokio::io::split(far);
    let server = async {
        frame::read_async(&mut far_from, 1024)
            .await
            .unwrap()
            .unwrap();
        for id in [77, 0, 1, 1] {
            let body = message::encode(&Reply {
                id,
                outcome: Ok(&[9]),
            });
            frame::write_async(&mut far_to, &body.unwrap(), 1024)
                .await
                .unwrap();
        }
    };
    let (called, ()) = tokio::join!(in_time(client.call::<u32>("a.B", &())), server);
    assert_eq!(called, Ok(9));
}

#[tokio::test]
async fn the_limit_of_calls_in_flight_holds_on_both_sides() {
    let settings = Settings {
        max_in_flight: 4,
        ..Settings::default()
    };
    let server = Server::start(greeter(), settings).await;
    // The client keeps to the limit: never more than four entries in its table.
    let client = Client::connect(server.addr, settings).await.unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                client
                    .call::<String>("hello.HelloLater", &("x", 5u64))
                    .await
            })
        })
        .collect();
    for call in calls {
        assert!(client.in_flight() <= 4);
        in_time(call).await.unwrap().unwrap();
    }
    // A client without that limit: the server reads no more than four, and loses none.
    let since = Instant::now();
    let client = server.client().await;
    let call = || client.call::<String>("hello.HelloLater", &("x", 100u64));
    let (a, b, c, d, e) = tokio::join!(call(), call(), call(), call(), call());
    assert!([a, b, c, d, e].iter().all(Result::is_ok));
    assert!(since.elapsed() >= Duration::from_millis(200));
}

#[tokio::test]
async fn frames_have_a_limit_in_both_directions() {
    let service = Service::new("size").method("Make", |size: u64| async move {
        usize::try_from(size)
            .map(|size| "x".repeat(size))
            .map_err(|error| error.to_string())
    });
    let mut services = Services::new();
    services.register(service).unwrap();
    let settings = Settings {
        max_frame: 1000,
        ..Settings::default()
    };
    let server = Server::start(services, settings).await;
    let client = server.client().await;
    let made = client.call::<String>("size.Make", &900u64).await.unwrap();
    assert_eq!(made.len(), 900);
    let made = client.call::<String>("size.Make", &1000u64).await;
    assert_eq!(made, Err(CallError::Server(Failure::ReplyTooLong)));
    assert!(client.call::<String>("size.Make", &1u64).await.is_ok());

    let strict = Client::connect(server.addr, settings).await.unwrap();
    let refused = strict.call::<String>("size.Make", &"x".repeat(1000)).await;
    assert!(
        matches!(refused, Err(CallError::Argument(_))),
        "{refused:?}"
    );
    assert_eq!(strict.in_flight(), 0);
    assert!(strict.call::<String>("size.Make", &1u64).await.is_ok());

    // A frame over the limit ends the connection, and no memory was reserved for it.
    let lost = client.call::<String>("size.Make", &"x".repeat(1000)).await;
    assert!(matches!(lost, Err(CallError::Lost(_))), "{lost:?}");
}

#[tokio::test]
async fn half_close_still_gets_every_answer() {
    let server = Server::start(greeter(), Settings::default()).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    for id in 1..=3 {
        let bytes = request(id, "hello.HelloLater", &("x", 30u64));
        stream.write_all(&bytes).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    for _ in 0..3 {
        let frame = in_time(frame::read_async(&mut stream, 1024)).await;
        assert!(frame.unwrap().is_some());
    }
    let end = in_time(frame::read_async(&mut stream, 1024)).await;
    assert!(end.unwrap().is_none());
}

#[tokio::test]
async fn a_frame_has_a_deadline_and_silence_has_none() {
    let settings = Settings {
        frame_timeout: Duration::from_millis(100),
        ..Settings::default()
    };
    let server = Server::start(greeter(), settings).await;
    let client = server.client().await;
    let mut slow = TcpStream::connect(server.addr).await.unwrap();
    slow.write_all(&request(1, "Panda.GetInfo", &1u32)[..5])
        .await
        .unwrap();
    let end = in_time(frame::read_async(&mut slow, 1024)).await;
    assert!(!matches!(end, Ok(Some(_))), "{end:?}");
    // This client was silent for longer, but it has not begun a frame.
    assert_eq!(client.call::<u32>("Panda.GetInfo", &100u32).await, Ok(200));
}

#[tokio::test]
async fn a_client_that_reads_nothing_is_dropped() {
    let settings = Settings {
        frame_timeout: Duration::from_millis(100),
        ..Settings::default()
    };
    let big = Service::new("big").method("Make", |(): ()| async { Ok("x".repeat(60_000)) });
    let mut services = Services::new();
    services.register(big).unwrap();
    let server = Server::start(services, settings).await;
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    let call = request(1, "big.Make", &());
    let asked = async {
        // 60 MB of replies are not read: the server stops reading, and closes the connection.
        loop {
            if stream.write_all(&call).await.is_err() {
                return;
            }
        }
    };
    in_time(asked).await;
    let good = server.client().await;
    assert!(good.call::<String>("big.Make", &()).await.is_ok());
}

#[tokio::test]
async fn the_last_clone_ends_the_connection() {
    let settings = Settings {
        max_connections: 1,
        ..Settings::default()
    };
    let server = Server::start(greeter(), settings).await;
    let client = server.client().await;
    assert_eq!(client.call::<u32>("Panda.GetInfo", &1u32).await, Ok(2));
    let other = server.client().await;
    let full = in_time(other.call::<u32>("Panda.GetInfo", &1u32)).await;
    assert!(matches!(full, Err(CallError::Lost(_))), "{full:?}");
    drop((client, other));
    let since = Instant::now();
    loop {
        let next = server.client().await;
        if next.call::<u32>("Panda.GetInfo", &1u32).await == Ok(2) {
            break;
        }
        assert!(since.elapsed() < 10 * PATIENCE, "the permit is never free");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
