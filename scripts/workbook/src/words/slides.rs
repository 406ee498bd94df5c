//! The words of the slides.

/// The list of all decks.
pub const INDEX: &str = "Slides for each lesson";
/// In front of a demo's command.
pub const RUN: &str = "Then run";
/// Above what the demo printed.
pub const PRINTED: &str = "What the demo printed";
/// Above the options after the demo.
pub const ANSWER: &str = "The answer";
/// In front of the right option.
pub const RIGHT: &str = "Right:";
/// Above a place to stop.
pub const STOP: &str = "Stop point";
/// Above the goals, on the last slide.
pub const GOALS: &str = "You can now";
/// In front of the belief of an exercise, in its notes.
pub const BELIEF: &str = "The belief it breaks:";
/// Above the mistakes of an exercise, in its notes.
pub const MISTAKES: &str = "Wrong answers that you will see, and what the check says:";
/// The name of the notes, for a screen reader.
pub const NOTES: &str = "Speaker notes";
/// The name of the buttons, for a screen reader.
pub const CONTROLS: &str = "Slides";
/// The buttons: what each does, its text and its key.
pub const BUTTONS: [(&str, &str, &str); 4] = [
    ("back", "Back", "ArrowLeft"),
    ("next", "Next", "ArrowRight"),
    ("notes", "Notes", "n"),
    ("print", "Print", "p"),
];

sentences! {
    /// The title of a deck.
    lesson(number: u32) = "Lesson {number:02}";
    /// The notes of the first slide of a page.
    minutes(all: u32, reading: u32) =
        "{all} minutes: {reading} to read, {} for the exercises.",
        all - reading;
    /// The line below the title of an exercise.
    exercise(number: &str, id: &str, minutes: u32, kind: &str) =
        "Exercise {number} {id}, {minutes} min, {kind}";
}
