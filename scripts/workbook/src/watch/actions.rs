//! What the keys do. Nothing here waits for a check.

use super::app::{App, Mode, Phase, Said, Sweep};
use super::cut;
use crate::course::Exercise;
use crate::store::{Event, Reset, untouched};
use crate::words;

impl App {
    pub(super) fn check(&mut self) {
        self.said = match std::mem::replace(&mut self.said, Said::Nothing) {
            Said::Reason(text) | Said::Above(text) => Said::Above(text),
            Said::Nothing | Said::Something => Said::Nothing,
        };
        let job = self.session.check(&self.exercise());
        self.asked = job.job;
        self.busy_with(&job, Phase::Waits);
    }

    pub(super) fn check_all(&mut self) {
        let course = &self.session.course;
        let begun: Vec<Exercise> = course
            .exercises()
            .filter(|exercise| !untouched(&course.root, exercise))
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

    pub(super) fn stop_sweep(&mut self) {
        if let Some(sweep) = self.sweep.take() {
            for job in sweep.jobs {
                self.session.stop(job);
            }
            self.screen.say(&format!("  {}", words::WATCH_ALL_STOPPED));
        }
    }

    pub(super) fn next(&mut self) {
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
    pub(super) fn hint(&mut self) {
        let exercise = self.exercise();
        let seen = self.session.store.progress().0.state(&exercise.id).hints;
        let shown = self.hints;
        let next = seen.max(shown) + 1;
        self.hints = next.min(exercise.hints.len());
        let nothing_more = next > exercise.hints.len();
        if self.last.is_some() && !self.said.stays() && self.busy.is_none() && self.screen.draws() {
            // Under the verdict, where they stay until it passes.
            self.show_last();
        } else {
            self.said = Said::Something;
            self.show_hints(if nothing_more { 1 } else { shown + 1 });
        }
        if nothing_more {
            let text = words::no_more_hints(&exercise);
            self.screen.say(&format!("  {text}"));
            return;
        }
        let shown = Event::Hint { hints: next };
        if let Err(e) = self.session.store.shown(&exercise.id, shown) {
            self.tell(&words::not_recorded(&e));
        }
    }

    pub(super) fn reset(&mut self) {
        let exercise = self.exercise();
        let root = &self.session.course.root;
        match self.session.store.reset(root, &exercise) {
            Ok((done, unrecorded)) => {
                let said = words::reset(&done, &exercise, root);
                if matches!(done, Reset::Kept(_)) {
                    self.mode = Mode::Undo;
                }
                self.changed(&said, unrecorded);
                self.foot();
            }
            Err(e) => self.trouble(&format!("{}: {e}", words::nothing_changed(&exercise))),
        }
    }

    pub(super) fn undo(&mut self) {
        if !self.mode.undo() {
            return self.tell_wrapped(words::WATCH_NOTHING_TO_UNDO);
        }
        self.mode = Mode::Open;
        let exercise = self.exercise();
        match self
            .session
            .store
            .undo(&self.session.course.root, &exercise)
        {
            Ok((done, unrecorded)) => self.changed(&words::undo(done, &exercise), unrecorded),
            Err(e) => self.trouble(&format!("{}: {e}", words::nothing_changed(&exercise))),
        }
    }

    /// `exercise.rs` has another text: what was done, and perhaps why that is not in the record.
    fn changed(&mut self, said: &str, unrecorded: Option<std::io::Error>) {
        self.reason(said);
        if let Some(e) = unrecorded {
            self.tell_wrapped(&words::not_recorded(&e));
        }
    }

    pub(super) fn full(&mut self) {
        let style = self.screen.style;
        let text = match (&self.busy, &self.last) {
            (None, Some(verdict)) => cut::colours_only(&verdict.full, style.colour),
            _ => self.printed.iter().flat_map(|line| [line, "\n"]).collect(),
        };
        let text = text.trim_matches('\n');
        if text.is_empty() {
            self.tell(&format!("  {}", words::WATCH_NO_OUTPUT));
        } else {
            self.tell(&format!("\n{text}\n"));
        }
    }

    pub(super) fn switch(&mut self, id: &str) {
        id.clone_into(&mut self.lock());
        self.checks = 0;
        self.last = None;
        self.printed.clear();
        self.hints = 0;
        self.mode = Mode::Open;
        self.top();
        self.foot();
    }
}
