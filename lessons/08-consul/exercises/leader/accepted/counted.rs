//! Accepted: all servers are asked at the same time, and the names are counted in a map.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use l08_consul::ask::get;
use tokio::task::JoinSet;
use tokio::time::timeout;

// Given in given.rs, beside this file: `Server`.
pub use super::given::*;

async fn named(server: Server) -> Option<(SocketAddr, String)> {
    let answer = get(server.http, "/v1/status/leader");
    let answer = timeout(Duration::from_millis(900), answer)
        .await
        .ok()?
        .ok()?;
    match answer.status {
        200 => Some((server.raft, answer.json().as_str()?.to_string())),
        _ => None,
    }
}

pub async fn leader(servers: &[Server]) -> Option<SocketAddr> {
    let mut queries: JoinSet<_> = servers.iter().copied().map(named).collect();
    let mut votes: HashMap<String, Vec<SocketAddr>> = HashMap::new();
    while let Some(answer) = queries.join_next().await {
        if let Ok(Some((server, leader))) = answer {
            votes.entry(leader).or_default().push(server);
        }
    }
    let (leader, voters) = votes.into_iter().max_by_key(|(_, voters)| voters.len())?;
    let leader: SocketAddr = leader.parse().ok()?;
    (voters.len() > servers.len() / 2 && voters.contains(&leader)).then_some(leader)
}
