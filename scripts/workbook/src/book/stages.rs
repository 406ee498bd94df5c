//! The stages of the learner's own service: where each stands in a picture of the site, and a place for the Check button
//! of one stage. The page's script adds which have passed; without the runner they stay plain.

use std::fmt::Write;

use crate::own::{Own, Stage};

use super::markup::escape;

/// The picture: three columns, and in each its parts with the id of a stage.
const SITE: [(&str, &[(&str, &str)]); 3] = [
    (
        "Clients",
        &[
            ("lines on TCP", "own-lines"),
            ("a hundred at once", "own-many"),
            ("JSON-RPC", "own-json-rpc"),
            ("gRPC", "own-grpc"),
            ("gRPC streams", "own-stream"),
            ("HTTP", "own-http"),
        ],
    ),
    (
        "Your service",
        &[
            ("health, deadlines", "own-calls"),
            ("graceful shutdown", "own-shutdown"),
            ("rolling restart", "own-rolling"),
            ("a failing neighbour", "own-neighbours"),
        ],
    ),
    (
        "Neighbours",
        &[
            ("Consul", "own-register"),
            ("motto, by its name", "own-discover"),
            ("etcd", "own-registry"),
            ("Redis", "own-count"),
            ("captcha", "own-captcha"),
        ],
    ),
];

/// The picture of the site, with a link for each stage.
pub fn site() -> String {
    let stages = Own::stages();
    let number = |id: &str| {
        let at = stages.iter().position(|stage| stage.id == id);
        at.map_or(0, |at| at + 1)
    };
    let mut out = "<div class=\"wb-site\" data-site>\n".to_owned();
    for (title, parts) in SITE {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(out, "<div><p>{title}</p><ul>");
        for (name, id) in parts {
            let _ = writeln!(
                out,
                "<li data-stage-id=\"{id}\"><a href=\"#stage-{0}\">{0} {name}</a></li>",
                number(id)
            );
        }
        out.push_str("</ul></div>\n");
    }
    out.push_str("</div>");
    out
}

/// The place of the Check button of stage `number`, from 1; `None` if there is no such stage.
pub fn stage(number: &str) -> Option<String> {
    let stages = Own::stages();
    let index: usize = number.parse().ok()?;
    let Stage { id, title, .. } = stages.get(index.checked_sub(1)?)?;
    Some(format!(
        "<section class=\"wb-predict wb-stage\" data-stage=\"{index}\" data-stage-id=\"{id}\" aria-label=\"Stage {index}: {}\">\n\
         <p class=\"wb-command\">Check it: <code>cargo workbook own check {index}</code></p>\n<div class=\"wb-live\"></div>\n</section>",
        escape(title)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_is_in_the_picture_once() {
        let all = site();
        for (at, Stage { id, .. }) in Own::stages().iter().enumerate() {
            let link = format!(
                "<li data-stage-id=\"{id}\"><a href=\"#stage-{0}\">{0} ",
                at + 1
            );
            assert_eq!(all.matches(&link).count(), 1, "{id}");
        }
        assert!(stage("0").is_none() && stage("16").is_none() && stage("x").is_none());
        assert!(stage("15").is_some_and(|text| text.contains("own check 15")));
    }
}
