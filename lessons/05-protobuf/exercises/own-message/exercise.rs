// Given in given.rs, beside this file: `Level`.
pub use super::given::*;

/// A log entry that services send to each other. Its schema:
///
/// ```text
///   message LogEntry {
///     string service = 1;
///     Level level = 4;
///     uint64 at_ms = 2;
///     repeated string tags = 5;
///     optional sint32 status = 3;
///   }
/// ```
///
/// Make a message of it: derive `prost::Message` in place of `Debug` and `Default` (it brings both), and give each field its
/// attribute. For the first one it is `#[prost(string, tag = "1")]`; an enum is `enumeration = "Level"`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogEntry {
    pub service: String,
    pub level: i32,
    pub at_ms: u64,
    pub tags: Vec<String>,
    pub status: Option<i32>,
}

/// The bytes of an entry.
pub fn to_bytes(_entry: &LogEntry) -> Vec<u8> {
    Vec::new()
}

/// The entry in these bytes; `None` if they are no message.
pub fn from_bytes(_bytes: &[u8]) -> Option<LogEntry> {
    None
}

/// The bytes of the entry with the service `web`, the time 300 ms and the level `Error`, written by hand. Fields are
/// written in the order of their numbers. 300 is `ac 02` as a varint.
pub const BY_HAND: &[u8] = &[];
