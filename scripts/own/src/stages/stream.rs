//! Stage 6: a stream in both directions, and a caller that reads slowly.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::timeout;

use super::hello::SAY_HELLO;
use crate::grpc::{Connection, Reader, Reply, Writer, failure, field, text};
use crate::service::Service;
use crate::told::{Belief, Failure, Message, quoted};

const CHAT: &str = "/stream.v1.StreamService/Chat";
/// A reply that is due arrives within this time.
const SOON: Duration = Duration::from_millis(500);
/// The length of a text of the caller that does not read.
const TEXT: usize = 32 * 1024;
/// So many of these texts a service may take while its replies are not read: 32 MB, far above all buffers on the way.
const MOST: usize = 1024;

const COLLECTS: Belief = &(
    "a-stream-is-a-list",
    "Send each reply when it is made. The caller may wait for it before it sends its next text.",
);
const SHARED: Belief = &(
    "one-chat-at-a-time",
    "Each call counts its own texts. Keep the count in the call, not in the service.",
);
const NO_BYE: Belief = &(
    "the-end-of-requests-is-the-end-of-the-call",
    "The caller has ended its direction only. Send the last message, and then end the call with OK.",
);
const STAYS_OPEN: Belief = &(
    "requests-never-end",
    "When the caller has ended its direction, the stream of requests is over: send the last message and end the call.",
);
const UNBOUNDED: Belief = &(
    "a-queue-needs-no-limit",
    "Read the next text only when the reply before it was sent. A queue without a limit grows as long as the caller \
     does not read.",
);
const DROPS: Belief = &(
    "a-full-queue-may-drop",
    "A full queue means: wait. A reply that is dropped is missing for the caller, and no status says so.",
);
const GIVES_UP: Belief = &(
    "a-slow-reader-is-an-error",
    "A slow caller is no error. Wait until it reads; its deadline ends a call that lasts too long.",
);
const BLOCKS: Belief = &(
    "a-slow-reader-may-block",
    "A call that waits for its caller must not hold a lock that other calls need.",
);

/// Judges stage 6.
pub async fn judge(service: &Service) -> Result<(), Failure> {
    let at = service.world.grpc;
    let connection = Connection::open(at).await?;
    conversation(&connection).await?;
    slow_reader(at).await
}

/// One call of `Chat`, and what was said in it.
struct Chat {
    writer: Writer,
    reader: Reader,
    messages: Vec<Message>,
}

impl Chat {
    async fn open(connection: &Connection, situation: &str) -> Result<Self, Failure> {
        let opened = connection.open_stream(CHAT).await;
        let (writer, reader) = opened
            .map_err(|e| Failure::new(situation, "a call of Chat begins", e.to_string(), None))?;
        let mut chat = Self {
            writer,
            reader,
            messages: Vec::new(),
        };
        chat.note(true, "Chat".into());
        Ok(chat)
    }

    fn note(&mut self, by_client: bool, text: String) {
        self.messages.push(Message { by_client, text });
    }

    async fn say(&mut self, words: &str) {
        self.note(true, format!("text: {words:?}"));
        // An error shows in the reply that does not come.
        let _ = timeout(SOON, self.writer.send(&text(1, words))).await;
    }

    /// The next reply: its text and the number that it answers.
    async fn next(&mut self) -> Heard {
        let heard = match timeout(SOON, self.reader.next()).await {
            Err(_) => Heard::Nothing,
            Ok(Some(message)) => Heard::said(&message),
            Ok(None) => Heard::End(self.reader.reply.clone()),
        };
        self.note(false, heard.words());
        heard
    }

    /// A failure with the picture of this call.
    fn failure(
        self,
        situation: &str,
        expected: &str,
        heard: &Heard,
        belief: Option<Belief>,
    ) -> Failure {
        let mut failure = Failure::new(situation, expected, heard.words(), belief);
        failure.messages = self.messages;
        failure
    }
}

/// What came next in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Heard {
    Nothing,
    Said(Vec<u8>, usize),
    End(Reply),
}

impl Heard {
    fn said(message: &[u8]) -> Self {
        let number = field(message, 2).map_or(0, |number| {
            usize::from(number[0]) | usize::from(number[1]) << 8
        });
        Self::Said(field(message, 1).unwrap_or_default(), number)
    }

    fn words(&self) -> String {
        match self {
            Self::Nothing => format!("no message within {} ms", SOON.as_millis()),
            Self::Said(text, number) => format!("{}, answers: {number}", quoted(text)),
            Self::End(reply) => format!("the end of the call: {}", reply.status_words()),
        }
    }
}

async fn conversation(connection: &Connection) -> Result<(), Failure> {
    let situation = "A call of Chat; the caller waits for each reply before it sends the next text";
    let mut chat = Chat::open(connection, situation).await?;
    let hear = |expected: &str, number| Heard::Said(expected.into(), number);
    let first = chat.next().await;
    if first != hear("welcome", 0) {
        let belief = (first == Heard::Nothing).then_some(COLLECTS);
        let expected = "\"welcome\", answers: 0; at once, before the first text";
        return Err(chat.failure(situation, expected, &first, belief));
    }
    for (number, name) in [(1, "Ali"), (2, "Zoë")] {
        chat.say(name).await;
        let reply = chat.next().await;
        if reply != hear(&format!("hello {name}"), number) {
            let belief = (reply == Heard::Nothing).then_some(COLLECTS);
            let expected = format!("\"hello {name}\", answers: {number}");
            return Err(chat.failure(situation, &expected, &reply, belief));
        }
    }

    let both =
        "A second call of Chat on the same connection; the first has had 2 texts and goes on";
    let mut other = Chat::open(connection, both).await?;
    let welcome = other.next().await;
    other.say("Cy").await;
    let reply = other.next().await;
    if welcome != hear("welcome", 0) || reply != hear("hello Cy", 1) {
        let belief = matches!(&reply, Heard::Said(_, 2..)).then_some(SHARED);
        let expected = "\"welcome\", answers: 0; then \"hello Cy\", answers: 1";
        return Err(other.failure(both, expected, &reply, belief));
    }

    let situation = "The caller of Chat has sent 2 texts and ends its direction of the stream";
    chat.writer.end();
    chat.note(true, "end of the texts".into());
    let bye = chat.next().await;
    if bye != hear("bye, 2 texts", 0) {
        let belief = match bye {
            Heard::Nothing => Some(STAYS_OPEN),
            Heard::End(Reply {
                status: Some(0), ..
            }) => Some(NO_BYE),
            _ => None,
        };
        return Err(chat.failure(situation, "\"bye, 2 texts\", answers: 0", &bye, belief));
    }
    let end = chat.next().await;
    if !matches!(&end, Heard::End(reply) if reply.status == Some(0)) {
        let belief = (end == Heard::Nothing).then_some(STAYS_OPEN);
        return Err(chat.failure(situation, "the end of the call: OK", &end, belief));
    }
    Ok(())
}

async fn slow_reader(at: SocketAddr) -> Result<(), Failure> {
    let situation = "A caller of Chat sends texts of 32 KB and reads no reply";
    let connection = Connection::open(at).await?;
    let mut chat = Chat::open(&connection, situation).await?;
    let mut sent = 0;
    let name = |number: usize| format!("{number:08}{}", "x".repeat(TEXT - 8));
    loop {
        let message = text(1, &name(sent + 1));
        match timeout(SOON, chat.writer.send(&message)).await {
            Ok(Ok(())) => sent += 1,
            // The service does not take more: or it has ended the call, which its replies will show.
            Err(_) | Ok(Err(_)) => break,
        }
        if sent == MOST {
            break;
        }
    }
    let too_much = sent == MOST;

    let other = Connection::open(at).await?;
    let name_of_other = text(1, "Ali");
    let call = timeout(SOON, other.call(SAY_HELLO, &name_of_other, None));
    let reply = call.await.unwrap_or_else(|_| Reply {
        trouble: Some(format!("no status within {} ms", SOON.as_millis())),
        ..Reply::default()
    });
    if !too_much && reply.greeting().as_deref() != Some("hello Ali") {
        let situation = "A caller of Chat reads no reply; another client calls SayHello";
        let call = "SayHello(name: \"Ali\")";
        let expected = "OK, \"hello Ali\" within 500 ms";
        let belief = reply.status.is_none().then_some(BLOCKS);
        return Err(failure(situation, call, expected, &reply, belief));
    }

    // The last text is on its way in part: the rest follows while the replies are read.
    let Chat {
        mut writer,
        mut reader,
        ..
    } = chat;
    let due = if too_much { sent } else { sent + 1 };
    let situation =
        format!("The caller of Chat has sent {due} texts of 32 KB, and now reads the replies");
    let rest = tokio::spawn(async move {
        let _ = writer.finish().await;
        writer.end();
    });
    let mut next = async || match timeout(SOON * 2, reader.next()).await {
        Err(_) => Heard::Nothing,
        Ok(Some(message)) => Heard::said(&message),
        Ok(None) => Heard::End(reader.reply.clone()),
    };
    let welcome = next().await;
    let mut wrong = (welcome != Heard::Said("welcome".into(), 0))
        .then(|| ("\"welcome\", answers: 0".to_owned(), welcome, 0));
    for number in 1..=due {
        if wrong.is_some() {
            break;
        }
        let heard = next().await;
        if heard != Heard::Said(format!("hello {}", name(number)).into(), number) {
            let start = format!("hello {number:08}xxxxxxxxxx");
            let bytes = TEXT + 6;
            wrong = Some((
                format!("\"{start}\" ... ({bytes} bytes), answers: {number}"),
                heard,
                number,
            ));
        }
    }
    rest.abort();
    let belief = match &wrong {
        Some((_, Heard::Said(_, number), due)) if number > due => Some(DROPS),
        Some((_, Heard::End(reply), _)) => match reply.status {
            Some(0) => Some(DROPS),
            Some(_) => Some(GIVES_UP),
            None => None,
        },
        _ => None,
    };
    match wrong {
        // What is kept for the caller is complete: then it is the length of the queue that is wrong.
        _ if too_much && belief.is_none() => {
            let situation = "A caller of Chat sends texts of 32 KB and reads no reply";
            let expected = "the service stops reading texts until the caller reads; it has read less than 32 MB";
            let happened = format!("it has read {sent} texts, {} MB", (sent * TEXT) >> 20);
            Err(Failure::new(situation, expected, happened, Some(UNBOUNDED)))
        }
        None => Ok(()),
        Some((expected, heard, _)) => {
            Err(Failure::new(&situation, expected, heard.words(), belief))
        }
    }
}
