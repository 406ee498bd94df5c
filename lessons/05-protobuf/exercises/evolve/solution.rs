//! The number is the field. Its name may change, because names are not on the wire; the number may not,
//! because it is in every file that was ever written. So `email` gets a new one, 3 goes out of use for
//! ever, and `reserved` makes the compiler say no to whoever has forgotten that. `uint64` reads what
//! `uint32` wrote: both are varints. `fixed64` would be eight bytes, which is another wire type.

use prost::Message;

/// A guest of the theatre, version 2.
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

/// Was `phone`.
pub const RESERVED: &[u32] = &[3];
