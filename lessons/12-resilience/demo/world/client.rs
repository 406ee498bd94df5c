//! Calls `Arith` at the member that is chosen. Which methods may be repeated stands in the contract, so it stands here
//! and not at the place of a call.

use tokio::sync::watch;
use tonic::transport::Channel;

use super::pb::arith::arith_client::ArithClient;
use super::pb::arith::{
    DivRequest, DivResponse, MulRequest, MulResponse, RememberRequest, RememberResponse,
};
use super::server::MESSAGE;
use l06_grpc::retry::Repeat;
use l12_resilience::caller::{Attempt, Caller, Failed, How, Settings};
use l12_resilience::connector::Grpc;
use l12_resilience::member::Member;

/// A client of several calculators. A clone shares connections, notes and budget.
#[derive(Clone, Debug)]
pub struct Client {
    caller: Caller<Grpc>,
}

impl Client {
    /// Calls those on the list.
    pub fn new(members: watch::Receiver<Vec<Member>>, settings: Settings) -> Self {
        Client {
            caller: Caller::new(Grpc, members, settings),
        }
    }

    /// The caller beneath.
    pub fn caller(&self) -> &Caller<Grpc> {
        &self.caller
    }

    // ANCHOR: mul
    /// a times b, and how many attempts it took.
    pub async fn mul(&self, how: How, a: i64, b: i64) -> Result<(MulResponse, u32), Failed> {
        // NO_SIDE_EFFECTS, says the contract.
        let how = How {
            repeat: Repeat::Safe,
            ..how
        };
        let call = self.caller.call(how, async |connection, attempt: Attempt| {
            let request = attempt.request(MulRequest { a, b });
            let reply = stub(connection).mul(request).await?;
            Ok((reply.into_inner(), attempt.number))
        });
        call.await
    }
    // ANCHOR_END: mul

    /// a divided by b, and how many attempts it took.
    pub async fn div(&self, how: How, a: i64, b: i64) -> Result<(DivResponse, u32), Failed> {
        let how = How {
            repeat: Repeat::Safe,
            ..how
        };
        let call = self.caller.call(how, async |connection, attempt: Attempt| {
            let request = attempt.request(DivRequest { a, b });
            let reply = stub(connection).div(request).await?;
            Ok((reply.into_inner(), attempt.number))
        });
        call.await
    }

    /// Adds to a memory, and says how many attempts it took.
    ///
    /// # Errors
    /// [`Failed`]. Then it may have been added all the same.
    pub async fn remember(&self, how: How, n: i64) -> Result<(RememberResponse, u32), Failed> {
        let how = How {
            repeat: Repeat::Never,
            ..how
        };
        let call = self.caller.call(how, async |connection, attempt: Attempt| {
            let request = attempt.request(RememberRequest { n });
            let reply = stub(connection).remember(request).await?;
            Ok((reply.into_inner(), attempt.number))
        });
        call.await
    }
}

fn stub(connection: Channel) -> ArithClient<Channel> {
    ArithClient::new(connection)
        .max_decoding_message_size(MESSAGE)
        .max_encoding_message_size(MESSAGE)
}
