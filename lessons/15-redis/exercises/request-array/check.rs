//! The check of `request-array`: requests, complete and in pieces, and bytes that are no request. Nothing is sent.

mod exercise;
mod given;

use exercise::{BYTES, WORDS, Words, request};
use testkit::{Case, View, case, fuzz, schedules, view_bytes};

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
        Ok(None) => "Ok(None): not complete".to_string(),
        Err(message) => format!("Err: {}", message.view()),
        Ok(Some((words, used))) => {
            let all: Vec<String> = words.iter().map(|word| view_bytes(word)).collect();
            let all = if all.is_empty() {
                "no words".to_string()
            } else if all.len() > 6 {
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
        let advice = match &taken {
            Err(_) => {
                "These bytes begin with a complete request. Each word begins behind the CRLF of the one before: follow the position from \
                 word to word."
            }
            Ok(None) => "The first request has arrived completely.",
            Ok(Some(_)) => advice,
        };
        case.differ(told(&right), told(&taken), advice);
    }
}

/// Fails unless the result is an error.
#[track_caller]
fn refuse(case: &Case, bytes: &[u8], advice: &str) {
    let taken = request(bytes);
    if taken.is_ok() {
        case.differ("Err, with a message for the client", told(&taken), advice);
    }
}

// The belief of this exercise.
#[test]
fn a_several_requests_in_one_read() {
    case("INCR a arrives, and nothing else", |case| {
        let advice = "The result is these two words, and the number of bytes of the whole request.";
        expect(case, &encode(&[b"INCR", b"a"]), &[b"INCR", b"a"], advice);
    });
    case("INCR a and INCR bb arrive together", |case| {
        let both = [encode(&[b"INCR", b"a"]), encode(&[b"INCR", b"bb"])].concat();
        let advice = "Clients send several requests without waiting for replies (a pipeline). Take the first request, and return how \
                      many bytes it takes: the rest belongs to the next call.";
        expect(case, &both, &[b"INCR", b"a"], advice);
        let first = encode(&[b"INCR", b"a"]).len();
        expect(case, &both[first..], &[b"INCR", b"bb"], advice);
        let advice =
            "The first request is complete. That the second one is not makes no difference.";
        expect(case, &both[..both.len() - 3], &[b"INCR", b"a"], advice);
    });
}

#[test]
fn b_a_word_ends_where_its_length_says() {
    case("SET note \"two\\r\\nlines\"", |case| {
        let words: [&[u8]; 3] = [b"SET", b"note", b"two\r\nlines"];
        let taken = request(&encode(&words));
        let cut = matches!(&taken, Ok(Some((taken, _))) if taken.get(2).is_some_and(|word| word == b"two"));
        let advice = if cut {
            "The last word was cut at its own CRLF. A word ends where its length says, and not where a line ends."
        } else {
            "Each word has a length before it. Take as many bytes, whatever they are, then CRLF."
        };
        expect(case, &encode(&words), &words, advice);
    });
    for (situation, value, advice) in [
        (
            "A word that is not UTF-8",
            &[0xff, 0x00, 0xfe, 0x0d][..],
            "A word is bytes, and need not be UTF-8.",
        ),
        (
            "你好 has two letters and six bytes",
            "你好".as_bytes(),
            "A length counts bytes, not letters.",
        ),
        (
            "An empty word",
            b"",
            "`$0` is a word of 0 bytes, and it belongs to the request.",
        ),
        (
            "A word that looks like a request",
            b"\r\n*1\r\n$4\r\nPING\r\n",
            "The bytes of a word are not protocol.",
        ),
    ] {
        case(situation, |case| {
            let words = [&b"SET"[..], b"key", value, b"NX"];
            expect(case, &encode(&words), &words, advice);
        });
    }
    case("A request of no words", |case| {
        let advice = "`*0` is a complete request of 0 words: a server that waits for more of it stops answering.";
        expect(case, b"*0\r\n*1\r\n$4\r\nPING\r\n", &[], advice);
    });
}

#[test]
fn c_not_complete() {
    case("SET name \"wi\\r\\nre\" arrives byte by byte", |case| {
        let words: [&[u8]; 3] = [b"SET", b"name", b"wi\r\nre"];
        let whole = encode(&words);
        for cut in 0..whole.len() {
            let taken = request(&whole[..cut]);
            if taken != Ok(None) {
                case.fail(
                    case.report()
                        .detail("arrived", view_bytes(&whole[..cut]))
                        .detail("expected", told(&Ok(None)))
                        .detail("your answer", told(&taken))
                        .advice(
                            "The first request is not complete, and the rest may be on its way. Return `Ok(None)`: the caller calls \
                             again when there is more.",
                        ),
                );
            }
        }
        expect(case, &whole, &words, "Now the request is complete.");
    });
}

#[test]
fn d_limits() {
    case("A word of 10^12 bytes is announced", |case| {
        let advice = "The length is above `BYTES`. The error comes as soon as the length has arrived, before the server keeps any byte \
                      of the word.";
        refuse(case, b"*2\r\n$3\r\nGET\r\n$1000000000000\r\n", advice);
        refuse(case, format!("*1\r\n${}\r\n", BYTES + 1).as_bytes(), advice);
    });
    case("A million words are announced", |case| {
        let advice = "More than `WORDS` words: the error comes as soon as the number has arrived.";
        refuse(case, b"*1000000\r\n", advice);
        refuse(case, format!("*{}\r\n", WORDS + 1).as_bytes(), advice);
    });
    case("As much as is allowed", |case| {
        let many = vec![&b"x"[..]; WORDS];
        expect(case, &encode(&many), &many, "`WORDS` words are allowed.");
        let long = vec![b'x'; BYTES];
        let words = [&b"SET"[..], b"k", &long];
        expect(
            case,
            &encode(&words),
            &words,
            "A word of `BYTES` bytes is allowed.",
        );
    });
}

#[test]
fn e_what_is_no_request() {
    for (bytes, advice) in [
        (
            &b"*1\r\n$-1\r\n"[..],
            "`$-1` is how Redis replies \"no value\". A request has no such word.",
        ),
        (b"*-5\r\n", "-5 is no number of words."),
        (b"*+1\r\n$4\r\nPING\r\n", "A length has digits only."),
        (b"*1\r\n$x\r\nPING\r\n", "`x` is no length."),
        (
            b"*2\r\n:1\r\n:2\r\n",
            "A word begins with `$`. `:` begins an integer, which stands in replies.",
        ),
        (
            b"GET / HTTP/1.1\r\n\r\n",
            "This is HTTP. A request begins with `*`.",
        ),
        (
            b"*1\r\n$4\r\nPINGPONG\r\n",
            "Behind the 4 bytes of the word there is no CRLF, so the length was wrong, and what follows could be anything.",
        ),
        (
            b"*2\r\n$3\r\nGET\r\rx",
            "Behind a word comes CRLF, and no other byte.",
        ),
    ] {
        case(&format!("Received: {}", view_bytes(bytes)), |case| {
            refuse(case, bytes, advice);
        });
    }
}

#[test]
fn f_random_bytes() {
    case("Random changes of a request", |case| {
        let sent = encode(&[b"SET", b"na\r\nme", b"wire"]);
        for mut dice in fuzz::budget("request-array", 20_000) {
            let mut bytes = sent.clone();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                bytes[at] = dice.byte();
            }
            bytes.truncate(dice.below(bytes.len() + 1));
            if let Ok(Some((_, used))) = request(&bytes)
                && (used == 0 || used > bytes.len())
            {
                let advice = "A request has one byte at least, and all its bytes have arrived.";
                let right = format!("between 1 and {} bytes used", bytes.len());
                case.differ(right, format!("{used} bytes used"), advice);
            }
        }
    });
}

// The check decides where the bytes of the connection are cut.
#[test]
fn g_three_requests_in_pieces() {
    schedules(
        "A server reads three requests in pieces, and calls `request` after each piece",
        |case, schedule| {
            let requests: [&[&[u8]]; 3] = [
                &[b"SET", b"note", b"two\r\nlines"],
                &[b"GET", b"note"],
                &[b"INCR", b"n"],
            ];
            let sent: Vec<u8> = requests.iter().flat_map(|words| encode(words)).collect();
            let (mut buffer, mut taken) = (Vec::new(), 0);
            for piece in schedule.pieces(&sent, 4) {
                schedule.sends("client", "server", view_bytes(piece));
                buffer.extend(piece);
                while taken < requests.len() && buffer.len() >= encode(requests[taken]).len() {
                    let advice = "The pieces may be cut anywhere. The result depends on the bytes that have arrived, and on \
                                  nothing from an earlier call.";
                    expect(case, &buffer, requests[taken], advice);
                    buffer.drain(..encode(requests[taken]).len());
                    taken += 1;
                }
                let rest = request(&buffer);
                if rest != Ok(None) {
                    let advice = "The next request is not complete: wait for its next piece.";
                    case.differ(told(&Ok(None)), told(&rest), advice);
                }
            }
        },
    );
}
