//! The words of the book's generated parts, of its server and of `start`.

use std::time::Duration;

use crate::course::Lesson;
use crate::text::many;

// --------------------------------------------------------------- cards, quizzes, predictions

/// In front of the file that the learner edits.
pub const EDIT: &str = "Edit";
/// In front of the file that tells what is checked.
pub const READ: &str = "Read";
/// In front of the command.
pub const CHECK: &str = "Check";
/// Opens the explanation of an option.
pub const RIGHT_OR_WRONG: &str = "Right or wrong?";
/// In front of the explanation of the right option.
pub const RIGHT: &str = "Right.";
/// In front of the explanation of a wrong option.
pub const WRONG: &str = "Wrong.";
/// Opens the explanation of a predicted option.
pub const WHAT_HAPPENS: &str = "What happens";
/// In front of the demo's command, after a question.
pub const THEN_RUN: &str = "Then run it:";
/// In front of the demo's command.
pub const RUN: &str = "Run it:";
/// Label on a card: the command that runs a passed answer with real servers.
pub const BY_HAND: &str = "After it passes";
/// The name of a demo without a question, for a screen reader.
pub const DEMO: &str = "Demo";

sentences! {
    /// Working time on a card.
    minutes(minutes: u32) = "{minutes} min";
    /// The fold of a hint.
    hint(number: usize, of: usize) = "Hint {number} of {of}";
    /// The name of a quiz, for a screen reader.
    question(number: usize) = "Question {number}";
    /// The name of a prediction, for a screen reader.
    prediction(number: usize) = "Prediction {number}";
}

/// Whether an exercise carries the thread of the course.
pub fn kind(core: bool) -> &'static str {
    if core { "core" } else { "stretch" }
}

// --------------------------------------------------------------- the teachers' page

/// Above the goals of a lesson.
pub const AFTERWARDS: &str = "Afterwards a learner can";
/// Above the stop points of a lesson.
pub const STOPS: &str = "Places to stop";
/// The head of the table of exercises.
pub const EXERCISE_TABLE: &str = "| Exercise | Minutes | Kind | The belief it breaks |";
/// What rejects a mistake that loops for ever.
pub const BY_THE_LIMIT: &str = "the time limit";
/// The head of the table of a day.
pub const PLAN_TABLE: &str = "| page | to read | exercises | minutes |";

sentences! {
    /// The heading of a lesson.
    lesson(number: u32, title: &str) = "Lesson {number:02}: {title}";
    /// The facts below it.
    lesson_facts(lesson: &Lesson, core: usize) =
        "{} minutes ({} of them core), {}, {core} of them core",
        lesson.minutes,
        lesson.core_minutes(),
        many(lesson.exercises.len(), "exercise");
    /// The fold of an exercise's known wrong answers.
    mistakes_of(number: &str, id: &str) = "Common mistakes in {number} {id}";
    /// One of them, in Markdown.
    caught_by(belief: &str, check: &str, says: &str) =
        "**{belief}** Caught by {check}, which says: \u{201c}{says}\u{201d}";
    /// The minutes of all days of a plan.
    plan_total(minutes: u32) = "{} hours and {} minutes.", minutes / 60, minutes % 60;
    /// What is planned of what a day has.
    day_sum(sum: u32, has: u32) = "{sum} of {has} minutes";
    /// A day with too much in it.
    day_too_full(day: &str, sum: u32, has: u32) = "the parts of `{day}` take {sum} minutes, and it has {has}";
    /// A plan names an exercise that its page does not have.
    no_exercise_on(id: &str, page: &str) = "there is no exercise `{id}` on the page {page}";
    /// A plan names an exercise that its own cut leaves out.
    behind_the_cut(page: &str) = "an exercise of `only` stands behind `until` on the page {page}";
}

/// Where a page is cut.
pub fn cut(until: Option<&str>) -> String {
    until.map_or(String::new(), |id| format!(", up to `{id}`"))
}

// --------------------------------------------------------------- faults in a chapter

/// The title of the folded table of hours, and its head.
pub const HOURS_TABLE: (&str, &str) = (
    "The minutes of each lesson",
    "| lesson | minutes | of these, stretch |",
);
/// A prediction without its demo.
pub const PREDICT_NEEDS_DEMO: &str = "a prediction names the lesson whose demo it is about, and may name the line of its output to show: \
     {{#predict demo=01-tcp scene=\"2. The title\"}}";
/// No text before the first option.
pub const NO_QUESTION: &str = "there is no question before the first option";
/// Nothing to choose from.
pub const TOO_FEW_OPTIONS: &str =
    "a question needs at least two options: lines that begin with `- [ ] `";
/// An option without text.
pub const EMPTY_OPTION: &str = "this option has no text";
/// An option of a quiz without an explanation.
pub const NO_EXPLANATION: &str =
    "this option is not explained: add a line `  : why it is right or wrong`";

sentences! {
    /// How long the course takes.
    hours(all: u32, core: u32) =
        "**About {} hours**: {} for the core, and {} for the stretch exercises. That is the sum of the lessons, \
         with reading, demos and exercises.",
        in_hours(all),
        in_hours(core),
        in_hours(all) - in_hours(core);
    /// A quiz with no right option, or several.
    not_one_right(right: usize) = "exactly one option is right and marked `- [x]`, here it is {right}";
    /// A directive names a stage that is not there.
    no_stage(number: &str) = "there is no stage `{number}`; scripts/own/stages.toml has all";
    /// A directive that nobody knows.
    unknown_directive(name: &str) =
        "there is no directive `{name}`; there are exercise, quiz, predict, demo, hours, map, plans, site, stage and teachers";
    /// A directive with text around it.
    not_alone(name: &str) = "`{name}` must stand alone on its line, at its very start";
    /// A directive with an argument that it does not take.
    takes_nothing(name: &str) = "`{name}` takes nothing after its name";
    /// An end without a beginning.
    closes_nothing(name: &str) = "this ends a `{name}` that was not begun";
    /// A beginning without an end.
    never_closed(name: &str) =
        "this `{name}` has no {{{{/{name}}}}} before the next directive or the end of the file";
    /// A card of something that is not in the course.
    no_exercise(id: &str) = "no lesson.toml has an exercise `{id}`";
    /// A demo of something that is not in the course.
    no_lesson(name: &str) = "there is no lesson `{name}`; its full folder name is needed: 01-tcp";
    /// A listing from a file that is not there.
    no_listing(target: &str) = "{{{{#include {target}}}}} names a file that is not there";
    /// A listing by line numbers.
    listing_by_lines(target: &str) = "{{{{#include {target}}}}} uses line numbers; use an anchor";
    /// A listing from a part that is not there.
    no_anchor(target: &str) = "{{{{#include {target}}}}} names an anchor that is not in the file";
}

/// Minutes as whole hours.
pub fn in_hours(minutes: u32) -> u32 {
    (minutes + 30) / 60
}

// --------------------------------------------------------------- building the book

/// While the book is built.
pub const BUILDING: &str = "Building the book ...";
/// The book could be built again.
pub const BUILT_AGAIN: &str = "The book is built again.";
/// Shown in the browser while there is no book: the reason goes between the two.
pub const NO_BOOK: (&str, &str) = (
    "The book could not be built",
    "Mend the file, then reload this page.",
);

sentences! {
    /// The book is built.
    built(took: Duration) = "Built the book in {:.1} s", took.as_secs_f64();
    /// The book could not be built, at the start.
    not_built(why: &str) = "The book could not be built:\n{why}";
    /// The book could not be built anew.
    not_rebuilt(why: &str) = "The book could not be built; the browser shows its last good state.\n{why}";
}

// --------------------------------------------------------------- the server

/// A request for another host than this one.
pub const FOREIGN_HOST: &str = "This server answers only to 127.0.0.1 and localhost.";
/// A request that another site's page makes.
pub const FOREIGN_ORIGIN: &str = "This page belongs to another site.";
/// A request that acts, without the token of this run.
pub const NO_TOKEN: &str = "The runner was started anew. Reload this page.";
/// A path that leads nowhere.
pub const NOT_FOUND: &str = "There is nothing at this address.";
/// A check or a demo of something that was not in the course when this run began.
pub const UNKNOWN_HERE: &str =
    "The runner does not know this one. If it is new, end the runner and start it again.";
/// A method that is not offered.
pub const NOT_ALLOWED: &str = "This address does not take this kind of request.";
/// The machine could not be looked at.
pub const NOT_LOOKED: &str = "The runner could not look. In a terminal: cargo workbook doctor";
/// A body that is too long.
pub const TOO_LARGE: &str = "This request is too large.";
/// A body that did not come.
pub const TOO_SLOW: &str = "This request took too long.";
/// A text that is no text.
pub const NOT_UTF8: &str =
    "exercise.rs is not UTF-8 text, so the page cannot show it. Open it in your own editor.";
/// A save without the hash of what was read.
pub const NO_HASH: &str = "This save does not say which text it changes.";
/// A later wish took the place of this one.
pub const LATER_ONE: &str = "A later request took the place of this one.";
/// The solution of an exercise that has not passed.
pub const CLOSED: &str = "This exercise has not passed yet.";
/// Too many pages listen.
pub const TOO_MANY_PAGES: &str = "Too many pages of the book are open; close some.";
/// A stop for a job that has ended.
pub const NO_SUCH_JOB: &str = "This job has ended already.";
/// A join while one runs.
pub const CLASS_RUNS: &str = "The program of the class runs already.";
/// The program of the class could not be asked.
pub const CLASS_FAILED: &str =
    "The program of the class did not work. In a terminal: cargo workbook class log";
/// A code or a name that cannot be one.
pub const BAD_CLASS_FORM: &str = "The code of a class looks like 192.168.1.5:7443/KPRTMW-7XKQ-2MNP-9VTR, and a name has 40 characters at most.";

sentences! {
    /// No port is free.
    no_port(first: u16, last: u16, why: &std::io::Error) =
        "no port from {first} to {last} can be used ({why}); choose another: cargo run -- --port 4000";
}

// --------------------------------------------------------------- start

sentences! {
    /// Where the book is.
    book_is_at(address: &str) = "The book:  {address}";
    /// The port that was asked for is taken.
    port_is_taken(port: u16) = "           (port {port} is taken by another program)";
    /// No browser was found.
    open_it_yourself(address: &str) = "No browser could be opened. Open {address} yourself.";
    /// A text from the page could not be written.
    not_saved(why: &std::io::Error) = "exercise.rs could not be written: {why}";
}
