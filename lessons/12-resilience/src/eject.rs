//! Leaving out who fails, though the list still has it. Consul looks every few seconds, and from its
//! own place; a caller sees each call, and from here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::member::Member;

/// When somebody is left out, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// After so many failures without a success between them.
    pub failures: u32,
    /// For so long the first time; each time that it comes back and fails at once, for twice as long.
    pub first: Duration,
    /// Never for longer.
    pub longest: Duration,
    /// At most so many of a hundred members are out at the same time. If everybody fails, the fault is
    /// most likely our own, and to call nobody helps nobody.
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

/// Where a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// It is called, and has failed so often in a row.
    In(u32),
    /// It is not called before this moment.
    Out(Instant),
    /// One call is on its way to see whether it is well again.
    OnTrial,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    place: Place,
    /// How often in a row it was put out.
    times: u32,
}

/// Notes how calls end, and says who may be called. A clone shares the notes.
#[derive(Clone, Debug)]
pub struct Ejector {
    settings: Option<Settings>,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

/// A call that has begun. Dropped without a word, it says nothing about the member.
#[derive(Debug)]
pub struct Begun {
    ejector: Ejector,
    id: String,
    trial: bool,
}

impl Ejector {
    /// `None`: nobody is ever left out.
    #[must_use]
    pub fn new(settings: Option<Settings>) -> Self {
        Ejector {
            settings,
            known: Arc::default(),
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: among
    /// Those of `members` who may be called now. Who has left the list is forgotten.
    #[must_use]
    pub fn among(&self, members: &[Member]) -> Vec<Member> {
        let Some(settings) = self.settings else {
            return members.to_vec();
        };
        let now = Instant::now();
        let mut known = self.known();
        known.retain(|id, _| members.iter().any(|member| member.id == *id));
        let mut out: Vec<(Instant, String)> = (known.iter())
            .filter_map(|(id, one)| match one.place {
                Place::In(_) => None,
                // Whose time is over may be called: by one call, to see.
                Place::Out(until) if until <= now => None,
                Place::Out(until) => Some((until, id.clone())),
                Place::OnTrial => Some((now, id.clone())),
            })
            .collect();
        // The list may have become shorter since. Who would be back first is back now.
        out.sort();
        let too_many = out.len().saturating_sub(settings.most(members.len()));
        let left_out = &out[too_many..];
        let may = |member: &&Member| !left_out.iter().any(|(_, id)| *id == member.id);
        members.iter().filter(may).cloned().collect()
    }
    // ANCHOR_END: among

    /// Somebody was chosen and is called. For one whose time is over, this is the trial.
    #[must_use]
    pub fn begin(&self, member: &Member) -> Begun {
        let mut trial = false;
        if let Some(one) = self.known().get_mut(&member.id)
            && matches!(one.place, Place::Out(_))
        {
            one.place = Place::OnTrial;
            trial = true;
        }
        Begun {
            ejector: self.clone(),
            id: member.id.clone(),
            trial,
        }
    }

    /// Who is left out at present, by id: also whose time is over, until a call has shown that it is well.
    #[must_use]
    pub fn out(&self) -> Vec<String> {
        let known = self.known();
        let out = known.iter().filter(|(_, one)| match one.place {
            Place::In(_) => false,
            Place::Out(_) | Place::OnTrial => true,
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

    /// How long somebody is out for this time.
    fn pause(&self, times: u32) -> Duration {
        let step = self.first.saturating_mul(1 << times.min(16));
        step.min(self.longest)
    }
}

impl Begun {
    /// It has answered. What it said does not matter: an error can be the right answer.
    pub fn answered(mut self) {
        self.trial = false;
        self.ejector.known().remove(&self.id);
    }

    // ANCHOR: failed
    /// It has not answered, or late, or only that it cannot. `members` is how many there are.
    pub fn failed(mut self, members: usize) {
        let Some(settings) = self.ejector.settings else {
            return;
        };
        let mut known = self.ejector.known();
        let others_out = (known.iter())
            .filter(|(id, one)| **id != self.id && !matches!(one.place, Place::In(_)))
            .count();
        let one = known.entry(self.id.clone()).or_insert(Known {
            place: Place::In(0),
            times: 0,
        });
        let enough = match one.place {
            Place::In(failures) => {
                one.place = Place::In(failures.saturating_add(1));
                failures.saturating_add(1) >= settings.failures
            }
            // It was on trial, and it is as it was.
            Place::OnTrial => self.trial,
            // It went out while this call was on its way. That was one failure, not one more.
            Place::Out(_) => false,
        };
        if enough && others_out < settings.most(members) {
            one.place = Place::Out(Instant::now() + settings.pause(one.times));
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
            one.place = Place::Out(Instant::now());
        }
    }
}
