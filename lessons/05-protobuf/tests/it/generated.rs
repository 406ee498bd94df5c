//! Messages of every kind, made by dice: the same ones in every run. Each comes with its values in
//! plain JSON, taken from the fields and not from the bytes: a second, independent way to say it.

use std::collections::BTreeMap;

use l05_protobuf::addressbook::person::PhoneNumber;
use l05_protobuf::addressbook::{AddressBook, Person};
use l05_protobuf::greeter::{HelloReply, HelloRequest};
use l05_protobuf::panda::{Kinds, PandaRequest};
use l05_protobuf::school::{Measures, Student, student::Group};
use prost::Message;
use prost_types::Timestamp;
use serde_json::{Map, Value, json};
use testkit::fuzz::Dice;

/// What the tests need to know about a type.
pub trait Made: Message + Default + PartialEq + std::fmt::Debug {
    /// Its full name.
    const NAME: &'static str;
    /// A message with anything in it.
    fn make(dice: &mut Dice) -> Self;
    /// The values of the fields.
    fn values(&self) -> Value;
}

// ---- values

fn i32_of(dice: &mut Dice) -> i32 {
    match dice.below(6) {
        0 => 0,
        1 => [1, -1, 127, 128, -128, 16_383, 16_384][dice.below(7)],
        2 => [i32::MIN, i32::MAX, i32::MIN + 1][dice.below(3)],
        _ => i64_bits(dice) as i32,
    }
}

fn i64_of(dice: &mut Dice) -> i64 {
    match dice.below(6) {
        0 => 0,
        1 => i64::from(i32_of(dice)),
        2 => [i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, -(1 << 53) - 1][dice.below(5)],
        _ => i64_bits(dice),
    }
}

/// As many bits as the dice like: every length of a varint comes up.
fn i64_bits(dice: &mut Dice) -> i64 {
    let bits = dice.roll() >> dice.below(64);
    bits.cast_signed()
}

fn u32_of(dice: &mut Dice) -> u32 {
    i32_of(dice).cast_unsigned()
}

fn u64_of(dice: &mut Dice) -> u64 {
    i64_of(dice).cast_unsigned()
}

/// Without -0.0: prost writes none, see the test of that name.
fn f64_of(dice: &mut Dice) -> f64 {
    match dice.below(4) {
        0 => [
            0.0,
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE,
        ][dice.below(5)],
        1 => [f64::MAX, f64::MIN, 5e-324, 0.1, 1.5][dice.below(5)],
        // A NaN with a message in it need not survive, and does not have to.
        _ => Some(f64::from_bits(dice.roll()))
            .filter(|f| !f.is_nan())
            .unwrap_or(1.0),
    }
}

fn f32_of(dice: &mut Dice) -> f32 {
    match dice.below(4) {
        0 => [
            0.0,
            f32::NAN,
            f32::INFINITY,
            f32::NEG_INFINITY,
            f32::MIN_POSITIVE,
        ][dice.below(5)],
        1 => [f32::MAX, f32::MIN, 1e-45, 0.1, 1.5][dice.below(5)],
        _ => Some(f32::from_bits(dice.roll() as u32))
            .filter(|f| !f.is_nan())
            .unwrap_or(1.0),
    }
}

fn text(dice: &mut Dice) -> String {
    const PIECES: [&str; 12] = [
        "a",
        "Ada",
        "你好",
        "Grüße",
        "🦀",
        "\0",
        "\n",
        "\u{10ffff}",
        "\u{2028}",
        "\"}{",
        "e\u{301}",
        "ا",
    ];
    let long = dice.below(50) == 0;
    let pieces = if long { 300 } else { dice.below(6) };
    (0..pieces)
        .map(|_| PIECES[dice.below(PIECES.len())])
        .collect()
}

fn many<T>(dice: &mut Dice, make: impl Fn(&mut Dice) -> T) -> Vec<T> {
    let most = if dice.below(40) == 0 { 400 } else { 5 };
    (0..dice.below(most)).map(|_| make(dice)).collect()
}

fn maybe<T>(dice: &mut Dice, make: impl FnOnce(&mut Dice) -> T) -> Option<T> {
    (dice.below(3) > 0).then(|| make(dice))
}

/// A value of an enum: mostly one that has a name.
fn of_enum(dice: &mut Dice, names: usize) -> i32 {
    match dice.below(8) {
        0 => i32_of(dice),
        _ => dice.below(names) as i32,
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Only the fields that are set, where "not set" and "0" differ.
fn with_options<const N: usize>(mut values: Value, options: [(&str, Option<Value>); N]) -> Value {
    let empty = &mut Map::new();
    let map = values.as_object_mut().unwrap_or(empty);
    for (name, value) in options {
        if let Some(value) = value {
            map.insert(name.to_string(), value);
        }
    }
    values
}

// ---- messages

impl Made for HelloRequest {
    const NAME: &'static str = "greeter.v1.HelloRequest";
    fn make(dice: &mut Dice) -> Self {
        HelloRequest { name: text(dice) }
    }
    fn values(&self) -> Value {
        json!({ "name": self.name })
    }
}

impl Made for HelloReply {
    const NAME: &'static str = "greeter.v1.HelloReply";
    fn make(dice: &mut Dice) -> Self {
        HelloReply {
            message: text(dice),
        }
    }
    fn values(&self) -> Value {
        json!({ "message": self.message })
    }
}

impl Made for PandaRequest {
    const NAME: &'static str = "panda.v1.PandaRequest";
    fn make(dice: &mut Dice) -> Self {
        PandaRequest {
            name: text(dice),
            height: i32_of(dice),
            weight: many(dice, i32_of),
        }
    }
    fn values(&self) -> Value {
        json!({ "name": self.name, "height": self.height, "weight": self.weight })
    }
}

impl Made for Kinds {
    const NAME: &'static str = "panda.v1.Kinds";
    fn make(dice: &mut Dice) -> Self {
        Kinds {
            double: f64_of(dice),
            float: f32_of(dice),
            int32: i32_of(dice),
            int64: i64_of(dice),
            uint32: u32_of(dice),
            uint64: u64_of(dice),
            sint32: i32_of(dice),
            sint64: i64_of(dice),
            fixed32: u32_of(dice),
            fixed64: u64_of(dice),
            sfixed32: i32_of(dice),
            sfixed64: i64_of(dice),
            bool: dice.below(2) == 1,
            string: text(dice),
            bytes: dice.bytes(40),
            maybe: maybe(dice, i32_of),
            packed: many(dice, i64_of),
            unpacked: many(dice, i32_of),
            words: many(dice, text),
            names: many(dice, |dice| (i32_of(dice), text(dice)))
                .into_iter()
                .collect(),
        }
    }
    fn values(&self) -> Value {
        let names: Vec<Value> = self.names.iter().map(|entry| json!(entry)).collect();
        let values = json!({
            "double": hex(self.double.to_be_bytes()), "float": hex(self.float.to_be_bytes()),
            "int32": self.int32, "int64": self.int64, "uint32": self.uint32, "uint64": self.uint64,
            "sint32": self.sint32, "sint64": self.sint64,
            "fixed32": self.fixed32, "fixed64": self.fixed64,
            "sfixed32": self.sfixed32, "sfixed64": self.sfixed64,
            "bool": self.bool, "string": self.string, "bytes": hex(&self.bytes),
            "packed": self.packed, "unpacked": self.unpacked, "words": self.words, "names": names,
        });
        with_options(values, [("maybe", self.maybe.map(Value::from))])
    }
}

impl Made for Student {
    const NAME: &'static str = "school.v1.Student";
    fn make(dice: &mut Dice) -> Self {
        Student {
            id: i32_of(dice),
            name: text(dice),
            measures: maybe(dice, |dice| Measures {
                weight_kg: i32_of(dice),
            }),
            scores: many(dice, i32_of),
            weekday: of_enum(dice, 8),
            group: maybe(dice, |dice| match dice.below(2) {
                0 => Group::Teacher(text(dice)),
                _ => Group::Class(i32_of(dice)),
            }),
        }
    }
    fn values(&self) -> Value {
        let values = json!({ "id": self.id, "name": self.name, "scores": self.scores, "weekday": self.weekday });
        let (teacher, class) = match &self.group {
            Some(Group::Teacher(teacher)) => (Some(json!(teacher)), None),
            Some(Group::Class(class)) => (None, Some(json!(class))),
            None => (None, None),
        };
        let measures = self.measures;
        let measures = measures.map(|measures| json!({ "weight_kg": measures.weight_kg }));
        with_options(
            values,
            [
                ("measures", measures),
                ("teacher", teacher),
                ("class", class),
            ],
        )
    }
}

impl Made for Person {
    const NAME: &'static str = "addressbook.v1.Person";
    fn make(dice: &mut Dice) -> Self {
        Person {
            name: text(dice),
            id: i32_of(dice),
            email: text(dice),
            phones: many(dice, |dice| PhoneNumber {
                number: text(dice),
                r#type: of_enum(dice, 4),
            }),
            last_updated: maybe(dice, |dice| Timestamp {
                seconds: i64_of(dice),
                nanos: i32_of(dice),
            }),
            photo: dice.bytes(200),
            links: many(dice, |dice| (text(dice), text(dice)))
                .into_iter()
                .collect::<BTreeMap<_, _>>(),
        }
    }
    fn values(&self) -> Value {
        let phones = self.phones.iter();
        let phones = phones.map(|phone| json!({ "number": phone.number, "type": phone.r#type }));
        let links: Vec<Value> = self.links.iter().map(|entry| json!(entry)).collect();
        let values = json!({
            "name": self.name, "id": self.id, "email": self.email, "photo": hex(&self.photo),
            "phones": phones.collect::<Vec<_>>(), "links": links,
        });
        let updated = self.last_updated;
        let updated = updated.map(|at| json!({ "seconds": at.seconds, "nanos": at.nanos }));
        with_options(values, [("last_updated", updated)])
    }
}

impl Made for AddressBook {
    const NAME: &'static str = "addressbook.v1.AddressBook";
    fn make(dice: &mut Dice) -> Self {
        let people = (0..dice.below(4)).map(|_| Person::make(dice)).collect();
        AddressBook { people }
    }
    fn values(&self) -> Value {
        json!({ "people": self.people.iter().map(Person::values).collect::<Vec<_>>() })
    }
}
