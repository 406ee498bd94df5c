//! Writes the part of the teachers' page that is generated: what each lesson takes, where a class
//! can stop, what a learner believes before an exercise, and the wrong answers to expect.
//!
//! It comes from `lesson.toml` and the mistakes that `verify` proves, so it cannot get old.

use std::fmt::Write;
use std::path::Path;

use crate::course::{Course, CourseError, Exercise, Lesson, Mistake, TIMED_OUT};
use crate::words::book as words;

use super::markup::{cell, escape, markdown, one_line};

/// The lessons, one section each. `path` is the page that asks, relative to the folder of the
/// chapters.
///
/// # Errors
/// [`CourseError::File`] for a mistake that lacks its opening lines.
pub fn page(course: &Course, path: &Path) -> Result<String, CourseError> {
    let up = "../".repeat(path.components().count().saturating_sub(1));
    let sections = course
        .lessons
        .iter()
        .map(|lesson| section(course, lesson, &up))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(sections.join("\n\n"))
}

fn section(course: &Course, lesson: &Lesson, up: &str) -> Result<String, CourseError> {
    let name = escape(&lesson.name);
    let core = lesson.exercises.iter().filter(|e| e.core).count();
    let mut out = format!(
        "<section class=\"wb-lesson\" data-lesson=\"{name}\" aria-labelledby=\"lesson-{name}\">\n\n\
         ### {} {{#lesson-{name}}}\n\n\
         <p class=\"wb-lesson-facts\">{}</p>\n\n",
        words::lesson(lesson.number, &markdown(&lesson.title)),
        words::lesson_facts(lesson, core),
    );
    list(&mut out, words::AFTERWARDS, lesson.goals());
    list(&mut out, words::STOPS, lesson.stops.iter());
    // Writing to a String cannot fail, here and below.
    if !lesson.exercises.is_empty() {
        let _ = writeln!(out, "{}\n|---|---|---|---|", words::EXERCISE_TABLE);
    }
    for exercise in &lesson.exercises {
        let _ = writeln!(
            out,
            "| [{} {}]({up}{}.md#exercise-{}): {} | {} | {} | {} |",
            exercise.number,
            exercise.id,
            escape(&exercise.page),
            exercise.id,
            cell(&exercise.title),
            exercise.minutes,
            words::kind(exercise.core),
            cell(&exercise.belief.words),
        );
    }
    out.push('\n');
    for exercise in &lesson.exercises {
        mistakes(&mut out, course, exercise)?;
    }
    out.push_str("</section>");
    Ok(out)
}

fn list<'a>(out: &mut String, title: &str, items: impl Iterator<Item = &'a String>) {
    let mut items = items.peekable();
    if items.peek().is_none() {
        return;
    }
    let _ = write!(out, "**{title}**\n\n");
    for item in items {
        let _ = writeln!(out, "- {}", one_line(item));
    }
    out.push('\n');
}

fn mistakes(out: &mut String, course: &Course, exercise: &Exercise) -> Result<(), CourseError> {
    let mistakes = Mistake::all(&course.root, exercise)?;
    if mistakes.is_empty() {
        return Ok(());
    }
    let _ = write!(
        out,
        "<details class=\"wb-mistakes\"><summary>{}</summary>\n\n",
        words::mistakes_of(&exercise.number, &escape(&exercise.id)),
    );
    for mistake in mistakes {
        let by = if mistake.check == TIMED_OUT {
            words::BY_THE_LIMIT.to_owned()
        } else {
            format!("`{}`", mistake.check)
        };
        let _ = writeln!(
            out,
            "- {}",
            words::caught_by(
                &one_line(&mistake.belief.words),
                &by,
                &one_line(&mistake.says)
            ),
        );
    }
    out.push_str("\n</details>\n\n");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    #[test]
    fn a_lesson_shows_what_a_teacher_plans_with() {
        let dir = tempfile::tempdir().expect("a folder");
        let mut course = course();
        course.root = dir.path().to_owned();
        let mistakes = dir.path().join("lessons/01-tcp/exercises/frames/mistakes");
        std::fs::create_dir_all(&mistakes).expect("made");
        let write = |name: &str, check: &str| {
            let text = format!(
                "belief: a-b\nwords: A <i>is</i> b.\ncheck: {check}\nsays: so far\nof: stub\n"
            );
            std::fs::write(mistakes.join(name), text).expect("written");
        };
        write("1_a.diff", "pieces_are_joined");
        write("2_b.diff", TIMED_OUT);
        let expected = "\
<section class=\"wb-lesson\" data-lesson=\"01-tcp\" aria-labelledby=\"lesson-01-tcp\">

### Lesson 01: Two programs | one wire {#lesson-01-tcp}

<p class=\"wb-lesson-facts\">75 minutes (75 of them core), 1 exercise, 1 of them core</p>

**Afterwards a learner can**

- say why

**Places to stop**

- After `frames`: rest.

| Exercise | Minutes | Kind | The belief it breaks |
|---|---|---|---|
| [1.1 frames](../01-tcp.md#exercise-frames): A &lt;message> has an `end` | 10 | core | One write is one read. |

<details class=\"wb-mistakes\"><summary>Common mistakes in 1.1 frames</summary>

- **A &lt;i>is&lt;/i> b.** Caught by `pieces_are_joined`, which says: \u{201c}so far\u{201d}
- **A &lt;i>is&lt;/i> b.** Caught by the time limit, which says: \u{201c}so far\u{201d}

</details>

</section>";
        assert_eq!(
            page(&course, Path::new("more/teachers.md")).as_deref(),
            Ok(expected)
        );
        std::fs::write(mistakes.join("3_c.diff"), "fn f() {}").expect("written");
        assert!(page(&course, Path::new("teachers.md")).is_err());
    }
}
