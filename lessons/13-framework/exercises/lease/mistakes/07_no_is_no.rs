//! belief: connect-fails-so-give-up
//! words: If connecting fails, the server is not there.
//! check: f_the_office_opens_late
//! says: not always there before

use std::future::Future;
use std::time::Duration;

/// A pitch at the market is yours for a time, and for no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    pub number: u64,
    /// From the moment in which the office has said so.
    pub time: Duration,
}

/// Why the office has not done it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Nobody has picked up the telephone. Somebody may, next time.
    Away,
    /// There is no such lease, or no longer.
    Ended,
}

/// The office of the market, by telephone, and a clock. Any call may be lost, and one may be left hanging for ever.
pub trait Office {
    /// A new lease for the same pitch. The office may give less time than you want.
    fn rent(&self, time: Duration) -> impl Future<Output = Result<Lease, Trouble>>;
    /// The lease begins anew, as it were: the answer is how long it runs from now on.
    fn renew(&self, number: u64) -> impl Future<Output = Result<Duration, Trouble>>;
    /// It ends at once.
    fn give_back(&self, number: u64) -> impl Future<Output = Result<(), Trouble>>;
    /// Sleeps, by the clock of the check. Any other clock is wrong here.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()>;
}

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
                Err(Trouble::Away) if lease.is_none() => return,
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
