//! Scene 3: what may run twice, and what may not.

use std::time::Duration;

use crate::world::pb::arith::RememberRequest;
use crate::world::pb::arith::arith_client::ArithClient;
use l12_resilience::caller::{Attempt, How, Settings};
use l12_resilience::fail::FailMode;
use l12_resilience::select::Select;
use stage::signal::tell;

use super::{client, plain, quiet};
use crate::fleet::Instance;

const PRESSED: u32 = 20;

pub async fn show() -> anyhow::Result<()> {
    tell(
        "   The key M+ adds 1 to a memory. It is pressed 20 times, by a client that fails over.\n",
    );
    tell("                                           answered   failed   added");
    for (words, how) in [
        ("nobody says that it may run twice", How::once()),
        ("somebody says that it may: a lie", How::safe()),
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
        for _ in 0..PRESSED {
            let pressed = client
                .caller()
                .call(how.clone(), async |line, attempt: Attempt| {
                    let request = attempt.request(RememberRequest { n: 1 });
                    ArithClient::new(line).remember(request).await
                });
            answered += u32::from(pressed.await.is_ok());
        }
        quiet(&[&a, &c]).await;
        let (failed, added) = (PRESSED - answered, a.counts().0 + c.counts().0);
        tell(&format!("   {words:40}{answered:8}{failed:9}{added:8}"));
    }
    tell("   Who is told of a failure can look what has happened. Who is told nothing cannot.");
    Ok(())
}
