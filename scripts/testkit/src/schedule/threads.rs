//! Threads that take turns: one of them runs, and at each lock the schedule says which goes on.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, LockResult, PoisonError, TryLockError};
use std::time::Instant;

use super::Schedule;
use crate::{Case, PATIENCE, View};

/// A task of [`Schedule::threads`]: its name and what it does.
pub type Thread = (&'static str, Box<dyn FnOnce() + Send>);

thread_local! {
    /// The turns that this thread takes part in, and its number there.
    static HERE: RefCell<Option<(Arc<Turns>, usize)>> = const { RefCell::new(None) };
}

struct Turns {
    schedule: Schedule,
    state: std::sync::Mutex<State>,
    changed: Condvar,
}

struct State {
    names: Vec<&'static str>,
    /// What each of them waits for, or that it has ended.
    tasks: Vec<Task>,
    /// Whose turn it is; nobody's when all have ended, or wait for each other.
    turn: Option<usize>,
    /// The locks that were taken so far, by their addresses: their numbers are told.
    locks: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Ready,
    WaitsFor(usize),
    Ended,
}

impl Schedule {
    /// Runs these threads to their ends. Only one of them runs at a time; at each [`crate::schedule::Mutex`] that it
    /// takes or releases the schedule says who goes on. Fails if they wait for each other.
    #[track_caller]
    pub fn threads(&self, case: &Case, all: Vec<Thread>) {
        let turns = Arc::new(Turns {
            schedule: self.clone(),
            state: std::sync::Mutex::new(State {
                names: all.iter().map(|(name, _)| *name).collect(),
                tasks: vec![Task::Ready; all.len()],
                turn: Some(self.pick(all.len())),
                locks: Vec::new(),
            }),
            changed: Condvar::new(),
        });
        for (number, (_, body)) in all.into_iter().enumerate() {
            let turns = Arc::clone(&turns);
            std::thread::spawn(move || {
                turns.wait_for(number);
                HERE.set(Some((Arc::clone(&turns), number)));
                // Also at a panic, which the case will tell.
                let _ends = Ends(&turns, number);
                body();
            });
        }
        turns.watch(case);
    }
}

/// Gives the turn away when a thread ends.
struct Ends<'t>(&'t Turns, usize);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        let Ends(turns, number) = *self;
        HERE.set(None);
        if std::thread::panicking() {
            let name = turns.state().names[number];
            turns.schedule.panics(name);
        }
        let mut state = turns.state();
        state.tasks[number] = Task::Ended;
        turns.go_on(&mut state, number);
    }
}

impl Turns {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Chooses who goes on: the one whose turn it is, as usual, or another one that can.
    fn go_on(&self, state: &mut State, now: usize) {
        let count = state.tasks.len();
        let ready: Vec<usize> = (now..now + count)
            .map(|number| number % count)
            .filter(|number| state.tasks[*number] == Task::Ready)
            .collect();
        state.turn = match ready.len() {
            0 => None,
            more => Some(ready[self.schedule.pick(more)]),
        };
        self.changed.notify_all();
    }

    fn wait_for(&self, number: usize) {
        let state = self.state();
        let done = self
            .changed
            .wait_while(state, |state| state.turn != Some(number));
        drop(done);
    }

    /// Lets another thread go on here, if the schedule says so.
    fn point(&self, number: usize) {
        self.go_on(&mut self.state(), number);
        self.wait_for(number);
    }

    fn note(&self, number: usize, lock: usize, what: &str) {
        let mut state = self.state();
        let known = state.locks.iter().position(|known| *known == lock);
        let at = known.unwrap_or(state.locks.len());
        if known.is_none() {
            state.locks.push(lock);
        }
        self.schedule
            .does(state.names[number], format!("{what} lock {}", at + 1));
    }

    /// Waits until all have ended.
    #[track_caller]
    fn watch(&self, case: &Case) {
        let until = Instant::now() + PATIENCE;
        let mut state = self.state();
        loop {
            if state.tasks.iter().all(|task| *task == Task::Ended) {
                return;
            }
            let stuck = state.turn.is_none();
            let left = until.saturating_duration_since(Instant::now());
            if stuck || left.is_zero() {
                let names = state.names.iter().zip(&state.tasks);
                let open: Vec<&str> = names
                    .filter(|(_, task)| **task != Task::Ended)
                    .map(|(name, _)| *name)
                    .collect();
                drop(state);
                let (who, answer) = (
                    open.join(" and "),
                    if stuck {
                        "waits for a lock that is never released".to_string()
                    } else {
                        format!("still runs after {}", PATIENCE.view())
                    },
                );
                let advice = if stuck {
                    "A lock is held while another one is waited for, or taken twice by one thread. Release the \
                     first one before you take the next."
                } else {
                    "The thread waits for something that does not happen, or it never ends."
                };
                case.differ(format!("{who} returns"), format!("{who} {answer}"), advice);
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }
}

/// `std::sync::Mutex`, at which the schedule of a check decides who goes on. Anywhere else it is just that.
#[derive(Debug, Default)]
pub struct Mutex<T: ?Sized> {
    inner: std::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    /// As `std::sync::Mutex::new`.
    pub const fn new(value: T) -> Self {
        Mutex {
            inner: std::sync::Mutex::new(value),
        }
    }

    /// As `std::sync::Mutex::into_inner`.
    ///
    /// # Errors
    /// If a thread has panicked while it held the lock.
    pub fn into_inner(self) -> LockResult<T> {
        self.inner.into_inner()
    }
}

impl<T: ?Sized> Mutex<T> {
    /// As `std::sync::Mutex::lock`.
    ///
    /// # Errors
    /// If a thread has panicked while it held the lock.
    pub fn lock(&self) -> LockResult<Guard<'_, T>> {
        let here = HERE.with_borrow(Clone::clone);
        let Some((turns, number)) = here else {
            return wrap(self.inner.lock(), self.address());
        };
        turns.point(number);
        loop {
            match self.inner.try_lock() {
                Ok(guard) => {
                    turns.note(number, self.address(), "takes");
                    return wrap(Ok(guard), self.address());
                }
                Err(TryLockError::Poisoned(error)) => {
                    return wrap(Err(error), self.address());
                }
                Err(TryLockError::WouldBlock) => {
                    let mut state = turns.state();
                    state.tasks[number] = Task::WaitsFor(self.address());
                    turns.go_on(&mut state, number);
                    drop(state);
                    turns.wait_for(number);
                }
            }
        }
    }

    fn address(&self) -> usize {
        (&raw const self.inner).cast::<()>() as usize
    }
}

fn wrap<T: ?Sized>(
    result: LockResult<std::sync::MutexGuard<'_, T>>,
    lock: usize,
) -> LockResult<Guard<'_, T>> {
    let guard = |inner| Guard {
        inner: Some(inner),
        lock,
    };
    match result {
        Ok(inner) => Ok(guard(inner)),
        Err(error) => Err(PoisonError::new(guard(error.into_inner()))),
    }
}

/// The guard that [`Mutex::lock`] returns: the lock is released when it is dropped.
#[derive(Debug)]
pub struct Guard<'m, T: ?Sized> {
    /// Always there until it is dropped.
    inner: Option<std::sync::MutexGuard<'m, T>>,
    lock: usize,
}

impl<T: ?Sized> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner
            .as_deref()
            .expect("it is held until it is dropped")
    }
}

impl<T: ?Sized> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.inner
            .as_deref_mut()
            .expect("it is held until it is dropped")
    }
}

impl<T: ?Sized> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.inner = None;
        let here = HERE.with_borrow(Clone::clone);
        let Some((turns, number)) = here else {
            return;
        };
        turns.note(number, self.lock, "releases");
        let mut state = turns.state();
        for task in &mut state.tasks {
            if *task == Task::WaitsFor(self.lock) {
                *task = Task::Ready;
            }
        }
        drop(state);
        if !std::thread::panicking() {
            turns.point(number);
        }
    }
}
