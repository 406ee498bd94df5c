//! Several commands without another client's between them.

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
    call.session.discard(call.state);
    Ok(Value::simple("OK"))
}

pub(super) fn watch(call: &mut Call<'_>) -> Answer {
    if call.session.queue.is_some() {
        return Err(Refused::new("ERR WATCH inside MULTI is not allowed"));
    }
    for key in std::mem::take(&mut call.words).into_iter().skip(1) {
        call.session.watch(call.state, key);
    }
    Ok(Value::simple("OK"))
}

pub(super) fn unwatch(call: &mut Call<'_>) -> Answer {
    call.session.unwatch(call.state);
    Ok(Value::simple("OK"))
}
