//! A watch of all keys with a prefix, without a gap. etcd numbers its changes, so a watch that was cut off goes
//! on where it was, at any server of the cluster. If etcd has compacted the changes since then, or is another
//! cluster, everything is read again and the differences are reported.

use std::time::Duration;

use l06_grpc::retry::Policy;
use l10_discover::cache;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};
use tokio_stream::StreamExt;
use tonic::{Status, Streaming};

use super::client::{Client, Error, MESSAGE, with_leader};
use super::key_cache::{Begin, KeyCache};
use super::keys::{Listing, end_of};
use super::pb::etcdserverpb::watch_client::WatchClient;
use super::pb::etcdserverpb::watch_request::RequestUnion;
use super::pb::etcdserverpb::{WatchCreateRequest, WatchRequest, WatchResponse};
use super::pb::mvccpb::Event;
use crate::extra::moment;

/// A change of a key, and its value.
pub type Change = cache::Change<Vec<u8>, Vec<u8>>;

/// How many changes wait for a slow reader. Then etcd has to wait.
const QUEUE: usize = 64;

/// The pauses while no server answers.
const PAUSES: Policy = Policy {
    attempts: u32::MAX,
    first: Duration::from_millis(50),
    longest: Duration::from_secs(2),
};

/// Follows all keys that begin with `prefix`, until the receiver is dropped. Those that are there
/// come first.
///
/// # Errors
/// [`Error`], if they cannot be read now. Later failures are not reported; the watch is tried again until its receiver is dropped.
pub async fn follow(client: &Client, prefix: &str) -> Result<mpsc::Receiver<Change>, Error> {
    let listing = client.list(prefix, false).await?;
    let (tell, changes) = mpsc::channel(QUEUE);
    let mut follower = Follower {
        client: client.clone(),
        prefix: prefix.to_string(),
        known: KeyCache::default(),
        tell: tell.clone(),
    };
    tokio::spawn(async move {
        tokio::select! {
            () = tell.closed() => {}
            () = follower.run(listing) => {}
        }
    });
    Ok(changes)
}

/// Why a stream has ended.
#[derive(Debug)]
enum End {
    /// The server is away, or cannot do it.
    Away,
    /// The changes that we want are no longer there, or not yet, or this is not the store that we know.
    Forgotten,
    /// The receiver was dropped.
    Alone,
}

struct Follower {
    client: Client,
    prefix: String,
    known: KeyCache,
    tell: mpsc::Sender<Change>,
}

impl Follower {
    // ANCHOR: run
    async fn run(&mut self, listing: Listing) {
        let changes = self.known.take(listing);
        if self.tell(changes).await.is_err() {
            return;
        }
        let mut failed = 0;
        loop {
            let (place, _, channel) = self.client.current();
            let end = match self.known.begin() {
                None => End::Forgotten,
                Some(begin) => match self.begin(channel, begin.at).await {
                    Ok(stream) => self.listen(stream, begin, &mut failed).await,
                    Err(_) => End::Away,
                },
            };
            let end = match end {
                End::Forgotten => self.read_again().await,
                other => Err(other),
            };
            match end {
                // Not at once: the same server may still be behind.
                Ok(()) => sleep(PAUSES.first).await,
                Err(End::Alone) => return,
                Err(_) => {
                    // Another server, at once; a pause only when all have been asked.
                    self.client.avoid(place);
                    failed += 1;
                    let rounds = failed / u32::try_from(self.client.servers()).unwrap_or(1);
                    if rounds > 0 {
                        sleep(PAUSES.pause(rounds)).await;
                    }
                }
            }
        }
    }
    // ANCHOR_END: run

    /// Asks for all changes from a revision on.
    async fn begin(
        &self,
        channel: tonic::transport::Channel,
        at: i64,
    ) -> Result<Streaming<WatchResponse>, Status> {
        let create = WatchCreateRequest {
            key: self.prefix.as_str().into(),
            range_end: end_of(self.prefix.as_bytes()),
            start_revision: at,
        };
        let request = WatchRequest {
            request_union: Some(RequestUnion::CreateRequest(create)),
        };
        // The stream of requests stays open: its end would be the end of the watch.
        let requests = tokio_stream::once(request).chain(tokio_stream::pending());
        let mut client = WatchClient::new(channel).max_decoding_message_size(MESSAGE);
        let watch = client.watch(with_leader(requests));
        match timeout(self.client.timeout(), watch).await {
            Ok(answer) => answer.map(tonic::Response::into_inner),
            Err(_) => Err(Status::unavailable("no answer in time")),
        }
    }

    async fn listen(
        &mut self,
        mut stream: Streaming<WatchResponse>,
        begin: Begin,
        failed: &mut u32,
    ) -> End {
        // Until it has begun it may not be silent; afterwards it may, for days.
        let mut begins = Some(Instant::now() + self.client.timeout());
        let mut again = begin.again;
        let mut created = false;
        loop {
            let forget_at = self.known.keys.next_expiry();
            let wake = [begins, forget_at].into_iter().flatten().min();
            let heard = tokio::select! {
                heard = stream.next() => heard,
                () = moment(wake) => {
                    if begins.is_some_and(|at| at <= Instant::now()) {
                        // It has begun, and what we know did not come again.
                        return if created { End::Forgotten } else { End::Away };
                    }
                    let changes = self.known.keys.expire(Instant::now());
                    match self.tell(changes).await {
                        Ok(()) => continue,
                        Err(end) => return end,
                    }
                }
            };
            let Some(Ok(heard)) = heard else {
                return End::Away;
            };
            if heard.canceled {
                return match heard.compact_revision {
                    0 => End::Away,
                    _ => End::Forgotten,
                };
            }
            if heard.created {
                let there = heard.header.map_or(0, |header| header.revision);
                // A watch may begin in the future and would be silent till then. Either this server
                // is behind the others, or all have lost what they had.
                if there < begin.after {
                    return End::Forgotten;
                }
                created = true;
                self.known.read_at = None;
            }
            if again && !heard.events.is_empty() {
                if !heard.events.iter().any(|event| self.is_last(event)) {
                    return End::Forgotten;
                }
                again = false;
            }
            if created && !again {
                (begins, *failed) = (None, 0);
            }
            // All changes of one revision come together, so what is not after this is known.
            let new = heard.events.into_iter().filter(|event| {
                let revision = event.kv.as_ref().map_or(0, |kv| kv.mod_revision);
                revision > begin.after
            });
            let changes = new.filter_map(|event| self.known.hear(event)).collect();
            if let Err(end) = self.tell(changes).await {
                return end;
            }
        }
    }

    /// Returns whether this is the last change that we know of.
    fn is_last(&self, event: &Event) -> bool {
        self.known.last.as_ref() == Some(event)
    }

    async fn read_again(&mut self) -> Result<(), End> {
        match self.client.list(&self.prefix, false).await {
            Ok(listing) => {
                let changes = self.known.take(listing);
                self.tell(changes).await
            }
            Err(_) => Err(End::Away),
        }
    }

    async fn tell(&self, changes: Vec<Change>) -> Result<(), End> {
        for change in changes {
            self.tell.send(change).await.map_err(|_| End::Alone)?;
        }
        Ok(())
    }
}
