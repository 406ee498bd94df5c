//! belief: a-task-ends-with-its-stream
//! words: A task ends with its stream.
//! check: nobody_reads_any_more
//! says: does not end with the stream

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
                        let _ = out.send(Ok(item)).await;
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
