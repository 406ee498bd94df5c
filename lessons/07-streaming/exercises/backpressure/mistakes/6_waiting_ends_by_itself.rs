//! belief: waiting-ends-by-itself
//! words: Who waits for room notices that nobody reads.
//! check: the_reader_leaves
//! says: Whatever it waits for

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub number: u32,
    pub bytes: Arc<[u8]>,
}

pub trait Camera: Send + 'static {
    fn shoot(&mut self) -> impl Future<Output = Option<Picture>> + Send;
}

pub const ROOM: usize = 64_000;

pub fn album<C: Camera>(mut camera: C) -> impl Stream<Item = Picture> + Send {
    let room = Arc::new(Semaphore::new(ROOM));
    let (out, pictures) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(picture) = camera.shoot().await {
            let bytes = u32::try_from(picture.bytes.len().min(ROOM)).unwrap_or(u32::MAX);
            let Ok(permits) = Arc::clone(&room).acquire_many_owned(bytes).await else {
                return;
            };
            if out.send((picture, permits)).await.is_err() {
                return;
            }
        }
    });
    ReceiverStream::new(pictures).map(|(picture, _permits)| picture)
}
