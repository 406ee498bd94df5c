//! The rules of the house, as tests: what the design promises about the repository stays true.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::repository;
use toml::{Table, Value};
use workbook::course::Course;
use workbook::needs::Needed;

fn read(path: &Path) -> Table {
    fs::read_to_string(path).unwrap().parse().unwrap()
}

/// The manifests of all members but a learner's own, from the patterns in the workspace's.
fn members() -> Vec<(PathBuf, Table)> {
    let workspace = read(&repository().join("Cargo.toml"));
    let mut found = Vec::new();
    for member in workspace["workspace"]["members"].as_array().unwrap() {
        let member = member.as_str().unwrap();
        let dirs = match member.strip_suffix("/*") {
            Some(parent) => fs::read_dir(repository().join(parent))
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.is_dir())
                .collect(),
            None => vec![repository().join(member)],
        };
        for dir in dirs {
            let path = dir.join("Cargo.toml");
            if is_own(&path) {
                continue;
            }
            let manifest = read(&path);
            found.push((path, manifest));
        }
    }
    assert!(found.len() >= 5, "only {} members", found.len());
    found
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true))
}

#[test]
fn every_member_inherits_version_edition_and_lints() {
    for (path, manifest) in members() {
        let package = &manifest["package"];
        for key in ["version", "edition", "rust-version", "license", "publish"] {
            let good = inherits(package.get(key));
            assert!(good, "{}: {key}.workspace = true", path.display());
        }
        let good = inherits(manifest.get("lints"));
        assert!(good, "{}: [lints] workspace = true", path.display());
    }
}

/// What a package leans on, also for its tests and its build script.
fn dependencies(manifest: &Table) -> impl Iterator<Item = (&String, &Value)> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"].into_iter();
    let tables = kinds.filter_map(|kind| manifest.get(kind)?.as_table());
    tables.flatten()
}

#[test]
fn every_dependency_is_declared_once() {
    for (path, manifest) in members() {
        for (name, value) in dependencies(&manifest) {
            // A package that turns on its own features for its tests.
            let itself = manifest["package"]["name"].as_str() == Some(name);
            let good = itself || inherits(Some(value));
            assert!(good, "{}: {name}.workspace = true", path.display());
        }
    }
}

/// A crate that `cargo workbook new` has made, or that a learner has put among the lessons: it has no
/// number, and most rules of the house are not for it.
fn is_own(manifest: &Path) -> bool {
    let dir = manifest.parent().unwrap();
    let name = dir.file_name().unwrap().to_str().unwrap();
    dir.parent().unwrap().ends_with("lessons")
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
}

/// Which package may depend on which. `workbook` depends on none, or the first `cargo run` would compile
/// lessons.
fn allowed(name: &str) -> &'static str {
    match name {
        "class" | "mutants" | "own-services" | "workbook" | "testkit" => "",
        "own" | "stage" => "testkit",
        "wire" => "testkit stage",
        "services" => "l08-consul l15-redis stage testkit",
        "l02-rpc" => "l01-tcp stage testkit",
        "l04-typed-rpc" => "l01-tcp l02-rpc stage testkit",
        "l07-streaming" => "l06-grpc stage testkit",
        "l09-register" => "l06-grpc l08-consul services stage testkit",
        "l10-discover" => "l06-grpc l08-consul l09-register services stage testkit",
        "l11-deregister" => "l06-grpc l08-consul l09-register l10-discover services stage testkit",
        "l12-resilience" => "l06-grpc stage testkit",
        "l13-framework" => {
            "l02-rpc l04-typed-rpc l06-grpc l08-consul l09-register l10-discover l12-resilience services stage testkit"
        }
        "l14-gateway" => "l06-grpc l08-consul l12-resilience l13-framework services stage testkit",
        "l16-captcha" => {
            "l06-grpc l08-consul l12-resilience l13-framework l15-redis services stage testkit"
        }
        "l17-production" => {
            "l06-grpc l08-consul l09-register l10-discover l12-resilience l13-framework l15-redis l16-captcha services stage testkit"
        }
        lesson if lesson.starts_with("l0") || lesson == "l15-redis" => "stage testkit",
        other => panic!("say here what {other} may depend on"),
    }
}

#[test]
fn the_arrows_point_as_the_design_says() {
    for (_, manifest) in members() {
        let name = manifest["package"]["name"].as_str().unwrap().to_owned();
        let allowed: Vec<&str> = allowed(&name).split(' ').collect();
        for (used, _) in dependencies(&manifest) {
            let lesson = used.starts_with('l') && used.as_bytes().get(3) == Some(&b'-');
            let tools = "mutants services stage testkit wire workbook";
            let own = lesson || tools.split(' ').any(|tool| tool == used);
            assert!(
                !own || *used == name || allowed.contains(&used.as_str()),
                "{name} must not use {used}"
            );
        }
    }
}

/// The manifests alone do not show the arrows: with `pub use l06_grpc` a lesson would hand on another one
/// that its users then reach without naming it.
#[test]
fn no_lesson_is_reached_through_another() {
    let lesson = |word: &str| {
        let letters = word.as_bytes();
        letters.len() > 4
            && letters[0] == b'l'
            && letters[1..3].iter().all(u8::is_ascii_digit)
            && letters[3] == b'_'
    };
    let mut read = 0;
    for folder in ["lessons", "scripts"] {
        for_each_rust_file(&repository().join(folder), &mut |path, text| {
            read += 1;
            for (line, number) in text.lines().zip(1..) {
                let words: Vec<&str> = line.split("::").map(str::trim).collect();
                let chained = words.windows(2).any(|pair| {
                    let before = pair[0]
                        .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                        .next();
                    before.is_some_and(lesson) && lesson(pair[1])
                });
                let handed_on = line
                    .trim_start()
                    .strip_prefix("pub use ")
                    .is_some_and(|rest| lesson(rest) && !rest.contains("::"));
                assert!(
                    !chained && !handed_on,
                    "{}:{number}: depend on the lesson directly: {line}",
                    path.display()
                );
            }
        });
    }
    assert!(read > 500, "only {read} files were read");
}

/// A machine without OpenSSL's headers builds the runner and every lesson but those that say so. What
/// cargo builds for a check is its lesson's package and what that leans on.
#[test]
fn what_is_linked_with_openssl_says_so() {
    let arguments = "tree --offline --workspace --invert openssl-sys --edges normal,build,dev";
    let tree = Command::new(env!("CARGO"))
        .args(arguments.split(' '))
        .args(["--prefix", "none", "--format", "{p}"])
        .current_dir(repository())
        .output()
        .unwrap();
    let tree = String::from_utf8(tree.stdout).unwrap();
    let mut linked: Vec<&str> = tree
        .lines()
        .filter(|line| line.contains(" (/"))
        .filter_map(|line| line.split(' ').next())
        .collect();
    linked.sort_unstable();
    linked.dedup();
    // A learner's own service is linked with it as well, and has no lesson.toml to say so.
    let members: Vec<String> = (members().iter())
        .map(|(_, manifest)| manifest["package"]["name"].as_str().unwrap().to_owned())
        .collect();
    linked.retain(|name| members.iter().any(|member| member == name));
    if cfg!(target_os = "linux") {
        assert!(
            linked.contains(&"l09-register"),
            "nobody is linked with it?\n{tree}"
        );
    }
    let course = Course::load(&repository()).unwrap();
    for name in &linked {
        let lesson = course
            .lessons
            .iter()
            .find(|lesson| lesson.package() == *name);
        // One that is still being written has no lesson.toml.
        let written = repository()
            .join(format!("lessons/{}/lesson.toml", &name[1..]))
            .exists();
        let says = lesson.is_some_and(|lesson| lesson.needs.contains(&Needed::Openssl));
        assert!(
            says || (!written && name.starts_with("l1")),
            "{name} is linked with OpenSSL: `needs = [\"openssl\"]` in its lesson.toml, if it must"
        );
    }
    for lesson in &course.lessons {
        assert!(
            lesson.needs.is_empty() || linked.contains(&lesson.package().as_str()),
            "{} is not linked with OpenSSL: no `needs` in its lesson.toml",
            lesson.name
        );
    }
}

#[test]
fn packages_and_binaries_are_named_after_their_folder() {
    for (path, manifest) in members() {
        let dir = path.parent().unwrap();
        let folder = dir.file_name().unwrap().to_str().unwrap();
        let name = manifest["package"]["name"].as_str().unwrap();
        let lesson = dir.parent().unwrap().ends_with("lessons");
        assert_eq!(
            name,
            if lesson {
                format!("l{folder}")
            } else {
                folder.to_owned()
            }
        );
        // One binary a lesson, named as the package: equal names collide in target/.
        let bins = manifest.get("bin").and_then(Value::as_array);
        for bin in bins.into_iter().flatten() {
            // What proves the judge of a learner's service: a right service and a wrong one.
            if name == "own-services" {
                assert!(matches!(
                    bin["name"].as_str(),
                    Some("own-reference" | "own-faulty")
                ));
                continue;
            }
            assert_eq!(
                (bin["name"].as_str(), bin["path"].as_str()),
                (Some(name), Some("demo/main.rs")),
                "{}: the only [[bin]] is the demo",
                path.display()
            );
        }
        let bin = dir.join("src/bin");
        assert!(!bin.exists(), "no {}", bin.display());
    }
}

/// A panic in a library is told with the line of the learner's file that called it: without line tables there is none.
#[test]
fn every_lesson_is_built_with_line_tables() {
    let manifest = read(&repository().join("Cargo.toml"));
    for (name, _) in lessons() {
        let profile = &manifest["profile"]["dev"]["package"][format!("l{name}").as_str()];
        assert_eq!(
            profile["debug"].as_str(),
            Some("line-tables-only"),
            "{name}"
        );
    }
}

#[test]
fn the_top_level_is_exactly_the_planned_one() {
    let listed = Command::new("git")
        .args(["ls-files"])
        .current_dir(repository())
        .output();
    let names: Vec<String> = match listed {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|file| file.split('/').next().unwrap().to_owned())
            .collect(),
        // A download without git: what lies there, but for what tools put beside it.
        _ => fs::read_dir(repository())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "target")
            .collect(),
    };
    for name in names {
        let known =
            "book lessons proto scripts Cargo.toml Cargo.lock README.md CONTRIBUTING.md AGENTS.md";
        assert!(
            known.split(' ').any(|known| known == name)
                || name.starts_with("LICENSE")
                || name.starts_with('.'),
            "{name} has no place at the top level"
        );
    }
}

/// Calls `see` with every Rust file below `dir` and its text.
pub fn for_each_rust_file(dir: &Path, see: &mut dyn FnMut(&Path, &str)) {
    for entry in fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !["target", "node_modules"].iter().any(|skip| name == *skip) {
                for_each_rust_file(&path, see);
            }
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            see(&path, &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn source_files_stay_short() {
    for folder in ["lessons", "scripts"] {
        for_each_rust_file(&repository().join(folder), &mut |path, text| {
            let lines = text.lines().count();
            let file = path.display();
            assert!(lines < 600, "{file} has {lines} lines; 600 is the limit");
        });
    }
}

/// The lessons whose example is a server on its own: a longer evening.
const LONG_EVENINGS: &str = "08-consul 13-framework 14-gateway 15-redis 16-captcha";

/// All lesson folders with their names.
pub fn lessons() -> Vec<(String, PathBuf)> {
    let mut found: Vec<(String, PathBuf)> = members()
        .into_iter()
        .map(|(manifest, _)| manifest.parent().unwrap().to_owned())
        .filter(|dir| dir.parent().unwrap().ends_with("lessons"))
        .map(|dir| (dir.file_name().unwrap().to_str().unwrap().to_owned(), dir))
        .collect();
    found.sort();
    assert!(found.len() >= 17, "{found:?}");
    found
}

/// `src/` is the worked example, and no more of it than an evening can hold.
#[test]
fn the_example_of_a_lesson_is_an_evening_long() {
    for (name, dir) in lessons() {
        let limit = match LONG_EVENINGS.split(' ').any(|long| long == name) {
            true => 2500,
            false => 1500,
        };
        let mut lines = 0;
        if dir.join("src").exists() {
            for_each_rust_file(&dir.join("src"), &mut |_, text| {
                lines += text.lines().count()
            });
        }
        assert!(
            lines <= limit,
            "lessons/{name}/src has {lines} lines of Rust, {limit} is the limit: what starts or measures the \
             example belongs into demo/, what is for a second evening into extra/"
        );
    }
}

/// `src/lib.rs` says in which order the example is read, names every file of it, and the pages show that. What
/// belongs to a further page of the lesson has a list of its own: `ANCHOR: layout_dialect`.
#[test]
fn every_file_of_an_example_stands_in_its_reading_order() {
    let course = Course::load(&repository()).unwrap();
    for (name, dir) in lessons() {
        let src = dir.join("src");
        if !src.exists() {
            continue;
        }
        let head = fs::read_to_string(src.join("lib.rs")).unwrap();
        let lists = head.split("// ANCHOR: ").skip(1);
        let lists = lists.filter(|list| list.starts_with("layout"));
        let lists = lists.map(|list| list.split("// ANCHOR_END").next().unwrap());
        let lists: Vec<(&str, &str)> = lists.filter_map(|list| list.split_once('\n')).collect();
        assert!(
            !lists.is_empty(),
            "lessons/{name}/src/lib.rs: no reading order"
        );
        let layout: String = lists.iter().map(|(_, list)| *list).collect();
        let named: Vec<&str> = (layout.split('`').skip(1).step_by(2))
            .filter(|word| word.ends_with(".rs"))
            .collect();
        let mut there = Vec::new();
        for_each_rust_file(&src, &mut |path, _| {
            let file = path.strip_prefix(&src).unwrap().to_str().unwrap();
            there.push(file.replace('\\', "/"));
        });
        for file in &there {
            assert!(
                file == "lib.rs" || named.contains(&file.as_str()),
                "lessons/{name}/src/lib.rs does not name `{file}` in its reading order (ANCHOR: layout)"
            );
        }
        for file in named {
            assert!(
                src.join(file).exists() || dir.join(file).exists(),
                "lessons/{name}/src/lib.rs names `{file}`, which is neither in src/ nor in the lesson"
            );
        }
        for (anchor, _) in lists {
            let shown = (course.lesson(&name).into_iter())
                .flat_map(|lesson| &lesson.pages)
                .any(|page| {
                    let include = format!("lessons/{name}/src/lib.rs:{anchor}}}}}");
                    fs::read_to_string(course.path(&page.file()))
                        .is_ok_and(|text| text.contains(&include))
                });
            assert!(
                shown,
                "no page shows the reading order `{anchor}` of lessons/{name}"
            );
        }
    }
}

/// One test program a package, `it`: each one more links everything again. A check is run by its name in the whole
/// workspace, and `cargo test --workspace --test watch` must not start another program of that name as well.
#[test]
fn a_package_has_one_test_program_besides_its_exercises() {
    for (path, manifest) in members() {
        let targets = manifest.get("test").and_then(Value::as_array);
        let mut names = targets
            .into_iter()
            .flatten()
            .map(|target| target["name"].as_str());
        assert!(names.all(|name| name != Some("it")), "{}", path.display());
        let tests = path.parent().unwrap().join("tests");
        let Ok(entries) = fs::read_dir(&tests) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            assert!(
                entry.path().extension().is_none_or(|ending| ending != "rs"),
                "{}: {name:?} would be a test program of its own; it belongs into tests/it/",
                tests.display()
            );
        }
    }
}

/// The README shows patterns; a tour of everything shows none.
#[test]
fn the_tour_has_a_row_for_each_pattern_and_no_more() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let tour = readme.split("## The tour").nth(1).expect("a tour");
    let tour = tour.split("\n## ").next().unwrap();
    let rows: Vec<&str> = tour
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!((10..=25).contains(&rows.len()), "{} rows", rows.len());
    for row in rows {
        for file in row.split('`').skip(1).step_by(2) {
            assert!(
                repository().join(file).exists(),
                "the tour names {file}: {row}"
            );
        }
    }
}
