//! belief: all-or-none
//! words: Who runs out of time has lost all that was under way.
//! check: f_the_grace_has_an_end
//! says: how many got nothing

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
    let finished = timeout(grace, all).await;
    usize::from(finished.is_err()) * 2
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
