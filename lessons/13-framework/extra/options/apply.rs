//! What the options change: a service, and the calls of a client.

use std::ffi::OsString;

use super::{Options, Stop};
use crate::client;
use crate::service::Service;

impl Service {
    // ANCHOR: init
    /// Takes over what the arguments (without the program's name) and the environment say.
    ///
    /// # Errors
    /// [`Stop`]; [`crate::options::or_exit`] turns it into an end of the program.
    pub fn init<A, E, N, V>(self, arguments: A, environment: E) -> Result<Self, Stop>
    where
        A: IntoIterator,
        A::Item: Into<OsString>,
        E: IntoIterator<Item = (N, V)>,
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let options = Options::read(arguments, environment)?;
        options.no_words()?;
        self.with(options)
    }

    /// Applies options that were read already.
    pub fn with(mut self, options: Options) -> Result<Self, Stop> {
        self.registry = Some(options.open_registry(self.registry.take())?);
        self.client = self.client.with(&options);
        self.name = options.server_name.unwrap_or(self.name);
        self.version = options.server_version.unwrap_or(self.version);
        self.id = options.server_id.or(self.id);
        self.address = options.server_address.unwrap_or(self.address);
        self.advertise = options.server_advertise.or(self.advertise);
        self.metadata
            .extend(options.server_metadata.unwrap_or_default());
        self.ttl = options.register_ttl.unwrap_or(self.ttl);
        self.interval = options.register_interval.unwrap_or(self.interval);
        self.transport = options.transport.unwrap_or(self.transport);
        self.until_stdin_ends |= options.until_stdin_ends;
        if self.interval >= self.ttl {
            return Err(Stop::Wrong(format!(
                "--register_interval {:?} and --register_ttl {:?}: the registry would forget this \
                 instance before it calls again; a third of the ttl is a good interval",
                self.interval, self.ttl
            )));
        }
        Ok(self)
    }
    // ANCHOR_END: init
}

impl client::Settings {
    /// Applies the options from command line and environment.
    pub fn with(mut self, options: &Options) -> Self {
        let call = &mut self.call;
        call.select = options.selector.unwrap_or(call.select);
        call.mode = options.fail_mode.unwrap_or(call.mode);
        if let Some(deadline) = options.client_request_timeout {
            call.deadline = deadline;
            call.per_attempt = Some(client::part(deadline));
        }
        if let Some(retries) = options.client_retries {
            call.attempts = retries.saturating_add(1);
        }
        self
    }
}
