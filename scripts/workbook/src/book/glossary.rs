//! Links the first use of each term of the glossary, so that no chapter has to do so by hand.
//!
//! An entry of `glossary.md` ends with the lesson that explains it: `Lesson [06](06-grpc.md).` Its term is linked
//! where it stands first in that chapter, or in the first later one that has it. Other forms of the word follow in a
//! comment: `<!-- as: cancelled -->`.

use super::scan::{Fences, spans};

/// The page of the glossary, relative to the folder of the chapters.
pub const PAGE: &str = "glossary.md";

/// A term with its definition.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name in an address: `service-registry`.
    pub anchor: String,
    /// The forms in which it stands in a text, in small letters.
    names: Vec<String>,
    /// The file of the lesson that explains it: `06-grpc.md`.
    pub lesson: String,
}

/// The entries of the glossary that name their lesson.
pub fn entries(text: &str) -> Vec<Entry> {
    let mut found = Vec::new();
    for block in text.split("\n\n") {
        let Some((term, definition)) = block.split_once("\n: ") else {
            continue;
        };
        let definition = definition.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(lesson) = definition
            .rsplit_once("Lesson [")
            .and_then(|(_, rest)| rest.split_once("](")?.1.split_once(')'))
        else {
            continue;
        };
        let forms = definition
            .split_once("<!-- as: ")
            .and_then(|(_, rest)| rest.split_once(" -->"))
            .map_or("", |(forms, _)| forms);
        let words = [term, forms].map(|part| part.replace(['(', ')'], ","));
        let names = words.iter().flat_map(|part| part.split(','));
        found.push(Entry {
            anchor: anchor(term),
            names: names
                .map(|name| name.trim().to_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
            lesson: lesson.0.to_owned(),
        });
    }
    found
}

/// As mdBook makes it.
fn anchor(term: &str) -> String {
    let kept = term.trim().to_lowercase();
    let kept = kept.replace(
        |c: char| !c.is_alphanumeric() && !matches!(c, ' ' | '-' | '_'),
        "",
    );
    kept.replace(' ', "-")
}

/// Links in `text`, the chapter in the file `name`, what of `open` it uses first. An entry that is linked leaves
/// `open`; so does one that the chapter links itself.
pub fn link(name: &str, text: &str, open: &mut Vec<Entry>) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let prose = prose(&lines);
    open.retain(|entry| {
        if entry.lesson.as_str() > name {
            return true;
        }
        let target = format!("{PAGE}#{}", entry.anchor);
        if text.contains(&format!("({target})")) {
            return false;
        }
        for (line, _) in lines.iter_mut().zip(&prose).filter(|(_, prose)| **prose) {
            if let Some((at, length)) = first_use(line, &entry.names) {
                line.insert_str(at + length, &format!("]({target})"));
                line.insert(at, '[');
                return false;
            }
        }
        true
    });
    let mut linked = lines.join("\n");
    linked.push('\n');
    linked
}

/// Which lines are running text: no code, heading, picture, HTML, or question.
fn prose(lines: &[String]) -> Vec<bool> {
    let mut fences = Fences::default();
    let mut question = false;
    lines
        .iter()
        .map(|line| {
            if fences.is_code(line) {
                return false;
            }
            question |= line.starts_with("{{#quiz") || line.starts_with("{{#predict");
            let inside = question;
            question &= !line.starts_with("{{/");
            let start = line.trim_start();
            !inside
                && !["#", "<", "!", "{{", "|-"]
                    .iter()
                    .any(|mark| start.starts_with(mark))
        })
        .collect()
}

/// Where one of `names` stands first in `line` as a word of its own, outside code and links: place and length.
fn first_use(line: &str, names: &[String]) -> Option<(usize, usize)> {
    let free = free(line);
    let bytes = line.as_bytes();
    let letter = |at: Option<&u8>| {
        at.is_some_and(|b| b.is_ascii_alphanumeric() || b"-_/.".contains(b) || *b >= 128)
    };
    let after = |at: usize| {
        // `a server.` ends a sentence; `server.rs` is a name.
        let end = bytes.get(at) == Some(&b'.') && !letter(bytes.get(at + 1));
        end || !letter(bytes.get(at))
    };
    (0..bytes.len()).find_map(|at| {
        if at > 0 && letter(bytes.get(at - 1)) {
            return None;
        }
        names.iter().find_map(|name| {
            let mut end = at + name.len();
            let found = bytes.get(at..end)?;
            if !found.eq_ignore_ascii_case(name.as_bytes()) {
                return None;
            }
            if bytes.get(end) == Some(&b's') {
                end += 1;
            }
            (after(end) && (at..end).all(|at| free[at])).then_some((at, end - at))
        })
    })
}

/// Which bytes of a line are neither code nor a part of a link. A link may begin or end on another line.
fn free(line: &str) -> Vec<bool> {
    let mut free = Vec::with_capacity(line.len());
    for (code, part) in spans(line) {
        free.extend(std::iter::repeat_n(!code, part.len()));
    }
    let bytes = line.as_bytes();
    let open_before = match (line.find(']'), line.find('[')) {
        (Some(end), start) => start.is_none_or(|start| end < start),
        (None, _) => false,
    };
    let (mut link, mut address) = (open_before, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'[' => link = true,
            b']' => {
                free[at] = false;
                link = false;
                address = bytes.get(at + 1) == Some(&b'(');
            }
            b')' if address => {
                free[at] = false;
                address = false;
            }
            _ => {}
        }
        free[at] &= !link && !address;
    }
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    const GLOSSARY: &str = "\
# Glossary

service registry
: <span lang=\"zh\">注册中心</span> · Knows the instances. Lesson [01](01-tcp.md). <!-- as: registry, registries -->

RPC (remote procedure call)
: A call. Lesson [02](02-rpc.md).

note
: It has no lesson.
";

    #[test]
    fn entries_have_an_anchor_forms_and_a_lesson() {
        let found = entries(GLOSSARY);
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].anchor, "service-registry");
        assert_eq!(
            found[0].names,
            ["service registry", "registry", "registries"]
        );
        assert_eq!(found[0].lesson, "01-tcp.md");
        assert_eq!(found[1].anchor, "rpc-remote-procedure-call");
        assert_eq!(found[1].names, ["rpc", "remote procedure call"]);
    }

    #[test]
    fn the_first_use_in_running_text_is_linked_once() {
        let mut open = entries(GLOSSARY);
        let text = "# A registry\n\n```text\nregistry\n```\n\n{{#quiz}}\nA registry?\n{{/quiz}}\n\n\
                    Use `registry`, [a registry](x.md), registry.rs and the registry-less [way\nregistry](y.md): \
                    Registries know. The registry.\n";
        let linked = link("01-tcp.md", text, &mut open);
        assert_eq!(
            linked,
            text.replace("Registries", "[Registries](glossary.md#service-registry)")
        );
        assert_eq!(open.len(), 1);
        assert_eq!(link("01-tcp.md", "An RPC.\n", &mut open), "An RPC.\n");
        let linked = link("03-json.md", "Two **RPCs**.\n", &mut open);
        assert_eq!(
            linked,
            "Two **[RPCs](glossary.md#rpc-remote-procedure-call)**.\n"
        );
        assert!(open.is_empty());
    }

    #[test]
    fn a_chapter_may_link_a_term_itself() {
        let mut open = entries(GLOSSARY);
        let text = "A registry. [That](glossary.md#service-registry) again.\n";
        assert_eq!(link("01-tcp.md", text, &mut open), text);
        assert_eq!(open.len(), 1);
    }
}
