//! Our receiver: what Python's SDK sends, and what a wrong or a hostile process may send.

use std::process::Command;
use std::time::Duration;

use l17_production::seeing::picture::svg;
use l17_production::seeing::receiver::{Limits, Receiver};
use l17_production::seeing::trace::TraceId;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use tokio::time::timeout;

use super::{lines, python};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn it_takes_what_pythons_sdk_sends() {
    let receiver = Receiver::new(Limits::default());
    let addr = receiver.serve().await.unwrap();
    let (program, file) = python("send.py");
    let sent = tokio::task::spawn_blocking(move || {
        Command::new(program)
            .arg(file)
            .arg(addr.to_string())
            .output()
    });
    let sent = sent.await.unwrap().unwrap();
    let (told, errors) = (
        String::from_utf8(sent.stdout).unwrap(),
        String::from_utf8(sent.stderr).unwrap(),
    );
    assert!(sent.status.success(), "{errors}");
    let found = receiver.find(|_, trace| trace.rows.len() == 3);
    let (id, trace) = timeout(LIMIT, found).await.expect("three spans");
    assert_eq!(id.to_string(), told.trim());
    assert_eq!(
        lines(&trace),
        [
            "python: buy",
            "python: boil < python: buy",
            "python: pay < python: buy"
        ]
    );
    let failed: Vec<bool> = trace.rows.iter().map(|row| row.span.failed).collect();
    assert_eq!(failed, [false, false, true]);
    let attributes = &trace.rows[0].span.attributes;
    assert_eq!(
        (attributes["tea"].as_str(), attributes["cups"].as_str()),
        ("green", "2")
    );
}

fn span(trace: u8, id: u8, parent: u8) -> Span {
    let of = |id: u8| match id {
        0 => Vec::new(),
        id => vec![id; 8],
    };
    Span {
        trace_id: vec![trace; 16],
        span_id: of(id),
        parent_span_id: of(parent),
        name: format!("span {id}"),
        start_time_unix_nano: u64::from(id),
        end_time_unix_nano: u64::from(id) + 1,
        ..Span::default()
    }
}

async fn send(receiver: &Receiver, spans: Vec<Span>) -> Option<ExportTracePartialSuccess> {
    let addr = receiver.serve().await.unwrap();
    let mut client = TraceServiceClient::connect(format!("http://{addr}"))
        .await
        .unwrap();
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        scope_spans,
        ..ResourceSpans::default()
    }];
    let request = ExportTraceServiceRequest { resource_spans };
    client
        .export(request)
        .await
        .unwrap()
        .into_inner()
        .partial_success
}

#[tokio::test]
async fn it_keeps_no_more_than_its_limits() {
    let receiver = Receiver::new(Limits {
        traces: 2,
        spans: 3,
        letters: 5,
        ..Limits::default()
    });
    let many = (1..=5).map(|id| span(1, id, 0)).collect();
    let rejected = send(&receiver, many).await.expect("two are too many");
    assert_eq!(rejected.rejected_spans, 2);
    assert!(rejected.error_message.contains("too many"), "{rejected:?}");
    assert_eq!(receiver.trace(TraceId([1; 16])).rows[0].span.name, "span ");
    assert_eq!(
        send(&receiver, vec![span(2, 1, 0), span(3, 1, 0)]).await,
        None
    );
    assert_eq!(receiver.ids(), [TraceId([2; 16]), TraceId([3; 16])]);
    assert!(receiver.trace(TraceId([1; 16])).rows.is_empty());
}

#[tokio::test]
async fn it_rejects_wrong_ids_and_keeps_the_others() {
    let receiver = Receiver::new(Limits::default());
    let short = Span {
        trace_id: vec![1; 15],
        ..span(1, 1, 0)
    };
    let zero = Span {
        span_id: vec![0; 8],
        ..span(1, 1, 0)
    };
    let parent = Span {
        parent_span_id: vec![1; 7],
        ..span(1, 1, 0)
    };
    let sent = vec![short, zero, parent, span(1, 1, 0)];
    assert_eq!(send(&receiver, sent).await.unwrap().rejected_spans, 3);
    assert_eq!(receiver.trace(TraceId([1; 16])).rows.len(), 1);
}

#[tokio::test]
async fn a_tree_that_is_none_is_shown_all_the_same() {
    let receiver = Receiver::new(Limits::default());
    // 2 and 3 are each other's parent, 4 its own; the parent of 5 has not come; 1 has come twice.
    let spans = [(1, 0), (2, 3), (3, 2), (4, 4), (5, 9), (1, 0)];
    let spans = spans.map(|(id, parent)| span(1, id, parent));
    assert_eq!(send(&receiver, spans.to_vec()).await, None);
    let trace = receiver.trace(TraceId([1; 16]));
    let rows = trace.rows.iter();
    let rows: Vec<(&str, usize, bool)> = rows
        .map(|row| (row.span.name.as_str(), row.depth, row.orphan))
        .collect();
    assert_eq!(
        rows,
        [
            ("span 1", 0, false),
            ("span 5", 0, true),
            ("span 3", 0, true),
            ("span 2", 1, false),
            ("span 4", 0, true)
        ]
    );
}

#[tokio::test]
async fn names_and_times_of_others_do_no_harm() {
    let receiver = Receiver::new(Limits::default());
    let hostile = Span {
        name: "</text><script>alert(1)</script>\u{1b}".to_owned(),
        start_time_unix_nano: u64::MAX,
        end_time_unix_nano: 0,
        ..span(1, 1, 0)
    };
    // Deeper than a stack of calls could be.
    let mut spans = vec![hostile];
    spans.extend((2..=250).map(|id| span(1, id, id - 1)));
    assert_eq!(send(&receiver, spans).await, None);
    let trace = receiver.trace(TraceId([1; 16]));
    assert_eq!(trace.rows.last().unwrap().depth, 249);
    let picture = svg(&trace);
    assert!(!picture.contains("<script") && !picture.contains('\u{1b}'));
    assert!(picture.len() < 200_000 && trace.text().len() < 200_000);
}
