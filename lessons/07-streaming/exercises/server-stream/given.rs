//! What is given in this exercise: the answer uses it and does not change it.

use std::future::Future;
use std::sync::Arc;

// Generated from proto/catalog/v1/catalog.proto: one method, `ListItems`, with a stream of replies.
pub use l07_streaming::pb::catalog::catalog_service_server::CatalogService;
pub use l07_streaming::pb::catalog::{ListItemsRequest, ListItemsResponse};
use tonic::Status;

/// A database with the items. It returns them in pages.
pub trait Store: Send + Sync + 'static {
    /// The next items after the one with the number `after`, in the order of their numbers. How many there are in a
    /// page is up to the store. An empty page means that there are no more. Fetching takes time, and may
    /// fail.
    fn page(
        &self,
        after: u32,
    ) -> impl Future<Output = Result<Vec<ListItemsResponse>, Status>> + Send;
}

/// The service. Its method is your answer.
pub struct Catalog<S> {
    /// The database.
    pub store: Arc<S>,
}
