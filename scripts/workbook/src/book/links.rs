//! Looks whether everything that the built pages point to exists: pages, anchors, pictures, scripts
//! and styles; and that no page loads anything from another host.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use walkdir::WalkDir;

use super::html::{Tag, percent_decoded, tags};
use super::markup::url_like;

/// A reference that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Broken {
    /// The page, relative to the book: `01-tcp.html`.
    pub page: String,
    /// What it points to, as it stands there.
    pub target: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.page, self.target, self.why)
    }
}

const NO_FILE: &str = "there is no such file in the book";
const NO_ANCHOR: &str = "the page has nothing with this id";
const OTHER_HOST: &str = "loaded from another host";
const NO_ALT: &str = "a picture without alt text";
const TWICE: &str = "two things on this page have this id";
const INLINE: &str = "an inline script handler or style, which the content security policy refuses";

/// Reads every page in `dir` and returns what is broken, in order.
pub fn check(dir: &Path) -> io::Result<Vec<Broken>> {
    let files = files(dir)?;
    let mut pages = BTreeMap::new();
    for name in files.iter().filter(|name| name.ends_with(".html")) {
        pages.insert(name.clone(), std::fs::read_to_string(dir.join(name))?);
    }
    let tags: BTreeMap<&str, Vec<Tag>> = pages
        .iter()
        .map(|(name, html)| (name.as_str(), tags(html)))
        .collect();
    let ids: BTreeMap<&str, BTreeSet<&str>> = tags
        .iter()
        .map(|(name, tags)| {
            let ids = tags
                .iter()
                .filter_map(|tag| tag.get("id").or(tag.get("name")));
            (*name, ids.collect())
        })
        .collect();
    let mut broken = BTreeSet::new();
    for (page, tags) in &tags {
        let mut seen = BTreeSet::new();
        let mut report = |target: &str, why| {
            broken.insert(Broken {
                page: (*page).to_owned(),
                target: target.to_owned(),
                why,
            });
        };
        for tag in tags {
            // On the print page every chapter brings its own ids; nothing there is linked from
            // elsewhere.
            if let Some(id) = tag.get("id")
                && !seen.insert(id)
                && *page != "print.html"
            {
                report(&format!("#{id}"), TWICE);
            }
            for (target, loads) in references(tag) {
                if let Some(why) = problem(page, target, loads, &files, &ids) {
                    report(target, why);
                }
            }
            if tag.name == "img" && tag.get("alt").is_none_or(|alt| alt.trim().is_empty()) {
                report(tag.get("src").unwrap_or_default(), NO_ALT);
            }
            let mut names = tag.attributes.iter().map(|(name, _)| name);
            if let Some(name) = names.find(|name| is_inline(name, page)) {
                report(&format!("<{} {name}>", tag.name), INLINE);
            }
        }
    }
    Ok(broken.into_iter().collect())
}

/// mdBook itself writes a style between the chapters of the print page; the server takes it out.
fn is_inline(attribute: &str, page: &str) -> bool {
    attribute.starts_with("on") || (attribute == "style" && page != "print.html")
}

/// What a tag points to, and whether the browser loads it by itself.
fn references(tag: &Tag) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    match tag.name.as_str() {
        "a" | "area" => found.extend(tag.get("href").map(|href| (href, false))),
        "link" => found.extend(tag.get("href").map(|href| (href, true))),
        "img" | "script" | "iframe" | "source" | "video" | "audio" | "embed" => {
            found.extend(tag.get("src").map(|src| (src, true)));
        }
        "html" => found.extend(
            // The search loads these two when it is opened.
            tag.get("data-search")
                .into_iter()
                .flat_map(str::split_whitespace)
                .map(|src| (src, true)),
        ),
        _ => {}
    }
    found
}

fn problem(
    page: &str,
    target: &str,
    loads: bool,
    files: &BTreeSet<String>,
    ids: &BTreeMap<&str, BTreeSet<&str>>,
) -> Option<&'static str> {
    if target.starts_with("//") || has_scheme(target) {
        let elsewhere = !target.starts_with("data:");
        return (loads && elsewhere).then_some(OTHER_HOST);
    }
    let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
    let path = path.split('?').next().unwrap_or(path);
    let file = percent_decoded(path).and_then(|path| resolve(page, &path));
    let Some(file) = file.filter(|file| files.contains(file)) else {
        return Some(NO_FILE);
    };
    let fragment = percent_decoded(fragment)?;
    let known = ids.get(file.as_str())?;
    (!fragment.is_empty() && !known.contains(fragment.as_str())).then_some(NO_ANCHOR)
}

fn has_scheme(target: &str) -> bool {
    target.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

/// The file that `path` means on `page`; `None` above the book.
fn resolve(page: &str, path: &str) -> Option<String> {
    if path.is_empty() {
        return Some(page.to_owned());
    }
    // The page for unknown addresses can be shown at any of them, so it starts from the top.
    let from_top = path.starts_with('/') || page == "404.html";
    let folder = page.rsplit_once('/').filter(|_| !from_top);
    let mut parts: Vec<&str> = folder.map_or(Vec::new(), |(folder, _)| folder.split('/').collect());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    if path.ends_with('/') || parts.is_empty() {
        parts.push("index.html");
    }
    Some(parts.join("/"))
}

/// The names of all files below `dir`, with `/`.
pub fn files(dir: &Path) -> io::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in WalkDir::new(dir) {
        let entry = entry?;
        let inside = entry.path().strip_prefix(dir).ok().and_then(url_like);
        found.extend(inside.filter(|_| !entry.file_type().is_dir()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planted_faults_are_found_and_nothing_else() {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let file = dir.path().join(name);
            std::fs::create_dir_all(file.parent().expect("a parent")).expect("made");
            std::fs::write(file, text).expect("written");
        };
        write(
            "index.html",
            "<a href='more/b.html#x'></a><a href='more/'></a><a href=#me id=me></a><a href='https://a.b/c'></a>\
             <a href='mailto:a@b'></a><img src='i%20j.svg?v=1' alt='a'><a href=''></a>\
             <a href='gone.html'></a><a href='more/b.html#gone'></a><img src='gone.svg' alt='b'>\
             <script src='https://cdn.example/x.js'></script><link href='//cdn.example/y.css'>\
             <img src='i%20j.svg' alt=''><p onclick='x()'></p><a href='../out.html'></a>\
             <i id=me></i>",
        );
        write(
            "more/b.html",
            "<p id=x></p><a href='../index.html#me'></a><b style='x'></b>",
        );
        write("more/index.html", "<a href='/index.html'></a>");
        write("404.html", "<base href='/'><a href='more/b.html'></a>");
        write("print.html", "<div style='break-before: page'></div>");
        write("i j.svg", "");
        let found: Vec<(String, &str)> = check(dir.path())
            .expect("readable")
            .into_iter()
            .map(|broken| (broken.target, broken.why))
            .collect();
        let expected = [
            ("#me", TWICE),
            ("../out.html", NO_FILE),
            ("//cdn.example/y.css", OTHER_HOST),
            ("<p onclick>", INLINE),
            ("gone.html", NO_FILE),
            ("gone.svg", NO_FILE),
            ("https://cdn.example/x.js", OTHER_HOST),
            ("i%20j.svg", NO_ALT),
            ("more/b.html#gone", NO_ANCHOR),
            ("<b style>", INLINE),
        ];
        let expected: Vec<(String, &str)> = expected
            .iter()
            .map(|(t, w)| ((*t).to_owned(), *w))
            .collect();
        assert_eq!(found, expected);
    }
}
