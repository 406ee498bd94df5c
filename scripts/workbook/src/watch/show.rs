//! What stands on the screen: the exercise, its last verdict, hints, and the keys.

use super::app::{App, Mode, Said};
use super::cut;
use crate::render;
use crate::verdict::{Status, Verdict};
use crate::words;

impl App {
    /// Shows the last verdict with all that belongs to it: instead of what is on the screen, unless
    /// something there was asked for while the check ran.
    pub(super) fn show_last(&mut self) {
        let Some(verdict) = self.last.clone() else {
            return;
        };
        if self.said.stays() || !self.screen.draws() {
            if self.said.stays() || self.checks > 1 {
                self.screen.say("");
            }
        } else {
            self.top();
            if let Said::Above(note) = &self.said {
                self.screen.say(&self.screen.style.wrap(note, 2, 2));
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
    pub(super) fn show_hints(&mut self, from: usize) {
        let exercise = self.exercise();
        let style = self.screen.style;
        let mut out = String::from("\n");
        for (hint, number) in exercise.hints.iter().zip(1..=self.hints).skip(from - 1) {
            let head = words::hint_head(number, exercise.hints.len());
            out.push_str(&style.wrap(&format!("{head} {hint}"), 2, 4));
            out.push('\n');
        }
        self.screen.say(&out);
    }

    /// The verdict, cut down to about two screens.
    pub(super) fn rendered(&self, verdict: &Verdict) -> String {
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
    pub(super) fn passed(&mut self, verdict: &Verdict) {
        let style = self.screen.style;
        if let Some(why) = render::why(&self.session.course, verdict) {
            let mut text = format!("\n  {}\n", style.dim(words::WATCH_WHY));
            for paragraph in why.split("\n\n") {
                text.push_str(&style.wrap(paragraph, 4, 4));
                text.push_str("\n\n");
            }
            self.screen.say(text.trim_end());
        }
        self.screen.say("");
        if self.everything_passed() {
            self.screen.say(&format!("  {}", words::WATCH_ALL_DONE));
        }
    }

    /// No verdict, but a reason: cargo could not work, or the file is gone.
    pub(super) fn trouble(&mut self, why: &str) {
        let (text, cut) = cut::message(why, self.screen.two_screens());
        let text = self.screen.style.bad(&text);
        self.tell(&format!("\n  {}", text.replace('\n', "\n  ")));
        if cut {
            self.tell(words::WATCH_CUT);
        }
        self.foot();
    }

    /// The top of the screen: which exercise, and which file to edit.
    pub(super) fn top(&mut self) {
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
    pub(super) fn foot(&mut self) {
        if matches!(self.mode, Mode::Confirming(_)) {
            return self.screen.foot(self.mode.keys());
        }
        let late = self.busy.as_ref().is_some_and(|busy| busy.told.is_some());
        if late && self.screen.draws() {
            return self.tick();
        }
        self.screen.foot(self.mode.keys());
    }

    /// Shows something that the next verdict must not wipe away.
    pub(super) fn tell(&mut self, text: &str) {
        self.said = Said::Something;
        self.screen.say(text);
    }

    pub(super) fn tell_wrapped(&mut self, text: &str) {
        self.tell(&self.screen.style.wrap(text, 2, 2));
    }

    /// Says why a check follows, now and above its verdict.
    pub(super) fn reason(&mut self, text: &str) {
        self.tell_wrapped(text);
        if self.screen.draws() {
            self.said = Said::Reason(text.to_owned());
        }
    }
}
