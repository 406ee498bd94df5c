//! belief: sending-tells-in-time
//! words: Who sends notices in time that nobody reads.
//! check: nobody_reads_any_more
//! says: also in the middle of a page

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
    });
    ReceiverStream::new(replies)
}
