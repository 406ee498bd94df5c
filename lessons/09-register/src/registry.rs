//! A client of the agent: consulrs with a deadline for each call, because it waits without limit for an agent that does not
//! answer. Its errors are sorted by what a caller can do.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use consulrs::api::ApiResponse;
use consulrs::api::service::requests::ReadServiceRequest;
use consulrs::client::{ConsulClient, ConsulClientSettings, ConsulClientSettingsBuilder};
use consulrs::error::ClientError;
use tokio::time::timeout;

use crate::instance::Instance;

/// The deadline of one call. An agent on the same machine answers within milliseconds.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// Why a call has failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No answer of a Consul came in time. A later call may succeed.
    #[error("Consul is away: {0}")]
    Away(String),
    /// Consul has answered, and will not do it.
    #[error("Consul refuses ({code}): {words}")]
    Refused {
        /// The status of HTTP.
        code: u16,
        /// What Consul said.
        words: String,
    },
    /// An id that consulrs cannot put into a path.
    #[error(
        "`{0}` is no good id: it has to fit into the path of a URL. Letters, digits and - . _ : are \
         safe"
    )]
    Id(String),
}

impl Error {
    /// Returns whether the very same call may work later. What Consul calls a bad request stays one.
    pub fn may_pass(&self) -> bool {
        match self {
            Error::Away(_) => true,
            Error::Refused { code, .. } => *code >= 500 || *code == 429,
            Error::Id(_) => false,
        }
    }
}

// ANCHOR: registry
/// A client of one agent. A clone shares its connections.
#[derive(Clone)]
pub struct Registry {
    client: Arc<ConsulClient>,
    addr: SocketAddr,
    deadline: Duration,
}

impl Registry {
    /// For the agent whose HTTP API is at `addr`. It is not asked anything yet.
    ///
    /// # Errors
    /// If the surroundings are broken: a certificate that `CONSUL_CACERT` names, for example.
    pub fn at(addr: SocketAddr) -> anyhow::Result<Self> {
        let settings: ConsulClientSettings = ConsulClientSettingsBuilder::default()
            .address(format!("http://{addr}"))
            .build()?;
        Ok(Registry {
            client: Arc::new(ConsulClient::new(settings)?),
            addr,
            deadline: DEADLINE,
        })
    }

    /// For an agent with TLS and access control: `authority` is the certificate of its authority in a PEM file, and `token`
    /// the secret of an ACL token.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn secured(addr: SocketAddr, authority: &Path, token: &str) -> anyhow::Result<Self> {
        let settings: ConsulClientSettings = ConsulClientSettingsBuilder::default()
            .address(format!("https://{addr}"))
            .ca_certs(vec![authority.display().to_string()])
            .token(token)
            .verify(true)
            .build()?;
        Ok(Registry {
            client: Arc::new(ConsulClient::new(settings)?),
            addr,
            deadline: DEADLINE,
        })
    }

    /// Registers, or replaces what has the same id.
    pub async fn register(&self, instance: &Instance) -> Result<(), Error> {
        addressable(&instance.id)?;
        let mut request = instance.request();
        let call = consulrs::service::register(self.client(), &instance.name, Some(&mut request));
        self.in_time(call).await
    }

    /// Takes an instance off the list. One that is not on it is no error: it is gone, as wanted.
    pub async fn deregister(&self, id: &str) -> Result<(), Error> {
        addressable(id)?;
        let call = consulrs::service::deregister(self.client(), id, None);
        match self.in_time(call).await {
            Err(Error::Refused { code: 404, .. }) => Ok(()),
            other => other,
        }
    }
    // ANCHOR_END: registry

    // ANCHOR: knows
    /// Returns whether the agent has an instance of this id.
    pub async fn knows(&self, id: &str) -> Result<bool, Error> {
        addressable(id)?;
        // Not `consulrs::service::read`: it takes the tagged addresses for texts. Consul sends objects
        // for every service that has an address, and the answer cannot be decoded. The status says
        // all that is asked here.
        let request = ReadServiceRequest {
            name: id.to_string(),
            ..ReadServiceRequest::default()
        };
        let call = consulrs::api::exec_with_raw(self.client(), request);
        match self.in_time(call).await {
            Ok(_) => Ok(true),
            Err(Error::Refused { code: 404, .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }
    // ANCHOR_END: knows

    /// consulrs itself, for whatever is not here. Its calls have no deadline: see
    /// [`Registry::in_time`].
    pub fn client(&self) -> &ConsulClient {
        &self.client
    }

    /// Returns the address of the agent.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Returns the deadline of a call.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Sets another deadline for each call.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    // ANCHOR: in_time
    /// Makes a call of consulrs within the deadline, and sorts its error.
    pub async fn in_time<T>(
        &self,
        call: impl Future<Output = Result<ApiResponse<T>, ClientError>>,
    ) -> Result<T, Error> {
        self.within(self.deadline, call)
            .await
            .map(|answer| answer.response)
    }

    /// Makes a call of consulrs within `deadline`, and returns the headers as well: a blocking
    /// query may take minutes, and its index is a header.
    pub async fn within<T>(
        &self,
        deadline: Duration,
        call: impl Future<Output = Result<ApiResponse<T>, ClientError>>,
    ) -> Result<ApiResponse<T>, Error> {
        match timeout(deadline, call).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(sorted(self.addr, &error)),
            Err(_) => Err(Error::Away(format!(
                "no answer from {} within {} ms",
                self.addr,
                deadline.as_millis()
            ))),
        }
    }
    // ANCHOR_END: in_time
}

fn sorted(addr: SocketAddr, error: &ClientError) -> Error {
    match error {
        ClientError::APIError { code, message } => Error::Refused {
            code: *code,
            words: (message.as_deref()).map_or_else(String::new, |words| words.trim().to_string()),
        },
        // What consulrs says at the top is the same for every trouble; the cause is at the bottom.
        other => Error::Away(format!("{addr}: {}", innermost(other))),
    }
}

/// Checks that an id fits into the path of a URL. consulrs puts it there and escapes what is
/// escaped already, so what would need it cannot be said.
pub fn addressable(id: &str) -> Result<(), Error> {
    let safe = |letter: char| letter.is_ascii_alphanumeric() || "-._~:".contains(letter);
    if !id.is_empty() && id.chars().all(safe) && ![".", ".."].contains(&id) {
        return Ok(());
    }
    Err(Error::Id(id.to_string()))
}

/// The last error in the chain: what the system said.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_do_not_fit_into_a_path_are_refused_here() {
        for id in ["", ".", "..", "a/b", "a b", "a?b", "a%20b", "ä", "a#b"] {
            assert_eq!(addressable(id), Err(Error::Id(id.to_string())), "{id}");
        }
        for id in ["greeter-127.0.0.1-8801", "greeter-::1-8801", "A_b~"] {
            assert_eq!(addressable(id), Ok(()), "{id}");
        }
    }

    #[test]
    fn a_bad_request_stays_one() {
        let refused = |code| Error::Refused {
            code,
            words: String::new(),
        };
        assert!(Error::Away(String::new()).may_pass());
        assert!(refused(500).may_pass() && refused(429).may_pass());
        assert!(!refused(400).may_pass() && !refused(403).may_pass());
    }
}
