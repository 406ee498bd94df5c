//! All services behind one port. One HTTP/2 connection carries calls to any of them: the path of a
//! request, `/greeter.v1.Greeter/SayHello`, says which one.

use std::future::Future;

use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::service::{Routes, RoutesBuilder};
use tonic::transport::Server;

use crate::greeter::Greetings;
use crate::hello::Hello;
use crate::pb::greeter::greeter_server::GreeterServer;
use crate::pb::hello::hello_service_server::HelloServiceServer;
use crate::pb::say::say_name_server::SayNameServer;
use crate::pb::say::say_server::SayServer;
use crate::say::{Names, Sayings};

/// The services of this lesson. Lesson 07 adds its own to them.
pub fn add_services(routes: &mut RoutesBuilder) {
    routes
        .add_service(GreeterServer::new(Greetings))
        .add_service(HelloServiceServer::new(Hello))
        .add_service(SayNameServer::new(Names))
        .add_service(SayServer::new(Sayings));
}

/// The services of this lesson, ready to be served.
pub fn routes() -> Routes {
    let mut routes = RoutesBuilder::default();
    add_services(&mut routes);
    routes.routes()
}

/// Serves `routes` until `shutdown` is ready; calls under way are finished first.
///
/// # Errors
/// What the transport says.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    shutdown: impl Future<Output = ()>,
) -> Result<(), tonic::transport::Error> {
    Server::builder()
        .add_routes(routes)
        .serve_with_incoming_shutdown(TcpListenerStream::new(listener), shutdown)
        .await
}
