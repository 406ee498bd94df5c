//! When `serve` returns, the program ends, and with it every task: a task that nobody waits for is cut
//! wherever it happens to be. So the guests are kept in a `JoinSet`. But a connection is not an order.
//! Waiting for all connections would be waiting for guests who only sit there; so each guest's task hears
//! of the end, and looks for it where it waits for the next order and nowhere else. What is left in the
//! set after that are orders, and the grace is their limit. The listener is dropped and not just left
//! alone: the system goes on accepting for a listener that exists, and its guests would wait in
//! the street for a door that nobody opens.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
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
    let closing = watch::Sender::new(false);
    let mut guests = JoinSet::new();
    tokio::pin!(close);
    loop {
        tokio::select! {
            () = &mut close => break,
            accepted = listener.accept() => if let Ok((guest, _)) = accepted {
                guests.spawn(wait_on(guest, Arc::clone(&kitchen), closing.subscribe()));
            },
            // Who has left needs no place in the set.
            Some(_) = guests.join_next() => {}
        }
    }
    drop(listener);
    closing.send_replace(true);
    let all = async { while guests.join_next().await.is_some() {} };
    let _ = timeout(grace, all).await;
    // Who is still here has an order under way.
    guests.len()
}

/// Serves one guest until they leave, or until the evening ends.
async fn wait_on<K: Kitchen>(
    guest: TcpStream,
    kitchen: Arc<K>,
    mut closing: watch::Receiver<bool>,
) -> io::Result<()> {
    let (from_guest, mut to_guest) = guest.into_split();
    let mut orders = BufReader::new(from_guest).lines();
    loop {
        let order = tokio::select! {
            // In this order: a guest who always has another order ready would else win half of the time.
            biased;
            _ = closing.wait_for(|closing| *closing) => return Ok(()),
            order = orders.next_line() => order?,
        };
        let Some(order) = order else { return Ok(()) };
        let dish = kitchen.cook(&order).await;
        to_guest.write_all(format!("{dish}\n").as_bytes()).await?;
    }
}
