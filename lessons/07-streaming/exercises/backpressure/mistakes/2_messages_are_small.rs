//! belief: messages-are-small
//! words: A bound on messages is a bound on bytes.
//! check: big_pictures_count_more
//! says: You have bounded how many pictures

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
    let (out, pictures) = mpsc::channel(8);
    tokio::spawn(async move {
        let shooting = async {
            while let Some(picture) = camera.shoot().await {
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
