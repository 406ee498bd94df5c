//! This lesson shows fewer bytes, and a schema that can change. A `.proto` file gives each field a number and a
//! type. Rust code is generated from it, and its bytes can be read in many languages. The greeting call is sent in
//! them.
//!
//! # Layout
//!
// ANCHOR: layout
//! For an evening, in this order: about 580 lines of code, 40 minutes.
//!
//! 1. `varint.rs`: a number in as few bytes as it needs (2 minutes).
//! 2. `wire.rs`: a message decoded by hand, field by field, without its schema (7 minutes).
//! 3. `schema.rs`: the .proto files at run time: a name and a type for each number (4 minutes).
//! 4. `explain.rs`: both together: every byte of a message in words (9 minutes).
//! 5. `versions.rs`: last year's program, today's program, and the file that both read (4 minutes).
//! 6. `frame.rs`: messages on a stream: a length in front of each, and a limit (5 minutes).
//! 7. `host.rs`: a server for the greeting call over TCP (6 minutes).
//! 8. `client.rs`: its client (3 minutes).
//!
//! The modules [`panda`], [`school`], [`addressbook`] and [`greeter`] are generated from the .proto files by the
//! build.
// ANCHOR_END: layout
//!
//! `demo/` is the program `l05-protobuf`: command line, demo and measurements, in two processes. Try
//! `cargo run -p l05-protobuf`.

pub mod client;
pub mod explain;
pub mod frame;
pub mod host;
pub mod schema;
pub mod varint;
pub mod versions;
pub mod wire;

/// All .proto files of this lesson and what they import, compiled: itself a protobuf message.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

// ANCHOR: generated
/// The messages of `proto/panda/v1`.
pub mod panda {
    #![allow(missing_docs, reason = "generated; comments are in the .proto files")]
    include!(concat!(env!("OUT_DIR"), "/panda.v1.rs"));
}
// ANCHOR_END: generated

/// The messages of `proto/school/v1`.
pub mod school {
    #![allow(missing_docs, reason = "generated; comments are in the .proto files")]
    include!(concat!(env!("OUT_DIR"), "/school.v1.rs"));
}

/// The messages of `proto/addressbook/v1`.
pub mod addressbook {
    #![allow(missing_docs, reason = "generated; comments are in the .proto files")]
    include!(concat!(env!("OUT_DIR"), "/addressbook.v1.rs"));
}

/// The messages of `proto/greeter/v1`. Its service is not used before lesson 06.
pub mod greeter {
    #![allow(missing_docs, reason = "generated; comments are in the .proto files")]
    include!(concat!(env!("OUT_DIR"), "/greeter.v1.rs"));
}
