//! The language of pages, exercises and examples: plain words, titles that name the concept, minutes that add up.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{AssertHas, repository};
use workbook::book::glossary;
use workbook::course::{Course, Lesson, Page};
use workbook::verify::minutes;

/// The pages that belong to no lesson and are not read for their words: the runner makes most of their text.
const MADE: &str = "404 SUMMARY beliefs for-teachers phone-book wire";

/// Words of the private language, and the field's word to take instead.
const WORDS: &[(&str, &str)] = &[
    ("whoever", "the client, the server, the caller"),
    ("whomever", "the client, the server, the caller"),
    ("nobody", "no client, no program"),
    ("no one", "no client, no program"),
    ("somebody", "a client, a caller"),
    ("someone", "a client, a caller"),
    ("everybody", "all clients, each caller"),
    ("anybody", "any client, any program"),
    ("stranger", "an independent client, the sender"),
    ("strangers", "independent clients"),
    ("patience", "timeout"),
    ("maker", "producer"),
    ("by lot", "at random"),
    ("for ever", "without limit, until ..."),
    ("without an end", "unbounded"),
    ("mend", "repair, normalize"),
    ("mended", "repaired, normalized"),
    ("guest", "connection"),
    ("guests", "connections"),
    ("seat", "permit, connection"),
    ("seats", "permits, connections"),
    ("hang up", "close the connection"),
    ("hangs up", "closes the connection"),
    ("hung up", "closed the connection"),
    ("go notes", "the naive version"),
    ("go course notes", "the naive version"),
];

/// The field's terms: the title of a lesson or an exercise has one of them.
const TERMS: &str = "latency; verdict; tcp; tls; json; stream of bytes; `read`; connection; concurrent; frame; \
    utf-8; deadline; timeout; receipt; rpc; dispatch; error reply; pipelining; cancellation; \
    retry; protocol buffers; varint; unknown field; field number; field presence; length prefix; \
    stub; wrapper; compatibility; contract; grpc; streaming; backpressure; half-close; channel; \
    status code; authentication; readiness; registration; advertised address; instance id; \
    health check; discovery; health query; healthy instance; deregistration; graceful shutdown; \
    drain; shutdown; crash; maintenance; blocking quer; registry; lease; watch; publish; \
    framework; thundering herd; round robin; load balancing; rendezvous hashing; hedging; redis; \
    expiry; resp,; getdel; lost reply; consul; tracing; compare-and-set; raft; heartbeat; \
    captcha; idempotent; fail closed; rate limit; information leak";

/// The longest sentence, in words.
const SENTENCE: usize = 30;

fn course() -> Course {
    Course::load(&repository()).unwrap()
}

/// All pages of the lessons.
fn pages(course: &Course) -> impl Iterator<Item = (&Lesson, &Page)> {
    let lessons = course.lessons.iter();
    lessons.flat_map(|lesson| lesson.pages.iter().map(move |page| (lesson, page)))
}

fn text(course: &Course, page: &Page) -> String {
    fs::read_to_string(course.path(&page.file())).unwrap()
}

/// The texts of a lesson that a learner reads: pages, exercises and worked example.
fn texts(course: &Course, lesson: &Lesson) -> Vec<(PathBuf, String)> {
    let page = |page: &Page| (course.path(&page.file()), text(course, page));
    let mut found: Vec<(PathBuf, String)> = lesson.pages.iter().map(page).collect();
    let folder = course.root.join("lessons").join(&lesson.name);
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name != "exercise.rs"
                && [".rs", ".toml", ".diff"]
                    .iter()
                    .any(|end| name.ends_with(end))
            {
                found.push((path.clone(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 8, "only {} texts", found.len());
    found
}

/// Whether `word` stands in `line` as a word of its own. Methods and names in capitals may belong to other crates.
fn has(line: &str, word: &str) -> bool {
    let capital = word[..1].to_uppercase() + &word[1..];
    let own = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    [word, &capital].iter().any(|word| {
        line.match_indices(*word).any(|(at, found)| {
            let before = line[..at].chars().next_back();
            own(before) && before != Some('.') && own(line[at + found.len()..].chars().next())
        })
    })
}

/// The pages that belong to no lesson.
fn front(course: &Course) -> Vec<(PathBuf, String)> {
    let of_lessons: Vec<&str> = pages(course).map(|(_, page)| page.name.as_str()).collect();
    let known = |name: &str| of_lessons.contains(&name) || MADE.split(' ').any(|made| made == name);
    let mut found = files(&course.root.join("book/src"), "md");
    found.retain(|(path, _)| !known(path.file_stem().unwrap().to_str().unwrap()));
    assert!(found.len() > 10, "only {} pages", found.len());
    found
}

/// The files in `folder` whose names end so, with their texts.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let all = fs::read_dir(folder).unwrap();
    let paths = all.map(|entry| entry.unwrap().path());
    let named = paths.filter(|path| path.extension().is_some_and(|end| end == ending));
    named
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// A picture without a size shrinks on a phone until its labels cannot be read, and one colour for its text does not
/// fit both schemes.
#[test]
fn each_picture_has_a_size_and_colours_for_dark_pages() {
    let pictures = files(&course().root.join("book/src/images"), "svg");
    for (path, text) in &pictures {
        let head = &text[..text.find('>').unwrap()];
        let sized = head.contains(" width=\"") && head.contains(" height=\"");
        assert!(sized, "{}: no width or height", path.display());
        let coloured = text.contains("prefers-color-scheme") && !text.contains("currentColor");
        assert!(coloured, "{}: unreadable on a dark page", path.display());
    }
    assert!(pictures.len() > 30, "only {} pictures", pictures.len());
}

#[test]
fn no_word_of_the_private_language() {
    let course = course();
    let mut faults = Vec::new();
    let lessons = course.lessons.iter().map(|lesson| texts(&course, lesson));
    // The labels of a picture are read like the text.
    let pictures = files(&course.root.join("book/src/images"), "svg");
    for texts in lessons.chain([front(&course), pictures]) {
        for (path, text) in texts {
            let path = path
                .strip_prefix(&course.root)
                .unwrap()
                .display()
                .to_string();
            // A phrase may be broken over two lines.
            let lines: Vec<&str> = text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                let next = lines.get(at + 1).map_or("", |line| line.trim());
                let next = next.trim_start_matches(['/', '!', ' ']);
                let both = format!("{} {next}", line.trim_end_matches(['\\', ' ']));
                for (word, better) in WORDS {
                    let broken = word.contains(' ') && has(&both, word) && !has(next, word);
                    if has(line, word) || broken {
                        faults.push(format!("{path}:{}: `{word}`; say {better}", at + 1));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_title_names_its_concept() {
    let course = course();
    let summary = fs::read_to_string(course.root.join("book/src/SUMMARY.md")).unwrap();
    for (lesson, page) in pages(&course) {
        let titles = lesson.on(page).map(|exercise| &exercise.title);
        for title in titles.chain([&page.title]) {
            let small = title.to_lowercase();
            assert!(
                TERMS.split("; ").any(|term| small.contains(term)),
                "`{title}` has none of the field's terms; a new one goes into TERMS"
            );
        }
        // Only a chapter shows the number of its lesson; a further page stands below it.
        let (heading, item) = match page.name == lesson.name {
            true => (format!("{:02} {}", lesson.number, page.title), "\n- "),
            false => (page.title.clone(), "\n  - "),
        };
        assert!(text(&course, page).starts_with(&format!("# {heading}\n")));
        let item = format!("{item}[{heading}]({}.md)", page.name);
        assert!(summary.contains(&item), "SUMMARY.md must have {item:?}");
    }
}

/// What stands above the first heading of a chapter: minutes that add up, the goals, the Go table.
#[test]
fn the_top_of_a_chapter_says_what_comes() {
    let course = course();
    for (lesson, page) in pages(&course) {
        let chapter = text(&course, page);
        let top = &chapter[..chapter.find("\n## ").unwrap()];
        let sum = |stretch: bool| -> u32 {
            let all = lesson.on(page);
            all.filter(|each| !(stretch && each.core))
                .map(|each| each.minutes)
                .sum()
        };
        let minutes = format!(
            "**{} minutes**: {} to read, {} for the exercises{}",
            page.minutes,
            page.reading(lesson),
            sum(false),
            match sum(true) {
                0 => ".".to_owned(),
                stretch => format!(" ({stretch} of those are stretch)"),
            },
        );
        top.assert_has(&[&minutes]);
        for goal in &page.goals {
            let goal = goal.trim_end_matches('.');
            top.assert_has(&[&goal[1..]]);
        }
        top.assert_has(&["<details>\n<summary>If you know Go"]);
    }
}

/// What takes how long is computed, once a page says how long its demo takes.
#[test]
fn the_minutes_of_a_finished_lesson_are_computed() {
    let course = course();
    let toml = "lesson.toml needs `demo = SECONDS`: see `cargo workbook minutes --demo`";
    for (_, page) in pages(&course) {
        assert!(page.demo.is_some(), "{}: {toml}", page.name);
    }
    let faults: Vec<String> = minutes::faults(&course)
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// An exercise follows the step that needs it, and the result of a demo is folded until it is predicted.
#[test]
fn exercises_stand_between_the_steps() {
    let course = course();
    for (lesson, page) in pages(&course) {
        let chapter = text(&course, page);
        assert!(!chapter.contains("\n## Exercises"));
        let quiz = chapter.find("{{#quiz}}").unwrap();
        let mut after = 0;
        for exercise in lesson.on(page) {
            let card = format!("{{{{#exercise {}}}}}", exercise.id);
            let at = chapter.find(&card).unwrap();
            assert!(after < at && at < quiz, "{card} stands at the wrong place");
            after = at;
        }
        chapter.assert_has(&["{{/predict}}\n\n<details class=\"wb-result\">"]);
    }
}

/// The glossary has the field's terms, in English and Chinese, and the chapters lead to them.
#[test]
fn every_term_is_linked_where_it_is_used_first() {
    let course = course();
    let glossary = fs::read_to_string(course.root.join("book/src/glossary.md")).unwrap();
    let mut open = glossary::entries(&glossary);
    assert_eq!(
        open.len(),
        glossary.matches("\n: ").count(),
        "an entry without its lesson"
    );
    assert!(open.len() > 100);
    for term in "服务发现 熔断 背压 租约 健康检查 负载均衡 幂等 优雅停机 心跳 注销".split(' ')
    {
        assert!(
            glossary.contains(&format!("<span lang=\"zh\">{term}</span>")),
            "{term}"
        );
    }
    for (_, page) in pages(&course) {
        let name = format!("{}.md", page.name);
        glossary::link(&name, &text(&course, page), &mut open);
    }
    assert!(
        open.is_empty(),
        "no chapter uses these terms; remove them from glossary.md, or name a later lesson: {open:#?}"
    );
}

/// The sentences of a Markdown text: no code, no tables, no pictures, no HTML.
fn sentences(text: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    let mut code = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with("```") {
            code = !code;
        }
        let item = line.starts_with("- ") || line.starts_with(": ");
        if code || line.is_empty() || line.starts_with(['|', '#', '<', '!', '`', '{']) || item {
            blocks.push(String::new());
        }
        let skipped = line.starts_with(['|', '#', '<', '!', '{']) || line.starts_with("```");
        if !code && !skipped {
            let block = blocks.last_mut().unwrap();
            block.push_str(line);
            block.push(' ');
        }
    }
    let ends = [". ", "? ", "! ", ".** ", ".) ", ": ", "; "];
    let mut found = Vec::new();
    for block in blocks {
        let mut rest = block.as_str();
        while let Some(end) = ends
            .iter()
            .filter_map(|end| Some(rest.find(end)? + end.len()))
            .min()
        {
            found.push(rest[..end].to_owned());
            rest = &rest[end..];
        }
        found.push(rest.to_owned());
    }
    found
}

#[test]
fn no_sentence_is_too_long() {
    let course = course();
    let chapters = pages(&course).map(|(_, page)| text(&course, page));
    for text in chapters.chain(front(&course).into_iter().map(|(_, text)| text)) {
        for sentence in sentences(&text) {
            let words = sentence.split_whitespace().count();
            assert!(words <= SENTENCE, "{words} words: {sentence}");
        }
    }
}
