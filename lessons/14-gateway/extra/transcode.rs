//! The values of protobuf's JSON mapping. `src/gateway/transcode.rs` walks through the fields of a message
//! and names the one that is wrong; here is what stands in a field.
//!
//! * [`scalar`]: numbers, text, bytes and enums. [`known`]: the types of `google.protobuf` with a JSON of
//!   their own.
//! * [`write`]: a message as JSON. [`query`]: the query of a URL as JSON.

pub mod known;
pub mod query;
pub mod scalar;
pub mod write;
