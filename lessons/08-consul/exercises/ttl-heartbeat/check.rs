//! The check of `ttl-heartbeat`. Heartbeats go to the readable agent, whose clock is moved by the check, second by
//! second. What the worker does is fixed before.

mod exercise;
mod given;

use std::cell::Cell;
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use exercise::{Service, Unavailable, heartbeat};
use l08_consul::agent::{Agent, Config};
use l08_consul::ask;
use l08_consul::clock::{Awake, Clock};
use testkit::{Case, case};

const TTL: u64 = 10;
/// The limit for a worker that finishes nothing.
const STUCK_AFTER: u64 = 20;
/// The first heartbeat is sent at once; this is for machines that are busy.
const MOMENT: Duration = Duration::from_millis(300);

/// What the worker has done by this second: jobs finished, and jobs still to do.
type Work = fn(u64) -> (u64, usize);

/// The service, as the answer sees it.
struct Observed {
    clock: Clock,
    agent: SocketAddr,
    work: Work,
    /// Seconds in which the agent is unavailable.
    away: Range<u64>,
    /// Only so many heartbeats are lost while it is unavailable.
    lose: usize,
    /// How long an answer of the agent takes.
    reply: Duration,
    beats: u64,
    heard_at: Option<Duration>,
    looks: Cell<u64>,
    /// Whether the answer has asked for the finished jobs.
    looked: Cell<bool>,
    awake: Option<Awake>,
}

impl Observed {
    fn seconds(&self) -> u64 {
        // A loop that never waits would end in the time limit, without a reason.
        self.looks.set(self.looks.get() + 1);
        assert!(
            self.looks.get() < 200_000,
            "the loop never waits: `sleep` between two heartbeats"
        );
        self.clock.now().as_secs()
    }
}

impl Service for Observed {
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
        self.looked.set(true);
        (self.work)(self.seconds()).0
    }

    fn open(&self) -> usize {
        (self.work)(self.seconds()).1
    }

    async fn pass(&mut self) -> Result<(), Unavailable> {
        self.beats += 1;
        if self.away.contains(&self.clock.now().as_secs()) && self.lose > 0 {
            self.lose -= 1;
            if !self.reply.is_zero() {
                self.sleep(self.reply).await;
            }
            return Err(Unavailable);
        }
        // Counted, but not sent: within the same second it would change nothing.
        let second = Duration::from_secs(1);
        let now = self.clock.now();
        if self.heard_at.is_some_and(|at| now - at < second) {
            return Ok(());
        }
        self.heard_at = Some(now);
        let answer = ask::put(self.agent, "/v1/agent/check/pass/service:worker", "").await;
        assert_eq!(answer.expect("an answer").status, 200);
        if !self.reply.is_zero() {
            self.sleep(self.reply).await;
        }
        Ok(())
    }
}

/// One run, second by second: the state of the check at each, and how many heartbeats were sent.
struct Run {
    said: Vec<String>,
    beats: u64,
    /// Whether the answer has asked for the finished jobs.
    looked: bool,
    /// How far the worker got.
    worker: String,
    /// The second in which the function returned.
    ended: Option<u64>,
}

/// What the answer can see of the worker.
fn seen(service: &impl Service) -> String {
    let (finished, open, now) = (service.finished(), service.open(), service.now().as_secs());
    format!("{finished} jobs finished and {open} to do, in second {now}")
}

/// A run in which the agent answers at once.
fn run(seconds: u64, work: Work, away: Range<u64>, lose: usize) -> Run {
    run_with(Duration::ZERO, seconds, work, away, lose)
}

fn run_with(reply: Duration, seconds: u64, work: Work, away: Range<u64>, lose: usize) -> Run {
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
        let mut service = Observed {
            clock: clock.clone(),
            agent: agent.address(),
            work,
            away,
            lose,
            reply,
            beats: 0,
            heard_at: None,
            looks: Cell::new(0),
            looked: Cell::new(false),
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
        let answer = heartbeat(
            &mut service,
            Duration::from_secs(TTL),
            Duration::from_secs(STUCK_AFTER),
        );
        tokio::select! {
            () = answer => ended = Some(clock.now().as_secs()),
            () = watching => {}
        }
        let looked = service.looked.get();
        let (beats, worker) = (service.beats, seen(&service));
        drop(service);
        agent.stop().await;
        Run {
            said,
            beats,
            looked,
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

impl Run {
    /// Fails unless the agent said this in all of these seconds.
    fn expect(
        &self,
        case: &Case,
        seconds: std::ops::RangeInclusive<u64>,
        wanted: &str,
        advice: &str,
    ) {
        if let Some(second) = self.ended {
            let advice = match second {
                0 => {
                    "`heartbeat` never returns: it sends heartbeats for as long as the program runs."
                }
                _ => {
                    "`heartbeat` never returns, because an unavailable agent comes back, and a stuck worker may finish \
                     a job again."
                }
            };
            case.differ(
                "`heartbeat` never returns",
                format!("it returned in second {second}"),
                advice,
            );
        }
        for second in seconds {
            let said = self.said.get(usize::try_from(second).unwrap_or(0));
            let said = said.map_or("", String::as_str);
            if said != wanted {
                let report = case.report();
                let report = report.detail(
                    "expected",
                    format!("second {second}: the check is {wanted}"),
                );
                let report = report.detail(
                    "what happened",
                    format!("second {second}: the check is {said}"),
                );
                case.fail(report.detail("the worker", &self.worker).advice(advice));
            }
        }
    }
}

/// A job a second.
fn busy(second: u64) -> (u64, usize) {
    (second, 3)
}

const NEVER: Range<u64> = 0..0;

// The belief of this exercise. The process runs, the timer runs, and no job is finished any more.
#[test]
fn a_stuck_is_not_alive() {
    case(
        "In second 20 the worker gets stuck, with 3 jobs to do",
        |case| {
            let stuck: Work = |second| (second.min(20), 3);
            let run = run(62, stuck, NEVER, 0);
            let advice =
                "The worker is not stuck: it has worked on its job for less than the limit.";
            run.expect(case, 0..=20, "passing", advice);
            let advice = match run.looked {
                true => {
                    "The worker has jobs to do and has finished none since second 20. Your code asks for the finished \
                     jobs, and its heartbeats went on: after the limit of 20 s no more is sent."
                }
                false => {
                    "A running process is not a healthy service: its timer sends heartbeats, while the worker has \
                     finished nothing since second 20. After the limit of 20 s no more heartbeat is sent, and a TTL of \
                     10 s later the check turns critical."
                }
            };
            run.expect(case, 56..=62, "critical", advice);
        },
    );
    case(
        "In second 20 the worker gets stuck on its only job",
        |case| {
            let stuck: Work = |second| (second.min(20), 1);
            let advice = "One job is to do, and none was finished since second 20: the worker is not without work, it is stuck.";
            run(62, stuck, NEVER, 0).expect(case, 56..=62, "critical", advice);
        },
    );
    case(
        "In second 20 the worker gets stuck, and a new job comes each second",
        |case| {
            let growing: Work = |second| {
                let stuck = usize::try_from(second.saturating_sub(20)).unwrap_or(0);
                (second.min(20), 3 + stuck)
            };
            let run = run(62, growing, NEVER, 0);
            let advice = "The queue changes because clients add to it. The worker has finished nothing since \
                          second 20: only finished jobs are progress.";
            run.expect(case, 56..=62, "critical", advice);
        },
    );
}

// With a job each second, and without load.
#[test]
fn b_idle_is_alive() {
    case("A job is finished each second", |case| {
        let busy: Work = |second| (second, 3);
        let advice = "The worker makes progress all the time: each finished job counts, and the limit begins anew.";
        run(60, busy, NEVER, 0).expect(case, 0..=60, "passing", advice);
    });
    case("The worker has nothing to do for 40 s", |case| {
        let idle: Work = |_| (7, 0);
        let advice = "The worker has no job, so it finishes none: a worker that has nothing to do is healthy.";
        run(40, idle, NEVER, 0).expect(case, 0..=40, "passing", advice);
    });
}

// Slow is not stuck.
#[test]
fn c_slow_is_alive() {
    case("Each job takes 15 s, and the limit is 20 s", |case| {
        let slow: Work = |second| (second / 15, 5);
        let advice = "A job every 15 s is within the limit of 20 s. Between two heartbeats nothing may be \
                        finished: what counts is how long ago the last job was.";
        run(60, slow, NEVER, 0).expect(case, 0..=60, "passing", advice);
    });
    case(
        "In second 20 the worker gets stuck; the limit is 20 s",
        |case| {
            let stuck: Work = |second| (second.min(20), 3);
            let advice = "The worker is stuck only after the limit of 20 s without a finished job. Until then heartbeats \
                      go on, so the check stays passing for some seconds after that.";
            run(44, stuck, NEVER, 0).expect(case, 0..=44, "passing", advice);
        },
    );
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
            let advice = "The worker has worked on this job for less than 20 s. Before that \
                          there was nothing to finish.";
            run(88, rested, NEVER, 0).expect(case, 0..=88, "passing", advice);
        },
    );
}

// A network may lose a heartbeat.
#[test]
fn e_one_may_be_lost() {
    case("One heartbeat is lost after second 20", |case| {
        let advice = "One heartbeat was lost, and the next one came too late. The TTL is the longest time without \
                      a heartbeat, not an interval: send three in one TTL.";
        run(45, busy, 20..45, 1).expect(case, 0..=45, "passing", advice);
    });
    case(
        "One heartbeat is lost, and each answer of the agent takes 0.6 s",
        |case| {
            let advice = "One heartbeat was lost, and the next one came after the TTL, because a heartbeat takes a \
                          moment, too. Half a TTL is too long an interval.";
            let reply = Duration::from_millis(600);
            run_with(reply, 45, busy, 20..45, 1).expect(case, 0..=45, "passing", advice);
        },
    );
}

// The agent may be restarted.
#[test]
fn f_away_is_no_end() {
    case("The agent is unavailable from second 20 to 45", |case| {
        let advice =
            "The agent is back since second 45, and the worker makes progress: heartbeats again.";
        let run = run(65, busy, 20..45, 1000);
        run.expect(case, 56..=65, "passing", advice);
        if run.beats > 300 {
            let advice = "A heartbeat that fails is not repeated at once: more requests do not bring the agent back. \
                          The next one follows after the usual interval.";
            let answer = format!("{} heartbeats in 65 s", run.beats);
            case.differ("at most 300 heartbeats in 65 s", answer, advice);
        }
    });
}

// A stuck worker may go on.
#[test]
fn g_healthy_again() {
    case(
        "Stuck from second 20 to 70, then a job each second",
        |case| {
            let again: Work = |second| (second.min(20) + second.saturating_sub(70), 3);
            let run = run(90, again, NEVER, 0);
            let advice = "The worker finishes jobs again since second 70: heartbeats again.";
            run.expect(case, 81..=90, "passing", advice);
        },
    );
}

// Each heartbeat is a call, and a write.
#[test]
fn h_not_too_often() {
    case("40 s with a job each second", |case| {
        let run = run(40, busy, NEVER, 0);
        if run.beats > 80 {
            let advice = "Each heartbeat is a call to the agent, for each service. Three or \
                          four in one TTL are enough, so that one may be lost.";
            case.differ(
                "at most 80 heartbeats in 40 s",
                format!("{} heartbeats in 40 s", run.beats),
                advice,
            );
        }
    });
}
