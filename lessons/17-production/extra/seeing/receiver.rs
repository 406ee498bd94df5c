//! A receiver of OTLP, the protocol of OpenTelemetry, over gRPC. It keeps the last traces in memory, bounded on each side:
//! every process of a site may send it anything.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span as Message;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::trace::{Span, SpanId, Trace, TraceId};

// ANCHOR: limits
/// The limits of a receiver.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many traces; a new one then pushes the oldest one out.
    pub traces: usize,
    /// So many spans of one trace; the others are rejected.
    pub spans: usize,
    /// So many attributes of one span, the first ones.
    pub attributes: usize,
    /// So many letters of a name or a value.
    pub letters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            traces: 1000,
            spans: 1000,
            attributes: 16,
            letters: 200,
        }
    }
}
// ANCHOR_END: limits

/// A receiver. A clone has the same traces.
#[derive(Clone, Debug)]
pub struct Receiver {
    limits: Limits,
    traces: Arc<Mutex<Traces>>,
    /// How many spans it has kept so far.
    kept: Arc<watch::Sender<usize>>,
}

#[derive(Debug, Default)]
struct Traces {
    by_id: HashMap<TraceId, Vec<Span>>,
    /// The oldest one first.
    order: VecDeque<TraceId>,
}

impl Receiver {
    /// An empty one.
    pub fn new(limits: Limits) -> Self {
        Receiver {
            limits,
            traces: Arc::default(),
            kept: Arc::new(watch::channel(0).0),
        }
    }

    /// Serves on a free port of 127.0.0.1; its address. It ends with the runtime.
    ///
    /// # Errors
    /// If no port is free.
    pub async fn serve(&self) -> std::io::Result<SocketAddr> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let addr = listener.local_addr()?;
        let server = Server::builder().add_service(TraceServiceServer::new(self.clone()));
        let connections = TcpIncoming::from(listener).with_nodelay(Some(true));
        tokio::spawn(server.serve_with_incoming(connections));
        Ok(addr)
    }

    /// The ids of the traces, the oldest one first.
    pub fn ids(&self) -> Vec<TraceId> {
        self.traces().order.iter().copied().collect()
    }

    /// Returns a trace, as far as its spans have arrived.
    pub fn trace(&self, id: TraceId) -> Trace {
        let spans = self.traces().by_id.get(&id).cloned();
        Trace::new(spans.unwrap_or_default())
    }

    /// Waits for a trace that has everything the caller looks for. No message says that a trace is complete.
    pub async fn find(&self, complete: impl Fn(TraceId, &Trace) -> bool) -> (TraceId, Trace) {
        let mut kept = self.kept.subscribe();
        loop {
            let traces = self.ids().into_iter().map(|id| (id, self.trace(id)));
            // The newest one first.
            if let Some(found) = traces.rev().find(|(id, trace)| complete(*id, trace)) {
                return found;
            }
            // The sender lives as long as this value.
            let _ = kept.changed().await;
        }
    }

    fn traces(&self) -> MutexGuard<'_, Traces> {
        self.traces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ANCHOR: keep
    fn keep(&self, id: TraceId, span: Span) -> Result<(), &'static str> {
        let mut traces = self.traces();
        if !traces.by_id.contains_key(&id) {
            if traces.order.len() >= self.limits.traces
                && let Some(oldest) = traces.order.pop_front()
            {
                traces.by_id.remove(&oldest);
            }
            traces.order.push_back(id);
        }
        let spans = traces.by_id.entry(id).or_default();
        if spans.len() >= self.limits.spans {
            return Err("the trace has too many spans");
        }
        spans.push(span);
        Ok(())
    }
    // ANCHOR_END: keep
}

// ANCHOR: export
#[tonic::async_trait]
impl TraceService for Receiver {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let (mut kept, mut rejected, mut reason) = (0, 0, "");
        for process in request.into_inner().resource_spans {
            let attributes = process.resource.map(|it| it.attributes);
            let attributes = self.attributes(attributes.unwrap_or_default());
            let service = attributes.get("service.name");
            let service = service.map_or("unknown", String::as_str);
            for message in process.scope_spans.into_iter().flat_map(|it| it.spans) {
                match self.span(service, message) {
                    Ok(()) => kept += 1,
                    Err(words) => (rejected, reason) = (rejected + 1, words),
                }
            }
        }
        self.kept.send_modify(|all| *all += kept);
        // An error would have the sender repeat the whole batch, the good spans as well.
        let partial_success = (rejected > 0).then(|| ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: reason.to_owned(),
        });
        Ok(Response::new(ExportTraceServiceResponse {
            partial_success,
        }))
    }
}
// ANCHOR_END: export

impl Receiver {
    // ANCHOR: span
    fn span(&self, service: &str, message: Message) -> Result<(), &'static str> {
        let trace = id(&message.trace_id).ok_or("a trace id has 16 bytes, not all of them 0")?;
        let span = id(&message.span_id).ok_or("a span id has 8 bytes, not all of them 0")?;
        let parent = match message.parent_span_id.is_empty() {
            true => None,
            false => Some(id(&message.parent_span_id).ok_or("a parent's id has 8 bytes")?),
        };
        let status = message.status.map(|status| status.code());
        let span = Span {
            id: SpanId(span),
            parent: parent.map(SpanId),
            service: service.to_owned(),
            name: self.cut(message.name),
            start: message.start_time_unix_nano,
            end: message.end_time_unix_nano,
            failed: status == Some(StatusCode::Error),
            attributes: self.attributes(message.attributes),
        };
        self.keep(TraceId(trace), span)
    }
    // ANCHOR_END: span

    fn attributes(&self, pairs: Vec<KeyValue>) -> BTreeMap<String, String> {
        let pairs = pairs.into_iter().take(self.limits.attributes);
        pairs
            .filter_map(|pair| Some((self.cut(pair.key), self.cut(words(pair.value?)?))))
            .collect()
    }

    fn cut(&self, text: String) -> String {
        match text.char_indices().nth(self.limits.letters) {
            Some((end, _)) => text[..end].to_owned(),
            None => text,
        }
    }
}

/// An id of the right length. All bytes 0 stand for no id.
fn id<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let id: [u8; N] = bytes.try_into().ok()?;
    (id != [0; N]).then_some(id)
}

/// A plain value; `None` for lists and bytes.
fn words(value: AnyValue) -> Option<String> {
    match value.value? {
        Value::StringValue(text) => Some(text),
        Value::BoolValue(value) => Some(value.to_string()),
        Value::IntValue(value) => Some(value.to_string()),
        Value::DoubleValue(value) => Some(value.to_string()),
        _ => None,
    }
}
