//! belief: room-comes-back-by-itself
//! words: Room that was taken comes back by itself.
//! check: every_picture_arrives
//! says: makes room for another one

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;

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
        let shooting = async {
            while let Some(picture) = camera.shoot().await {
                let bytes = u32::try_from(picture.bytes.len().min(ROOM)).unwrap_or(u32::MAX);
                let Ok(permits) = room.acquire_many(bytes).await else {
                    return;
                };
                permits.forget();
                if out.send(picture).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = out.closed() => {}
            () = shooting => {}
        }
    });
    ReceiverStream::new(pictures)
}
