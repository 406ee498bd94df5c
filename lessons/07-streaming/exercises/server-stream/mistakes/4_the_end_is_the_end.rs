//! belief: the-end-is-the-end
//! words: However a stream ends, that was all there is.
//! check: what_came_before_an_error_counts
//! says: takes what it has for all there is

use std::future::Future;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

pub trait Pages<T>: Send + 'static {
    fn page(&mut self, after: usize) -> impl Future<Output = Result<Vec<T>, Status>> + Send;
}

pub fn reply<T, P>(mut pages: P) -> impl Stream<Item = Result<T, Status>> + Send
where
    T: Send + 'static,
    P: Pages<T>,
{
    let (out, replies) = mpsc::channel(1);
    tokio::spawn(async move {
        let fetching = async {
            let mut sent = 0;
            while let Ok(page) = pages.page(sent).await {
                if page.is_empty() {
                    return;
                }
                for item in page {
                    sent += 1;
                    if out.send(Ok(item)).await.is_err() {
                        return;
                    }
                }
            }
        };
        tokio::select! {
            () = out.closed() => {}
            () = fetching => {}
        }
    });
    ReceiverStream::new(replies)
}
