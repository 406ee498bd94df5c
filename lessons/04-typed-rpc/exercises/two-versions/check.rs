//! The check of `two-versions`. It holds a program of version 1, as it was compiled last year: your
//! code must get on with it, and it will not change.

mod exercise;
mod given;

use exercise::{Malformed, Panda, decode, encode};
use testkit::{Case, View, case, view_bytes};

/// Version 1. Do not mend it: it runs on machines that nobody can reach.
mod version_1 {
    #[derive(Debug)]
    pub struct Panda {
        pub name: String,
        pub keeper: String,
    }

    pub fn encode(panda: &Panda) -> Vec<u8> {
        super::fields(&[&panda.name, &panda.keeper])
    }

    pub fn decode(bytes: &[u8]) -> Option<Panda> {
        let (name, rest) = field(bytes)?;
        let (keeper, _) = field(rest)?;
        Some(Panda { name, keeper })
    }

    fn field(bytes: &[u8]) -> Option<(String, &[u8])> {
        let (length, rest) = bytes.split_first()?;
        let (text, rest) = rest.split_at_checked(usize::from(*length))?;
        Some((String::from_utf8(text.to_vec()).ok()?, rest))
    }
}

/// Fields as every version writes them.
fn fields(texts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in texts {
        bytes.push(u8::try_from(text.len()).expect("a short text"));
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

fn san(height: Option<u32>) -> Panda {
    Panda {
        height,
        name: "San".to_string(),
        keeper: "Li".to_string(),
    }
}

/// In the words of the code.
fn words(answer: &Result<Panda, Malformed>) -> String {
    format!("{answer:?}")
}

#[track_caller]
fn expect(case: &Case, expected: &Result<Panda, Malformed>, bytes: &[u8], advice: &str) {
    let answer = decode(bytes);
    if *expected != answer {
        let report = case.report().detail("the bytes", view_bytes(bytes));
        let report = report.detail("expected", words(expected));
        case.fail(report.detail("your answer", words(&answer)).advice(advice));
    }
}

// The belief of this exercise. Both programs compile, each with its own struct. Nothing has ever
// compared the two.
#[test]
fn an_old_client_reads_what_it_always_read() {
    for height in [Some(170), None] {
        let situation = format!("A client of version 1 reads San, kept by Li, height {height:?}");
        case(&situation, |case| {
            let bytes = encode(&san(height));
            let Some(old) = version_1::decode(&bytes) else {
                let report = case.report().detail("your bytes", view_bytes(&bytes));
                let advice = "The old client could not read this at all. The two fields it knows \
                              must stand where they always stood.";
                case.fail(report.advice(advice))
            };
            let advice = format!(
                "The old client read {} as `name`. Both programs compile, but the fields have no \
                 names on the wire, only an order: the old ones keep their places.",
                match height {
                    Some(_) if old.name == "170" => "`height`".to_string(),
                    _ => old.name.view(),
                }
            );
            if (old.name.as_str(), old.keeper.as_str()) != ("San", "Li") {
                let report = case.report().detail("your bytes", view_bytes(&bytes));
                let report = report.detail("expected", "name \"San\", keeper \"Li\"");
                let seen = format!("name {}, keeper {}", old.name.view(), old.keeper.view());
                case.fail(report.detail("the old client", seen).advice(advice));
            }
        });
    }
}

// A field that is cut off was sent. That is something else than a field that was never written.
#[test]
fn half_a_field_is_malformed() {
    let whole = fields(&["San", "Li", "170"]);
    for cut in 0..whole.len() {
        // After the second field: version 1 ends there, and so may version 2.
        if cut == fields(&["San", "Li"]).len() {
            continue;
        }
        case(
            &format!("The first {cut} of {} bytes", whole.len()),
            |case| {
                let advice = "Somebody began a field, and it is not whole. To take that for \"no \
                          height\" hides a broken message.";
                expect(case, &Err(Malformed), &whole[..cut], advice);
            },
        );
    }
    for height in ["tall", "", "-1"] {
        case(&format!("A height of {height:?}"), |case| {
            let advice = "A height was sent, and it is no number. To take that for \"no height\" \
                          hides a broken message.";
            expect(
                case,
                &Err(Malformed),
                &fields(&["San", "Li", height]),
                advice,
            );
        });
    }
}

// You are somebody's old version, too, soon.
#[test]
fn later_versions_are_read() {
    case("Version 3 has a field `birthday` after `height`", |case| {
        let bytes = fields(&["San", "Li", "170", "1 May"]);
        let advice = "To version 3 you are the old program. What follows the fields you know is \
                      none of your business, and no reason to refuse what you do know.";
        expect(case, &Ok(san(Some(170))), &bytes, advice);
    });
}

// The other direction: on the day of your release most writers are of yesterday.
#[test]
fn what_old_programs_write_is_read() {
    case("A server of version 1 writes San, kept by Li", |case| {
        let bytes = version_1::encode(&version_1::Panda {
            name: "San".to_string(),
            keeper: "Li".to_string(),
        });
        let advice = match decode(&bytes) {
            Err(_) => {
                "Not everybody has the new version yet. A field that version 1 never wrote is \
                 no error: there is no height, `None`."
            }
            Ok(Panda {
                height: Some(_), ..
            }) => {
                "No height was sent, and you report one. Somebody will build a door for it: what \
                 nobody said is `None`."
            }
            Ok(_) => "`name` comes first, `keeper` second.",
        };
        expect(case, &Ok(san(None)), &bytes, advice);
    });
}

// And two new programs must not lose what only they know.
#[test]
fn your_own_bytes_come_back() {
    for height in [Some(170), Some(0), Some(u32::MAX), None] {
        case(
            &format!("You read what you wrote, height {height:?}"),
            |case| {
                let advice = "Two programs of version 2 must get everything across. And 0 is a \
                          height; `None` is none.";
                expect(case, &Ok(san(height)), &encode(&san(height)), advice);
            },
        );
    }
}
