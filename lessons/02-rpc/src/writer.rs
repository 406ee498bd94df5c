//! The only task that writes to a connection; client and server both use it. If each call wrote for itself, the
//! bytes of two frames could mix, and a cancelled call could leave half a frame. So a call puts its complete frame
//! into a queue, and this task writes it.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The length of the queue. When it is full, a task with one more frame waits.
pub const QUEUE: usize = 16;

/// Frames are collected up to this many bytes for one write.
const CHUNK: usize = 16 * 1024;

// ANCHOR: writer
/// Writes the frames of the queue until its last sender is dropped, and then half-closes the connection.
///
/// Frames that are ready at the same time go into one write, because the system call is the most
/// expensive part of a small call.
///
/// # Errors
/// If the connection breaks, or takes no byte for longer than `limit`. Without this limit, a peer that
/// does not read could block the queue, and each task that adds to it, for as long as it likes.
pub async fn write_all(
    mut to: impl AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Vec<u8>>,
    limit: Duration,
) -> io::Result<()> {
    while let Some(mut chunk) = frames.recv().await {
        while chunk.len() < CHUNK {
            match frames.try_recv() {
                Ok(more) => chunk.extend_from_slice(&more),
                Err(_) => break,
            }
        }
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            let n = timeout(limit, to.write(rest)).await??;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[n..];
        }
        timeout(limit, to.flush()).await??;
    }
    timeout(limit, to.shutdown()).await?
}
// ANCHOR_END: writer
