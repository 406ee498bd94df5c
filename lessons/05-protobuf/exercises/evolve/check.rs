//! The check of `evolve`. A program of version 1 reads what version 2 writes, and the other way round.

mod exercise;

use exercise::Account;
use prost::Message;
use testkit::{Case, case};

/// The message of version 1.
#[derive(Clone, PartialEq, Message)]
struct Version1 {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(uint32, tag = "2")]
    quota: u32,
    #[prost(string, tag = "3")]
    phone: String,
}

fn old(name: &str, quota: u32, phone: &str) -> Version1 {
    Version1 {
        name: name.to_string(),
        quota,
        phone: phone.to_string(),
    }
}

fn new(name: &str, limit_mb: u64, email: &str, admin: bool) -> Account {
    Account {
        name: name.to_string(),
        limit_mb,
        email: email.to_string(),
        admin,
    }
}

/// The new program reads an old file.
#[track_caller]
fn reads(case: &Case, file: &Version1, expected: &Account, advice: &str) {
    match Account::decode(&*file.encode_to_vec()) {
        Ok(account) if account == *expected => {}
        Ok(account) => case.differ(format!("{expected:?}"), format!("{account:?}"), advice),
        Err(error) if error.to_string().contains("Account.limit_mb") => {
            let advice = "The type that you chose has another wire type, so the old bytes cannot be read. int32, uint32, \
                          int64, uint64, bool and enums are varints; fixed32 and fixed64 are not.";
            case.differ(format!("{expected:?}"), error.to_string(), advice);
        }
        Err(error) => case.differ(format!("{expected:?}"), error.to_string(), advice),
    }
}

/// The field numbers that the answer writes.
fn numbers() -> Vec<u32> {
    let bytes = new("Ada", 1, "ada@example.org", true).encode_to_vec();
    let fields = l05_protobuf::wire::fields(&bytes).unwrap_or_default();
    fields.iter().map(|field| field.number).collect()
}

// 19000 to 19999 are used inside the libraries. The compiler of .proto files refuses them; prost does not look at them.
#[test]
fn d_numbers_of_protobuf_stay_free() {
    case("The numbers of your fields", |case| {
        let bad = numbers().into_iter().find(|n| (19_000..20_000).contains(n));
        if let Some(number) = bad {
            let advice = "Your message uses this number. The numbers from 19000 to 19999 belong to protobuf itself: no .proto file \
                          with them compiles.";
            case.differ("no number from 19000 to 19999", number.to_string(), advice);
        }
    });
}

// The number identifies a field. Its name and its place in the struct do not.
#[test]
fn a_old_files_keep_their_meaning() {
    case("An old file: Ada, quota 4", |case| {
        let advice = "In every old file the number 1 is the name, and the number 2 is what was called `quota`. A field may \
                      be renamed; its number never moves.";
        reads(case, &old("Ada", 4, ""), &new("Ada", 4, "", false), advice);
    });
    case("An old file in which nothing is set", |case| {
        let advice = "A field that is not in the file reads as 0 or as empty.";
        reads(case, &old("", 0, ""), &new("", 0, "", false), advice);
    });
}

// Not all programs are updated on the same day.
#[test]
fn b_old_programs_read_new_files() {
    case(
        "A new file, Ada, limit 4, an administrator, read by version 1",
        |case| {
            let file = new("Ada", 4, "", true).encode_to_vec();
            let expected = old("Ada", 4, "");
            match Version1::decode(&*file) {
                Ok(account) if account == expected => {}
                other => {
                    let advice = "Version 1 knows the numbers 1, 2 and 3, and skips the others. Under 1 and 2 it must find name \
                                  and quota, and nothing under 3.";
                    case.differ(format!("{expected:?}"), format!("{other:?}"), advice);
                }
            }
        },
    );
}

// The belief of this exercise.
#[test]
fn c_phone_never_becomes_email() {
    let advice = "Old `phone` became `email`: both have the number 3, and the bytes hold no name. Give the new field a \
                  new number, and reserve 3.";
    case("An old file with the phone 030 1234567", |case| {
        let file = old("Ada", 4, "030 1234567");
        reads(case, &file, &new("Ada", 4, "", false), advice);
    });
    case(
        "A new file with the address ada@example.org, read by version 1",
        |case| {
            let file = new("Ada", 4, "ada@example.org", false).encode_to_vec();
            let phone = Version1::decode(&*file).unwrap_or_default().phone;
            if !phone.is_empty() {
                case.differ("no phone", format!("the phone {phone:?}"), advice);
            }
        },
    );
}

// A number that looks free is taken by the next change.
#[test]
fn e_number_is_reserved() {
    case("Your RESERVED", |case| {
        let answer = format!("{:?}", exercise::RESERVED);
        if !exercise::RESERVED.contains(&3) {
            let advice = match exercise::RESERVED.is_empty() {
                true => {
                    "No field uses 3 now, and old files still have it. The next change may take it, because it looks \
                     free: put it on the list."
                }
                false => "The field that you have taken out had the number 3.",
            };
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
