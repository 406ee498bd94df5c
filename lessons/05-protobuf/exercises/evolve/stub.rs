use prost::Message;

/// A guest of the theatre, version 2. Version 1 is in use in a hundred box offices, and its files are
/// everywhere:
///
/// ```text
///   message Guest {
///     string name = 1;
///     uint32 seats = 2;
///     string phone = 3;
///   }
/// ```
///
/// Nobody asks for the phone any more: an e-mail address is asked for, and whether it is a guest of honour.
/// `seats` is called `places` now, and has room for a stadium. A colleague has written this; old and new
/// must understand each other in both directions. You may change kinds and tags, and nothing else.
#[derive(Clone, PartialEq, Message)]
pub struct Guest {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(fixed64, tag = "2")]
    pub places: u64,
    #[prost(string, tag = "3")]
    pub email: String,
    #[prost(bool, tag = "19000")]
    pub honoured: bool,
}

/// The numbers that no field may ever have again, as `reserved` says it in a `.proto` file.
pub const RESERVED: &[u32] = &[];
