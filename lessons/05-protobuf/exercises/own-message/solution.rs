//! The attributes say what a `.proto` file says: the field number, and the type, which decides how the value is stored. An
//! `i32` can be stored in several ways, so prost cannot derive it from the Rust type. Numbers identify the fields, and
//! the place of a field in the file means nothing: `level` stands second and has the number 4.

use prost::Message;

// Given in given.rs, beside this file: `Level`.
pub use super::given::*;

/// A log entry that services send to each other.
#[derive(Clone, PartialEq, Message)]
pub struct LogEntry {
    #[prost(string, tag = "1")]
    pub service: String,
    #[prost(enumeration = "Level", tag = "4")]
    pub level: i32,
    #[prost(uint64, tag = "2")]
    pub at_ms: u64,
    #[prost(string, repeated, tag = "5")]
    pub tags: Vec<String>,
    #[prost(sint32, optional, tag = "3")]
    pub status: Option<i32>,
}

/// The bytes of an entry.
pub fn to_bytes(entry: &LogEntry) -> Vec<u8> {
    entry.encode_to_vec()
}

/// The entry in these bytes; `None` if they are no message.
pub fn from_bytes(bytes: &[u8]) -> Option<LogEntry> {
    LogEntry::decode(bytes).ok()
}

/// The bytes of the entry with the service `web`, the time 300 ms and the level `Error`.
pub const BY_HAND: &[u8] = b"\x0a\x03web\x10\xac\x02\x20\x02";
