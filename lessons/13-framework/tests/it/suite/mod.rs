//! The one suite that every registry passes. It knows the trait and nothing else.
//!
//! A backend's test file says how to come by a registry of its kind, and which groups it is for:
//!
//! ```ignore
//! struct Own { server: Etcd }
//!
//! impl suite::Stage for Own {
//!     fn registry(&self) -> &'static str { "etcd" }
//!     fn options(&self) -> Options { Options { addresses: vec![self.server.addr()], ..Options::default() } }
//! }
//!
//! impl suite::Away for Own { .. }
//!
//! every_registry!(Own::start());  // an expression that gives a future of a Stage; each test has its own
//! after_a_crash!(Own::start());   // all but memory
//! away_and_back!(Own::start());   // those with a server: the stage is suite::Away as well
//! ```
//!
//! `every_registry_at_once!` is one test, for those that spend most of the time waiting, and for those whose
//! situations share a server: cargo-nextest gives each test a process of its own.
//!
//! What the tests are is in `lifecycle` (come, change, go), `odd` (names, ids, metadata) and `trouble` (killed,
//! away).
//!
//! The stages of two tests may stand on one server: every test uses names of its own, but for
//! `odd_names`, which cannot, and must be run once on a server.
//!
//! Nothing here passes or fails by the clock: what has to happen has [`PATIENCE`].
#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

// The functions, by what they are about; the macros below name them all.
mod lifecycle;
mod odd;
mod trouble;

pub use lifecycle::*;
pub use odd::*;
pub use trouble::*;

use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::offer::Offer;
use l13_framework::registries;
use l13_framework::registry::{Event, Instance, Options, Registry, Watch};
use stage::child::Child;
use tokio::time::{Instant, sleep, timeout};

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// For registrations that have to last as long as the test.
pub const LONG: Duration = Duration::from_secs(600);

/// A registry that is there for one test.
pub trait Stage {
    /// Its name, as [`registries::named`] knows it.
    fn registry(&self) -> &'static str;

    /// What one more participant has to know, for its `init`.
    fn options(&self) -> Options;

    /// One more participant: another object, which shares nothing with the others but the registry.
    async fn fresh(&self) -> Box<dyn Registry> {
        let mut registry = registries::named(self.registry()).unwrap();
        registry.init(self.options()).unwrap();
        registry
    }

    /// The shortest time to live that is worth testing.
    fn short(&self) -> Duration {
        Duration::from_secs(3)
    }
}

/// A registry without a server. All participants of a test speak on one port, and no other test is heard there;
/// for gossip it is the first participant's own address and everyone's neighbour.
pub struct OnUdp {
    registry: &'static str,
    at: SocketAddr,
}

impl OnUdp {
    pub async fn start(registry: &'static str) -> Self {
        let at = free_udp();
        OnUdp { registry, at }
    }
}

impl Stage for OnUdp {
    fn registry(&self) -> &'static str {
        self.registry
    }

    fn options(&self) -> Options {
        Options {
            addresses: vec![self.at],
            ..Options::default()
        }
    }

    fn short(&self) -> Duration {
        Duration::from_millis(1500)
    }
}

/// A registry whose server can go away.
pub trait Away: Stage {
    /// Now no client reaches it.
    async fn away(&self);

    /// It is there again, at the same address. It may have forgotten everything.
    async fn back(&self);
}

/// The tests for all.
macro_rules! every_registry {
    ($stage:expr) => {
        $crate::suite::for_every_registry!(tests, $stage);
    };
}

/// The tests for all, and those with these names, in one test and at the same time: for a registry that
/// takes its time, so that they take it together. Which ones have failed is told at the end.
macro_rules! every_registry_at_once {
    ($stage:expr $(, $more:ident)*) => {
        $crate::suite::for_every_registry!(one_test, $stage $(, $more)*);
    };
}

macro_rules! for_every_registry {
    ($how:ident, $stage:expr $(, $more:ident)*) => {
        $crate::suite::$how! { $stage;
            registered_is_seen_by_others
            two_instances_of_one_name
            a_watch_of_one_name_tells_in_order
            a_watch_of_all_tells_in_order
            a_watch_begins_with_what_is_there
            registering_again_replaces
            a_heartbeat_that_changes_nothing_tells_nothing
            without_a_heartbeat_it_is_gone
            deregistered_is_gone
            deregistering_an_unknown_one_is_no_error
            names_of_all_services
            odd_names
            odd_ids
            odd_metadata
            addresses
            too_big_is_refused
            $($more)*
        }
    };
}
pub(crate) use for_every_registry;

/// The tests that kill a process.
macro_rules! after_a_crash {
    ($stage:expr) => {
        $crate::suite::tests! { $stage; a_killed_process_is_gone_after_its_time }
    };
}

/// The tests for registries with a server, and those with these names.
macro_rules! away_and_back {
    ($stage:expr $(, $more:ident)*) => {
        $crate::suite::tests! { $stage; away_is_an_error_and_back_all_goes_on $($more)* }
    };
}

macro_rules! tests {
    ($stage:expr; $($name:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let stage = $stage.await;
            $crate::suite::$name(&stage).await;
        }
    )*};
}
pub(crate) use tests;

macro_rules! one_test {
    ($stage:expr; $($name:ident)*) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn in_the_suite() {
            let at_once = tokio::task::LocalSet::new();
            let run = at_once.run_until(async {
                let all = [$((stringify!($name), tokio::task::spawn_local(async {
                    let stage = $stage.await;
                    $crate::suite::$name(&stage).await;
                }))),*];
                let mut failed = Vec::new();
                for (name, test) in all {
                    // What was wrong is on standard error, as with any panic.
                    match test.await {
                        Ok(()) => println!("{name} ... ok"),
                        Err(_) => failed.push(name),
                    }
                }
                failed
            });
            assert_eq!(run.await, [""; 0], "these have failed");
        }
    };
}
pub(crate) use one_test;

/// A process that keeps an instance registered; it has registered once this returns, and is killed when it is
/// dropped, at the latest.
pub async fn offering(stage: &impl Stage, instance: &Instance, ttl: Duration) -> Child {
    let offer = Offer {
        registry: stage.registry().into(),
        options: stage.options(),
        instance: instance.clone(),
        ttl,
        every: ttl / 4,
    };
    let program = Path::new(env!("CARGO_BIN_EXE_l13-framework"));
    // It blocks until the process has registered, and other situations may run on this thread.
    let child = tokio::task::spawn_blocking(move || offer.start(program).unwrap());
    child.await.unwrap()
}

/// A name that no other test has.
pub fn name(of: &str) -> String {
    format!("suite.{}.{of}", number())
}

/// An instance of this name, with an id and an address that no other has. Later ones have greater ids.
pub fn instance(name: &str) -> Instance {
    let number = number();
    let port = 30_000 + u16::try_from(number % 10_000).unwrap();
    let addr = ([127, 0, 0, 1], port).into();
    Instance::new(name, format!("instance-{number:08}"), addr)
}

/// Other processes may be at the same registry, so the number says which one it is of.
fn number() -> u64 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    u64::from(std::process::id()) % 10_000 * 10_000 + u64::from(next)
}

/// An address with a port that no process has now, for UDP, and that no other test of this process gets. Not
/// one of those that the system gives to connections.
pub fn free_udp() -> SocketAddr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let first = std::process::id().wrapping_mul(37);
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + u16::try_from(first.wrapping_add(step) % 10_000).unwrap();
        if UdpSocket::bind(("0.0.0.0", port)).is_ok() {
            return ([127, 0, 0, 1], port).into();
        }
    }
}

/// Metadata from pairs.
pub fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs.iter().map(|&(key, value)| (key.into(), value.into()));
    pairs.collect()
}

/// Waits until the registry has exactly these instances of a name.
pub async fn holds(registry: &dyn Registry, name: &str, wanted: &[&Instance]) {
    let same = async || {
        let found = registry.get_service(name).await.unwrap();
        let right = found.iter().eq(wanted.iter().copied());
        (right, format!("{found:?}, and not {wanted:?}"))
    };
    until(&format!("{}: what {name:?} has", registry.name()), same).await;
}

/// The next event.
pub async fn next(watch: &mut Watch) -> Event {
    patiently(watch.next())
        .await
        .expect("a watch does not end by itself")
}

/// The next event of one of these services.
pub async fn next_of(watch: &mut Watch, names: &[&str]) -> Event {
    loop {
        match next(watch).await {
            Event::Added(it) | Event::Removed(it) if !names.contains(&it.name.as_str()) => {}
            event => return event,
        }
    }
}

/// Waits for what has to come.
pub async fn patiently<T>(what: impl Future<Output = T>) -> T {
    timeout(PATIENCE, what).await.expect("in time")
}

/// Asks again and again until the answer is yes; the words say what was found instead.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> (bool, String)) {
    let since = Instant::now();
    loop {
        let (yes, found) = ask().await;
        if yes {
            return;
        }
        assert!(since.elapsed() < PATIENCE, "never: {what}; found {found}");
        sleep(Duration::from_millis(20)).await;
    }
}
