//! What is given in this exercise: the answer uses it and does not change it.

use std::io;
use std::net::SocketAddr;

use l08_consul::ask::Answer;

/// One instance of a service.
#[derive(Clone, Debug)]
pub struct Instance {
    /// The name of the service, which callers ask for.
    pub name: String,
    /// The id of this instance.
    pub id: String,
    /// Where its HTTP server listens.
    pub addr: SocketAddr,
}

/// Why Consul did not do what it was asked for.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "the stub does not make all of them")]
pub enum ConsulError {
    /// No answer came.
    Unavailable,
    /// The answer has another status than 200; this is its body.
    Refused(String),
}

/// The answer if its status is 200, and the error otherwise.
#[allow(dead_code, reason = "an answer may read the status by itself")]
pub fn accepted(answer: io::Result<Answer>) -> Result<Answer, ConsulError> {
    let answer = answer.map_err(|_| ConsulError::Unavailable)?;
    match answer.status {
        200 => Ok(answer),
        _ => Err(ConsulError::Refused(answer.body)),
    }
}
