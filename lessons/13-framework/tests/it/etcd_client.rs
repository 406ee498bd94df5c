//! The client for etcd: its calls, unusual cases, and `etcdctl` beside it.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use l13_framework::etcd::{Change, Client, Entry, Error, follow};
use l13_framework::registries::etcd::Etcd as Backend;
use l13_framework::registry::{Event, Instance, Options, Registry};
use services::testkit::etcd::Etcd;
use services::testkit::program;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);
const TIMEOUT: Duration = Duration::from_secs(10);

/// One for all tests: each has keys of its own.
async fn etcd() -> SocketAddr {
    static SHARED: OnceLock<Etcd> = OnceLock::new();
    let start = || SHARED.get_or_init(|| Etcd::start().unwrap()).addr();
    spawn_blocking(start).await.unwrap()
}

/// Seven cases on one etcd: a test for each would start one for each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_leases_and_followers_on_one_server() {
    tokio::join!(
        keys_are_written_listed_and_deleted(),
        what_does_not_change_is_not_written(),
        leases_are_granted_kept_alive_and_revoked(),
        what_etcd_will_never_do_is_no_reason_to_ask_another(),
        a_follower_hears_of_each_change_in_order(),
        etcdctl_and_we_read_each_other(),
        etcdctl_sees_a_registration_and_can_take_it_away(),
    );
}

fn client(addr: SocketAddr) -> Client {
    Client::new(&[addr], TIMEOUT)
}

async fn next(changes: &mut mpsc::Receiver<Change>) -> Change {
    let change = timeout(PATIENCE, changes.recv()).await;
    change.expect("in time").expect("no end")
}

fn there(key: &str, value: &str) -> Change {
    Change::Added(key.into(), value.into())
}

fn gone(key: &str, value: &str) -> Change {
    Change::Removed(key.into(), value.into())
}

/// The independent client: etcd's own. What it prints, without the last line break.
fn etcdctl(addr: SocketAddr, arguments: &[&str]) -> String {
    let mut command = Command::new("etcdctl");
    command.env("ETCDCTL_API", "3");
    command.arg("--endpoints").arg(addr.to_string());
    let said = program::output(command.args(arguments));
    said.trim_end().to_owned()
}

async fn keys_are_written_listed_and_deleted() {
    let client = client(etcd().await);
    let written = [
        client.put("/keys/b", b"2", 0).await.unwrap(),
        client.put("/keys/a", b"1", 0).await.unwrap(),
    ];
    // Begins like the prefix and is not below it.
    client.put("/keys0", b"x", 0).await.unwrap();
    let listing = client.list("/keys/", false).await.unwrap();
    let (b, a) = (written[0], written[1]);
    let entry = |key: &str, value: &str, revision| Entry {
        key: key.into(),
        value: value.into(),
        lease: 0,
        revision,
    };
    assert_eq!(
        listing.entries,
        [entry("/keys/a", "1", a), entry("/keys/b", "2", b)]
    );
    let keys = client.list("/keys/", true).await.unwrap().entries;
    assert_eq!(keys, [entry("/keys/a", "", a), entry("/keys/b", "", b)]);
    assert_eq!(client.delete("/keys/a").await, Ok(true));
    assert_eq!(client.delete("/keys/a").await, Ok(false));
    let left = client.list("/keys/", false).await.unwrap();
    assert_eq!(left.entries, [entry("/keys/b", "2", b)]);
    assert!(left.revision > listing.revision);
}

/// A heartbeat is no news. Other tests change the store's revision, so this one has its own.
async fn what_does_not_change_is_not_written() {
    let server = spawn_blocking(|| Etcd::start().unwrap()).await.unwrap();
    let client = client(server.addr());
    let revision = async || client.list("/", false).await.unwrap().revision;
    let one = client.grant(TIMEOUT).await.unwrap().id;
    client.ensure("/a", b"1", one).await.unwrap();
    let written = revision().await;
    client.ensure("/a", b"1", one).await.unwrap();
    client.keep_alive(one).await.unwrap();
    assert_eq!(revision().await, written);
    // Another value, another lease, no key at all: each is written.
    client.ensure("/a", b"2", one).await.unwrap();
    assert_eq!(revision().await, written + 1);
    let two = client.grant(TIMEOUT).await.unwrap().id;
    client.ensure("/a", b"2", two).await.unwrap();
    assert_eq!(revision().await, written + 2);
    client.delete("/a").await.unwrap();
    client.ensure("/a", b"2", two).await.unwrap();
    assert_eq!(revision().await, written + 4);
    // The key went over to the second lease.
    client.revoke(one).await.unwrap();
    let entries = client.list("/", false).await.unwrap().entries;
    assert_eq!((entries.len(), entries[0].lease), (1, two));
    client.revoke(two).await.unwrap();
    assert_eq!(client.list("/", false).await.unwrap().entries, []);
}

async fn leases_are_granted_kept_alive_and_revoked() {
    let client = client(etcd().await);
    // Whole seconds, and never less than two.
    for (asked, granted) in [(300, 2), (2000, 2), (2001, 3), (60_000, 60)] {
        let lease = client.grant(Duration::from_millis(asked)).await.unwrap();
        assert_eq!(lease.ttl, Duration::from_secs(granted), "{asked} ms");
        assert_eq!(client.keep_alive(lease.id).await, Ok(lease));
        client.revoke(lease.id).await.unwrap();
        client.revoke(lease.id).await.unwrap();
        assert_eq!(client.keep_alive(lease.id).await, Err(Error::NoLease));
        let put = client.put("/leases/a", b"1", lease.id).await;
        assert_eq!(put, Err(Error::NoLease));
    }
}

async fn what_etcd_will_never_do_is_no_reason_to_ask_another() {
    let addr = etcd().await;
    let unused: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let client = Client::new(&[addr, unused], TIMEOUT);
    let refused = client.put("", b"", 0).await.unwrap_err();
    let words = refused.to_string();
    assert!(matches!(refused, Error::Refused(_)), "{words}");
    assert!(words.contains("key is not provided"), "{words}");
    // And one that is away is.
    let client = Client::new(&[unused, addr], TIMEOUT);
    client.put("/second", b"1", 0).await.unwrap();
    let client = Client::new(&[unused], TIMEOUT);
    let away = client.put("/second", b"1", 0).await.unwrap_err();
    assert!(matches!(away, Error::Away(_)), "{away}");
    assert!(away.to_string().contains("127.0.0.1:1"), "{away}");
}

/// One that takes connections and says nothing uses up its share of the time and no more.
#[tokio::test]
async fn a_silent_server_leaves_time_for_the_next() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = [silent.local_addr().unwrap(), etcd().await];
    let client = Client::new(&addresses, Duration::from_secs(4));
    client.put("/patient", b"1", 0).await.unwrap();
    let listing = client.list("/patient", false).await.unwrap();
    assert_eq!(listing.entries[0].value, b"1");
}

async fn a_follower_hears_of_each_change_in_order() {
    let client = client(etcd().await);
    client.put("/heard/a", b"1", 0).await.unwrap();
    let mut changes = follow(&client, "/heard/").await.unwrap();
    assert_eq!(next(&mut changes).await, there("/heard/a", "1"));
    for value in 0..200 {
        let value = value.to_string();
        client.put("/heard/b", value.as_bytes(), 0).await.unwrap();
    }
    client.put("/heard", b"not below", 0).await.unwrap();
    client.delete("/heard/a").await.unwrap();
    for value in 0..200 {
        assert_eq!(
            next(&mut changes).await,
            there("/heard/b", &value.to_string())
        );
    }
    assert_eq!(next(&mut changes).await, gone("/heard/a", "1"));
}

/// A way to etcd that can be cut.
struct Way {
    addr: SocketAddr,
    open: watch::Sender<bool>,
    connections: Arc<AtomicUsize>,
}

impl Way {
    async fn to(server: SocketAddr) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let (open, is_open) = watch::channel(true);
        let connections = Arc::new(AtomicUsize::new(0));
        let count = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut is_open = is_open.clone();
                if !*is_open.borrow() {
                    continue;
                }
                let count = count.clone();
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = is_open.wait_for(|open| !open) => {}
                    }
                    count.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Way {
            addr,
            open,
            connections,
        }
    }

    /// Nothing passes any more once this returns.
    async fn cut(&self) {
        self.open.send_replace(false);
        while self.connections.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    }

    fn repair(&self) {
        self.open.send_replace(true);
    }
}

#[tokio::test]
async fn after_a_cut_nothing_is_missed_and_nothing_told_twice() {
    let direct = client(etcd().await);
    let way = Way::to(etcd().await).await;
    let mut changes = follow(&client(way.addr), "/cut/").await.unwrap();
    direct.put("/cut/a", b"1", 0).await.unwrap();
    assert_eq!(next(&mut changes).await, there("/cut/a", "1"));
    way.cut().await;
    for value in ["1", "2", "3"] {
        direct.put("/cut/b", value.as_bytes(), 0).await.unwrap();
    }
    direct.put("/cut/c", b"came and went", 0).await.unwrap();
    direct.delete("/cut/c").await.unwrap();
    direct.delete("/cut/a").await.unwrap();
    way.repair();
    for value in ["1", "2", "3"] {
        assert_eq!(next(&mut changes).await, there("/cut/b", value));
    }
    assert_eq!(next(&mut changes).await, there("/cut/c", "came and went"));
    assert_eq!(next(&mut changes).await, gone("/cut/c", "came and went"));
    assert_eq!(next(&mut changes).await, gone("/cut/a", "1"));
}

/// Compaction is for the whole store, so this has its own.
#[tokio::test]
async fn what_etcd_has_forgotten_is_made_up_for() {
    let server = spawn_blocking(|| Etcd::start().unwrap()).await.unwrap();
    let direct = client(server.addr());
    let way = Way::to(server.addr()).await;
    for key in ["/a", "/same"] {
        direct.put(key, b"1", 0).await.unwrap();
    }
    let mut changes = follow(&client(way.addr), "/").await.unwrap();
    assert_eq!(next(&mut changes).await, there("/a", "1"));
    assert_eq!(next(&mut changes).await, there("/same", "1"));
    way.cut().await;
    for value in ["1", "2", "3"] {
        direct.put("/b", value.as_bytes(), 0).await.unwrap();
    }
    direct.delete("/a").await.unwrap();
    let now = direct.list("/", false).await.unwrap().revision;
    direct.compact(now).await.unwrap();
    way.repair();
    // Only the differences: "1" and "2" were never seen, and `same` is no news.
    assert_eq!(next(&mut changes).await, gone("/a", "1"));
    assert_eq!(next(&mut changes).await, there("/b", "3"));
    // And it goes on as before.
    direct.put("/same", b"2", 0).await.unwrap();
    assert_eq!(next(&mut changes).await, there("/same", "2"));
}

async fn etcdctl_and_we_read_each_other() {
    let addr = etcd().await;
    let client = client(addr);
    assert_eq!(etcdctl(addr, &["put", "/ctl/a", "你好"]), "OK");
    let listing = client.list("/ctl/", false).await.unwrap();
    assert_eq!(listing.entries[0].value, "你好".as_bytes());
    let lease = client.grant(Duration::from_secs(60)).await.unwrap();
    client
        .put("/ctl/b", "世界".as_bytes(), lease.id)
        .await
        .unwrap();
    assert_eq!(etcdctl(addr, &["get", "/ctl/b"]), "/ctl/b\n世界");
    let number = format!("{:x}", lease.id);
    assert!(etcdctl(addr, &["lease", "list"]).contains(&number));
    let told = etcdctl(addr, &["lease", "timetolive", &number, "--keys"]);
    assert!(told.contains("granted with TTL(60s)"), "{told}");
    assert!(told.contains("attached keys([/ctl/b])"), "{told}");
    // One of its leases, kept alive by us.
    let granted = etcdctl(addr, &["lease", "grant", "50"]);
    let number = granted.split_whitespace().nth(1).unwrap();
    let id = i64::from_str_radix(number, 16).unwrap();
    let kept = client.keep_alive(id).await.unwrap();
    assert_eq!(kept.ttl, Duration::from_secs(50));
    client.revoke(id).await.unwrap();
    assert!(!etcdctl(addr, &["lease", "list"]).contains(number));
}

async fn etcdctl_sees_a_registration_and_can_take_it_away() {
    let addr = etcd().await;
    let mut registry = Backend::new();
    let options = Options {
        addresses: vec![addr],
        timeout: TIMEOUT,
    };
    registry.init(options).unwrap();
    let instance = Instance {
        id: "user-1".into(),
        name: "go.micro.srv.user".into(),
        version: "1.2.0".into(),
        addr: "127.0.0.1:50051".parse().unwrap(),
        metadata: [("weight".to_string(), "3".to_string())].into(),
    };
    let ttl = Duration::from_secs(60);
    let mut watch = registry.watch(Some(&instance.name)).await.unwrap();
    registry.register(&instance, ttl).await.unwrap();
    let key = "/micro/registry/go.micro.srv.user/user-1";
    let told = etcdctl(addr, &["get", "--prefix", "/micro/registry/"]);
    let value = r#"{"addr":"127.0.0.1:50051","version":"1.2.0","metadata":{"weight":"3"}}"#;
    assert_eq!(told, format!("{key}\n{value}"));
    let mut next = async || timeout(PATIENCE, watch.next()).await.unwrap();
    assert_eq!(next().await, Some(Event::Added(instance.clone())));

    assert_eq!(etcdctl(addr, &["del", key]), "1");
    assert_eq!(next().await, Some(Event::Removed(instance.clone())));
    // The next heartbeat brings it back, with the lease that it had.
    registry.register(&instance, ttl).await.unwrap();
    assert_eq!(next().await, Some(Event::Added(instance.clone())));

    // A value that is no instance is left out.
    etcdctl(
        addr,
        &["put", "/micro/registry/go.micro.srv.user/odd", "hello"],
    );
    let found = registry.get_service(&instance.name).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&instance));

    // Its lease taken away is a lease lost: there is a new one at the next heartbeat.
    let lease = |told: String| told.lines().last().unwrap().to_owned();
    let before = lease(etcdctl(addr, &["lease", "list"]));
    etcdctl(addr, &["lease", "revoke", &before]);
    assert_eq!(next().await, Some(Event::Removed(instance.clone())));
    registry.register(&instance, ttl).await.unwrap();
    assert_eq!(next().await, Some(Event::Added(instance.clone())));
    registry.deregister(&instance).await.unwrap();
    assert_eq!(next().await, Some(Event::Removed(instance.clone())));
}
