use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::UnboundedReceiverStream;

// Given in given.rs, beside this file: `Picture`, `Camera`, `ROOM`.
pub use super::given::*;

/// The pictures of a camera, for a reader that may be slow.
///
/// * All of them arrive, in their order.
/// * If the reader is slow, the camera waits. At most `ROOM` bytes are held for the reader, and
///   besides them the one picture that was just made: nobody knows its size before.
/// * A picture that is larger than `ROOM` arrives as well. It is held when nothing else is.
/// * When the stream is dropped, the camera is dropped as well, also in the middle of a picture.
pub fn album<C: Camera>(mut camera: C) -> impl Stream<Item = Picture> + Send {
    let (out, pictures) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(picture) = camera.shoot().await {
            if out.send(picture).is_err() {
                return;
            }
        }
    });
    UnboundedReceiverStream::new(pictures)
}
