//! The command line: two signals, a second Ctrl-C, error messages.

use std::time::Duration;

use services::Side;
use services::testkit::program::{Binary, PATIENCE, Program, has_all, output};

const L11: Binary = Binary(env!("CARGO_BIN_EXE_l11-deregister"));

/// A server at a free port, registered.
fn registered(consul: &str, options: &[&str]) -> Program {
    let mut arguments = vec!["server", "--addr", "127.0.0.1:0", "--consul", consul];
    arguments.extend(options);
    let server = Program::start(L11.command(&arguments));
    server.says("listening on ");
    server.says("registered: greeter-127.0.0.1-");
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_signals_shut_it_down_gracefully() {
    let (consul, _) = crate::support::consul(Side::Embedded).await;
    let addr = consul.addr().to_string();
    for signal in ["INT", "TERM"] {
        let mut server = registered(&addr, &["--notice-ms", "50"]);
        server.signal(signal);
        for words in [
            "leaving: at most",
            "NOT_SERVING; calls are answered",
            "deregistered",
            "the notice is over",
            "all calls are finished",
        ] {
            server.says(words);
        }
        assert!(server.ends(PATIENCE).success(), "{signal}");
    }
    assert_eq!(
        crate::support::get(consul.addr(), "/v1/agent/services").await,
        serde_json::json!({})
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_ctrl_c_ends_it_at_once() {
    let (consul, _) = crate::support::consul(Side::Embedded).await;
    let addr = consul.addr().to_string();
    let mut server = registered(&addr, &["--notice-ms", "600000"]);
    server.signal("INT");
    server.says("deregistered");
    server.signal("INT");
    assert!(!server.ends(Duration::from_secs(30)).success());
}

#[test]
fn help_and_words_for_what_is_wrong() {
    let words = ["rolling", "crash", "away", "--notice-ms", "--careless"];
    L11.tells(&["--help"], &words);
    L11.refuses_each(&[
        ("nothing", "there is no `nothing`"),
        ("rolling twice", "one word too many"),
        ("hide", "which instance?"),
        ("server --addr here", "an address looks like"),
        ("server --notice-ms soon", "soon"),
        ("hide x --consul 127.0.0.1:1", "Consul is away"),
    ]);
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    L11.refuses(
        &["server", "--addr", &addr],
        "another program listens there",
    );
}

/// The demo, to its end.
fn demo(side: Side) {
    let mut command = L11.command(&[]);
    command.env(services::VARIABLE, side.to_string());
    let said = output(&mut command);
    let all = [
        "1. Greeter 1 deregisters, and ends at once",
        "2. Greeter 2 shuts down gracefully",
        "killed; no line of its program runs any more",
        "not listed as healthy: a check has failed",
        "0 answers of it; still registered: true",
        "and called again",
    ];
    has_all(&said, &all);
    // Whether a call was under way at that moment is chance; the demo says which it was.
    let either = ["calls are cut off", "No call was under way at that moment"];
    assert!(either.iter().any(|words| said.contains(words)), "{said}");
    // A graceful shutdown, a kill with other instances to call, maintenance: no call is lost.
    assert!(said.matches("calls, 0 lost").count() >= 3, "{said}");
}

#[test]
fn the_demo_tells_its_story_with_the_embedded_one() {
    demo(Side::Embedded);
}

#[test]
#[ignore = "nightly: the same demo, 8 s, with the other kind of Consul"]
fn nightly_the_demo_tells_its_story_with_the_real_consul() {
    demo(Side::Real);
}
