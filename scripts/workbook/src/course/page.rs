//! The pages of a lesson: its chapter, and further ones with goals, minutes and exercises of their own.
//!
//! ```toml
//! [[page]]
//! name = "03-go-dialect"
//! title = "Go's JSON-RPC dialect"
//! core = false
//! minutes = 30
//! goals = ["Name what differs."]
//! ```
//!
//! It stands in `book/src/NAME.md`, below the chapter in the summary, and an exercise with `page = "NAME"` belongs
//! to it. What the lesson itself states (`minutes`, `demo`, `goals`) is its chapter's.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Exercise, Lesson};

/// One page of a lesson; a `[[page]]` has all of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The name of its file without its ending: `01-tcp`.
    pub name: String,
    /// The heading a learner sees.
    pub title: String,
    /// Whether it carries the thread of the course (else all of its exercises are stretch exercises).
    pub core: bool,
    /// To read it, its demo and its exercises, in minutes.
    pub minutes: u32,
    /// How long its demo takes, in seconds, where that was measured: the minutes are then the computed ones.
    pub demo: Option<u32>,
    /// What a learner can do afterwards.
    pub goals: Vec<String>,
}

impl Page {
    /// Its text, relative to the course.
    pub fn file(&self) -> PathBuf {
        Path::new("book/src").join(format!("{}.md", self.name))
    }

    /// The stated minutes without its exercises, which are some of `lesson`.
    pub fn reading(&self, lesson: &Lesson) -> u32 {
        let exercises: u32 = lesson.on(self).map(|exercise| exercise.minutes).sum();
        self.minutes.saturating_sub(exercises)
    }
}

impl Lesson {
    /// The exercises that stand on `page`, in order.
    pub fn on<'a>(&'a self, page: &Page) -> impl Iterator<Item = &'a Exercise> {
        let name = page.name.clone();
        self.exercises
            .iter()
            .filter(move |exercise| exercise.page == name)
    }

    /// The minutes of its core pages without their stretch exercises.
    pub fn core_minutes(&self) -> u32 {
        let core = self.pages.iter().filter(|page| page.core);
        core.map(|page| {
            let stretch = self.on(page).filter(|exercise| !exercise.core);
            let stretch: u32 = stretch.map(|exercise| exercise.minutes).sum();
            page.minutes.saturating_sub(stretch)
        })
        .sum()
    }
}
