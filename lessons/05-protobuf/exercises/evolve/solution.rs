//! The number identifies the field. A name may change, because names are not sent. The number may not, because it is
//! in every file that was ever written. So `email` gets a new number, 3 is not used again, and `reserved` makes the
//! compiler refuse it. `uint64` reads what `uint32` wrote, because both are varints; `fixed64` is eight bytes, which is
//! another wire type.

use prost::Message;

/// An account, version 2.
#[derive(Clone, PartialEq, Message)]
pub struct Account {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(uint64, tag = "2")]
    pub limit_mb: u64,
    #[prost(string, tag = "4")]
    pub email: String,
    #[prost(bool, tag = "5")]
    pub admin: bool,
}

/// It was `phone`.
pub const RESERVED: &[u32] = &[3];
