//! The command line.

use std::net::SocketAddr;
use std::time::Duration;

use crate::support::{consul, sides};
use services::testkit::program::{Binary, Program, Server, has_all, is_gone, output, typed};

const L10: Binary = Binary(env!("CARGO_BIN_EXE_l10-discover"));

/// The words of a command, and where Consul is.
fn at<'w>(words: &[&'w str], consul: &'w str) -> Vec<&'w str> {
    [words, &["--consul", consul]].concat()
}

/// A greeter that Consul looks at each second.
fn greeter(consul: &str) -> Server {
    L10.server(&at(&["--check-every-ms", "1000"], consul))
}

#[test]
fn what_is_wrong_is_said_in_words() {
    L10.tells(&["--help"], &["cargo run -p l10-discover -- watch"]);
    L10.refuses_each(&[
        ("nonsense", "there is no `nonsense`"),
        ("client", "give the name of the person"),
        ("watch greeter", "one word too many"),
        (
            "client Ada --consul localhost",
            "an address looks like 127.0.0.1:8500",
        ),
        ("client Ada --bell", "--bell"),
    ]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    L10.refuses(
        &["server", "--addr", &addr],
        "another program listens there",
    );
    let away = typed("client Ada --consul 127.0.0.1:1 --deadline-ms 300");
    let said = L10.refuses(&away, "are unknown");
    has_all(&said, &["cargo workbook services up consul"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_a_watch_and_a_client() {
    for side in sides() {
        let consul = consul(side, None).await;
        let addr = consul.addr().to_string();
        L10.refuses(&at(&["client", "Ada"], &addr), "no healthy instance");

        let mut watch = Program::start(L10.command(&at(&["watch"], &addr)));
        watch.says("watching `greeter`");
        watch.says("no healthy instance");
        let mut one = greeter(&addr);
        let place: SocketAddr = one.addr;
        watch.says(&place.to_string());
        let calls = at(&["client", "Ada", "Ben", "--times", "2"], &addr);
        let said = output(L10.command(&calls));
        assert_eq!(said.lines().count(), 4, "{side}: {said}");
        assert!(
            said.starts_with("hello Ada   (greeter-127.0.0.1-"),
            "{side}: {said}"
        );
        let tagged = at(&["client", "Ada", "--tag", "blue"], &addr);
        L10.refuses(&tagged, "with the tag `blue`");

        one.program.signal("INT");
        one.program.says("deregistered");
        assert!(
            one.program.ends(Duration::from_secs(30)).success(),
            "{side}"
        );
        watch.says("no healthy instance");
        watch.signal("TERM");
        assert!(watch.ends(Duration::from_secs(30)).success(), "{side}");
        consul.stop().await;
    }
}

#[test]
fn the_demo_plays_its_scenes_and_leaves_no_process_behind() {
    tells_its_story("embedded");
}

#[test]
#[ignore = "nightly: the same demo, 11 s, with the other kind of Consul"]
fn nightly_the_demo_tells_its_story_with_the_real_consul() {
    tells_its_story("real");
}

fn tells_its_story(side: &str) {
    let mut demo = L10.command(&[]);
    demo.env("WORKBOOK_SERVICES", side);
    let told = output(demo);
    let all = [
        "no healthy instance: Consul lists none for `greeter`",
        "\"hello wire\", by greeter-127.0.0.1-",
        "it refuses connections",
        "answers its first call",
        "there is no Consul to notice",
        "is unconfirmed",
    ];
    has_all(&told, &all);
    let failed: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("made again") && !line.ends_with("0 failed"))
        .collect();
    assert!(failed.is_empty(), "{side}: {failed:?}");
    is_gone(&told, "kill -9 ");
}
