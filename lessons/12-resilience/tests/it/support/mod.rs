//! What the tests of this lesson share.
#![allow(
    dead_code,
    clippy::allow_attributes_without_reason,
    reason = "each test file uses a part"
)]

pub mod running;

use std::collections::HashMap;
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use l12_resilience::budget::Budget;
use l12_resilience::caller::{Attempt, Caller, Failed, How, Settings};
use l12_resilience::connector::Connector;
use l12_resilience::fail::FailMode;
use l12_resilience::member::Member;
use l12_resilience::select::Select;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tonic::Status;

/// How long to wait for what has to happen. The machine may be busy.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Asks again and again until the answer is yes.
pub async fn until(what: &str, mut ask: impl AsyncFnMut() -> bool) {
    let since = Instant::now();
    while !ask().await {
        assert!(since.elapsed() < PATIENCE, "never: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// In turn, without ejection and budget: what happens is the work of the mode alone.
pub fn plain(mode: FailMode) -> Settings {
    Settings {
        select: Select::RoundRobin,
        mode,
        budget: Budget::unlimited(),
        eject: None,
        deadline: PATIENCE,
        ..Settings::default()
    }
}

/// How a member without a socket behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// It answers.
    #[default]
    Well,
    /// It answers that it cannot.
    Failing,
    /// It cannot be reached.
    Refusing,
    /// It never answers.
    Silent,
    /// It answers that the call is wrong.
    Wrong,
    /// It answers that it has made a mistake itself.
    Broken,
}

/// Members without sockets, and what has happened to them.
#[derive(Clone, Default)]
pub struct Town(Arc<Mutex<Notes>>);

#[derive(Default)]
pub struct Notes {
    pub moods: HashMap<String, Mood>,
    /// Who was dialled.
    pub dialled: Vec<String>,
    /// Who was asked, in this order.
    pub asked: Vec<String>,
    /// Who was asked, and dropped before an answer.
    pub stopped: Vec<String>,
}

/// A line to one of them.
#[derive(Clone)]
pub struct Line(Town, String);

impl Connector for Town {
    type Connection = Line;

    async fn connect(&self, member: &Member, _deadline: Duration) -> Result<Line, Status> {
        self.notes(|notes| notes.dialled.push(member.id.clone()));
        // So that others get here meanwhile.
        tokio::task::yield_now().await;
        match self.mood(&member.id) {
            Mood::Refusing => Err(Status::unavailable("refused")),
            _ => Ok(Line(self.clone(), member.id.clone())),
        }
    }
}

impl Line {
    /// Asks for its name.
    pub async fn ask(self, _attempt: Attempt) -> Result<String, Status> {
        struct Under(Line, bool);
        impl Drop for Under {
            fn drop(&mut self) {
                if !self.1 {
                    let Line(town, id) = &self.0;
                    town.notes(|notes| notes.stopped.push(id.clone()));
                }
            }
        }
        self.0.notes(|notes| notes.asked.push(self.1.clone()));
        let mut under = Under(self.clone(), false);
        let outcome = match self.0.mood(&self.1) {
            Mood::Well | Mood::Refusing => Ok(self.1.clone()),
            Mood::Failing => Err(Status::unavailable("not now")),
            Mood::Silent => pending().await,
            Mood::Wrong => Err(Status::invalid_argument("what?")),
            Mood::Broken => Err(Status::internal("my fault")),
        };
        under.1 = true;
        outcome
    }
}

impl Town {
    pub fn notes<T>(&self, look: impl FnOnce(&mut Notes) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    pub fn mood(&self, id: &str) -> Mood {
        self.notes(|notes| notes.moods.get(id).copied().unwrap_or_default())
    }

    pub fn set(&self, ids: &str, mood: Mood) {
        self.notes(|notes| {
            notes
                .moods
                .extend(ids.chars().map(|id| (id.to_string(), mood)))
        });
    }

    /// Who was asked since the last question.
    pub fn asked(&self) -> String {
        self.notes(|notes| std::mem::take(&mut notes.asked))
            .concat()
    }

    /// Who was dialled since the last question.
    pub fn dialled(&self) -> String {
        self.notes(|notes| std::mem::take(&mut notes.dialled))
            .concat()
    }

    /// Whose work was stopped since the last question.
    pub fn stopped(&self) -> String {
        self.notes(|notes| std::mem::take(&mut notes.stopped))
            .concat()
    }
}

/// One for each letter.
pub fn members(ids: &str) -> Vec<Member> {
    let member = |id| Member::new(id, "127.0.0.1:9".parse().unwrap());
    ids.chars().map(member).collect()
}

/// A caller of a town whose members are these letters; and who can change that.
pub fn caller(
    town: &Town,
    ids: &str,
    settings: Settings,
) -> (Caller<Town>, watch::Sender<Vec<Member>>) {
    let (list, listed) = watch::channel(members(ids));
    (Caller::new(town.clone(), listed, settings), list)
}

/// Asks a member for its name.
pub async fn ask(caller: &Caller<Town>, how: How) -> Result<String, Failed> {
    caller.call(how, Line::ask).await
}
