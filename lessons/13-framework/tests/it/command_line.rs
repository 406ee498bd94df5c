//! The command line: terminals that find each other, signals, kills, and words for what
//! goes wrong.

use std::net::{SocketAddr, UdpSocket};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use services::Side;
use services::consul::{Consul, Setup};
use services::testkit::etcd::{Etcd, Member};
use services::testkit::program::{PATIENCE, Program, output, run};

/// The line as it is typed.
fn command(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_l13-framework"));
    command.args(line.split_whitespace());
    command
}

/// A place for the neighbours of one test: the first one takes it.
fn gossip() -> String {
    let free = UdpSocket::bind("127.0.0.1:0").unwrap();
    at("gossip", free.local_addr().unwrap())
}

async fn consul() -> (Consul, String) {
    let consul = Setup::of(Side::Embedded).start().await.unwrap();
    let flags = at("consul", consul.addr());
    (consul, flags)
}

fn at(registry: &str, addr: SocketAddr) -> String {
    format!("--registry={registry} --registry_address={addr}")
}

/// The line, with the flags of the registry.
fn with(flags: &str, line: &str) -> Command {
    command(&format!("{line} {flags}"))
}

const QUICK: &str = "--register_ttl=3s --register_interval=500ms";

fn server(flags: &str, more: &str) -> Program {
    let server = Program::start(with(flags, &format!("server {QUICK} {more}")));
    server.says("listening on 127.0.0.1:");
    server.says("registered: ");
    server
}

/// Asks again and again until the answer is yes.
fn until(what: &str, mut ask: impl FnMut() -> bool) {
    let since = Instant::now();
    while !ask() {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Two servers, one on each transport; a client of each kind of call; one is killed; the other one leaves.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn terminals_find_each_other_by_consul() {
    let (_consul, flags) = consul().await;
    let watch = Program::start(with(&flags, "watch go.micro.srv.greeter"));
    watch.says("watching go.micro.srv.greeter in consul");
    let mut killed = server(&flags, "--server_id=one");
    watch.says("+ go.micro.srv.greeter  one  127.0.0.1:");
    let mut other = server(&flags, "--server_id=two --transport=rpc");
    watch.says("+ go.micro.srv.greeter  two  127.0.0.1:");
    let listed = output(with(&flags, "services"));
    for words in [
        "go.micro.srv.greeter\n",
        "  one  127.0.0.1:",
        "transport=rpc",
    ] {
        assert!(listed.contains(words), "{words}: {listed}");
    }
    until("both have answered", || {
        let said = output(with(&flags, "client Ada Grace Ada Grace"));
        assert_eq!(said.lines().count(), 4, "{said}");
        said.contains("hello Ada, says one") && said.contains("hello Grace, says two")
    });
    killed.signal("KILL");
    killed.ends(PATIENCE);
    // No call fails, long before the registry notices.
    for _ in 0..5 {
        let said = output(with(&flags, "client Ada"));
        assert_eq!(said, "hello Ada, says two\n");
    }
    watch.says("- go.micro.srv.greeter  one");
    other.signal("TERM");
    for words in [
        "leaving: at most",
        "is off the list",
        "has finished what was under way",
    ] {
        other.says(words);
    }
    assert!(other.ends(PATIENCE).success());
    watch.says("- go.micro.srv.greeter  two");
    watch.signal("INT");
    let (good, _, said) = run(with(&flags, "client Ada"));
    assert!(
        !good && said.contains("no instance: go.micro.srv.greeter"),
        "{said}"
    );
    assert!(said.contains("Is one running?"), "{said}");
}

/// The same by a registry that has no server at all: flags are all that is different.
#[test]
fn terminals_find_each_other_by_gossip() {
    let flags = gossip();
    let mut killed = server(&flags, "--server_id=one");
    let _other = server(&flags, "--server_id=two");
    until("both are listed", || {
        let (_, listed, _) = run(with(&flags, "services"));
        listed.contains("  one  ") && listed.contains("  two  ")
    });
    killed.signal("KILL");
    killed.ends(PATIENCE);
    until("the dead one is forgotten", || {
        let (_, said, _) = run(with(&flags, "services"));
        said.contains("  two  ") && !said.contains("  one  ")
    });
    // A node that has just joined hears of all others in the end.
    until("the living one answers", || {
        let (_, said, _) = run(with(&flags, "client Ada"));
        said == "hello Ada, says two\n"
    });
}

/// The line of the notes, against a real etcd, as they write it and as they say it must be written; and
/// by the environment.
#[test]
fn the_line_of_the_notes_against_etcd() {
    let etcd = Etcd::start().unwrap();
    let addr: SocketAddr = etcd.addr();
    let name = "go.micro.srv.user";
    let flags = format!("--registry=etcd --registry_address=http://{addr}");
    let _server = server(&flags, &format!("--server_name {name}"));
    for address in [format!("http://{addr}"), addr.to_string()] {
        let line = format!("client Ada --registry=etcd --registry_address {address}");
        let said = output(command(&format!("{line} --server_name {name}")));
        assert!(
            said.starts_with("hello Ada, says go.micro.srv.user-"),
            "{said}"
        );
        let mut by_environment = command("client Ada");
        by_environment
            .env("MICRO_REGISTRY", "etcd")
            .env("MICRO_REGISTRY_ADDRESS", &address)
            .env("MICRO_SERVER_NAME", name);
        assert!(output(by_environment).starts_with("hello Ada"));
    }
    // A flag wins.
    let mut both = command(&format!("client Ada --server_name {name} --registry=etcd"));
    both.env("MICRO_REGISTRY", "memory");
    both.env("MICRO_REGISTRY_ADDRESS", addr.to_string());
    assert!(output(both).starts_with("hello Ada"));
}

/// One process publishes, others get the messages: each by itself, or one of a queue.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn publish_and_subscribe_in_terminals() {
    let (_consul, flags) = consul().await;
    let said = output(with(&flags, "publish news too early"));
    assert_eq!(said, "published for 0: 0 taken, 0 refused, 0 lost\n");
    let subscriber = |words: &str| {
        let line = format!("{words} --register_ttl=60s --register_interval=500ms");
        let reader = Program::start(with(&flags, &line));
        reader.says("as topic.news at");
        reader
    };
    let alone = subscriber("subscribe news");
    let one = subscriber("subscribe news printers");
    let mut two = subscriber("subscribe news printers");
    let said = output(with(&flags, "publish news hello all"));
    assert_eq!(said, "published for 2: 2 taken, 0 refused, 0 lost\n");
    assert_eq!(alone.says("heard: "), "hello all");
    two.signal("KILL");
    two.ends(PATIENCE);
    drop(one);
    // Both printers are dead and still listed: what one of them was sent is lost, and said to be.
    let said = output(with(&flags, "publish news more"));
    assert_eq!(said, "published for 2: 1 taken, 0 refused, 1 lost\n");
    assert_eq!(alone.says("heard: "), "more");
}

/// Who asks a second time means it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_ctrl_c_ends_it_at_once() {
    let (consul, flags) = consul().await;
    let mut server = with(&flags, "server");
    let mut server = Program::start(server.stderr(Stdio::piped()));
    server.says("registered: ");
    // The deregistration gets no reply, so it is repeated for five seconds.
    consul.stop().await;
    server.signal("INT");
    server.says("leaving: at most");
    std::thread::sleep(Duration::from_millis(300));
    server.signal("INT");
    assert!(!server.ends(PATIENCE).success());
    assert!(server.errors().contains("asked a second time"));
}

/// A registry that is away is no reason to end: it waits, says so, and registers when it is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_there_before_its_registry() {
    // Not one that the system gives to connections: another process could have it until then.
    let port = Member::new("a free port").unwrap().client;
    let flags = at("consul", ([127, 0, 0, 1], port).into());
    let server = Program::start(with(&flags, &format!("server {QUICK}")));
    server.says("listening on ");
    server.says("the registry is away");
    let _consul = Setup::of(Side::Embedded).at(port).start().await.unwrap();
    server.says("registered: ");
    let said = output(with(&flags, "client Ada"));
    assert!(said.starts_with("hello Ada, says"), "{said}");
}

#[test]
fn help_and_words_for_what_is_wrong() {
    let help = output(command("--help"));
    for word in [
        "server",
        "subscribe",
        "--registry_address",
        "MICRO_REGISTRY",
        "[mdns]",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
    assert_eq!(help, output(command("server -h")));
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("server --server_address {}", held.local_addr().unwrap());
    let with_none = format!("services {}", at("consul", ([127, 0, 0, 1], 1).into()));
    let alone = format!("client Ada {}", gossip());
    for (line, words) in [
        ("nothing", "there is no `nothing`"),
        ("server twice", "`twice` is one word too many"),
        ("client", "Give a name"),
        ("subscribe", "to which topic?"),
        ("publish news", "publish news hello"),
        ("server --registry zookeeper", "zookeeper"),
        (
            "server --registry-address x",
            "did you mean --registry_address?",
        ),
        (&taken, "--server_address 127.0.0.1:8801"),
        (
            "server --server_address=0.0.0.0:0",
            "--server_advertise 127.0.0.1",
        ),
        (&with_none, "away"),
        (&alone, "no instance"),
    ] {
        let (good, _, said) = run(command(line));
        assert!(!good && said.contains(words), "{line}: {said}");
        assert!(said.starts_with("l13-framework: "), "{said}");
    }
    let mut odd = command("services");
    odd.env("MICRO_REGISTRY", "zookeeper");
    let (good, _, said) = run(odd);
    assert!(!good && said.contains("MICRO_REGISTRY=zookeeper"), "{said}");
}
