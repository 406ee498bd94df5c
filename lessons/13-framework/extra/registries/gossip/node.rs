//! A participant: chitchat on a socket that is already open, so that no other process can take the port
//! between choosing it and using it.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chitchat::transport::{Socket, Transport, UdpSocket};
use chitchat::{
    ChitchatConfig, ChitchatHandle, ChitchatId, FailureDetectorConfig, ProtocolVersion,
    spawn_chitchat,
};

use crate::extra::lock;
use crate::registry::Error;

/// The time between two rounds. In each one three neighbours are told what has changed.
pub const ROUND: Duration = Duration::from_millis(100);
/// How long the dead are remembered, so that a neighbour who has not noticed does not bring them back.
const DEAD: Duration = Duration::from_secs(10 * 60);
/// How long it is remembered that something was taken back, for those who were not reached.
const DELETED: Duration = Duration::from_secs(60);

/// Opens a socket: on the first of the neighbours' addresses that is free on this machine, so that a node is
/// there; else on any port.
pub async fn open(seeds: &[SocketAddr]) -> Result<UdpSocket, Error> {
    match place(seeds).await {
        Some(socket) => Ok(socket),
        None => open_at(([127, 0, 0, 1], 0).into()).await,
    }
}

/// Opens a socket on this address.
pub async fn open_at(addr: SocketAddr) -> Result<UdpSocket, Error> {
    let opened = UdpSocket::open(addr).await;
    opened.map_err(|why| Error::Away(format!("{why:#}")))
}

/// A socket on the first of the neighbours' addresses that is free on this machine.
pub async fn place(seeds: &[SocketAddr]) -> Option<UdpSocket> {
    let here = |seed: &&SocketAddr| seed.ip().is_loopback() && seed.port() != 0;
    for seed in seeds.iter().filter(here) {
        if let Ok(socket) = UdpSocket::open(*seed).await {
            return Some(socket);
        }
    }
    None
}

/// Begins to take part, with these values. A participant that starts anew is another one, and its word is
/// the newer one.
pub async fn start(
    socket: UdpSocket,
    seeds: &[SocketAddr],
    values: Vec<(String, String)>,
) -> Result<ChitchatHandle, Error> {
    let away = |why: anyhow::Error| Error::Away(format!("{why:#}"));
    let addr = socket.local_addr().map_err(away)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // It fits until the year 2554.
    let now = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    let config = ChitchatConfig {
        chitchat_id: ChitchatId::new(format!("{addr}-{}-{now}", std::process::id()), now, addr),
        cluster_id: "sockets-to-services".into(),
        gossip_interval: ROUND,
        listen_addr: addr,
        seed_nodes: seeds.iter().map(<_>::to_string).collect(),
        failure_detector_config: FailureDetectorConfig {
            // Each sample has 8 bytes, for each participant.
            sampling_window_size: 100,
            initial_interval: ROUND * 5,
            dead_node_grace_period: DEAD,
            ..FailureDetectorConfig::default()
        },
        marked_for_deletion_grace_period: DELETED,
        catchup_callback: None,
        extra_liveness_predicate: None,
        protocol_version: ProtocolVersion::V1,
    };
    let opened = Opened(Mutex::new(Some(socket)));
    spawn_chitchat(config, values, &opened).await.map_err(away)
}

/// A transport that gives the one socket that it has.
struct Opened(Mutex<Option<UdpSocket>>);

#[tonic::async_trait]
impl Transport for Opened {
    async fn open(&self, _: SocketAddr) -> anyhow::Result<Box<dyn Socket>> {
        let socket = lock(&self.0).take();
        Ok(Box::new(
            socket.ok_or_else(|| anyhow::anyhow!("it is in use"))?,
        ))
    }
}
