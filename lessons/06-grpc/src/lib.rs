//! What this lesson shows: a contract in a .proto file, a server and a client made from it, and what
//! every call has besides its message: a status, metadata, a deadline, somebody who asks for a token.
//!
//! # Layout
//!
//! * [`pb`]: what the build made from the .proto files.
//! * [`greeter`], [`hello`], [`say`]: the services; each is a plain struct with the methods. Begin
//!   with the first.
//! * [`server`]: all of them behind one port, with reflection, health and limits.
//! * [`refuse`]: statuses with details.
//! * [`around`]: code around every call. [`guard`], [`deadline`], [`metadata`] and [`work`] are
//!   such code; [`seats`] is what comes before the first call of a connection.
//! * [`client`]: one channel for everything, connected when the server is up; [`retry`]: when a call
//!   may be made again; [`status`]: codes of tonic, normalized to what gRPC's
//!   documents say.
//! * [`listen`]: what makes a program of a server: a port, and an end; [`ladder`]: what its calls are
//!   measured with.
//! * [`tap`]: counts the bytes between two programs.
//!
//! `main.rs` is the command line, `serve.rs`, `demo.rs` and `measure.rs` belong to it. Try
//! `cargo run -p l06-grpc`.

pub mod around;
pub mod client;
pub mod deadline;
pub mod greeter;
pub mod guard;
pub mod hello;
pub mod ladder;
pub mod listen;
pub mod metadata;
pub mod pb;
pub mod refuse;
pub mod retry;
pub mod say;
pub mod seats;
pub mod server;
pub mod status;
pub mod tap;
pub mod work;
