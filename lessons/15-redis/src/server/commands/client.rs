//! Commands about the connection: its name, the version of the protocol, the database.

use crate::resp::{Protocol, Value, integer};
use crate::server::VERSION;
use crate::server::command::Call;
use crate::server::refused::{Answer, Refused};
use crate::server::state::DATABASES;

const NO_VERSION: &str = "ERR Protocol version is not an integer or out of range";

pub(super) fn ping(call: &mut Call<'_>) -> Answer {
    match call.words.len() {
        1 => Ok(Value::simple("PONG")),
        2 => Ok(Value::bulk(call.take(1))),
        _ => Err(Refused::arity(call.name)),
    }
}

pub(super) fn echo(call: &mut Call<'_>) -> Answer {
    Ok(Value::bulk(call.take(1)))
}

pub(super) fn quit(call: &mut Call<'_>) -> Answer {
    call.session.closing = true;
    Ok(Value::simple("OK"))
}

pub(super) fn select(call: &mut Call<'_>) -> Answer {
    let number = call.number(1)?;
    i32::try_from(number).map_err(|_| {
        Refused::new("ERR value is out of range, value must between -2147483648 and 2147483647")
    })?;
    let space = usize::try_from(number).ok();
    let space = space.filter(|space| *space < DATABASES);
    call.session.space = space.ok_or_else(|| Refused::new("ERR DB index is out of range"))?;
    Ok(Value::simple("OK"))
}

pub(super) fn hello(call: &mut Call<'_>) -> Answer {
    let mut protocol = call.session.protocol;
    if call.words.len() > 1 {
        protocol = match integer(call.word(1)) {
            None => return Err(Refused::new(NO_VERSION)),
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(Refused::new("NOPROTO unsupported protocol version")),
        };
    }
    let (mut name, mut at) = (None, 2);
    while at < call.words.len() {
        let left = call.words.len() - at - 1;
        match call.word(at).to_ascii_uppercase().as_slice() {
            b"SETNAME" if left >= 1 => {
                name = Some(checked(call.word(at + 1))?.to_vec());
                at += 2;
            }
            _ => {
                let before = "ERR Syntax error in HELLO option '";
                return Err(Refused::quoting(before, call.word(at), "'"));
            }
        }
    }
    call.session.protocol = protocol;
    if let Some(name) = name {
        call.session.name = name;
    }
    let id = i64::try_from(call.session.id).unwrap_or(i64::MAX);
    let proto = match protocol {
        Protocol::Resp2 => 2,
        Protocol::Resp3 => 3,
    };
    Ok(Value::Map(vec![
        ("server".into(), "redis".into()),
        ("version".into(), VERSION.into()),
        ("proto".into(), Value::Integer(proto)),
        ("id".into(), Value::Integer(id)),
        ("mode".into(), "standalone".into()),
        ("role".into(), "master".into()),
        ("modules".into(), Value::Array(Vec::new())),
    ]))
}

/// A name that can stand in a line of CLIENT LIST.
fn checked(name: &[u8]) -> Result<&[u8], Refused> {
    if name.iter().all(u8::is_ascii_graphic) {
        return Ok(name);
    }
    Err(Refused::new(
        "ERR Client names cannot contain spaces, newlines or special characters.",
    ))
}

pub(super) fn get_name(call: &mut Call<'_>) -> Answer {
    let name = call.session.name.clone();
    Ok(match name.is_empty() {
        true => Value::Null,
        false => Value::bulk(name),
    })
}

pub(super) fn set_name(call: &mut Call<'_>) -> Answer {
    call.session.name = checked(call.word(2))?.to_vec();
    Ok(Value::simple("OK"))
}

/// Redis has it since 7.2; clients send it when they connect.
pub(super) fn set_info(call: &mut Call<'_>) -> Answer {
    let known = [&b"LIB-NAME"[..], b"LIB-VER"];
    if known
        .iter()
        .any(|name| call.word(2).eq_ignore_ascii_case(name))
    {
        return Ok(Value::simple("OK"));
    }
    let before = "ERR Unrecognized option '";
    Err(Refused::quoting(before, call.word(2), "'"))
}
