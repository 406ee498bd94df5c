//! `verify --mutants` over the fixture course, whose package `mutants` knows four changes of `alpha`'s solution: one
//! that is rejected, one that does not compile, one that passes and one that never ends.

use std::fs;

use crate::support::{AssertHas, Fixture};

const ALPHA: &str = "lessons/00-first/exercises/alpha";

/// What `verify --mutants alpha` prints, and whether all is well.
fn mutants(fixture: &Fixture) -> (String, bool) {
    let output = fixture.run(&["verify", "--mutants", "alpha"]);
    let progress = output.err;
    let text = output.out;
    assert!(text.contains("verify: 1 exercise, "), "{text}{progress}");
    (text, output.code == Some(0))
}

#[test]
fn a_mutant_that_passes_needs_a_reason() {
    let fixture = Fixture::new();
    let (text, good) = mutants(&fixture);
    assert!(!good, "{text}");
    text.assert_has(&["alpha            4 mutants: 1 do not compile, 2 killed, 0 equivalent, 1 survive\n",
        "✗ lessons/00-first/exercises/alpha/solution.rs:5: the check passes double: n * 2 -> 2 * n\n",
        "verify: 1 exercise, 4 mutants: 1 fault ("]);
    // The learner's files, and those of the course, are as they were.
    let solution = fixture.read(&format!("{ALPHA}/solution.rs"));
    solution.assert_has(&["n * 2"]);

    let list = fixture.path(&format!("{ALPHA}/equivalent.txt"));
    fs::write(&list, "double: n * 2 -> 2 … ## A product commutes.\n").unwrap();
    let (text, good) = mutants(&fixture);
    assert!(good, "{text}");
    text.assert_has(&["2 killed, 1 equivalent, 0 survive"]);

    // A line without a reason, and one for what the check rejects.
    fs::write(
        &list,
        "double: n * 2 -> 2 * n\ndouble: n * 2 -> n * 3 ## Three is as good.\n",
    )
    .unwrap();
    let (text, good) = mutants(&fixture);
    assert!(!good, "{text}");
    text.assert_has(&["alpha/equivalent.txt: a line is a change, ## and a reason: double: n * 2 -> 2 * n",
        "alpha/equivalent.txt: no mutant that passes is `double: n * 2 -> n * 3`: take the line out",
        "alpha/solution.rs:5: the check passes double: n * 2 -> 2 * n"]);
}

#[test]
fn other_right_answers_have_mutants_as_well() {
    let fixture = Fixture::new();
    let accepted = fixture.path(&format!("{ALPHA}/accepted"));
    fs::create_dir(&accepted).unwrap();
    let text = "pub fn double(n: u32) -> u32 {\n    let twice = n * 2;\n    twice\n}\n";
    fs::write(accepted.join("a_name.rs"), text).unwrap();
    fs::write(accepted.join("wrong.rs"), text.replace("n * 2", "n")).unwrap();
    let (text, _) = mutants(&fixture);
    text.assert_has(&[
        "8 mutants: 2 do not compile, 4 killed, 0 equivalent, 2 survive",
        "accepted/a_name.rs:2: the check passes a_name.rs: double: n * 2 -> 2 * n",
        "accepted/wrong.rs: it does not pass as it is",
    ]);
}

#[test]
fn a_mutant_with_a_belief_is_printed_on_request() {
    let fixture = Fixture::new();
    let text = fixture
        .run(&["verify", "--mutants", "--beliefs", "alpha"])
        .out;
    text.assert_has(&["solution.rs:5 double: n * 2 -> n * 3\n    the-same-is-twice: A number is doubled expected 42 your answer 63 ",
        "loop { std::hint::black_box(n); }\n    a-loop-ends-by-itself: The check did not finish: "]);
    assert!(!mutants(&fixture).0.contains("the-same-is-twice"));
    let alone = fixture.run(&["verify", "--beliefs", "alpha"]);
    assert!(alone.code != Some(0));
}
