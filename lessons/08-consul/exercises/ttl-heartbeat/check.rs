//! The check of `ttl-heartbeat`. Heartbeats go to a real agent, whose clock is moved by hand, second
//! by second. What the worker does is written down before.

mod exercise;
mod given;

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use exercise::{Away, Body, beat};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::{Awake, Clock};
use testkit::{Case, case};

const TTL: u64 = 10;
const PATIENCE: u64 = 20;
/// The first heartbeat is sent at once; this is for machines that are busy.
const MOMENT: Duration = Duration::from_millis(300);

/// What the worker has done by this second: jobs finished, and jobs still to do.
type Work = fn(u64) -> (u64, usize);

/// The service, as the learner's code sees it.
struct Service {
    clock: Clock,
    agent: SocketAddr,
    work: Work,
    /// Seconds in which the agent is away.
    away: std::ops::Range<u64>,
    /// Only so many heartbeats are lost while it is away.
    lose: usize,
    beats: u64,
    heard_at: Option<Duration>,
    looks: Cell<u64>,
    awake: Option<Awake>,
}

impl Service {
    fn seconds(&self) -> u64 {
        // A loop that never waits would look for ever, and nobody could say so.
        self.looks.set(self.looks.get() + 1);
        assert!(
            self.looks.get() < 200_000,
            "your heart looks at the worker without ever waiting: sleep between two looks"
        );
        self.clock.now().as_secs()
    }
}

impl Body for Service {
    async fn sleep(&mut self, time: Duration) {
        let next = self.clock.sleep(time);
        // Now the clock may move on: the next wait is known to it.
        self.awake = None;
        self.awake = Some(next.await);
        self.looks.set(0);
    }

    fn now(&self) -> Duration {
        self.seconds();
        self.clock.now()
    }

    fn finished(&self) -> u64 {
        (self.work)(self.seconds()).0
    }

    fn open(&self) -> usize {
        (self.work)(self.seconds()).1
    }

    async fn pass(&mut self) -> Result<(), Away> {
        self.beats += 1;
        if self.away.contains(&self.clock.now().as_secs()) && self.lose > 0 {
            self.lose -= 1;
            return Err(Away);
        }
        // Counted, but not sent: within the same second it would say nothing new.
        let second = Duration::from_secs(1);
        let now = self.clock.now();
        if self.heard_at.is_some_and(|at| now - at < second) {
            return Ok(());
        }
        self.heard_at = Some(now);
        let answer = ask::put(self.agent, "/v1/agent/check/pass/service:worker", "").await;
        assert_eq!(answer.expect("an answer").status, 200);
        Ok(())
    }
}

/// A life, second by second: what the agent said at each, and how many heartbeats it was sent.
struct Life {
    said: Vec<String>,
    beats: u64,
    /// How far the worker got.
    worker: String,
    /// The second in which the heart stopped for good.
    ended: Option<u64>,
}

/// What the learner's code can see of the worker.
fn seen(body: &impl Body) -> String {
    let (finished, open, now) = (body.finished(), body.open(), body.now().as_secs());
    format!("{finished} jobs finished and {open} to do, in second {now}")
}

fn live(seconds: u64, work: Work, away: std::ops::Range<u64>, lose: usize) -> Life {
    let living = async move {
        let clock = Clock::manual();
        let config = Config {
            clock: clock.clone(),
            ..Config::default()
        };
        let agent = Agent::start(config).await.expect("an agent");
        let body = format!(r#"{{"Name": "worker", "Check": {{"TTL": "{TTL}s"}}}}"#);
        let answer = ask::put(agent.address(), "/v1/agent/service/register", &body).await;
        assert_eq!(answer.expect("an answer").status, 200);
        let mut service = Service {
            clock: clock.clone(),
            agent: agent.address(),
            work,
            away,
            lose,
            beats: 0,
            heard_at: None,
            looks: Cell::new(0),
            awake: None,
        };
        let mut said = Vec::new();
        let mut ended = None;
        let status = async || {
            let checks = ask::get(agent.address(), "/v1/agent/checks").await;
            let check = &checks.expect("an answer").json()["service:worker"];
            check["Status"].as_str().unwrap_or("").to_string()
        };
        let watching = async {
            // The first heartbeat needs no second, but a moment.
            let until = Instant::now() + MOMENT;
            while status().await != "passing" && Instant::now() < until {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            for _ in 0..=seconds {
                said.push(status().await);
                clock.advance(Duration::from_secs(1)).await;
            }
        };
        let heart = beat(
            &mut service,
            Duration::from_secs(TTL),
            Duration::from_secs(PATIENCE),
        );
        tokio::select! {
            () = heart => ended = Some(clock.now().as_secs()),
            () = watching => {}
        }
        let (beats, worker) = (service.beats, seen(&service));
        drop(service);
        agent.stop().await;
        Life {
            said,
            beats,
            worker,
            ended,
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(living)
}

impl Life {
    /// Fails unless the agent said this in all of these seconds.
    fn expect(
        &self,
        case: &Case,
        seconds: std::ops::RangeInclusive<u64>,
        wanted: &str,
        advice: &str,
    ) {
        if let Some(second) = self.ended {
            let advice = "Whatever happens, the heart goes on looking: an agent that is away comes back, \
                          and a worker that is stuck may get on again.";
            case.differ(
                "a heart that never stops looking",
                format!("it ended in second {second}"),
                advice,
            );
        }
        for second in seconds {
            let said = self.said.get(usize::try_from(second).unwrap_or(0));
            let said = said.map_or("", String::as_str);
            if said != wanted {
                let report = case.report();
                let report = report.detail("expected", format!("second {second}: {wanted}"));
                let report = report.detail("your answer", format!("second {second}: {said}"));
                case.fail(report.detail("the worker", &self.worker).advice(advice));
            }
        }
    }
}

/// A job a second.
fn busy(second: u64) -> (u64, usize) {
    (second, 3)
}

const NEVER: std::ops::Range<u64> = 0..0;

// The belief of this exercise. The process runs, the timer runs, and nothing is done any more.
#[test]
fn a_stuck_is_not_alive() {
    case(
        "In second 20 the worker gets stuck, with 3 jobs to do",
        |case| {
            let stuck: Work = |second| (second.min(20), 3);
            let life = live(62, stuck, NEVER, 0);
            let advice =
                "The worker gets on, and has had less than the patience for one job: heartbeats.";
            life.expect(case, 0..=20, "passing", advice);
            let advice = "Running is not alive: the process is there and its timer sends heartbeats, while the \
                      worker has been stuck since second 20. After the patience of 20 s no more heartbeat, \
                      and a TTL of 10 s later the agent says so.";
            life.expect(case, 56..=62, "critical", advice);
        },
    );
    case(
        "In second 20 the worker gets stuck, and a new job comes each second",
        |case| {
            let growing: Work = |second| {
                let stuck = usize::try_from(second.saturating_sub(20)).unwrap_or(0);
                (second.min(20), 3 + stuck)
            };
            let life = live(62, growing, NEVER, 0);
            let advice = "The queue changes because others add to it. The worker has finished nothing since \
                          second 20: only finished jobs are progress.";
            life.expect(case, 56..=62, "critical", advice);
        },
    );
}

// Nobody orders anything at four in the morning.
#[test]
fn b_idle_is_alive() {
    case("The worker has nothing to do for 40 s", |case| {
        let idle: Work = |_| (7, 0);
        let advice =
            "No job, no progress, and no reason to worry: a worker that has nothing to do is well.";
        live(40, idle, NEVER, 0).expect(case, 0..=40, "passing", advice);
    });
}

// Slow is not stuck.
#[test]
fn c_slow_is_alive() {
    case("Each job takes 15 s, and the patience is 20 s", |case| {
        let slow: Work = |second| (second / 15, 5);
        let advice = "A job every 15 s is within the patience of 20 s. Between two looks nothing may be \
                      finished: what counts is how long ago the last one was.";
        live(60, slow, NEVER, 0).expect(case, 0..=60, "passing", advice);
    });
}

// The time for a job begins with the job.
#[test]
fn d_after_a_rest() {
    case(
        "After 40 s without a job comes one that takes 15 s, then two more",
        |case| {
            let rested: Work = |second| match second {
                0..40 => (7, 0),
                40..55 => (7, 3),
                55..70 => (8, 2),
                70..85 => (9, 1),
                _ => (10, 0),
            };
            let advice = "It has been at work for less than 20 s. That it finished nothing in the minute \
                          before was no fault: there was nothing to finish.";
            live(88, rested, NEVER, 0).expect(case, 0..=88, "passing", advice);
        },
    );
}

// Networks lose things.
#[test]
fn e_one_may_be_lost() {
    case("One heartbeat gets lost after second 20", |case| {
        let advice = "One heartbeat was lost, and the next one came too late. A TTL is the time after \
                      which the agent gives up, not a rhythm: send several in one TTL.";
        live(45, busy, 20..45, 1).expect(case, 0..=45, "passing", advice);
    });
}

// The agent is restarted now and then.
#[test]
fn f_away_is_no_end() {
    case("The agent is away from second 20 to 45", |case| {
        let advice = "The agent is back since second 45, and the worker gets on: heartbeats again.";
        live(65, busy, 20..45, 1000).expect(case, 56..=65, "passing", advice);
    });
}

// What was stuck may come loose.
#[test]
fn g_well_again() {
    case("Stuck from second 20 to 70, then it gets on", |case| {
        let loose: Work = |second| (second.min(20) + second.saturating_sub(70), 3);
        let life = live(90, loose, NEVER, 0);
        let advice = "The worker gets on again since second 70. So does the heart.";
        life.expect(case, 81..=90, "passing", advice);
    });
}

// Each heartbeat is a call, and a write.
#[test]
fn h_not_too_often() {
    case("40 s of an ordinary day", |case| {
        let life = live(40, busy, NEVER, 0);
        if life.beats > 80 {
            let advice = "Each heartbeat is a call, and a thousand services send them to the same agent. \
                          Three or four in one TTL are enough, so that one may be lost.";
            case.differ(
                "fewer than 80 heartbeats",
                format!("{} heartbeats", life.beats),
                advice,
            );
        }
    });
}
