//! The types of the details that travel with an error of gRPC. No server tells them by reflection,
//! because no method names them.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};

/// The name under which the compiler finds the file.
const NAME: &str = "google/rpc/details.proto";

/// Compiled when the first detail is seen, which takes about a millisecond.
static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut resolver = ChainFileResolver::new();
    resolver.add(GoogleFileResolver::new());
    resolver.add(Ours);
    let mut compiler = protox::Compiler::with_file_resolver(resolver);
    match compiler.open_file(NAME) {
        Ok(compiler) => compiler.descriptor_pool(),
        // A test sees to it that this does not happen.
        Err(_) => DescriptorPool::global(),
    }
});

struct Ours;

impl FileResolver for Ours {
    fn open_file(&self, name: &str) -> Result<File, protox::Error> {
        if name == NAME {
            File::from_source(name, include_str!("details.proto"))
        } else {
            Err(protox::Error::file_not_found(name))
        }
    }
}

/// The message of this full name, such as `google.rpc.BadRequest`.
pub fn message(name: &str) -> Option<MessageDescriptor> {
    POOL.get_message_by_name(name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_usual_details_are_known() {
        for name in ["ErrorInfo", "BadRequest", "RetryInfo", "LocalizedMessage"] {
            assert!(
                super::message(&format!("google.rpc.{name}")).is_some(),
                "{name}"
            );
        }
    }
}
