//! The check of `slow`: three instances, and the readable Redis of lesson 15 at one port. It answers, pauses or refuses.

mod exercise;

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use exercise::{FORGIVEN, Failures, PROBE_TIMEOUT, State, readyz};
use l15_redis::server::{Config, Server};
use services::testkit::{Case, View, case};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long a probe may take here; it takes milliseconds, or `PROBE_TIMEOUT`.
const LIMIT: Duration = Duration::from_secs(2);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What is at the port of Redis.
enum Redis {
    Answers(Server),
    /// Connections are accepted by the system, and no program reads them.
    Pauses {
        _listener: TcpListener,
    },
    Refuses,
}

struct World<'c> {
    case: &'c Case,
    addr: SocketAddr,
    redis: Redis,
    /// What has happened so far, for the report.
    told: Vec<String>,
}

struct Instance {
    state: State,
    failures: Failures,
}

impl World<'_> {
    async fn empty(&mut self) {
        if let Redis::Answers(server) = std::mem::replace(&mut self.redis, Redis::Refuses) {
            server.stop().await;
        }
    }

    async fn answers(&mut self) {
        self.empty().await;
        let config = Config {
            addr: self.addr.to_string(),
            ..Config::default()
        };
        self.redis = Redis::Answers(Server::start(config).await.expect("our port"));
    }

    async fn pauses(&mut self) {
        self.empty().await;
        let _listener = TcpListener::bind(self.addr).await.expect("our port");
        self.redis = Redis::Pauses { _listener };
    }

    async fn refuses(&mut self) {
        self.empty().await;
    }

    fn instance(&self, started: bool) -> Instance {
        let state = State::new(Some(self.addr));
        state.started.store(started, Ordering::SeqCst);
        Instance {
            state,
            failures: Failures::new(),
        }
    }

    /// Five more probes: each must be 503.
    async fn outage(&mut self, instance: &Instance) {
        let mut statuses = Vec::new();
        for _ in 0..5 {
            let asked = timeout(LIMIT, readyz(&instance.state, &instance.failures)).await;
            let told = asked.map_or("none in time".to_owned(), |it| it.as_u16().to_string());
            statuses.push(told);
        }
        if statuses.iter().any(|status| status != "503") {
            let before_start = self.instance(false);
            let advice = match statuses.iter().all(|status| status == "200") {
                true if self.some_forgiven(&before_start).await => {
                    "It is 200 whatever happens, even before the start of the instance."
                }
                true => NO_END,
                false => TOO_MANY,
            };
            self.case.differ(
                format!("503 for each of 5 probes, after {FORGIVEN} failures that are forgiven"),
                statuses.join(", "),
                advice,
            );
        }
    }

    /// Whether one of the next five failures is forgiven.
    async fn some_forgiven(&self, instance: &Instance) -> bool {
        for _ in 0..5 {
            let asked = timeout(LIMIT, readyz(&instance.state, &instance.failures)).await;
            if asked.is_ok_and(|status| status.is_success()) {
                return true;
            }
        }
        false
    }

    /// Asks once; the status must be this one.
    async fn expect(&mut self, instance: &Instance, status: u16, advice: &str) -> Duration {
        let redis = match self.redis {
            Redis::Answers(_) => "answers",
            Redis::Pauses { .. } => "pauses",
            Redis::Refuses => "refuses connections",
        };
        let since = Instant::now();
        let asked = timeout(LIMIT, readyz(&instance.state, &instance.failures)).await;
        let took = since.elapsed();
        let Ok(got) = asked else {
            self.case.differ(
                "`readyz` returns",
                format!(
                    "`readyz` has not returned after {}; Redis {redis}",
                    LIMIT.view()
                ),
                "A PING that is not answered within `PROBE_TIMEOUT` has failed.",
            );
        };
        self.told.push(format!("Redis {redis}: {}", got.as_u16()));
        if got.as_u16() != status {
            let advice = match advice == FORGIVE && self.some_forgiven(instance).await {
                true => COUNTED,
                false => advice,
            };
            let report = self.case.report();
            let report = report.detail("the probes so far", self.told.join(", "));
            let report = report.detail("expected", format!("{status} for the last one"));
            let report = report.detail("your answer", format!("{}", got.as_u16()));
            self.case.fail(report.advice(advice));
        }
        took
    }
}

fn world(situation: &str, play: impl AsyncFnOnce(World<'_>)) {
    case(situation, |case| {
        let addr = (RUNTIME.block_on(TcpListener::bind("127.0.0.1:0")))
            .and_then(|listener| listener.local_addr())
            .expect("a free port");
        let world = World {
            case,
            addr,
            redis: Redis::Refuses,
            told: Vec::new(),
        };
        RUNTIME.block_on(play(world));
    });
}

const GOOD: &str = "Redis has answered PING.";
const FORGIVE: &str = "Redis has answered before, and so few failures in a row are forgiven. All instances ask this Redis: if \
                       each leaves now, no instance is left.";
const COUNTED: &str = "Redis has answered before, and since then no more than `FORGIVEN` PINGs have failed: each of these \
                       is forgiven.";
const ANEW: &str = "A good PING came between these failures: only failures in a row are counted.";
const TOO_MANY: &str =
    "More PINGs in a row have failed than are forgiven: this is no pause any more.";

const NO_END: &str =
    "Redis does not come back, and the instance is still in service: each of its requests fails.";

// The belief of this exercise.
#[test]
fn a_one_pause() {
    world(
        "Three instances; Redis pauses for one probe of each",
        async |mut world| {
            let all = [
                world.instance(true),
                world.instance(true),
                world.instance(true),
            ];
            world.answers().await;
            for one in &all {
                world.expect(one, 200, GOOD).await;
            }
            world.pauses().await;
            for one in &all {
                world.expect(one, 200, FORGIVE).await;
            }
            world.answers().await;
            for one in &all {
                world.expect(one, 200, GOOD).await;
            }
        },
    );
}

#[test]
fn b_an_outage() {
    for pauses in [true, false] {
        let what = if pauses {
            "pauses"
        } else {
            "refuses connections"
        };
        world(
            &format!("Redis {what} for seven probes"),
            async |mut world| {
                let one = world.instance(true);
                world.answers().await;
                world.expect(&one, 200, GOOD).await;
                match pauses {
                    true => world.pauses().await,
                    false => world.refuses().await,
                }
                for _ in 0..FORGIVEN {
                    world.expect(&one, 200, COUNTED).await;
                }
                world.outage(&one).await;
                world.answers().await;
                let back = "Redis answers again, so the instance can take requests.";
                world.expect(&one, 200, back).await;
                world.refuses().await;
                for _ in 0..FORGIVEN {
                    world.expect(&one, 200, ANEW).await;
                }
                world.expect(&one, 503, TOO_MANY).await;
            },
        );
    }
}

#[test]
fn c_in_a_row() {
    world("Redis fails now and then", async |mut world| {
        let one = world.instance(true);
        for _ in 0..3 {
            world.answers().await;
            world.expect(&one, 200, GOOD).await;
            world.refuses().await;
            for _ in 0..FORGIVEN {
                world.expect(&one, 200, ANEW).await;
            }
        }
    });
}

#[test]
fn d_a_new_instance() {
    world("A new instance, and no Redis yet", async |mut world| {
        let one = world.instance(true);
        for _ in 0..4 {
            let advice = "This instance has never reached Redis. Its address may be wrong: there is nothing to forgive yet.";
            world.expect(&one, 503, advice).await;
        }
        world.answers().await;
        world.expect(&one, 200, GOOD).await;
        world.refuses().await;
        world.expect(&one, 200, FORGIVE).await;
    });
}

#[test]
fn e_not_started_and_draining() {
    world(
        "An instance before its start, in service and while it drains",
        async |mut world| {
            let one = world.instance(false);
            world.pauses().await;
            let asks = "The answer is 503 in any case, and each PING costs Redis something: no PING before the start and while it drains.";
            let before = world.expect(&one, 503, "It has not started.").await;
            one.state.started.store(true, Ordering::SeqCst);
            world.answers().await;
            world.expect(&one, 200, GOOD).await;
            world.pauses().await;
            one.state.draining.store(true, Ordering::SeqCst);
            let advice = "It drains: a forgiven failure does not bring it back into service.";
            let drains = world.expect(&one, 503, advice).await;
            for (what, took) in [("before the start", before), ("while it drains", drains)] {
                let right = Duration::ZERO..=PROBE_TIMEOUT / 2;
                world.case.expect_wait(what, right, took, asks);
            }
        },
    );
}
