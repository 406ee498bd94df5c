//! belief: a-channel-has-no-end
//! words: A channel has no end.
//! check: a_slow_reader_holds_little
//! says: slow reader, 80 MB held

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::UnboundedReceiverStream;

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
