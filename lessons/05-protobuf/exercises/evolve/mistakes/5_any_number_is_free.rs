//! belief: any-number-is-free
//! words: Any number that is not in the file is free.
//! check: numbers_of_protobuf_itself_stay_free
//! says: 19000 to 19999

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint64, tag = "2")]
    pub places: u64,
    #[prost(string, tag = "4")]
    pub email: String,
    #[prost(bool, tag = "19500")]
    pub honoured: bool,
}

pub const RESERVED: &[u32] = &[3];
