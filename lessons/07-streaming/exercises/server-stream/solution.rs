//! A task fetches, and a channel carries what it has fetched to the stream, so an item is on its way
//! while the next page is still being fetched. A list that is filled first and sent then would make
//! the caller wait for the last page before it sees the first item, and would hold everything in
//! memory at the same time. The task looks at `closed` while it fetches: the caller may leave just
//! then, and only the channel knows.

use std::future::Future;

use tokio::sync::mpsc::{self, Sender};
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
pub fn reply<T, P>(pages: P) -> impl Stream<Item = Result<T, Status>> + Send
where
    T: Send + 'static,
    P: Pages<T>,
{
    let (out, replies) = mpsc::channel(1);
    tokio::spawn(async move {
        // Dropped at any `.await` in it, with `pages`, as soon as nobody reads any more.
        tokio::select! {
            () = out.closed() => {}
            () = fetch(pages, &out) => {}
        }
    });
    ReceiverStream::new(replies)
}

async fn fetch<T: Send, P: Pages<T>>(mut pages: P, out: &Sender<Result<T, Status>>) {
    let mut sent = 0;
    loop {
        match pages.page(sent).await {
            Ok(page) if page.is_empty() => return,
            Ok(page) => {
                for item in page {
                    sent += 1;
                    if out.send(Ok(item)).await.is_err() {
                        return;
                    }
                }
            }
            Err(status) => {
                let _ = out.send(Err(status)).await;
                return;
            }
        }
    }
}
