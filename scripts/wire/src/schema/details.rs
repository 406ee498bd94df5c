//! The types of the details that travel with an error of gRPC. No server tells them by reflection,
//! because no method names them.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::file::File;

/// Compiled when the first detail is seen, which takes about a millisecond.
static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut pool = DescriptorPool::global();
    let file = File::from_source("google/rpc/details.proto", include_str!("details.proto"));
    if let Ok(file) = file {
        // A test sees to it that both go well.
        let _ = pool.add_file_descriptor_proto(file.file_descriptor_proto().clone());
    }
    pool
});

/// The message of this full name, such as `google.rpc.BadRequest`.
pub fn message(name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_usual_details_are_known() {
        for name in ["ErrorInfo", "BadRequest", "RetryInfo", "LocalizedMessage"] {
            let known = super::message(&format!("google.rpc.{name}"));
            assert!(known.is_some(), "{name}");
        }
    }
}
