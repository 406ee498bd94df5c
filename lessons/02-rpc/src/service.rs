//! Services, and dispatch by name. A service is a group of methods; `hello.HelloWorld` is the method
//! `HelloWorld` of the service `hello`. The compiler cannot check a name in a request, so an unknown
//! name is an ordinary failed call.

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

/// The future of a running method. It gives the encoded value, or the error.
type Running = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

/// A method without its types: a function from bytes to bytes.
type Method = Box<dyn Fn(&[u8]) -> Running + Send + Sync>;

/// A group of methods with a name.
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
    /// Adds a method: an async function of one argument that returns a value, or the text of an error.
    ///
    /// A second method of the same name replaces the first one.
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

/// Two services have the same name.
#[derive(Debug, PartialEq, Eq)]
pub struct NameTaken(pub String);

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a service `{}` is registered already", self.0)
    }
}

impl std::error::Error for NameTaken {}

impl Services {
    /// An empty set of services.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a service under its name.
    ///
    /// # Errors
    /// If another service has this name.
    pub fn register(&mut self, service: Service) -> Result<(), NameTaken> {
        if self.0.contains_key(&service.name) {
            return Err(NameTaken(service.name));
        }
        self.0.insert(service.name.clone(), service);
        Ok(())
    }

    // ANCHOR: call
    /// Calls a method by its full name. The result is a value or a [`Failure`] for any name, any argument and
    /// any method, so a call cannot end the connection.
    ///
    /// # Errors
    /// If there is no such method, or the argument has the wrong type, or the method fails or panics.
    pub async fn call(&self, name: &str, argument: &[u8]) -> Result<Vec<u8>, Failure> {
        let no_service = || Failure::NoService(name.to_string());
        // The last dot: the method of `go.micro.greeter.Hello` is `Hello`.
        let (service, method) = name.rsplit_once('.').ok_or_else(no_service)?;
        let service = self.0.get(service).ok_or_else(no_service)?;
        let no_method = || Failure::NoMethod(name.to_string());
        let method = service.methods.get(method).ok_or_else(no_method)?;
        catch_panic(async { method(argument).await })
            .await
            .unwrap_or(Err(Failure::Panicked))
    }
    // ANCHOR_END: call
}

// ANCHOR: catch_panic
/// Runs a future and catches a panic in it, as the runtime does for a task. It needs no further task for each
/// call.
///
/// `AssertUnwindSafe` is right because the future is not used after its panic. If the method held a `Mutex`,
/// that is poisoned, and the next call that locks it gets an error.
async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
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
// ANCHOR_END: catch_panic

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
    async fn a_call_finds_its_method_or_fails() {
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
    async fn an_error_or_a_panic_in_a_method_is_a_failure() {
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
    fn a_second_service_of_the_same_name_is_refused() {
        let mut services = services();
        let taken = services.register(Service::new("go.micro.text"));
        assert_eq!(taken, Err(NameTaken("go.micro.text".into())));
    }
}
