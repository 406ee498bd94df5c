//! The check of `ready`: the answer's routes on a port, and behind them the readable Redis of lesson 15, through a proxy
//! that counts connections, delays bytes and holds them back.

mod exercise;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use exercise::{PROBE_TIMEOUT, State, probes};
use l15_redis::server::{Config, Server};
use services::testkit::{Case, View, case};
use stage::http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

/// How long a probe may take here; it takes milliseconds, or `PROBE_TIMEOUT`.
const LIMIT: Duration = Duration::from_secs(3);
/// What a busy machine adds to `PROBE_TIMEOUT`.
const SLACK: Duration = Duration::from_millis(700);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

/// What Redis does.
#[derive(Clone, Copy, Debug)]
enum Redis {
    /// It answers, each time after this pause.
    Answers(Duration),
    /// It accepts connections, and never answers.
    Silent,
    /// It answers PING with an error.
    Fails,
    /// No server listens on its port.
    Refuses,
}

/// One situation: an instance, and its Redis behind a proxy.
struct World<'c> {
    case: &'c Case,
    state: Arc<State>,
    probes: SocketAddr,
    proxy: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: Option<JoinHandle<()>>,
}

impl World<'_> {
    async fn new(case: &Case, redis: Redis) -> World<'_> {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let proxy = listener.local_addr().expect("its address");
        drop(listener);
        let state = Arc::new(State::new(Some(proxy)));
        let mut world = World {
            case,
            probes: serve(Arc::clone(&state)).await,
            state,
            proxy,
            connections: Arc::default(),
            task: None,
        };
        world.redis(redis).await;
        world
    }

    /// From now on Redis does this.
    async fn redis(&mut self, redis: Redis) {
        if let Some(task) = self.task.take() {
            task.abort();
            // Ended by us.
            let _ = task.await;
        }
        if matches!(redis, Redis::Refuses) {
            return;
        }
        let listener = TcpListener::bind(self.proxy).await.expect("our port");
        let connections = Arc::clone(&self.connections);
        self.task = Some(tokio::spawn(proxy(listener, redis, connections)));
    }

    fn start(&self) {
        self.state.started.store(true, Ordering::SeqCst);
    }

    /// The status of a probe, and how long it took.
    async fn get(&self, path: &str) -> (u16, Duration) {
        let since = Instant::now();
        match Request::get(path).within(LIMIT).send(self.probes).await {
            Ok(answer) => (answer.status, since.elapsed()),
            Err(error) => self.case.differ(
                format!("an answer to GET {path}"),
                format!("no answer within {}: {error}", LIMIT.view()),
                "A probe without an answer tells its reader nothing. `tokio::time::timeout` ends a wait.",
            ),
        }
    }

    async fn expect(&self, path: &str, status: u16, advice: &str) -> Duration {
        let (got, took) = self.get(path).await;
        if got != status {
            let advice = match got {
                404 | 405 => "The router has no route for this path and GET.",
                _ => advice,
            };
            self.case.differ(
                format!("GET {path} answers {status}"),
                format!("GET {path} answered {got}, after {}", took.view()),
                advice,
            );
        }
        took
    }
}

/// Serves the answer's routes.
async fn serve(state: Arc<State>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("its address");
    let router = probes(state);
    tokio::spawn(async move { axum::serve(listener, router).await });
    addr
}

/// Passes connections on to a readable Redis.
async fn proxy(listener: TcpListener, redis: Redis, connections: Arc<AtomicUsize>) {
    let server = Server::start(Config::default()).await.expect("a Redis");
    let mut tasks = tokio::task::JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::SeqCst);
        tasks.spawn(connection(client, server.address(), redis));
    }
}

async fn connection(mut client: TcpStream, server: SocketAddr, redis: Redis) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    let (mut asked, mut answered) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            got = client.read(&mut asked) => match got {
                Ok(0) | Err(_) => return,
                Ok(_) if matches!(redis, Redis::Silent) => {}
                Ok(length) => {
                    let asked = &asked[..length];
                    let ping = asked.windows(4).any(|word| word == b"PING");
                    let written = match redis {
                        Redis::Fails if ping => client.write_all(b"-LOADING Redis is loading the dataset\r\n").await,
                        _ => server.write_all(asked).await,
                    };
                    if written.is_err() {
                        return;
                    }
                }
            },
            got = server.read(&mut answered) => match got {
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    if let Redis::Answers(pause) = redis {
                        tokio::time::sleep(pause).await;
                    }
                    if client.write_all(&answered[..length]).await.is_err() {
                        return;
                    }
                }
            },
        }
    }
}

fn world(situation: &str, redis: Redis, play: impl AsyncFnOnce(World<'_>)) {
    case(situation, |case| {
        RUNTIME.block_on(async { play(World::new(case, redis).await).await });
    });
}

/// Whether `/readyz` answers 200 if everything speaks for it, and also if everything speaks against it.
async fn always_ready(case: &Case) -> bool {
    let ready = World::new(case, AT_ONCE).await;
    ready.start();
    let world = World::new(case, Redis::Refuses).await;
    world.state.draining.store(true, Ordering::SeqCst);
    ready.get("/readyz").await.0 == 200 && world.get("/readyz").await.0 == 200
}

const AT_ONCE: Redis = Redis::Answers(Duration::ZERO);

// The belief of this exercise.
#[test]
fn a_it_has_not_started() {
    let situation = "The process listens, and has not started yet; Redis answers";
    world(situation, AT_ONCE, async |world| {
        world.expect("/livez", 200, "The process answers, so it is alive. A supervisor that gets another status restarts it, and it never starts.").await;
        let advice = match world.get("/readyz").await.0 {
            200 if always_ready(world.case).await => {
                "The process is alive, and it has not started. With 200 it gets requests that it cannot answer yet."
            }
            _ => "`/readyz` answers 503 as long as `has_started` is false, whatever Redis answers.",
        };
        world.expect("/readyz", 503, advice).await;
    });
}

#[test]
fn b_it_is_ready() {
    world(
        "The process has started; Redis answers",
        AT_ONCE,
        async |world| {
            world.start();
            world
                .expect("/livez", 200, "The process answers, so it is alive.")
                .await;
            world
                .expect(
                    "/readyz",
                    200,
                    "It has started, it does not drain, and Redis answers at once.",
                )
                .await;
        },
    );
    case("The process has started, and needs no Redis", |case| {
        RUNTIME.block_on(async {
            let mut world = World::new(case, Redis::Refuses).await;
            world.state = Arc::new(State::new(None));
            world.probes = serve(Arc::clone(&world.state)).await;
            world
                .expect("/readyz", 503, "It has not started yet.")
                .await;
            world.start();
            world
                .expect("/readyz", 200, "`ping` is `Ok` without a Redis.")
                .await;
        });
    });
}

#[test]
fn c_it_drains() {
    world(
        "The process drains; Redis answers",
        AT_ONCE,
        async |world| {
            world.start();
            world.state.draining.store(true, Ordering::SeqCst);
            world.expect("/livez", 200, "It finishes the requests that it has. A supervisor that restarts it now ends them.").await;
            world
                .expect(
                    "/readyz",
                    503,
                    "It is about to end, and asks for no more requests.",
                )
                .await;
        },
    );
}

#[test]
fn d_redis_refuses() {
    world(
        "The process has started; no Redis listens",
        Redis::Refuses,
        async |world| {
            world.start();
            world.expect("/livez", 200, "Redis is unavailable, and the process is alive. A supervisor would restart all instances at once, and none of them repairs Redis.").await;
            world
                .expect(
                    "/readyz",
                    503,
                    "Redis refuses the connection, so each request would fail.",
                )
                .await;
        },
    );
}

#[test]
fn e_redis_answers_with_an_error() {
    world(
        "The process has started; Redis loads its data, and answers PING with LOADING",
        Redis::Fails,
        async |world| {
            world.start();
            world
                .expect(
                    "/livez",
                    200,
                    "Redis answers with an error, and the process is alive.",
                )
                .await;
            world
                .expect(
                    "/readyz",
                    503,
                    "Redis has answered, and the answer is an error: `ping` returns `Err`.",
                )
                .await;
        },
    );
}

#[test]
fn f_redis_takes_its_time() {
    let situation = "The process has started; Redis answers after 90 ms";
    world(
        situation,
        Redis::Answers(Duration::from_millis(90)),
        async |world| {
            world.start();
            world
                .expect("/readyz", 200, "Redis has answered within `PROBE_TIMEOUT`.")
                .await;
        },
    );
}

#[test]
fn g_redis_is_silent() {
    for (what, redis) in [
        ("never answers", Redis::Silent),
        ("answers after 1 s", Redis::Answers(Duration::from_secs(1))),
    ] {
        let situation = format!("The process has started; Redis accepts connections and {what}");
        world(&situation, redis, async |world| {
            world.start();
            world
                .expect(
                    "/livez",
                    200,
                    "Redis does not answer, and the process is alive.",
                )
                .await;
            let took = world
                .expect(
                    "/readyz",
                    503,
                    "Redis has not answered within `PROBE_TIMEOUT`. A request would wait as well.",
                )
                .await;
            let advice = "The answer is due as soon as `PROBE_TIMEOUT` is over: not before, because Redis may still answer, and not much later.";
            let right = PROBE_TIMEOUT..=PROBE_TIMEOUT + SLACK;
            world.case.expect_wait("for Redis", right, took, advice);
        });
    }
}

#[test]
fn h_each_request_asks_anew() {
    world(
        "Redis answers, fails, and answers again",
        AT_ONCE,
        async |mut world| {
            world.start();
            world.expect("/readyz", 200, "Redis answers.").await;
            world.redis(Redis::Refuses).await;
            world
                .expect(
                    "/readyz",
                    503,
                    "Redis has answered an earlier probe, and refuses connections now.",
                )
                .await;
            world.redis(AT_ONCE).await;
            world
                .expect(
                    "/readyz",
                    200,
                    "Redis answers again: an instance that stays out of service needs a restart.",
                )
                .await;
            world.state.draining.store(true, Ordering::SeqCst);
            world
                .expect("/readyz", 503, "It drains since the last probe.")
                .await;
        },
    );
}

#[test]
fn i_alive_is_about_this_process() {
    world("Ten times GET /livez", AT_ONCE, async |world| {
        world.start();
        for _ in 0..10 {
            world
                .expect("/livez", 200, "The process answers, so it is alive.")
                .await;
        }
        let connections = world.connections.load(Ordering::SeqCst);
        let advice = "`/livez` has asked Redis. Its answer must not depend on it.";
        world.case.expect_named(
            "Redis was asked by",
            &0,
            &connections,
            "connections",
            advice,
        );
    });
}
