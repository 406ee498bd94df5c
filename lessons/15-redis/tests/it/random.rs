//! Random commands, the same ones to the real Redis and to ours: every answer is the same. The seed is the
//! number of the round, so a round that fails can be run alone.

use crate::support::{Line, Redis, Side, request};
use testkit::fuzz::{Dice, budget};

/// Rounds, and commands in each.
const ROUNDS: u64 = 60;
const COMMANDS: usize = 200;

const KEYS: [&str; 5] = ["a", "b", "c", "", "\r\n"];
const NUMBERS: [&str; 16] = [
    "0",
    "1",
    "-1",
    "7",
    "100000",
    "01",
    "+1",
    "x",
    "",
    " 1",
    "1.5",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "9999999999",
    "9999999999999",
];
/// Over already, or so far away that nothing ends during a round.
const TIMES: [&str; 9] = [
    "0",
    "-1",
    "x",
    "",
    "01",
    "100000",
    "9999999999999",
    "9223372036854775807",
    "9223372036854775808",
];
const OPTIONS: [&str; 12] = [
    "NX", "XX", "GT", "LT", "GET", "KEEPTTL", "PERSIST", "EX", "PX", "nx", "foo", "100000",
];

/// What a word of a command can be.
#[derive(Clone, Copy)]
enum Word {
    Key,
    Value,
    Number,
    Time,
    /// Up to so many options.
    Options(usize),
    /// Up to so many keys more.
    More(usize),
    /// Up to so many pairs more.
    Pairs(usize),
}

use Word::{Key, More, Number, Options, Pairs, Time, Value};

/// Without DBSIZE: Redis counts expired keys until it finds them, the readable server does not.
const COMMANDS_BY_LOT: &[(&str, &[Word])] = &[
    ("GET", &[Key]),
    ("SET", &[Key, Value]),
    ("SET", &[Key, Value, Options(4)]),
    ("SETEX", &[Key, Time, Value]),
    ("GETDEL", &[Key]),
    ("MGET", &[Key, More(3)]),
    ("MSET", &[Pairs(3)]),
    ("INCR", &[Key]),
    ("INCRBY", &[Key, Number]),
    ("DEL", &[Key, More(2)]),
    ("EXISTS", &[Key, More(3)]),
    ("EXPIRE", &[Key, Time]),
    ("PEXPIRE", &[Key, Time]),
    ("SELECT", &[Number]),
    ("SELECT", &[Number]),
    ("MULTI", &[]),
    ("EXEC", &[]),
    ("EXEC", &[]),
    ("DISCARD", &[]),
    ("PING", &[More(2)]),
    ("ECHO", &[Value]),
    ("FLUSHDB", &[]),
    ("CLIENT", &[Value]),
    ("NOPE", &[More(3)]),
];

fn any<'a>(dice: &mut Dice, of: &[&'a str]) -> &'a str {
    of[dice.below(of.len())]
}

fn value(dice: &mut Dice) -> Vec<u8> {
    match dice.below(3) {
        0 => any(dice, &NUMBERS).into(),
        1 => any(dice, &KEYS).into(),
        _ => dice.bytes(40),
    }
}

/// A command; one of ten has a word too few or too many.
fn command(dice: &mut Dice) -> Vec<Vec<u8>> {
    let (name, shape) = COMMANDS_BY_LOT[dice.below(COMMANDS_BY_LOT.len())];
    let mut words = vec![name.as_bytes().to_vec()];
    for word in shape {
        match word {
            Key => words.push(any(dice, &KEYS).into()),
            Value => words.push(value(dice)),
            Number => words.push(any(dice, &NUMBERS).into()),
            Time => words.push(any(dice, &TIMES).into()),
            Options(most) => {
                for _ in 0..dice.below(most + 1) {
                    words.push(any(dice, &OPTIONS).into());
                }
            }
            More(most) => {
                for _ in 0..dice.below(most + 1) {
                    words.push(any(dice, &KEYS).into());
                }
            }
            Pairs(most) => {
                for _ in 0..=dice.below(*most) {
                    words.push(any(dice, &KEYS).into());
                    words.push(value(dice));
                }
            }
        }
    }
    match dice.below(20) {
        0 => drop(words.pop().filter(|_| words.len() > 1)),
        1 => words.push(any(dice, &KEYS).into()),
        _ => {}
    }
    if words.is_empty() {
        words.push(b"PING".to_vec());
    }
    words
}

fn answer(line: &mut Line, command: &[Vec<u8>]) -> String {
    let words: Vec<&[u8]> = command.iter().map(Vec::as_slice).collect();
    line.send(&request(&words));
    line.answer().1.escape_ascii().to_string()
}

/// A second client that the first one's transactions can collide with, on both.
fn lines(redis: &Redis) -> [Line; 2] {
    assert_eq!(redis.line().says("FLUSHALL"), "+OK\r\n");
    [redis.line(), redis.line()]
}

#[test]
fn every_answer_is_that_of_the_real_redis() {
    let (real, ours) = (Side::Real.start(), Side::Ours.start());
    for (round, mut dice) in budget("random commands", ROUNDS).enumerate() {
        let (mut theirs, mut mine) = (lines(&real), lines(&ours));
        if dice.below(2) == 0 {
            for line in theirs.iter_mut().chain(&mut mine) {
                line.ask("HELLO 3");
            }
        }
        let mut before = Vec::new();
        for _ in 0..COMMANDS {
            let (who, command) = (dice.below(2), command(&mut dice));
            let expected = answer(&mut theirs[who], &command);
            let answer = answer(&mut mine[who], &command);
            let shown: Vec<_> = command.iter().map(|w| String::from_utf8_lossy(w)).collect();
            before.push(format!("{who}: {shown:?} -> {expected}"));
            let last = before.len().saturating_sub(12);
            assert!(
                answer == expected,
                "round {round}, client {who}: {shown:?}\n  real {expected}\n  ours {answer}\n\
                 before:\n{}",
                before[last..].join("\n")
            );
        }
    }
}

/// Requests that are whole, cut, longer or shorter than they say, and lines that a person might type.
fn noise(dice: &mut Dice) -> Vec<u8> {
    const PARTS: [&str; 22] = [
        "*1\r\n",
        "*2\r\n",
        "*3\r\n",
        "*0\r\n",
        "*-1\r\n",
        "*x\r\n",
        "$4\r\n",
        "$3\r\n",
        "$1\r\n",
        "$0\r\n",
        "PING",
        "PING\r\n",
        "GET a\r\n",
        "GET",
        "a",
        "\r\n",
        "\n",
        "$-1\r\n",
        "$5\r\nhel",
        "INCR n\n",
        " ",
        "\\x41",
    ];
    let whole = request(&[b"SET", b"a", b"1"]);
    let mut bytes = Vec::new();
    for _ in 0..dice.below(8) {
        match dice.below(3) {
            0 => bytes.extend(&whole),
            _ => bytes.extend(any(dice, &PARTS).bytes()),
        }
    }
    if dice.below(2) == 0 {
        bytes.truncate(dice.below(bytes.len() + 1));
    }
    bytes
}

#[test]
fn noise_is_read_as_the_real_redis_reads_it() {
    let (real, ours) = (Side::Real.start(), Side::Ours.start());
    for mut dice in budget("random requests", 1500) {
        let bytes = noise(&mut dice);
        let [expected, answer] = [&real, &ours].map(|redis| {
            assert_eq!(redis.line().says("FLUSHALL"), "+OK\r\n");
            let mut line = redis.line();
            line.send(&bytes);
            line.stream.shutdown(std::net::Shutdown::Write).unwrap();
            String::from_utf8_lossy(&line.rest()).into_owned()
        });
        let sent = String::from_utf8_lossy(&bytes);
        assert_eq!(answer, expected, "{sent:?}");
    }
}
