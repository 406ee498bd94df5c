//! `/v1/status/leader` is what one server believes. A follower keeps its belief for some seconds after the leader has
//! crashed, and a leader that was cut off takes itself for the leader a moment longer. Raft decides by majority, so the
//! reader does the same: more than half of all servers, dead ones counted, have to name the leader, and it has to
//! answer itself. Each query has a timeout, because a frozen server still accepts connections.

use std::net::SocketAddr;
use std::time::Duration;

use l08_consul::ask::get;
use tokio::time::timeout;

// Given in given.rs, beside this file: `Server`.
pub use super::given::*;

/// Asks all servers of a cluster for their leader, and returns the Raft address of the confirmed leader.
pub async fn leader(servers: &[Server]) -> Option<SocketAddr> {
    let mut named = Vec::new();
    for server in servers {
        let answer = get(server.http, "/v1/status/leader");
        if let Ok(Ok(answer)) = timeout(Duration::from_secs(1), answer).await
            && answer.status == 200
            && let Some(Ok(leader)) = answer.json().as_str().map(str::parse)
        {
            named.push((server.raft, leader));
        }
    }
    let itself = named.iter().filter(|(server, leader)| server == leader);
    itself.map(|(server, _)| *server).find(|server| {
        let votes = named.iter().filter(|(_, leader)| leader == server);
        2 * votes.count() > servers.len()
    })
}
