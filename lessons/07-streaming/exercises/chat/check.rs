//! The check of `chat`. It plays the caller and somebody else in the room, both in memory. Nothing
//! here waits for a clock unless an answer is wrong.

mod exercise;

use std::future::Future;
use std::time::Duration;

use exercise::{Replies, chat};
use l07_streaming::pb::ChatRequest;
use l07_streaming::room::{Ears, Mouth, Room};
use testkit::{Case, View, case};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

/// A right answer needs no time at all; this is for machines that are busy.
const SOON: Duration = Duration::from_millis(600);

/// Runs the body on one thread, so that the order of things is the same each time.
fn play(body: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime");
    runtime.block_on(body);
}

/// The caller's side of the call, and somebody in the room. The caller is number 1, the other one 2.
struct Scene<'c> {
    case: &'c Case,
    room: Room,
    requests: mpsc::Sender<Result<ChatRequest, Status>>,
    replies: Replies,
    /// In the room.
    mouth: Option<Mouth>,
    ears: Ears,
}

fn text(text: &str) -> Result<ChatRequest, Status> {
    Ok(ChatRequest {
        text: text.to_string(),
        tick_ms: None,
    })
}

impl<'c> Scene<'c> {
    /// The caller says these texts before the call has begun; a program may well do that.
    async fn begin(case: &'c Case, said: &[&str]) -> Self {
        let room = Room::default();
        let (requests, incoming) = mpsc::channel(16);
        for said in said {
            let sent = requests.send(text(said)).await;
            assert!(sent.is_ok(), "room for a few texts");
        }
        let (mouth, ears) = room.enter();
        let (other_mouth, other_ears) = room.enter();
        let begun = timeout(SOON, chat(ReceiverStream::new(incoming), mouth, ears)).await;
        let replies = match begun {
            Ok(Ok(replies)) => replies,
            Ok(Err(status)) => case.differ("a call that begins", status.to_string(), "Nothing was wrong yet."),
            Err(_) => case.differ(
                "`chat` returns, and the call begins",
                "it still waits for the first text",
                "Both sides wait for the other: you wait for the caller's first text, and the caller \
                 waits for the beginning of your answer. Return first, and read in a task.",
            ),
        };
        let mut scene = Scene {
            case,
            room,
            requests,
            replies,
            mouth: Some(other_mouth),
            ears: other_ears,
        };
        scene.caller_hears(&["2 comes in"], TURNS).await;
        scene
    }

    async fn say(&self, said: &str) {
        let sent = self.requests.send(text(said)).await;
        if sent.is_err() {
            let advice = "The caller has neither finished nor gone. Go on reading what it says.";
            self.case
                .differ("`requests` is read", "it was dropped", advice);
        }
    }

    /// The one in the room says something.
    fn other_says(&self, said: &str) {
        if let Some(mouth) = &self.mouth {
            mouth.say(said);
        }
    }

    /// Fails unless the caller gets these texts, and in this order.
    async fn caller_hears(&mut self, texts: &[&str], advice: &str) {
        for (number, wanted) in texts.iter().enumerate() {
            let so_far = format!("after {number} of {}", texts.len());
            let came = match timeout(SOON, self.replies.next()).await {
                Ok(Some(Ok(reply))) if reply.text == *wanted => continue,
                Ok(Some(Ok(reply))) => reply.text.view(),
                Ok(Some(Err(status))) => format!("{:?} {so_far}", status.code()),
                Ok(None) => format!("the replies ended {so_far}"),
                Err(_) => format!("nothing came {so_far}"),
            };
            let wanted = format!("the caller hears {}", wanted.view());
            self.case.differ(wanted, came, advice);
        }
    }

    /// Fails unless the one in the room hears these texts, and in this order.
    async fn other_hears(&mut self, texts: &[&str], advice: &str) {
        for (number, wanted) in texts.iter().enumerate() {
            let so_far = format!("after {number} of {}", texts.len());
            let came = match timeout(SOON, self.ears.next()).await {
                Ok(Some(said)) if said == *wanted => continue,
                Ok(Some(said)) => said.view(),
                Ok(None) => format!("everybody has finished {so_far}"),
                Err(_) => format!("nothing came {so_far}"),
            };
            let wanted = format!("the room hears {}", wanted.view());
            self.case.differ(wanted, came, advice);
        }
    }

    /// Fails unless only so many in the room can still say something.
    async fn mouths(&self, wanted: usize, situation: &str, advice: &str) {
        let since = Instant::now();
        while self.room.mouths() > wanted {
            if since.elapsed() > SOON {
                self.case
                    .differ(situation, "it is still in the room", advice);
            }
            sleep(Duration::from_millis(2)).await;
        }
    }
}

const TURNS: &str = "Both sides wait for the other: you wait for a text of one side before you read \
                     on from the other one, and nobody has told them to take turns. Wait for both at \
                     the same time: `tokio::select!`, or a task for each direction.";

// The belief of this exercise: nobody takes turns.
#[test]
fn both_speak_when_they_like() {
    case(
        "The caller says three texts, and the room says nothing",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["one"]).await;
                scene.say("two").await;
                scene.say("three").await;
                scene
                    .other_hears(&["1: one", "1: two", "1: three"], TURNS)
                    .await;
            });
        },
    );
    case(
        "The room says three texts, and the caller says nothing more",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["good morning"]).await;
                for said in ["one", "two", "three"] {
                    scene.other_says(said);
                }
                scene
                    .caller_hears(&["2: one", "2: two", "2: three"], TURNS)
                    .await;
                scene.other_hears(&["1: good morning"], TURNS).await;
            });
        },
    );
}

// A caller's program often waits for the beginning of the answer before it says anything.
#[test]
fn the_call_begins_before_the_first_text() {
    case(
        "The caller waits for the call to begin before it speaks",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &[]).await;
                scene.other_says("good morning");
                scene.caller_hears(&["2: good morning"], TURNS).await;
                scene.say("hello").await;
                scene.other_hears(&["1: hello"], TURNS).await;
            });
        },
    );
}

// Each direction of a call ends on its own.
#[test]
fn who_has_finished_still_listens() {
    case(
        "The caller has finished speaking, and the room talks on",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["a short speech"]).await;
                let (requests, _) = mpsc::channel(1);
                drop(std::mem::replace(&mut scene.requests, requests));
                let advice = "What was said before the end counts.";
                scene.other_hears(&["1: a short speech"], advice).await;
                let advice = "`requests` has ended: the caller has finished speaking. The others in the \
                          room hear of that when you drop its mouth.";
                scene
                    .mouths(1, "the caller's mouth is dropped", advice)
                    .await;
                for said in ["well", "then", "goodbye"] {
                    scene.other_says(said);
                }
                let advice = "The caller has finished speaking, and that is all. It has not left: it \
                          still listens.";
                scene
                    .caller_hears(&["2: well", "2: then", "2: goodbye"], advice)
                    .await;
                scene.mouth = None;
                let end = timeout(SOON, scene.replies.next()).await;
                let advice = "Everybody has finished: `ears.next()` was `None`. Then the replies end as \
                          well, or the caller waits for ever.";
                match end {
                    Ok(None) => {}
                    Ok(Some(_)) => case.differ("the end of the replies", "one more", advice),
                    Err(_) => {
                        case.differ("the end of the replies", "nothing, not even an end", advice)
                    }
                }
            });
        },
    );
}

// A chat that nobody listens to any more must not go on in the dark.
#[test]
fn who_is_gone_leaves_the_room() {
    let advice = "The caller is gone, and in the room it still has a mouth. Everybody there waits for \
                  somebody who will never say anything again.";
    case(
        "The caller's connection breaks: `requests` gives an error",
        |case| {
            play(async {
                let scene = Scene::begin(case, &["one moment"]).await;
                let broken = Err(Status::unknown("the connection is lost"));
                let _ = scene.requests.send(broken).await;
                scene
                    .mouths(1, "the caller's mouth is dropped", advice)
                    .await;
            });
        },
    );
    case(
        "The caller drops the replies, and says nothing more",
        |case| {
            play(async {
                let mut scene = Scene::begin(case, &["one moment"]).await;
                scene
                    .other_hears(&["1: one moment"], "That was said.")
                    .await;
                drop(std::mem::replace(
                    &mut scene.replies,
                    ReceiverStream::new(mpsc::channel(1).1),
                ));
                let advice = "Nobody takes the replies any more, and no text will ever come to wake you: \
                          `closed()` of the sender does. In the room the caller still has a mouth, \
                          and everybody there waits for it.";
                scene
                    .mouths(1, "the caller's mouth is dropped", advice)
                    .await;
            });
        },
    );
}
