//! The names of methods, as the contract writes them and as each transport does.

use std::fmt;
use std::str::FromStr;

use tonic::Status;

/// The name of a method, as the contract has it: `user.v1.Say/Hello`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method {
    service: String,
    name: String,
}

impl Method {
    /// `user.v1.Say`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// Returns the path on gRPC: `/user.v1.Say/Hello`.
    pub fn path(&self) -> String {
        format!("/{}/{}", self.service, self.name)
    }

    /// On our own RPC the package is left out: `Say` and `Hello` of `Say.Hello`.
    pub fn short(&self) -> (&str, &str) {
        let service = self.service.rsplit('.').next().unwrap_or_default();
        (service, &self.name)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

impl FromStr for Method {
    type Err = Status;

    fn from_str(text: &str) -> Result<Self, Status> {
        let plain = |part: &str| {
            let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
            !part.is_empty() && part.chars().all(letter)
        };
        let parts = text.strip_prefix('/').unwrap_or(text).split_once('/');
        match parts {
            Some((service, name)) if service.split('.').all(plain) && plain(name) => Ok(Method {
                service: service.to_string(),
                name: name.to_string(),
            }),
            _ => {
                let words = format!("`{text}` names no method: one looks like user.v1.Say/Hello");
                Err(Status::invalid_argument(words))
            }
        }
    }
}
