//! Decides what each event means. Nothing here waits: a check runs in the session's own thread.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::Event;
use super::files::Heard;
use super::keys::Key;
use super::screen::Screen;
use super::signals::Signal;
use crate::commands::list;
use crate::course::Exercise;
use crate::render;
use crate::session::{self, Job, JobKind, Session};
use crate::verdict::Verdict;
use crate::words;

/// A check that takes longer than this says so.
const QUIET: Duration = Duration::from_secs(2);
/// Where nothing is drawn over, a long check says so again after this.
const AGAIN: Duration = Duration::from_secs(10);
/// Lines kept of what a running check prints, for `v`.
const LINES: usize = 2000;

/// Watch mode.
pub struct App {
    pub(super) session: Arc<Session>,
    pub(super) screen: Screen,
    /// The watched exercise; `files` looks at it too.
    pub(super) current: Arc<Mutex<String>>,
    /// The last check that was asked for here. Verdicts of older ones are about an old text.
    pub(super) asked: u64,
    pub(super) checks: usize,
    pub(super) busy: Option<Busy>,
    pub(super) last: Option<Verdict>,
    /// What the check printed that runs or was the last to run.
    pub(super) printed: VecDeque<String>,
    pub(super) hints: usize,
    pub(super) mode: Mode,
    pub(super) sweep: Option<Sweep>,
    pub(super) said: Said,
}

/// What the keys mean: the foot of the screen follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// The answer has not passed yet.
    Open,
    /// The answer was reset, and `u` brings its text back.
    Undo,
    /// The answer has passed. `undo`: it was reset before, and `u` still brings that text back.
    Passed { undo: bool },
    /// Everything has passed.
    AllPassed { undo: bool },
    /// `x` was pressed: once more resets the answer, any other key goes back.
    Confirming(Box<Mode>),
}

impl Mode {
    pub(super) fn keys(&self) -> &'static str {
        match self {
            Self::Open => words::WATCH_OPEN,
            Self::Undo => words::WATCH_UNDO,
            Self::Passed { .. } => words::WATCH_PASSED,
            Self::AllPassed { .. } => words::WATCH_ALL_PASSED,
            Self::Confirming(_) => words::WATCH_CONFIRM,
        }
    }

    /// Whether `u` brings a text back.
    pub(super) fn undo(&self) -> bool {
        match self {
            Self::Open => false,
            Self::Undo => true,
            Self::Passed { undo } | Self::AllPassed { undo } => *undo,
            Self::Confirming(before) => before.undo(),
        }
    }
}

/// What was shown since the last check was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing: its verdict may take the place of what is on the screen.
    Nothing,
    /// Something that its verdict must not wipe away.
    Something,
    /// The reason for the check that follows.
    Reason(String),
    /// The same, and the check is asked for: its verdict has the reason above it.
    Above(String),
}

impl Said {
    /// Whether a verdict must leave the screen as it is.
    pub(super) fn stays(&self) -> bool {
        matches!(self, Self::Something | Self::Reason(_))
    }
}

/// A check on its way.
pub(super) struct Busy {
    pub(super) job: u64,
    pub(super) since: Instant,
    pub(super) told: Option<Instant>,
    pub(super) phase: Phase,
    pub(super) line: String,
}

#[derive(PartialEq, Eq)]
pub(super) enum Phase {
    Waits,
    Compiles,
    Runs,
}

/// A check of everything that was begun.
pub(super) struct Sweep {
    pub(super) jobs: HashSet<u64>,
    pub(super) checked: usize,
    pub(super) passed: usize,
    pub(super) untouched: usize,
}

/// The exercise to begin with.
///
/// # Errors
/// No exercise has this name, or there is none at all.
pub fn first(session: &Session, id: Option<&str>) -> Result<String> {
    let (progress, _) = session.store.progress();
    let course = &session.course;
    let exercise = match id {
        Some(name) => {
            let chosen = course.select(name)?;
            let open = chosen.iter().find(|e| !progress.state(&e.id).passed);
            open.or(chosen.first()).copied()
        }
        None => progress
            .next_open(course, None)
            .or_else(|| course.exercises().next()),
    };
    Ok(exercise
        .context("there is no exercise to watch")?
        .id
        .clone())
}

impl App {
    pub fn new(session: Arc<Session>, screen: Screen, current: Arc<Mutex<String>>) -> Self {
        Self {
            session,
            screen,
            current,
            asked: 0,
            checks: 0,
            busy: None,
            last: None,
            printed: VecDeque::new(),
            hints: 0,
            mode: Mode::Open,
            sweep: None,
            said: Said::Nothing,
        }
    }

    /// Takes events until one of them ends it.
    pub fn run(mut self, events: &Receiver<Event>) -> ExitCode {
        let (_, damage) = self.session.store.progress();
        self.top();
        if !damage.is_empty() {
            self.screen.say(&words::damaged(&damage));
        }
        if self.everything_passed() {
            self.screen.say(&format!("  {}", words::WATCH_ALL_DONE));
        }
        self.foot();
        self.check();
        loop {
            self.screen.flush();
            let event = match self.pause() {
                Some(pause) => match events.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {
                        self.tick();
                        continue;
                    }
                    other => other.ok(),
                },
                None => events.recv().ok(),
            };
            let mut end = None;
            match event {
                Some(Event::Key(key)) => end = self.key(key),
                Some(Event::File(heard)) => self.file(heard),
                Some(Event::Session(news)) => self.news(news),
                Some(Event::Signal(Signal::Redraw)) => {
                    self.screen.redraw();
                    // Lines are wrapped to the new width, if only the verdict is to be shown.
                    if !self.said.stays() && self.busy.is_none() && self.screen.draws() {
                        self.show_last();
                        self.foot();
                    }
                }
                Some(Event::Signal(Signal::End(code))) => end = Some(ExitCode::from(code)),
                Some(Event::Signal(Signal::Interrupt)) | None => end = Some(ExitCode::SUCCESS),
            }
            if let Some(code) = end.or(self.screen.gone().then_some(ExitCode::SUCCESS)) {
                self.screen.end();
                return code;
            }
        }
    }

    fn key(&mut self, key: Key) -> Option<ExitCode> {
        let Key::Char(key) = key else {
            return Some(ExitCode::SUCCESS);
        };
        if let Mode::Confirming(before) = self.mode.clone() {
            self.mode = *before;
            if key == 'x' {
                self.reset();
                return None;
            }
            self.tell(words::WATCH_NOT_RESET);
            if key != 'q' {
                self.foot();
                return None;
            }
        }
        match key {
            'q' => return Some(ExitCode::SUCCESS),
            'n' => self.next(),
            'h' => self.hint(),
            'l' => {
                let (progress, _) = self.session.store.progress();
                let table = list::table(&self.session.course, &progress, self.screen.style);
                self.tell(&format!("\n{table}"));
            }
            'c' => self.check_all(),
            'x' => {
                let question = words::watch_confirm(&self.exercise());
                self.mode = Mode::Confirming(Box::new(self.mode.clone()));
                self.tell_wrapped(&question);
            }
            'u' => self.undo(),
            'v' => self.full(),
            '\n' => {
                self.stop_sweep();
                self.check();
            }
            '?' => {
                let mut text = String::from("\n");
                for (key, what) in words::WATCH_KEYS {
                    text.push_str(&format!("  {key:<6} {what}\n"));
                }
                self.tell(&text);
            }
            // For the test that a panic leaves the terminal as it was.
            #[cfg(debug_assertions)]
            '!' if std::env::var_os("WORKBOOK_TEST_PANIC").is_some() => panic!("as asked"),
            _ => return None,
        }
        self.foot();
        None
    }

    fn file(&mut self, heard: Heard) {
        match heard {
            // Typed in the page, which asks for a check when the learner does.
            Heard::Saved(id)
                if (self.session.course.exercise(&id))
                    .is_ok_and(|exercise| self.session.page_wrote(exercise)) => {}
            Heard::Saved(id) => {
                self.stop_sweep();
                if *self.lock() != id {
                    self.switch(&id);
                    self.reason(&words::watch_switched(&self.exercise()));
                }
                self.check();
            }
            Heard::Missing => {
                let text = words::answer_is_missing(&self.exercise());
                self.trouble(&text);
            }
            Heard::Deaf => {
                self.tell_wrapped(words::WATCH_DEAF);
            }
        }
    }

    fn news(&mut self, news: session::Event) {
        match news {
            session::Event::Started(job) if job.kind == JobKind::Check => {
                self.printed.clear();
                self.busy_with(&job, Phase::Compiles);
            }
            session::Event::Running(job) if self.runs(&job) => {
                if let Some(busy) = &mut self.busy {
                    busy.phase = Phase::Runs;
                    busy.line.clear();
                }
            }
            session::Event::Output(job, line) if self.runs(&job) => self.output(line),
            session::Event::Verdict(job, verdict, note) => self.verdict(&job, *verdict, note),
            session::Event::Done(job, _, why) if job.kind == JobKind::Check => {
                self.done(&job, why);
            }
            session::Event::Notice(text) => {
                let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
                self.tell(&lines.join("\n"));
            }
            _ => {}
        }
    }

    fn output(&mut self, line: String) {
        let Some(busy) = &mut self.busy else { return };
        if busy.phase == Phase::Compiles {
            let said = line.trim();
            // `Blocking`: another cargo, perhaps the editor's, is at work.
            let progress = ["Compiling", "Download", "Updating", "Blocking"];
            if progress.iter().any(|word| said.starts_with(word)) {
                // `Compiling tokio v1.2.3 (/a/long/path)`: the place says nothing here.
                let end = said.find(" (").unwrap_or(said.len());
                said[..end].clone_into(&mut busy.line);
            }
        }
        if self.printed.len() == LINES {
            self.printed.pop_front();
        }
        self.printed.push_back(line);
    }

    fn verdict(&mut self, job: &Job, verdict: Verdict, note: Option<String>) {
        let style = self.screen.style;
        if let Some(sweep) = &mut self.sweep
            && sweep.jobs.contains(&job.job)
        {
            sweep.passed += usize::from(verdict.passed());
            let line = format!("  {}", render::headline(&verdict, style));
            self.screen.say(&line);
            if let Some(note) = note {
                self.screen.say(&note);
            }
            if verdict.id == *self.lock() {
                self.last = Some(verdict);
            }
            return;
        }
        if verdict.id != *self.lock() {
            let line = render::headline(&verdict, style);
            self.tell(&format!("  {line} {}", words::WATCH_ELSEWHERE));
            return;
        }
        if job.job < self.asked {
            return;
        }
        self.checks += 1;
        self.busy = None;
        let after = self.mode_after(&verdict);
        match &mut self.mode {
            Mode::Confirming(before) => **before = after,
            mode => *mode = after,
        }
        if verdict.passed() {
            self.hints = 0;
        }
        self.last = Some(verdict);
        self.show_last();
        if matches!(self.said, Said::Above(_)) {
            self.said = Said::Nothing;
        }
        if let Some(note) = note {
            self.screen.say(&note);
        }
        self.screen.foot_again();
        self.foot();
    }

    fn mode_after(&self, verdict: &Verdict) -> Mode {
        let undo = self.mode.undo();
        if verdict.passed() && self.everything_passed() {
            Mode::AllPassed { undo }
        } else if verdict.passed() {
            Mode::Passed { undo }
        } else if undo {
            Mode::Undo
        } else {
            Mode::Open
        }
    }

    fn done(&mut self, job: &Job, why: Option<String>) {
        if self.runs(job) {
            self.busy = None;
        }
        let mut of_sweep = false;
        let mut show_keys = self.screen.draws();
        if let Some(sweep) = &mut self.sweep
            && sweep.jobs.remove(&job.job)
        {
            of_sweep = true;
            if sweep.jobs.is_empty() {
                let text = words::watch_all_ends(sweep.passed, sweep.checked, sweep.untouched);
                self.sweep = None;
                self.screen.say(&format!("  {text}"));
                self.screen.foot_again();
                show_keys = true;
            }
        }
        let stopped = why.as_deref() == Some(words::STOPPED);
        if let Some(why) = why.filter(|_| !stopped)
            && (of_sweep || (job.target == *self.lock() && job.job >= self.asked))
        {
            self.trouble(&why);
        } else if self.busy.is_none() && show_keys {
            self.foot();
        }
    }

    /// How long to wait for an event before something must be drawn.
    fn pause(&self) -> Option<Duration> {
        let busy = self.busy.as_ref()?;
        let next = match busy.told {
            None => busy.since + QUIET,
            Some(told) if self.screen.draws() => told + Duration::from_secs(1),
            Some(told) => told + AGAIN,
        };
        Some(next.saturating_duration_since(Instant::now()))
    }

    pub(super) fn tick(&mut self) {
        let Some(busy) = &mut self.busy else { return };
        busy.told = Some(Instant::now());
        let seconds = busy.since.elapsed().as_secs();
        let text = match busy.phase {
            Phase::Waits => words::watch_waiting(seconds),
            Phase::Compiles => words::watch_compiling(seconds, &busy.line),
            Phase::Runs => words::watch_running(seconds),
        };
        if matches!(self.mode, Mode::Confirming(_)) {
            return;
        }
        self.screen.progress(&text, words::WATCH_BUSY);
    }

    pub(super) fn busy_with(&mut self, job: &Job, phase: Phase) {
        self.busy = Some(Busy {
            job: job.job,
            since: Instant::now(),
            told: None,
            phase,
            line: String::new(),
        });
    }

    fn runs(&self, job: &Job) -> bool {
        self.busy.as_ref().is_some_and(|busy| busy.job == job.job)
    }

    pub(super) fn everything_passed(&self) -> bool {
        let (progress, _) = self.session.store.progress();
        progress.next_open(&self.session.course, None).is_none()
    }

    pub(super) fn exercise(&self) -> Exercise {
        let exercise = self.session.course.exercise(&self.lock());
        exercise
            .expect("only names of this course are put there")
            .clone()
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
