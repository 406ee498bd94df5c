//! A connection without a socket. Client and server are those of lesson 02, unchanged: they take any
//! reader and writer, and tokio has a pair in memory. A test over it covers frames, call numbers and
//! encoding. It does not cover ports, addresses and the operating system.

use std::sync::Arc;

use l02_rpc::client::Client;
use l02_rpc::server::{self, Settings};
use l02_rpc::service::Services;
use tokio::io::{BufReader, duplex, split};

// ANCHOR: connect
/// The bytes that fit into each direction. Then a writer has to wait, as on a real connection; an
/// unbounded pipe would hide that from every test.
const CAPACITY: usize = 4096;

/// A client whose server is a task in this program. Both end with the last clone of the client. Both use
/// these `settings`, and only the client's end is observed, as over a socket.
pub fn connect(services: Arc<Services>, settings: Settings) -> Client {
    let (ours, theirs) = duplex(CAPACITY);
    let unobserved = Settings {
        observe: |_| {},
        ..settings
    };
    tokio::spawn(async move {
        let (from, to) = split(theirs);
        // The client reports a lost connection; the server need not.
        let _ = server::converse(BufReader::new(from), to, &services, unobserved).await;
    });
    let (from, to) = split(ours);
    Client::over(from, to, settings)
}
// ANCHOR_END: connect
