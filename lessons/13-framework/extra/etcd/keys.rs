//! Requests with one response: keys, values and leases.

use std::time::Duration;

use tokio_stream::StreamExt;
use tonic::Status;

use super::client::{Client, Error, MESSAGE, with_leader};
use super::pb::etcdserverpb::compare::{CompareResult, CompareTarget, TargetUnion};
use super::pb::etcdserverpb::kv_client::KvClient;
use super::pb::etcdserverpb::lease_client::LeaseClient;
use super::pb::etcdserverpb::request_op::Request as Op;
use super::pb::etcdserverpb::{
    CompactionRequest, Compare, DeleteRangeRequest, LeaseGrantRequest, LeaseKeepAliveRequest,
    LeaseRevokeRequest, PutRequest, RangeRequest, RequestOp, ResponseHeader, TxnRequest,
};
use super::pb::mvccpb::KeyValue;

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// What is there.
    pub value: Vec<u8>,
    /// The lease with whose end it goes; 0 without one.
    pub lease: i64,
    /// The revision of the store in which it was written.
    pub revision: i64,
}

impl From<KeyValue> for Entry {
    fn from(kv: KeyValue) -> Self {
        Entry {
            key: kv.key,
            value: kv.value,
            lease: kv.lease,
            revision: kv.mod_revision,
        }
    }
}

/// The keys of a range at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// The revision of the store: a watch from the next one on misses nothing.
    pub revision: i64,
    /// In the order of the keys.
    pub entries: Vec<Entry>,
}

/// The most keys that are read at once.
pub const MOST: i64 = 10_000;

/// A lease as etcd has granted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its number.
    pub id: i64,
    /// How long it lasts from now.
    pub ttl: Duration,
}

impl Client {
    fn keys(channel: tonic::transport::Channel) -> KvClient<tonic::transport::Channel> {
        KvClient::new(channel).max_decoding_message_size(MESSAGE)
    }

    /// All keys that begin with `prefix`; without their values if `keys_only`.
    ///
    /// # Errors
    /// [`Error`]; also if there are more than [`MOST`].
    pub async fn list(&self, prefix: &str, keys_only: bool) -> Result<Listing, Error> {
        let request = RangeRequest {
            key: prefix.into(),
            range_end: end_of(prefix.as_bytes()),
            limit: MOST,
            keys_only,
        };
        let ask = |channel| {
            let request = with_leader(request.clone());
            async move { Self::keys(channel).range(request).await }
        };
        let answer = self.call(ask).await?.into_inner();
        if answer.more {
            // A part of them would look as if the others had gone.
            let words = format!("more than {MOST} keys begin with {prefix:?}");
            return Err(Error::Refused(words));
        }
        Ok(Listing {
            revision: revision(answer.header)?,
            entries: answer.kvs.into_iter().map(Entry::from).collect(),
        })
    }

    /// Writes a key; with a `lease` other than 0 it goes with that. The revision of the change.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NoLease`] if that one is over.
    pub async fn put(&self, key: &str, value: &[u8], lease: i64) -> Result<i64, Error> {
        let request = put(key, value, lease);
        let ask = |channel| {
            let request = with_leader(request.clone());
            async move { Self::keys(channel).put(request).await }
        };
        revision(self.call(ask).await?.into_inner().header)
    }

    // ANCHOR: ensure
    /// Writes a key unless it has just this value and lease already: what does not change wakes
    /// no client. Comparison and change are one step, so no other client comes between.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NoLease`] if that one is over.
    pub async fn ensure(&self, key: &str, value: &[u8], lease: i64) -> Result<(), Error> {
        let compare = |target: CompareTarget, with| Compare {
            result: CompareResult::Equal.into(),
            target: target.into(),
            key: key.into(),
            target_union: Some(with),
        };
        let request = TxnRequest {
            compare: vec![
                compare(CompareTarget::Value, TargetUnion::Value(value.to_vec())),
                compare(CompareTarget::Lease, TargetUnion::Lease(lease)),
            ],
            success: Vec::new(),
            failure: vec![RequestOp {
                request: Some(Op::RequestPut(put(key, value, lease))),
            }],
        };
        let ask = |channel| {
            let request = with_leader(request.clone());
            async move { Self::keys(channel).txn(request).await }
        };
        self.call(ask).await.map(drop)
    }
    // ANCHOR_END: ensure

    /// Deletes a key. Whether it was there.
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        let request = DeleteRangeRequest {
            key: key.into(),
            range_end: Vec::new(),
        };
        let ask = |channel| {
            let request = with_leader(request.clone());
            async move { Self::keys(channel).delete_range(request).await }
        };
        Ok(self.call(ask).await?.into_inner().deleted > 0)
    }

    /// Lets etcd forget what was before `revision`.
    ///
    /// # Errors
    /// [`Error`]; also if it is forgotten already, or has not come yet.
    pub async fn compact(&self, revision: i64) -> Result<(), Error> {
        let request = CompactionRequest {
            revision,
            physical: true,
        };
        let ask = |channel| {
            let request = with_leader(request);
            async move { Self::keys(channel).compact(request).await }
        };
        self.call(ask).await.map(drop)
    }

    // ANCHOR: lease
    /// A new lease of at least `ttl`. etcd counts in whole seconds, and makes less than its own
    /// election would take (2 s) longer. A lease without keys ends by itself, so asking twice
    /// does no harm.
    pub async fn grant(&self, ttl: Duration) -> Result<Lease, Error> {
        let seconds = ttl.as_secs() + u64::from(ttl.subsec_nanos() > 0);
        let request = LeaseGrantRequest {
            ttl: i64::try_from(seconds.max(1)).unwrap_or(i64::MAX),
            id: 0,
        };
        let ask = |channel| {
            let request = with_leader(request);
            async move { LeaseClient::new(channel).lease_grant(request).await }
        };
        let answer = self.call(ask).await?.into_inner();
        lease(answer.id, answer.ttl)
    }

    /// Lets a lease begin again.
    ///
    /// # Errors
    /// [`Error`]; [`Error::NoLease`] if it is over.
    pub async fn keep_alive(&self, id: i64) -> Result<Lease, Error> {
        let ask = |channel| async move {
            let request = tokio_stream::once(LeaseKeepAliveRequest { id });
            let mut leases = LeaseClient::new(channel);
            let answers = leases.lease_keep_alive(with_leader(request)).await?;
            let answer = answers.into_inner().next().await;
            answer.unwrap_or_else(|| Err(Status::unavailable("the stream has ended")))
        };
        let answer = self.call(ask).await?;
        // One that is over is no error to etcd.
        match answer.ttl {
            ..=0 => Err(Error::NoLease),
            ttl => lease(answer.id, ttl),
        }
    }

    /// Ends a lease, and with it all its keys. One that is over already is no error.
    pub async fn revoke(&self, id: i64) -> Result<(), Error> {
        let ask = |channel| {
            let request = with_leader(LeaseRevokeRequest { id });
            async move { LeaseClient::new(channel).lease_revoke(request).await }
        };
        match self.call(ask).await {
            Ok(_) | Err(Error::NoLease) => Ok(()),
            Err(other) => Err(other),
        }
    }
    // ANCHOR_END: lease
}

fn put(key: &str, value: &[u8], lease: i64) -> PutRequest {
    PutRequest {
        key: key.into(),
        value: value.to_vec(),
        lease,
    }
}

fn lease(id: i64, ttl: i64) -> Result<Lease, Error> {
    match u64::try_from(ttl) {
        Ok(seconds) if id != 0 && seconds > 0 => Ok(Lease {
            id,
            ttl: Duration::from_secs(seconds),
        }),
        _ => Err(Error::Nonsense(format!("lease {id} for {ttl} s"))),
    }
}

fn revision(header: Option<ResponseHeader>) -> Result<i64, Error> {
    let header = header.ok_or_else(|| Error::Nonsense("an answer without a header".to_string()))?;
    Ok(header.revision)
}

// ANCHOR: prefix
/// The first key that does not begin with `prefix` any more: its last byte is one greater. With it a
/// range means "all that begin so".
pub(super) fn end_of(prefix: &[u8]) -> Vec<u8> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            return end;
        }
    }
    // There is no such key: all to the end.
    vec![0]
}
// ANCHOR_END: prefix

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn a_prefix_ends_before_its_neighbour() {
        assert_eq!(end_of(b"/a/"), b"/a0");
        assert_eq!(end_of(b"a\xff\xff"), b"b");
        assert_eq!(end_of(b"\xff"), b"\0");
        assert_eq!(end_of(b""), b"\0");
    }
}
