use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Where the work is done. It takes its time.
pub trait Kitchen: Send + Sync + 'static {
    fn cook(&self, order: &str) -> impl Future<Output = String> + Send;
}

/// A restaurant. A guest sends orders, a line each, gets a line for each of them, and stays connected
/// between two orders.
///
/// `close` is the end of the evening. From then on nobody new is let in, and no order is begun.
/// Orders that were begun are finished, and their guests get the reply. A guest who only sits there is
/// not waited for. All of this takes no longer than it must, and never longer than `grace`.
///
/// Returns how many orders were cut off because they took longer. When this returns, the program ends.
pub async fn serve<K: Kitchen>(
    listener: TcpListener,
    kitchen: Arc<K>,
    close: impl Future<Output = ()>,
    grace: Duration,
) -> usize {
    // It is for you to find out what becomes of it.
    let _ = grace;
    tokio::pin!(close);
    loop {
        tokio::select! {
            () = &mut close => return 0,
            accepted = listener.accept() => if let Ok((guest, _)) = accepted {
                tokio::spawn(wait_on(guest, Arc::clone(&kitchen)));
            },
        }
    }
}

/// Serves one guest until they leave.
async fn wait_on<K: Kitchen>(guest: TcpStream, kitchen: Arc<K>) -> io::Result<()> {
    let (from_guest, mut to_guest) = guest.into_split();
    let mut orders = BufReader::new(from_guest).lines();
    while let Some(order) = orders.next_line().await? {
        let dish = kitchen.cook(&order).await;
        to_guest.write_all(format!("{dish}\n").as_bytes()).await?;
    }
    Ok(())
}
