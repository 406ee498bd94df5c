//! What this lesson shows: fewer bytes, and a schema that may change. A `.proto` file gives every field
//! a number and a kind; from it comes Rust code, and with it, bytes that many languages read. The
//! greeting call travels in them, and so do all the messages of the course notes.
//!
//! # Layout
//!
//! * [`wire`]: a message taken apart by hand, field by field. Begin here. [`varint`] is its smallest part.
//! * [`schema`]: what the .proto files say, at run time: names and kinds for the numbers.
//! * [`explain`]: the two together: every byte of a message in words.
//! * [`panda`], [`school`], [`addressbook`], [`greeter`]: the Rust that the build made of `proto/`.
//! * [`versions`]: last year's program and today's, and the file that both read.
//! * [`frame`]: messages on a stream: a length in front, and a limit.
//! * [`host`] and [`client`]: the greeting call over TCP.
//!
//! `main.rs` is the command line, `demo.rs`, `measure.rs` and `peer.rs` belong to it. Try
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
