//! Hostile and slow clients: what they can make the server hold, and for how long.

use std::time::Duration;

use crate::support::{Side, ours, real, request, soon};
use l15_redis::resp::Value;
use l15_redis::server::{Config, Decode};

const MIB: usize = 1024 * 1024;

/// With limits that a test reaches.
fn small() -> Config {
    Config {
        max_bulk: MIB,
        max_answer: 4 * MIB,
        max_buffers: 8 * MIB,
        ..Config::default()
    }
}

/// With so little timeout that a test sees it end. Only for requests that arrive in one piece.
fn impatient() -> Config {
    Config {
        timeout: Duration::from_millis(300),
        ..small()
    }
}

#[test]
fn endless_lines_are_refused_in_redis_words() {
    for side in Side::to_test() {
        let redis = side.start();
        for (head, words) in [
            ("", "too big inline request"),
            ("*", "too big mbulk count string"),
            ("*1\r\n$", "too big bulk count string"),
        ] {
            let mut line = redis.line();
            line.send(head.as_bytes());
            // 64 KiB are allowed; it may end the connection before it has read all of these.
            for _ in 0..20 {
                use std::io::Write;
                let _ended = line.stream.write_all(&[b'1'; 8192]);
            }
            let said = String::from_utf8(line.rest()).unwrap();
            assert_eq!(said, format!("-ERR Protocol error: {words}\r\n"), "{side}");
        }
        assert_eq!(redis.line().says("PING"), "+PONG\r\n", "{side}");
    }
}

/// The attack: a page in a browser sends a form to 127.0.0.1:6379.
#[test]
fn commands_in_the_body_of_an_http_post_are_not_run() {
    for side in Side::to_test() {
        let redis = side.start();
        for first in ["POST / HTTP/1.1", "GET / HTTP/1.1", "post / HTTP/1.1"] {
            let mut line = redis.line();
            let body = "SET stolen yes\r\nSET stolen yes\r\n";
            let head = "Host: 127.0.0.1:6379\r\nContent-Type: text/plain\r\nContent-Length: 32";
            line.send(format!("{first}\r\n{head}\r\n\r\n{body}").as_bytes());
            let said = String::from_utf8_lossy(&line.rest()).into_owned();
            assert!(!said.contains("+OK"), "{side}: {first}: {said}");
        }
        assert_eq!(redis.line().says("EXISTS stolen"), ":0\r\n", "{side}");
    }
}

#[test]
fn a_line_of_60_000_bytes_is_a_command() {
    for side in Side::to_test() {
        let redis = side.start();
        let long = "x".repeat(60_000);
        let answer = redis.line().ask(&format!("ECHO {long}"));
        assert_eq!(answer, Value::bulk(long), "{side}");
    }
}

#[test]
fn arrays_in_arrays_are_refused_at_the_first() {
    for side in Side::to_test() {
        let redis = side.start();
        let mut line = redis.line();
        line.send("*1\r\n".repeat(10_000).as_bytes());
        let said = String::from_utf8_lossy(&line.rest()).into_owned();
        let words = "-ERR Protocol error: expected '$', got '*'\r\n";
        assert_eq!(said, words, "{side}");
    }
}

/// Two thousand million words are announced, each half a gigabyte long. Nothing comes.
#[test]
fn what_is_only_announced_costs_nothing() {
    let redis = ours(Config::default());
    let mut lines = Vec::new();
    for _ in 0..200 {
        let mut line = redis.line();
        line.send(b"*2147483647\r\n$3\r\nSET\r\n$536870912\r\nabc");
        lines.push(line);
    }
    soon("all have come", || redis.info("connected_clients") > 200);
    let held = redis.info("mem_clients_normal");
    assert!(held < 200 * 100, "{held} bytes are held");
}

#[test]
fn half_a_request_has_its_time_and_silence_has_not() {
    let redis = ours(impatient());
    let mut idle = redis.line();
    assert_eq!(idle.says("PING"), "+PONG\r\n");
    // Also one that goes on sending, a byte now and then.
    let mut half = redis.line();
    half.send(b"*2\r\n$3\r\nGET\r\n");
    let mut slow = redis.line();
    let trickle = std::thread::spawn(move || {
        use std::io::Write;
        let bytes = request(&[b"SET", b"k", &[b'x'; 1000]]);
        let sent = bytes.iter().take_while(|byte| {
            std::thread::sleep(Duration::from_millis(20));
            slow.stream.write_all(&[**byte]).is_ok()
        });
        sent.count()
    });
    let mut announced = redis.line();
    announced.send(b"*2\r\n");
    assert_eq!(half.rest(), b"");
    assert_eq!(announced.rest(), b"");
    assert!(
        trickle.join().unwrap() < 1000,
        "it was let to send all of it"
    );
    assert_eq!(redis.line().says("GET k"), "$-1\r\n");
    // All that time this one has said nothing.
    assert_eq!(idle.says("PING"), "+PONG\r\n");
}

/// Three hundred answers of a megabyte are asked for, and not read: the server holds a few of them at
/// most. Read in the end, all of them are there.
#[test]
fn answers_that_nobody_reads_do_not_pile_up() {
    let redis = ours(Config::default());
    let value = vec![b'v'; MIB];
    let mut line = redis.line();
    line.request(&[b"SET", b"big", &value]);
    assert_eq!(line.value(), Value::simple("OK"));
    line.send(&b"GET big\r\n".repeat(300));
    // Others are served meanwhile, and INFO says what is held.
    for _ in 0..50 {
        let held = redis.info("mem_clients_normal");
        assert!(held < 4 * MIB as u64, "{held} bytes are held");
    }
    for number in 0..300 {
        let head = line.bytes(10);
        assert_eq!(head, b"$1048576\r\n", "answer {number}");
        assert_eq!(line.bytes(MIB), value);
        assert_eq!(line.bytes(2), b"\r\n");
    }
}

#[test]
fn who_never_reads_is_cut() {
    let redis = ours(impatient());
    let mut line = redis.line();
    line.request(&[b"SET", b"big", &vec![b'v'; MIB / 32]]);
    assert_eq!(line.value(), Value::simple("OK"));
    // More than the buffers of the system on the way.
    line.send(&b"GET big\r\n".repeat(3000));
    // The one that asks is a client as well.
    soon("it is cut", || redis.info("connected_clients") == 1);
    soon("what it held is free", || {
        redis.info("mem_clients_normal") == 0
    });
}

#[test]
fn an_answer_has_a_largest_size() {
    let redis = ours(small());
    let mut line = redis.line();
    line.request(&[b"SET", b"big", &vec![b'v'; MIB]]);
    assert_eq!(line.value(), Value::simple("OK"));
    assert_eq!(
        line.ask("MGET big big"),
        Value::Array(vec![Value::bulk(vec![b'v'; MIB]); 2])
    );
    for question in [
        format!("MGET{}\r\n", " big".repeat(1000)),
        format!("MULTI\r\n{}EXEC\r\n", "GET big\r\n".repeat(1000)),
    ] {
        let mut line = redis.line();
        line.send(question.as_bytes());
        let said = line.rest();
        assert!(said.len() < MIB, "{} bytes were sent", said.len());
    }
    assert_eq!(redis.line().says("PING"), "+PONG\r\n");
}

/// Forty clients send half of a request, almost a megabyte each: all together may hold eight.
#[test]
fn all_clients_together_have_a_limit() {
    let redis = ours(small());
    let mut lines = Vec::new();
    for _ in 0..40 {
        use std::io::Write;
        let mut line = redis.line();
        let mut half = request(&[b"SET", b"k", &vec![b'v'; MIB]]);
        half.truncate(MIB - 1000);
        // It may be cut before it has sent all.
        let _cut = line.stream.write_all(&half);
        lines.push(line);
    }
    soon("the last ones are cut", || {
        redis.info("connected_clients") <= 10
    });
    let held = redis.info("mem_clients_normal");
    assert!(held <= 8 * MIB as u64, "{held} bytes are held");
    drop(lines);
    soon("what they held is free", || {
        redis.info("mem_clients_normal") == 0
    });
    // The queue of a transaction counts as well.
    let mut line = redis.line();
    line.ask("MULTI");
    for _ in 0..40 {
        use std::io::Write;
        let set = request(&[b"SET", b"k", &vec![b'v'; MIB / 2]]);
        let _cut = line.stream.write_all(&set);
    }
    soon("it is cut", || redis.info("connected_clients") == 1);
    assert_eq!(redis.line().says("EXISTS k"), ":0\r\n");
}

/// Leaves no room, or makes room again. The real one counts its buffers too and moves around a limit, so
/// it is given a limit that is far below what it holds.
fn set_room(side: Side, redis: &crate::support::Redis, room: bool) {
    let mut line = redis.line();
    match (side, room) {
        (Side::Real, true) => drop(line.ask("CONFIG SET maxmemory 0")),
        (Side::Real, false) => drop(line.ask("CONFIG SET maxmemory 100kb")),
        (Side::Ours, true) => drop(line.ask("DEL filler")),
        (Side::Ours, false) => {
            let filler = vec![b'f'; 4 * MIB];
            line.request(&[b"SET", b"filler", &filler]);
            assert_eq!(line.value(), Value::simple("OK"));
        }
    }
}

#[test]
fn memory_has_an_end_that_redis_words_name() {
    const OOM: &str = "-OOM command not allowed when used memory > 'maxmemory'.\r\n";
    for side in Side::to_test() {
        let redis = match side {
            Side::Real => side.start(),
            Side::Ours => ours(Config {
                max_memory: 4 * MIB,
                ..Config::default()
            }),
        };
        let mut line = redis.line();
        assert_eq!(line.says("MSET 0 zero 1 one"), "+OK\r\n");
        set_room(side, &redis, false);
        for (command, answer) in [
            ("SET a 1", OOM),
            ("INCR n", OOM),
            ("MSET 0 x", OOM),
            ("GET nokey", "$-1\r\n"),
            ("GET 0", "$4\r\nzero\r\n"),
            ("EXPIRE 0 100", ":1\r\n"),
            ("MULTI", "+OK\r\n"),
            ("SET a 1", OOM),
            (
                "EXEC",
                "-EXECABORT Transaction discarded because of previous errors.\r\n",
            ),
            ("MULTI", "+OK\r\n"),
            ("DEL 0", OOM),
            ("DISCARD", "+OK\r\n"),
            ("DEL 0", ":1\r\n"),
        ] {
            assert_eq!(line.says(command), answer, "{command} with {side}");
        }
        set_room(side, &redis, true);
        assert_eq!(line.says("SET a 1"), "+OK\r\n", "{side}");
        assert_eq!(line.says("MULTI"), "+OK\r\n", "{side}");
        assert_eq!(line.says("SET a 2"), "+QUEUED\r\n", "{side}");
        set_room(side, &redis, false);
        let words = "-EXECABORT Transaction discarded because of: OOM command not allowed when used \
                     memory > 'maxmemory'.\r\n";
        assert_eq!(line.says("EXEC"), words, "{side}");
        assert_eq!(line.says("GET a"), "$1\r\n1\r\n", "{side}");
        assert_eq!(line.says("EXEC"), "-ERR EXEC without MULTI\r\n", "{side}");
    }
}

#[test]
fn too_many_clients_are_told() {
    for side in Side::to_test() {
        let redis = match side {
            Side::Real => real(&["--maxclients", "3"]),
            Side::Ours => ours(Config {
                max_clients: 3,
                ..Config::default()
            }),
        };
        // The one that asked whether it is ready may still be there.
        let mut lines = Vec::new();
        soon("three are in", || {
            lines.retain_mut(|line: &mut crate::support::Line| line.bytes(1).is_empty());
            lines.clear();
            lines.extend((0..3).map(|_| redis.line()));
            lines.iter_mut().all(|line| {
                use std::io::Write;
                let sent = line.stream.write_all(b"PING\r\n");
                sent.is_ok() && line.bytes(7) == b"+PONG\r\n"
            })
        });
        let said = String::from_utf8(redis.line().rest()).unwrap();
        assert_eq!(said, "-ERR max number of clients reached\r\n", "{side}");
        // Who was there before is still served, and a place that comes free is given away.
        assert_eq!(lines[0].says("PING"), "+PONG\r\n", "{side}");
        lines.pop();
        soon("a place comes free", || {
            use std::io::Write;
            let mut line = redis.line();
            line.stream.write_all(b"PING\r\n").is_ok() && line.bytes(7) == b"+PONG\r\n"
        });
    }
}

fn with(decode: Decode, config: Config) -> crate::support::Redis {
    ours(Config {
        decode: Some(decode),
        ..config
    })
}

/// The smallest reader: a request is a line.
const LINES: Decode = |bytes| {
    let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return Ok(None);
    };
    let words = bytes[..end].split(|byte| byte.is_ascii_whitespace());
    let words = words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec);
    Ok(Some((words.collect(), end + 1)))
};

#[test]
fn a_reader_that_was_brought_along_reads() {
    let redis = with(LINES, small());
    let mut line = redis.line();
    line.send(b"SET a 1\r\nGE");
    assert_eq!(line.value(), Value::simple("OK"));
    line.send(b"T a\r\n\r\nPING\r\n");
    assert_eq!(line.value(), Value::bulk("1"));
    assert_eq!(line.value(), Value::simple("PONG"));
}

#[test]
fn a_reader_that_is_wrong_ends_its_connection_and_no_other() {
    let cases: [(Decode, &str); 5] = [
        (
            |_| Err("no\r\nsuch".into()),
            "-ERR Protocol error: no  such\r\n",
        ),
        (
            |_| Ok(Some((vec![b"PING".to_vec()], 0))),
            "-ERR Protocol error: a request of 0 bytes was read\r\n",
        ),
        (
            |_| Ok(Some((vec![b"PING".to_vec()], usize::MAX))),
            "-ERR Protocol error: a request of 18446744073709551615 bytes was read\r\n",
        ),
        (|_| panic!("a wrong answer"), ""),
        (|_| Ok(None), ""),
    ];
    for (decode, expected) in cases {
        let redis = with(decode, impatient());
        for _ in 0..3 {
            let mut line = redis.line();
            line.send(b"PING\r\n");
            assert_eq!(String::from_utf8(line.rest()).unwrap(), expected);
        }
    }
    // The same server: one connection panics, another one goes on.
    let decode: Decode = |bytes| {
        assert!(!bytes.starts_with(b"panic"));
        LINES(bytes)
    };
    let redis = with(decode, small());
    let mut good = redis.line();
    assert_eq!(good.says("SET a 1"), "+OK\r\n");
    let mut bad = redis.line();
    bad.send(b"MULTI\r\npanic\r\n");
    assert!(bad.rest().len() <= 5);
    assert_eq!(good.says("GET a"), "$1\r\n1\r\n");
    soon("its place is free", || {
        good.says("INFO clients")
            .contains("connected_clients:1\r\n")
    });
}
