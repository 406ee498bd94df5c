use prost::Message;

/// An account, version 2. Programs of version 1 still run, and many files were written with it:
///
/// ```text
///   message Account {
///     string name = 1;
///     uint32 quota = 2;
///     string phone = 3;
///   }
/// ```
///
/// Version 2 removes `phone`, adds `email` and `admin`, renames `quota` to `limit_mb` and makes it a `u64` in Rust. This
/// first draft has faults. Change the types and the tags in the attributes, and nothing else in the struct:
///
/// * Version 1 must read files of version 2, and version 2 those of version 1. `quota` and `limit_mb` are the same field.
/// * A number that a removed field had is not used again. It stands in `RESERVED`.
/// * The numbers from 19000 to 19999 belong to protobuf itself.
#[derive(Clone, PartialEq, Message)]
pub struct Account {
    #[prost(string, tag = "1")]
    pub name: String,
    #[prost(fixed64, tag = "2")]
    pub limit_mb: u64,
    #[prost(string, tag = "3")]
    pub email: String,
    #[prost(bool, tag = "19000")]
    pub admin: bool,
}

/// The numbers that no field may have again, as `reserved` in a `.proto` file says it.
pub const RESERVED: &[u32] = &[];
