//! Scene 1: what may run twice, and what may not.

use std::time::Duration;

use crate::world::pb::arith::RememberRequest;
use crate::world::pb::arith::arith_client::ArithClient;
use l12_resilience::caller::{Attempt, How, Settings};
use l12_resilience::fail::FailMode;
use l12_resilience::select::Select;
use stage::signal::tell;

use super::{client, plain, quiet};
use crate::fleet::Instance;

const CALLS: u32 = 20;

pub async fn show() -> anyhow::Result<()> {
    tell("   Remember adds 1 to a memory. It is called 20 times, with fail over.\n");
    tell("                                           answered   failed   added");
    for (words, how) in [
        ("not idempotent, as the contract says", How::once()),
        ("the caller says that it is idempotent", How::safe()),
    ] {
        let a = Instance::start("a", &[])?;
        let c = Instance::start("c", &["--sick", "losing"])?;
        let settings = Settings {
            select: Select::RoundRobin,
            deadline: Duration::from_secs(10),
            ..plain(FailMode::Over)
        };
        let client = client(&[&a, &c], settings);
        let mut answered = 0;
        for _ in 0..CALLS {
            let called = client
                .caller()
                .call(how.clone(), async |connection, attempt: Attempt| {
                    let request = attempt.request(RememberRequest { n: 1 });
                    ArithClient::new(connection).remember(request).await
                });
            answered += u32::from(called.await.is_ok());
        }
        quiet(&[&a, &c]).await;
        let (failed, added) = (CALLS - answered, a.counts().0 + c.counts().0);
        tell(&format!("   {words:40}{answered:8}{failed:9}{added:8}"));
    }
    tell(
        "   A caller that gets an error can check what has happened. A caller that gets a success will not.",
    );
    Ok(())
}
