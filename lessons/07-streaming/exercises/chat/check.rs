//! The check of `chat`. It plays the client and another member of the room, both in memory. It waits for a clock
//! only when an answer is wrong.

mod exercise;

use std::future::Future;
use std::time::Duration;

use exercise::{Replies, chat};
use l07_streaming::pb::ChatRequest;
use l07_streaming::room::{Announcer, Listener, Room};
use testkit::{Case, View, case};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// A right answer needs no time; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);

/// Runs the body on one thread, so that the order of things is the same each time.
fn play(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(body);
}

/// The client's side of the call, and another member of the room. The client is member 1, the other one 2.
struct Scene<'c> {
    case: &'c Case,
    room: Room,
    requests: Option<mpsc::Sender<Result<ChatRequest, Status>>>,
    replies: Option<Replies>,
    announcer: Option<Announcer>,
    listener: Listener,
}

fn nothing() -> String {
    format!("nothing within {} ms", SOON.as_millis())
}

fn text(text: &str) -> Result<ChatRequest, Status> {
    Ok(ChatRequest {
        text: text.to_string(),
        tick_ms: None,
    })
}

impl<'c> Scene<'c> {
    /// The client sends these texts before the call has begun; a program may do that.
    async fn begin(case: &'c Case, sent: &[&str]) -> Self {
        let room = Room::default();
        let (requests, incoming) = mpsc::channel(64);
        for said in sent {
            let sent = requests.send(text(said)).await;
            assert!(sent.is_ok(), "capacity for a few texts");
        }
        let (announcer, listener) = room.join();
        let (other_announcer, other_listener) = room.join();
        let call = chat(ReceiverStream::new(incoming), announcer, listener);
        let replies = match timeout(SOON, call).await {
            Ok(Ok(replies)) => replies,
            Ok(Err(status)) => case.differ(
                "`chat` returns the stream of replies",
                format!("{:?}: {}", status.code(), status.message()),
                "Nothing was wrong yet, so the call can begin.",
            ),
            Err(_) => case.differ(
                "`chat` returns, and the call begins",
                "it still waits for the first text",
                "A deadlock: your code waits for the client's first text, and the client waits for \
                 the beginning of the call. Return first, and read the requests in a task.",
            ),
        };
        let mut scene = Scene {
            case,
            room,
            requests: Some(requests),
            replies: Some(replies),
            announcer: Some(other_announcer),
            listener: other_listener,
        };
        scene.client_gets(&["2 joined"], SILENT_CLIENT).await;
        scene
    }

    async fn client_sends(&self, said: &str) {
        if let Some(requests) = &self.requests
            && requests.send(text(said)).await.is_err()
        {
            let advice = "The client has neither finished nor gone. Go on reading its requests.";
            self.case
                .differ("`requests` is read", "it was dropped", advice);
        }
    }

    fn other_announces(&self, said: &str) {
        if let Some(announcer) = &self.announcer {
            announcer.announce(said);
        }
    }

    async fn next_reply(&mut self) -> Option<String> {
        let replies = self.replies.as_mut()?;
        Some(match timeout(SOON, replies.next()).await {
            Ok(Some(Ok(reply))) if reply.answers == 0 => reply.text.view(),
            Ok(Some(Ok(reply))) => format!("{} with answers: {}", reply.text.view(), reply.answers),
            Ok(Some(Err(status))) => format!("{:?}: {}", status.code(), status.message()),
            Ok(None) => return None,
            Err(_) => nothing(),
        })
    }

    /// What to say when a silent client gets something else than the next text of the room.
    async fn silent_client(&mut self, wanted: &str, came: Option<&str>) -> &'static str {
        match came {
            None => {
                "The replies have ended, and the room goes on: they end when `listener.next()` returns `None`."
            }
            Some(came) if came != nothing() => {
                "Each text of the room is a reply of its own, with `answers: 0`, and they keep their order."
            }
            Some(_) => {
                // Does it come when the client has finished?
                self.requests = None;
                match self.next_reply().await {
                    Some(late) if late == wanted => SILENT_CLIENT,
                    _ => "The room has a text for the client, and your code sends no reply.",
                }
            }
        }
    }

    /// What to say when the next text of the client does not reach a silent room.
    async fn silent_room(&mut self, wanted: &str) -> &'static str {
        self.other_announces("hello");
        match timeout(SOON, self.listener.next()).await {
            Ok(Some(late)) if late == wanted => SILENT_ROOM,
            _ => {
                "Each request of the client is a text for the room: announce all of them, in their order."
            }
        }
    }

    /// Fails unless the client gets these texts, in this order.
    async fn client_gets(&mut self, texts: &[&str], advice: &str) {
        for (number, wanted) in texts.iter().enumerate() {
            let came = self.next_reply().await;
            if came != Some(wanted.view()) {
                let advice = match advice {
                    SILENT_CLIENT => self.silent_client(&wanted.view(), came.as_deref()).await,
                    advice => advice,
                };
                let came = came.unwrap_or_else(|| "the end of the replies".to_string());
                let report = self.case.report();
                self.case.fail(
                    report
                        .detail("the client should get", wanted.view())
                        .detail("the client got", came)
                        .detail("before it", format!("{number} of {} texts", texts.len()))
                        .advice(advice),
                )
            }
        }
    }

    /// Fails unless the other member gets these texts, in this order.
    async fn other_gets(&mut self, texts: &[&str], advice: &str) {
        for (number, wanted) in texts.iter().enumerate() {
            let came = match timeout(SOON, self.listener.next()).await {
                Ok(Some(said)) if said == *wanted => continue,
                Ok(Some(said)) => said.view(),
                Ok(None) => "the end: all announcers are dropped".to_string(),
                Err(_) => nothing(),
            };
            let advice = match advice {
                SILENT_ROOM => self.silent_room(wanted).await,
                advice => advice,
            };
            let report = self.case.report();
            self.case.fail(
                report
                    .detail("member 2 should get", wanted.view())
                    .detail("member 2 got", came)
                    .detail("before it", format!("{number} of {} texts", texts.len()))
                    .advice(advice),
            )
        }
    }

    /// Fails unless the learner's code drops the client's announcer, or its listener as well.
    async fn client_leaves(&self, listener: bool, advice: &str) {
        let since = Instant::now();
        loop {
            let held = match &self.announcer {
                _ if self.room.announcers() > 1 => "the announcer",
                Some(other) if listener && other.listeners() > 1 => "the listener",
                _ => return,
            };
            if since.elapsed() > SOON {
                self.case.differ(
                    format!("{held} of the client is dropped"),
                    format!("your code still holds it after {} ms", SOON.as_millis()),
                    advice,
                );
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

const SILENT_CLIENT: &str = "The client sends nothing at the moment, and the texts of the room must \
                             reach it all the same. Your code waits for a request before it reads the \
                             next text of the room. Wait for both at the same time: `tokio::select!`, \
                             or a task for each direction.";
const SILENT_ROOM: &str = "The room is silent, and the texts of the client must reach it all the same. \
                           Your code waits for a text of the room before it reads the next request. \
                           Wait for both at the same time: `tokio::select!`, or a task for each \
                           direction.";
const IN_ORDER: &str = "All texts of one sender arrive, in their order.";

// The belief of this exercise: the sides take turns.
#[test]
fn both_sides_send_when_they_like() {
    case(
        "The client sends three texts, and the room is silent",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["one"]).await;
                scene.client_sends("two").await;
                scene.client_sends("").await;
                let texts = ["1: one", "1: two", "1: "];
                scene.other_gets(&texts, SILENT_ROOM).await;
            });
        },
    );
    case(
        "The room sends 23 texts, and the client sends nothing more",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["good morning"]).await;
                let texts: Vec<String> = (1..=23).map(|number| format!("2: {number}")).collect();
                for text in &texts {
                    scene.other_announces(&text[3..]);
                }
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                scene.client_gets(&texts[..3], SILENT_CLIENT).await;
                scene.client_gets(&texts[3..], IN_ORDER).await;
                scene.other_gets(&["1: good morning"], IN_ORDER).await;
            });
        },
    );
}

// A client's program often waits for the beginning of the call before it sends anything.
#[test]
fn the_call_begins_before_the_first_text() {
    case(
        "The client waits for the call to begin before it sends",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &[]).await;
                scene.other_announces("good morning");
                scene.client_gets(&["2: good morning"], SILENT_CLIENT).await;
                scene.client_sends("hello").await;
                scene.other_gets(&["1: hello"], SILENT_ROOM).await;
            });
        },
    );
}

// Each direction of a call ends on its own.
#[test]
fn half_close_ends_one_direction() {
    case(
        "The client has finished sending, and the room goes on",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["a short speech"]).await;
                scene.requests = None;
                let advice = "The client sent this text before it finished.";
                scene.other_gets(&["1: a short speech"], advice).await;
                let advice = "`requests` has ended: the client has finished sending. The other members \
                              learn that when you drop its announcer.";
                scene.client_leaves(false, advice).await;
                for said in ["well", "then", "goodbye"] {
                    scene.other_announces(said);
                }
                let advice = "The client has finished sending, and still reads. Half-close ends one \
                              direction: go on with the replies.";
                scene
                    .client_gets(&["2: well", "2: then", "2: goodbye"], advice)
                    .await;
                scene.announcer = None;
                let end = scene.next_reply().await;
                if let Some(came) = end {
                    let advice = "All announcers are dropped: `listener.next()` returned `None`. End \
                                  the replies, or the client waits without limit.";
                    case.differ("the end of the replies", came, advice);
                }
            });
        },
    );
}

// A call without a client must not go on.
#[test]
fn the_client_is_gone() {
    case(
        "The client's connection breaks: `requests` gives an error",
        |case| {
            play(async {
                let scene = Scene::begin(case, &["one moment"]).await;
                if let Some(requests) = &scene.requests {
                    let broken = Status::unknown("the connection is lost");
                    let _ = requests.send(Err(broken)).await;
                }
                let advice = "An error of `requests` is the last thing that it gives: no request can \
                              follow. Leave the room at once.";
                scene.client_leaves(true, advice).await;
            });
        },
    );
    case(
        "The client drops the replies, and sends nothing more",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["one moment"]).await;
                scene.other_gets(&["1: one moment"], IN_ORDER).await;
                scene.replies = None;
                let advice = "The client is gone, and no text will come in either direction, so neither \
                              `requests` nor `send` tells you. `closed()` of the sender does.";
                scene.client_leaves(true, advice).await;
            });
        },
    );
    case(
        "The client has finished sending, and then drops the replies",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["that is all"]).await;
                scene.requests = None;
                scene.other_gets(&["1: that is all"], IN_ORDER).await;
                let advice = "`requests` has ended: drop the announcer.";
                scene.client_leaves(false, advice).await;
                scene.replies = None;
                let advice = "First the client finished sending, then it cancelled. Your code no longer \
                              notices the second: wait for `closed()` of the sender to the end.";
                scene.client_leaves(true, advice).await;
            });
        },
    );
}
