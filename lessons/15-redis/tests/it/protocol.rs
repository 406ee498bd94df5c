//! The codec: every type both ways, pieces of any size, limits, and noise.

use l15_redis::decode::decode;
use l15_redis::resp::{Protocol, Requests, Value, integer};
use testkit::fuzz::{Dice, MEMORY, budget, peak_memory};

/// One of each, written by hand, as the specification shows them: the value, and its bytes in both versions.
fn all() -> Vec<(Value, &'static str, &'static str)> {
    let same = |value, bytes| (value, bytes, bytes);
    let (one, none) = (|| Value::Integer(1), || Value::Array(vec![]));
    vec![
        same(Value::simple("OK"), "+OK\r\n"),
        same(Value::simple(""), "+\r\n"),
        same(Value::error("ERR no"), "-ERR no\r\n"),
        same(Value::Integer(-42), ":-42\r\n"),
        same(Value::Integer(i64::MAX), ":9223372036854775807\r\n"),
        same(Value::bulk("a\r\nbc"), "$5\r\na\r\nbc\r\n"),
        same(Value::bulk(""), "$0\r\n\r\n"),
        same(none(), "*0\r\n"),
        same(
            Value::Array(vec![Value::Array(vec![none()])]),
            "*1\r\n*1\r\n*0\r\n",
        ),
        (Value::Null, "$-1\r\n", "_\r\n"),
        (
            Value::Array(vec![one(), Value::Null]),
            "*2\r\n:1\r\n$-1\r\n",
            "*2\r\n:1\r\n_\r\n",
        ),
        (Value::Text("hi".into()), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"),
        (Value::Text("".into()), "$0\r\n\r\n", "=4\r\ntxt:\r\n"),
        (
            Value::Map(vec![("a".into(), one())]),
            "*2\r\n$1\r\na\r\n:1\r\n",
            "%1\r\n$1\r\na\r\n:1\r\n",
        ),
        (Value::Map(vec![]), "*0\r\n", "%0\r\n"),
    ]
}

fn written(value: &Value, protocol: Protocol) -> String {
    let mut out = Vec::new();
    value.encode(protocol, &mut out);
    assert!(out.len() <= value.size(), "{value:?}");
    String::from_utf8(out).unwrap()
}

#[test]
fn every_type_goes_both_ways() {
    for (value, two, three) in all() {
        assert_eq!(written(&value, Protocol::Resp2), two);
        assert_eq!(written(&value, Protocol::Resp3), three);
        for end in 0..three.len() {
            let read = decode(&three.as_bytes()[..end]).unwrap();
            assert_eq!(read, None, "{:?}", &three[..end]);
        }
        let more = format!("{three}+OK\r\n");
        let read = decode(more.as_bytes()).unwrap();
        assert_eq!(read, Some((value, three.len())), "{three:?}");
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for bytes in [
        "x\r\n",
        "\r\n",
        "+OK\n",
        "$1\r\nabc",
        ":\r\n",
        ":1x\r\n",
        ":99999999999999999999\r\n",
        "$-2\r\n",
        "$?\r\n",
        "%-1\r\n",
        "_x\r\n",
        "=3\r\ntxt\r\n",
        "=4\r\ntxt-\r\n",
        // No stack is deep enough for a function that calls itself ten thousand times.
        &"*1\r\n".repeat(10_000),
    ] {
        assert!(decode(bytes.as_bytes()).is_err(), "{bytes:?}");
    }
}

/// Fifty thousand words, one byte at a time: read again from the front each time, it would take hours.
#[test]
fn a_request_is_not_read_twice() {
    let mut requests = Requests::default();
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
            _ => bytes.extend(all()[dice.below(all().len())].2.bytes()),
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

/// No panic, no memory for what was only announced; what is read can be written and read again, and requests in
/// pieces are the same as in one.
#[test]
fn noise_does_no_harm() {
    let before = peak_memory();
    for mut dice in budget("RESP", 20_000) {
        let bytes = noise(&mut dice);
        if let Ok(Some((value, _))) = decode(&bytes) {
            let mut out = Vec::new();
            value.encode(Protocol::Resp3, &mut out);
            assert_eq!(decode(&out).unwrap(), Some((value, out.len())));
        }
        let size = 1 + dice.below(9);
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
