//! The plans of the teachers' page: days with lessons and cuts, from `book/plans.toml`, with minutes that are computed.
//!
//! A cut page is read up to an exercise; its share of the reading time is that of the words, code and output before it.

use std::fmt::Write;
use std::fs;

use serde::Deserialize;

use crate::course::{Course, Exercise, Lesson, Page};
use crate::verify::minutes::share_until;
use crate::words::book as words;

use super::markup::cell;

/// The file, relative to the course.
const FILE: &str = "book/plans.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plans {
    plan: Vec<Plan>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    title: String,
    about: String,
    day: Vec<Day>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Day {
    title: String,
    /// What the day has, without breaks.
    minutes: u32,
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    page: String,
    until: Option<String>,
    #[serde(default)]
    only: Vec<String>,
    #[serde(default)]
    stretch: bool,
}

/// A part with its minutes.
struct Timed<'c> {
    page: &'c Page,
    reading: u32,
    exercises: Vec<&'c Exercise>,
}

impl Timed<'_> {
    fn exercises(&self) -> u32 {
        self.exercises.iter().map(|exercise| exercise.minutes).sum()
    }

    fn minutes(&self) -> u32 {
        self.reading + self.exercises()
    }
}

/// The plans as Markdown: a table a day, with its sum.
///
/// # Errors
/// What is wrong in the file, in words: a page or an exercise that does not exist, or a day that is too full.
pub fn text(course: &Course) -> Result<String, String> {
    let fault = |why: String| format!("{FILE}: {why}");
    let source = fs::read_to_string(course.root.join(FILE)).map_err(|e| fault(e.to_string()))?;
    let plans: Plans = toml::from_str(&source).map_err(|e| fault(e.to_string()))?;
    let mut out = String::new();
    for plan in &plans.plan {
        let mut total = 0;
        let mut days = String::new();
        for day in &plan.day {
            let parts = (day.parts.iter())
                .map(|part| timed(course, part))
                .collect::<Result<Vec<_>, _>>()
                .map_err(&fault)?;
            let sum: u32 = parts.iter().map(Timed::minutes).sum();
            if sum > day.minutes {
                return Err(fault(words::day_too_full(&day.title, sum, day.minutes)));
            }
            total += sum;
            table(&mut days, day, &parts, sum);
        }
        // Writing to a String cannot fail, here and below.
        let _ = write!(
            out,
            "### {}\n\n{} {}\n\n{days}",
            plan.title,
            plan.about,
            words::plan_total(total)
        );
    }
    Ok(out)
}

fn table(out: &mut String, day: &Day, parts: &[Timed<'_>], sum: u32) {
    let _ = write!(
        out,
        "**{}**: {}\n\n{}\n|---|---|---|---|\n",
        day.title,
        words::day_sum(sum, day.minutes),
        words::PLAN_TABLE
    );
    for (part, timed) in day.parts.iter().zip(parts) {
        let names: Vec<String> = (timed.exercises.iter())
            .map(|exercise| format!("[{0}]({1}.md#exercise-{0})", exercise.id, exercise.page))
            .collect();
        let _ = writeln!(
            out,
            "| [{}]({}.md){} | {} | {}{} | {} |",
            cell(&timed.page.title),
            timed.page.name,
            words::cut(part.until.as_deref()),
            timed.reading,
            match timed.exercises() {
                0 => String::new(),
                minutes => format!("{minutes}: "),
            },
            names.join(", "),
            timed.minutes(),
        );
    }
    out.push('\n');
}

fn timed<'c>(course: &'c Course, part: &Part) -> Result<Timed<'c>, String> {
    let mut pages = course
        .lessons
        .iter()
        .flat_map(|lesson| lesson.pages.iter().map(move |page| (lesson, page)));
    let (lesson, page): (&Lesson, &Page) = pages
        .find(|(_, page)| page.name == part.page)
        .ok_or_else(|| words::no_lesson(&part.page))?;
    let here: Vec<&Exercise> = lesson.on(page).collect();
    for id in part.until.iter().chain(&part.only) {
        if !here.iter().any(|exercise| exercise.id == *id) {
            return Err(words::no_exercise_on(id, &part.page));
        }
    }
    let last = part.until.as_ref().map_or(here.len(), |until| {
        here.iter()
            .take_while(|exercise| exercise.id != *until)
            .count()
            + 1
    });
    let chosen = |exercise: &&&Exercise| match part.only.is_empty() {
        true => exercise.core || part.stretch,
        false => part.only.contains(&exercise.id),
    };
    let exercises: Vec<&Exercise> = here[..last].iter().filter(chosen).copied().collect();
    if !part.only.is_empty() && exercises.len() != part.only.len() {
        return Err(words::behind_the_cut(&part.page));
    }
    let share = part
        .until
        .as_ref()
        .map_or(1.0, |until| share_until(course, lesson, page, until));
    Ok(Timed {
        page,
        reading: rounded(f64::from(page.reading(lesson)) * share),
        exercises,
    })
}

/// Minutes are whole ones.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the minutes of a page are few, and not negative"
)]
fn rounded(minutes: f64) -> u32 {
    minutes.round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::markup::tests::course;

    fn plan(parts: &str, minutes: u32) -> Result<String, String> {
        let dir = tempfile::tempdir().expect("a folder");
        let mut course = course();
        course.root = dir.path().to_owned();
        fs::create_dir_all(dir.path().join("book/src")).expect("made");
        let chapter = "# A\n\none two\n\n{{#exercise frames}}\n\nthree four\n";
        fs::write(dir.path().join("book/src/01-tcp.md"), chapter).expect("written");
        let toml = format!(
            "[[plan]]\ntitle = \"A\"\nabout = \"B.\"\n[[plan.day]]\ntitle = \"C\"\nminutes = {minutes}\nparts = [{parts}]\n"
        );
        fs::write(dir.path().join(FILE), toml).expect("written");
        text(&course)
    }

    #[test]
    fn the_minutes_of_a_day_are_computed() {
        let whole = plan("{ page = \"01-tcp\" }", 75).expect("a plan");
        assert!(whole.contains("**C**: 75 of 75 minutes"), "{whole}");
        assert!(
            whole.contains("| 65 | 10: [frames](01-tcp.md#exercise-frames) | 75 |"),
            "{whole}"
        );
        let cut = plan("{ page = \"01-tcp\", until = \"frames\" }", 75).expect("a plan");
        assert!(!cut.contains("75 of 75"), "{cut}");
    }

    #[test]
    fn a_day_that_is_too_full_and_names_that_are_not_there_are_faults() {
        for (part, minutes, named) in [
            (r#"page = "01-tcp""#, 74, "75"),
            (r#"page = "02-no""#, 74, "02-no"),
            (r#"page = "01-tcp", until = "no""#, 99, "`no`"),
            (r#"page = "01-tcp", only = ["no"]"#, 99, "`no`"),
        ] {
            let why = plan(&format!("{{ {part} }}"), minutes).expect_err(part);
            assert!(why.contains(named), "{part}: {why}");
        }
    }
}
