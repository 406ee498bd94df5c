//! Right answers in another style, which stand in the folder `accepted/` of an exercise.

use std::fs;

use crate::support::Fixture;
use crate::verify::seen;

const ALPHA: &str = "lessons/00-first/exercises/alpha";

#[test]
fn right_answers_in_another_style_must_pass() {
    let right = "//! Accepted: a sum in place of a product.\n\n/// Returns twice `n`.\npub fn double(n: u32) -> u32 {\n    n + n\n}\n";
    let accepted = |name: &str, text: &str| {
        let fixture = Fixture::new().with_the_real_theme();
        let dir = fixture.path(&format!("{ALPHA}/accepted"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(name), text).unwrap();
        fixture
    };
    let fixture = accepted("a_sum.rs", right);
    assert_eq!(seen(&fixture), [""; 0]);
    let text = fixture.says(&["verify", "alpha"]);
    assert!(
        text.contains("6 answers (3 of them mistakes, 1 accepted in another style)"),
        "{text}"
    );
    assert!(text.contains("no fault"), "{text}");
    let fixture = accepted("a_sum.rs", &right.replace("n + n", "return n"));
    let text = fixture.says(&["verify", "alpha"]);
    for line in [
        "accepted/a_sum.rs: the accepted answer failed (run 1 of 1, doubles): A number is doubled",
        "accepted/a_sum.rs: clippy: unneeded `return` statement",
    ] {
        assert!(text.contains(line), "not found: {line}\n{text}");
    }
    let found = seen(&accepted("a_sum.rs", "//! A sum.\n"));
    assert!(
        found[0].contains("a_sum.rs: its first line must be `//! Accepted: `"),
        "{found:?}"
    );
    let found = seen(&accepted("notes.txt", ""));
    assert!(
        found[0].contains("accepted/notes.txt: stray file"),
        "{found:?}"
    );
}
