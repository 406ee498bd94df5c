//! Accepts clients, connects each of them to the server, and keeps serving the others when one
//! of them goes wrong.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use crate::address::why_unreachable;
use crate::event::{Mark, Shown, Tone};
use crate::forward::{Moved, Setup, carry};
use crate::view::count;

/// How long a server may take to accept. On one machine it answers at once or never.
const CONNECT: Duration = Duration::from_secs(5);

/// The proxy: which connections are open, and how much has crossed.
pub struct Proxy {
    setup: Setup,
    server: Vec<SocketAddr>,
    max_connections: usize,
    /// A permit for each connection that may be open.
    places: Arc<Semaphore>,
    connections: AtomicU64,
    moved: Moved,
}

impl Proxy {
    /// A proxy to `server` (its addresses are tried in turn) with at most `max_connections`
    /// open at the same time.
    pub fn new(setup: Setup, server: Vec<SocketAddr>, max_connections: usize) -> Arc<Self> {
        Arc::new(Proxy {
            setup,
            server,
            max_connections,
            places: Arc::new(Semaphore::new(max_connections)),
            connections: AtomicU64::new(0),
            moved: Moved::default(),
        })
    }

    /// Accepts clients for ever. Drop the future to stop; connections under way live in tasks
    /// of their own and end with the runtime.
    pub async fn run(self: &Arc<Self>, listener: TcpListener) {
        loop {
            let (client, from) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Mostly "too many open files". Trying again at once would only burn a core.
                    let words = format!("a client could not be accepted: {error}");
                    let shown = Shown::new("accept-failed", Mark::Point, Tone::Wrong, words)
                        .field("error", error.to_string());
                    self.setup.screen.tell(None, None, shown);
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let conn = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                self.turn_away(conn, &client);
                continue;
            };
            let proxy = Arc::clone(self);
            tokio::spawn(async move {
                proxy.serve(conn, client, from).await;
                // Given back also when the task panics.
                drop(place);
            });
        }
    }

    /// Connects one client to the server and carries the connection to its end.
    async fn serve(&self, conn: u64, client: TcpStream, from: SocketAddr) {
        let screen = &self.setup.screen;
        let connecting = timeout(CONNECT, TcpStream::connect(self.server.as_slice()));
        let server = match connecting.await {
            Ok(Ok(server)) => server,
            Ok(Err(error)) => return self.unreachable(conn, &client, &why_unreachable(&error)),
            Err(_) => return self.unreachable(conn, &client, "no answer within 5 s"),
        };
        let to = server
            .peer_addr()
            .map_or_else(|_| self.server_words(), |addr| addr.to_string());
        let words = format!("connected: client {from}, server {to}");
        let shown = Shown::new("connected", Mark::Point, Tone::Good, words)
            .field("client", from.to_string())
            .field("server", to);
        screen.tell(Some(conn), None, shown);
        carry(conn, client, server, &self.setup, &self.moved).await;
    }

    /// Words for the server's address.
    pub fn server_words(&self) -> String {
        self.server
            .first()
            .map_or_else(String::new, SocketAddr::to_string)
    }

    /// The server did not take the connection: the client gets a reset, because an orderly end
    /// would look like a server that had nothing to say.
    fn unreachable(&self, conn: u64, client: &TcpStream, why: &str) {
        // Without the option the client is closed in the orderly way; nothing better is left.
        let _ = client.set_zero_linger();
        let server = self.server_words();
        let words = format!("no server at {server}: {why}");
        let shown = Shown::new("unreachable", Mark::Reset, Tone::Wrong, words)
            .note("is it started? The client was reset, the wire goes on")
            .field("server", server)
            .field("error", why);
        self.setup.screen.tell(Some(conn), None, shown);
    }

    /// All places are taken.
    fn turn_away(&self, conn: u64, client: &TcpStream) {
        // As above.
        let _ = client.set_zero_linger();
        let open = count(self.max_connections as u64, "connection");
        let words = format!("turned away: {open} already open");
        let shown = Shown::new("turned-away", Mark::Reset, Tone::Wrong, words)
            .note("--max-connections N allows more")
            .field("limit", self.max_connections as u64);
        self.setup.screen.tell(Some(conn), None, shown);
    }

    /// What happened in all, for the end.
    pub fn summary(&self) -> Shown {
        let connections = self.connections.load(Ordering::Relaxed);
        let [to_server, to_client] = self.moved.get();
        let seconds = self.setup.screen.elapsed().as_secs_f64();
        let words = format!(
            "the wire ends: {seconds:.1} s, {}, {} to the server, {to_client} to the client",
            count(connections, "connection"),
            count(to_server, "byte"),
        );
        Shown::new("summary", Mark::Bare, Tone::Good, words)
            .field("connections", connections)
            .field("bytes_to_server", to_server)
            .field("bytes_to_client", to_client)
    }
}
