//! The check of `resp`: requests, whole and in pieces, and what no client should send. Nothing is sent
//! anywhere.

mod exercise;

use exercise::{BYTES, WORDS, Words, request};
use testkit::{Case, View, case, fuzz, view_bytes};

type Taken = Result<Option<(Words, usize)>, String>;

/// These words as a request.
fn encode(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

fn told(taken: &Taken) -> String {
    match taken {
        Ok(None) => "Ok(None): not whole yet".to_string(),
        Err(words) => format!("Err: {}", words.view()),
        Ok(Some((words, used))) => {
            let all: Vec<String> = words.iter().map(|word| view_bytes(word)).collect();
            let all = if all.len() > 6 {
                format!("{} words", all.len())
            } else {
                all.join(", ")
            };
            format!("{all} ({used} bytes used)")
        }
    }
}

/// Fails unless `bytes` begin with a request of these words.
#[track_caller]
fn expect(case: &Case, bytes: &[u8], words: &[&[u8]], advice: &str) {
    let right = Ok(Some((
        words.iter().map(|word| word.to_vec()).collect(),
        encode(words).len(),
    )));
    let taken = request(bytes);
    if taken != right {
        case.differ(told(&right), told(&taken), advice);
    }
}

/// Fails unless `bytes` are refused.
#[track_caller]
fn refuse(case: &Case, bytes: &[u8], advice: &str) {
    let taken = request(bytes);
    if taken.is_ok() {
        case.differ("Err, with words for the client", told(&taken), advice);
    }
}

// The belief of this exercise.
#[test]
fn a_line_break_in_a_value() {
    case("SET note \"two\\r\\nlines\"", |case| {
        let words: [&[u8]; 3] = [b"SET", b"note", b"two\r\nlines"];
        let taken = request(&encode(&words));
        let cut = matches!(&taken, Ok(Some((taken, _))) if taken.get(2).is_some_and(|word| word == b"two"));
        let advice = if cut {
            "The bulk string had a line break in it; you cut it there. A word ends where its number says, and not where a \
             line ends."
        } else {
            "Read the number, then take as many bytes, whatever they are, then the line break."
        };
        expect(case, &encode(&words), &words, advice);
    });
    case("A value that looks like the next word", |case| {
        let words: [&[u8]; 3] = [b"SET", b"note", b"\r\n$4\r\nDEL\r\n*1\r\n"];
        let advice = "What lies between `$` and its end is the client's business. Somebody who sends a value must not be \
                      able to send commands with it.";
        expect(case, &encode(&words), &words, advice);
    });
}

#[test]
fn b_not_whole_yet() {
    case("SET name wire, byte by byte", |case| {
        let whole = encode(&[b"SET", b"name", b"wire"]);
        for cut in 0..whole.len() {
            let taken = request(&whole[..cut]);
            if taken != Ok(None) {
                case.fail(
                    case.report()
                        .detail("so far", view_bytes(&whole[..cut]))
                        .detail("expected", told(&Ok(None)))
                        .detail("your answer", told(&taken))
                        .advice("A read brings what has arrived so far. Say `Ok(None)`, and you are asked again when there is more."),
                );
            }
        }
        expect(
            case,
            &whole,
            &[b"SET", b"name", b"wire"],
            "Now it is whole.",
        );
    });
}

#[test]
fn c_more_than_one() {
    case("INCR a and INCR bb in one piece", |case| {
        let both = [encode(&[b"INCR", b"a"]), encode(&[b"INCR", b"bb"])].concat();
        let advice = "Clients send several requests without waiting (a pipeline). Take the first one, and say how many \
                      bytes it was: the rest is for the next time.";
        expect(case, &both, &[b"INCR", b"a"], advice);
        let first = encode(&[b"INCR", b"a"]).len();
        expect(case, &both[first..], &[b"INCR", b"bb"], advice);
        let torn = &both[..both.len() - 3];
        let advice = "The first one is whole; that the second one is not does not matter to it.";
        expect(case, torn, &[b"INCR", b"a"], advice);
    });
}

#[test]
fn d_a_value_is_bytes() {
    for (situation, value, advice) in [
        (
            "A value that is no text",
            &[0xff, 0x00, 0xfe, 0x0d][..],
            "A value is bytes: a picture, a number, half a letter. Nobody has promised that it is UTF-8.",
        ),
        (
            "你好 has two letters and six bytes",
            "你好".as_bytes(),
            "The number counts bytes, and not letters.",
        ),
        (
            "An empty value",
            b"",
            "`$0` is a word of no bytes, and it has its line break as well.",
        ),
    ] {
        case(situation, |case| {
            let words = [&b"SET"[..], b"key", value, b"NX"];
            expect(case, &encode(&words), &words, advice);
        });
    }
    case("A request of no words", |case| {
        let advice = "`*0` is a request of no words. It is whole: whoever waits for more of it waits for ever.";
        expect(case, b"*0\r\n*1\r\n$4\r\nPING\r\n", &[], advice);
    });
}

#[test]
fn e_lengths_are_only_words() {
    case("A word of 1,000,000,000,000 bytes is announced", |case| {
        let advice = "You wait for a terabyte because a stranger has said so, and keep all that comes until then. A \
                      length is a claim: refuse it as soon as it is more than `BYTES`.";
        refuse(
            case,
            b"*2\r\n$3\r\nGET\r\n$1000000000000\r\n",
            &advice.replace("  ", " "),
        );
        let bytes = format!("*1\r\n${}\r\n", BYTES + 1);
        refuse(case, bytes.as_bytes(), advice);
    });
    case("A million words are announced", |case| {
        let advice = "Each of them costs you memory before the first one is there. Refuse more than `WORDS` as soon as \
                      you read it.";
        refuse(case, b"*1000000\r\n", advice);
        refuse(case, format!("*{}\r\n", WORDS + 1).as_bytes(), advice);
    });
    case("A number that does not end", |case| {
        let bytes = [&b"*"[..], &b"1".repeat(4096)].concat();
        let advice = "No limit has so many digits. Whoever goes on looking for the end of this line keeps whatever \
                      comes.";
        refuse(case, &bytes, advice);
    });
    case("As much as is allowed", |case| {
        let many = vec![&b"x"[..]; WORDS];
        expect(
            case,
            &encode(&many),
            &many,
            "`WORDS` words are not too many.",
        );
        let long = vec![b'x'; BYTES];
        let words = [&b"SET"[..], b"k", &long];
        expect(
            case,
            &encode(&words),
            &words,
            "`BYTES` bytes are not too many.",
        );
    });
}

#[test]
fn f_nonsense_is_refused() {
    for (bytes, advice) in [
        (
            &b"*1\r\n$-1\r\n"[..],
            "-1 bytes is how Redis says \"nothing\" in a reply. In a request there is no such word.",
        ),
        (b"*-5\r\n", "There are no -5 words."),
        (
            b"*1\r\n$x\r\nPING\r\n",
            "`x` is no number, and no byte that follows makes it one.",
        ),
        (
            b"*2\r\n:1\r\n:2\r\n",
            "A word begins with `$`. A `:` is a number, and stands in replies.",
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "This is a browser. A request begins with `*`; say so at once.",
        ),
        (
            b"*1\r\n$4\r\nPINGPONG\r\n",
            "Behind the four bytes there is no line break, so the number was wrong. What follows is anything.",
        ),
    ] {
        case(&format!("{} is sent", view_bytes(bytes)), |case| {
            refuse(case, bytes, advice);
        });
    }
}

#[test]
fn g_noise() {
    case("Anything at all", |case| {
        let sent = encode(&[b"SET", b"na\r\nme", b"wire"]);
        for mut dice in fuzz::budget("resp", 20_000) {
            let mut bytes = sent.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.byte();
            }
            bytes.truncate(dice.below(bytes.len() + 1));
            if let Ok(Some((_, used))) = request(&bytes)
                && (used == 0 || used > bytes.len())
            {
                let answer = format!("{used} bytes used");
                let advice = "A request is made of bytes that are there, and of at least one.";
                case.differ(
                    format!("between 1 and {} bytes used", bytes.len()),
                    answer,
                    advice,
                );
            }
        }
    });
}
