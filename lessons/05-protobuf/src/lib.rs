//! What this lesson shows: fewer bytes, and a schema that may change.

/// The messages of `proto/panda/v1`.
pub mod panda {
    #![allow(
        missing_docs,
        reason = "generated; the comments are in the .proto files"
    )]
    include!(concat!(env!("OUT_DIR"), "/panda.v1.rs"));
}
/// The messages of `proto/school/v1`.
pub mod school {
    #![allow(
        missing_docs,
        reason = "generated; the comments are in the .proto files"
    )]
    include!(concat!(env!("OUT_DIR"), "/school.v1.rs"));
}
