//! A check: what is known about the health of a service, or of the whole node.
//!
//! [`runner`] tries a check when it is due, [`results`] writes down what came of it, [`reap`] removes what
//! stays critical. [`tcp`] is one way to find out; the others are in `extra/check/`.

pub mod reap;
pub mod results;
pub mod runner;
pub mod tcp;

use serde::Serialize;

/// The three states. A new check is critical: it has not been tried yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub enum Status {
    Passing,
    Warning,
    #[default]
    Critical,
}

impl Status {
    /// Reads the one spelling that Consul takes.
    pub fn parse(text: &str) -> Option<Status> {
        match text {
            "passing" => Some(Status::Passing),
            "warning" => Some(Status::Warning),
            "critical" => Some(Status::Critical),
            _ => None,
        }
    }

    /// Returns the state as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Passing => "passing",
            Status::Warning => "warning",
            Status::Critical => "critical",
        }
    }
}

/// A check as it is listed, by the agent and in the catalog.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[expect(missing_docs, reason = "the names are Consul's own and say it")]
pub struct Check {
    pub node: String,
    #[serde(rename = "CheckID")]
    pub check_id: String,
    pub name: String,
    pub status: Status,
    pub notes: String,
    pub output: String,
    /// Empty: the check is about the node, and about every service on it.
    #[serde(rename = "ServiceID")]
    pub service_id: String,
    pub service_name: String,
    pub service_tags: Vec<String>,
    pub r#type: &'static str,
    /// Always `{}`: 1.8.7 has the member and does not fill it in here.
    pub definition: crate::service::Nothing,
    pub create_index: u64,
    pub modify_index: u64,
}

/// Cuts an output to `most` bytes and says so, in Consul's words.
pub fn cut(output: &str, most: usize) -> String {
    if output.len() <= most {
        return output.to_owned();
    }
    let mut end = most;
    while !output.is_char_boundary(end) {
        end -= 1;
    }
    let total = output.len();
    format!("{} ... (captured {most} of {total} bytes)", &output[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_output_is_cut_at_a_whole_character() {
        assert_eq!(cut("short", 10), "short");
        assert_eq!(cut("aéé", 2), "a ... (captured 2 of 5 bytes)");
    }
}
