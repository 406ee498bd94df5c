//! belief: who-removes-a-field-is-done
//! words: A field that has been taken out needs nothing more.
//! check: the_number_is_reserved
//! says: the next colleague

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint64, tag = "2")]
    pub places: u64,
    #[prost(string, tag = "4")]
    pub email: String,
    #[prost(bool, tag = "5")]
    pub honoured: bool,
}

pub const RESERVED: &[u32] = &[];
