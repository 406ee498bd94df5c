//! One call: its attempts, one after the other or two at a time.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout, timeout_at};
use tonic::{Code, Status};

use crate::caller::{Attempt, Failed, How, Inner};
use crate::connector::Connector;
use crate::fail::{FailMode, blames, unanswered};
use crate::member::Member;
use l06_grpc::retry::{Policy, Repeat};
use l06_grpc::status::{may_have_run, normalized};

/// The state that all attempts of a call share.
pub(crate) struct Call<'a, D: Connector, S> {
    pub(crate) inner: &'a Inner<D>,
    pub(crate) how: &'a How,
    pub(crate) until: Instant,
    pub(crate) send: S,
}

/// An attempt that has failed.
struct Failure {
    status: Status,
    may_have_run: bool,
}

/// Between two attempts at the same member. There is no pause before a member that was not tried yet.
const PAUSES: Policy = Policy {
    attempts: 0,
    first: Duration::from_millis(20),
    longest: Duration::from_secs(1),
};

impl<D, S, F, T> Call<'_, D, S>
where
    D: Connector,
    S: Fn(D::Connection, Attempt) -> F,
    F: Future<Output = Result<T, Status>>,
{
    // ANCHOR: in_turn
    /// One attempt after the other, until one is answered or there is a reason to stop.
    pub(crate) async fn in_turn(&self, mode: FailMode) -> Result<T, Failed> {
        let mut tried: Vec<Member> = Vec::new();
        loop {
            let same = tried.last().filter(|_| mode == FailMode::Try);
            let Some(member) = self.still_listed(same).or_else(|| self.choose(&tried)) else {
                return Err(Failed::NoMember);
            };
            let number = u32::try_from(tried.len() + 1).unwrap_or(u32::MAX);
            let last = mode == FailMode::Fast || number >= self.inner.settings.attempts;
            let outcome = self.attempt(&member, number, self.limit(last)).await;
            tried.push(member);
            let failure = match outcome {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            let again = !last
                && self.may_run_again(&failure)
                && self.rest(mode, &tried).await
                && self.inner.settings.budget.again();
            if !again {
                return Err(failure.after(number));
            }
        }
    }

    /// A call that certainly has not run may be repeated, whatever it is. One that may have run only if it is
    /// idempotent. One that was answered is over.
    fn may_run_again(&self, failure: &Failure) -> bool {
        unanswered(&failure.status) && (!failure.may_have_run || self.how.repeat == Repeat::Safe)
    }
    // ANCHOR_END: in_turn

    // ANCHOR: hedged
    /// Calls one member, and a second one when the first is late. The first answer wins. The other attempt is
    /// dropped with this future: that cancels it on the wire.
    pub(crate) async fn hedged(&self, after: Duration) -> Result<T, Failed> {
        let one = self.choose(&[]).ok_or(Failed::NoMember)?;
        let (outcome, first_was_overtaken) = self.race(&one, after).await;
        if first_was_overtaken {
            // It was not seen to fail. But a member that was called later was faster.
            self.inner.ejector.begin(&one).failed(self.listed());
        }
        outcome
    }

    async fn race(&self, one: &Member, after: Duration) -> (Result<T, Failed>, bool) {
        let mut first = pin!(self.attempt(one, 1, self.until));
        let early = match timeout(after, &mut first).await {
            Ok(Err(failure)) if self.may_run_again(&failure) => Some(failure),
            Ok(outcome) => return (outcome.map_err(|failure| failure.after(1)), false),
            Err(_) => None,
        };
        let other = self.choose(std::slice::from_ref(one));
        let other = other.filter(|other| other.id != one.id && Instant::now() < self.until);
        let Some(other) = other.filter(|_| self.inner.settings.budget.again()) else {
            let outcome = match early {
                Some(failure) => Err(failure),
                None => first.await,
            };
            return (outcome.map_err(|failure| failure.after(1)), false);
        };
        let mut second = pin!(self.attempt(&other, 2, self.until));
        let (outcome, overtaken) = if early.is_some() {
            (second.await, false)
        } else {
            tokio::select! {
                outcome = &mut first => match outcome {
                    Err(failure) if self.may_run_again(&failure) => (second.await, false),
                    answered => (answered, false),
                },
                outcome = &mut second => match outcome {
                    Err(failure) if self.may_run_again(&failure) => (first.await, false),
                    answered => (answered, true),
                },
            }
        };
        (outcome.map_err(|failure| failure.after(2)), overtaken)
    }
    // ANCHOR_END: hedged

    // ANCHOR: attempt
    /// One attempt: a connection, the call on it, and a note of how it ended.
    async fn attempt(&self, member: &Member, number: u32, until: Instant) -> Result<T, Failure> {
        let begun = self.inner.ejector.begin(member);
        let outcome = self.on_a_connection(member, number, until).await;
        match &outcome {
            Err(failure) if blames(&failure.status) => begun.failed(self.listed()),
            _ => begun.answered(),
        }
        outcome
    }

    async fn on_a_connection(
        &self,
        member: &Member,
        number: u32,
        until: Instant,
    ) -> Result<T, Failure> {
        let connections = &self.inner.connections;
        let found = (timeout_at(until, connections.to(member)).await)
            .unwrap_or_else(|_| Err(late("it did not run: there was no connection in time")));
        let found = found.map_err(|status| Failure {
            status,
            may_have_run: false,
        })?;
        let attempt = Attempt {
            until,
            member: member.clone(),
            number,
        };
        let sent = (self.send)(found.connection.clone(), attempt);
        let outcome = timeout_at(until, sent).await;
        outcome
            .unwrap_or_else(|_| {
                Err(late(
                    "no answer in time; the call may have run all the same",
                ))
            })
            .map_err(|status| {
                let may_have_run = may_have_run(&status);
                let status = normalized(status, Some(until));
                if status.code() == Code::Unavailable {
                    connections.forget(member, &found);
                }
                Failure {
                    status,
                    may_have_run,
                }
            })
    }
    // ANCHOR_END: attempt

    /// When an attempt is over. Only one that can be followed by another one ends early.
    fn limit(&self, last: bool) -> Instant {
        let early = !last && self.how.repeat == Repeat::Safe;
        match self.inner.settings.per_attempt.filter(|_| early) {
            Some(time) => self.until.min(Instant::now() + time),
            None => self.until,
        }
    }

    /// One of the members that may be called, if possible one that was not tried yet.
    fn choose(&self, tried: &[Member]) -> Option<Member> {
        let members = self.inner.members.borrow().clone();
        let mut among = self.inner.ejector.among(&members);
        let new = |member: &Member| tried.iter().all(|tried| tried.id != member.id);
        if among.iter().any(new) {
            among.retain(new);
        }
        let key = self.how.key.as_deref();
        let place = self.inner.selector.select(key, &among)?;
        among.get(place).cloned()
    }

    /// The same member, if it has not left.
    fn still_listed(&self, same: Option<&Member>) -> Option<Member> {
        same.filter(|same| self.inner.members.borrow().contains(same))
            .cloned()
    }

    fn listed(&self) -> usize {
        self.inner.members.borrow().len()
    }

    /// Pauses before the next attempt. False if too little time is left.
    async fn rest(&self, mode: FailMode, tried: &[Member]) -> bool {
        let others = mode != FailMode::Try && tried.len() < self.listed();
        let pause = match others {
            true => Duration::ZERO,
            false => PAUSES.pause(u32::try_from(tried.len()).unwrap_or(u32::MAX)),
        };
        if Instant::now() + pause >= self.until {
            return false;
        }
        sleep(pause).await;
        true
    }
}

impl Failure {
    fn after(self, attempts: u32) -> Failed {
        Failed::Call {
            status: self.status,
            attempts,
        }
    }
}

fn late(words: &str) -> Status {
    Status::deadline_exceeded(words)
}
