//! belief: numbers-say-where-a-field-stands
//! words: The numbers say in which order the fields stand.
//! check: old_files_keep_their_meaning
//! says: never moves

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint64, tag = "3")]
    pub places: u64,
    #[prost(string, tag = "2")]
    pub email: String,
    #[prost(bool, tag = "4")]
    pub honoured: bool,
}

pub const RESERVED: &[u32] = &[];
