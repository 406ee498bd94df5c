//! belief: connection-is-request
//! words: Whoever is connected wants something.
//! check: c_nobody_waits_for_silent_guests
//! says: An open connection is not an order

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Where the work is done. It takes its time.
pub trait Kitchen: Send + Sync + 'static {
    fn cook(&self, order: &str) -> impl Future<Output = String> + Send;
}

pub async fn serve<K: Kitchen>(
    listener: TcpListener,
    kitchen: Arc<K>,
    close: impl Future<Output = ()>,
    grace: Duration,
) -> usize {
    let mut guests = JoinSet::new();
    tokio::pin!(close);
    loop {
        tokio::select! {
            () = &mut close => break,
            accepted = listener.accept() => if let Ok((guest, _)) = accepted {
                guests.spawn(wait_on(guest, Arc::clone(&kitchen)));
            },
            // Who has left needs no place in the set.
            Some(_) = guests.join_next() => {}
        }
    }
    drop(listener);
    let all = async { while guests.join_next().await.is_some() {} };
    let _ = timeout(grace, all).await;
    // Who is still here has an order under way.
    guests.len()
}

/// Serves one guest until they leave, or until the evening ends.
async fn wait_on<K: Kitchen>(guest: TcpStream, kitchen: Arc<K>) -> io::Result<()> {
    let (from_guest, mut to_guest) = guest.into_split();
    let mut orders = BufReader::new(from_guest).lines();
    loop {
        let Some(order) = orders.next_line().await? else {
            return Ok(());
        };
        let dish = kitchen.cook(&order).await;
        to_guest.write_all(format!("{dish}\n").as_bytes()).await?;
    }
}
