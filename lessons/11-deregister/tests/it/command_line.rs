//! The program as a person meets it: two signals, a second Ctrl-C, words for what goes wrong.

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
async fn both_signals_make_it_leave_well() {
    let (consul, _) = crate::support::consul(Side::Embedded).await;
    let addr = consul.addr().to_string();
    for signal in ["INT", "TERM"] {
        let mut server = registered(&addr, &["--notice-ms", "50"]);
        server.signal(signal);
        for words in [
            "leaving: at most",
            "says NOT_SERVING",
            "is off the list",
            "the notice is over",
            "has finished what was under way",
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
    server.says("is off the list");
    server.signal("INT");
    assert!(!server.ends(Duration::from_secs(30)).success());
}

#[test]
fn help_and_words_for_what_is_wrong() {
    let words = ["rolling", "crash", "away", "--notice-ms", "--careless"];
    L11.tells(&["--help"], &words);
    for (arguments, words) in [
        (&["nothing"][..], "there is no `nothing`"),
        (&["rolling", "twice"], "one word too many"),
        (&["hide"], "which instance?"),
        (&["server", "--addr", "here"], "an address looks like"),
        (&["server", "--notice-ms", "soon"], "soon"),
        (&["hide", "x", "--consul", "127.0.0.1:1"], "Consul is away"),
    ] {
        L11.refuses(arguments, words);
    }
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
        "1. Greeter 1 takes itself off the list, and ends at once",
        "2. Greeter 2 leaves well",
        "killed; not one line of it runs any more",
        "off the list of the healthy: a check has looked",
        "0 answers of it; still registered: true",
        "and called again",
    ];
    has_all(&said, &all);
    // Whether a call was under way at that moment is chance; the demo says which it was.
    let either = ["calls are cut off", "Luck: none was under way just then"];
    assert!(either.iter().any(|words| said.contains(words)), "{said}");
    // Those who leave well, are killed with others to call, or rest: nothing is lost.
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
