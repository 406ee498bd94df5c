//! Outlier ejection: leaving out a member that fails, although it is on the list. The registry checks every few
//! seconds, and from another machine; a caller sees each of its own calls.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::member::Member;

/// The settings of ejection: after which failures, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After so many failures without a success between them.
    pub failures: u32,
    /// For so long the first time. Each time that its trial call fails, for twice as long.
    pub first: Duration,
    /// Never for longer.
    pub longest: Duration,
    /// At most so many of a hundred members are ejected at the same time. If all members fail, the cause is most
    /// likely on the caller's side, and no call at all would help no caller.
    pub most_percent: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            failures: 5,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            most_percent: 50,
        }
    }
}

/// The state of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is called, and has failed so often in a row.
    In(u32),
    /// It is not called before this moment.
    Out(Instant),
    /// One call is under way to see whether it answers again.
    OnTrial,
}

#[derive(Clone, Copy, Debug)]
struct Record {
    state: State,
    /// How often in a row it was put out.
    times: u32,
}

/// Notes how calls end, and says which members may be called. A clone shares the notes.
#[derive(Clone, Debug)]
pub struct Ejector {
    settings: Option<Settings>,
    known: Arc<Mutex<HashMap<String, Record>>>,
}

/// A call that has begun. Dropped without an outcome, it says nothing about the member.
#[derive(Debug)]
pub struct Begun {
    ejector: Ejector,
    id: String,
    trial: bool,
}

impl Ejector {
    /// `None`: no member is ever ejected.
    pub fn new(settings: Option<Settings>) -> Self {
        Ejector {
            settings,
            known: Arc::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Record>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: among
    /// Those of `members` that may be called now. A member that has left the list is forgotten.
    pub fn among(&self, members: &[Member]) -> Vec<Member> {
        let Some(settings) = self.settings else {
            return members.to_vec();
        };
        let now = Instant::now();
        let mut known = self.known();
        known.retain(|id, _| members.iter().any(|member| member.id == *id));
        let mut out: Vec<(Instant, String)> = (known.iter())
            .filter_map(|(id, one)| match one.state {
                State::In(_) => None,
                // Its time is over: one trial call may be made.
                State::Out(until) if until <= now => None,
                State::Out(until) => Some((until, id.clone())),
                State::OnTrial => Some((now, id.clone())),
            })
            .collect();
        // The list may have become shorter since. The member that would be back first is back now.
        out.sort();
        let too_many = out.len().saturating_sub(settings.most(members.len()));
        let left_out = &out[too_many..];
        let may = |member: &&Member| !left_out.iter().any(|(_, id)| *id == member.id);
        members.iter().filter(may).cloned().collect()
    }
    // ANCHOR_END: among

    /// A member was chosen and is called. If it was ejected and its time is over, this is the trial call.
    pub fn begin(&self, member: &Member) -> Begun {
        let mut trial = false;
        if let Some(one) = self.known().get_mut(&member.id)
            && matches!(one.state, State::Out(_))
        {
            one.state = State::OnTrial;
            trial = true;
        }
        Begun {
            ejector: self.clone(),
            id: member.id.clone(),
            trial,
        }
    }

    /// The ids of the members that are ejected. A member whose time is over is one of them, until it answers.
    pub fn out(&self) -> Vec<String> {
        let known = self.known();
        let out = known.iter().filter(|(_, one)| match one.state {
            State::In(_) => false,
            State::Out(_) | State::OnTrial => true,
        });
        let mut out: Vec<String> = out.map(|(id, _)| id.clone()).collect();
        out.sort();
        out
    }
}

impl Settings {
    /// How many of so many members may be out.
    fn most(&self, members: usize) -> usize {
        members * self.most_percent.min(100) / 100
    }

    /// How long a member is ejected this time.
    fn pause(&self, times: u32) -> Duration {
        let step = self.first.saturating_mul(1 << times.min(16));
        step.min(self.longest)
    }
}

impl Begun {
    /// The member has answered. What it said does not matter: an error can be the right answer.
    pub fn answered(mut self) {
        self.trial = false;
        self.ejector.known().remove(&self.id);
    }

    // ANCHOR: failed
    /// The member has not answered, or too late, or only that it cannot. `members` is how many there are.
    pub fn failed(mut self, members: usize) {
        let Some(settings) = self.ejector.settings else {
            return;
        };
        let mut known = self.ejector.known();
        let others_out = (known.iter())
            .filter(|(id, one)| **id != self.id && !matches!(one.state, State::In(_)))
            .count();
        let one = known.entry(self.id.clone()).or_insert(Record {
            state: State::In(0),
            times: 0,
        });
        let enough = match one.state {
            State::In(failures) => {
                one.state = State::In(failures.saturating_add(1));
                failures.saturating_add(1) >= settings.failures
            }
            // The trial call has failed.
            State::OnTrial => self.trial,
            // It was ejected while this call was under way: the same failure, and no new one.
            State::Out(_) => false,
        };
        if enough && others_out < settings.most(members) {
            one.state = State::Out(Instant::now() + settings.pause(one.times));
            one.times = one.times.saturating_add(1);
        }
        self.trial = false;
    }
    // ANCHOR_END: failed
}

impl Drop for Begun {
    fn drop(&mut self) {
        // A trial without an outcome: the next call may try.
        if self.trial
            && let Some(one) = self.ejector.known().get_mut(&self.id)
        {
            one.state = State::Out(Instant::now());
        }
    }
}
