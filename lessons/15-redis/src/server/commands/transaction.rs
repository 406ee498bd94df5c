//! Several commands with nobody between them.

use super::{ALL, NONE, line};
use crate::resp::Value;
use crate::server::command::{Call, Command};
use crate::server::refused::{Answer, Refused};

// `at_once` is our own mark: these are done after MULTI too, and not queued.
const FLAGS: &str = "noscript loading stale fast at_once";

pub(super) const TABLE: &[Command] = &[
    line(
        "multi",
        1,
        FLAGS,
        NONE,
        "From here on commands are queued",
        multi,
    )
    .group("transactions"),
    line(
        "exec",
        1,
        "noscript loading stale at_once",
        NONE,
        "Does what was queued",
        exec,
    )
    .group("transactions"),
    line(
        "discard",
        1,
        FLAGS,
        NONE,
        "Forgets what was queued",
        discard,
    )
    .group("transactions"),
    line(
        "watch",
        -2,
        FLAGS,
        ALL,
        "EXEC does nothing if one of these keys changes",
        watch,
    )
    .group("transactions"),
    line(
        "unwatch",
        1,
        "noscript loading stale fast",
        NONE,
        "Forgets all watched keys",
        unwatch,
    )
    .group("transactions"),
];

fn multi(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_some() {
        return Err(Refused::new("ERR MULTI calls can not be nested"));
    }
    call.session.queue = Some(Default::default());
    Ok(Value::simple("OK"))
}

fn exec(call: &mut Call<'_>) -> Answer {
    call.session.exec(call.shared, call.state)
}

fn discard(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_none() {
        return Err(Refused::new("ERR DISCARD without MULTI"));
    }
    call.session.discard(call.state);
    Ok(Value::simple("OK"))
}

fn watch(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_some() {
        return Err(Refused::new("ERR WATCH inside MULTI is not allowed"));
    }
    for key in std::mem::take(&mut call.words).into_iter().skip(1) {
        call.session.watch(call.state, key);
    }
    Ok(Value::simple("OK"))
}

fn unwatch(call: &mut Call<'_>) -> Answer {
    call.session.unwatch(call.state);
    Ok(Value::simple("OK"))
}
