//! What is particular about gossip: its addresses, a neighbour that dies, and foreign nodes that send too much or
//! nothing that makes sense.

use std::net::SocketAddr;
use std::time::Duration;

use chitchat::transport::UdpTransport;
use chitchat::{ChitchatConfig, ChitchatHandle, ChitchatId, ProtocolVersion, spawn_chitchat};
use l13_framework::registries::gossip::Gossip;
use l13_framework::registry::{Event, Options, Registry};
use tokio::net::UdpSocket;

use crate::suite::{LONG, free_udp, holds, instance, name, next, until};

/// A participant with one neighbour.
fn beside(neighbour: SocketAddr) -> Gossip {
    let mut gossip = Gossip::new();
    let options = Options {
        addresses: vec![neighbour],
        ..Options::default()
    };
    gossip.init(options).unwrap();
    gossip
}

/// All are given the same neighbour: the first is it. The next ones take a free port.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_takes_the_neighbours_address() {
    let neighbour = free_udp();
    let (first, second) = (beside(neighbour), beside(neighbour));
    assert_eq!(first.addr().await, Ok(neighbour));
    let other = second.addr().await.unwrap();
    assert!(other != neighbour && other.ip().is_loopback(), "{other}");
}

/// The neighbour that all were given ends. Those who have met go on, one of them moves to its place, and one
/// who comes later finds them there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_neighbour_may_end() {
    let neighbour = free_udp();
    let (first, second, third) = (beside(neighbour), beside(neighbour), beside(neighbour));
    assert_eq!(first.addr().await, Ok(neighbour));
    let name = name("user");
    let (one, two) = (instance(&name), instance(&name));
    second.register(&one, LONG).await.unwrap();
    holds(&third, &name, &[&one]).await;
    let mut watch = third.watch(Some(&name)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(one.clone()));
    drop(first);
    third.register(&two, LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(two.clone()));
    holds(&second, &name, &[&one, &two]).await;
    let taken = async || {
        let both = [second.addr().await, third.addr().await];
        (both.contains(&Ok(neighbour)), format!("{both:?}"))
    };
    until("the place of the first is taken", taken).await;
    let late = beside(neighbour);
    holds(&late, &name, &[&one, &two]).await;
    let three = instance(&name);
    late.register(&three, LONG).await.unwrap();
    for registry in [&second, &third, &late] {
        holds(registry, &name, &[&one, &two, &three]).await;
    }
    // A node that has moved keeps its values: no watch has seen it go.
    assert_eq!(next(&mut watch).await, Event::Added(three));
}

/// Two nodes that began while another program had the address find each other when it is
/// free.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_have_never_met_find_together() {
    let neighbour = free_udp();
    let taken = UdpSocket::bind(neighbour).await.unwrap();
    let (one, other) = (beside(neighbour), beside(neighbour));
    let name = name("user");
    let (first, second) = (instance(&name), instance(&name));
    one.register(&first, LONG).await.unwrap();
    other.register(&second, LONG).await.unwrap();
    holds(&one, &name, &[&first]).await;
    holds(&other, &name, &[&second]).await;
    drop(taken);
    holds(&one, &name, &[&first, &second]).await;
    holds(&other, &name, &[&first, &second]).await;
}

/// chitchat itself, with whatever values.
async fn foreign_node(neighbour: SocketAddr, values: Vec<(String, String)>) -> ChitchatHandle {
    let addr = free_udp();
    let config = ChitchatConfig {
        chitchat_id: ChitchatId::new("foreign", 1, addr),
        cluster_id: "sockets-to-services".into(),
        gossip_interval: Duration::from_millis(50),
        listen_addr: addr,
        seed_nodes: vec![neighbour.to_string()],
        failure_detector_config: chitchat::FailureDetectorConfig::default(),
        marked_for_deletion_grace_period: Duration::from_secs(60),
        catchup_callback: None,
        extra_liveness_predicate: None,
        protocol_version: ProtocolVersion::V0,
    };
    spawn_chitchat(config, values, &UdpTransport).await.unwrap()
}

/// Values that are no instance are left out and counted; those that are one are found.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_values_are_left_out_and_counted() {
    let registry = beside(free_udp());
    let addr = registry.addr().await.unwrap();
    let right = r#"{"name":"right","version":"","addr":"127.0.0.1:1","metadata":{},"ttl":600000}"#;
    let wrong = [
        String::new(),
        "hello".into(),
        "{}".into(),
        right.replace("127.0.0.1:1", "somewhere"),
        right.replace("127.0.0.1:1", "127.0.0.1:0"),
        right.replace("600000", "0"),
        right.replace("600000", "-1"),
        right.replace("right", ""),
        right.replace("right", &"x".repeat(1000)),
    ];
    let count = u64::try_from(wrong.len()).unwrap();
    let mut values: Vec<_> = (0..).map(|n: i32| format!("id{n}")).zip(wrong).collect();
    values.push(("id".into(), right.into()));
    // The key is the id.
    values.push((String::new(), right.into()));
    let foreign = foreign_node(addr, values).await;
    let counted = async || {
        let ignored = registry.ignored();
        let names = registry.list_services().await.unwrap();
        let right = names == ["right"] && ignored.malformed == count + 1;
        (right, format!("{names:?}, {ignored:?}"))
    };
    until("all but one are counted", counted).await;
    drop(foreign);
}

/// Datagrams without sense: nothing ends, and the next neighbour is heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise_does_no_harm() {
    let registry = beside(free_udp());
    let addr = registry.addr().await.unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut state = 13_u64;
    for length in 0..2000 {
        let bytes: Vec<u8> = (0..length % 700)
            .map(|_| {
                // Numbers without pattern, the same in each run.
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                state.to_be_bytes()[0]
            })
            .collect();
        socket.send_to(&bytes, addr).await.unwrap();
        if length % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let other = beside(addr);
    let ours = instance(&name("user"));
    other.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
}

/// A foreign node with more values than the limit: everything is forgotten and begun anew, as often
/// as need be. What we have said ourselves stays, and when the foreign node has gone all is as before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_much_is_forgotten() {
    let registry = beside(free_udp());
    let addr = registry.addr().await.unwrap();
    let ours = instance(&name("user"));
    registry.register(&ours, LONG).await.unwrap();
    holds(&registry, &ours.name, &[&ours]).await;
    let values = (0..25_000)
        .map(|n| (format!("id{n}"), "too many".into()))
        .collect();
    let foreign = foreign_node(addr, values).await;
    let restarted = async || {
        let ignored = registry.ignored();
        (ignored.restarts > 0, format!("{ignored:?}"))
    };
    until("it begins anew", restarted).await;
    holds(&registry, &ours.name, &[&ours]).await;
    assert_eq!(registry.addr().await, Ok(addr));
    foreign.shutdown().await.unwrap();
    let other = beside(addr);
    holds(&other, &ours.name, &[&ours]).await;
}
