use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::UnboundedReceiverStream;

// Given in given.rs, beside this file: `Chunk`, `Source`, `MAX_BYTES`, `MAX_CHUNKS`.
pub use super::given::*;

/// The chunks of a source, as the stream of replies of a download. The reader of the stream may be slow.
///
/// * All chunks arrive, in their order.
/// * At most `MAX_BYTES` bytes and at most `MAX_CHUNKS` chunks wait for the reader. Your task may hold one chunk
///   more: the size of a chunk is known only when it was read.
/// * Within these limits, read ahead: do not wait until the reader asks for the next chunk.
/// * A chunk larger than `MAX_BYTES` arrives too. It waits alone.
/// * When the stream is dropped, drop the source, also in the middle of a `read`.
pub fn download<S: Source>(mut source: S) -> impl Stream<Item = Chunk> + Send {
    let (out, chunks) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(chunk) = source.read().await {
            if out.send(chunk).is_err() {
                return;
            }
        }
    });
    UnboundedReceiverStream::new(chunks)
}
