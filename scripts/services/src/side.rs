//! Real or embedded.

use std::fmt;

/// The kind of a server: the real one, or ours inside of this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The program that production runs.
    Real,
    /// Our own readable one, inside this process.
    Embedded,
}

/// The variable of the environment that forces a side.
pub const VARIABLE: &str = "WORKBOOK_SERVICES";

impl Side {
    /// The sides that a test has to pass on: both, or the one that is forced. Where there is no real
    /// Consul or Redis, `WORKBOOK_SERVICES=embedded scripts/test` tests the rest, and says so. A test that
    /// makes no sense without the real one has `the_real_consul` or `the_real_redis` in its name
    /// instead, and is left out there.
    ///
    /// # Errors
    /// As [`forced`](Self::forced).
    pub fn to_test() -> anyhow::Result<Vec<Side>> {
        Ok(match Self::forced()? {
            Some(side) => vec![side],
            None => vec![Side::Embedded, Side::Real],
        })
    }

    /// The one to start: what is asked for, else what `WORKBOOK_SERVICES` says, else the real one if it is
    /// `usable`.
    pub(crate) fn to_start(
        asked: Option<Side>,
        usable: impl FnOnce() -> bool,
    ) -> anyhow::Result<Side> {
        let forced = asked.map_or_else(Self::forced, |side| Ok(Some(side)))?;
        Ok(match forced {
            Some(side) => side,
            None if usable() => Side::Real,
            None => Side::Embedded,
        })
    }

    /// What `WORKBOOK_SERVICES` says; `None` if it says nothing.
    ///
    /// # Errors
    /// If it says anything but `real` or `embedded`.
    pub fn forced() -> anyhow::Result<Option<Side>> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) | Ok("") => Ok(None),
            Ok("real") => Ok(Some(Side::Real)),
            Ok("embedded") => Ok(Some(Side::Embedded)),
            Ok(other) => anyhow::bail!("{VARIABLE} is {other:?}: it can be `real` or `embedded`"),
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Side::Real => "real",
            Side::Embedded => "embedded",
        })
    }
}
