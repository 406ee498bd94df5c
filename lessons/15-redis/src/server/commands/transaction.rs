//! MULTI, EXEC and DISCARD: several commands without another client's between them.

use crate::resp::Value;
use crate::server::command::Call;
use crate::server::refused::{Answer, Refused};

pub(super) fn multi(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_some() {
        return Err(Refused::new("ERR MULTI calls can not be nested"));
    }
    call.session.queue = Some(Default::default());
    Ok(Value::simple("OK"))
}

pub(super) fn exec(call: &mut Call<'_>) -> Answer {
    call.session.exec(call.shared, call.state)
}

pub(super) fn discard(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_none() {
        return Err(Refused::new("ERR DISCARD without MULTI"));
    }
    call.session.queue = None;
    Ok(Value::simple("OK"))
}
