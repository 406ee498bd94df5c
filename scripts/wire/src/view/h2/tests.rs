//! Frames written by hand, what must be refused, and a comparison with `h2`, which speaks the
//! protocol for tonic.

use testkit::program::has_all;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::*;
use crate::event::{Shown, Tone};
use crate::view::{Limits, Reading, ViewKind, field, lines, said_by_both};

use Dir::{ToClient, ToServer};

/// A frame as bytes.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let mut out = len[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

/// The preface and empty settings.
pub fn begin() -> Vec<u8> {
    [PREFACE, &frame(names::SETTINGS, 0, 0, &[])].concat()
}

fn said(pieces: &[(Dir, &[u8])]) -> Vec<Shown> {
    said_by_both(&Reading::Plain(ViewKind::Http), Limits::default(), pieces)
}

/// What is said about frames of the client, after its preface and settings.
fn client(frames: &[Vec<u8>]) -> Vec<Shown> {
    let bytes = [begin(), frames.concat()].concat();
    said(&[(Dir::ToServer, &bytes)]).split_off(2)
}

fn words(said: &[Shown]) -> Vec<&str> {
    said.iter().map(|shown| shown.words.as_str()).collect()
}

#[test]
fn every_type_of_frame_has_words() {
    let settings = [
        0, 3, 0, 0, 0, 100, 0, 4, 0, 0, 0xff, 0xff, 0xab, 0xcd, 0, 0, 0, 1,
    ];
    let said = client(&[
        frame(names::SETTINGS, 0, 0, &settings),
        frame(names::SETTINGS, names::ACK, 0, &[]),
        frame(names::WINDOW_UPDATE, 0, 3, &[0, 0, 1, 0]),
        frame(names::PING, 0, 0, &[1, 2, 3, 4, 5, 6, 7, 8]),
        frame(names::PING, names::ACK, 0, &[1, 2, 3, 4, 5, 6, 7, 8]),
        frame(names::RST_STREAM, 0, 3, &[0, 0, 0, 8]),
        frame(names::GOAWAY, 0, 0, b"\0\0\0\x05\0\0\0\x0btoo_many_pings"),
        frame(names::DATA, names::END_STREAM, 5, b"hi"),
        frame(0x42, 0x90, 1, b"abc"),
    ]);
    assert_eq!(
        words(&said),
        [
            "SETTINGS  MAX_CONCURRENT_STREAMS=100 INITIAL_WINDOW_SIZE=65535 0xabcd=1",
            "SETTINGS ACK",
            "stream 3  WINDOW_UPDATE  256 more bytes may come",
            "PING  01 02 03 04 05 06 07 08",
            "PING ACK  01 02 03 04 05 06 07 08",
            "stream 3  RST_STREAM  CANCEL",
            "GOAWAY  ENHANCE_YOUR_CALM, last stream 5  \"too_many_pings\"",
            "stream 5  DATA END_STREAM  2 bytes  \"hi\"",
            "stream 1  type 0x42 0x90  3 bytes  61 62 63",
        ]
    );
    assert_eq!(field(&said[0], "settings")["MAX_CONCURRENT_STREAMS"], 100);
    assert_eq!(field(&said[5], "error"), "CANCEL");
    assert_eq!(field(&said[6], "debug"), "too_many_pings");
    assert_eq!((said[0].tone, said[5].tone), (Tone::Quiet, Tone::Wrong));
}

#[test]
fn a_header_block_is_read_with_padding_priority_and_continuation() {
    // :method GET, :path /, then a literal x: y that goes on in the next frame.
    let padded = [&[2][..], &[0, 0, 0, 0, 16], &[0x82, 0x84, 0x40, 1], &[0, 0]].concat();
    let flags = names::PADDED | names::PRIORITY_FLAG | names::END_STREAM;
    let said = client(&[
        frame(names::HEADERS, flags, 1, &padded),
        frame(names::CONTINUATION, names::END_HEADERS, 1, b"x\x01y"),
        // 62 is the entry that was just added.
        frame(names::HEADERS, names::END_HEADERS, 3, &[0x82, 0x84, 0xbe]),
    ]);
    assert_eq!(
        words(&said),
        [
            "stream 1  HEADERS END_STREAM PADDED PRIORITY  12 bytes, and the header block goes on",
            "stream 1  HEADERS END_STREAM PADDED PRIORITY  request, 7 bytes in 2 frames",
            "stream 3  HEADERS  request, 3 bytes",
        ]
    );
    let rows = ":method: GET   [1 byte]; :path: /   [1 byte]; x: y   [1 byte]";
    assert_eq!(said[2].rows.join("; "), rows);
    assert_eq!(field(&said[1], "headers")[2][1], "y");
}

#[test]
fn padding_of_data_is_no_data() {
    let said = client(&[
        frame(names::DATA, names::PADDED, 1, b"\x03hello\0\0\0"),
        frame(names::DATA, names::PADDED, 1, b"\xffhello"),
        frame(names::DATA, names::PADDED, 1, b""),
        frame(names::DATA, 0, 1, b"x"),
    ]);
    let (first, last) = (&said[0].words, &said.last().unwrap().words);
    assert!(first.ends_with("  \"hello\""), "{first}");
    assert!(
        last.ends_with("  \"x\""),
        "later frames are still found: {last}"
    );
}

/// However the bytes are cut, the same frames are seen.
#[test]
fn byte_by_byte_gives_the_same_frames() {
    let bytes = [
        begin(),
        frame(names::HEADERS, names::END_HEADERS, 1, &[0x82, 0x84]),
        frame(names::DATA, names::PADDED, 1, b"\x02hello\0\0"),
        frame(names::PING, 0, 0, &[9; 8]),
    ]
    .concat();
    let whole = said(&[(Dir::ToServer, &bytes)]);
    let pieces: Vec<(Dir, &[u8])> = bytes.chunks(1).map(|it| (Dir::ToServer, it)).collect();
    let single = said(&pieces);
    assert_eq!(words(&single), words(&whole));
    assert_eq!(single[2].note, "in 11 pieces");
    assert!(whole.iter().all(|shown| shown.note.is_empty()));
}

#[test]
fn a_connection_that_is_no_http_is_said_so() {
    let early = "not-http: ended before it was HTTP";
    let cases: [(Dir, &[u8], &str); 7] = [
        (
            ToServer,
            b"\0\0\0\x05hello",
            "not-http: not HTTP: the client begins with",
        ),
        (
            ToClient,
            b"SSH-2.0-x\r\n",
            "not-http: not HTTP: the server begins with",
        ),
        (
            ToServer,
            b"\x16\x03\x01\x02\0",
            "tls: TLS: the client begins to encrypt",
        ),
        (
            ToClient,
            b"\x16\x03\x03\0",
            "tls: TLS: the server begins to encrypt",
        ),
        (
            ToClient,
            b"\0\0\x04\0\0\0\0\0\x01abcd",
            "not-http: not HTTP: the server",
        ),
        (ToServer, b"PRI * HT", early),
        (ToClient, b"\0\0", early),
    ];
    for (dir, bytes, beginning) in cases {
        let line = &lines(&said(&[(dir, bytes)]))[0];
        assert!(line.starts_with(beginning), "{beginning}: {line}");
    }
    let first = [PREFACE, &frame(names::PING, 0, 0, &[0; 8])].concat();
    let lost = said(&[(Dir::ToServer, &first)]);
    let why = &lost[1].words;
    assert!(why.starts_with("not HTTP/2: the first frame"), "{why}");
    assert_eq!(lost[2].event, "stray");
}

#[test]
fn a_frame_longer_than_the_receiver_takes_ends_the_understanding() {
    let long = frame(names::DATA, 0, 1, &[0; 20_000]);
    let bytes = [begin(), long.clone()].concat();
    let refused = &said(&[(Dir::ToServer, &bytes)])[2].words;
    assert!(refused.contains("DATA of 20000 bytes, and the receiver takes 16384"));
    // The server allows more: then it is fine.
    let more = frame(names::SETTINGS, 0, 0, &[0, 5, 0, 0, 0x80, 0]);
    let allowed = &said(&[(Dir::ToClient, &more), (Dir::ToServer, &bytes)])[3].words;
    assert!(allowed.contains("DATA  20000 bytes"), "{allowed}");
}

#[test]
fn after_a_block_that_cannot_be_read_no_later_one_is_believed() {
    let said = client(&[
        frame(names::HEADERS, names::END_HEADERS, 1, &[0xff; 6]),
        frame(names::HEADERS, names::END_HEADERS, 3, &[0x82]),
        frame(names::DATA, 0, 1, b"still seen"),
    ]);
    for (said, part) in said.iter().zip([
        "cannot be read: a number that is too big",
        "cannot be read",
        "still seen",
    ]) {
        assert!(said.words.contains(part), "{part}: {}", said.words);
    }
}

/// A block in thousands of CONTINUATION frames: known as a way to fill a server's memory.
#[test]
fn a_block_without_end_is_kept_only_up_to_the_bound() {
    let mut reader = Reader::new(Dir::ToServer, max_frames());
    reader.feed(&begin(), &mut |_, _| {});
    reader.feed(&frame(names::HEADERS, 0, 1, &[0x82]), &mut |_, _| {});
    let more = frame(names::CONTINUATION, 0, 1, &[0x82; 10_000]);
    for _ in 0..1000 {
        reader.feed(&more, &mut |_, _| {});
    }
    let (_, block, frames) = reader.block.as_ref().unwrap();
    assert_eq!((block.bytes().len(), *frames), (MAX_BLOCK, 1001));
}

#[test]
fn an_end_inside_a_frame_is_said() {
    let cut = &frame(names::DATA, 0, 7, b"hello")[..11];
    let words = &client(&[cut.to_vec()])[0].words;
    has_all(words, &["stream 7  DATA with 2 of 5 bytes"]);
}

/// Whatever comes, the view says something or nothing, and never panics.
#[test]
fn noise_behind_a_good_beginning_is_harmless() {
    for mut dice in testkit::fuzz::budget("HTTP/2", 150) {
        let mut bytes = begin();
        for _ in 0..20 {
            let (kind, flags) = (dice.below(11).to_le_bytes()[0], dice.byte());
            let stream = u32::try_from(dice.below(4)).unwrap();
            bytes.extend(frame(kind, flags, stream, &dice.bytes(40)));
        }
        if dice.below(2) == 0 {
            let at = dice.below(bytes.len());
            bytes[at] ^= 0x55;
        }
        let size = dice.below(50) + 1;
        let pieces: Vec<(Dir, &[u8])> = bytes.chunks(size).map(|it| (Dir::ToServer, it)).collect();
        for kind in [ViewKind::Http, ViewKind::Grpc] {
            said_by_both(&Reading::Plain(kind), Limits::default(), &pieces);
        }
    }
}

/// Forwards everything, and keeps a copy.
async fn copied(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) -> Vec<u8> {
    let (mut copy, mut buffer) = (Vec::new(), [0; 4096]);
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        copy.extend_from_slice(&buffer[..n]);
        if to.write_all(&buffer[..n]).await.is_err() {
            break;
        }
    }
    copy
}

/// 200 requests whose headers `h2` compressed, and its server's responses: we read what was said.
#[tokio::test]
async fn h2_and_we_read_the_same_headers() {
    // Between the two stands a relay that keeps a copy.
    let (client_end, near) = tokio::io::duplex(1 << 16);
    let (far, server_end) = tokio::io::duplex(1 << 16);
    let (near_read, near_write) = tokio::io::split(near);
    let (far_read, far_write) = tokio::io::split(far);
    let up = tokio::spawn(copied(near_read, far_write));
    let down = tokio::spawn(copied(far_read, near_write));
    let server = tokio::spawn(async move {
        let mut connection = h2::server::handshake(server_end).await.unwrap();
        while let Some(Ok((request, mut respond))) = connection.accept().await {
            let mut response = http::Response::new(());
            *response.headers_mut() = request.headers().clone();
            respond.send_response(response, true).unwrap();
        }
    });
    let (mut client, connection) = h2::client::handshake(client_end).await.unwrap();
    let driving = tokio::spawn(connection);
    let mut sent: Vec<Vec<[String; 2]>> = Vec::new();
    for i in 0..200_u32 {
        let mut request = http::Request::get(format!("http://here/{}", i % 7));
        let mut own = Vec::new();
        for j in 0..i % 9 {
            let name = format!("x-{}", (i * 7 + j * 3) % 23);
            let value = format!(
                "{} ~{{é}}",
                "v".repeat(usize::try_from(i * j % 97).unwrap())
            );
            if own.iter().any(|[it, _]: &[String; 2]| *it == name) {
                continue;
            }
            let mut encoded = http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
            encoded.set_sensitive(j % 4 == 3);
            request = request.header(&name, encoded);
            own.push([name, value]);
        }
        own.sort();
        sent.push(own);
        client = client.ready().await.unwrap();
        let (response, _) = client
            .send_request(request.body(()).unwrap(), true)
            .unwrap();
        response.await.unwrap();
    }
    drop(client);
    driving.await.unwrap().unwrap();
    let (up, down) = (up.await.unwrap(), down.await.unwrap());
    server.await.unwrap();

    let limits = Limits {
        show: 65536,
        ..Limits::default()
    };
    let reading = Reading::Plain(ViewKind::Http);
    for (dir, bytes) in [(Dir::ToServer, up), (Dir::ToClient, down)] {
        let said = said_by_both(&reading, limits, &[(dir, &bytes)]);
        let read: Vec<Vec<[String; 2]>> = said
            .iter()
            .filter(|shown| shown.event == "headers")
            .map(|shown| {
                let pairs: Vec<[String; 2]> =
                    serde_json::from_value(field(shown, "headers").clone()).unwrap();
                let own = pairs.into_iter().filter(|[name, _]| name.starts_with("x-"));
                let mut own: Vec<_> = own.collect();
                own.sort();
                own
            })
            .collect();
        assert_eq!(read, sent);
    }
}
