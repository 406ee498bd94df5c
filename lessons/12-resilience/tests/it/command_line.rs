//! The command line: server and client in two terminals, error messages, and
//! the demo to its end.

use std::process::Command;

use testkit::program::{Binary, PATIENCE, Program, output};

const L12: Binary = Binary(env!("CARGO_BIN_EXE_l12-resilience"));

/// A line as it is typed.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

/// A server on a free port, and its address.
fn server(options: &str) -> (Program, String) {
    let server = L12.server(&words(options));
    (server.program, server.addr.to_string())
}

fn client(servers: &str, line: &str) -> Command {
    let mut command = L12.command(&["client", "--servers", servers]);
    command.args(words(line));
    command
}

fn refuses(line: &str, why: &str) {
    L12.refuses(&words(line), why);
}

#[test]
fn two_terminals() {
    let (told, one) = server("--name one");
    for (line, said) in [
        ("mul 25 4", "25 * 4 = 100   (one)"),
        ("div 25 4", "25 / 4 = 6 remainder 1   (one)"),
        ("mul -25 4", "-25 * 4 = -100   (one)"),
    ] {
        assert_eq!(output(client(&one, line)).trim_end(), said, "{line}");
    }
    let said = output(client(&one, "remember 5 --times 2"));
    assert_eq!(
        said.lines().last(),
        Some("5 added, the memory is 10   (one)")
    );
    let at = L12.command(&["client", "--addr", &one, "mul", "5", "5"]);
    assert_eq!(output(at), "5 * 5 = 25   (one)\n");
    told.says("Mul begins, ");
    told.says("Remember begins, ");
    let zero = format!("client --servers {one} div 25 0");
    refuses(&zero, "nothing is divided by zero");
}

#[test]
fn another_server_answers() {
    let (_well, well) = server("--name well");
    let (_failing, failing) = server("--sick failing");
    let refusing = words("server --addr 127.0.0.1:0 --sick refusing");
    let refusing = Program::start(L12.command(&refusing));
    let refusing_at = refusing.says("refusing on ");
    let three = format!("{well},{failing},{refusing_at}");
    let over = "--select round-robin --fail over --times 6 mul 25 4";
    let said = output(client(&three, over));
    assert_eq!(said.matches("25 * 4 = 100   (well").count(), 6, "{said}");
    assert!(said.contains(", attempt 3)"), "{said}");
    let twice = format!("client --servers {failing} --attempts 2 mul 25 4");
    refuses(&twice, "I am sick (after 2 attempts)");
    // By weight: 3 and 1 of 4. By key: always the same.
    let (_other, other) = server("--name other");
    let pair = format!("{well}=3,{other}");
    let said = output(client(&pair, "--select weighted --times 8 mul 2 3"));
    assert_eq!(said.matches("(well)").count(), 6, "{said}");
    let keyed = "--select consistent-hash --key Ada --times 5 mul 2 3";
    let said = output(client(&pair, keyed));
    let all_by = |by: &&str| said.matches(by).count() == 5;
    assert!(["(well)", "(other)"].iter().any(all_by), "{said}");
}

#[test]
fn one_hop_more_and_a_second_one_in_time() {
    let (slow, slow_at) = server("--sick slow=600000");
    let (_front, front) = server(&format!("--servers {slow_at} --fail fast"));
    let short = format!("client --servers {front} --deadline-ms 3000 mul 25 4");
    refuses(&short, "DeadlineExceeded");
    slow.says("Mul stopped after ");
    let (_well, well) = server("--name well");
    let two = format!("{slow_at},{well}");
    let backup = "--fail backup --backup-ms 20 --times 4 mul 25 4";
    let said = output(client(&two, backup));
    assert_eq!(said.matches("(well").count(), 4, "{said}");
}

#[test]
fn signals_end_a_server() {
    for signal in ["INT", "TERM"] {
        let (mut server, _) = server("");
        server.signal(signal);
        assert!(server.ends(PATIENCE).success(), "{signal}");
    }
}

#[test]
fn help_and_words_for_what_is_wrong() {
    let all = words("measure --sick --select consistent-hash --backup-ms --no-eject");
    L12.tells(&["--help"], &all);
    let one = "client --servers 127.0.0.1:1";
    for (line, why) in [
        ("nothing", "there is no `nothing`"),
        ("measure twice", "one word too many"),
        ("client", "what shall be calculated?"),
        ("client add 1 2", "`add` cannot be calculated"),
        ("client mul 25", "two whole numbers follow"),
        ("client mul 25 x", "`x`: two whole numbers"),
        ("client mul 1 2 3", "one word too many"),
        ("client --servers here mul 1 2", "an address looks like"),
        (&format!("{one}=x mul 1 2"), "`x` is no weight"),
        (&format!("{one},127.0.0.1:1 mul 1 2"), "there twice"),
        (
            "client --select best",
            "random, round-robin, weighted or consistent-hash",
        ),
        ("client --fail safe", "fast, try, over or backup"),
        ("client --budget much", "a number, or off"),
        ("client --nothing", "--nothing"),
        (
            "server --sick tired",
            "slow=MS, failing, losing or refusing",
        ),
        (&format!("{one} mul 1 2"), "start one with `cargo run"),
    ] {
        refuses(line, why);
    }
}

#[test]
fn a_taken_port_is_a_clear_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap();
    for sick in ["", "--sick refusing"] {
        let line = format!("server --addr {addr} {sick}");
        refuses(&line, "another program listens there");
    }
}

/// The numbers of the row that begins with these words, after this heading.
fn row(said: &str, heading: &str, words: &str) -> Vec<f64> {
    let (_, after) = said.split_once(heading).expect(heading);
    let line = after
        .lines()
        .find(|line| line.trim_start().starts_with(words));
    let line = line.expect(words).trim_start().trim_start_matches(words);
    line.split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[test]
fn the_demo_tells_its_story() {
    // Line by line: on a busy machine all of it together takes longer than any of its steps may.
    let mut demo = Program::start(L12.command(&[]));
    let said = demo.rest().join("\n");
    println!("{said}");
    assert!(demo.ends(PATIENCE).success());
    // What cannot depend on how busy the machine is.
    let spread = "4. Selectors";
    assert_eq!(row(&said, spread, "weighted")[..3], [500.0, 100.0, 100.0]);
    for count in &row(&said, spread, "round-robin")[..3] {
        assert!((233.0..=234.0).contains(count), "{count}");
    }
    assert!(said.contains(" of them have moved, and 0 of the others"));
    let failing = "c says UNAVAILABLE at once";
    for sick in [failing, "c accepts no connection"] {
        let lost = |mode| row(&said, sick, mode)[1];
        assert!(lost("fast") > 0.0 && lost("try") > 0.0, "{sick}");
        // None; or some, on a machine that stands still for half a second. The test of the modes over
        // sockets has no such excuse.
        assert!(lost("over") <= lost("fast"), "{sick}");
        assert!(lost("backup") <= lost("fast"), "{sick}");
    }
    assert_eq!(
        row(&said, "1. May it", "not idempotent, as the contract says"),
        [10.0, 10.0, 20.0]
    );
    let lie = row(&said, "1. May it", "the caller says that it is idempotent");
    assert!(lie[0] == 20.0 && lie[2] > 20.0, "{lie:?}");
    assert_eq!(
        row(&said, "3. Retry storm", "no budget"),
        [300.0, 900.0, 2700.0, 100.0]
    );
    let budget = row(&said, "3. Retry storm", "20 % of the calls, and 10 at once");
    assert!(budget[2] <= 209.0, "{budget:?}");
    let (all, few) = (
        row(&said, "5. Ejection", "no ejection"),
        row(&said, "5. Ejection", "ejection"),
    );
    assert!(few[2] < all[2], "{few:?} {all:?}");
    assert!(said.contains("c goes on, and is called again"));
    assert!(said.contains("back   Mul stopped after"));
}
