//! The binary as a person meets it: the demo, two terminals, and what it says when it cannot.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{l06_grpc, program};
use testkit::program::{PATIENCE, is_gone};

fn run(args: &[&str]) -> (bool, String, String) {
    testkit::program::run(l06_grpc(args))
}

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let (good, out, err) = run(&[]);
    assert!(good, "{out}\n{err}");
    for words in [
        "1. The greeting call",
        "OK  message: \"hello wire\"",
        "x-request-id: call-1",
        "x-took-us: ",
        "InvalidArgument (3): name: at least one character",
        "field `name`: at least one character",
        "DeadlineExceeded (4)",
        "server: work stopped after",
        "HelloService/SayName: Unauthenticated",
        "grpc.health.v1.Health/Check: Unauthenticated",
        "\"你的名字是：Ada\"",
        "connected: \"hello Ada\"",
        "the last one said: Connection refused",
        "Unavailable, after one attempt",
        "after more than one attempt",
        "100 replies after",
        "connections: 1;",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_with_every_method() {
    let server = program(&[]);
    let addr = server.addr.to_string();
    for (method, name, said) in [
        ("greeter", "wire", "hello wire\n"),
        ("hello", "wire", "你好,wire\n"),
        ("name", "你", "你的名字是：你\n"),
        ("teacher", "san", "sanchi, 20 years\n"),
        ("say", "zhang", "zhanghello\n"),
    ] {
        let (good, out, err) = run(&["client", "--addr", &addr, "--method", method, name]);
        assert!(good, "{err}");
        assert_eq!(out, said);
    }
    let (good, out, err) = run(&["client", "--addr", &addr, "--gzip", "", "Ada"]);
    assert!(!good);
    assert_eq!(out, "hello Ada\n", "the call after the failed one");
    assert!(
        err.contains("InvalidArgument (3): name: at least one character"),
        "{err}"
    );
    assert!(err.contains("1 of 2 calls failed"), "{err}");
}

#[test]
fn a_token_a_deadline_and_work_on_the_command_line() {
    let server = program(&["--token", "sesame", "--slow-ms", "2000"]);
    let addr = server.addr.to_string();
    let (_, _, err) = run(&["client", "--addr", &addr, "Ada"]);
    assert!(err.contains("Unauthenticated (16)"), "{err}");
    let args = [
        "client",
        "--addr",
        &addr,
        "--token",
        "sesame",
        "--deadline-ms",
        "600",
    ];
    let (_, _, err) = run(&[&args[..], &["Ada"]].concat());
    assert!(err.contains("DeadlineExceeded (4)"), "{err}");
    server.program.says("work stopped");
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, out, err) = run(&["server", "--addr", &addr]);
    assert!(!good);
    assert_eq!(out, "");
    assert!(
        err.contains(&format!("cannot listen on {addr}: another program")),
        "{err}"
    );
    assert!(err.contains("for example --addr "), "{err}");
}

#[test]
fn no_server_there_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let args = [
        "client",
        "--addr",
        "127.0.0.1:1",
        "--connect-ms",
        "200",
        "wire",
    ];
    let (good, _, err) = run(&args);
    assert!(!good);
    assert!(err.contains("no server answers at 127.0.0.1:1: "), "{err}");
    assert!(err.contains("Is the server running?"), "{err}");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let (good, out, _) = run(&["--help"]);
    assert!(good);
    for words in [
        "-- server",
        "-- client",
        "-- measure",
        "--token",
        "--slow-ms",
        "lesson 10",
    ] {
        assert!(out.contains(words), "{words:?} is missing in\n{out}");
    }
    assert!(out.lines().all(|line| line.chars().count() <= 100));
    for (args, words) in [
        (&["sever"][..], "there is no `sever`; `--help`"),
        (&["client"], "give at least one name"),
        (
            &["client", "--method", "nope", "x"],
            "there are greeter, hello",
        ),
        (
            &["server", "--addr", "8800"],
            "an address looks like 127.0.0.1:8800",
        ),
        (&["server", "now"], "one word too many"),
        (&["server", "--nope"], "--nope"),
        (
            &[
                "client",
                "--token",
                "a\nb",
                "x",
                "--addr",
                "127.0.0.1:1",
                "--connect-ms",
                "1",
            ],
            "the token has characters",
        ),
        (&["mine"], "cargo workbook peer 06"),
    ] {
        let (good, _, err) = run(args);
        assert!(!good);
        assert!(err.contains(words), "{args:?}: {err}");
    }
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_soon_and_cleanly() {
    for signal in ["INT", "TERM"] {
        let mut server = program(&[]);
        server.program.signal(signal);
        let status = server.program.ends(Duration::from_secs(5));
        assert!(status.success(), "{signal}: {status}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn who_watches_the_health_hears_of_the_end_before_it_comes() {
    use l06_grpc::client::{Client, Options};
    use tonic_health::pb::HealthCheckRequest;
    use tonic_health::pb::health_check_response::ServingStatus::{NotServing, Serving};
    use tonic_health::pb::health_client::HealthClient;

    let mut server = program(&[]);
    let client = Client::connect(server.addr, Options::default()).await;
    let mut health = HealthClient::new(client.unwrap().channel());
    let service = "greeter.v1.Greeter".to_string();
    let watch = health.watch(HealthCheckRequest { service }).await;
    let mut watch = watch.unwrap().into_inner();
    for expected in [Serving, NotServing] {
        let said = crate::support::within(watch.message())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(said.status(), expected);
        if expected == Serving {
            server.program.signal("TERM");
        }
    }
    // Not blocking here: the client's end of the connection runs on this thread.
    drop((watch, health));
    let ended = tokio::task::spawn_blocking(move || server.program.ends(PATIENCE));
    assert!(crate::support::within(ended).await.unwrap().success());
}
