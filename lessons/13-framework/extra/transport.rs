//! The two transports. `src/transport.rs` says what a transport promises.
//!
//! * [`handlers`]: functions under the names of their methods, with their types forgotten.
//! * [`method`]: the names of methods.
//! * `grpc`: handlers and calls on gRPC. `bytes_codec`: a codec of tonic that changes nothing.
//! * `own`, `own_server`: the client and the server of the RPC of lessons 02 and 04.

pub mod bytes_codec;
pub(crate) mod grpc;
pub mod handlers;
pub mod method;
pub(crate) mod own;
pub(crate) mod own_server;
