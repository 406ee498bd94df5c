//! A bounded channel makes the producer wait: its `send` waits while the channel is full. It counts messages, so it
//! is the limit of the chunks. For the bytes a semaphore holds one permit each. A chunk takes its permits
//! before it goes into the channel, and they travel with it: the reader drops them when it takes the chunk.
//! A chunk larger than `MAX_BYTES` takes all permits, because it would wait without limit for more.

use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt};

// Given in given.rs, beside this file: `Chunk`, `Source`, `MAX_BYTES`, `MAX_CHUNKS`.
pub use super::given::*;

/// The chunks of a source, as the stream of replies of a download. The reader of the stream may be slow.
pub fn download<S: Source>(mut source: S) -> impl Stream<Item = Chunk> + Send {
    let free = std::sync::Arc::new(Semaphore::new(MAX_BYTES));
    let (out, chunks) = mpsc::channel(MAX_CHUNKS);
    tokio::spawn(async move {
        let produce = async {
            while let Some(chunk) = source.read().await {
                let bytes = u32::try_from(chunk.bytes.len().min(MAX_BYTES)).unwrap_or(u32::MAX);
                let permits = free.clone().acquire_many_owned(bytes).await;
                if out.send((chunk, permits)).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = produce => {}
            () = out.closed() => {}
        }
    });
    ReceiverStream::new(chunks).map(|(chunk, _permits)| chunk)
}
