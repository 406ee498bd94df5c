//! A connection without a socket. Client and server are the ones of lesson 02, unchanged: they
//! ask for something that carries bytes, and a pipe in memory does. Frames, numbers and encoding
//! are all there, so a test over it tests them; ports, addresses and the system are not.

use std::sync::Arc;

use l02_rpc::client::Client;
use l02_rpc::server::{self, Settings};
use l02_rpc::service::Services;
use tokio::io::{BufReader, duplex, split};

// ANCHOR: connect
/// So many bytes may be on their way in each direction; then the writing side has to wait, as on a
/// real connection. A pipe without an end would hide that from every test.
const ROOM: usize = 4096;

/// A client whose server is a task in this program. Both end with the last clone of the client.
/// `settings` are those of both, and only the client's end is observed, as over a socket.
pub fn connect(services: Arc<Services>, settings: Settings) -> Client {
    let (near, far) = duplex(ROOM);
    let unobserved = Settings {
        observe: |_| {},
        ..settings
    };
    tokio::spawn(async move {
        let (from, to) = split(far);
        // The client has lost its connection and says so; this side need not.
        let _ = server::converse(BufReader::new(from), to, &services, unobserved).await;
    });
    let (from, to) = split(near);
    Client::over(from, to, settings)
}
// ANCHOR_END: connect
