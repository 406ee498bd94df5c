//! How long the course takes: the sum of the lessons' minutes, so that no page has to say a figure of its own.

use std::fmt::Write;

use crate::course::{Course, Lesson};
use crate::words::book as words;

use super::markup::cell;

/// The minutes of the stretch exercises of `lesson`, and of its pages that are not core.
fn stretch(lesson: &Lesson) -> u32 {
    lesson.minutes - lesson.core_minutes()
}

/// The minutes of the whole course, and those without what is stretch.
pub fn minutes(course: &Course) -> (u32, u32) {
    let all: u32 = course.lessons.iter().map(|lesson| lesson.minutes).sum();
    let stretch: u32 = course.lessons.iter().map(stretch).sum();
    (all, all - stretch)
}

/// The hours of the course, and a folded table of its lessons.
pub fn text(course: &Course) -> String {
    let (all, core) = minutes(course);
    let (title, head) = words::HOURS_TABLE;
    let mut out = format!(
        "{}\n\n<details class=\"wb-hours\"><summary>{title}</summary>\n\n{head}\n|---|---|---|\n",
        words::hours(all, core)
    );
    for lesson in &course.lessons {
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "| [{:02} {}]({}.md) | {} | {} |",
            lesson.number,
            cell(&lesson.title),
            lesson.name,
            lesson.minutes,
            stretch(lesson),
        );
    }
    out.push_str("\n</details>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    #[test]
    fn the_hours_are_the_sum_of_the_lessons() {
        let mut course = course();
        let mut second = course.lessons[0].clone();
        second.minutes = 95;
        second.pages[0].minutes = 95;
        second.exercises[0].core = false;
        second.exercises[0].minutes = 30;
        course.lessons.push(second);
        assert_eq!(minutes(&course), (170, 140));
        let text = text(&course);
        assert!(
            text.starts_with("**About 3 hours**: 2 for the core, and 1 for the stretch"),
            "{text}"
        );
        assert!(
            text.contains("| [01 Two programs \\| one wire](01-tcp.md) | 95 | 30 |"),
            "{text}"
        );
    }
}
