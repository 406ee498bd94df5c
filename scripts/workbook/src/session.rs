//! One running workbook: the checks and demos that are on their way, and everybody who listens.
//!
//! Terminal and browser look at the same session. Both ask it for a check, and both hear the same
//! events, so neither can show something the other does not know.
//!
//! Four threads do the work, for checks, demos, the services and the learner's own service, each one job at a time: a learner
//! who saves during a demo gets a verdict at once, and two checks never fight over two cores.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;
use serde_json::{Value, json};

use crate::course::{Course, Exercise, Lesson, solution_why};
use crate::digest::sha256;
use crate::judge::build::Place;
use crate::judge::build::{BuildError, cargo};
use crate::judge::process::{self, Cancel, Ending};
use crate::judge::{self, Progress};
use crate::needs;
use crate::own::Own;
use crate::store::{Standing, Store, untouched};
use crate::text::{harmless, without_colours};
use crate::verdict::Verdict;
use crate::wire::Wire;
use crate::words;

/// Bytes of what a command of the services says that are shown.
const SERVICES_OUTPUT: u64 = 1024 * 1024;

/// How many texts from the page are remembered until the watcher hears of them.
const FROM_PAGE: usize = 16;

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobKind {
    /// Judges an exercise.
    Check,
    /// Runs the demo of a lesson.
    Demo,
    /// Starts or ends the Consul of `cargo workbook services`.
    Services,
    /// Judges a stage of the learner's own service.
    Own,
}

/// A job, waiting or running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Job {
    /// Its number in this session, from 1.
    pub job: u64,
    /// What it does.
    pub kind: JobKind,
    /// The exercise id, the lesson's folder name, `up` or `down`, or the number of a stage.
    pub target: String,
}

/// What the listeners hear.
#[derive(Debug, Clone)]
pub enum Event {
    /// A job has begun.
    Started(Job),
    /// The build of a check is done; from here its limit counts.
    Running(Job),
    /// A job printed a line: free of colours and control characters.
    Output(Job, String),
    /// A check has its result. Whether it could be recorded is told in the second text, if not.
    Verdict(Job, Box<Verdict>, Option<String>),
    /// A job has ended: whether all went well, and the reason if nothing else was said.
    Done(Job, bool, Option<String>),
    /// Progress changed: ask for [`Session::snapshot`] again.
    State,
    /// The book was built anew.
    Reload,
    /// A row of the live capture, as JSON.
    Wire(Arc<str>),
    /// Lines for the terminal that belong to no job.
    Notice(String),
}

/// See the file.
pub struct Session {
    /// The course, read once.
    pub course: Course,
    /// The learner's record.
    pub store: Store,
    /// The live capture.
    pub wire: Wire,
    /// How many pages listen.
    pub pages: AtomicUsize,
    inner: Mutex<Inner>,
    work: Condvar,
}

#[derive(Default)]
struct Inner {
    last_job: u64,
    waiting: VecDeque<(Job, Cancel)>,
    running: Vec<(Job, Cancel)>,
    listeners: Vec<Sender<Event>>,
    messages: HashMap<String, String>,
    /// Hashes of the texts that came from the page, the newest last.
    from_page: VecDeque<(String, String)>,
    closed: bool,
}

impl Session {
    /// Opens a session and starts its workers.
    pub fn open(course: Course) -> Arc<Self> {
        let store = Store::new(&course.root);
        let session = Arc::new(Self {
            course,
            store,
            wire: Wire::default(),
            pages: AtomicUsize::new(0),
            inner: Mutex::default(),
            work: Condvar::new(),
        });
        for kind in [
            JobKind::Check,
            JobKind::Demo,
            JobKind::Services,
            JobKind::Own,
        ] {
            let session = Arc::clone(&session);
            std::thread::spawn(move || session.worker(kind));
        }
        session
    }

    /// All events from now on.
    pub fn listen(&self) -> Receiver<Event> {
        let (sender, receiver) = channel();
        self.lock().listeners.push(sender);
        receiver
    }

    /// Tells every listener; one that has gone is forgotten.
    pub fn tell(&self, event: &Event) {
        self.lock()
            .listeners
            .retain(|listener| listener.send(event.clone()).is_ok());
    }

    /// Notes that the page writes the text with this `hash`: a save without a wish for a check.
    pub fn page_writes(&self, id: &str, hash: &str) {
        let mut inner = self.lock();
        inner.from_page.push_back((id.to_owned(), hash.to_owned()));
        if inner.from_page.len() > FROM_PAGE {
            inner.from_page.pop_front();
        }
    }

    /// Whether the text of `exercise` came from the page; asked again, it did not.
    pub fn page_wrote(&self, exercise: &Exercise) -> bool {
        let text = std::fs::read(self.course.path(&exercise.answer())).unwrap_or_default();
        let known = (exercise.id.clone(), sha256(&text));
        let mut inner = self.lock();
        let before = inner.from_page.len();
        inner.from_page.retain(|written| *written != known);
        inner.from_page.len() < before
    }

    /// Asks for a check of `exercise`. An older one of the same exercise is stopped: its text is old.
    pub fn check(&self, exercise: &Exercise) -> Job {
        self.ask(JobKind::Check, &exercise.id)
    }

    /// Asks for the demo called `name`. Another demo that runs is stopped: one speaks at a time.
    pub fn demo(&self, name: &str) -> Job {
        self.ask(JobKind::Demo, name)
    }

    /// Asks for `cargo workbook services up consul`, or `down`.
    pub fn services(&self, order: &str) -> Job {
        self.ask(JobKind::Services, order)
    }

    /// Asks for `cargo workbook own check`. Another stage that is judged is stopped: both would build the service.
    pub fn own(&self, stage: usize) -> Job {
        self.ask(JobKind::Own, &stage.to_string())
    }

    /// Ends a job, waiting or running. Whether there was one.
    pub fn stop(&self, job: u64) -> bool {
        self.end(|known| known.job == job)
    }

    /// Ends every job and takes no more; returns when nothing runs.
    pub fn close(&self) {
        self.lock().closed = true;
        self.end(|_| true);
        self.work.notify_all();
        self.wire.close();
        let mut inner = self.lock();
        while !inner.running.is_empty() {
            inner = self
                .work
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Jobs that wait or run.
    pub fn jobs(&self) -> Vec<Job> {
        let inner = self.lock();
        inner
            .running
            .iter()
            .chain(&inner.waiting)
            .map(|(job, _)| job.clone())
            .collect()
    }

    /// The state of the whole course, as the served pages show it: totals, lessons with their exercises, the stages of
    /// the learner's own service, the jobs that wait or run, and the live capture.
    pub fn snapshot(&self) -> Value {
        let (progress, _) = self.store.progress();
        let jobs = self.jobs();
        let messages = self.lock().messages.clone();
        let (mut passed, mut total, mut minutes_left) = (0, 0, 0);
        let mut exercise_state = |exercise: &Exercise| {
            let state = progress.state(&exercise.id);
            let untouched = untouched(&self.course.root, exercise);
            let standing = Standing::of(state, untouched);
            let of_it = |job: &Job| job.kind == JobKind::Check && job.target == exercise.id;
            total += 1;
            if standing.word() == "passed" {
                passed += 1;
            } else {
                minutes_left += exercise.minutes;
            }
            json!({
                "id": exercise.id, "number": exercise.number, "page": exercise.page, "title": exercise.title,
                "core": exercise.core, "minutes": exercise.minutes,
                // `open`, `tried` or `passed`, and the same in words for the card.
                "state": standing.word(), "standing": words::standing(standing),
                "untouched": untouched,
                // A check of it waits or runs.
                "busy": jobs.iter().any(of_it),
                "attempts": state.attempts, "hints": state.hints, "revealed": state.revealed,
                "undo": self.store.can_undo(exercise),
                // What the last check of this session said, if it failed; why the solution is as it is, after a pass.
                "message": messages.get(&exercise.id),
                "why": state.passed.then(|| self.why(exercise)).flatten(),
            })
        };
        let lesson_state = |lesson: &Lesson| {
            let exercises: Vec<Value> = lesson.exercises.iter().map(&mut exercise_state).collect();
            let passed = progress.lesson_passed(lesson);
            json!({ "id": lesson.name, "title": lesson.title, "passed": passed, "exercises": exercises })
        };
        let lessons: Vec<Value> = self.course.lessons.iter().map(lesson_state).collect();
        let own = Own::stages().into_iter().map(|stage| {
            let passed = progress.state(&stage.id).passed;
            json!({ "id": stage.id, "passed": passed })
        });
        json!({
            "course": { "passed": passed, "total": total, "minutes_left": minutes_left },
            "lessons": lessons, "own": own.collect::<Vec<_>>(), "jobs": jobs, "wire": self.wire.state(),
        })
    }

    fn why(&self, exercise: &Exercise) -> Option<String> {
        let text = std::fs::read_to_string(self.course.path(&exercise.solution())).ok()?;
        Some(solution_why(&text)).filter(|why| !why.is_empty())
    }

    fn ask(&self, kind: JobKind, target: &str) -> Job {
        match kind {
            JobKind::Check => self.end(|job| job.kind == kind && job.target == target),
            JobKind::Demo | JobKind::Services | JobKind::Own => self.end(|job| job.kind == kind),
        };
        let mut inner = self.lock();
        inner.last_job += 1;
        let job = Job {
            job: inner.last_job,
            kind,
            target: target.to_owned(),
        };
        inner.waiting.push_back((job.clone(), Cancel::default()));
        drop(inner);
        self.work.notify_all();
        job
    }

    fn end(&self, which: impl Fn(&Job) -> bool) -> bool {
        let mut inner = self.lock();
        let mut found = false;
        for (_, cancel) in inner.running.iter().filter(|(job, _)| which(job)) {
            cancel.cancel();
            found = true;
        }
        let (gone, stay): (VecDeque<_>, VecDeque<_>) = std::mem::take(&mut inner.waiting)
            .into_iter()
            .partition(|(job, _)| which(job));
        inner.waiting = stay;
        drop(inner);
        for (job, _) in gone {
            found = true;
            self.tell(&Event::Done(job, false, Some(words::STOPPED.to_owned())));
        }
        found
    }

    fn worker(&self, kind: JobKind) {
        loop {
            let mut inner = self.lock();
            let (job, cancel) = loop {
                if inner.closed {
                    return;
                }
                if let Some(at) = inner.waiting.iter().position(|(job, _)| job.kind == kind)
                    && let Some(next) = inner.waiting.remove(at)
                {
                    break next;
                }
                inner = self
                    .work
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner);
            };
            inner.running.push((job.clone(), cancel.clone()));
            drop(inner);
            self.tell(&Event::Started(job.clone()));
            let (ok, why) = match kind {
                JobKind::Check => self.run_check(&job, &cancel),
                JobKind::Demo => self.run_demo(&job, &cancel),
                JobKind::Services => self.run_services(&job, &cancel),
                JobKind::Own => self.run_own(&job, &cancel),
            };
            self.lock()
                .running
                .retain(|(running, _)| running.job != job.job);
            self.work.notify_all();
            self.tell(&Event::Done(job, ok, why));
            self.tell(&Event::State);
        }
    }

    fn run_check(&self, job: &Job, cancel: &Cancel) -> (bool, Option<String>) {
        let Ok(exercise) = self.course.exercise(&job.target) else {
            return (false, None);
        };
        if !self.course.path(&exercise.answer()).exists() {
            return (false, Some(words::answer_is_missing(exercise)));
        }
        let mut heard = |progress: Progress<'_>| match progress {
            Progress::Building(line) | Progress::Output(line) => {
                self.tell(&Event::Output(
                    job.clone(),
                    harmless(&without_colours(line)),
                ));
            }
            Progress::Running => self.tell(&Event::Running(job.clone())),
        };
        let verdict = match judge::check(
            &Place::home(&self.course.root),
            exercise,
            cancel,
            &mut heard,
        ) {
            Ok(verdict) => verdict.own(&self.course.root, exercise),
            Err(BuildError::Cancelled) => return (false, Some(words::STOPPED.to_owned())),
            Err(BuildError::Cargo(why) | BuildError::Missing(why)) => {
                return (false, Some(without_colours(&why)));
            }
        };
        let recorded = self.store.attempt(&self.course.root, exercise, &verdict);
        let note = recorded.err().map(|e| words::not_recorded(&e));
        let passed = verdict.passed();
        let mut inner = self.lock();
        if passed || verdict.untouched {
            inner.messages.remove(&exercise.id);
        } else {
            let message = without_colours(&verdict.message);
            inner.messages.insert(exercise.id.clone(), message);
        }
        drop(inner);
        self.tell(&Event::Verdict(job.clone(), Box::new(verdict), note));
        (passed, None)
    }

    fn run_demo(&self, job: &Job, cancel: &Cancel) -> (bool, Option<String>) {
        let Some((lesson, words)) = self.course.demo(&job.target) else {
            return (false, None);
        };
        if let Err(missing) = needs::met(&lesson.needs, &lesson.name) {
            return (false, Some(missing));
        }
        let mut command = cargo(&Place::home(&self.course.root));
        command
            .args(["run", "--package", &lesson.package(), "--"])
            .args(words)
            .env("NO_COLOR", "1");
        self.run_command(&command, job, cancel)
    }

    fn run_own(&self, job: &Job, cancel: &Cancel) -> (bool, Option<String>) {
        let runner = std::env::current_exe().unwrap_or_default();
        let mut command = Command::new(runner);
        command
            .args(["own", "check", &job.target])
            .current_dir(&self.course.root)
            .env("NO_COLOR", "1");
        self.run_command(&command, job, cancel)
    }

    /// Runs a command under supervision, and tells what it prints.
    fn run_command(&self, command: &Command, job: &Job, cancel: &Cancel) -> (bool, Option<String>) {
        let finished = process::run(command, None, None, cancel, &mut |_, line| {
            self.tell(&Event::Output(
                job.clone(),
                harmless(&without_colours(line)),
            ));
        });
        match finished {
            Err(e) => (false, Some(e.to_string())),
            Ok(finished) => match finished.ending {
                Ending::Exited(status) => (status.success(), None),
                Ending::LimitReached | Ending::Cancelled => {
                    (false, Some(words::STOPPED.to_owned()))
                }
            },
        }
    }

    /// Not under supervision: what it starts outlives it, and this runner.
    fn run_services(&self, job: &Job, cancel: &Cancel) -> (bool, Option<String>) {
        let run = || -> std::io::Result<Option<ExitStatus>> {
            let mut command = Command::new(std::env::current_exe()?);
            // A group of its own, with the cargo that builds the program: it is ended as a whole.
            #[cfg(unix)]
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
            let mut child = command
                .args(["services", &job.target, "consul"])
                .current_dir(&self.course.root)
                .env("NO_COLOR", "1")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()?;
            let (out, err) = (child.stdout.take(), child.stderr.take());
            std::thread::scope(|scope| {
                scope.spawn(|| self.pass_on(job, out));
                scope.spawn(|| self.pass_on(job, err));
                loop {
                    if cancel.is_cancelled() {
                        #[cfg(unix)]
                        kill_process_group(Pid::from_child(&child), Signal::KILL)?;
                        #[cfg(not(unix))]
                        child.kill()?;
                        child.wait()?;
                        return Ok(None);
                    }
                    if let Some(status) = child.try_wait()? {
                        return Ok(Some(status));
                    }
                    std::thread::sleep(Duration::from_millis(50));
                }
            })
        };
        match run() {
            Err(e) => (false, Some(e.to_string())),
            Ok(None) => (false, Some(words::STOPPED.to_owned())),
            Ok(Some(status)) => (status.success(), None),
        }
    }

    fn pass_on(&self, job: &Job, from: Option<impl Read>) {
        let Some(from) = from else { return };
        for line in BufReader::new(from.take(SERVICES_OUTPUT)).split(b'\n') {
            let Ok(line) = line else { return };
            let line = harmless(&without_colours(&String::from_utf8_lossy(&line)));
            self.tell(&Event::Output(job.clone(), line));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic elsewhere leaves lists that are still whole; go on with them.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
