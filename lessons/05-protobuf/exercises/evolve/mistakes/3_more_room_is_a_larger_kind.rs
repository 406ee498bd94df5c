//! belief: larger-means-compatible
//! words: A kind with more room reads what the smaller one wrote.
//! check: old_files_keep_their_meaning
//! says: another wire type

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(fixed64, tag = "2")]
    pub places: u64,
    #[prost(string, tag = "4")]
    pub email: String,
    #[prost(bool, tag = "5")]
    pub honoured: bool,
}

pub const RESERVED: &[u32] = &[3];
