//! The connection itself: who is there, which version they speak, which database they mean.

use super::{NONE, line};
use crate::resp::{Protocol, Value, integer};
use crate::server::VERSION;
use crate::server::command::{Call, Command};
use crate::server::refused::{Answer, Refused};
use crate::server::state::DATABASES;

const FLAGS: &str = "noscript loading stale fast";
const AT_ONCE: &str = "noscript loading stale fast at_once";

pub(super) const TABLE: &[Command] = &[
    line("ping", -1, "fast", NONE, "Whether somebody is there", ping).group("connection"),
    line("echo", 2, "loading stale fast", NONE, "Says it again", echo).group("connection"),
    line("quit", -1, AT_ONCE, NONE, "Ends the connection", quit).group("connection"),
    line("reset", 1, AT_ONCE, NONE, "As if newly connected", reset).group("connection"),
    line(
        "select",
        2,
        "loading stale fast",
        NONE,
        "Another database",
        select,
    )
    .group("connection"),
    line(
        "auth",
        -2,
        FLAGS,
        NONE,
        "A password, where there is one",
        auth,
    )
    .group("connection"),
    line(
        "hello",
        -1,
        FLAGS,
        NONE,
        "The version of the protocol",
        hello,
    )
    .group("connection"),
    line("client", -2, "", NONE, "About connections", container)
        .group("connection")
        .within(&[
            line("client|id", 2, FLAGS, NONE, "The number of this one", id).group("connection"),
            line("client|getname", 2, FLAGS, NONE, "Its name", get_name).group("connection"),
            line(
                "client|setname",
                3,
                FLAGS,
                NONE,
                "Gives it a name",
                set_name,
            )
            .group("connection"),
            line(
                "client|setinfo",
                4,
                FLAGS,
                NONE,
                "What it is written with",
                set_info,
            )
            .group("connection"),
        ]),
];

fn ping(call: &mut Call<'_>) -> Answer {
    match call.words.len() {
        1 => Ok(Value::simple("PONG")),
        2 => Ok(Value::bulk(call.take(1))),
        _ => Err(Refused::arity(call.name)),
    }
}

fn echo(call: &mut Call<'_>) -> Answer {
    Ok(Value::bulk(call.take(1)))
}

fn quit(call: &mut Call<'_>) -> Answer {
    call.session.closing = true;
    Ok(Value::simple("OK"))
}

fn reset(call: &mut Call<'_>) -> Answer {
    let session = &mut *call.session;
    session.discard(call.state);
    session.protocol = Protocol::Resp2;
    session.space = 0;
    session.name.clear();
    Ok(Value::simple("RESET"))
}

fn select(call: &mut Call<'_>) -> Answer {
    let number = call.number(1)?;
    i32::try_from(number).map_err(|_| {
        Refused::new("ERR value is out of range, value must between -2147483648 and 2147483647")
    })?;
    let space = usize::try_from(number).ok();
    let space = space.filter(|space| *space < DATABASES);
    call.session.space = space.ok_or_else(|| Refused::new("ERR DB index is out of range"))?;
    Ok(Value::simple("OK"))
}

/// There is no password here, and Redis without one answers so.
fn auth(call: &mut Call<'_>) -> Answer {
    match call.words.len() {
        2 => Err(Refused::new(
            "ERR AUTH <password> called without any password configured for the default user. Are \
             you sure your configuration is correct?",
        )),
        3 => {
            user(call.word(1))?;
            Ok(Value::simple("OK"))
        }
        _ => Err(Refused::syntax()),
    }
}

/// The one user there is may come with any password.
fn user(name: &[u8]) -> Result<(), Refused> {
    if name == b"default" {
        return Ok(());
    }
    Err(Refused::new(
        "WRONGPASS invalid username-password pair or user is disabled.",
    ))
}

fn hello(call: &mut Call<'_>) -> Answer {
    let mut protocol = call.session.protocol;
    if call.words.len() > 1 {
        protocol = match integer(call.word(1)) {
            None => {
                return Err(Refused::new(
                    "ERR Protocol version is not an integer or out of range",
                ));
            }
            Some(2) => Protocol::Resp2,
            Some(3) => Protocol::Resp3,
            Some(_) => return Err(Refused::new("NOPROTO unsupported protocol version")),
        };
    }
    let (mut name, mut at) = (None, 2);
    while at < call.words.len() {
        let left = call.words.len() - at - 1;
        match call.word(at).to_ascii_uppercase().as_slice() {
            b"AUTH" if left >= 2 => {
                user(call.word(at + 1))?;
                at += 3;
            }
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

/// Never called: the table refuses it without a subcommand.
pub(super) fn container(call: &mut Call<'_>) -> Answer {
    Err(Refused::arity(call.name))
}

fn id(call: &mut Call<'_>) -> Answer {
    let id = i64::try_from(call.session.id).unwrap_or(i64::MAX);
    Ok(Value::Integer(id))
}

fn get_name(call: &mut Call<'_>) -> Answer {
    let name = call.session.name.clone();
    Ok(match name.is_empty() {
        true => Value::Null,
        false => Value::bulk(name),
    })
}

fn set_name(call: &mut Call<'_>) -> Answer {
    call.session.name = checked(call.word(2))?.to_vec();
    Ok(Value::simple("OK"))
}

/// Redis has it since 7.2; clients send it when they connect, and are happier with a yes.
fn set_info(call: &mut Call<'_>) -> Answer {
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
