//! 5,000 messages of every kind, held against Python's `protobuf`, in both directions: what we write,
//! Python reads as the values that we meant; what Python writes for these values, we read as our message.
//! (Two programs that only passed bytes on would agree about anything. So the values travel beside them.)

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use l05_protobuf::addressbook::{AddressBook, Person};
use l05_protobuf::greeter::{HelloReply, HelloRequest};
use l05_protobuf::panda::{Kinds, PandaRequest};
use l05_protobuf::school::Student;
use prost::Message;
use serde_json::{Value, json};
use testkit::fuzz::{Dice, budget};

use crate::generated::Made;
use crate::support;

/// Python, asked over pipes: each question and each answer is JSON behind four bytes of length.
struct Mirror {
    child: Child,
    ask: Option<ChildStdin>,
    hear: BufReader<ChildStdout>,
}

impl Mirror {
    fn start() -> Self {
        let mut child = support::python("mirror.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Mirror {
            ask: child.stdin.take(),
            hear: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    /// The bytes of the answer, or Python's words.
    fn ask(&mut self, question: &Value) -> Result<Vec<u8>, String> {
        let question = question.to_string();
        let length = u32::try_from(question.len()).unwrap().to_be_bytes();
        let ask = self.ask.as_mut().unwrap();
        ask.write_all(&length).unwrap();
        ask.write_all(question.as_bytes()).unwrap();
        ask.flush().unwrap();
        let mut length = [0; 4];
        self.hear.read_exact(&mut length).expect("Python answers");
        let mut answer = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        self.hear.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        match answer["bytes"].as_str() {
            Some(hex) => Ok(unhex(hex)),
            None => Err(answer["error"].to_string()),
        }
    }
}

impl Drop for Mirror {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        self.ask = None;
        let _ = self.child.wait();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(pair).collect()
}

/// One message there and back.
fn compare<M: Made>(dice: &mut Dice, mirror: &mut Mirror) {
    let message = M::make(dice);
    let ours = message.encode_to_vec();
    let question = json!({ "type": M::NAME, "bytes": hex(&ours), "values": message.values() });
    let theirs = mirror.ask(&question);
    let theirs = theirs.unwrap_or_else(|error| panic!("{message:?}\n{error}"));
    let back = M::decode(&*theirs).unwrap_or_else(|error| panic!("{message:?}\n{error}"));
    // NaN is not equal to itself; its bytes are.
    let same = back == message || back.encode_to_vec() == ours;
    assert!(same, "ours {message:?}\nback {back:?}");
}

#[test]
fn five_thousand_messages_both_ways() {
    let mut mirror = Mirror::start();
    for (number, mut dice) in budget("messages beside Python", 5_000).enumerate() {
        match number % 7 {
            0 => compare::<Kinds>(&mut dice, &mut mirror),
            1 => compare::<Student>(&mut dice, &mut mirror),
            2 => compare::<Person>(&mut dice, &mut mirror),
            3 => compare::<AddressBook>(&mut dice, &mut mirror),
            4 => compare::<PandaRequest>(&mut dice, &mut mirror),
            5 => compare::<HelloRequest>(&mut dice, &mut mirror),
            _ => compare::<HelloReply>(&mut dice, &mut mirror),
        }
    }
}

/// The mirror is no use if it says yes to everything.
#[test]
fn the_mirror_sees_a_difference() {
    let mut mirror = Mirror::start();
    let panda = PandaRequest {
        name: "Mei".into(),
        height: 170,
        weight: vec![110],
    };
    let bytes = hex(&panda.encode_to_vec());
    for values in [
        json!({ "name": "Mei", "height": 171, "weight": [110] }),
        json!({ "name": "Mei", "height": 170 }),
        json!({ "height": 170, "weight": [110] }),
    ] {
        let question = json!({ "type": PandaRequest::NAME, "bytes": bytes, "values": values });
        let said = mirror.ask(&question).unwrap_err();
        assert!(said.contains("made"), "{said}");
    }
    let question = json!({ "type": PandaRequest::NAME, "bytes": "0a", "values": {} });
    assert!(mirror.ask(&question).is_err());
}

/// Fields that a reader does not know: Python carries them along, prost drops them.
#[test]
fn python_keeps_what_prost_drops() {
    let mut mirror = Mirror::start();
    let book = l05_protobuf::versions::new_book();
    let person = book.people[0].encode_to_vec();
    // Read as a message that knows number 1 only.
    let question = json!({ "type": HelloRequest::NAME, "bytes": hex(&person) });
    let kept = mirror.ask(&question).unwrap();
    assert_eq!(kept.len(), person.len());
    assert_eq!(Person::decode(&*kept).unwrap(), book.people[0]);

    let dropped = HelloRequest::decode(&*person).unwrap().encode_to_vec();
    assert_eq!(dropped, b"\x0a\x03Ada");
}

/// Cut anywhere, a message is an error for both, or a shorter message for both: it may end between two
/// fields, and nothing says how many there should be.
#[test]
fn what_is_cut_is_judged_alike() {
    let mut mirror = Mirror::start();
    let mut accepted = 0;
    for mut dice in budget("cut messages beside Python", 40) {
        let bytes = Student::make(&mut dice).encode_to_vec();
        for end in 0..bytes.len().min(60) {
            let ours = Student::decode(&bytes[..end]);
            let question = json!({ "type": Student::NAME, "bytes": hex(&bytes[..end]) });
            let theirs = mirror.ask(&question);
            assert_eq!(
                ours.is_ok(),
                theirs.is_ok(),
                "{:02x?}: {ours:?}, {theirs:?}",
                &bytes[..end]
            );
            accepted += usize::from(ours.is_ok());
        }
    }
    assert!(accepted > 0);
}

/// The one difference that these messages found: -0.0 is not 0, so it should be on the wire. prost asks
/// whether the number equals 0, and leaves it out.
#[test]
fn prost_loses_the_sign_of_minus_zero() {
    let mut mirror = Mirror::start();
    let kinds = Kinds {
        double: -0.0,
        ..Kinds::default()
    };
    assert!(kinds.encode_to_vec().is_empty());
    let theirs = [&[0x09][..], &(-0.0_f64).to_le_bytes()].concat();
    let question = json!({ "type": Kinds::NAME, "bytes": hex(&theirs) });
    assert_eq!(mirror.ask(&question).unwrap(), theirs);
    // Reading is not the trouble.
    let read = Kinds::decode(&*theirs).unwrap();
    assert_eq!(read.double.to_bits(), (-0.0_f64).to_bits());
}
