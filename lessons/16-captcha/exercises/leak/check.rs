//! The check of `leak`. It asks for what leaves with many codes, and looks for anything that changes with them.

mod exercise;

use exercise::{Drawn, Outgoing, outgoing};
use services::testkit::{Case, case};

const ID: &str = "9f3ac01d77e24b6b8d5508c2f6a1e390";

fn drawn(id: &str, code: &str) -> Drawn {
    Drawn {
        id: id.to_string(),
        code: code.to_string(),
        png: b"\x89PNG a picture".to_vec(),
    }
}

/// Everything that leaves, with a name for each piece.
fn pieces(outgoing: &Outgoing) -> Vec<(String, &str)> {
    let header = |(name, value): &'_ (String, String)| format!("the header `{name}: {value}`");
    let headers = outgoing.headers.iter();
    let mut pieces: Vec<_> = headers
        .map(|line| (header(line), line.1.as_str()))
        .collect();
    let (description, log) = (&outgoing.description, &outgoing.log);
    pieces.push((format!("the description `{description}`"), description));
    pieces.push((format!("the log `{log}`"), log));
    pieces
}

/// Those pieces of the first that the second has not.
fn changed(one: &Outgoing, two: &Outgoing) -> Vec<String> {
    let there = pieces(two);
    let gone = |piece: &(String, &str)| !there.iter().any(|(name, _)| *name == piece.0);
    let gone = pieces(one).into_iter().filter(gone);
    gone.map(|(name, _)| name).collect()
}

/// Fails if one of these texts stands in something that leaves.
#[track_caller]
fn none_of(case: &Case, outgoing: &Outgoing, texts: &[String], advice: &str) {
    for (name, text) in pieces(outgoing) {
        let text = text.to_lowercase();
        if texts.iter().any(|secret| text.contains(secret.as_str())) {
            case.differ("nothing that tells 7291", name, advice);
        }
    }
}

// The belief of this exercise: what nobody looks at is secret.
#[test]
fn a_in_plain_sight() {
    case("The code is 7291", |case| {
        let drawn = drawn(ID, "7291");
        let out = outgoing(&drawn);
        let advice = "The answer is in what leaves the service. Nobody sees a header or an alt text on the page, but every \
                      program does, and a log is read by more people than one thinks.";
        none_of(case, &out, &[drawn.code], advice);
        let words = ["seven", "two", "nine", "one"];
        let said = out.description.to_lowercase();
        if words.iter().all(|word| said.contains(word)) {
            let advice = "In words it is the same answer. The description says what there is to do, not what is right.";
            case.differ("nothing that tells 7291", &out.description, advice);
        }
    });
}

#[test]
fn b_in_other_clothes() {
    case("The code is 7291", |case| {
        let out = outgoing(&drawn(ID, "7291"));
        let clothes = [
            ("backwards", "1927".to_string()),
            ("with signs between the digits", "7-2-9-1".to_string()),
            ("with spaces between the digits", "7 2 9 1".to_string()),
            ("as base64", "nzi5mq==".to_string()),
            ("as base64", "nzi5mq".to_string()),
            ("as bytes in hexadecimal", "37323931".to_string()),
            ("as a number in hexadecimal", "0x1c7b".to_string()),
            ("as a list of bytes", "[55, 50, 57, 49]".to_string()),
        ];
        for (how, text) in clothes {
            let advice = format!(
                "That is the answer {how}. It is not hidden, only written differently: whoever knows the way there \
                 knows the way back."
            );
            none_of(case, &out, &[text], &advice);
        }
    });
}

// Whatever was done to the code: if something changes with it, it tells the code.
#[test]
fn c_whatever_was_made_of_it() {
    case("The same captcha with each of the 10,000 codes", |case| {
        let secret = outgoing(&drawn(ID, "7291"));
        let again = outgoing(&drawn(ID, "7291"));
        let by_lot = changed(&secret, &again);
        if let Some(piece) = by_lot.first() {
            let advice = "For one and the same captcha it is different each time, so nobody can say what is in it. Leave it out.";
            case.differ("the same for the same captcha", piece, advice);
        }
        let codes = (0..10_000).map(|code| format!("{code:04}"));
        let outs: Vec<(String, Outgoing)> = codes
            .map(|code| (code.clone(), outgoing(&drawn(ID, &code))))
            .collect();
        for (piece, _) in pieces(&secret) {
            let fits = |out: &Outgoing| pieces(out).iter().any(|(name, _)| *name == piece);
            let fitting: Vec<&str> = outs
                .iter()
                .filter(|(_, out)| fits(out))
                .map(|(code, _)| code.as_str())
                .collect();
            if fitting.len() < outs.len() {
                let left = match fitting.as_slice() {
                    [code] => format!("only {code} gives that"),
                    fitting => format!("only {} of them give that", fitting.len()),
                };
                let advice = "I have tried all 10,000 codes in a moment. A hash keeps a long secret, and four digits are a \
                              short one: whatever is made of the code, with salt or without, tells the code.";
                case.differ(
                    "the same for every code",
                    format!("{piece}: {left}"),
                    advice,
                );
            }
        }
        let quiet = outs
            .iter()
            .find(|(_, out)| pieces(out).len() != pieces(&secret).len());
        if let Some((code, out)) = quiet {
            let advice = "Whether something leaves is an answer too: here it depends on the code.";
            let answer = format!(
                "{} pieces for {code}, {} for 7291",
                pieces(out).len(),
                pieces(&secret).len()
            );
            case.differ("the same for every code", answer, advice);
        }
    });
}

#[test]
fn d_kept_by_nobody() {
    case("A cache on the way to the browser", |case| {
        let out = outgoing(&drawn(ID, "7291"));
        let values = |wanted: &str| -> Vec<&str> {
            let headers = out.headers.iter();
            let named = headers.filter(|(name, _)| name == wanted);
            named.map(|(_, value)| value.as_str()).collect()
        };
        let control = values("cache-control");
        let directives = control.iter().flat_map(|value| value.split(','));
        if !directives.map(str::trim).any(|one| one == "no-store") {
            let advice = "The same address can show another picture the next time, and this one is for one pair of eyes. Without \
                          `no-store` a cache may keep it and show it to somebody else.";
            case.differ(
                "cache-control: no-store",
                format!("cache-control: {control:?}"),
                advice,
            );
        }
        for (name, value) in &out.headers {
            let good =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            if name.is_empty() || !name.bytes().all(good) || value.contains(['\r', '\n']) {
                let advice = "A header is one line, and its name is in small letters.";
                case.differ("a header line", format!("{name:?}: {value:?}"), advice);
            }
        }
    });
}

#[test]
fn e_still_of_use() {
    case("Somebody who cannot see the picture", |case| {
        let out = outgoing(&drawn(ID, "7291"));
        let words = out.description.split_whitespace().count();
        if words < 3 {
            let advice = "An empty alt text says that the picture does not matter. Say in some words what it is, and what \
                          there is to do: that tells nobody the digits.";
            case.differ("a few words", &out.description, advice);
        }
    });
    case("Somebody complains about a captcha", |case| {
        for id in [ID, "41d0"] {
            let out = outgoing(&drawn(id, "7291"));
            if !out.log.contains(id) || out.log.contains('\n') {
                let advice = "One line in the log, with the id: it comes from the source of randomness and tells nothing. \
                              Without it nobody can find out what has happened.";
                case.differ(format!("a line with {id}"), &out.log, advice);
            }
        }
    });
}
