//! A lease turns the question round. Nobody has to notice that a stall has gone: it has to say, again and again,
//! that it is still there, and silence is enough to end it. So keeping a lease is a matter of dividing its time. Three
//! parts: after the first one renew; if the call hangs, it is given up after the second; and the third is left for
//! calls that follow. The time that is divided is the one that the office has given. A lease that has ended is not
//! an error to report but a fact to live with: somebody was slow, perhaps we, and the way on is a new one. And the
//! goodbye is still worth a call, as the next stall need not wait then. But only one call: a pitch whose
//! stall has died without a word is free after the same time anyway.

use std::future::Future;
use std::time::Duration;

// Given in given.rs, beside this file: `Lease`, `Trouble`, `Office`.
pub use super::given::*;

/// How long after a call that was lost, and how long the goodbye may take.
const AGAIN: Duration = Duration::from_millis(600);

const GOODBYE: Duration = Duration::from_secs(3);

pub async fn keep(office: &impl Office, time: Duration, closing: impl Future<Output = ()>) {
    let mut lease: Option<Lease> = None;
    // All of it may be dropped at any moment: `lease` is only written between two calls.
    let stay = async {
        loop {
            let patience = lease.map_or(time, |lease| lease.time) / 3;
            let call = async {
                match lease {
                    None => office.rent(time).await,
                    Some(Lease { number, .. }) => {
                        let time = office.renew(number).await?;
                        Ok(Lease { number, time })
                    }
                }
            };
            let answer = tokio::select! {
                answer = call => answer,
                () = office.sleep(patience) => Err(Trouble::Away),
            };
            match answer {
                Ok(new) => {
                    lease = Some(new);
                    office.sleep(new.time / 3).await;
                }
                Err(Trouble::Away) => office.sleep(AGAIN).await,
                // That number is of no use any more. Ask for another one.
                Err(Trouble::Ended) => {
                    lease = None;
                    office.sleep(AGAIN).await;
                }
            }
        }
    };
    tokio::select! {
        () = stay => {}
        () = closing => {}
    }
    if let Some(lease) = lease {
        tokio::select! {
            // If that is lost as well: it ends by itself. That is what a lease is for.
            _ = office.give_back(lease.number) => {}
            () = office.sleep(GOODBYE) => {}
        }
    }
}
