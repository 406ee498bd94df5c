//! The fail modes of rpcx: what to do when a call fails, and what a status says about the member.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tonic::{Code, Status};

// ANCHOR: fail-mode
/// A fail mode: what to do when a call fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailMode {
    /// `fast`: tell the caller. One call, one attempt.
    Fast,
    /// `try`: call the same member again.
    #[default]
    Try,
    /// `over`: call another member.
    Over,
    /// `backup`: call a second member as soon as the first is late. The first answer wins, and the other call is
    /// cancelled. Also known as hedging.
    Backup {
        /// When the first one is late. Best is the time that all but a few calls need.
        after: Duration,
    },
}
// ANCHOR_END: fail-mode

impl FailMode {
    /// rpcx waits so long before the second call.
    pub const AFTER: Duration = Duration::from_millis(10);

    /// All fail modes.
    pub const ALL: [FailMode; 4] = [
        FailMode::Fast,
        FailMode::Try,
        FailMode::Over,
        FailMode::Backup {
            after: FailMode::AFTER,
        },
    ];
}

impl fmt::Display for FailMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FailMode::Fast => "fast",
            FailMode::Try => "try",
            FailMode::Over => "over",
            FailMode::Backup { .. } => "backup",
        })
    }
}

impl FromStr for FailMode {
    type Err = String;

    /// `backup` waits [`FailMode::AFTER`].
    fn from_str(text: &str) -> Result<Self, String> {
        (FailMode::ALL.into_iter())
            .find(|mode| mode.to_string() == text)
            .ok_or_else(|| format!("`{text}`: fast, try, over or backup"))
    }
}

/// Returns whether another attempt can help, there or at another member: this member has not answered, or only
/// that it cannot. Any other status is an answer, and would be the same tomorrow.
pub fn unanswered(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded)
}

/// Returns whether the member is to blame for this status, as far as a caller can see.
pub fn blames(status: &Status) -> bool {
    unanswered(status)
        || matches!(
            status.code(),
            Code::Internal | Code::Unknown | Code::DataLoss
        )
}
