//! belief: a-stream-is-a-list
//! words: A stream is a list.
//! check: an_item_goes_out_when_it_is_there
//! says: item 1 arrived after item 100 was made

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
        let mut list = Vec::new();
        loop {
            match pages.page(list.len()).await {
                Ok(page) if page.is_empty() => break,
                Ok(page) => list.extend(page.into_iter().map(Ok)),
                Err(status) => {
                    list.push(Err(status));
                    break;
                }
            }
        }
        for item in list {
            if out.send(item).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(replies)
}
