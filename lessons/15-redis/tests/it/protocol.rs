//! The codec: every type both ways, pieces of any size, limits, and noise.

use bytes::Bytes;
use l15_redis::decode::{Broken, Decoder, Limits, decode};
use l15_redis::resp::{Protocol, Requests, Value, integer};
use testkit::fuzz::{Dice, MEMORY, budget, peak_memory};

fn text(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// One of each, written by hand, as the specification shows them.
fn all() -> Vec<(&'static str, Value)> {
    let one = || Value::Integer(1);
    vec![
        ("+OK\r\n", Value::simple("OK")),
        ("+\r\n", Value::simple("")),
        ("-ERR no\r\n", Value::error("ERR no")),
        (":-42\r\n", Value::Integer(-42)),
        (":9223372036854775807\r\n", Value::Integer(i64::MAX)),
        ("$5\r\na\r\nbc\r\n", Value::bulk("a\r\nbc")),
        ("$0\r\n\r\n", Value::bulk("")),
        ("$-1\r\n", Value::NullBulk),
        ("*-1\r\n", Value::NullArray),
        ("*0\r\n", Value::Array(vec![])),
        (
            "*2\r\n:1\r\n$-1\r\n",
            Value::Array(vec![one(), Value::NullBulk]),
        ),
        (
            "*1\r\n*1\r\n*0\r\n",
            Value::Array(vec![Value::Array(vec![Value::Array(vec![])])]),
        ),
        ("_\r\n", Value::Null),
        ("#t\r\n", Value::Boolean(true)),
        ("#f\r\n", Value::Boolean(false)),
        (",3.25\r\n", Value::Double(3.25)),
        (",inf\r\n", Value::Double(f64::INFINITY)),
        (",-inf\r\n", Value::Double(f64::NEG_INFINITY)),
        (
            "(-349289032840923850932485094385\r\n",
            Value::BigNumber(text("-349289032840923850932485094385")),
        ),
        ("!5\r\nERR \n\r\n", Value::BulkError(text("ERR \n"))),
        (
            "=8\r\nmkd:# Hi\r\n",
            Value::Verbatim {
                format: *b"mkd",
                text: text("# Hi"),
            },
        ),
        (
            "=4\r\ntxt:\r\n",
            Value::Verbatim {
                format: *b"txt",
                text: text(""),
            },
        ),
        (
            "%1\r\n+a\r\n:1\r\n",
            Value::Map(vec![(Value::simple("a"), one())]),
        ),
        ("%0\r\n", Value::Map(vec![])),
        (
            "~2\r\n:1\r\n#t\r\n",
            Value::Set(vec![one(), Value::Boolean(true)]),
        ),
        (
            ">2\r\n+message\r\n:1\r\n",
            Value::Push(vec![Value::simple("message"), one()]),
        ),
        (
            "|1\r\n+ttl\r\n:1\r\n*1\r\n:1\r\n",
            Value::Attributed {
                attributes: vec![(Value::simple("ttl"), one())],
                value: Box::new(Value::Array(vec![one()])),
            },
        ),
        (
            "|0\r\n:1\r\n",
            Value::Attributed {
                attributes: vec![],
                value: Box::new(one()),
            },
        ),
    ]
}

#[test]
fn every_type_goes_both_ways() {
    for (bytes, value) in all() {
        let mut out = Vec::new();
        value.encode(Protocol::Resp3, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), bytes);
        assert!(out.len() <= value.size());
        assert_eq!(
            decode(bytes.as_bytes()),
            Ok(Some((value, bytes.len()))),
            "{bytes:?}"
        );
    }
    assert!(matches!(decode(b",nan\r\n"), Ok(Some((Value::Double(n), 6))) if n.is_nan()));
    assert_eq!(decode(b":+5\r\n"), Ok(Some((Value::Integer(5), 5))));
}

#[test]
fn pieces_of_any_size_make_the_same_values() {
    let bytes: Vec<u8> = all().iter().flat_map(|(bytes, _)| bytes.bytes()).collect();
    let values: Vec<Value> = all().into_iter().map(|(_, value)| value).collect();
    for size in 1..=bytes.len() {
        let mut decoder = Decoder::default();
        let mut read = Vec::new();
        for piece in bytes.chunks(size) {
            decoder.feed(piece);
            while let Some(value) = decoder.next_value().unwrap() {
                read.push(value);
            }
        }
        assert_eq!(read, values, "pieces of {size}");
    }
    for (bytes, _) in all() {
        for end in 0..bytes.len() {
            assert_eq!(
                decode(&bytes.as_bytes()[..end]),
                Ok(None),
                "{:?}",
                &bytes[..end]
            );
        }
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for (bytes, broken) in [
        ("x\r\n", Broken::Type(b'x')),
        ("\r\n", Broken::End),
        ("+OK\n", Broken::End),
        ("$1\r\nabc", Broken::End),
        (":\r\n", Broken::Number("".into())),
        (":1x\r\n", Broken::Number("1x".into())),
        ("$-2\r\n", Broken::Number("-2".into())),
        ("$?\r\n", Broken::Number("?".into())),
        ("%-1\r\n", Broken::Number("-1".into())),
        ("#x\r\n", Broken::Number("x".into())),
        ("_x\r\n", Broken::Number("x".into())),
        (",x\r\n", Broken::Number("x".into())),
        ("(1x\r\n", Broken::Number("1x".into())),
        ("=3\r\ntxt\r\n", Broken::Number("3".into())),
        ("=4\r\ntxt-\r\n", Broken::Number("txt-".into())),
    ] {
        assert_eq!(decode(bytes.as_bytes()), Err(broken.clone()), "{bytes:?}");
        assert!(!broken.to_string().is_empty());
        let mut decoder = Decoder::default();
        decoder.feed(bytes.as_bytes());
        assert!(decoder.next_value().is_err());
        decoder.feed(b"+OK\r\n");
        assert_eq!(
            decoder.next_value(),
            Err(broken),
            "it goes on after {bytes:?}"
        );
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        line: 10,
        bulk: 20,
        values: 5,
        total: 50,
        depth: 3,
    };
    for (bytes, expected) in [
        ("+0123456789", Err(Broken::Limit("a line"))),
        ("+01234567\r\n", Ok(true)),
        ("$20\r\n", Ok(false)),
        ("$21\r\n", Err(Broken::Limit("a bulk string"))),
        ("$99999999999999999999\r\n", Err(Broken::Limit("a line"))),
        ("*4\r\n", Ok(false)),
        ("*5\r\n", Err(Broken::Limit("values"))),
        ("%2\r\n:1\r\n:1\r\n:1\r\n:1\r\n", Ok(true)),
        (
            "%3\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n",
            Err(Broken::Limit("values")),
        ),
        ("*1\r\n*1\r\n*1\r\n:1\r\n", Ok(true)),
        ("*1\r\n*1\r\n*1\r\n*1\r\n", Err(Broken::Limit("depth"))),
        (
            "*3\r\n$20\r\n01234567890123456789\r\n$20\r\n01234567890123456789\r\n$9\r\n",
            Err(Broken::Limit("all texts")),
        ),
    ] {
        let mut decoder = Decoder::new(limits);
        decoder.feed(bytes.as_bytes());
        assert_eq!(
            decoder.next_value().map(|value| value.is_some()),
            expected,
            "{bytes:?}"
        );
    }
}

/// A value that holds values, ten thousand deep: no stack is deep enough for a function that calls itself.
#[test]
fn depth_is_no_danger() {
    let deep = "*1\r\n".repeat(10_000);
    assert_eq!(decode(deep.as_bytes()), Err(Broken::Limit("depth")));
    let mut decoder = Decoder::default();
    decoder.feed(deep.as_bytes());
    assert_eq!(decoder.next_value(), Err(Broken::Limit("depth")));
}

/// A hundred thousand values, one byte at a time: read again from the front each time, it would take days.
#[test]
fn nothing_is_read_twice() {
    let mut bytes = b"*100000\r\n".to_vec();
    bytes.extend(b":1\r\n".repeat(100_000));
    let mut decoder = Decoder::default();
    let mut requests = Requests::default();
    for byte in &bytes {
        decoder.feed(&[*byte]);
        match decoder.next_value().unwrap() {
            None => {}
            Some(Value::Array(items)) => assert_eq!(items.len(), 100_000),
            Some(other) => panic!("{other:?}"),
        }
    }
    let mut bytes = b"*50000\r\n".to_vec();
    bytes.extend(b"$1\r\na\r\n".repeat(50_000));
    let mut whole = None;
    for byte in &bytes {
        requests.space().push(*byte);
        whole = requests.next_request().unwrap().or(whole);
    }
    assert_eq!(whole.map(|words| words.len()), Some(50_000));
}

/// Bytes that look like RESP, with some changed.
fn noise(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..dice.below(6) {
        match dice.below(4) {
            0 => bytes.extend(dice.bytes(30)),
            1 => {
                let kind = b"+-:$*_#,(!=%~>|"[dice.below(15)];
                let number = [0, 1, 2, 3, 17, 1 << 20, 1 << 31, u64::MAX][dice.below(8)];
                bytes.push(kind);
                bytes.extend(number.to_string().bytes());
                bytes.extend(b"\r\n");
            }
            _ => bytes.extend(all()[dice.below(all().len())].0.bytes()),
        }
    }
    for _ in 0..dice.below(3) {
        let at = dice.below(bytes.len() + 1);
        match dice.below(3) {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, dice.byte()),
            _ => bytes.splice(at..at, dice.bytes(8)).for_each(drop),
        }
    }
    bytes
}

/// No panic, no memory for what was only announced; in pieces the same comes out as in one, and what
/// comes out can be written and read again.
#[test]
fn noise_does_no_harm() {
    let before = peak_memory();
    for mut dice in budget("RESP", 20_000) {
        let bytes = noise(&mut dice);
        let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut decoder = Decoder::default();
            let mut read = Vec::new();
            for piece in pieces {
                decoder.feed(piece);
                while let Ok(Some(value)) = decoder.next_value() {
                    read.push(format!("{value:?}"));
                    let mut out = Vec::new();
                    value.encode(Protocol::Resp3, &mut out);
                    let again = decode(&out).unwrap().map(|(value, _)| format!("{value:?}"));
                    assert_eq!(again.as_ref(), read.last());
                }
            }
            (read, decoder.next_value().err())
        };
        let whole = read(&mut std::iter::once(&bytes[..]));
        let size = 1 + dice.below(9);
        assert_eq!(read(&mut bytes.chunks(size)), whole, "{bytes:?}");

        let requests = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut requests = Requests::default();
            let mut read = Vec::new();
            for piece in pieces {
                requests.space().extend_from_slice(piece);
                loop {
                    match requests.next_request() {
                        Ok(Some(words)) => {
                            assert!(!words.is_empty());
                            read.push(words);
                        }
                        Ok(None) => break,
                        Err(words) => return (read, Some(words)),
                    }
                }
                requests.tidy();
            }
            (read, None)
        };
        let whole = requests(&mut std::iter::once(&bytes[..]));
        assert_eq!(requests(&mut bytes.chunks(size)), whole, "{bytes:?}");
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB");
}

fn written(value: &Value, protocol: Protocol) -> String {
    let mut out = Vec::new();
    value.encode(protocol, &mut out);
    assert!(out.len() <= value.size(), "{value:?}");
    String::from_utf8(out).unwrap()
}

#[test]
fn one_answer_in_two_versions() {
    for (value, two, three) in [
        (Value::simple("OK"), "+OK\r\n", "+OK\r\n"),
        (Value::Integer(-7), ":-7\r\n", ":-7\r\n"),
        (Value::bulk("a\r\n"), "$3\r\na\r\n\r\n", "$3\r\na\r\n\r\n"),
        (Value::Null, "$-1\r\n", "_\r\n"),
        (Value::Boolean(true), ":1\r\n", "#t\r\n"),
        (Value::Double(0.5), "$3\r\n0.5\r\n", ",0.5\r\n"),
        (
            Value::Double(f64::NEG_INFINITY),
            "$4\r\n-inf\r\n",
            ",-inf\r\n",
        ),
        (
            Value::Map(vec![("a".into(), Value::Integer(1))]),
            "*2\r\n$1\r\na\r\n:1\r\n",
            "%1\r\n$1\r\na\r\n:1\r\n",
        ),
        (
            Value::Set(vec![Value::Null]),
            "*1\r\n$-1\r\n",
            "~1\r\n_\r\n",
        ),
        (
            Value::Verbatim {
                format: *b"txt",
                text: Bytes::from_static(b"hi"),
            },
            "$2\r\nhi\r\n",
            "=6\r\ntxt:hi\r\n",
        ),
    ] {
        assert_eq!(written(&value, Protocol::Resp2), two);
        assert_eq!(written(&value, Protocol::Resp3), three);
    }
}

#[test]
fn an_error_stays_on_its_line() {
    let error = Value::error("ERR no 'a\r\n+OK'");
    assert_eq!(written(&error, Protocol::Resp2), "-ERR no 'a  +OK'\r\n");
}

#[test]
fn one_spelling_a_number() {
    for (text, number) in [
        ("0", Some(0)),
        ("-1", Some(-1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("-9223372036854775808", Some(i64::MIN)),
        ("9223372036854775808", None),
        ("", None),
        ("-", None),
        ("-0", None),
        ("+1", None),
        ("01", None),
        (" 1", None),
        ("1 ", None),
        ("1e3", None),
    ] {
        assert_eq!(integer(text.as_bytes()), number, "{text:?}");
    }
}

#[test]
fn a_typed_line_is_plain_words() {
    let mut requests = Requests::default();
    requests
        .space()
        .extend_from_slice(b"  set  a\tb \r\nget 'a'\n");
    let words = requests.next_request().unwrap().unwrap();
    assert_eq!(words.join(&b' '), b"set a b");
    assert!(requests.next_request().unwrap_err().contains("quotes"));
}

#[test]
fn a_request_in_any_pieces() {
    let bytes = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\nping\r\n*0\r\n\r\n*1\r\n$4\r\nPING\r\n";
    for size in 1..bytes.len() {
        let mut requests = Requests::default();
        let mut read = Vec::new();
        for piece in bytes.chunks(size) {
            requests.space().extend_from_slice(piece);
            while let Some(request) = requests.next_request().unwrap() {
                read.push(request.join(&b' '));
            }
        }
        assert_eq!(read, [&b"GET a"[..], b"ping", b"PING"], "pieces of {size}");
        assert!(!requests.is_incomplete() && requests.held() == 0);
    }
}
