//! Writes the HTML of cards, quizzes and predictions, as `book/theme/workbook.js` expects it.
//!
//! Only what is true for a static file is written: facts, commands, hints, questions. Everything
//! live is built by the script inside `<div class="wb-live">`.
//!
//! Lines matter. An empty line before and after Markdown makes mdBook render it; an empty line
//! inside a block of plain HTML would end that block.

use std::fmt::Write;
use std::path::Path;

use crate::course::{Course, Exercise};
use crate::words::book as words;

use super::question::{Choice, Question};
use super::scan::spans;

/// Text for HTML, in an element or in an attribute.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Markdown from a toml file or a comment: no HTML of its own, outside code where `<` is no tag.
pub fn markdown(text: &str) -> String {
    spans(text.trim())
        .into_iter()
        .map(|(code, part)| {
            if code {
                part.to_owned()
            } else {
                part.replace('<', "&lt;")
            }
        })
        .collect()
}

/// One line of text as HTML, with `code` in backticks.
fn coded(text: &str) -> String {
    let escaped = escape(text);
    let parts = escaped.split('`').enumerate();
    parts
        .map(|(at, part)| match at % 2 {
            1 => format!("<code>{part}</code>"),
            _ => part.to_owned(),
        })
        .collect()
}

/// The card of an exercise. `build` is how long its lesson compiles the first time, in seconds.
pub fn card(exercise: &Exercise, build: Option<u32>) -> String {
    let id = escape(&exercise.id);
    let by_hand = exercise.by_hand.as_ref().map(|command| {
        let (label, command) = (words::BY_HAND, escape(command));
        format!("<dt>{label}</dt><dd><code>{command}</code></dd>\n")
    });
    let build = build.map(|seconds| format!(" data-build=\"{seconds}\""));
    let mut out = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = write!(
        out,
        "<section class=\"wb-card\" data-exercise=\"{id}\" data-lesson=\"{lesson}\"{build} \
         aria-labelledby=\"exercise-{id}\">\n\
         <p class=\"wb-tag\"><span class=\"wb-number\">{number}</span> <span class=\"wb-id\">{id}</span> \
         <span class=\"wb-kind\" data-core=\"{core}\">{kind}</span> \
         <span class=\"wb-minutes\">{minutes}</span></p>\n\
         <h3 class=\"wb-title\" id=\"exercise-{id}\">{title}</h3>\n\
         <div class=\"wb-goal\">\n\n{goal}\n\n</div>\n\
         <dl class=\"wb-facts\">\n\
         <dt>{edit}</dt><dd><code>{answer}</code></dd>\n\
         <dt>{read}</dt><dd><code>{check}</code></dd>\n\
         <dt>{do_check}</dt><dd><code>cargo workbook check {id}</code></dd>\n\
         {by_hand}</dl>\n\
         <div class=\"wb-live\"></div>\n",
        lesson = escape(&exercise.lesson),
        number = escape(&exercise.number),
        core = exercise.core,
        kind = words::kind(exercise.core),
        minutes = words::minutes(exercise.minutes),
        title = coded(&exercise.title),
        goal = markdown(&exercise.goal),
        edit = words::EDIT,
        read = words::READ,
        do_check = words::CHECK,
        answer = escape(&url_like(&exercise.answer()).unwrap_or_default()),
        check = escape(&url_like(&exercise.check()).unwrap_or_default()),
        build = build.unwrap_or_default(),
        by_hand = by_hand.unwrap_or_default(),
    );
    for (hint, number) in exercise.hints.iter().zip(1..) {
        let _ = write!(
            out,
            "<details class=\"wb-hint\"><summary>{}</summary>\n\n{}\n\n</details>\n",
            words::hint(number, exercise.hints.len()),
            markdown(hint),
        );
    }
    out.push_str("</section>");
    out
}

/// A quiz, the `number`-th of its page.
pub fn quiz(page: &str, number: usize, question: &Question) -> String {
    let mut out = format!(
        "<section class=\"wb-quiz\" data-quiz=\"{}-q{number}\" aria-label=\"{}\">\n",
        escape(page),
        words::question(number),
    );
    asked(&mut out, question, |out, choice| {
        let (answer, verdict) = if choice.right {
            ("right", words::RIGHT)
        } else {
            ("wrong", words::WRONG)
        };
        let _ = write!(
            out,
            "<li class=\"wb-option\" data-answer=\"{answer}\">\n\
             <div class=\"wb-choice\">\n\n{}\n\n</div>\n\
             <details class=\"wb-explain\"><summary>{}</summary>\n\n**{verdict}** {}\n\n</details>\n",
            choice.text,
            words::RIGHT_OR_WRONG,
            choice.why,
        );
    });
    out.push_str("</section>");
    out
}

/// A demo as a page names it.
pub struct Demo<'a> {
    /// Its name, which the page's script sends.
    pub name: &'a str,
    /// What runs it in a terminal.
    pub command: String,
}

/// The command of the demo called `name`, if the course has one.
pub fn command(course: &Course, name: &str) -> Option<String> {
    let (lesson, words) = course.demo(name)?;
    let mut command = format!("cargo run -p {}", lesson.package());
    if !words.is_empty() {
        command += &format!(" -- {}", words.join(" "));
    }
    Some(command)
}

/// A prediction before this demo, the `number`-th of its page. After the demo the page shows the
/// line of its output that begins with `scene`, and the right option if one is marked.
pub fn prediction(
    page: &str,
    number: usize,
    demo: &Demo<'_>,
    scene: Option<&str>,
    question: &Question,
) -> String {
    let scene = scene.map(|scene| format!(" data-scene=\"{}\"", escape(scene)));
    let mut out = format!(
        "<section class=\"wb-predict\" data-predict=\"{}-p{number}\" data-demo=\"{}\"{} \
         aria-label=\"{}\">\n",
        escape(page),
        escape(demo.name),
        scene.unwrap_or_default(),
        words::prediction(number),
    );
    let marked = question.options.iter().any(|choice| choice.right);
    asked(&mut out, question, |out, choice| {
        let answer = match (marked, choice.right) {
            (false, _) => "",
            (true, true) => " data-answer=\"right\"",
            (true, false) => " data-answer=\"wrong\"",
        };
        let _ = write!(
            out,
            "<li class=\"wb-option\"{answer}>\n<div class=\"wb-choice\">\n\n{}\n\n</div>\n",
            choice.text,
        );
        if !choice.why.is_empty() {
            let _ = write!(
                out,
                "<details class=\"wb-explain\"><summary>{}</summary>\n\n{}\n\n</details>\n",
                words::WHAT_HAPPENS,
                choice.why,
            );
        }
    });
    let _ = write!(
        out,
        "<p class=\"wb-command\">{} <code>{}</code></p>\n<div class=\"wb-live\"></div>\n</section>",
        words::THEN_RUN,
        escape(&demo.command),
    );
    out
}

/// A demo without a question.
pub fn demo(demo: &Demo<'_>) -> String {
    format!(
        "<section class=\"wb-predict\" data-demo=\"{0}\" aria-label=\"{1} {0}\">\n\
         <p class=\"wb-command\">{2} <code>{3}</code></p>\n<div class=\"wb-live\"></div>\n</section>",
        escape(demo.name),
        words::DEMO,
        words::RUN,
        escape(&demo.command),
    )
}

fn asked(out: &mut String, question: &Question, each: impl Fn(&mut String, &Choice)) {
    let _ = write!(
        out,
        "<div class=\"wb-question\">\n\n{}\n\n</div>\n<ol class=\"wb-options\">\n",
        question.text
    );
    for choice in &question.options {
        each(out, choice);
        out.push_str("</li>\n");
    }
    out.push_str("</ol>\n");
}

/// A path with `/`, on every system; `None` if it is no text.
pub fn url_like(path: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = path.iter().map(|part| part.to_str()).collect();
    Some(parts?.join("/"))
}

/// Markdown that cannot leave its line.
pub fn one_line(text: &str) -> String {
    markdown(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Markdown that cannot leave its table cell.
pub fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::book::directives::expand;
    use crate::course::{Belief, Lesson, Page};
    use std::path::PathBuf;
    use std::time::Duration;

    /// A course of one lesson, only in memory.
    pub fn course() -> Course {
        let exercise = Exercise {
            id: "frames".into(),
            title: "A <message> has an `end`".into(),
            goal: "Read `Vec<u8>` & give back <b>one</b> message.".into(),
            core: true,
            minutes: 10,
            limit: Duration::from_secs(5),
            belief: Belief {
                slug: "one-write-is-one-read".into(),
                words: "One write is one read.".into(),
            },
            by_hand: Some("cargo run -p l01-tcp -- mine".into()),
            hints: vec!["First.".into(), "Second: `a < b`.".into()],
            needs: Vec::new(),
            number: "1.1".into(),
            lesson: "01-tcp".into(),
            page: "01-tcp".into(),
            dir: PathBuf::from("lessons/01-tcp/exercises/frames"),
        };
        Course {
            root: PathBuf::from("/nowhere"),
            lessons: vec![Lesson {
                name: "01-tcp".into(),
                number: 1,
                title: "Two programs | one wire".into(),
                minutes: 75,
                pages: vec![Page {
                    name: "01-tcp".into(),
                    title: "Two programs | one wire".into(),
                    core: true,
                    minutes: 75,
                    demo: None,
                    goals: vec!["say why".into()],
                }],
                build: Some(7),
                stops: vec!["After `frames`: rest.".into()],
                demos: Default::default(),
                needs: Vec::new(),
                exercises: vec![exercise],
            }],
            renames: Default::default(),
        }
    }

    fn html(text: &str) -> String {
        expand(&course(), Path::new("01-tcp.md"), text).expect("expanded")
    }

    #[test]
    fn a_card_has_facts_and_folded_hints() {
        let expected = r#"before

<section class="wb-card" data-exercise="frames" data-lesson="01-tcp" data-build="7" aria-labelledby="exercise-frames">
<p class="wb-tag"><span class="wb-number">1.1</span> <span class="wb-id">frames</span> <span class="wb-kind" data-core="true">core</span> <span class="wb-minutes">10 min</span></p>
<h3 class="wb-title" id="exercise-frames">A &lt;message&gt; has an <code>end</code></h3>
<div class="wb-goal">

Read `Vec<u8>` & give back &lt;b>one&lt;/b> message.

</div>
<dl class="wb-facts">
<dt>Edit</dt><dd><code>lessons/01-tcp/exercises/frames/exercise.rs</code></dd>
<dt>Read</dt><dd><code>lessons/01-tcp/exercises/frames/check.rs</code></dd>
<dt>Check</dt><dd><code>cargo workbook check frames</code></dd>
<dt>After it passes</dt><dd><code>cargo run -p l01-tcp -- mine</code></dd>
</dl>
<div class="wb-live"></div>
<details class="wb-hint"><summary>Hint 1 of 2</summary>

First.

</details>
<details class="wb-hint"><summary>Hint 2 of 2</summary>

Second: `a < b`.

</details>
</section>

after
"#;
        assert_eq!(html("before\n{{#exercise frames}}\nafter\n"), expected);
    }

    #[test]
    fn a_quiz_explains_every_option() {
        let expected = r#"
<section class="wb-quiz" data-quiz="01-tcp-q1" aria-label="Question 1">
<div class="wb-question">

How *many*?

</div>
<ol class="wb-options">
<li class="wb-option" data-answer="wrong">
<div class="wb-choice">

one

</div>
<details class="wb-explain"><summary>Right or wrong?</summary>

**Wrong.** No.

</details>
</li>
<li class="wb-option" data-answer="right">
<div class="wb-choice">

`two`

</div>
<details class="wb-explain"><summary>Right or wrong?</summary>

**Right.** Yes.

</details>
</li>
</ol>
</section>

"#;
        let source =
            "{{#quiz}}\nHow *many*?\n- [ ] one\n  : No.\n- [x] `two`\n  : Yes.\n{{/quiz}}\n";
        assert_eq!(html(source), expected);
    }

    #[test]
    fn a_prediction_names_its_demo() {
        let expected = r#"
<section class="wb-predict" data-predict="01-tcp-p1" data-demo="01-tcp" aria-label="Prediction 1">
<div class="wb-question">

What?

</div>
<ol class="wb-options">
<li class="wb-option">
<div class="wb-choice">

a

</div>
</li>
<li class="wb-option">
<div class="wb-choice">

b

</div>
<details class="wb-explain"><summary>What happens</summary>

It does.

</details>
</li>
</ol>
<p class="wb-command">Then run it: <code>cargo run -p l01-tcp</code></p>
<div class="wb-live"></div>
</section>

"#;
        assert_eq!(
            html("{{#predict demo=01-tcp}}\nWhat?\n- a\n- [ ] b\n  : It does.\n{{/predict}}\n"),
            expected
        );
        assert!(html("{{#demo 01-tcp}}\n").contains("aria-label=\"Demo 01-tcp\""));
    }

    #[test]
    fn a_prediction_may_mark_the_right_option_and_name_its_scene() {
        let page = html(
            "{{#predict demo=01-tcp scene=\"2. A <b>\"}}\nWhat?\n- [ ] a\n- [x] b\n{{/predict}}\n",
        );
        for part in [
            "data-demo=\"01-tcp\" data-scene=\"2. A &lt;b&gt;\" aria-label",
            "<li class=\"wb-option\" data-answer=\"wrong\">",
            "<li class=\"wb-option\" data-answer=\"right\">",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
    }
}
