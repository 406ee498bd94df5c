//! A lesson with a further page: what is read from its files, and what `verify` finds wrong in them.

use std::fs;

use crate::support::{AssertHas, Fixture};
use crate::verify::{one, replace, seen};
use workbook::book::build;
use workbook::course::Course;

/// Puts `beta` on a further page of its lesson.
fn second_page(fixture: &Fixture) {
    let toml = "lessons/01-second/lesson.toml";
    replace(
        fixture,
        toml,
        "[[exercise]]",
        "[[page]]\nname = \"01-more\"\ntitle = \"More\"\ncore = false\nminutes = 12\n\
         goals = [\"Answer it again.\"]\n\n[[exercise]]\npage = \"01-more\"",
    );
    replace(fixture, toml, "core = true", "core = false");
    let chapter = "book/src/01-second.md";
    replace(fixture, chapter, "{{#exercise beta}}", "");
    fixture.put("book/src/01-more.md", "# More\n\n{{#exercise beta}}\n");
    let summary = "(01-second.md)\n  - [More](01-more.md)";
    replace(fixture, "book/src/SUMMARY.md", "(01-second.md)", summary);
}

#[test]
fn a_lesson_may_have_a_further_page() {
    let fixture = Fixture::new();
    second_page(&fixture);
    assert_eq!(seen(&fixture), [""; 0]);
    let course = Course::load(fixture.root()).unwrap();
    let lesson = course.lesson("01").unwrap();
    assert_eq!((lesson.minutes, lesson.core_minutes()), (32, 20));
    let reading: Vec<u32> = lesson
        .pages
        .iter()
        .map(|page| page.reading(lesson))
        .collect();
    assert_eq!(reading, [20, 4]);
    assert_eq!(course.exercise("beta").unwrap().page, "01-more");
    let list = fixture.says(&["list"]);
    let page = list
        .find("01-more More")
        .unwrap_or_else(|| panic!("{list}"));
    assert!(page < list.find("beta").unwrap(), "{list}");
    fixture.put("book/src/teachers.md", "# T\n\n{{#teachers}}\n");
    replace(
        &fixture,
        "book/src/SUMMARY.md",
        "# Summary\n",
        "# Summary\n\n- [T](teachers.md)\n",
    );
    let built = fixture.path("built");
    build::build(fixture.root(), &built).unwrap();
    let page = fs::read_to_string(built.join("teachers.html")).unwrap();
    page.assert_has(&["01-more.html#exercise-beta"]);

    let (chapter, toml) = ("book/src/01-more.md", "lessons/01-second/lesson.toml");
    let (stretch, core) = ("core = false\nminutes = 8", "core = true\nminutes = 8");
    for [file, from, to, words] in [
        [
            chapter,
            "{{#exercise beta}}",
            "",
            "01-more.md: the chapter does not show",
        ],
        [
            toml,
            "minutes = 12",
            "minutes = 70",
            "the page 01-more takes 70 minutes, 62 of them",
        ],
        [
            toml,
            "[\"Answer it again.\"]",
            "[]",
            "the page 01-more has no goals",
        ],
        [
            toml,
            stretch,
            core,
            "01-more is not core, and has a core exercise",
        ],
    ] {
        let plant = |fixture: &Fixture| {
            second_page(fixture);
            replace(fixture, file, from, to);
        };
        one(plant, words);
    }
    let fixture = Fixture::new();
    second_page(&fixture);
    replace(&fixture, toml, "page = \"01-more\"", "page = \"01-most\"");
    let why = Course::load(fixture.root()).unwrap_err().to_string();
    why.assert_has(&["`beta` is on the page `01-most`"]);
}

/// The card of an exercise says how long the first check of its lesson compiles.
#[test]
fn every_lesson_says_how_long_it_compiles() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for lesson in Course::load(&root).unwrap().lessons {
        assert!(
            lesson.build.is_some_and(|seconds| seconds > 0),
            "{}: measure it with `cargo workbook minutes {:02} --build`",
            lesson.name,
            lesson.number
        );
    }
}
