//! A second evening, behind the types of the first one.
//!
//! * [`details`]: the details of a gRPC status as JSON.
//! * [`openapi`]: `/openapi.json`, made from what the services tell of themselves.
//! * [`request_body`]: the JSON in the body of a POST, with its limits.
//! * [`stream`]: a server stream as lines of JSON, or as the events of a browser's `EventSource`.
//! * [`transcode`]: the values of protobuf's JSON mapping: numbers, text, times, `Any`, and all of it back.

pub mod details;
pub mod openapi;
pub mod request_body;
pub mod stream;
pub mod transcode;
