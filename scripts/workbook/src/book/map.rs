//! The map of the course: each lesson with its core exercises, as a list of links. The page's script adds how far the
//! learner is; without the runner it stays a plain list.

use std::fmt::Write;

use crate::course::{Course, Exercise};

use super::markup::markdown;

/// The list, in Markdown.
pub fn list(course: &Course) -> String {
    let mut out = "<div class=\"wb-map\" data-map>\n\n".to_owned();
    for lesson in &course.lessons {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(
            out,
            "- [{:02} {}]({}.md)",
            lesson.number,
            text(&lesson.title),
            lesson.name
        );
        for exercise in lesson.exercises.iter().filter(|each| each.core) {
            let Exercise { id, page, .. } = exercise;
            let _ = writeln!(out, "  - [{}]({page}.md#exercise-{id})", text(id));
        }
    }
    out.push_str("\n</div>");
    out
}

/// Markdown that cannot end the text of a link.
fn text(words: &str) -> String {
    markdown(words).replace('[', "\\[").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    #[test]
    fn the_map_has_each_lesson_and_its_core_exercises() {
        let mut course = course();
        let mut stretch = course.lessons[0].exercises[0].clone();
        stretch.id = "more".into();
        stretch.core = false;
        course.lessons[0].exercises.push(stretch);
        course.lessons[0].title = "Two [of] a kind".into();
        assert_eq!(
            list(&course),
            "<div class=\"wb-map\" data-map>\n\n- [01 Two \\[of\\] a kind](01-tcp.md)\n  - \
             [frames](01-tcp.md#exercise-frames)\n\n</div>"
        );
    }
}
