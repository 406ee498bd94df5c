use serde_json::json;
use testkit::program::has_all;

use super::*;
use crate::event::Tone;
use crate::view::{Reading, ViewKind, conversation, field, said_by_both};

use Dir::{ToClient, ToServer};

const RESP: Reading = Reading::Plain(ViewKind::Resp);

/// Each thing that is said: arrow, words, note.
fn talk(pieces: &[(Dir, &[u8])]) -> Vec<String> {
    conversation(&RESP, Limits::default(), pieces)
        .into_iter()
        .map(|(dir, shown)| {
            let arrow = if dir == ToServer { "→" } else { "←" };
            format!("{arrow} {} | {}", shown.words, shown.note)
        })
        .collect()
}

#[test]
fn a_request_is_shown_as_it_would_be_typed() {
    let set = b"*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$7\r\nhi\nyou!\r\n$2\r\nEX\r\n$3\r\n300\r\n";
    let empty = "→ an empty request | nothing is asked, and nothing will be answered";
    for (bytes, expected) in [
        (&set[..], r#"→ request 1  SET k "hi\nyou!" EX 300 | "#),
        (b"GET  k\r\n", "→ request 1  GET  k | inline"),
        (b"PING\n", "→ request 1  PING | inline"),
        (
            b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n",
            r#"→ request 1  ECHO "" | "#,
        ),
        (
            b"*2\r\n$4\r\nECHO\r\n$2\r\n\xff\"\r\n",
            r#"→ request 1  ECHO "\xff\"" | "#,
        ),
        (
            b"*2\r\n$3\r\nGET\r\n$4\r\na\r\nb\r\n",
            r#"→ request 1  GET "a\r\nb" | "#,
        ),
        (b"\r\n", empty),
        (b"*0\r\n", empty),
    ] {
        assert_eq!(talk(&[(ToServer, bytes)]), [expected]);
    }
}

#[test]
fn every_type_of_both_versions_has_its_words() {
    let nested = b"*3\r\n$1\r\na\r\n$-1\r\n*2\r\n:1\r\n-ERR x\r\n";
    let map = b"%2\r\n$6\r\nserver\r\n$5\r\nredis\r\n+proto\r\n:3\r\n";
    let long = "12345678901234567890123";
    for (bytes, words, kind) in [
        (&b"+OK\r\n"[..], "reply 1  OK", "simple string"),
        (b"$-1\r\n", "reply 1  nil", "nil bulk string"),
        (b"*-1\r\n", "reply 1  nil", "nil array"),
        (b"_\r\n", "reply 1  nil", "null"),
        (b":-12\r\n", "reply 1  -12", "integer"),
        (
            b"$3\r\na\nb\r\n",
            r#"reply 1  "a\nb""#,
            "bulk string of 3 bytes",
        ),
        (b"$0\r\n\r\n", r#"reply 1  """#, "bulk string of 0 bytes"),
        (b"-ERR no such key\r\n", "error 1  ERR no such key", "error"),
        (
            nested,
            r#"reply 1  ["a", nil, [1, error ERR x]]"#,
            "array of 3",
        ),
        (b"*0\r\n", "reply 1  []", "array of 0"),
        (map, r#"reply 1  {"server": "redis", proto: 3}"#, "map of 2"),
        (b"~2\r\n:1\r\n:2\r\n", "reply 1  {1, 2}", "set of 2"),
        (b"#t\r\n", "reply 1  true", "boolean"),
        (b",-inf\r\n", "reply 1  -inf", "double"),
        (
            format!("({long}\r\n").as_bytes(),
            &format!("reply 1  {long}"),
            "big number",
        ),
        (
            b"=8\r\ntxt:a\tb!\r\n",
            r#"reply 1  "a\tb!""#,
            "verbatim string",
        ),
        (b"!7\r\nERR bad\r\n", "error 1  ERR bad", "bulk error"),
    ] {
        let said = talk(&[(ToServer, b"PING\r\n"), (ToClient, bytes)]).split_off(1);
        assert_eq!(said, [format!("← {words} | {kind}; to PING")]);
    }
}

#[test]
fn replies_find_their_requests_in_a_pipeline() {
    let three = b"*2\r\n$4\r\nincr\r\n$1\r\nn\r\n*2\r\n$3\r\nGET\r\n$1\r\nn\r\nPING\r\n";
    assert_eq!(
        talk(&[
            (ToServer, three),
            (ToClient, b":1\r\n$1\r\n1\r\n"),
            (ToClient, b"+PONG\r\n"),
            (ToClient, b"+PONG\r\n"),
        ]),
        [
            "→ request 1  incr n | ",
            "→ request 2  GET n | 1 before it not yet answered; in the same chunk",
            "→ request 3  PING | 2 before it not yet answered; inline; in the same chunk",
            "← reply 1  1 | integer; to INCR",
            r#"← reply 2  "1" | bulk string of 1 byte; to GET; in the same chunk"#,
            "← reply 3  PONG | simple string; to PING",
            "← reply  PONG | simple string; no request waits for a reply",
        ]
    );
}

#[test]
fn what_comes_unasked_does_not_shift_the_replies() {
    let push = b">3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n";
    let subscribed =
        b">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n";
    let words = |pieces: &[(Dir, &[u8])]| -> Vec<String> {
        let all = talk(pieces).into_iter();
        all.filter(|line| line.starts_with('←'))
            .map(|line| line.split(" | ").next().unwrap_or_default().to_owned())
            .collect()
    };
    assert_eq!(
        words(&[
            (ToServer, b"SUBSCRIBE a b\r\nGET k\r\n"),
            (ToClient, subscribed),
            (ToClient, push),
            (ToClient, b"|1\r\n+ttl\r\n:3\r\n$1\r\nv\r\n"),
        ]),
        [
            r#"← push 1  ["subscribe", "a", 1]"#,
            r#"← push 1  ["subscribe", "b", 2]"#,
            r#"← push  ["message", "news", "hi"]"#,
            "← attribute  {ttl: 3}",
            r#"← reply 2  "v""#,
        ]
    );
    // In version 2 the same comes as arrays.
    let array = |bytes: &[u8]| -> Vec<u8> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replace('>', "*").into_bytes()
    };
    assert_eq!(
        words(&[
            (ToServer, b"SUBSCRIBE a b\r\n"),
            (ToClient, &array(subscribed)),
            (ToClient, &array(push)),
            (ToServer, b"UNSUBSCRIBE\r\nPING\r\n"),
            (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n"),
            (ToClient, b"*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:0\r\n"),
            (ToClient, b"+PONG\r\n"),
        ]),
        [
            r#"← reply 1  ["subscribe", "a", 1]"#,
            r#"← reply 1  ["subscribe", "b", 2]"#,
            r#"← reply  ["message", "news", "hi"]"#,
            r#"← reply 2  ["unsubscribe", "a", 1]"#,
            r#"← reply 2  ["unsubscribe", "b", 0]"#,
            "← reply 3  PONG",
        ]
    );
    assert_eq!(
        words(&[
            (
                ToServer,
                b"CLIENT REPLY SKIP\r\nSET a b\r\nGET a\r\nMONITOR\r\n"
            ),
            (ToClient, b"$1\r\nb\r\n+OK\r\n+1.5 [0 lo] \"GET\" \"a\"\r\n"),
        ]),
        [
            r#"← reply 3  "b""#,
            "← reply 4  OK",
            r#"← reply  1.5 [0 lo] "GET" "a""#,
        ]
    );
}

#[test]
fn a_value_in_pieces_is_shown_when_it_is_whole() {
    assert_eq!(
        talk(&[
            (ToServer, b"*2\r\n$3\r\nGE"),
            (ToServer, b"T\r\n$1\r\nk\r"),
            (ToServer, b"\n"),
            (ToClient, b"$5\r\nhel"),
        ]),
        [
            r#"→ "*2\r\n$3\r\nGE" … | 10 bytes so far"#,
            r#"→ "*2\r\n$3\r\nGET\r\n$1\r\nk\r" … | 19 bytes so far"#,
            "→ request 1  GET k | in 3 pieces",
            r#"← "$5\r\nhel" … | 7 bytes so far"#,
            r#"← the last value has no end: "$5\r\nhel" | "#,
        ]
    );
}

#[test]
fn what_breaks_the_protocol_is_said_and_the_rest_is_bytes() {
    assert_eq!(
        talk(&[
            (ToServer, b"*1\r\n$4\r\nPING!!\r\n"),
            (ToServer, b"PING\r\n"),
            (ToClient, b"-ERR Protocol error\r\n"),
        ]),
        [
            r#"→ request 1  this is not RESP: after the 4 bytes that were announced \r\n must stand, and not "!!" | what follows cannot be understood"#,
            r#"→ 2 bytes  "\r\n" | "#,
            r#"→ 6 bytes  "PING\r\n" | "#,
            "← error 1  ERR Protocol error | error; to ?",
        ]
    );
    let deep = b"*1\r\n".repeat(100);
    for (dir, bytes, why) in [
        (
            ToClient,
            &b"HTTP/1.1 200 OK\r\n"[..],
            r#"no type begins with "H""#,
        ),
        (ToClient, b"+OK\n", r"a line ends with \n alone"),
        (ToClient, b":1x\r\n", r#"this is no number: "1x""#),
        (ToClient, b"$x\r\n", r#"this is no length: "x""#),
        (ToClient, b"$-2\r\n", "a length of -2"),
        (ToClient, b"#x\r\n", "a boolean is t or f"),
        (ToClient, b"_x\r\n", "nil has no text"),
        // A map of so many pairs is only begun; it is never whole.
        (ToClient, b"%9223372036854775807\r\n", "no end"),
        (ToClient, b"$99999999999999999999\r\n", "this is no length"),
        (ToServer, b"*1\r\n:1\r\n", "only bulk strings may stand"),
        (ToClient, &deep, "deeper than 64"),
    ] {
        has_all(&talk(&[(dir, bytes)]).join("\n"), &[why]);
    }
}

#[test]
fn tones_and_fields_say_what_went_wrong() {
    let pieces: [(Dir, &[u8]); 3] = [
        (ToServer, b"*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n"),
        (
            ToClient,
            b"-ERR value is not an integer or out of range\r\n",
        ),
        (ToClient, b"+what\r\n"),
    ];
    let all = said_by_both(&RESP, Limits::default(), &pieces);
    let tones: Vec<_> = all.iter().map(|shown| shown.tone).collect();
    assert_eq!(tones, [Tone::Good, Tone::Wrong, Tone::Wrong]);
    assert_eq!(field(&all[0], "command"), &json!(["INCR", "k"]));
    assert_eq!(field(&all[0], "number"), 1);
    assert_eq!(field(&all[1], "to"), "INCR");
    assert!(field(&all[1], "took_us").is_u64());
    let error = json!({ "error": "ERR value is not an integer or out of range" });
    assert_eq!(field(&all[1], "value"), &error);
    assert!(field(&all[2], "number").is_null());
}

#[test]
fn what_could_drive_a_terminal_is_written_out() {
    let evil = "\u{9b}2J\u{202e}";
    let text = format!(
        "+{evil}\r\n-{evil}\r\n${}\r\n{evil}\r\n:1\u{1b}\r\n",
        evil.len()
    );
    let request = format!("{evil} \u{1b}[2J\r\n*1\r\n${}\r\n{evil}\r\n", evil.len());
    let said = talk(&[(ToServer, request.as_bytes()), (ToClient, text.as_bytes())]);
    assert!(said.len() > 5, "{said:?}");
    let all = said.concat();
    assert!(!all.contains(['\u{9b}', '\u{202e}', '\u{1b}']), "{all:?}");
}

#[test]
fn whatever_comes_only_a_bounded_part_is_kept() {
    let limits = Limits::default();
    let nothing: Say<'_> = &mut |_| {};
    let [mut up, mut down] = Resp::both(limits);
    // A text of 1 GB.
    down.feed(b"$1000000000\r\n", nothing);
    for _ in 0..1000 {
        down.feed(&[b'a'; 10_000], nothing);
    }
    let bulk = down.reader.bulk.as_ref().unwrap();
    assert_eq!(bulk.kept.bytes().len(), limits.show);
    // A line without an end.
    for _ in 0..1000 {
        up.feed(&[b'a'; 10_000], nothing);
    }
    assert!(up.reader.line.bytes().len() <= 64 * 1024);
    // An array of a million, of which a thousand is kept, and the rest is counted.
    let [_, mut down] = Resp::both(limits);
    let mut said = Vec::new();
    down.feed(b"*1000000\r\n", nothing);
    let many = b"$100\r\n".iter().chain(&[b'x'; 100]).chain(b"\r\n");
    let many: Vec<u8> = many.copied().collect::<Vec<_>>().repeat(1000);
    for n in 0..1000 {
        down.feed(&many, &mut |later| {
            if n == 999 {
                said.push(later.into_words());
            }
        });
    }
    let shown = said.last().unwrap();
    assert_eq!(shown.event, "resp-reply");
    assert!(shown.words.ends_with("more]"), "{}", shown.words);
    assert!(shown.words.len() < 600, "{}", shown.words);
    assert!(field(shown, "value").to_string().len() < 128 * 1024);
    // More requests than may wait.
    let [mut up, mut down] = Resp::both(limits);
    for _ in 0..200 {
        up.feed(&b"PING\r\n".repeat(100), nothing);
    }
    assert!(lock(&up.talk).waiting() == 0);
    let mut said = Vec::new();
    down.feed(b"+PONG\r\n", &mut |later| said.push(later.into_words()));
    assert!(said[0].note.contains("too many requests"), "{:?}", said[0]);
}
