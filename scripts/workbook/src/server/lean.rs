//! Leaves out of a page, a style sheet or a script what a browser does not need: a chapter is then a fifth lighter, without
//! a program that understands CSS or JavaScript. The lines of a script keep their numbers, so that an error still names
//! the line of the source.

/// mdBook writes each picture a second time, to be enlarged; our style sheet hides it.
const COPY: (&str, &str) = ("<span class=\"img-wrapper\">", "</span>");

/// A page without the second copies of its pictures, and without the indentation of what stands around its text.
pub fn page(text: &str) -> String {
    let text = without(text, COPY.0, COPY.1);
    let Some((before, main)) = text.split_once("<main") else {
        return text;
    };
    let Some((main, after)) = main.rsplit_once("</main>") else {
        return text;
    };
    let around = |part: &str| part.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    format!("{}<main{main}</main>{}\n", around(before), around(after))
}

/// A style sheet without comments, indentation and line breaks.
pub fn style_sheet(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in without(text, "/*", "*/").lines().map(str::trim) {
        // A value can go on in the next line.
        if !(kept.is_empty() || kept.ends_with([';', '{', '}', ',']) || line.is_empty()) {
            kept.push(' ');
        }
        kept.push_str(line);
    }
    kept
}

/// A script of ours without indentation and without the lines that are comments. A text of several lines in it would
/// lose its indentation: our scripts have none.
pub fn script(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines().map(str::trim) {
        if !line.starts_with("//") {
            kept.push_str(line);
        }
        kept.push('\n');
    }
    kept
}

/// The text without each part from `open` to `close`, of which the line breaks stay.
fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, part)) = rest.split_once(open) {
        let (gone, after) = part.split_once(close).unwrap_or((part, ""));
        kept.push_str(before);
        kept.extend(gone.chars().filter(|c| *c == '\n'));
        rest = after;
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_not_needed_goes() {
        assert_eq!(page("a<span class=\"img-wrapper\"><img></span>b"), "ab");
        let text = "<head>\n  <p>\n</head>\n  <main><pre>\n  a</pre></main>\n  b\n";
        let lean = "<head>\n<p>\n</head>\n<main><pre>\n  a</pre></main>\nb\n";
        assert_eq!(page(text), lean);
        let text = "/* one\n two */\n  a,\n  b {\n    c: d\n      e;\n  }\n";
        assert_eq!(style_sheet(text), "a,b {c: d e;}");
        let text = "// why\n'use strict';\n  if (a) { // here\n    b('http://c');\n  }\n";
        assert_eq!(
            script(text),
            "\n'use strict';\nif (a) { // here\nb('http://c');\n}\n"
        );
        assert_eq!(style_sheet("a {} /* no end"), "a {}");
    }

    /// What `script` relies on.
    #[test]
    fn our_scripts_have_no_text_of_several_lines() {
        let theme = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/theme");
        let mut seen = 0;
        for entry in std::fs::read_dir(theme).expect("the theme").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.ends_with(".js") || name.starts_with("edit") {
                continue;
            }
            seen += 1;
            let text = std::fs::read_to_string(entry.path()).expect("a script");
            // The sentence about `code` in a text has such a sign in quotes.
            let odd = |line: &&str| line.replace("'`'", "").matches('`').count() % 2 == 1;
            let odd: Vec<&str> = text
                .lines()
                .filter(|line| !line.trim().starts_with("//"))
                .filter(odd)
                .collect();
            assert_eq!(odd, Vec::<&str>::new(), "{name}");
        }
        assert!(seen > 10, "{seen} scripts");
    }
}
