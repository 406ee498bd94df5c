//! The book over the fixture course: both ways to build it make the same pages, faults are named
//! with chapter and line, and the last good book survives them.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use crate::support::{AssertHas, Fixture, Said, repository};
use mdbook_driver::MDBook;
use mdbook_driver::config::Config;
use workbook::book::build;
use workbook::book::html::tags;
use workbook::book::links;
use workbook::book::slides;
use workbook::course::Course;

const QUIZ: &str = "# More\n\n{{#quiz}}\nWhat is `1 < 2`?\n- [x] true\n  : It is.\n- [ ] false\n  : It is \
                    not.\n{{/quiz}}\n\n{{#predict demo=01-second}}\nWhat comes?\n- a\n- b\n{{/predict}}\n\n\
                    ```md\n{{#exercise nothing}}\n```\n\n## For teachers\n\n{{#teachers}}\n";

/// A book with every directive in it.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    let summary = fixture.path("book/src/SUMMARY.md");
    let text = fs::read_to_string(&summary).unwrap() + "- [More](more.md)\n";
    fs::write(summary, text).unwrap();
    fixture.put("book/src/more.md", QUIZ);
    fixture
}

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = links::files(dir).unwrap();
    names
        .into_iter()
        .map(|name| (name.clone(), fs::read(dir.join(name)).unwrap()))
        .collect()
}

#[test]
fn plain_mdbook_with_the_preprocessor_makes_the_same_pages() {
    let fixture = fixture();
    let own = fixture.path("own");
    build::build(fixture.root(), &own).unwrap();

    // What the `mdbook` command does: the preprocessor that book.toml names, as a program.
    let book = fixture.path("book");
    let mut config = Config::from_disk(book.join("book.toml")).unwrap();
    let program = env!("CARGO_BIN_EXE_workbook");
    let command = format!("'{program}' preprocess");
    config
        .set("preprocessor.workbook.command", command)
        .unwrap();
    config
        .set("preprocessor.workbook.before", ["links"])
        .unwrap();
    config.build.build_dir = fixture.path("plain");
    MDBook::load_with_config(book, config)
        .unwrap()
        .build()
        .unwrap();

    let (own, plain) = (files(&own), files(&fixture.path("plain")));
    assert!(own.len() > 10, "{:?}", own.keys());
    assert_eq!(
        own.keys().collect::<Vec<_>>(),
        plain.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &own {
        assert!(*bytes == plain[name], "{name} differs");
    }
    let more = String::from_utf8(own["more.html"].clone()).unwrap();
    more.assert_has(&[
        "data-quiz=\"more-q1\"",
        "<code>1 &lt; 2</code>",
        "data-predict=\"more-p1\"",
        "{{#exercise nothing}}",
        "href=\"00-first.html#exercise-alpha\"",
        "id=\"lesson-01-second\"",
    ]);
    assert!(!more.contains("workbook-token"));
}

#[test]
fn the_preprocessor_speaks_mdbooks_protocol() {
    let fixture = fixture();
    let supports = |renderer| fixture.run(&["preprocess", "supports", renderer]).code;
    assert_eq!(supports("html"), Some(0));
    assert_eq!(supports("epub"), Some(1));

    let mut child = fixture
        .workbook(&["preprocess"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"no JSON").unwrap();
    let said = Said::from(child.wait_with_output().unwrap());
    assert_eq!((said.code, said.out.as_str()), (Some(2), ""));
    said.err.assert_has(&["mdBook"]);
}

#[test]
fn faults_are_named_with_chapter_and_line_and_the_last_good_book_stays() {
    let fixture = fixture();
    let root = fixture.root();
    let mut told = 0;
    assert!(build::ensure(root, || told += 1).unwrap().is_some());
    assert!(build::ensure(root, || told += 1).unwrap().is_none());
    assert_eq!(told, 1);
    let good = files(&build::dir(root));

    let more = fixture.path("book/src/more.md");
    fs::write(
        &more,
        format!("{QUIZ}\n{{{{#quizz}}}}\n\n{{{{#exercise gamma}}}}\n"),
    )
    .unwrap();
    fixture.put("book/src/00-first.md", "# A\n\n{{#include nothing.rs}}\n");
    let why = format!("{:#}", build::ensure(root, || ()).unwrap_err());
    let lines = QUIZ.lines().count();
    let expected = format!(
        "book/src/00-first.md:3: {{{{#include nothing.rs}}}} names a file that is not there\n\
         book/src/more.md:{}: there is no directive `quizz`; there are exercise, quiz, predict, demo, \
         hours, map, plans, site, stage and teachers\n\
         book/src/more.md:{}: no lesson.toml has an exercise `gamma`",
        lines + 2,
        lines + 4
    );
    assert_eq!(why, expected);
    assert_eq!(files(&build::dir(root)), good);

    fixture.put("book/src/SUMMARY.md", "- [Gone](gone.md)\n");
    assert!(build::ensure(root, || ()).is_err());
    assert_eq!(files(&build::dir(root)), good);
}

#[test]
fn the_books_own_links_lead_somewhere() {
    let fixture = fixture();
    let first = fixture.path("book/src/00-first.md");
    let text = fs::read_to_string(&first).unwrap();
    fs::write(
        &first,
        text + "\n[a](more.md#nowhere) [b](never.md) ![c](no.svg)\n",
    )
    .unwrap();
    let built = fixture.path("built");
    build::build(fixture.root(), &built).unwrap();
    let found: Vec<String> = links::check(&built)
        .unwrap()
        .into_iter()
        .filter(|broken| broken.page == "00-first.html" && !broken.why.contains("inline"))
        .map(|broken| broken.target)
        .collect();
    assert_eq!(found, ["more.html#nowhere", "never.html", "no.svg"]);
}

/// The ladder is of the lessons as they are. `python3 scripts/figures ladder` measures and writes it anew.
#[test]
fn the_ladder_counts_files_that_are_there() {
    let root = repository();
    let mut read = 0;
    for (name, bytes) in files(&root.join("book/src/ladder")) {
        let Some(lesson) = name.strip_suffix(".txt") else {
            continue;
        };
        let source = root.join("lessons").join(lesson).join("src");
        for line in String::from_utf8(bytes).unwrap().lines() {
            // `    18  services/greeter.rs`
            let counted = line.trim().split_once("  ").map(|(_, file)| file);
            if let Some(file) = counted.filter(|file| file.ends_with(".rs")) {
                assert!(source.join(file).is_file(), "{name} counts {file}");
                read += 1;
            }
        }
    }
    assert!(read > 50, "{read} files");
}

/// The book of this repository: no link leads nowhere, every picture has a text, nothing is loaded
/// from another host, and no page has anything that the content security policy would refuse.
#[test]
fn the_real_book_is_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let built = dir.path().join("book");
    build::build(&root, &built).unwrap();
    slides::write(&Course::load(&root).unwrap(), &built).unwrap();
    let broken: Vec<String> = links::check(&built)
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    for (name, bytes) in files(&built) {
        if !name.ends_with(".html") {
            continue;
        }
        let page = String::from_utf8(bytes).unwrap();
        let inline = tags(&page)
            .iter()
            .filter(|tag| {
                matches!(tag.name.as_str(), "script" | "style") && tag.get("src").is_none()
            })
            .count();
        assert_eq!(inline, 0, "{name} has inline scripts or styles");
    }
}
