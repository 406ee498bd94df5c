//! What strangers may ask a service: how it is, and what it can do.

use l06_grpc::server;
use tokio::sync::watch;
use tonic::service::RoutesBuilder;
use tonic_health::ServingStatus::NotServing;
use tonic_health::server::HealthReporter;

/// Who is told that it does not serve any more.
pub(super) enum Health {
    /// `grpc.health.v1`, and the services that it knows.
    Grpc(HealthReporter, Vec<String>),
    /// `Debug.Health` of our own RPC.
    Own(watch::Sender<bool>),
    /// A server that is not ours.
    Unknown,
}

impl Health {
    /// Says NOT_SERVING from now on. Nothing is refused because of it.
    pub async fn end(&self) {
        match self {
            Health::Grpc(reporter, names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                server::report(reporter, &names, NotServing).await;
            }
            Health::Own(serving) => {
                serving.send_replace(false);
            }
            Health::Unknown => {}
        }
    }
}

/// Reflection about `descriptors`, and about health and reflection themselves: version 1, and the
/// forerunner that older tools ask for.
pub(super) fn add_reflection(
    routes: &mut RoutesBuilder,
    descriptors: &[&'static [u8]],
) -> Result<(), tonic_reflection::server::Error> {
    let builder = || {
        let of_grpc_itself = [
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let builder =
            tonic_reflection::server::Builder::configure().include_reflection_service(false);
        (descriptors.iter().copied().chain(of_grpc_itself)).fold(
            builder,
            tonic_reflection::server::Builder::register_encoded_file_descriptor_set,
        )
    };
    routes
        .add_service(builder().build_v1()?)
        .add_service(builder().build_v1alpha()?);
    Ok(())
}
