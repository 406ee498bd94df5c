//! Last year's program, today's program, and one file between them. The messages are those of
//! `proto/addressbook/v1` as they were and as they are. `fax` and its number 6 were removed; telephones, a time, a
//! picture and links were added.

use prost::Message;
use prost_types::Timestamp;

use crate::addressbook::person::{PhoneNumber, PhoneType};
use crate::addressbook::{AddressBook, Person};

// ANCHOR: old
/// The message of last year. The attributes say what a .proto file says: type and number.
#[derive(Clone, PartialEq, Message)]
pub struct OldPerson {
    /// As today.
    #[prost(string, tag = "1")]
    pub name: String,
    /// As today.
    #[prost(int32, tag = "2")]
    pub id: i32,
    /// As today.
    #[prost(string, tag = "3")]
    pub email: String,
    /// Removed since then.
    #[prost(string, tag = "6")]
    pub fax: String,
}

/// Last year's book.
#[derive(Clone, PartialEq, Message)]
pub struct OldBook {
    /// As today.
    #[prost(message, repeated, tag = "1")]
    pub people: Vec<OldPerson>,
}
// ANCHOR_END: old

/// A book that last year's program writes.
pub fn old_book() -> OldBook {
    let ada = OldPerson {
        name: "Ada".into(),
        id: 1,
        email: "ada@example.org".into(),
        fax: "555 0100".into(),
    };
    OldBook { people: vec![ada] }
}

/// A book that today's program writes.
pub fn new_book() -> AddressBook {
    let phone = |number: &str, kind: PhoneType| PhoneNumber {
        number: number.into(),
        r#type: kind.into(),
    };
    let ada = Person {
        name: "Ada".into(),
        id: 1,
        email: "ada@example.org".into(),
        phones: vec![
            phone("+44 20 5550100", PhoneType::Mobile),
            phone("020 5550101", PhoneType::Work),
        ],
        last_updated: Some(Timestamp {
            seconds: 1_767_225_600,
            nanos: 0,
        }),
        photo: vec![0xff, 0xd8, 0xff],
        links: [("blog".to_string(), "https://example.org".to_string())].into(),
    };
    AddressBook { people: vec![ada] }
}

// ANCHOR: touch
/// An old program reads a new file, changes nothing, and writes it.
///
/// # Errors
/// If the bytes are no book.
pub fn through_the_old_program(file: &[u8]) -> Result<Vec<u8>, prost::DecodeError> {
    Ok(OldBook::decode(file)?.encode_to_vec())
}
// ANCHOR_END: touch

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reads_what_both_know() {
        let old = OldBook::decode(&*new_book().encode_to_vec()).unwrap();
        assert_eq!(old.people[0].email, "ada@example.org");
        assert_eq!(old.people[0].fax, "");
        let new = AddressBook::decode(&*old_book().encode_to_vec()).unwrap();
        assert_eq!(new.people[0].name, "Ada");
        assert!(new.people[0].phones.is_empty() && new.people[0].last_updated.is_none());
    }

    /// prost drops unknown fields, so a program that reads and writes loses them for other programs.
    #[test]
    fn what_the_old_one_does_not_know_is_gone() {
        let file = new_book().encode_to_vec();
        let touched = through_the_old_program(&file).unwrap();
        assert!(touched.len() < file.len());
        let new = AddressBook::decode(&*touched).unwrap();
        assert_eq!(new.people[0].name, "Ada");
        assert!(new.people[0].phones.is_empty() && new.people[0].links.is_empty());
    }
}
