//! HTTP/1.1 as browsers and servers send it, and what is not quite that.

use testkit::program::has_all;

use crate::event::{Dir, Shown};
use crate::view::{Limits, Reading, ViewKind, said_by_both};

fn said(pieces: &[(Dir, &[u8])]) -> Vec<Shown> {
    said_by_both(&Reading::Plain(ViewKind::Http), Limits::default(), pieces)
}

fn words(said: &[Shown]) -> Vec<String> {
    said.iter()
        .map(|shown| format!("{} ({})", shown.words, shown.note))
        .collect()
}

#[test]
fn a_request_and_its_response() {
    let said = said(&[
        (
            Dir::ToServer,
            b"POST /rpc HTTP/1.1\r\nHost: here\r\nContent-Length: 4\r\n\r\nwire",
        ),
        (
            Dir::ToClient,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        ),
        (
            Dir::ToClient,
            b"6;x=y\r\n world\r\n0\r\nX-After: 1\r\n\r\nHTTP/1.1 304 No\r\n\r\n",
        ),
    ]);
    assert_eq!(
        words(&said),
        [
            "POST /rpc HTTP/1.1 (body of 4 bytes)",
            "body of 4 bytes  \"wire\" ()",
            "HTTP/1.1 200 OK (body in chunks)",
            "body of 11 bytes  \"hello world\" (sent as 2 chunks; in 2 pieces)",
            "HTTP/1.1 304 No (no body)",
        ]
    );
    assert_eq!(said[0].rows, ["Host: here", "Content-Length: 4"]);
}

#[test]
fn a_response_to_head_has_no_body_and_continue_answers_nothing() {
    let said = said(&[
        (
            Dir::ToServer,
            b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        ),
        (
            Dir::ToClient,
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
        ),
        (Dir::ToClient, b"HTTP/1.0 200 OK\r\n\r\nto the end"),
    ]);
    assert_eq!(
        words(&said).split_off(2),
        [
            "HTTP/1.1 100 Continue (no body)",
            "HTTP/1.1 200 OK (no body)",
            "HTTP/1.0 200 OK (body up to the end of the connection)",
            "body of 10 bytes  \"to the end\" ()",
        ]
    );
}

#[test]
fn what_is_not_quite_http_is_said() {
    for (bytes, part) in [
        (&b"HELLO there\r\n\r\n"[..], "no start line of HTTP"),
        (
            b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            "a content-length that is no number",
        ),
        (
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "a chunk without a size",
        ),
        (
            b"GET / HTTP/1.1\r\nHost: h",
            "ended in the middle of the head",
        ),
        (
            b"GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab",
            "ended in the middle of the body",
        ),
    ] {
        has_all(&words(&said(&[(Dir::ToServer, bytes)])).join("\n"), &[part]);
    }
    let long = [&b"GET / HTTP/1.1\r\nX: "[..], &[b'x'; 100_000]].concat();
    let said = said(&[(Dir::ToServer, &long)]);
    assert!(said[0].words.contains("a head of more than 16 KiB"));
}
