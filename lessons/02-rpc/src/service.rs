//! Methods under names. A service is a group of methods; `hello.HelloWorld` is the method
//! `HelloWorld` of the service `hello`. The names are text, so only a running program can tell
//! whether one is right: a misspelt one is an ordinary failed call, and must never be more.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::task::Poll;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::message::{self, Failure};

/// What a method gives back while it runs: its encoded value, or why there is none.
type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

/// A method whose types have been forgotten: bytes in, bytes out.
type Method = Box<dyn Fn(&[u8]) -> Running + Send + Sync>;

/// Methods that belong together.
pub struct Service {
    name: String,
    methods: HashMap<String, Method>,
}

impl Service {
    /// A service without methods.
    pub fn new(name: &str) -> Self {
        Service {
            name: name.to_string(),
            methods: HashMap::new(),
        }
    }

    // ANCHOR: method
    /// Adds a method: an async function of one argument that returns a value, or an error in words.
    ///
    /// A second method of the same name replaces the first one.
    #[must_use]
    pub fn method<A, V, F>(
        mut self,
        name: &str,
        function: impl Fn(A) -> F + Send + Sync + 'static,
    ) -> Self
    where
        A: DeserializeOwned,
        V: Serialize,
        F: Future<Output = Result<V, String>> + Send + 'static,
    {
        let full = format!("{}.{name}", self.name);
        let method: Method = Box::new(move |argument| {
            let Ok(argument) = message::decode_owned(argument) else {
                return Box::pin(std::future::ready(Err(Failure::BadArgument(full.clone()))));
            };
            let running = function(argument);
            Box::pin(async move {
                let value = running.await.map_err(Failure::Failed)?;
                message::encode(&value).map_err(|error| Failure::Failed(error.to_string()))
            })
        });
        self.methods.insert(name.to_string(), method);
        self
    }
    // ANCHOR_END: method
}

/// All services of one server.
#[derive(Default)]
pub struct Services(HashMap<String, Service>);

/// Two services want the same name.
#[derive(Debug, PartialEq, Eq)]
pub struct NameTaken(pub String);

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a service `{}` is registered already", self.0)
    }
}

impl std::error::Error for NameTaken {}

impl Services {
    /// No service yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a service under its name.
    ///
    /// # Errors
    ///
    /// If the name is taken. The program that starts the server should get this error, not a caller.
    pub fn register(&mut self, service: Service) -> Result<(), NameTaken> {
        if self.0.contains_key(&service.name) {
            return Err(NameTaken(service.name));
        }
        self.0.insert(service.name.clone(), service);
        Ok(())
    }

    // ANCHOR: call
    /// Calls a method by its full name. Whatever the caller sent and whatever the method does, the
    /// answer is a value or a [`Failure`]: nothing in here can end a connection.
    ///
    /// # Errors
    ///
    /// If there is no such method, or it cannot read the argument, fails, or panics.
    pub async fn call(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Failure> {
        let no_service = || Failure::NoService(name.to_string());
        // The last dot: `go.micro.greeter.Hello` is `Hello` of the service `go.micro.greeter`.
        let (service, method) = name.rsplit_once('.').ok_or_else(no_service)?;
        let service = self.0.get(service).ok_or_else(no_service)?;
        let no_method = || Failure::NoMethod(name.to_string());
        let method = service.methods.get(method).ok_or_else(no_method)?;
        caught(async { method(argument).await })
            .await
            .unwrap_or(Err(Failure::Panicked))
    }
    // ANCHOR_END: call
}

// ANCHOR: caught
/// Runs a future and catches a panic in it, as the runtime does for a task. A task for each call
/// would do the same and cost a queue entry more; this costs nothing until something panics.
///
/// The assertion holds because nothing of the method is used after its panic. What it shares with
/// other calls is its own affair: a `Mutex` it held is poisoned, and says so to the next one.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        match panic::catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
// ANCHOR_END: caught

#[cfg(test)]
mod tests {
    use super::*;

    fn services() -> Services {
        let mut services = Services::new();
        let service = Service::new("go.micro.text")
            .method("Upper", |text: String| async move {
                if text.is_empty() {
                    return Err("nothing to do".to_string());
                }
                Ok(text.to_uppercase())
            })
            .method("Panic", |(): ()| async {
                panic!("on purpose") as Result<(), String>
            });
        services.register(service).unwrap();
        services
    }

    #[tokio::test]
    async fn a_call_finds_its_method_or_says_why_not() {
        let services = services();
        let wire = message::encode(&"wire").unwrap();
        let called = services.call("go.micro.text.Upper", &wire).await;
        assert_eq!(called, Ok(message::encode(&"WIRE").unwrap()));
        for (name, failure) in [
            ("Upper", Failure::NoService("Upper".into())),
            ("", Failure::NoService(String::new())),
            ("text.Upper", Failure::NoService("text.Upper".into())),
            ("go.micro.text.", Failure::NoMethod("go.micro.text.".into())),
            (
                "go.micro.text.upper",
                Failure::NoMethod("go.micro.text.upper".into()),
            ),
        ] {
            assert_eq!(services.call(name, &wire).await, Err(failure), "{name}");
        }
    }

    #[tokio::test]
    async fn what_goes_wrong_in_a_method_is_a_failure() {
        let services = services();
        let empty = message::encode(&"").unwrap();
        let called = services.call("go.micro.text.Upper", &empty).await;
        assert_eq!(called, Err(Failure::Failed("nothing to do".into())));
        let called = services.call("go.micro.text.Upper", &[9]).await;
        assert_eq!(
            called,
            Err(Failure::BadArgument("go.micro.text.Upper".into()))
        );
        let called = services.call("go.micro.text.Panic", &[]).await;
        assert_eq!(called, Err(Failure::Panicked));
    }

    #[test]
    fn a_name_is_given_once() {
        let mut services = services();
        let taken = services.register(Service::new("go.micro.text"));
        assert_eq!(taken, Err(NameTaken("go.micro.text".into())));
    }
}
