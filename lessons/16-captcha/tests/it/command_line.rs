//! The command line: help, mistakes on the command line, the whole site from one command,
//! and nothing that stays behind.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use services::testkit::program::{Binary, PATIENCE, Program, typed};
use services::{Side, VARIABLE};

const L16: Binary = Binary(env!("CARGO_BIN_EXE_l16-captcha"));

/// The whole site on free ports.
fn whole(side: Side) -> Command {
    let line =
        "--no-open --json --until_stdin_ends --web 127.0.0.1:0 --services 127.0.0.1:0,127.0.0.1:0";
    let mut command = L16.command(&typed(line));
    command.env(VARIABLE, side.to_string());
    command
}

/// Waits until it has said where everything is.
fn places(site: &Program) -> Value {
    let line = site.says("{");
    serde_json::from_str(&format!("{{{line}")).expect("one line of JSON")
}

fn addr(places: &Value, name: &str) -> SocketAddr {
    let addr = places[name].as_str().expect("an address");
    addr.parse().expect("an address")
}

/// The processes of a site, beside the one that has started them.
fn numbers(places: &Value) -> Vec<u64> {
    let pids = &places["pids"];
    let one = |name: &str| pids[name].as_u64().expect("a number");
    let mut numbers = ["web", "redis", "consul"].map(one).to_vec();
    let services = pids["services"].as_array().unwrap();
    numbers.extend(services.iter().map(|number| number.as_u64().unwrap()));
    numbers
}

fn is_there(number: u64) -> bool {
    let mut kill = Command::new("kill");
    let kill = kill.args(["-0", &number.to_string()]).stderr(Stdio::null());
    kill.status().expect("`kill` on the PATH").success()
}

/// No process is left, and no port of the site accepts connections.
fn nothing_is_left(places: &Value) {
    let since = Instant::now();
    for number in numbers(places) {
        while is_there(number) {
            assert!(
                since.elapsed() < PATIENCE,
                "process {number} is still there"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    let services = places["services"].as_array().unwrap();
    let services = services
        .iter()
        .map(|addr| addr.as_str().unwrap().parse().unwrap());
    let all = services.chain(["web", "redis", "consul"].map(|name| addr(places, name)));
    for addr in all {
        while TcpStream::connect(addr).is_ok() {
            assert!(
                since.elapsed() < PATIENCE,
                "a process still listens on {addr}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn help_helps() {
    for words in [
        &["--help"][..],
        &["service", "--help"],
        &["web", "-h"],
        &["soak", "-h"],
    ] {
        let all =
            "service web sheet soak --addr --redis --no-open --registry 8880 --seconds --features";
        L16.tells(words, &typed(all));
        L16.tells(words, &["--features mine"]);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    L16.refuses_each(&[
        ("servise", "there is no `servise`"),
        ("--no-opn", "there is no `--no-opn` here"),
        ("--web 8080", "an address looks like 127.0.0.1:8080"),
        ("--web", "--web needs a value"),
        (
            "--services 8880",
            "addresses look like 127.0.0.1:8880,127.0.0.1:8881",
        ),
        (
            &format!("--web {taken}"),
            "is taken, and the page belongs there",
        ),
        (
            &format!("--services {taken}"),
            "is taken, and a captcha service belongs there",
        ),
        ("--limits few", "it can be `none`"),
        (
            "--limits none --web 0.0.0.0:0",
            "0.0.0.0:0 can be reached from outside",
        ),
        (
            "service --redis 6379",
            "an address looks like 127.0.0.1:6379",
        ),
        ("service --limits none --addr 0.0.0.0:0", "from outside"),
        (
            &format!("service --registry memory --addr {taken}"),
            "for example --addr",
        ),
        (
            &format!("web --registry memory --addr {taken}"),
            "another program listens there already",
        ),
        ("web --registry yellow-pages", "yellow-pages"),
        ("web now", "`now` is one word too many"),
        ("soak --seconds 1", "from 6 seconds"),
        ("soak --seconds long", "--seconds long: a whole number"),
        ("soak now", "there is no `now` here"),
    ]);
}

#[test]
fn the_whole_site_starts_and_ctrl_c_ends_all_of_it() {
    for side in Side::to_test().unwrap() {
        let mut site = Program::start(whole(side));
        let places = places(&site);
        let web = addr(&places, "web");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let page = runtime.block_on(async {
            let mut browser = crate::browser::Browser::new(web);
            browser.get("/").await.unwrap()
        });
        assert_eq!(page.status, 200);
        assert!(page.text().contains("<form"), "{}", page.text());
        site.signal("INT");
        let said = site.rest();
        assert!(site.ends(PATIENCE).success(), "{said:#?}");
        // In order: the web first, then what it calls.
        let at = |words: &str| {
            let at = said.iter().position(|line| line.contains(words));
            at.unwrap_or_else(|| panic!("it never said `{words}`: {said:#?}"))
        };
        let order = [
            "ending the web",
            "web: has finished what was under way",
            "ending the services",
            "service-1: has finished what was under way",
            "ending Redis and Consul",
            "All of it has ended",
        ];
        let order = order.map(at);
        assert!(order.is_sorted(), "{said:#?}");
        nothing_is_left(&places);
    }
}

#[test]
fn killed_it_leaves_nothing_behind() {
    for side in Side::to_test().unwrap() {
        let mut site = Program::start(whole(side));
        let places = places(&site);
        assert!(numbers(&places).into_iter().all(is_there));
        site.signal("KILL");
        site.ends(PATIENCE);
        nothing_is_left(&places);
    }
}

#[test]
fn one_that_dies_is_told_and_so_is_how_to_start_it_again() {
    let mut site = Program::start(whole(Side::Embedded));
    let places = places(&site);
    let service = places["pids"]["services"][0].as_u64().unwrap();
    let kill = Command::new("kill")
        .args(["-9", &service.to_string()])
        .status();
    assert!(kill.expect("`kill` on the PATH").success());
    site.says("service-1 has ended");
    let again = site.says("cargo run -p l16-captcha -- ");
    let words: Vec<&str> = again.split_whitespace().collect();
    let second = Program::start(L16.command(&words));
    let listens = second.says("listening on ");
    assert_eq!(Some(listens.as_str()), places["services"][0].as_str());
    second.says("registered: ");
    drop(second);
    // The end of its input is the end of the site.
    site.finish();
    site.says("All of it has ended");
    assert!(site.ends(PATIENCE).success());
    nothing_is_left(&places);
}

#[test]
fn a_service_in_a_terminal_leaves_nothing_in_consul() {
    for side in Side::to_test().unwrap() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let consul = runtime
            .block_on(services::consul::Setup::of(side).start())
            .unwrap();
        let registered = || {
            let url = "/v1/agent/services";
            let mut browser = crate::browser::Browser::new(consul.addr());
            let reply = runtime.block_on(browser.get(url)).unwrap();
            reply
                .json()
                .as_object()
                .map_or(usize::MAX, serde_json::Map::len)
        };
        let at = consul.addr().to_string();
        let consul_flags = ["--registry", "consul", "--registry_address", &at];
        let mut all = Vec::new();
        for role in ["service", "web"] {
            let mut command = L16.command(&[role, "--addr", "127.0.0.1:0"]);
            let program = Program::start(command.args(consul_flags));
            program.says("registered: ");
            all.push(program);
        }
        assert_eq!(registered(), 2);
        for program in &mut all {
            program.signal("INT");
            assert!(program.ends(PATIENCE).success());
        }
        assert_eq!(registered(), 0);
    }
}

/// One request with a body of JSON; the status and the body of the reply.
fn post(at: SocketAddr, path: &str, body: &Value) -> (u16, Value) {
    let mut stream = TcpStream::connect(at).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let body = body.to_string();
    let length = body.len();
    let head = format!("POST {path} HTTP/1.0\r\nHost: {at}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + &body).as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").expect("a reply");
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let body = serde_json::from_str(body).expect("JSON");
    (status.expect("a status"), body)
}

#[test]
fn captchas_by_http_are_judged_once() {
    const WORDS: [&str; 10] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    let mut site = Program::start(whole(Side::Embedded));
    let places = places(&site);
    let consul = addr(&places, "consul").to_string();
    let mut command = L16.command(&["captchas", "--addr", "127.0.0.1:0", "--registry", "consul"]);
    let captchas = Program::start(command.args(["--registry_address", &consul]));
    let said = captchas.says("registered: ");
    let at = said.split_whitespace().find_map(|word| word.parse().ok());
    let at = at.expect("its address");

    let (status, made) = post(at, "/issue", &json!({}));
    assert_eq!(status, 200, "{made}");
    let question = made["question"].as_str().expect("a question");
    let (_, digits) = question.split_once(": ").expect("digits in words");
    let digits = digits.split(|letter: char| !letter.is_ascii_alphabetic());
    let answer: String = digits
        .filter_map(|word| {
            WORDS
                .iter()
                .position(|known| known.eq_ignore_ascii_case(word))
        })
        .map(|digit| digit.to_string())
        .collect();
    let verdict = |id: &Value, answer: &str| {
        let body = json!({"id": id, "answer": answer});
        post(at, "/verify", &body)
    };
    assert_eq!(verdict(&made["id"], &answer), (200, json!({"right": true})));
    assert_eq!(
        verdict(&made["id"], &answer),
        (200, json!({"right": false}))
    );
    let (_, other) = post(at, "/issue", &json!({}));
    assert_eq!(verdict(&other["id"], "0"), (200, json!({"right": false})));
    for odd in [json!(""), json!("no id"), json!(7), Value::Null] {
        assert_eq!(verdict(&odd, "1"), (200, json!({"right": false})), "{odd}");
    }

    // Without the services there is no verdict.
    for number in places["pids"]["services"].as_array().unwrap() {
        let kill = Command::new("kill")
            .args(["-9", &number.to_string()])
            .status();
        assert!(kill.expect("`kill` on the PATH").success());
    }
    assert_eq!(verdict(&made["id"], &answer).0, 503);
    drop(captchas);
    site.finish();
    site.ends(PATIENCE);
}
