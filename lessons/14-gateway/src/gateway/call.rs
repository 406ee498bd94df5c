//! One call of a service whose types were not known at build time: the message is bytes already.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use l06_grpc::retry::Repeat;
use l12_resilience::caller::{Attempt, Failed, How};
use l12_resilience::deadline;
use l13_framework::transport::BytesCodec;
use prost::bytes::Bytes;
use tokio::time::{Instant, timeout};
use tonic::client::Grpc;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};

use super::Settings;
use super::schema::Method;
use super::service::Service;
use super::status::{Problem, REQUEST_ID};

/// A call that is ready to be made.
pub struct Call<'a> {
    /// Who offers it.
    pub service: &'a Service,
    /// What is called.
    pub method: &'a Method,
    /// The gateway's.
    pub settings: &'a Settings,
    /// What goes beside the message.
    pub metadata: MetadataMap,
    /// The message.
    pub message: Bytes,
}

/// Returns the metadata of a call: the headers of the request that are forwarded.
pub fn metadata(headers: &HeaderMap, forward: &[HeaderName], id: &HeaderValue) -> MetadataMap {
    let mut out = HeaderMap::new();
    for name in forward {
        for value in headers.get_all(name) {
            out.append(name.clone(), value.clone());
        }
    }
    out.insert(REQUEST_ID, id.clone());
    MetadataMap::from_headers(out)
}

impl Call<'_> {
    // ANCHOR: unary
    /// Makes the call, and returns its one answer. An instance that fails is followed by another
    /// one, if the method is harmless.
    ///
    /// # Errors
    /// What the service says, or that it says nothing in time.
    pub async fn unary(&self, until: Instant) -> Result<Bytes, Problem> {
        let time = until.saturating_duration_since(Instant::now());
        let slice = time / 3;
        let send = |channel, attempt: Attempt| async move {
            let request = self.request(attempt.until);
            let call = async {
                let mut grpc = self.grpc(channel).await?;
                grpc.unary(request, self.method.path.clone(), BytesCodec)
                    .await
            };
            // A request with little time still asks more than one.
            if self.method.harmless && attempt.number < 3 {
                let late = |_| Status::deadline_exceeded("no answer in time for another try");
                return timeout(slice, call).await.map_err(late)?;
            }
            call.await
        };
        let answer = self.service.caller().call(self.how(time), send).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|failed| self.problem(failed))
    }
    // ANCHOR_END: unary

    /// The answers, one by one, for so long.
    ///
    /// # Errors
    /// If the service does not even begin.
    pub async fn stream(&self, over: Duration) -> Result<Streaming<Bytes>, Problem> {
        let until = Instant::now() + over;
        let send = |channel, _: Attempt| async move {
            // Its time is not that of the attempt, which is over when the first header is here.
            let request = self.request(until);
            let mut grpc = self.grpc(channel).await?;
            grpc.server_streaming(request, self.method.path.clone(), BytesCodec)
                .await
        };
        let answer = self.service.caller().call(self.how(over), send).await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|failed| self.problem(failed))
    }

    fn how(&self, time: Duration) -> How {
        let repeat = match self.method.harmless {
            true => Repeat::Safe,
            false => Repeat::Never,
        };
        How {
            key: None,
            repeat,
            deadline: Some(time),
        }
    }

    fn request(&self, until: Instant) -> Request<Bytes> {
        let mut request = deadline::request(self.message.clone(), until);
        for (name, value) in self.metadata.clone().into_headers().iter() {
            request
                .metadata_mut()
                .as_mut()
                .append(name.clone(), value.clone());
        }
        request
    }

    async fn grpc(&self, channel: Channel) -> Result<Grpc<Channel>, Status> {
        let mut grpc = Grpc::new(channel).max_decoding_message_size(self.settings.answer);
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::from_error(Box::new(error)))?;
        Ok(grpc)
    }

    fn problem(&self, failed: Failed) -> Problem {
        match failed {
            Failed::NoMember => self.service.no_instance(),
            // tonic says so if an answer is longer than it may be: not the caller's fault.
            Failed::Call { status, .. } if too_long(&status) => Problem::bad_gateway(format!(
                "an answer of more than {} bytes",
                self.settings.answer
            )),
            Failed::Call { status, .. } => status.into(),
        }
    }
}

/// Returns whether tonic has refused to read this.
pub fn too_long(status: &Status) -> bool {
    status.code() == Code::OutOfRange && status.message().contains("message length too large")
}
