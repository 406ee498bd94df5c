//! Middleware: code that runs around every call of every method, also of methods that are added later.
//!
//! tower calls it a layer. Its traits are general: a service may be busy, may fail, may have any future.
//! Here an async function is enough, and [`Middleware`] makes a layer of it. axum has the same as
//! `middleware::from_fn`, but that one fits only inside of an axum `Router`.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tonic::body::Body;
use tonic::codegen::http::{Request, Response};
use tonic::codegen::{Body as HttpBody, Bytes, StdError};
use tower::{Layer, Service};

/// The rest of the server: it takes the request, and returns the response.
pub type Next =
    Box<dyn FnOnce(Request<Body>) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> + Send>;

/// A layer made from a function `async |request, next| response`.
#[derive(Clone, Copy, Debug)]
pub struct Middleware<F>(pub F);

impl<F: Clone, S> Layer<S> for Middleware<F> {
    type Service = MiddlewareService<F, S>;

    fn layer(&self, inner: S) -> Self::Service {
        MiddlewareService {
            function: self.0.clone(),
            inner,
        }
    }
}

/// A service with a [`Middleware`] around it.
#[derive(Clone, Debug)]
pub struct MiddlewareService<F, S> {
    function: F,
    inner: S,
}

impl<F, Fut, S, B> Service<Request<Body>> for MiddlewareService<F, S>
where
    F: Fn(Request<Body>, Next) -> Fut,
    Fut: Future<Output = Response<Body>> + Send + 'static,
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<StdError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that `poll_ready` has prepared makes this call, the clone the next one.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        let next: Next = Box::new(move |request| {
            Box::pin(async move {
                let Ok(response) = inner.call(request).await;
                response.map(Body::new)
            })
        });
        let response = (self.function)(request, next);
        Box::pin(async move { Ok(response.await) })
    }
}
