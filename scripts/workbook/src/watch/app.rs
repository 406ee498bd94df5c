//! Decides what each event means. Nothing here waits: a check runs in the session's own thread.

use std::collections::{HashSet, VecDeque};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::files::Heard;
use super::keys::Key;
use super::screen::Screen;
use super::signals::Signal;
use super::{Event, cut};
use crate::commands::list;
use crate::course::Exercise;
use crate::render;
use crate::session::{self, Job, JobKind, Session};
use crate::store::{Kind, Reset, Undo};
use crate::verdict::{Status, Verdict};
use crate::words;

/// A check that takes longer than this says so.
const QUIET: Duration = Duration::from_secs(2);
/// Where nothing is drawn over, a long check says so again after this.
const AGAIN: Duration = Duration::from_secs(10);
/// Lines kept of what a running check prints, for `v`.
const LINES: usize = 2000;

/// Watch mode.
pub struct App {
    session: Arc<Session>,
    screen: Screen,
    /// The watched exercise; `files` looks at it too.
    current: Arc<Mutex<String>>,
    /// The last check that was asked for here. Verdicts of older ones are about an old text.
    asked: u64,
    checks: usize,
    busy: Option<Busy>,
    last: Option<Verdict>,
    /// What the check printed that runs or was the last to run.
    printed: VecDeque<String>,
    hints: usize,
    keys: &'static str,
    confirming: bool,
    undo: bool,
    sweep: Option<Sweep>,
    /// Something was shown since the check began; its verdict must not wipe that away.
    said: bool,
    /// The reason for the next check, shown again above its verdict.
    note: Option<String>,
}

/// A check on its way.
struct Busy {
    job: u64,
    since: Instant,
    told: Option<Instant>,
    phase: Phase,
    line: String,
}

#[derive(PartialEq, Eq)]
enum Phase {
    Waits,
    Compiles,
    Runs,
}

/// A check of everything that was begun.
struct Sweep {
    jobs: HashSet<u64>,
    checked: usize,
    passed: usize,
    untouched: usize,
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
            keys: words::WATCH_OPEN,
            confirming: false,
            undo: false,
            sweep: None,
            said: false,
            note: None,
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
            let end = match event {
                Some(Event::Key(key)) => self.key(key),
                Some(Event::File(heard)) => {
                    self.file(heard);
                    None
                }
                Some(Event::Session(news)) => {
                    self.news(news);
                    None
                }
                Some(Event::Signal(Signal::Redraw)) => {
                    self.screen.redraw();
                    // Lines are wrapped to the new width, if only the verdict is to be shown.
                    if !self.said && self.busy.is_none() && self.screen.draws() {
                        self.show_last();
                        self.foot();
                    }
                    None
                }
                Some(Event::Signal(Signal::End(code))) => Some(ExitCode::from(code)),
                Some(Event::Signal(Signal::Interrupt)) | None => Some(ExitCode::SUCCESS),
            };
            let end = end.or_else(|| self.screen.gone().then_some(ExitCode::SUCCESS));
            if let Some(code) = end {
                self.screen.end();
                return code;
            }
        }
    }

    fn key(&mut self, key: Key) -> Option<ExitCode> {
        let Key::Char(key) = key else {
            return Some(ExitCode::SUCCESS);
        };
        if std::mem::take(&mut self.confirming) {
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
                self.confirming = true;
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
            _ => return None,
        }
        self.foot();
        None
    }

    fn file(&mut self, heard: Heard) {
        match heard {
            Heard::Saved(id) => {
                self.stop_sweep();
                if *self.lock() != id {
                    self.switch(&id);
                    self.reason(&words::watch_switched(&self.exercise()));
                }
                self.check();
            }
            Heard::Missing(_) => {
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
            let progress = ["Compiling", "Downloading", "Downloaded", "Updating"];
            if said.starts_with("Blocking") {
                // Another cargo holds the folder. That may take long: say so at once.
                said.clone_into(&mut busy.line);
                busy.since = busy.since.checked_sub(QUIET).unwrap_or(busy.since);
            } else if progress.iter().any(|word| said.starts_with(word)) {
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
        self.keys = match () {
            () if !verdict.passed() && self.undo => words::WATCH_UNDO,
            () if !verdict.passed() => words::WATCH_OPEN,
            () if self.everything_passed() => words::WATCH_ALL_PASSED,
            () => words::WATCH_PASSED,
        };
        if verdict.passed() {
            self.hints = 0;
        }
        self.last = Some(verdict);
        self.show_last();
        self.note = None;
        if let Some(note) = note {
            self.screen.say(&note);
        }
        self.screen.foot_again();
        self.foot();
    }

    /// Shows the last verdict with all that belongs to it: instead of what is on the screen, unless
    /// something there was asked for while the check ran.
    fn show_last(&mut self) {
        let Some(verdict) = self.last.clone() else {
            return;
        };
        if self.said || !self.screen.draws() {
            self.screen.say("");
        } else {
            self.top();
            if let Some(note) = &self.note {
                let lines = self.screen.style.wrap(note, 2, 2);
                self.screen.say(&format!("{}\n", lines.join("\n")));
                self.screen.say("");
            }
        }
        self.screen.say(&self.rendered(&verdict));
        if verdict.passed() {
            self.passed(&verdict);
        } else if self.hints > 0 && self.screen.draws() {
            self.show_hints(1);
        }
    }

    /// The open hints from number `from` on.
    fn show_hints(&mut self, from: usize) {
        let exercise = self.exercise();
        let style = self.screen.style;
        let mut out = String::from("\n");
        for (hint, number) in exercise.hints.iter().zip(1..=self.hints) {
            if number < from {
                continue;
            }
            let head = words::hint_head(number, exercise.hints.len());
            for line in style.wrap(&format!("{head} {hint}"), 2, 4) {
                out.push_str(&line);
                out.push('\n');
            }
        }
        self.screen.say(&out);
    }

    /// The verdict, cut down to about two screens.
    fn rendered(&self, verdict: &Verdict) -> String {
        let style = self.screen.style;
        let rows = self.screen.two_screens();
        let mut short = verdict.clone();
        let mut note = None;
        match verdict.status {
            Status::Passed => {}
            Status::CompileError => {
                let (text, left) = cut::errors(&verdict.message, rows);
                short.message = cut::colours_only(&text, style.colour);
                note = (left > 0).then(|| words::watch_more_errors(left));
            }
            Status::Failed | Status::TimedOut => {
                let (text, cut) = cut::message(&verdict.message, rows);
                short.message = text;
                note = cut.then(|| words::WATCH_CUT.to_owned());
            }
        }
        let mut text = render::verdict(&short, style, None);
        if let Some(note) = note {
            text.push_str(&format!("  {note}\n"));
        }
        text
    }

    /// What stands under a pass: the reasons of the solution, which is open now.
    fn passed(&mut self, verdict: &Verdict) {
        let style = self.screen.style;
        if let Some(why) = render::why(&self.session.course, verdict) {
            let mut text = format!("\n  {}\n", style.dim(words::WATCH_WHY));
            for paragraph in why.split("\n\n") {
                for line in style.wrap(paragraph, 4, 4) {
                    text.push_str(&line);
                    text.push('\n');
                }
                text.push('\n');
            }
            self.screen.say(text.trim_end());
        }
        self.screen.say("");
        if self.everything_passed() {
            self.screen.say(&format!("  {}", words::WATCH_ALL_DONE));
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

    /// No verdict, but a reason: cargo could not work, or the file is gone.
    fn trouble(&mut self, why: &str) {
        let (text, cut) = cut::message(why, self.screen.two_screens());
        let text = self.screen.style.bad(&text);
        self.tell(&format!("\n  {}", text.replace('\n', "\n  ")));
        if cut {
            self.tell(words::WATCH_CUT);
        }
        self.foot();
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

    fn tick(&mut self) {
        let Some(busy) = &mut self.busy else { return };
        busy.told = Some(Instant::now());
        let seconds = busy.since.elapsed().as_secs();
        let mut text = match busy.phase {
            Phase::Waits => words::watch_waiting(seconds),
            Phase::Compiles => words::watch_compiling(seconds, &busy.line),
            Phase::Runs => words::watch_running(seconds),
        };
        if self.confirming {
            return;
        }
        if self.screen.draws() {
            text.push_str("   ");
            text.push_str(words::WATCH_BUSY);
        }
        self.screen.progress(&text);
    }

    fn check(&mut self) {
        self.said = false;
        let job = self.session.check(&self.exercise());
        self.asked = job.job;
        self.busy_with(&job, Phase::Waits);
    }

    fn check_all(&mut self) {
        let course = &self.session.course;
        let begun: Vec<Exercise> = course
            .exercises()
            .filter(|exercise| {
                let text = |file| std::fs::read(course.path(file)).ok();
                text(&exercise.answer()) != text(&exercise.stub())
            })
            .cloned()
            .collect();
        let untouched = course.exercises().count() - begun.len();
        self.stop_sweep();
        if begun.is_empty() {
            self.tell(&format!("  {}", words::WATCH_NOTHING_BEGUN));
            return;
        }
        self.tell(&format!("\n  {}", words::watch_all_begins(begun.len())));
        let jobs = begun
            .iter()
            .map(|exercise| self.session.check(exercise).job);
        self.sweep = Some(Sweep {
            jobs: jobs.collect(),
            checked: begun.len(),
            passed: 0,
            untouched,
        });
    }

    fn stop_sweep(&mut self) {
        if let Some(sweep) = self.sweep.take() {
            for job in sweep.jobs {
                self.session.stop(job);
            }
            self.screen.say(&format!("  {}", words::WATCH_ALL_STOPPED));
        }
    }

    fn next(&mut self) {
        let (progress, _) = self.session.store.progress();
        let current = self.lock().clone();
        let next = progress.next_open(&self.session.course, Some(&current));
        match next.map(|exercise| exercise.id.clone()) {
            None => self.tell(&format!("  {}", words::WATCH_ALL_DONE)),
            Some(id) if id == current => {
                let text = words::watch_last_open(&self.exercise());
                self.tell(&format!("  {text}"));
            }
            Some(id) => {
                self.stop_sweep();
                self.session.stop(self.asked);
                self.switch(&id);
                self.check();
            }
        }
    }

    /// One hint more, recorded. Those of earlier sittings come along the first time.
    fn hint(&mut self) {
        let exercise = self.exercise();
        let seen = self.session.store.progress().0.state(&exercise.id).hints;
        let shown = self.hints;
        let next = seen.max(shown) + 1;
        self.hints = next.min(exercise.hints.len());
        let nothing_more = next > exercise.hints.len();
        if self.last.is_some() && !self.said && self.busy.is_none() && self.screen.draws() {
            // Under the verdict, where they stay until it passes.
            self.show_last();
        } else {
            self.said = true;
            self.show_hints(if nothing_more { 1 } else { shown + 1 });
        }
        if nothing_more {
            self.screen
                .say(&format!("  {}", words::no_more_hints(&exercise)));
        } else if let Err(e) = self.session.store.shown(Kind::Hint, &exercise.id, next) {
            self.tell(&words::not_recorded(&e));
        }
    }

    fn reset(&mut self) {
        let exercise = self.exercise();
        let root = &self.session.course.root;
        let (done, unrecorded) = match self.session.store.reset(root, &exercise) {
            Ok(done) => done,
            Err(e) => {
                let what = words::nothing_changed(&exercise);
                return self.trouble(&format!("{what}: {e}"));
            }
        };
        let text = match done {
            Reset::Kept(file) => {
                self.undo = true;
                self.keys = words::WATCH_UNDO;
                let file = file.strip_prefix(root).unwrap_or(&file);
                words::was_reset(&exercise, &file.display().to_string())
            }
            Reset::WasMissing => words::stub_is_back(&exercise),
            Reset::AlreadyTheStub => words::already_the_stub(&exercise),
        };
        self.reason(&text);
        if let Some(e) = unrecorded {
            self.tell(&words::not_recorded(&e));
        }
        self.foot();
    }

    fn undo(&mut self) {
        if !std::mem::take(&mut self.undo) {
            return self.tell_wrapped(words::WATCH_NOTHING_TO_UNDO);
        }
        self.keys = words::WATCH_OPEN;
        let exercise = self.exercise();
        let root = &self.session.course.root;
        match self.session.store.undo(root, &exercise) {
            Ok((Undo::BroughtBack, unrecorded)) => {
                self.reason(&words::text_is_back(&exercise));
                if let Some(e) = unrecorded {
                    self.tell(&words::not_recorded(&e));
                }
            }
            Ok((Undo::NothingKept, _)) => self.tell_wrapped(&words::nothing_kept(&exercise)),
            Err(e) => {
                let what = words::nothing_changed(&exercise);
                self.trouble(&format!("{what}: {e}"));
            }
        }
    }

    fn full(&mut self) {
        let style = self.screen.style;
        let text = match (&self.busy, &self.last) {
            (None, Some(verdict)) => cut::colours_only(&verdict.full, style.colour),
            _ => self.printed.iter().fold(String::new(), |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            }),
        };
        let text = text.trim_matches('\n');
        if text.is_empty() {
            self.tell(&format!("  {}", words::WATCH_NO_OUTPUT));
        } else {
            self.tell(&format!("\n{text}\n"));
        }
    }

    fn switch(&mut self, id: &str) {
        id.clone_into(&mut self.lock());
        self.checks = 0;
        self.last = None;
        self.printed.clear();
        self.hints = 0;
        self.undo = false;
        self.keys = words::WATCH_OPEN;
        self.top();
        self.foot();
    }

    /// The top of the screen: which exercise, and which file to edit.
    fn top(&mut self) {
        let exercise = self.exercise();
        let style = self.screen.style;
        self.screen.clear();
        if self.checks == 0 || self.screen.draws() {
            let mut title = style.bold(&words::watch_title(&exercise));
            if self.checks > 0 {
                title.push_str(&style.dim(&words::watch_count(self.checks)));
            }
            let file = exercise.answer();
            self.screen.say(&title);
            self.screen
                .say(&format!("  {} {}", words::WATCH_EDIT, file.display()));
            self.screen.say("");
        }
    }

    /// The keys, unless the progress of a check stands there.
    fn foot(&mut self) {
        if self.confirming {
            return self.screen.foot(words::WATCH_CONFIRM);
        }
        let late = self.busy.as_ref().is_some_and(|busy| busy.told.is_some());
        if late && self.screen.draws() {
            return self.tick();
        }
        self.screen.foot(self.keys);
    }

    /// Shows something that the next verdict must not wipe away.
    fn tell(&mut self, text: &str) {
        self.said = true;
        self.screen.say(text);
    }

    fn tell_wrapped(&mut self, text: &str) {
        let lines = self.screen.style.wrap(text, 2, 2);
        self.tell(&lines.join("\n"));
    }

    /// Says why a check follows, now and above its verdict.
    fn reason(&mut self, text: &str) {
        self.tell_wrapped(text);
        if self.screen.draws() {
            self.note = Some(text.to_owned());
        }
    }

    fn busy_with(&mut self, job: &Job, phase: Phase) {
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

    fn everything_passed(&self) -> bool {
        let (progress, _) = self.session.store.progress();
        progress.next_open(&self.session.course, None).is_none()
    }

    fn exercise(&self) -> Exercise {
        let id = self.lock().clone();
        match self.session.course.exercise(&id) {
            Ok(exercise) => exercise.clone(),
            // Only names out of this very course are ever put there.
            Err(e) => unreachable!("{e}"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, String> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
