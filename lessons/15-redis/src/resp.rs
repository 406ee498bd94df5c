//! RESP, the protocol of Redis, by hand: version 2 and version 3.
//!
//! Every value begins with one byte that names its type and ends with `\r\n`. What can hold any byte
//! (a bulk string) or any number of values (an array) says its length first, so a reader never
//! searches for an end in data: <https://redis.io/docs/latest/develop/reference/protocol-spec/>.
//!
//! * [`Value`] is what goes over the wire, in both directions; [`Value::encode`] writes one.
//! * [`Requests`] is the reader of a server: arrays of bulk strings and nothing else, or
//!   a line that a person typed.
//! * [`decode`](crate::decode::decode), which reads a reply in the tests, is in `demo/decode.rs`.
//!
//! Nothing here believes a length: memory is taken for bytes that have come, never for bytes that
//! a peer has announced.

mod number;
mod request;
mod value;

pub use number::integer;
pub use request::Requests;
pub use value::{Protocol, Value};
