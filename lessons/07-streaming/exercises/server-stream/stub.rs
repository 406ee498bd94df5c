use std::future::Future;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// Somewhere items lie, a page at a time: that is how databases give them out.
pub trait Pages<T>: Send + 'static {
    /// The items that follow the first `after` ones. Fetching takes time, and may fail. A page
    /// without any item means that there are no more.
    fn page(&mut self, after: usize) -> impl Future<Output = Result<Vec<T>, Status>> + Send;
}

/// The reply of a call with one request and many replies: all items of all pages, in their order.
///
/// * An item goes out as soon as its page is there. It does not wait for the next page.
/// * If a page fails, what was fetched before goes out, then the status, and then nothing more.
/// * When the caller has left, the stream is dropped. Then nobody fetches any longer: `pages` is
///   dropped as well, also in the middle of a page.
pub fn reply<T, P>(mut pages: P) -> impl Stream<Item = Result<T, Status>> + Send
where
    T: Send + 'static,
    P: Pages<T>,
{
    let (out, replies) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut items = Vec::new();
        while let Ok(page) = pages.page(items.len()).await {
            if page.is_empty() {
                break;
            }
            items.extend(page);
        }
        for item in items {
            let _ = out.send(Ok(item)).await;
        }
    });
    ReceiverStream::new(replies)
}
