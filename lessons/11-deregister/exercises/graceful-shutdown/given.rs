//! What is given in this exercise: the answer uses it and does not change it.

use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tonic::transport::server::{Router, TcpIncoming};

// `Limits` has `goodbye`, `notice` and `grace`; `ShutdownReport` has `told` and `finished`.
pub use l11_deregister::drain::{Limits, ShutdownReport};

/// Serves until `leave` is ready. Then tonic refuses new connections and sends GOAWAY on each open one, and calls
/// under way are finished. `grace` is the limit for that.
///
/// Returns whether all calls under way were finished.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    leave: impl Future<Output = ()>,
    grace: Duration,
) -> bool {
    let (leaving, left) = oneshot::channel();
    let leave = async {
        leave.await;
        let _ = leaving.send(());
    };
    let serving = router.serve_with_incoming_shutdown(TcpIncoming::from(listener), leave);
    let limit = async {
        // The grace begins when `leave` is ready.
        let _ = left.await;
        sleep(grace).await;
    };
    tokio::select! {
        served = serving => served.is_ok(),
        () = limit => false,
    }
}

/// Runs `future` for no longer than `limit`; `None` if it has not ended then.
#[allow(dead_code, reason = "the stub does not call it")]
pub async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    timeout(limit, future).await.ok()
}
