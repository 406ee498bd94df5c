//! Facts that are read out of an exercise's own files, so that nothing has to be said twice.

/// The names of the `#[test]` functions in the text of a check, in order.
///
/// They are the proof that a pass needs: each of them must have run and said ok. A `#[test]` in the
/// learner's own file does not count, because only the text of `check.rs` is read.
pub fn test_names(check: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut marked = false;
    for line in check.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && let Some(name) = function_name(line) {
            names.push(name.to_owned());
            marked = false;
        }
    }
    names
}

fn function_name(line: &str) -> Option<&str> {
    let after = line.strip_prefix("pub ").unwrap_or(line);
    let after = after
        .strip_prefix("async ")
        .unwrap_or(after)
        .strip_prefix("fn ")?;
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    Some(&after[..end])
}

/// Why the solution is as it is: the `//!` lines that open `solution.rs`, without the marks.
pub fn solution_why(solution: &str) -> String {
    solution
        .lines()
        .map_while(|line| line.trim().strip_prefix("//!"))
        .map(|line| line.strip_prefix(' ').unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_found_by_their_attribute() {
        let check = "mod exercise;\n\n#[test]\nfn one() {\n}\nfn helper() {}\n\
                     #[tokio::test(flavor = \"current_thread\")]\n// a comment\nasync fn two() {}\n";
        assert_eq!(test_names(check), ["one", "two"]);
        assert!(test_names("fn nothing() {}").is_empty());
    }

    #[test]
    fn the_why_is_the_opening_comment() {
        assert_eq!(
            solution_why("//! Read on.\n//!\n//! Always.\nfn f() {}\n"),
            "Read on.\n\nAlways."
        );
        assert_eq!(solution_why("fn f() {}"), "");
    }
}
