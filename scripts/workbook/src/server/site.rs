//! The built pages, in memory, each with the headers it is sent with.
//!
//! A path is looked up in a table of what was built, and the disk is not asked: no `..`, no
//! encoded slash and no link on the disk can lead out of the book, because nothing leads anywhere.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

use hyper::body::Bytes;
use hyper::header::HeaderValue;

use crate::book::links::files;
use crate::book::markup::escape;
use crate::words::book as words;

use super::{csp, lean};

/// A file of the book.
pub struct Page {
    /// What is sent.
    pub bytes: Bytes,
    /// Its media type.
    pub kind: &'static str,
    /// Changes when the bytes change.
    pub etag: HeaderValue,
    /// The policy, for a page.
    pub policy: Option<&'static str>,
}

/// All files of the book, by path.
#[derive(Default)]
pub struct Site {
    pages: HashMap<String, Page>,
}

/// What mdBook writes between the chapters of its print page, and what is sent instead: the policy
/// refuses the one, and the theme's style sheet knows the other.
const PAGE_BREAK: (&str, &str) = (
    "<div style=\"break-before: page; page-break-before: always;\"></div>",
    "<div class=\"page-break\"></div>",
);

impl Site {
    /// Reads the book that was built into `dir`. `token` goes into every page.
    pub fn load(dir: &Path, token: &str) -> io::Result<Self> {
        let mut site = Self::default();
        for name in files(dir)? {
            let bytes = std::fs::read(dir.join(&name))?;
            let text = String::from_utf8_lossy(&bytes);
            // A bundle is as small as it gets.
            let bundles = ["theme/edit", "elasticlunr", "searchindex"];
            let ours = bundles.iter().all(|bundle| !name.starts_with(bundle));
            match name.rsplit_once('.') {
                Some((_, "html")) => site.html(name, &text, token),
                Some((_, "css")) => site.insert(name, lean::style_sheet(&text).into(), None),
                Some((_, "js")) if ours => site.insert(name, lean::script(&text).into(), None),
                _ => site.insert(name, bytes, None),
            }
        }
        Ok(site)
    }

    /// One page, shown at every address, that says why there is no book.
    pub fn failure(why: &str, token: &str) -> Self {
        let (title, advice) = words::NO_BOOK;
        let page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"UTF-8\"><title>{title}</title></head>\n\
             <body><main><h1>{title}</h1>\n<pre>{}</pre>\n<p>{advice}</p></main></body></html>\n",
            escape(why)
        );
        let mut site = Self::default();
        site.html("index.html".to_owned(), &page, token);
        site.html("404.html".to_owned(), &page, token);
        site
    }

    /// The file at a path of a URL, already decoded.
    pub fn get(&self, path: &str) -> Option<&Page> {
        let name = path.strip_prefix('/')?;
        if name.is_empty() || name.ends_with('/') {
            self.pages.get(&format!("{name}index.html"))
        } else {
            self.pages.get(name)
        }
    }

    fn html(&mut self, name: String, text: &str, token: &str) {
        let text = lean::page(text).replace(PAGE_BREAK.0, PAGE_BREAK.1);
        let meta = format!("<meta name=\"workbook-token\" content=\"{token}\">\n</head>");
        let text = text.replacen("</head>", &meta, 1);
        let policy = match name.as_str() {
            "404.html" => csp::NOT_FOUND,
            _ => csp::PAGE,
        };
        self.insert(name, text.into_bytes(), Some(policy));
    }

    fn insert(&mut self, name: String, bytes: Vec<u8>, policy: Option<&'static str>) {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        let page = Page {
            kind: kind(&name),
            etag: HeaderValue::try_from(etag).unwrap_or(HeaderValue::from_static("\"\"")),
            bytes: bytes.into(),
            policy,
        };
        self.pages.insert(name, page);
    }
}

fn kind(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" | "toml" | "rs" | "proto" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_get_token_and_policy_and_nothing_else_is_reachable() {
        let dir = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(dir.path().join("book")).expect("made");
        std::fs::write(dir.path().join("secret.html"), "no").expect("written");
        let print = format!("<head></head><body>{}</body>", PAGE_BREAK.0);
        std::fs::write(dir.path().join("book/index.html"), print).expect("written");
        std::fs::write(dir.path().join("book/a.js"), "</head>").expect("written");
        let site = Site::load(&dir.path().join("book"), "t0").expect("loaded");
        let page = site.get("/").expect("the first page");
        let text = String::from_utf8_lossy(&page.bytes);
        assert!(
            text.contains("<meta name=\"workbook-token\" content=\"t0\">\n</head>"),
            "{text}"
        );
        assert!(!text.contains("style="), "{text}");
        assert!(page.policy.is_some());
        assert_eq!(site.get("/a.js").expect("there").bytes, "</head>\n");
        for path in "/../secret.html|/./index.html|//index.html|index.html||/a.js/".split('|') {
            assert!(site.get(path).is_none(), "{path}");
        }
    }
}
