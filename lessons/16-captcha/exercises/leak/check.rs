//! The check of `leak`. It asks for what leaves with all codes, and looks for anything that changes with them.

mod exercise;

use exercise::{Drawn, Outgoing, outgoing};
use services::testkit::{Case, case};

const IDS: [&str; 2] = ["9f3ac01d77e24b6b8d5508c2f6a1e390", "41d0"];

fn drawn(id: &str, code: &str) -> Drawn {
    Drawn {
        id: id.to_string(),
        code: code.to_string(),
        png: b"\x89PNG a picture".to_vec(),
    }
}

/// Everything that leaves, with a name for each piece.
fn pieces(outgoing: &Outgoing) -> Vec<(String, String)> {
    let header = |(name, value): &(String, String)| {
        let line = format!("{name}: {value}");
        (format!("the header `{line}`"), line)
    };
    let mut pieces: Vec<_> = outgoing.headers.iter().map(header).collect();
    let (description, log) = (&outgoing.description, &outgoing.log);
    pieces.push((
        format!("the description `{description}`"),
        description.clone(),
    ));
    pieces.push((format!("the log line `{log}`"), log.clone()));
    pieces
}

/// Fails if this text stands in something that leaves.
fn without(case: &Case, outgoing: &Outgoing, secret: &str, advice: &str) {
    for (name, text) in pieces(outgoing) {
        if text.to_lowercase().contains(secret) {
            case.differ("nothing that depends on the code", name, advice);
        }
    }
}

// The belief of this exercise: a header that no page shows is secret.
#[test]
fn a_the_code_itself() {
    case("The code is 7291", |case| {
        let out = outgoing(&drawn(IDS[0], "7291"));
        for (name, text) in pieces(&out) {
            if text.contains("7291") {
                let advice = match name.split_whitespace().nth(1) {
                    Some("header") => {
                        "The header is the answer. A page does not show a header, and a program reads it like any other byte."
                    }
                    Some("log") => {
                        "The log line is the answer. A log is copied to other machines, kept for months, and read by people \
                         who must not come in."
                    }
                    _ => {
                        "The description is the answer. A program reads it in place of the picture."
                    }
                };
                case.differ("nothing that depends on the code", name, advice);
            }
        }
        let said = out.description.to_lowercase();
        let words = ["seven", "two", "nine", "one"];
        if words.iter().all(|word| said.contains(word)) {
            let advice = "In words it is the same answer. The description says what there is to do, not what is right.";
            let found = format!("the description `{}`", out.description);
            case.differ("nothing that depends on the code", found, advice);
        }
    });
}

#[test]
fn b_the_code_in_another_form() {
    case("The code is 7291", |case| {
        let out = outgoing(&drawn(IDS[0], "7291"));
        for (how, secret) in [
            ("backwards", "1927"),
            ("with signs between the digits", "7-2-9-1"),
            ("with spaces between the digits", "7 2 9 1"),
            ("as base64", "nzi5mq"),
            ("as bytes in hexadecimal", "37323931"),
            ("as a number in hexadecimal", "1c7b"),
            ("as a list of bytes", "[55, 50, 57, 49]"),
        ] {
            let advice = format!(
                "This is the code {how}. An encoding hides nothing: a program turns it back in one step."
            );
            without(case, &out, secret, &advice);
        }
    });
}

// Whatever was made of the code: what changes with it tells it.
#[test]
fn c_anything_that_depends_on_the_code() {
    for id in IDS {
        case(
            &format!("The captcha {id} with each of the 10,000 codes"),
            |case| {
                let first = outgoing(&drawn(id, "7291"));
                if first != outgoing(&drawn(id, "7291")) {
                    let advice = "For the same captcha it differs from call to call, so no test can tell what is in it.";
                    case.differ("the same each time", "two calls differ", advice);
                }
                let outs: Vec<Outgoing> = (0..10_000)
                    .map(|code| outgoing(&drawn(id, &format!("{code:04}"))))
                    .collect();
                for (name, _) in pieces(&first) {
                    let same =
                        |out: &&Outgoing| pieces(out).iter().any(|(piece, _)| *piece == name);
                    let same = outs.iter().filter(same).count();
                    if same < outs.len() {
                        let advice = "The check has tried all 10,000 codes in a moment, and so can a program. A hash protects a long secret, and \
                                  four digits are a short one: what is made from the code, with salt or without, tells the code.";
                        let found = format!("{name}: {same} of 10,000 codes give this");
                        case.differ("the same for all codes", found, advice);
                    }
                }
                if let Some(out) = outs
                    .iter()
                    .find(|out| pieces(out).len() != pieces(&first).len())
                {
                    let advice = "Whether a header is there depends on the code, and that tells something about the code.";
                    let found =
                        format!("{} headers, or {}", first.headers.len(), out.headers.len());
                    case.differ("the same headers for all codes", found, advice);
                }
            },
        );
    }
}

#[test]
fn d_no_cache_keeps_it() {
    case("A cache stands between service and browser", |case| {
        let out = outgoing(&drawn(IDS[0], "7291"));
        let control: Vec<&str> = (out.headers.iter())
            .filter(|(name, _)| name == "cache-control")
            .map(|(_, value)| value.as_str())
            .collect();
        let mut directives = control.iter().flat_map(|value| value.split(','));
        if !directives.any(|one| one.trim() == "no-store") {
            let advice = match control.is_empty() {
                true => "There is no header `cache-control`.",
                false => {
                    "A picture is for one person and one answer. Without `no-store` a cache may keep it, and show it to another \
                     visitor."
                }
            };
            let found = format!("cache-control: {}", control.join(" and "));
            case.differ("cache-control: no-store", found, advice);
        }
        for (name, value) in &out.headers {
            let good =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || !name.bytes().all(good) || value.contains(['\r', '\n']) {
                let advice = "The name of a header has small letters, digits and `-`, and its value is one line.";
                case.differ("a header line", format!("{name:?}: {value:?}"), advice);
            }
        }
    });
}

#[test]
fn e_still_useful() {
    case("A visitor cannot see the picture", |case| {
        let out = outgoing(&drawn(IDS[0], "7291"));
        if out.description.split_whitespace().count() < 3 {
            let advice = "An empty or short description makes a screen reader skip the picture. Three words or more can say what there is to do, \
                          without the digits.";
            let found = format!("the description `{}`", out.description);
            case.differ("a description of three words or more", found, advice);
        }
    });
    for id in IDS {
        case(&format!("A visitor complains about captcha {id}"), |case| {
            let out = outgoing(&drawn(id, "7291"));
            if !out.log.contains(id) || out.log.contains('\n') {
                let advice = "The id comes from the source of randomness, and tells nothing about the code. Without it in the log, a complaint \
                              cannot be looked into.";
                let found = format!("the log `{}`", out.log.escape_debug());
                case.differ(format!("one line with {id}"), found, advice);
            }
        });
    }
}
