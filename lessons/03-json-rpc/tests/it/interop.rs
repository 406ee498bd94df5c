//! Independent programs: Go's client and server, and an npm package that knows only the specification. Two
//! programs by the same author can agree on a mistake; these cannot.

use std::io::{Read, Write};
use std::process::Command;

use l03_json_rpc::client::{CallError, Client, Dialect};
use serde_json::json;
use testkit::program::{PATIENCE, Server, output};

use crate::support::{Ours, exchange, go_program, node};

fn go_client(server: &Ours, more: &[&str]) -> String {
    let mut client = Command::new(go_program("client"));
    client.args(more).arg(server.go.to_string());
    output(client)
}

fn go_server(more: &[&str]) -> Server {
    let mut server = Command::new(go_program("server"));
    server.args(more);
    Server::start(server)
}

#[test]
fn a_go_client_and_our_server() {
    let server = Ours::start(&[]);
    assert_eq!(
        go_client(&server, &[]),
        "ordinary calls\n200 calls at once\nerrors, and a good call after each\n\
         texts in every alphabet\narguments of 1 MB\n"
    );
}

#[test]
fn a_go_client_whose_objects_come_byte_by_byte_without_a_newline() {
    let server = Ours::start(&[]);
    let said = go_client(&server, &["-split"]);
    assert!(said.ends_with("texts in every alphabet\n"), "{said}");
}

/// What every Go server must be good for, whatever it does with its bytes.
async fn our_client_against(server: &Server, large: usize) {
    let client = Client::connect(server.addr, Dialect::Go, PATIENCE);
    let client = std::sync::Arc::new(client.await.unwrap());
    let greeting = client.call("hello.HelloWorld", json!("wire")).await;
    assert_eq!(greeting, Ok(json!("wire hello world")));
    assert_eq!(
        client.call("Panda.GetInfo", json!(100)).await,
        Ok(json!(200))
    );

    let calls = (0..200).map(|number| {
        let client = std::sync::Arc::clone(&client);
        tokio::spawn(async move { client.call("Panda.GetInfo", json!(number)).await })
    });
    let calls: Vec<_> = calls.collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(json!(2 * number)));
    }

    for (method, argument) in [
        ("Panda.GetInfo", json!(-1)),
        ("Panda.GetInfo", json!("many")),
        ("Panda.Nope", json!(1)),
        ("nothing", json!(1)),
    ] {
        let failed = client.call(method, argument).await;
        assert!(
            matches!(&failed, Err(CallError::Remote { code: None, .. })),
            "{failed:?}"
        );
        assert_eq!(client.call("Panda.GetInfo", json!(21)).await, Ok(json!(42)));
    }

    let large = "x".repeat(large);
    for name in [
        "",
        "你好",
        "Grüße & <b>",
        "\"}{\\",
        "a\nb\u{2028}c\0",
        "🦀",
        &large,
    ] {
        let greeting = client.call("hello.HelloWorld", json!(name)).await;
        assert_eq!(greeting, Ok(json!(format!("{name} hello world"))));
    }
    assert_eq!(client.pending_calls(), 0);
}

#[tokio::test]
async fn our_client_and_a_go_server() {
    our_client_against(&go_server(&[]), 1 << 20).await;
}

#[tokio::test]
async fn our_client_and_a_go_server_whose_replies_come_byte_by_byte() {
    our_client_against(&go_server(&["-split"]), 1 << 10).await;
}

#[test]
fn our_command_line_speaks_to_a_go_server() {
    let server = go_server(&[]);
    let mut client = Command::new(env!("CARGO_BIN_EXE_l03-json-rpc"));
    client.args([
        "client",
        "--go",
        "--addr",
        &server.addr.to_string(),
        "wire",
        "100",
        "你好",
    ]);
    assert_eq!(output(client), "wire hello world\n200\n你好 hello world\n");
}

/// The same bytes to Go's server and to ours: the words of an error differ, and nothing else.
#[test]
fn our_server_answers_as_gos_does() {
    let (go, ours) = (go_server(&[]), Ours::start(&[]));
    for request in [
        r#"{"method":"hello.HelloWorld","params":["wire"],"id":0}"#,
        r#"{"method":"Panda.GetInfo","params":[100],"id":"a text"}"#,
        r#"{"method":"Panda.GetInfo","params":[100],"id":{"an":["object"]}}"#,
        r#"{"method":"Panda.GetInfo","params":[100],"id":null}"#,
        r#"{"method":"Panda.GetInfo","params":[100]}"#,
        r#"{"jsonrpc":"2.0","method":"Panda.GetInfo","params":[100],"id":1}"#,
        r#"{"method":"Panda.GetInfo","params":[-1],"id":2}"#,
        r#"{"method":"Panda.GetInfo","params":["x"],"id":3}"#,
        r#"{"method":"Panda.GetInfo","params":{"number":1},"id":4}"#,
        r#"{"method":"Panda.GetInfo","id":5}"#,
        r#"{"method":"Panda.Nope","params":[1],"id":6}"#,
        r#"{"method":"Nope","params":[1],"id":7}"#,
        r#"{"method":"Panda.GetInfo","params":[1.5],"id":8}"#,
        "[1]",
        "hello",
        r#"{"method":7}"#,
    ] {
        let said = |addr| {
            let got = exchange(addr, request.as_bytes());
            let mut reply: serde_json::Value = serde_json::from_slice(&got).unwrap_or_default();
            if reply["error"].is_string() {
                reply["error"] = json!("some words");
            }
            reply
        };
        assert_eq!(said(go.addr), said(ours.go), "{request}");
    }
}

/// Where ours is stricter than Go's, on purpose.
#[test]
fn our_server_refuses_what_gos_repairs() {
    let (go, ours) = (go_server(&[]), Ours::start(&[]));
    let said = |addr, request: &[u8]| String::from_utf8(exchange(addr, request)).unwrap();
    for (request, gos, our) in [
        (
            br#"{"method":"Panda.GetInfo","params":[1,2],"id":1}"#.as_slice(),
            r#""result":2,"#,
            "params must be a list of one",
        ),
        (
            br#"{"method":"Panda.GetInfo","params":[],"id":1}"#,
            r#""result":0,"#,
            "params must be a list of one",
        ),
        (
            b"{\"method\":\"hello.HelloWorld\",\"params\":[\"\xff\"],\"id\":1}",
            "\u{fffd} hello world",
            "",
        ),
    ] {
        assert!(said(go.addr, request).contains(gos));
        assert!(said(ours.go, request).contains(our));
    }
}

/// Why `go.rs` never answers `result: null` without an error: to a Go client that is the end.
#[test]
fn a_go_client_cannot_take_a_result_that_is_null() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = Command::new(go_program("client"));
    client.args(["-null", &listener.local_addr().unwrap().to_string()]);
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]).unwrap();
        stream
            .write_all(br#"{"id":0,"result":null,"error":null}"#)
            .unwrap();
        // Until the client has closed.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let said = output(client);
    assert_eq!(said, "invalid error <nil>\nconnection is shut down\n");
    server.join().unwrap();
}

#[test]
fn an_npm_client_and_our_server_over_lines_and_over_http() {
    let server = Ours::start(&[]);
    for (kind, addr) in [("lines", server.addr), ("http", server.http)] {
        let mut client = node("client.mjs");
        client.args([kind, &addr.to_string()]);
        assert_eq!(
            output(client),
            "ordinary calls\n50 calls at once\nerrors, and a good call after each\n\
             a notification, and texts of every kind\n",
            "{kind}"
        );
    }
}

#[tokio::test]
async fn our_client_and_an_npm_server() {
    let server = Server::start(node("server.mjs"));
    let client = Client::connect(server.addr, Dialect::Lines, PATIENCE);
    let client = std::sync::Arc::new(client.await.unwrap());
    let greeting = client.call("hello.HelloWorld", json!("你好")).await;
    assert_eq!(greeting, Ok(json!("你好 hello world")));
    // The larger number is answered first: ids, not places.
    let calls: Vec<_> = (0..30)
        .map(|number| {
            let client = std::sync::Arc::clone(&client);
            tokio::spawn(async move { client.call("Panda.GetInfo", json!(number)).await })
        })
        .collect();
    for (number, call) in calls.into_iter().enumerate() {
        assert_eq!(call.await.unwrap(), Ok(json!(2 * number)));
    }
    let refused = client.call("Panda.GetInfo", json!(-1)).await;
    assert!(
        matches!(
            refused,
            Err(CallError::Remote {
                code: Some(-32000),
                ..
            })
        ),
        "{refused:?}"
    );
    let unknown = client.call("Panda.Nope", json!(1)).await;
    assert!(
        matches!(
            unknown,
            Err(CallError::Remote {
                code: Some(-32601),
                ..
            })
        ),
        "{unknown:?}"
    );
}
