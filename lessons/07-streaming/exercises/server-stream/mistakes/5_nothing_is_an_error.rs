//! belief: nothing-is-an-error
//! words: A list without items is an error.
//! check: the_end_is_an_empty_page
//! says: no more

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
            loop {
                let page = match pages.page(sent).await {
                    Ok(page) => page,
                    Err(status) => {
                        let _ = out.send(Err(status)).await;
                        return;
                    }
                };
                let last = page.len() < 10;
                for item in page {
                    sent += 1;
                    if out.send(Ok(item)).await.is_err() {
                        return;
                    }
                }
                if last && sent > 0 {
                    return;
                }
                if last {
                    let _ = out.send(Err(Status::not_found("there is nothing"))).await;
                    return;
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
