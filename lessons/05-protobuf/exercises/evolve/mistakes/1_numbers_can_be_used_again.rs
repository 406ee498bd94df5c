//! belief: numbers-can-be-used-again
//! words: The number of a field that has gone is free.
//! check: phone_never_becomes_email
//! says: reserve 3

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint64, tag = "2")]
    pub places: u64,
    #[prost(string, tag = "3")]
    pub email: String,
    #[prost(bool, tag = "4")]
    pub honoured: bool,
}

pub const RESERVED: &[u32] = &[];
