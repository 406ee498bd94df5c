//! The command line: the demo, two terminals, and its error messages.

use std::time::Duration;

use crate::support::L06;
use testkit::program::{PATIENCE, is_gone, typed};

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    let out = L06.tells(
        &[],
        &[
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
        ],
    );
    is_gone(&out, "That is process ");
}

#[test]
fn two_terminals_with_every_method() {
    let server = L06.server(&[]);
    let addr = server.addr.to_string();
    for (method, name, said) in [
        ("greeter", "wire", "hello wire\n"),
        ("hello", "wire", "你好,wire\n"),
        ("name", "你", "你的名字是：你\n"),
        ("teacher", "san", "sanchi, 20 years\n"),
        ("say", "zhang", "zhanghello\n"),
    ] {
        let out = L06.tells(&["client", "--addr", &addr, "--method", method, name], &[]);
        assert_eq!(out, said);
    }
    let (good, out, err) = L06.run(&["client", "--addr", &addr, "--gzip", "", "Ada"]);
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
    let server = L06.server(&typed("--token sesame --slow-ms 2000"));
    let client = format!("client --addr {} Ada", server.addr);
    let late = format!("{client} --token sesame --deadline-ms 600");
    L06.refuses_each(&[
        (&client, "Unauthenticated (16)"),
        (&late, "DeadlineExceeded (4)"),
    ]);
    server.program.says("work stopped");
}

#[test]
fn a_taken_port_is_a_clear_error() {
    L06.refuses_a_taken_port("l06-grpc", 8801, &[]);
}

#[test]
fn no_server_there_is_a_clear_error() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let args = typed("client --addr 127.0.0.1:1 --connect-ms 200 wire");
    let err = L06.refuses(&args, "no server answers at 127.0.0.1:1: ");
    assert!(err.contains("Is the server running?"), "{err}");
}

#[test]
fn help_helps_and_mistakes_point_to_it() {
    let words = [
        "-- server",
        "-- client",
        "-- measure",
        "--token",
        "--slow-ms",
        "lesson 10",
    ];
    L06.helps(&words);
    let token = ["client", "--token", "a\nb", "x", "--addr", "127.0.0.1:1"];
    L06.refuses(&token, "the token has characters");
    L06.refuses_each(&[
        ("sever", "there is no `sever`; `--help`"),
        ("client", "give at least one name"),
        ("client --method nope x", "there are greeter, hello"),
        ("server --addr 8800", "an address looks like 127.0.0.1:8800"),
        ("server now", "one word too many"),
        ("server --nope", "--nope"),
        ("mine", "cargo workbook peer 06"),
    ]);
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_soon_and_cleanly() {
    for signal in ["INT", "TERM"] {
        let mut server = L06.server(&[]);
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

    let mut server = L06.server(&[]);
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
