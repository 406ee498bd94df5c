//! The command line.

use std::net::TcpListener;

use services::testkit::program::{Binary, Program, typed};

const L14: Binary = Binary(env!("CARGO_BIN_EXE_l14-gateway"));

#[test]
fn help_helps() {
    for words in [&["--help"][..], &["gateway", "--help"], &["user", "-h"]] {
        let all = typed("gateway web --addr --cors --registry --html proof");
        L14.tells(words, &all);
    }
}

#[test]
fn what_is_wrong_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    L14.refuses_each(&[
        ("gatway", "there is no `gatway`"),
        (
            "gateway --addr 8080",
            "an address looks like 127.0.0.1:8080",
        ),
        ("gateway --addr", "--addr needs a value"),
        (
            "gateway --expose user --cors example.org",
            "an origin looks like",
        ),
        ("gateway --registry yellow-pages", "yellow-pages"),
        ("gateway now", "`now` is one word too many"),
        ("gateway", "which services may be called from outside?"),
        ("user --slow-ms long", "--slow-ms long: milliseconds"),
        ("user --adr 1", "there is no --adr"),
        ("web --html /nowhere", "there is no index.html in /nowhere"),
        ("proof --fail-mode fast", "no option of proof"),
        (
            &format!("web --registry memory --addr {taken}"),
            "another program listens there already",
        ),
    ]);
}

#[test]
fn the_gateway_runs_without_any_service() {
    let line = "gateway --addr 127.0.0.1:0 --registry memory --expose user";
    let gateway = Program::start(L14.command(&typed(line)));
    let addr = gateway.says("listening on ");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let hello = stage::http::Request::get("/user/say/hello?name=x");
    let answer = runtime.block_on(hello.send(addr.parse().unwrap())).unwrap();
    assert_eq!(answer.status, 404, "{answer:?}");
    let words = answer.json()["message"].to_string();
    assert!(words.contains("go.micro.srv.user"), "{words}");
}

#[test]
fn the_demo_tells_it_all() {
    L14.tells(
        &[],
        &[
            r#""username":"huohuo""#,
            "404 Not Found",
            "field `nam`",
            "504 Gateway Timeout",
            r#"{"result":{"count":"2"}}"#,
            "/user/say/hello",
            "user-2 answers again",
            r#""msg":"Hello huohuo""#,
            "a page that calls a service",
            "user-3: has finished what was under way",
        ],
    );
}
