//! belief: full-means-throw-away
//! words: What does not fit can be left out.
//! check: every_picture_arrives
//! says: and not leaving out

use std::future::Future;
use std::sync::Arc;

use tokio::sync::mpsc;
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
    let (out, pictures) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Some(picture) = camera.shoot().await {
            if let Err(mpsc::error::TrySendError::Closed(_)) = out.try_send(picture) {
                return;
            }
        }
    });
    ReceiverStream::new(pictures)
}
