//! The method returns at once, and a task fetches the pages. A bounded channel carries each item to the call,
//! so an item is on its way while the next page is fetched. A list that is filled first would make the
//! client wait for the last page before it gets the first item, and would hold all items in memory. The task
//! must learn that the client has cancelled: `send` fails then, and `closed` is ready, also in the middle of a
//! page.

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
    async fn list_items(
        &self,
        request: Request<ListItemsRequest>,
    ) -> Result<Response<Self::ListItemsStream>, Status> {
        let mut after = request.into_inner().after;
        let store = Arc::clone(&self.store);
        let (out, replies) = mpsc::channel(1);
        tokio::spawn(async move {
            loop {
                let page = tokio::select! {
                    () = out.closed() => return,
                    page = store.page(after) => page,
                };
                let items = match page {
                    Ok(items) => items,
                    Err(status) => {
                        let _ = out.send(Err(status)).await;
                        return;
                    }
                };
                let Some(last) = items.last() else { return };
                after = last.number;
                for item in items {
                    if out.send(Ok(item)).await.is_err() {
                        return;
                    }
                }
            }
        });
        Ok(Response::new(ReceiverStream::new(replies)))
    }
}
