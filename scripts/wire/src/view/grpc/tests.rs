//! Calls written by hand: what a reader sees of them, and what a peer must not be able to do.

use std::io::Write as _;

use testkit::program::has_all;

use super::*;
use crate::event::Tone;
use crate::schema::{self, Schema};
use crate::view::h2::{
    self,
    tests::{begin, frame},
};
use crate::view::{Reading, field, lines, said_by_both};

/// A header block that leans on no table.
fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0);
        for text in [name, value] {
            // Lengths from 127 on: the rest as a varint behind it.
            match u8::try_from(text.len()) {
                Ok(len @ ..127) => out.push(len),
                _ => {
                    out.push(127);
                    prost::encoding::encode_varint(text.len() as u64 - 127, &mut out);
                }
            }
            out.extend(text.bytes());
        }
    }
    out
}

fn headers(stream: u32, end: bool, fields: &[(&str, &str)]) -> Vec<u8> {
    let end = if end { names::END_STREAM } else { 0 };
    let flags = names::END_HEADERS | end;
    frame(names::HEADERS, flags, stream, &block(fields))
}

fn call(stream: u32, more: &[(&str, &str)]) -> Vec<u8> {
    let (path, kind) = ("/greeter.v1.Greeter/SayHello", "application/grpc");
    let fields = [(":method", "POST"), (":path", path), ("content-type", kind)];
    headers(stream, false, &[&fields, more].concat())
}

fn message(flag: u8, body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[flag], &len[..], body].concat()
}

fn data(stream: u32, end: bool, bytes: &[u8]) -> Vec<u8> {
    frame(names::DATA, u8::from(end), stream, bytes)
}

const OK: &[(&str, &str)] = &[(":status", "200"), ("content-type", "application/grpc")];

fn types() -> Arc<Schema> {
    Schema::of(schema::tests::greeter())
}

fn said_with(schema: Arc<Schema>, up: &[Vec<u8>], down: &[Vec<u8>]) -> Vec<Shown> {
    let up = [begin(), up.concat()].concat();
    let down = [frame(names::SETTINGS, 0, 0, &[]), down.concat()].concat();
    let pieces: &[(Dir, &[u8])] = &[(Dir::ToServer, &up), (Dir::ToClient, &down)];
    said_by_both(&Reading::Grpc(schema), Limits::default(), pieces)
        .into_iter()
        .filter(|shown| shown.event != "h2-preface" && !shown.words.starts_with("SETTINGS"))
        .collect()
}

fn said(up: &[Vec<u8>], down: &[Vec<u8>]) -> Vec<Shown> {
    said_with(types(), up, down)
}

#[test]
fn a_unary_call_from_its_path_to_its_status() {
    let said = said(
        &[
            call(1, &[("grpc-timeout", "5S"), ("x-trace", "7")]),
            data(1, true, &message(0, b"\x0a\x04wire")),
        ],
        &[
            headers(1, false, OK),
            data(1, false, &message(0, b"\x0a\x0ahello wire")),
            headers(1, true, &[("grpc-status", "0"), ("x-took", "3")]),
        ],
    );
    assert_eq!(
        lines(&said),
        [
            "grpc-call: stream 1  call /greeter.v1.Greeter/SayHello \
             (HEADERS, 109 bytes; deadline in 5 s)",
            "grpc-message: stream 1  message HelloRequest {name: \"wire\"} (6 bytes; END_STREAM)",
            "grpc-response: stream 1  the reply begins: HTTP 200 (HEADERS, 44 bytes)",
            "grpc-message: stream 1  message HelloReply {message: \"hello wire\"} (12 bytes)",
            "grpc-status: stream 1  status 0 OK (trailers, 25 bytes)",
        ]
    );
    assert_eq!(said[0].rows, ["x-trace: 7"]);
    assert_eq!(said[4].rows, ["x-took: 3"]);
    assert_eq!(field(&said[1], "type"), "greeter.v1.HelloRequest");
    assert_eq!(field(&said[1], "message")["name"], "wire");
    assert_eq!(field(&said[4], "path"), "/greeter.v1.Greeter/SayHello");
    assert_eq!(said[2].tone, Tone::Quiet);
}

#[test]
fn streams_do_not_get_mixed_up() {
    let whole = message(0, b"\x0a\x03Ada");
    let said = said(
        &[
            call(1, &[]),
            call(3, &[]),
            data(1, false, &whole[..4]),
            data(3, false, &[&whole[..], &whole[..7]].concat()),
            data(1, false, &whole[4..]),
            data(3, true, &whole[7..]),
            data(1, true, &[]),
        ],
        &[],
    );
    assert_eq!(
        lines(&said).split_off(2),
        [
            "grpc-message: stream 3  message HelloRequest {name: \"Ada\"} (5 bytes)",
            "grpc-message: stream 1  message HelloRequest {name: \"Ada\"} \
             (5 bytes; in 2 DATA frames)",
            "grpc-message: stream 3  message HelloRequest {name: \"Ada\"} \
             (5 bytes; in 2 DATA frames; END_STREAM)",
            "grpc-end: stream 1  END_STREAM: the client has finished ()",
        ]
    );
    assert_eq!(
        (field(&said[4], "number"), field(&said[2], "number")),
        (&2.into(), &1.into())
    );
}

#[test]
fn an_error_has_its_name_its_message_and_its_details() {
    // google.rpc.Status {3, "bad", [Any {google.rpc.BadRequest {field "name", "hi"}}]}
    let details =
        "CAMSA2JhZBo5Cil0eXBlLmdvb2dsZWFwaXMuY29tL2dvb2dsZS5ycGMuQmFkUmVxdWVzdBIMCgoKBG5hbWUSAmhp";
    let status = [
        (":status", "200"),
        ("grpc-status", "3"),
        ("grpc-message", "name%3A %E5%B0%8F"),
        ("grpc-status-details-bin", details),
    ];
    let said = said(&[call(1, &[])], &[headers(1, true, &status)]);
    let line = &lines(&said)[1];
    has_all(
        line,
        &[
            "status 3 INVALID_ARGUMENT  \"name: 小\" (",
            "the only headers of this reply)",
        ],
    );
    let violations = "field_violations: [{field: \"name\", description: \"hi\"}]";
    let row = format!("detail google.rpc.BadRequest {{{violations}}}");
    assert_eq!(said[1].rows, [row]);
    assert_eq!(said[1].tone, Tone::Wrong);
}

#[test]
fn a_call_that_is_given_up_names_its_path() {
    let cancel = frame(names::RST_STREAM, 0, 1, &[0, 0, 0, 8]);
    let late = headers(1, true, &[(":status", "200"), ("grpc-status", "1")]);
    let said = lines(&said(&[call(1, &[]), cancel], &[late]));
    has_all(&said[2], &["too late: the client had given up)"]);
    assert_eq!(
        said[1],
        "h2-frame: stream 1  RST_STREAM  CANCEL \
         (the client gives up /greeter.v1.Greeter/SayHello)"
    );
}

#[test]
fn without_types_fields_have_numbers() {
    let up = [
        call(1, &[]),
        data(1, true, &message(0, b"\x0a\x04wire\x10\x07")),
    ];
    let said = said_with(Schema::nothing(), &up, &[]);
    assert_eq!(said[1].words, "stream 1  message {1: \"wire\", 2: 7}");
    assert_eq!(field(&said[1], "type"), &serde_json::Value::Null);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

#[test]
fn compressed_messages_are_opened_up_to_the_bound() {
    let gzipped = &[("grpc-encoding", "gzip")];
    let small = gzip(b"\x0a\x04wire");
    // 20 KB on the wire that want to be 20 MB.
    let bomb = gzip(&vec![0; 20_000_000]);
    assert!(bomb.len() < 30_000);
    let frames: Vec<Vec<u8>> = message(1, &bomb)
        .chunks(10_000)
        .map(|it| data(5, false, it))
        .collect();
    let said = said(
        &[
            call(1, gzipped),
            data(1, true, &message(1, &small)),
            call(3, &[("grpc-encoding", "zstd")]),
            data(3, true, &message(1, &small)),
            call(5, gzipped),
            frames.concat(),
            data(5, true, &message(1, b"no gzip")),
        ],
        &[],
    );
    let said = lines(&said);
    for (n, part) in [
        (
            1,
            "HelloRequest {name: \"wire\"} (26 bytes; gzip, opened 6 bytes",
        ),
        (3, "compressed with \"zstd\", which the wire cannot open"),
        (5, "opened more than 65536 bytes"),
        (6, "it cannot be opened"),
    ] {
        has_all(&said[n], &[part]);
    }
}

#[test]
fn what_is_no_message_of_grpc_is_said() {
    let said = said(
        &[
            call(1, &[]),
            data(1, false, b"{\"json\": 1}"),
            data(1, false, b"more"),
            call(3, &[]),
            data(3, true, &message(0, b"\x0a\x04wire")[..8]),
        ],
        &[headers(5, true, &[(":status", "404")])],
    );
    let said = lines(&said);
    for (n, part) in [
        (1, "grpc-broken: stream 1  no message of gRPC"),
        (2, "h2-frame: stream 1  DATA  4 bytes"),
        (
            4,
            "grpc-unfinished: stream 3  ended in the middle of a message: 3 of 6 bytes",
        ),
        (5, "headers: stream 5  HEADERS END_STREAM  response"),
    ] {
        assert!(said[n].starts_with(part), "{part}: {}", said[n]);
    }
}

/// Thousands of streams, each with a message that never ends.
#[test]
fn many_streams_are_kept_only_up_to_the_bounds() {
    let calls = Arc::new(Calls::new(Some(types())));
    let mut layer = Grpc::new(Dir::ToServer, Limits::default(), Arc::clone(&calls));
    let mut reader = h2::Reader::new(Dir::ToServer, h2::max_frames());
    let mut feed = |bytes: &[u8]| {
        reader.feed(bytes, &mut |item, pieces| {
            layer.item(item, pieces, &mut |_| {})
        });
    };
    feed(&begin());
    let endless = [&[0, 0xff, 0xff, 0xff, 0xff][..], &[7; 10_000]].concat();
    for i in 0..5000 {
        feed(&call(i * 2 + 1, &[]));
        feed(&data(i * 2 + 1, false, &endless));
    }
    assert!(calls.len() <= MAX_CALLS);
    let held: usize = layer.open.values().map(Assembly::held).sum();
    assert!(held <= MAX_HELD, "{held}");
    assert!(layer.open.len() <= MAX_CALLS, "{}", layer.open.len());
}
