//! The check of `call-a-service`: a registry that counts how often it is asked, and that sends changes to its watches.

mod exercise;
mod given;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use exercise::{Instances, NotResolved, Registry, Resolver, Unavailable};
use testkit::{Case, PATIENCE, Schedule, case, schedules};
use tokio::sync::{Notify, watch};
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

/// A registry, and what it has seen.
#[derive(Default)]
struct World {
    services: Mutex<HashMap<String, watch::Sender<Arc<[u16]>>>>,
    /// How often it was asked.
    asked: AtomicUsize,
    /// A question about this service gets no answer before `open`.
    stuck: Mutex<Option<String>>,
    open: Notify,
    /// Decides after how many turns of the other tasks the registry answers.
    schedule: OnceLock<Schedule>,
}

impl World {
    fn with(name: &str, ports: &[u16]) -> Arc<Self> {
        let world = Arc::new(World::default());
        world.instances(name, ports);
        world
    }

    fn services(&self) -> MutexGuard<'_, HashMap<String, watch::Sender<Arc<[u16]>>>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these are the healthy instances. The watches are told.
    fn instances(&self, name: &str, ports: &[u16]) {
        let mut services = self.services();
        let told = services.entry(name.to_string()).or_insert_with(|| {
            let none: &[u16] = &[];
            watch::Sender::new(none.into())
        });
        told.send_replace(ports.into());
    }

    /// The registry restarts: all watches end.
    fn restart(&self) {
        self.services().clear();
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// What the learner gets: a handle.
struct Handle(Arc<World>);

impl Registry for Handle {
    async fn watch(&self, name: &str) -> Result<Option<Instances>, Unavailable> {
        self.0.asked.fetch_add(1, Ordering::SeqCst);
        let stuck = {
            let stuck = self.0.stuck.lock().unwrap_or_else(PoisonError::into_inner);
            stuck.as_deref() == Some(name)
        };
        if stuck {
            self.0.open.notified().await;
        }
        match self.0.schedule.get() {
            Some(schedule) => {
                for _ in 0..schedule.pick(6) {
                    yield_now().await;
                }
                schedule.sends("registry", "gateway", format!("the instances of `{name}`"));
            }
            // Long enough for all other calls to come meanwhile.
            None => sleep(Duration::from_millis(1)).await,
        }
        if name == "unreachable" {
            return Err(Unavailable);
        }
        Ok(self.0.services().get(name).map(watch::Sender::subscribe))
    }
}

fn resolver(world: &Arc<World>) -> Arc<Resolver<Handle>> {
    Arc::new(Resolver::new(Handle(Arc::clone(world))))
}

/// Runs a situation on a runtime.
fn scene<T: Send + 'static>(
    case: &Case,
    advice: &str,
    body: impl AsyncFnOnce() -> T + Send + 'static,
) -> T {
    case.run_within(PATIENCE * 3, "resolve", advice, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(body())
    })
}

type Got = BTreeMap<String, usize>;

fn outcome(resolved: Result<u16, NotResolved>) -> String {
    match resolved {
        Ok(port) => format!("port {port}"),
        Err(cause) => format!("{cause:?}"),
    }
}

fn words(got: &Got) -> String {
    let got = got
        .iter()
        .map(|(what, times)| format!("{times} times {what}"));
    got.collect::<Vec<_>>().join(", ")
}

/// So many calls of one service, one after the other.
async fn calls(resolver: &Resolver<Handle>, name: &str, times: usize) -> Got {
    let mut got = Got::new();
    for _ in 0..times {
        *got.entry(outcome(resolver.resolve(name).await))
            .or_default() += 1;
    }
    got
}

fn expected<const N: usize>(got: [(&str, usize); N]) -> Got {
    got.map(|(what, times)| (what.to_string(), times)).into()
}

#[track_caller]
fn expect(case: &Case, right: &Got, got: &Got, advice: &str) {
    if right != got {
        case.differ(words(right), words(got), advice);
    }
}

const STUCK: &str = "`resolve` has not returned. What does it wait for?";

/// Whether a call reads the list of a watch that has ended.
fn keeps_an_ended_watch(case: &Case) -> bool {
    let world = World::with("user", &[8301]);
    let shared = Arc::clone(&world);
    scene(case, STUCK, async move || {
        let resolver = resolver(&shared);
        calls(&resolver, "user", 1).await;
        shared.restart();
        shared.instances("user", &[8377]);
        calls(&resolver, "user", 1).await;
    });
    world.asked() == 1
}

// The belief of this exercise.
#[test]
fn a_two_hundred_calls() {
    case("Two hundred calls of `user`, one after the other", |case| {
        let world = World::with("user", &[8301, 8302]);
        let shared = Arc::clone(&world);
        let got = scene(case, STUCK, async move || {
            calls(&resolver(&shared), "user", 200).await
        });
        let right = expected([("port 8301", 100), ("port 8302", 100)]);
        let advice = "There are two instances, and they get calls in turn.";
        expect(case, &right, &got, advice);
        let asked = world.asked();
        if asked != 1 {
            let advice = match keeps_an_ended_watch(case) {
                false => format!(
                    "{asked} lookups for 200 calls: each of these calls has waited for the registry. What `watch` returns stays \
                     current. Keep it, and read it for each call."
                ),
                true => "A list is read again only if its watch has ended. It is current as long as the watch goes on."
                    .to_string(),
            };
            case.differ("1 lookup", format!("{asked} lookups"), &advice);
        }
    });
}

#[test]
fn b_two_hundred_at_once() {
    case("Two hundred calls of `user` at the same moment", |case| {
        let world = World::with("user", &[8301]);
        let shared = Arc::clone(&world);
        let got = scene(case, STUCK, async move || {
            let resolver = resolver(&shared);
            let mut calls = JoinSet::new();
            for _ in 0..200 {
                let resolver = Arc::clone(&resolver);
                calls.spawn(async move { outcome(resolver.resolve("user").await) });
            }
            let mut got = Got::new();
            while let Some(outcome) = calls.join_next().await {
                *got.entry(outcome.unwrap_or_default()).or_default() += 1;
            }
            got
        });
        let advice = "There is one instance.";
        expect(case, &expected([("port 8301", 200)]), &got, advice);
        let asked = world.asked();
        if asked != 1 {
            let advice = "Several calls found nothing in the map, and each of them asked. The first one locks `asking`; the others \
                          wait for it, and look into the map again.";
            case.differ("1 lookup", format!("{asked} lookups"), advice);
        }
    });
}

#[test]
fn c_the_instances_change() {
    case("The instances of `user` change between two calls", |case| {
        let world = World::with("user", &[8301]);
        let shared = Arc::clone(&world);
        let (before, after, none) = scene(case, STUCK, async move || {
            let resolver = resolver(&shared);
            let before = calls(&resolver, "user", 2).await;
            shared.instances("user", &[8377]);
            let after = calls(&resolver, "user", 2).await;
            shared.instances("user", &[]);
            (before, after, calls(&resolver, "user", 2).await)
        });
        expect(
            case,
            &expected([("port 8301", 2)]),
            &before,
            "8301 is the instance.",
        );
        let advice = "8301 has ended, and 8377 has started. The watched list shows that; a copy of it does not. Keep the \
                      `Instances` itself.";
        expect(case, &expected([("port 8377", 2)]), &after, advice);
        let advice = "The service is registered, and has no healthy instance. That can change at any moment, so the result differs \
                      from that of an unknown service.";
        expect(case, &expected([("NoInstance", 2)]), &none, advice);
        let asked = world.asked();
        if asked != 1 {
            let advice = "The watch has sent each change, also the empty list: no second question is needed.";
            case.differ("1 lookup", format!("{asked} lookups"), advice);
        }
    });
}

#[test]
fn d_the_registry_is_slow() {
    case("The registry does not answer yet about `example`", |case| {
        let world = World::with("user", &[8301]);
        world.instances("example", &[8099]);
        *world.stuck.lock().unwrap_or_else(PoisonError::into_inner) = Some("example".to_string());
        let advice = "A call of `user`, which is watched, waited for the question about `example`. Lock `asking` only to ask, and read the \
                            map before.";
        let (known, late) = scene(case, advice, async move || {
            let resolver = resolver(&world);
            calls(&resolver, "user", 1).await;
            let other = Arc::clone(&resolver);
            let late = tokio::spawn(async move { outcome(other.resolve("example").await) });
            while world.asked() < 2 {
                tokio::task::yield_now().await;
            }
            let known = calls(&resolver, "user", 3).await;
            world.open.notify_one();
            (known, late.await.unwrap_or_default())
        });
        expect(
            case,
            &expected([("port 8301", 3)]),
            &known,
            "8301 is the instance.",
        );
        let advice = "The registry has answered in the end.";
        case.expect_eq("port 8099", &late, advice);
    });
}

// The names come from clients.
#[test]
fn e_invented_names() {
    case("Calls of a hundred services that do not exist", |case| {
        let world = World::with("user", &[8301]);
        let (unknown, kept, away, registered) = scene(case, STUCK, async move || {
            let resolver = resolver(&world);
            calls(&resolver, "user", 1).await;
            let mut unknown = Got::new();
            for number in 0..100 {
                let name = format!("service-{number}");
                *unknown
                    .entry(outcome(resolver.resolve(&name).await))
                    .or_default() += 1;
            }
            let kept = resolver.kept();
            let away = calls(&resolver, "unreachable", 1).await;
            world.instances("service-7", &[8700]);
            (unknown, kept, away, calls(&resolver, "service-7", 1).await)
        });
        let advice = "`watch` returned `Ok(None)`: the registry does not know them.";
        expect(case, &expected([("UnknownService", 100)]), &unknown, advice);
        let advice = "The registry did not answer, so the service may exist.";
        expect(case, &expected([("RegistryUnavailable", 1)]), &away, advice);
        if registered != expected([("port 8700", 1)]) {
            let advice = "`service-7` was registered after the first question. No watch tells that, because there was none: an unknown \
                          name has to be asked for again.";
            case.differ("port 8700", words(&registered), advice);
        }
        if kept != 1 {
            let advice = "One of these services exists. Clients can invent names without limit, and a place for each of them would \
                          fill the memory. Keep what the registry has found, and nothing else.";
            case.differ("1 name kept", format!("{kept} kept"), advice);
        }
    });
}

#[test]
fn f_the_registry_restarts() {
    case("The registry restarts; 8301 ends, 8377 starts", |case| {
        let world = World::with("user", &[8301]);
        let shared = Arc::clone(&world);
        let got = scene(case, STUCK, async move || {
            let resolver = resolver(&shared);
            calls(&resolver, "user", 1).await;
            shared.restart();
            shared.instances("user", &[8377]);
            calls(&resolver, "user", 20).await
        });
        let advice = "The watch has ended: `has_changed()` is an error, and the list is old. Ask the registry \
                      again.";
        expect(case, &expected([("port 8377", 20)]), &got, advice);
        if world.asked() != 2 {
            let advice =
                "One question before the restart, and one after it: that watch is a new one.";
            case.differ("2 lookups", format!("{} lookups", world.asked()), advice);
        }
    });
}

// The check decides when each call begins, and when the registry answers.
#[test]
fn g_calls_and_answers_in_any_order() {
    schedules(
        "Three calls each of `user` and `example`, while the registry answers",
        |case, schedule| {
            let world = World::with("user", &[8301]);
            world.instances("example", &[8099]);
            let _ = world.schedule.set(schedule.clone());
            let (shared, choices) = (Arc::clone(&world), schedule.clone());
            let got = scene(case, STUCK, async move || {
                let resolver = resolver(&shared);
                let mut calls = JoinSet::new();
                for name in ["user", "example"].repeat(3) {
                    let (resolver, choices) = (Arc::clone(&resolver), choices.clone());
                    calls.spawn(async move {
                        for _ in 0..choices.pick(6) {
                            yield_now().await;
                        }
                        choices.sends("client", "gateway", format!("a call of `{name}`"));
                        outcome(resolver.resolve(name).await)
                    });
                }
                let mut got = Got::new();
                while let Some(outcome) = calls.join_next().await {
                    *got.entry(outcome.unwrap_or_default()).or_default() += 1;
                }
                got
            });
            let right = expected([("port 8301", 3), ("port 8099", 3)]);
            let advice =
                "Both services have one instance, and the registry has answered each question.";
            expect(case, &right, &got, advice);
            if world.asked() != 2 {
                let advice = "One lookup for each service is enough, whatever comes first: a call that waited looks into the map again.";
                case.differ("2 lookups", format!("{} lookups", world.asked()), advice);
            }
        },
    );
}
