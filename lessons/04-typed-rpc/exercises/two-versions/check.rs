//! The check of `two-versions`. It contains a program of version 1, as it was compiled last year. It does not change:
//! the answer must work with it.

mod exercise;
mod given;

use exercise::{Panda, decode, encode};
use given::Malformed;
use testkit::{Case, View, case, view_bytes};

/// Version 1, as it runs on machines that cannot be updated.
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

/// As Rust prints it.
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

// The belief of this exercise. Both programs compile, each with its own struct, and no compiler compares the two.
#[test]
fn a_old_client_reads_new_bytes() {
    for (panda, words) in [(san(Some(170)), "height 170"), (san(None), "not measured")] {
        let situation = format!("A client of version 1 reads San, kept by Li, {words}");
        case(&situation, |case| {
            let bytes = encode(&panda);
            let report = case.report().detail("your bytes", view_bytes(&bytes));
            let report = report.detail("expected", "name \"San\", keeper \"Li\"");
            let Some(old) = version_1::decode(&bytes) else {
                let advice = "The old client could not read these bytes. The two fields that it knows must stand where \
                              they always stood, each whole and in UTF-8.";
                case.fail(report.detail("the old client", "an error").advice(advice))
            };
            if (old.name.as_str(), old.keeper.as_str()) != ("San", "Li") {
                let seen = format!("name {}, keeper {}", old.name.view(), old.keeper.view());
                let took = match old.name.as_str() {
                    "170" => "the old client read `height` as `name`".to_string(),
                    name => format!("the old client read {} as `name`", name.view()),
                };
                let advice = format!(
                    "Both programs compile, and {took}. The fields have no names on the wire, only an order: the old \
                     ones keep their places."
                );
                case.fail(report.detail("the old client", seen).advice(advice));
            }
        });
    }
}

// Two programs of version 2 must exchange everything.
#[test]
fn b_own_bytes_come_back() {
    for height in [Some(170), Some(0), Some(u32::MAX), None] {
        case(
            &format!("Your `decode` reads what your `encode` wrote, height {height:?}"),
            |case| {
                let advice = "Two programs of version 2 must exchange all fields. 0 is a height; `None` means that there \
                          was no measurement.";
                expect(case, &Ok(san(height)), &encode(&san(height)), advice);
            },
        );
    }
}

// The other direction: on the day of the release most writers still have version 1.
#[test]
fn c_old_bytes_are_read() {
    case("A server of version 1 writes San, kept by Li", |case| {
        let bytes = version_1::encode(&version_1::Panda {
            name: "San".to_string(),
            keeper: "Li".to_string(),
        });
        let advice = match decode(&bytes) {
            Err(_) => {
                "Your `decode` refused bytes of version 1, which never wrote a height. Programs of version 1 still run, \
                 so a missing field is no error: `None`."
            }
            Ok(Panda {
                height: Some(_), ..
            }) => {
                "Your `decode` reports a height that version 1 never wrote. A caller will calculate with it: a height \
                 that was not sent is `None`."
            }
            Ok(_) => "`name` comes first, `keeper` second.",
        };
        expect(case, &Ok(san(None)), &bytes, advice);
    });
    case(
        "A server of version 2 writes an empty field for the height",
        |case| {
            let advice =
                "An empty field for the height means that there was no measurement: `None`.";
            expect(case, &Ok(san(None)), &fields(&["San", "Li", ""]), advice);
        },
    );
}

// To a later version this program is the old one.
#[test]
fn d_later_versions_are_read() {
    case("Version 3 has a field `birthday` after `height`", |case| {
        let bytes = fields(&["San", "Li", "170", "1 May"]);
        let advice = "To version 3 your program is the old one. Ignore the bytes behind the fields that you know, and \
                      read those fields.";
        expect(case, &Ok(san(Some(170))), &bytes, advice);
    });
    case(
        "Version 4 writes something after `height` that is no field",
        |case| {
            let mut bytes = fields(&["San", "Li", "170"]);
            bytes.extend([9, 0xff]);
            let advice =
                "The bytes behind the height belong to later versions: do not look at them.";
            expect(case, &Ok(san(Some(170))), &bytes, advice);
        },
    );
}

// A field that was cut off was sent. That differs from a field that was never written.
#[test]
fn e_broken_fields_are_malformed() {
    let whole = fields(&["San", "Li", "170"]);
    for cut in 0..whole.len() {
        // After the second field: version 1 ends there, and so may version 2.
        if cut == fields(&["San", "Li"]).len() {
            continue;
        }
        case(
            &format!("The first {cut} of {} bytes", whole.len()),
            |case| {
                let advice = "A field begins here and is not whole. Reading that as \"no field\" hides a broken message.";
                expect(case, &Err(Malformed), &whole[..cut], advice);
            },
        );
    }
    for height in ["tall", "-1", "4294967296", " ", "170 cm"] {
        case(&format!("A height of {height:?}"), |case| {
            let advice = "A height was sent, and it is not a `u32`. Reading that as \"no height\" hides a broken message.";
            expect(
                case,
                &Err(Malformed),
                &fields(&["San", "Li", height]),
                advice,
            );
        });
    }
    for (what, bytes) in [
        ("name", &[2, 0xff, 0xfe, 2, b'L', b'i'][..]),
        ("keeper", &[3, b'S', b'a', b'n', 2, 0xe4, 0xbd]),
        ("height", &[1, b'S', 1, b'L', 1, 0xff]),
    ] {
        case(&format!("The {what} is not UTF-8"), |case| {
            let advice = "These bytes are not UTF-8, so there is no text. A replacement character would change what was \
                          sent: `Malformed`.";
            expect(case, &Err(Malformed), bytes, advice);
        });
    }
}
