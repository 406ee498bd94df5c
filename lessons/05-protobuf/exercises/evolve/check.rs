//! The check of `evolve`. It has the program of version 1, and lets it read what version 2 writes, and the
//! other way round.

mod exercise;

use exercise::Guest;
use prost::Message;
use testkit::{Case, case};

/// What a hundred box offices run.
#[derive(Clone, PartialEq, Message)]
struct Version1 {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, tag = "2")]
    seats: u32,
    #[prost(string, tag = "3")]
    phone: String,
}

fn old(name: &str, seats: u32, phone: &str) -> Version1 {
    Version1 {
        name: name.to_string(),
        seats,
        phone: phone.to_string(),
    }
}

fn new(name: &str, places: u64, email: &str, honoured: bool) -> Guest {
    Guest {
        name: name.to_string(),
        places,
        email: email.to_string(),
        honoured,
    }
}

/// The new program reads an old file.
#[track_caller]
fn reads(case: &Case, file: &Version1, expected: &Guest, advice: &str) {
    match Guest::decode(&*file.encode_to_vec()) {
        Ok(guest) if guest == *expected => {}
        Ok(guest) => case.differ(format!("{expected:?}"), format!("{guest:?}"), advice),
        // A kind of another wire type; or the field of another number.
        Err(error) if error.to_string().contains("Guest.places") => {
            let advice = "The kind that you chose is stored in another way: another wire type, and so the \
                          old bytes cannot be read. int32, uint32, int64, uint64, bool and enums are all \
                          varints; fixed32 and fixed64 are not.";
            case.differ(format!("{expected:?}"), error.to_string(), advice);
        }
        Err(error) => case.differ(format!("{expected:?}"), error.to_string(), advice),
    }
}

/// The numbers that are in use.
fn numbers() -> Vec<u32> {
    let bytes = new("Ada", 1, "ada@example.org", true).encode_to_vec();
    let fields = l05_protobuf::wire::fields(&bytes).unwrap_or_default();
    fields.iter().map(|field| field.number).collect()
}

// 19000 to 19999 are used inside the libraries. The compiler of .proto files refuses them; an attribute
// in Rust is not looked at.
#[test]
fn numbers_of_protobuf_itself_stay_free() {
    case("The numbers of your fields", |case| {
        let bad = numbers().into_iter().find(|n| (19_000..20_000).contains(n));
        if let Some(number) = bad {
            let advice = "The numbers from 19000 to 19999 belong to protobuf itself: no .proto file with \
                          them compiles. All others from 1 to 536870911 may be used, once.";
            case.differ(
                "numbers that a .proto file may have",
                number.to_string(),
                advice,
            );
        }
    });
}

// A number is what a field *is*. Names are for people, and places in the file are for nobody.
#[test]
fn old_files_keep_their_meaning() {
    case("An old file: Ada, 4 seats", |case| {
        let advice = "The number 1 is the name, and the number 2 is what was called `seats`, in every file \
                      there is. A field may be renamed; its number never moves.";
        reads(case, &old("Ada", 4, ""), &new("Ada", 4, "", false), advice);
    });
    case("An old file in which nothing is set", |case| {
        let advice = "What was never written is zero.";
        reads(case, &old("", 0, ""), &new("", 0, "", false), advice);
    });
}

// Not all box offices will be new on the same day.
#[test]
fn old_programs_read_new_files() {
    case(
        "A new file, Ada, 4 places, a guest of honour, at an old box office",
        |case| {
            let file = new("Ada", 4, "", true).encode_to_vec();
            let expected = old("Ada", 4, "");
            match Version1::decode(&*file) {
                Ok(guest) if guest == expected => {}
                other => {
                    let advice = "The old program knows the numbers 1, 2 and 3, and skips the others. Under its \
                              own it must find what it expects.";
                    case.differ(format!("{expected:?}"), format!("{other:?}"), advice);
                }
            }
        },
    );
}

// The belief of this exercise.
#[test]
fn phone_never_becomes_email() {
    let advice = "Old `phone` became `email`: both have the number 3, and the bytes do not say which of \
                  them was meant. Give the new field a new number, and reserve 3 for ever.";
    case("An old file with the phone 030 1234567", |case| {
        let file = old("Ada", 4, "030 1234567");
        reads(case, &file, &new("Ada", 4, "", false), advice);
    });
    case(
        "A new file with the address ada@example.org, at an old box office",
        |case| {
            let file = new("Ada", 4, "ada@example.org", false).encode_to_vec();
            let phone = Version1::decode(&*file).unwrap_or_default().phone;
            if !phone.is_empty() {
                case.differ("no phone", format!("they dial {phone}"), advice);
            }
        },
    );
}

// What nobody wrote down will be forgotten.
#[test]
fn the_number_is_reserved() {
    case("Your RESERVED", |case| {
        let answer = format!("{:?}", exercise::RESERVED);
        if !exercise::RESERVED.contains(&3) {
            let advice = "Nothing uses 3 now, so the next colleague will take it: it looks free, and it is \
                          in old files for ever. Put it on the list.";
            case.differ("3 is on the list", answer.clone(), advice);
        }
        if let Some(number) = numbers().iter().find(|n| exercise::RESERVED.contains(n)) {
            let advice = format!(
                "{number} is in use and reserved: a .proto file like this does not compile."
            );
            case.differ("only numbers that no field has", answer, &advice);
        }
    });
}
