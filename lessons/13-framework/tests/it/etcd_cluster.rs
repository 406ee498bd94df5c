//! Three etcds that are one, with services registered there, and one of the three fails.

use std::net::SocketAddr;
use std::time::Duration;

use l13_framework::registries::etcd::Etcd as Backend;
use l13_framework::registry::{Error, Event, Instance, Options, Registry};
use services::testkit::etcd::Etcd;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, sleep, timeout};

use crate::help::until;
use crate::suite::{PATIENCE, next};

const NAME: &str = "go.micro.srv.user";
/// A service that is not heard of for so long is gone.
const TTL: Duration = Duration::from_secs(4);

fn instance(number: u16) -> Instance {
    let addr = ([127, 0, 0, 1], 50_050 + number);
    Instance::new(NAME, format!("user-{number}"), addr.into())
}

fn registry(addresses: &[SocketAddr]) -> Backend {
    let mut registry = Backend::new();
    let options = Options {
        addresses: addresses.to_vec(),
        timeout: Duration::from_secs(5),
    };
    registry.init(options).unwrap();
    registry
}

/// A service that tells that it is there, again and again. How often it has been heard.
fn keep(
    registry: Backend,
    instance: Instance,
) -> (JoinHandle<()>, tokio::sync::watch::Receiver<u32>) {
    let (tell, heard) = tokio::sync::watch::channel(0);
    let beat = async move {
        loop {
            if registry.register(&instance, TTL).await.is_ok() {
                tell.send_modify(|beats| *beats += 1);
            }
            sleep(Duration::from_millis(300)).await;
        }
    };
    (tokio::spawn(beat), heard)
}

/// Which of the three leads, by what etcdctl says.
fn leader(cluster: &[Etcd; 3]) -> usize {
    let mut command = std::process::Command::new("etcdctl");
    let all = cluster.each_ref().map(|etcd| etcd.addr().to_string());
    command.env("ETCDCTL_API", "3");
    command.args(["--endpoints", &all.join(","), "endpoint", "status"]);
    let said = services::testkit::program::output(command);
    // address, id, version, size, is leader, ...
    let leads = |line: &str| line.split(", ").nth(4) == Some("true");
    said.lines().position(leads).expect("one leads")
}

async fn blocking<T: Send + 'static>(
    mut cluster: [Etcd; 3],
    what: impl FnOnce(&mut [Etcd; 3]) -> T + Send + 'static,
) -> ([Etcd; 3], T) {
    let done = move || {
        let answer = what(&mut cluster);
        (cluster, answer)
    };
    spawn_blocking(done).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn services_stay_registered_when_one_of_three_fails() {
    let cluster = spawn_blocking(|| Etcd::cluster().unwrap()).await.unwrap();
    let (cluster, first_leader) = blocking(cluster, |cluster| leader(cluster)).await;
    let all = cluster.each_ref().map(Etcd::addr);
    // Every service begins at another one of the three.
    let mut services = Vec::new();
    for number in 0..3 {
        let mut addresses = all;
        addresses.rotate_left(number.into());
        services.push(keep(registry(&addresses), instance(number)));
    }
    // The watch begins at the one that will fail first.
    let mut addresses = all;
    addresses.rotate_left(first_leader);
    let watcher = registry(&addresses);
    let mut watch = watcher.watch(Some(NAME)).await.unwrap();
    let mut seen = Vec::new();
    while seen.len() < 3 {
        match next(&mut watch).await {
            Event::Added(instance) => seen.push(instance.id),
            other => panic!("{other:?}"),
        }
    }
    let beats = |services: &[(_, tokio::sync::watch::Receiver<u32>)]| {
        services
            .iter()
            .map(|(_, beats)| *beats.borrow())
            .collect::<Vec<u32>>()
    };

    // First the leader fails, then, when that is back, one that follows.
    let mut cluster = cluster;
    let mut fails = first_leader;
    for round in 0..2u16 {
        let place = fails;
        (cluster, ()) = blocking(cluster, move |cluster| cluster[place].kill()).await;
        // A new service comes while one is away: the watch goes on.
        let late = instance(10 + round);
        until("a new one can register", async || {
            watcher.register(&late, TTL * 10).await.is_ok()
        })
        .await;
        assert_eq!(next(&mut watch).await, Event::Added(late));
        // All go on telling that they are there, for longer than they would be remembered.
        let before = beats(&services);
        let since = Instant::now();
        until("all are heard of again", async || {
            let now = beats(&services);
            let more = before
                .iter()
                .zip(now)
                .all(|(before, now)| now >= before + 3);
            more && (round > 0 || since.elapsed() > TTL + TTL / 3)
        })
        .await;
        let found = watcher.get_service(NAME).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|instance| instance.id.as_str()).collect();
        assert_eq!(ids[..2], ["user-0", "user-1"]);
        assert!(ids.contains(&"user-2"), "{ids:?}");
        (cluster, fails) = blocking(cluster, move |cluster| {
            cluster[place].start_again().unwrap();
            (leader(cluster) + 1) % 3
        })
        .await;
    }

    // Two of three are too many: then nothing can be asked, which is what CP means.
    (cluster, ()) = blocking(cluster, |cluster| {
        cluster[0].kill();
        cluster[1].kill();
    })
    .await;
    let refused = timeout(PATIENCE, watcher.get_service(NAME)).await.unwrap();
    assert!(matches!(refused, Err(Error::Away(_))), "{refused:?}");
    (cluster, ()) = blocking(cluster, |cluster| {
        cluster[0].run().unwrap();
        cluster[1].start_again().unwrap();
    })
    .await;
    let back = instance(20);
    until("it is back", async || {
        watcher.register(&back, TTL * 10).await.is_ok()
    })
    .await;
    // Through all of it no watch reported a removal.
    assert_eq!(next(&mut watch).await, Event::Added(back));
    for (task, _) in services {
        task.abort();
    }
    drop(cluster);
}

/// One that stands still is worse than one that has ended: its connections stay open, and nothing
/// comes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watch_leaves_a_server_that_is_silent() {
    let cluster = spawn_blocking(|| Etcd::cluster().unwrap()).await.unwrap();
    let (cluster, leader) = blocking(cluster, |cluster| leader(cluster)).await;
    let mut addresses = cluster.each_ref().map(Etcd::addr);
    let silent = (leader + 1) % 3;
    addresses.rotate_left(silent);
    let watcher = registry(&addresses);
    let mut watch = watcher.watch(None).await.unwrap();
    let other = registry(&addresses[1..]);
    other.register(&instance(1), TTL * 20).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance(1)));
    let signal = |name: &str| {
        let mut kill = std::process::Command::new("kill");
        let id = cluster[silent].id().to_string();
        assert!(kill.args(["-s", name, &id]).status().unwrap().success());
    };
    signal("STOP");
    other.register(&instance(2), TTL * 20).await.unwrap();
    other.deregister(&instance(1)).await.unwrap();
    assert_eq!(next(&mut watch).await, Event::Added(instance(2)));
    assert_eq!(next(&mut watch).await, Event::Removed(instance(1)));
    signal("CONT");
}
