//! The check of `hedge`. It plays two instances and a caller by a driven clock, and looks at each call in the end.

mod exercise;
mod given;

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use exercise::{Call, Instances, Unavailable, hedged};
use testkit::driven::{Clock, Sleep, Stuck, run};
use testkit::{Case, Schedule, case, schedules};
use tokio::sync::oneshot;

/// After so long the first call is late.
const DELAY: u64 = 20;

/// When a call replies that is slower than all others.
const SLOW: u64 = 9000;

/// What becomes of a call, and how many milliseconds after it was sent.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Replies(u64),
    Fails(u64),
}

use Fate::{Fails, Replies};

impl Fate {
    fn after(self) -> u64 {
        match self {
            Replies(after) | Fails(after) => after,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Pending,
    Replied,
    Failed,
    Cancelled,
}

/// A call, as the instances see it.
struct Record {
    fate: Fate,
    sent: u64,
    state: State,
    /// When it was replied, has failed or was cancelled.
    ended: u64,
    sender: Option<oneshot::Sender<String>>,
}

/// Both instances. What they do is noted in the schedule.
struct World<'s> {
    clock: Clock,
    fates: [Fate; 2],
    records: RefCell<Vec<Record>>,
    /// Calls that were cancelled after they had ended.
    in_vain: RefCell<Vec<u32>>,
    schedule: &'s Schedule,
}

impl World<'_> {
    fn now(&self) -> u64 {
        millis(self.clock.now())
    }

    /// Ends the calls whose time has come, and says when the next one is due.
    fn fire(&self) -> Option<u64> {
        let mut due: Vec<(u64, usize)> = Vec::new();
        for (place, record) in self.records.borrow().iter().enumerate() {
            if record.sender.is_some() {
                due.push((record.sent + record.fate.after(), place));
            }
        }
        due.sort_unstable();
        let mut next = None;
        for (at, place) in due {
            if at > self.now() {
                next = next.or(Some(at));
                continue;
            }
            let mut records = self.records.borrow_mut();
            let record = &mut records[place];
            let sender = record.sender.take();
            let state = match record.fate {
                Replies(_) => State::Replied,
                Fails(_) => State::Failed,
            };
            if record.state == State::Pending {
                (record.state, record.ended) = (state, at);
                let words = match state {
                    State::Replied => "replies",
                    _ => "fails",
                };
                self.schedule
                    .does(&instance(place), format!("{words} after {at} ms"));
            }
            drop(records);
            if let (Some(sender), State::Replied) = (sender, state) {
                // The caller may have left.
                let _ = sender.send(instance(place));
            }
        }
        next
    }
}

fn instance(place: usize) -> String {
    format!("instance {}", place + 1)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Instances for World<'_> {
    fn send(&self) -> Call {
        let (sender, reply) = oneshot::channel();
        let mut records = self.records.borrow_mut();
        let place = records.len();
        records.push(Record {
            fate: self.fates.get(place).copied().unwrap_or(Replies(SLOW)),
            sent: self.now(),
            state: State::Pending,
            ended: 0,
            sender: Some(sender),
        });
        let (to, words) = (
            instance(place),
            format!("call {} after {} ms", place + 1, self.now()),
        );
        self.schedule.sends("caller", &to, words);
        Call {
            id: u32::try_from(place + 1).unwrap_or(u32::MAX),
            reply,
        }
    }

    fn cancel(&self, id: u32) {
        let now = self.now();
        self.schedule
            .does("caller", format!("cancels call {id} after {now} ms"));
        let mut records = self.records.borrow_mut();
        let place = (id as usize).wrapping_sub(1);
        match records.get_mut(place) {
            Some(record) if record.state == State::Pending => {
                (record.state, record.ended) = (State::Cancelled, now);
            }
            Some(record) if record.state == State::Cancelled => {}
            _ => self.in_vain.borrow_mut().push(id),
        }
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> {
        self.clock.sleep(time)
    }
}

/// How a scene ended.
struct Scene {
    fates: [Fate; 2],
    leaves: Option<u64>,
    /// `None`: the caller has left before.
    outcome: Option<Result<String, Unavailable>>,
    /// When `hedged` returned, or the caller left.
    ended: u64,
    /// When each call was sent, what became of it, and when.
    calls: Vec<(u64, State, u64)>,
    in_vain: Vec<u32>,
}

/// Plays a scene. The caller leaves after so many milliseconds, if it does.
#[track_caller]
fn scene(case: &Case, schedule: &Schedule, fates: [Fate; 2], leaves: Option<u64>) -> Scene {
    let world = World {
        clock: Clock::new(),
        fates,
        records: RefCell::default(),
        in_vain: RefCell::default(),
        schedule,
    };
    let played = run(&world.clock, Duration::from_secs(60), play(&world, leaves));
    let outcome = match played {
        Ok(outcome) => outcome,
        Err(stuck) => {
            let happened = match stuck {
                Stuck::Late => "`hedged` has not returned after 60 s",
                Stuck::Forever => "`hedged` waits for something that never comes",
                Stuck::Busy => "`hedged` is polled again and again while the time stands still",
            };
            let advice = "Both calls have ended long before. `instances.sleep` is the clock here; a call that has \
                          failed sends nothing any more.";
            case.differ("`hedged` returns", happened, advice)
        }
    };
    let records = world.records.borrow();
    Scene {
        fates,
        leaves,
        outcome,
        ended: world.now(),
        calls: records
            .iter()
            .map(|record| (record.sent, record.state, record.ended))
            .collect(),
        in_vain: world.in_vain.borrow().clone(),
    }
}

async fn play(world: &World<'_>, leaves: Option<u64>) -> Option<Result<String, Unavailable>> {
    let mut call = Some(Box::pin(hedged(world, Duration::from_millis(DELAY))));
    let mut timers: Vec<Sleep> = Vec::new();
    let mut played = pin!(poll_fn(move |context| {
        world.fire();
        if let Some(call) = &mut call
            && let Poll::Ready(outcome) = call.as_mut().poll(context)
        {
            return Poll::Ready(Some(outcome));
        }
        if leaves.is_some_and(|leaves| world.now() >= leaves) {
            world
                .schedule
                .does("caller", format!("leaves after {} ms", world.now()));
            // Dropped in the middle of its wait.
            call = None;
            return Poll::Ready(None);
        }
        // Calls may have been sent just now.
        timers.clear();
        for at in world.fire().into_iter().chain(leaves) {
            let left = Duration::from_millis(at.saturating_sub(world.now()));
            let mut timer = world.clock.sleep(left);
            if Pin::new(&mut timer).poll(context).is_ready() {
                context.waker().wake_by_ref();
            }
            timers.push(timer);
        }
        Poll::Pending
    }));
    played.as_mut().await
}

impl Scene {
    fn outcome(&self) -> String {
        let ended = self.ended;
        match &self.outcome {
            Some(Ok(reply)) => format!("the reply of {reply} after {ended} ms"),
            Some(Err(Unavailable)) => format!("Unavailable after {ended} ms"),
            None => format!("the caller has left after {ended} ms"),
        }
    }

    /// When the second call has to be sent, and which outcomes are right: their words.
    fn wanted(&self) -> (Option<u64>, Vec<String>) {
        let [first, second] = self.fates;
        let late = match first {
            Replies(after) if after <= DELAY => None,
            Fails(after) if after <= DELAY => Some(after),
            _ => Some(DELAY),
        };
        let reply = |place, at| {
            (
                at,
                format!("the reply of {} after {at} ms", instance(place)),
            )
        };
        let mut replies = Vec::new();
        if let Replies(after) = first {
            replies.push(reply(0, after));
        }
        if let (Some(sent), Replies(after)) = (late, second) {
            replies.push(reply(1, sent + after));
        }
        let soonest = replies.iter().map(|(at, _)| *at).min();
        let end = soonest.unwrap_or_else(|| first.after().max(late.unwrap_or(0) + second.after()));
        if let Some(leaves) = self.leaves.filter(|leaves| *leaves < end) {
            let late = late.filter(|late| *late <= leaves);
            return (late, vec![format!("the caller has left after {leaves} ms")]);
        }
        replies.retain(|(at, _)| *at == end);
        let mut words: Vec<String> = replies.into_iter().map(|(_, words)| words).collect();
        if words.is_empty() {
            words.push(format!("Unavailable after {end} ms"));
        }
        (late, words)
    }

    /// Fails unless calls, outcome and cancellations are right.
    #[track_caller]
    fn expect(&self, case: &Case, schedule: &Schedule) {
        let (second, outcomes) = self.wanted();
        self.expect_calls(case, second);
        if !outcomes.contains(&self.outcome()) {
            schedule.does("caller", format!("gets {}", self.outcome()));
            case.differ(
                outcomes.join(", or "),
                self.outcome(),
                &self.about_outcome(),
            );
        }
        let place = self
            .calls
            .iter()
            .position(|(_, state, _)| *state == State::Pending);
        if let Some(place) = place {
            let number = place + 1;
            let ended = match self.outcome {
                None => "the caller has left",
                Some(_) => "`hedged` has returned",
            };
            let answer = format!("{ended}, and call {number} still runs");
            let advice = match self.outcome {
                None => {
                    "The future of `hedged` was dropped in the middle of its wait: no line after the wait runs then. \
                     `Drop` does."
                }
                Some(_) => {
                    "A call that no caller waits for runs on, and its reply is thrown away. To drop its receiver does \
                     not cancel it: `instances.cancel` does."
                }
            };
            schedule.does("caller", format!("leaves call {number} running"));
            case.differ(
                "a call that is pending in the end is cancelled",
                answer,
                advice,
            );
        }
        if let [id, ..] = self.in_vain.as_slice() {
            let state = match self.calls.get(*id as usize - 1) {
                Some((_, State::Replied, at)) => format!("replied after {at} ms"),
                Some((_, State::Failed, at)) => format!("failed after {at} ms"),
                _ => "not been sent".to_string(),
            };
            let answer = format!("call {id} had {state}, and was cancelled");
            let advice = "Only a call that is still pending can be cancelled.";
            case.differ("a call that has ended is not cancelled", answer, advice);
        }
    }

    #[track_caller]
    fn expect_calls(&self, case: &Case, second: Option<u64>) {
        if self.calls.len() > 2 {
            let answer = format!("{} calls were sent", self.calls.len());
            let advice = "The third call was sent while two were enough.";
            case.differ("two calls at most", answer, advice);
        }
        let wanted = match second {
            Some(at) => format!("call 2 is sent after {at} ms"),
            None => "one call is sent".to_string(),
        };
        match (second, self.calls.get(1)) {
            (None, Some((sent, ..))) => {
                let answer = format!("call 2 was sent after {sent} ms");
                let advice = match self.leaves {
                    Some(_) => "The caller had left before the first call was late.",
                    None if *sent > 0 || !matches!(self.outcome, Some(Ok(_))) => {
                        "The first call replied in time: its reply is the result."
                    }
                    None => {
                        "The first call replied in time. A second call to each first one would double the load, and \
                         then all calls are late."
                    }
                };
                case.differ(wanted, answer, advice);
            }
            (Some(_), None) => {
                let answer = format!("one call was sent, and then: {}", self.outcome());
                let advice = match self.fates[0] {
                    Fails(after) if after <= DELAY => {
                        "The first call has failed. The second one is sent at once, because the first cannot reply any \
                         more."
                    }
                    _ => "The first call is late: a second one is sent to another instance.",
                };
                case.differ(wanted, answer, advice);
            }
            (Some(at), Some((sent, ..))) if *sent != at => {
                let answer = format!("call 2 was sent after {sent} ms");
                let advice = match self.fates[0] {
                    Fails(after) if after <= DELAY => {
                        "The first call failed before it was late. `delay` is for a call that may still reply."
                    }
                    _ => {
                        "The first call has `delay` to reply, before another instance is troubled."
                    }
                };
                case.differ(wanted, answer, advice);
            }
            _ => {}
        }
    }

    /// Why the outcome is another one.
    fn about_outcome(&self) -> String {
        let first = self.calls.first();
        let second = self.calls.get(1);
        if let (Some((_, State::Cancelled, at)), Some((sent, ..))) = (first, second)
            && at <= sent
        {
            return "Call 1 was cancelled when the second one was sent. It had a start, and no caller knows which of \
                    the two is faster: wait for both."
                .to_string();
        }
        for (place, call) in self.calls.iter().enumerate() {
            if let (_, State::Replied, at) = call
                && *at < self.ended
            {
                return format!(
                    "Call {} replied after {at} ms, and `hedged` did not notice: the first reply is the result, \
                     whichever call it belongs to.",
                    place + 1
                );
            }
        }
        if self.outcome == Some(Err(Unavailable)) {
            return "One call had failed, and the other one was still pending: wait for it."
                .to_string();
        }
        "The first reply is the result. If both calls fail, it is `Unavailable`.".to_string()
    }
}

fn play_in(situation: &str, fates: [Fate; 2], leaves: Option<u64>) {
    case(situation, |case| {
        let schedule = Schedule::default();
        scene(case, &schedule, fates, leaves).expect(case, &schedule);
    });
}

#[test]
fn a_in_time() {
    play_in(
        "Call 1 replies after 5 ms; it is late after 20 ms",
        [Replies(5), Replies(SLOW)],
        None,
    );
}

// The belief of this exercise. The second call knows nothing of the first.
#[test]
fn b_the_first_is_nearly_there() {
    let situation = "Call 1 replies after 25 ms, 5 ms after call 2 was sent; call 2 is slow";
    play_in(situation, [Replies(25), Replies(SLOW)], None);
}

#[test]
fn c_the_second_is_faster() {
    play_in(
        "Call 1 is slow; call 2 replies 5 ms after it was sent",
        [Replies(SLOW), Replies(5)],
        None,
    );
}

#[test]
fn d_one_fails() {
    play_in(
        "Call 1 fails after 5 ms; call 2 replies",
        [Fails(5), Replies(5)],
        None,
    );
    play_in(
        "Both are pending; call 1 fails, and call 2 replies later",
        [Fails(25), Replies(30)],
        None,
    );
    play_in(
        "Both are pending; call 2 fails, and call 1 replies later",
        [Replies(60), Fails(5)],
        None,
    );
}

#[test]
fn e_both_fail() {
    play_in(
        "Both calls fail, one after the other",
        [Fails(5), Fails(5)],
        None,
    );
    play_in(
        "Both are pending, and both fail",
        [Fails(25), Fails(30)],
        None,
    );
}

#[test]
fn f_the_caller_leaves() {
    play_in(
        "The caller leaves after 10 ms; call 1 is pending",
        [Replies(SLOW), Replies(5)],
        Some(10),
    );
    play_in(
        "The caller leaves after 30 ms; both calls are pending",
        [Replies(SLOW), Replies(SLOW)],
        Some(30),
    );
}

// The check chooses when each call ends, and when the caller leaves.
#[test]
fn g_any_order() {
    schedules("Two calls and a caller, in any order", |case, schedule| {
        const FIRST: [Fate; 7] = [
            Replies(SLOW),
            Replies(5),
            Replies(25),
            Replies(40),
            Fails(5),
            Fails(25),
            Fails(40),
        ];
        const SECOND: [Fate; 6] = [
            Replies(5),
            Replies(20),
            Replies(30),
            Fails(5),
            Fails(20),
            Replies(SLOW),
        ];
        const LEAVES: [Option<u64>; 4] = [None, Some(10), Some(22), Some(42)];
        let fates = [FIRST[schedule.pick(7)], SECOND[schedule.pick(6)]];
        let leaves = LEAVES[schedule.pick(4)];
        scene(case, schedule, fates, leaves).expect(case, schedule);
    });
}
