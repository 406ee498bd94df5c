//! The client. It has one channel: one connection, on which all calls of all its clones travel at
//! the same time. The channel connects again by itself when it has lost the server.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status};

use crate::pb::greeter::greeter_client::GreeterClient;
use crate::pb::hello::hello_service_client::HelloServiceClient;
use crate::pb::say::say_client::SayClient;
use crate::pb::say::say_name_client::SayNameClient;
use crate::pb::say::{Person, Teacher};
use crate::pb::{greeter, hello};
use crate::retry::{Policy, Repeat, retry};
use crate::server::MESSAGE;
use crate::status::{normalized, too_long};

/// The options of a client.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to look for a server that is not up yet.
    pub connect_timeout: Duration,
    /// How long a call may take, all its attempts together.
    pub deadline: Duration,
    /// Goes with every call.
    pub token: Option<String>,
    /// Compress requests, and ask for compressed replies.
    pub gzip: bool,
    /// After so much silence the server is asked whether it still lives.
    pub ping: Duration,
    /// The time for its answer.
    pub pong: Duration,
    /// How calls that may run twice are tried again.
    pub retry: Policy,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            connect_timeout: Duration::from_secs(5),
            deadline: Duration::from_secs(5),
            token: None,
            gzip: false,
            // As often as gRPC's servers allow by default.
            ping: Duration::from_secs(300),
            pong: Duration::from_secs(5),
            retry: Policy::default(),
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoServer {
    /// The token has characters that no header may have.
    #[error("the token has characters that no header may have")]
    Token,
    /// No server has listened at the address for all this time.
    #[error(
        "no server answers at {addr}: {attempts} attempts in {:.1} s, the last one said: {last}",
        .waited.as_secs_f64()
    )]
    NotUp {
        /// Where.
        addr: SocketAddr,
        /// How long it was tried.
        waited: Duration,
        /// How often.
        attempts: u32,
        /// The error of the last attempt that had time to fail.
        last: String,
    },
}

// ANCHOR: unary
/// One call of a method, on a clone of the channel: that costs a counter, and no connection.
macro_rules! unary {
    ($self:ident, $repeat:expr, $client:ident.$method:ident($message:expr)) => {{
        let stub = $client::new($self.channel.clone())
            .max_decoding_message_size(MESSAGE)
            .max_encoding_message_size(MESSAGE);
        let stub = match $self.options.gzip {
            true => stub.accept_compressed(Gzip).send_compressed(Gzip),
            false => stub,
        };
        let send = move |request| {
            let mut stub = stub.clone();
            async move { stub.$method(request).await }
        };
        $self.call($repeat, $message, send).await
    }};
}
// ANCHOR_END: unary

/// A client of all services of this lesson. A clone is another handle on the same connection.
#[derive(Clone, Debug)]
pub struct Client {
    channel: Channel,
    token: Option<MetadataValue<Ascii>>,
    options: Options,
}

impl Client {
    // ANCHOR: connect
    /// Looks for the server until it is up, or until `connect_timeout` is over. That the other side is not
    /// there yet is nothing special where many programs are started at once.
    pub async fn connect(addr: SocketAddr, options: Options) -> Result<Self, NoServer> {
        let token = bearer(&options)?;
        let since = Instant::now();
        let until = since + options.connect_timeout;
        let endpoint = endpoint(addr, &options);
        let mut attempts = 0;
        let mut last = "no answer in time".to_string();
        let channel = loop {
            attempts += 1;
            match timeout_at(until, endpoint.connect()).await {
                Ok(Ok(channel)) => break channel,
                Ok(Err(error)) => last = innermost(&error),
                Err(_) => {} // The error of an earlier attempt says more.
            }
            let pause = options.retry.pause(attempts);
            if Instant::now() + pause >= until {
                let waited = since.elapsed();
                return Err(NoServer::NotUp {
                    addr,
                    waited,
                    attempts,
                    last,
                });
            }
            sleep(pause).await;
        };
        Ok(Client {
            channel,
            token,
            options,
        })
    }
    // ANCHOR_END: connect

    /// A client that connects with its first call.
    ///
    /// # Errors
    /// [`NoServer::Token`]; it does not look for the server.
    pub fn lazy(addr: SocketAddr, options: Options) -> Result<Self, NoServer> {
        Ok(Client {
            channel: endpoint(addr, &options).connect_lazy(),
            token: bearer(&options)?,
            options,
        })
    }

    /// A client over a channel that was made elsewhere, such as one that knows several servers:
    /// lesson 10. `connect_timeout`, `ping` and `pong` belong to making a channel, and are not read here.
    pub fn over(channel: Channel, options: Options) -> Result<Self, NoServer> {
        Ok(Client {
            channel,
            token: bearer(&options)?,
            options,
        })
    }

    /// The channel, for services that are not listed here: health, reflection, lesson 07's.
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    // ANCHOR: call
    /// One call with everything around it: the token, the deadline, other attempts.
    async fn call<M: Clone, R, F>(
        &self,
        repeat: Repeat,
        message: M,
        send: impl Fn(Request<M>) -> F,
    ) -> Result<Response<R>, Status>
    where
        F: Future<Output = Result<Response<R>, Status>>,
    {
        let until = Instant::now() + self.options.deadline;
        retry(self.options.retry, repeat, until, || {
            let mut request = Request::new(message.clone());
            // What remains, not what there was: a second attempt has less time.
            request.set_timeout(until.saturating_duration_since(Instant::now()));
            if let Some(token) = &self.token {
                let metadata = request.metadata_mut();
                metadata.insert("authorization", token.clone());
            }
            let outcome = send(request);
            async move {
                let normalize = |status| too_long(normalized(status, Some(until)));
                outcome.await.map_err(normalize)
            }
        })
        .await
    }
    // ANCHOR_END: call

    // ANCHOR: greet
    /// `greeter.v1.Greeter/SayHello`.
    ///
    /// # Errors
    /// What the server says, or why it could not be asked.
    pub async fn greet(&self, name: &str) -> Result<Response<greeter::HelloReply>, Status> {
        let message = greeter::HelloRequest {
            name: name.to_string(),
        };
        unary!(self, Repeat::Safe, GreeterClient.say_hello(message))
    }
    // ANCHOR_END: greet

    /// `hello.v1.HelloService/SayHello`.
    ///
    /// # Errors
    /// As for [`Client::greet`].
    pub async fn hello(&self, name: &str) -> Result<Response<hello::HelloResponse>, Status> {
        let message = hello::HelloRequest {
            name: name.to_string(),
        };
        unary!(self, Repeat::Safe, HelloServiceClient.say_hello(message))
    }

    /// `hello.v1.HelloService/SayName`.
    ///
    /// # Errors
    /// As for [`Client::greet`].
    pub async fn name(&self, name: &str) -> Result<Response<hello::NameResponse>, Status> {
        let message = hello::NameRequest {
            name: name.to_string(),
        };
        unary!(self, Repeat::Safe, HelloServiceClient.say_name(message))
    }

    /// `say.v1.SayName/SayHello`.
    ///
    /// # Errors
    /// As for [`Client::greet`].
    pub async fn teacher(&self, teacher: Teacher) -> Result<Response<Teacher>, Status> {
        unary!(self, Repeat::Safe, SayNameClient.say_hello(teacher))
    }

    /// `say.v1.say/saySomething`. What is said twice is heard twice: this one is never repeated.
    ///
    /// # Errors
    /// As for [`Client::greet`].
    pub async fn say(&self, name: &str) -> Result<Response<Person>, Status> {
        let person = Person {
            name: name.to_string(),
            say: String::new(),
        };
        unary!(self, Repeat::Never, SayClient.say_something(person))
    }
}

fn endpoint(addr: SocketAddr, options: &Options) -> Endpoint {
    Endpoint::from_shared(format!("http://{addr}"))
        .expect("an IP address and a port are a valid URI")
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(options.ping)
        .keep_alive_timeout(options.pong)
        // Not while no call waits: many servers reject that, and close the connection with
        // `too_many_pings`. A connection that broke unnoticed costs the next call an attempt.
        .keep_alive_while_idle(false)
}

/// The token as a header.
fn bearer(options: &Options) -> Result<Option<MetadataValue<Ascii>>, NoServer> {
    let value = (options.token.as_ref()).map(|token| format!("Bearer {token}").parse());
    value.transpose().map_err(|_| NoServer::Token)
}

/// The last error in the chain: what the system said.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.last().map_or_else(String::new, ToString::to_string)
}
