//! The command line: the demo, three terminals, and its error messages.

use std::net::TcpListener;
use std::time::Duration;

use crate::support::{consul, sides};
use l06_grpc::client::{Client, Options};
use l09_register::registry::Registry;
use l09_register::service::answered_by;
use services::testkit::program::{Binary, has_all, is_gone, output};

const L09: Binary = Binary(env!("CARGO_BIN_EXE_l09-register"));

#[test]
fn the_demo_tells_its_story_and_leaves_nothing_behind() {
    tells_its_story("embedded", "the embedded one");
}

#[test]
#[ignore = "nightly: the same demo, 12 s, with the other kind of Consul"]
fn nightly_the_demo_tells_its_story_with_the_real_consul() {
    tells_its_story("real", "the real one");
}

fn tells_its_story(side: &str, words: &str) {
    let mut demo = L09.command(&[]);
    demo.env("WORKBOOK_SERVICES", side);
    let out = output(demo);
    let all = [
        words,
        "1. Three greeters register themselves",
        "whenever it changes",
        "\"hello wire\", by greeter-127.0.0.1-",
        "was killed and did not deregister",
        "greeter: deregistered",
        "greeter: ready: SERVING",
        "connection refused",
        "Consul knows: greeter ",
        "the greeter answers all the same",
        "greeter: Consul is away: ",
    ];
    has_all(&out, &all);
    let (_, last) = out.split_once("Consul is started again").unwrap();
    assert!(last.contains("greeter: registered: "), "{out}");
    is_gone(&out, "process ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_registers_itself_and_leaves() {
    for side in sides() {
        let consul = consul(side, None).await;
        let at = consul.addr().to_string();
        let registry = Registry::at(consul.addr()).unwrap();
        for signal in ["INT", "TERM"] {
            let mut server = L09.server(&["--consul", &at]);
            let id = format!("greeter-127.0.0.1-{}", server.addr.port());
            assert_eq!(
                server.program.says("registered: "),
                format!("{id} at {}", server.addr),
                "{side}"
            );
            let client = Client::connect(server.addr, Options::default()).await;
            let reply = client.unwrap().greet("wire").await.unwrap();
            assert_eq!(answered_by(&reply), Some(&*id));
            let list = output(L09.command(&["list", "--consul", &at]));
            // Consul may have looked by now, or not.
            assert!(list.contains(&format!("{id}\n    grpc  ")), "{list}");
            server.program.signal(signal);
            server.program.says("deregistered");
            assert!(server.program.ends(Duration::from_secs(60)).success());
            assert!(!registry.knows(&id).await.unwrap(), "{side} {signal}");
        }
        let list = output(L09.command(&["list", "--consul", &at]));
        assert!(list.contains("knows no greeter"), "{list}");
    }
}

#[test]
fn without_consul_a_server_serves_and_tries_again() {
    // Port 1 has been out of use for decades, and no test is given it as a free one.
    let mut server = L09.server(&["--consul", "127.0.0.1:1"]);
    for _ in 0..3 {
        let said = server.program.says("Consul is away: 127.0.0.1:1: ");
        assert!(said.contains("again in "), "{said}");
    }
    server.program.signal("TERM");
    assert!(server.program.ends(Duration::from_secs(60)).success());
    let list = ["list", "--consul", "127.0.0.1:1"];
    L09.refuses(&list, "is it running? `cargo workbook services up");
}

#[test]
fn help_helps_and_mistakes_are_named() {
    let words = [
        "-- server",
        "-- list",
        "-- measure",
        "--advertise",
        "--consul",
        "--id",
    ];
    L09.helps(&words);
    let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = occupied.local_addr().unwrap().to_string();
    L09.refuses_each(&[
        ("sever", "there is no `sever`; `--help`"),
        ("server now", "one word too many"),
        ("server --nope", "--nope"),
        ("server --addr 8801", "an address looks like 127.0.0.1:8801"),
        (
            &format!("server --addr {taken}"),
            "another program listens there already",
        ),
        (
            "server --advertise 0.0.0.0",
            "means all addresses of this machine",
        ),
        ("server --advertise my-host", "`my-host` is no IP address"),
        ("server --id a/b --addr 127.0.0.1:0", "`a/b` is no good id"),
        ("list --consul x", "an address looks like 127.0.0.1:8500"),
    ]);
    drop(occupied);
}
