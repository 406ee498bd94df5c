//! The one task that writes to a connection, on both sides. Many calls have something to send at
//! the same time, and a frame must not be torn: not by the bytes of another one, and not because
//! the call that wrote it gave up in the middle. So calls hand whole frames over, and only this writes.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How many frames wait to be written before a task that brings one more has to wait as well.
pub const ROOM: usize = 16;

/// Collected up to this size before it is handed to the system.
const CHUNK: usize = 16 * 1024;

// ANCHOR: outbox
/// Writes what comes out of the queue until its last sender is gone, and then says that this
/// side has finished.
///
/// Frames that are ready together leave together: a system call for each would be the most
/// expensive part of a small call.
///
/// # Errors
///
/// If the connection breaks, or takes no byte for longer than `patience`: a peer that does not
/// read would otherwise keep its queue, and all tasks that wait to put a frame in, for ever.
pub async fn write_all(
    mut to: impl AsyncWrite + Unpin,
    mut frames: mpsc::Receiver<Vec<u8>>,
    patience: Duration,
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
            let n = timeout(patience, to.write(rest)).await??;
            if n == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[n..];
        }
        timeout(patience, to.flush()).await??;
    }
    timeout(patience, to.shutdown()).await?
}
// ANCHOR_END: outbox
