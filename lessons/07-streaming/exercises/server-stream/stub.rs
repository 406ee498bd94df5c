use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

// Given in given.rs, beside this file: `Catalog`, `CatalogService`, `ListItemsRequest`,
// `ListItemsResponse`, `Store`.
pub use super::given::*;

#[tonic::async_trait]
impl<S: Store> CatalogService for Catalog<S> {
    type ListItemsStream = ReceiverStream<Result<ListItemsResponse, Status>>;

    /// Sends all items of the store that come after the number `after` of the request.
    ///
    /// * Send the items of a page before you fetch the next page.
    /// * For the next page, pass the number of the last item that you have. Numbers may have gaps.
    /// * An empty page is the end. A page may have fewer items than the one before it.
    /// * If a page fails, send its status after the items that you have, and then nothing more.
    /// * When the client cancels the call, stop: fetch no further page, and drop the future of a page that
    ///   is being fetched. Dropping the stream of replies is how tonic tells you.
    async fn list_items(
        &self,
        request: Request<ListItemsRequest>,
    ) -> Result<Response<Self::ListItemsStream>, Status> {
        let mut after = request.into_inner().after;
        let store = Arc::clone(&self.store);
        let (out, replies) = mpsc::channel(1);
        tokio::spawn(async move {
            let mut items = Vec::new();
            while let Ok(page) = store.page(after).await {
                let Some(last) = page.last() else { break };
                after = last.number;
                items.extend(page);
            }
            for item in items {
                let _ = out.send(Ok(item)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(replies)))
    }
}
