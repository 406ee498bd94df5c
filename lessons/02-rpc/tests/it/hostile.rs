//! Random bytes for decoder, server and client: no panic, and limited memory.
//!
//! The budget is fixed, so that a run is the same everywhere; `FUZZ_SECONDS=600 cargo test -p
//! l02-rpc --test it hostile` goes on for as long as you like, with new bytes.

use std::sync::Arc;

use l01_tcp::frame;
use l02_rpc::client::Client;
use l02_rpc::message::{self, Failure, Reply, Request};
use l02_rpc::server::{Settings, converse};
use testkit::fuzz::{Dice, MEMORY, alone, budget, peak_memory};

use crate::running::{greeter, in_time};

/// Messages and streams of this protocol, some of them damaged.
trait Noise {
    fn message(&mut self) -> Vec<u8>;
    fn stream(&mut self) -> Vec<u8>;
}

impl Noise for Dice {
    /// A valid message, or one with a few bytes changed, cut off or added, or plain noise.
    fn message(&mut self) -> Vec<u8> {
        let argument = self.bytes(20);
        let names = ["hello.HelloWorld", "Panda.GetInfo", "Panda.Wake", "", "a.b"];
        let method = names[self.below(names.len())];
        let id = self.roll() >> self.below(64);
        let mut bytes = match self.below(4) {
            0 => return self.bytes(40),
            1 => message::encode(&Reply {
                id,
                outcome: Ok(&argument),
            }),
            2 => message::encode(&Reply {
                id,
                outcome: Err(Failure::NoMethod(method.to_string())),
            }),
            _ => message::encode(&Request {
                id,
                method,
                argument: &argument,
            }),
        }
        .unwrap();
        for _ in 0..self.below(4) {
            let at = self.below(bytes.len());
            match self.below(3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                _ => {
                    let byte = self.byte();
                    if let Some(place) = bytes.get_mut(at) {
                        *place = byte;
                    }
                }
            }
        }
        bytes
    }

    /// Several frames, some of them with a length that is a lie.
    fn stream(&mut self) -> Vec<u8> {
        let mut stream = Vec::new();
        for _ in 0..self.below(6) {
            let body = self.message();
            match self.below(8) {
                0 => stream.extend(self.bytes(8)),
                _ => stream.extend(frame::encode(&body, frame::LIMIT).unwrap()),
            }
        }
        stream
    }
}

#[test]
fn no_bytes_make_the_decoder_panic_or_reserve_much() {
    if !alone() {
        return;
    }
    let before = peak_memory();
    for mut dice in budget("RPC decoder", 300_000) {
        let bytes = dice.message();
        // What can be read is read the same way again: nothing was made up.
        if let Ok(request) = message::decode::<Request<'_>>(&bytes) {
            let again = message::encode(&request).unwrap();
            assert_eq!(message::decode(&again), Ok(request), "{bytes:02x?}");
        }
        if let Ok(reply) = message::decode::<Reply<'_>>(&bytes) {
            let again = message::encode(&reply).unwrap();
            assert_eq!(message::decode(&again), Ok(reply), "{bytes:02x?}");
        }
        // The types of arguments: each claims lengths of its own.
        let _ = message::decode_owned::<String>(&bytes);
        let _ = message::decode_owned::<(String, u64)>(&bytes);
        let _ = message::decode_owned::<Vec<u64>>(&bytes);
        let _ = message::decode_owned::<Vec<Vec<String>>>(&bytes);
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
}

#[tokio::test]
async fn no_stream_of_bytes_makes_the_server_panic() {
    if !alone() {
        return;
    }
    let services = Arc::new(greeter());
    let before = peak_memory();
    for mut dice in budget("RPC server", 10_000) {
        let stream = dice.stream();
        // Whether it ends well does not matter, only that it ends and does not panic.
        let _ = in_time(converse(
            &stream[..],
            tokio::io::sink(),
            &services,
            Settings::default(),
        ))
        .await;
    }
    let more = peak_memory().saturating_sub(before);
    assert!(more < MEMORY, "{more} KiB more than before");
}

#[tokio::test]
async fn no_stream_of_bytes_makes_the_client_panic_or_hang() {
    for mut dice in budget("RPC client", 10_000) {
        let stream = std::io::Cursor::new(dice.stream());
        let client = Client::over(stream, tokio::io::sink(), Settings::default());
        // Noise may contain a reply with our number, even one that makes sense. What counts is that
        // the call comes to an end, and that nothing of it is left.
        let _ = in_time(client.call::<String>("a.B", &())).await;
        assert_eq!(client.in_flight(), 0);
    }
}
