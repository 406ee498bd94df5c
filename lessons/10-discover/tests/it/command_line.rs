//! The program as a person meets it.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::support::{consul, sides};
use services::testkit::program::{Program, Server, is_gone, output, run};

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l10-discover"));
    command.args(words);
    command
}

fn at<'w>(words: &[&'w str], consul: &'w str) -> Command {
    program(&[words, &["--consul", consul]].concat())
}

/// A greeter that Consul looks at each second.
fn greeter(consul: &str) -> Server {
    let words = [
        "server",
        "--addr",
        "127.0.0.1:0",
        "--check-every-ms",
        "1000",
    ];
    Server::start(at(&words, consul))
}

#[test]
fn what_is_wrong_is_said_in_words() {
    let help = output(program(&["--help"]));
    assert!(
        help.contains("cargo run -p l10-discover -- watch"),
        "{help}"
    );
    for (words, said) in [
        (&["nonsense"][..], "there is no `nonsense`"),
        (&["client"], "Give a name"),
        (&["watch", "greeter"], "one word too many"),
        (
            &["client", "Ada", "--consul", "localhost"],
            "an address looks like 127.0.0.1:8500",
        ),
        (&["client", "Ada", "--bell"], "--bell"),
    ] {
        let (good, out, err) = run(program(words));
        assert!(!good && err.contains(said), "{words:?}: {out}{err}");
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let (good, _, err) = run(program(&["server", "--addr", &addr]));
    assert!(
        !good && err.contains("another program listens there"),
        "{err}"
    );
    let words = [
        "client",
        "Ada",
        "--consul",
        "127.0.0.1:1",
        "--deadline-ms",
        "300",
    ];
    let (good, _, err) = run(program(&words));
    assert!(!good && err.contains("nobody knows who is home"), "{err}");
    assert!(err.contains("cargo workbook services up consul"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_a_watch_and_a_client() {
    for side in sides() {
        let consul = consul(side, None).await;
        let addr = consul.addr().to_string();
        let (good, _, err) = run(at(&["client", "Ada"], &addr));
        assert!(!good && err.contains("nobody home"), "{side}: {err}");

        let mut watch = Program::start(at(&["watch"], &addr));
        watch.says("watching `greeter`");
        watch.says("nobody home");
        let mut one = greeter(&addr);
        let place: SocketAddr = one.addr;
        watch.says(&place.to_string());
        let said = output(at(&["client", "Ada", "Ben", "--times", "2"], &addr));
        assert_eq!(said.lines().count(), 4, "{side}: {said}");
        assert!(
            said.starts_with("hello Ada   (greeter-127.0.0.1-"),
            "{side}: {said}"
        );
        let (good, _, err) = run(at(&["client", "Ada", "--tag", "blue"], &addr));
        assert!(
            !good && err.contains("with the tag `blue`"),
            "{side}: {err}"
        );

        one.program.signal("INT");
        one.program.says("deregistered");
        assert!(
            one.program.ends(Duration::from_secs(30)).success(),
            "{side}"
        );
        watch.says("nobody home");
        watch.signal("TERM");
        assert!(watch.ends(Duration::from_secs(30)).success(), "{side}");
        consul.stop().await;
    }
}

#[test]
fn the_demo_tells_its_story_and_leaves_nobody_behind() {
    tells_its_story("embedded");
}

#[test]
#[ignore = "nightly: the same demo, 11 s, with the other kind of Consul"]
fn nightly_the_demo_tells_its_story_with_the_real_consul() {
    tells_its_story("real");
}

fn tells_its_story(side: &str) {
    let mut demo = program(&[]);
    demo.env("WORKBOOK_SERVICES", side);
    let told = output(demo);
    for words in [
        "nobody home: Consul knows no healthy instance of `greeter`",
        "\"hello wire\", by greeter-127.0.0.1-",
        "it refuses connections",
        "answers its first call",
        "nobody is there to notice",
        "is remembered",
    ] {
        assert!(told.contains(words), "{side}: no `{words}` in\n{told}");
    }
    let failed: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("made again") && !line.ends_with("0 failed"))
        .collect();
    assert!(failed.is_empty(), "{side}: {failed:?}");
    is_gone(&told, "kill -9 ");
}
