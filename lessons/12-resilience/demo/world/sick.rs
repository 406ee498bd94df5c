//! Failures that can be injected into an instance. A caller sees each of them differently, and each fail mode handles
//! them differently.

use std::str::FromStr;
use std::time::Duration;

use tonic::Status;
use tonic::body::Body;
use tonic::codegen::http::{Request, Response};

use l06_grpc::middleware::Next;

/// A fault of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sick {
    /// `slow=MS`: it waits so long before each answer.
    Slow(Duration),
    /// `failing`: it says UNAVAILABLE at once, and does nothing.
    Failing,
    /// `losing`: it runs the call, and then says UNAVAILABLE: the reply is lost.
    Losing,
    /// `refusing`: the address is taken, and no connection is accepted.
    Refusing,
}

impl Sick {
    /// A layer: what becomes of a call here.
    pub async fn around(sick: Option<Sick>, request: Request<Body>, next: Next) -> Response<Body> {
        match sick {
            None | Some(Sick::Refusing) => next(request).await,
            Some(Sick::Slow(time)) => {
                tokio::time::sleep(time).await;
                next(request).await
            }
            Some(Sick::Failing) => Status::unavailable("I am sick").into_http(),
            Some(Sick::Losing) => {
                drop(next(request).await);
                Status::unavailable("the reply is lost").into_http()
            }
        }
    }
}

impl FromStr for Sick {
    type Err = String;

    /// `slow` alone is a second.
    fn from_str(text: &str) -> Result<Self, String> {
        let slow = text.strip_prefix("slow=").map(str::parse);
        match (text, slow) {
            (_, Some(Ok(millis))) => Ok(Sick::Slow(Duration::from_millis(millis))),
            ("slow", _) => Ok(Sick::Slow(Duration::from_secs(1))),
            ("failing", _) => Ok(Sick::Failing),
            ("losing", _) => Ok(Sick::Losing),
            ("refusing", _) => Ok(Sick::Refusing),
            _ => Err(format!("`{text}`: slow=MS, failing, losing or refusing")),
        }
    }
}
