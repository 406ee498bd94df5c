//! Accepted: the bytes are counted in a `Mutex`, and a `Notify` wakes the producer; the channel is unbounded.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, mpsc};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_stream::{Stream, StreamExt};

// Given in given.rs, beside this file: `Chunk`, `Source`, `MAX_BYTES`, `MAX_CHUNKS`.
pub use super::given::*;

#[derive(Default)]
struct Waiting {
    /// Chunks and bytes.
    count: Mutex<(usize, usize)>,
    taken: Notify,
}

impl Waiting {
    fn count(&self) -> std::sync::MutexGuard<'_, (usize, usize)> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the chunk in, if there is space for it.
    fn add(&self, size: usize) -> bool {
        let mut count = self.count();
        let fits = count.0 < MAX_CHUNKS && count.1 + size <= MAX_BYTES || count.0 == 0;
        if fits {
            *count = (count.0 + 1, count.1 + size);
        }
        fits
    }

    fn remove(&self, size: usize) {
        {
            let mut count = self.count();
            *count = (count.0 - 1, count.1 - size);
        }
        self.taken.notify_one();
    }
}

pub fn download<S: Source>(mut source: S) -> impl Stream<Item = Chunk> + Send {
    let waiting = Arc::<Waiting>::default();
    let of_reader = Arc::clone(&waiting);
    let (out, chunks) = mpsc::unbounded_channel::<Chunk>();
    tokio::spawn(async move {
        let produce = async {
            while let Some(chunk) = source.read().await {
                while !waiting.add(chunk.bytes.len()) {
                    waiting.taken.notified().await;
                }
                let _ = out.send(chunk);
            }
        };
        tokio::select! {
            () = produce => {}
            () = out.closed() => {}
        }
    });
    UnboundedReceiverStream::new(chunks).map(move |chunk| {
        of_reader.remove(chunk.bytes.len());
        chunk
    })
}
