//! A channel with an end makes the camera wait: `send` is not ready while it is full. But it counts
//! messages, and the bound is about bytes, so a semaphore holds one permit for each byte. A picture
//! takes its permits before it goes into the channel and gives them back when the reader takes it:
//! they travel with it. A picture larger than everything takes everything, or it would wait for ever.
//! Simplest of all would be no channel: a stream that shoots when it is asked for the next picture
//! holds nothing. Then the camera rests while the picture is being sent.

use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

// Given in given.rs, beside this file: `Picture`, `Camera`, `ROOM`.
pub use super::given::*;

/// Small pictures are bounded by their number: an empty one would need no permit at all.
const PICTURES: usize = 64;

/// The pictures of a camera, for a reader that may be slow.
pub fn album<C: Camera>(mut camera: C) -> impl Stream<Item = Picture> + Send {
    let room = Arc::new(Semaphore::new(ROOM));
    let (out, pictures) = mpsc::channel(PICTURES);
    tokio::spawn(async move {
        let shooting = async {
            while let Some(picture) = camera.shoot().await {
                let bytes = u32::try_from(picture.bytes.len().min(ROOM)).unwrap_or(u32::MAX);
                let Ok(permits) = Arc::clone(&room).acquire_many_owned(bytes).await else {
                    return;
                };
                if out.send((picture, permits)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = out.closed() => {}
            () = shooting => {}
        }
    });
    ReceiverStream::new(pictures).map(|(picture, _permits)| picture)
}
