//! A wire between two programs that counts connections, looks for words, and can hold them up.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, watch};
use tokio::task::JoinHandle;

/// What stops at the tap until so many are there.
struct Hold {
    word: &'static [u8],
    until: Barrier,
}

/// The wire. It ends when this is dropped.
pub struct Tap {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    bytes_back: Arc<AtomicUsize>,
    silent: watch::Sender<bool>,
    target: watch::Sender<Option<SocketAddr>>,
    task: JoinHandle<()>,
}

impl Tap {
    /// A wire that leads to `target`. Without one, connections wait until [`Tap::lead_to`] names it.
    pub async fn to(target: Option<SocketAddr>) -> anyhow::Result<Tap> {
        Tap::start(target, None).await
    }

    /// Opens a tap on which a client that sends `word` waits until `people` clients have sent it.
    pub async fn holding(
        target: SocketAddr,
        word: &'static str,
        people: usize,
    ) -> anyhow::Result<Tap> {
        let hold = Hold {
            word: word.as_bytes(),
            until: Barrier::new(people),
        };
        Tap::start(Some(target), Some(hold)).await
    }

    async fn start(target: Option<SocketAddr>, hold: Option<Hold>) -> anyhow::Result<Tap> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let addr = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let bytes_back = Arc::new(AtomicUsize::new(0));
        let silent = watch::Sender::new(false);
        let (counted, back) = (Arc::clone(&connections), Arc::clone(&bytes_back));
        let (target, towards) = watch::channel(target);
        let (hold, silence) = (Arc::new(hold), silent.subscribe());
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                let wire = Wire {
                    hold: Arc::clone(&hold),
                    silence: silence.clone(),
                    back: Arc::clone(&back),
                };
                tokio::spawn(wire.forward(client, towards.clone()));
            }
        });
        Ok(Tap {
            addr,
            connections,
            bytes_back,
            silent,
            target,
            task,
        })
    }

    /// Returns the address for clients.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Sets the server of new connections.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(Some(target));
    }

    /// Lets nothing through from now on, and breaks no connection.
    pub fn fall_silent(&self) {
        self.silent.send_replace(true);
    }

    /// Returns the number of bytes from the server, on all connections.
    pub fn bytes_back(&self) -> usize {
        self.bytes_back.load(Ordering::SeqCst)
    }

    /// Returns the number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One connection.
struct Wire {
    hold: Arc<Option<Hold>>,
    silence: watch::Receiver<bool>,
    back: Arc<AtomicUsize>,
}

impl Wire {
    async fn forward(self, client: TcpStream, mut target: watch::Receiver<Option<SocketAddr>>) {
        let named = target.wait_for(Option::is_some).await;
        let Some(target) = named.ok().and_then(|target| *target) else {
            return;
        };
        let Ok(server) = TcpStream::connect(target).await else {
            return;
        };
        // A wire holds nothing back of its own.
        for end in [&client, &server] {
            let _kept = end.set_nodelay(true);
        }
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::join!(
            self.copy(from_client, to_server, self.hold.as_ref().as_ref(), None),
            self.copy(from_server, to_client, None, Some(&self.back)),
        );
    }

    async fn copy(
        &self,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        hold: Option<&Hold>,
        counted: Option<&AtomicUsize>,
    ) {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(count @ 1..) = from.read(&mut bytes).await {
            let piece = &bytes[..count];
            if let Some(hold) = hold
                && piece.windows(hold.word.len()).any(|seen| seen == hold.word)
            {
                hold.until.wait().await;
            }
            if let Some(counted) = counted {
                counted.fetch_add(count, Ordering::SeqCst);
            }
            let mut silence = self.silence.clone();
            if silence.wait_for(|silent| !silent).await.is_err()
                || to.write_all(piece).await.is_err()
            {
                break;
            }
        }
        let _closed = to.shutdown().await;
    }
}
