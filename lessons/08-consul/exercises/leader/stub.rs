use std::net::SocketAddr;

use l08_consul::ask::get;

// Given in given.rs, beside this file: `Server`.
pub use super::given::*;

/// Asks all servers of a cluster for their leader, and returns the Raft address of the confirmed leader.
///
/// * A server answers `GET /v1/status/leader` with the Raft address of the leader as JSON text, such as
///   `"127.0.0.1:8300"`. The text `""` means that the server knows no leader.
/// * A server that does not answer within a second, or answers with another status than 200, names no leader. The other
///   servers are asked all the same.
/// * A leader is confirmed if more than half of `servers` name it, servers that do not answer included in the
///   number of servers, *and* if it names itself. The second condition matters because a follower goes on naming a
///   crashed leader until it misses the leader's heartbeats.
/// * Without a confirmed leader the result is `None`.
pub async fn leader(servers: &[Server]) -> Option<SocketAddr> {
    for server in servers {
        if let Ok(answer) = get(server.http, "/v1/status/leader").await {
            return answer.json().as_str()?.parse().ok();
        }
    }
    None
}
