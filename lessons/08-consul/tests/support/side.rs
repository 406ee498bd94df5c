//! The servers of one side: the real Consul, or the agent of this lesson. One is shared by all cases
//! of a test program; a case that writes definition files starts one of its own.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;

use super::Http;

/// Starts a server: the folder of its definition files, the folder where it keeps what it was told.
pub type Fresh = fn(Option<&Path>, Option<&Path>) -> Result<Server, String>;

/// A server that runs as long as this is held.
pub struct Server {
    http: Http,
    _process: Box<dyn Send + Sync>,
}

impl Server {
    /// A server at `addr`, held by `process`.
    pub fn new(addr: SocketAddr, fresh: Fresh, process: impl Send + Sync + 'static) -> Self {
        Server {
            http: Http { addr, fresh },
            _process: Box::new(process),
        }
    }
}

impl Deref for Server {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

impl Http {
    /// One more server of this side, for a case that must be alone with it.
    #[track_caller]
    pub fn alone(&self, definitions: Option<&Path>, data: Option<&Path>) -> Server {
        (self.fresh)(definitions, data).unwrap_or_else(|trouble| panic!("{trouble}"))
    }
}
