//! The server about itself: COMMAND, INFO, CONFIG GET, TIME.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::client::container;
use super::strings::count;
use super::{NONE, all, line};
use crate::resp::Value;
use crate::server::VERSION;
use crate::server::command::{Call, Command, named};
use crate::server::glob;
use crate::server::refused::Answer;
use crate::server::state::DATABASES;

const FLAGS: &str = "loading stale";

pub(super) const TABLE: &[Command] = &[
    line(
        "time",
        1,
        "loading stale fast",
        NONE,
        "Seconds since 1970, and microseconds",
        time,
    )
    .group("server"),
    line(
        "info",
        -1,
        FLAGS,
        NONE,
        "What the server says about itself",
        info,
    )
    .group("server"),
    line("config", -2, "", NONE, "What was chosen", container)
        .group("server")
        .within(&[line(
            "config|get",
            -3,
            "admin loading",
            NONE,
            "Options that fit",
            config,
        )
        .group("server")]),
    line(
        "command",
        -1,
        FLAGS,
        NONE,
        "What commands there are",
        command,
    )
    .group("server")
    .within(&[
        line("command|count", 2, FLAGS, NONE, "How many", command_count).group("server"),
        line(
            "command|docs",
            -2,
            FLAGS,
            NONE,
            "What they do",
            command_docs,
        )
        .group("server"),
        line(
            "command|info",
            -2,
            FLAGS,
            NONE,
            "How they are called",
            command_info,
        )
        .group("server"),
        line("command|list", 2, FLAGS, NONE, "Their names", command_list).group("server"),
    ]),
];

fn time(call: &mut Call<'_>) -> Answer {
    let now = call.now();
    let parts = [now / 1000, now % 1000 * 1000];
    let parts = parts.map(|part| Value::bulk(part.to_string()));
    Ok(Value::Array(parts.to_vec()))
}

/// One command as COMMAND shows it. Redis has ten parts; of access lists, hints for proxies and the
/// finer places of keys there is nothing to say here.
fn shown(command: &Command) -> Value {
    let flags = command.flags.split(' ');
    let flags = flags.filter(|flag| !flag.is_empty() && *flag != "at_once");
    let (first, last, step) = command.keys;
    Value::Array(vec![
        command.name.into(),
        Value::Integer(command.arity),
        Value::Set(flags.map(Value::simple).collect()),
        Value::Integer(first),
        Value::Integer(last),
        Value::Integer(step),
        Value::Set(Vec::new()),
        Value::Set(Vec::new()),
        Value::Set(Vec::new()),
        Value::Array(command.within.iter().map(shown).collect()),
    ])
}

fn command(_: &mut Call<'_>) -> Answer {
    Ok(Value::Array(all().map(shown).collect()))
}

fn command_count(_: &mut Call<'_>) -> Answer {
    Ok(count(all().count()))
}

fn command_list(_: &mut Call<'_>) -> Answer {
    Ok(Value::Array(all().map(|one| one.name.into()).collect()))
}

/// The commands that words 2 and so on name.
fn asked<'a>(call: &'a Call<'_>) -> impl Iterator<Item = Option<&'static Command>> + 'a {
    let names = call.from(2).iter();
    names.map(|name| named(&String::from_utf8_lossy(name)))
}

fn command_info(call: &mut Call<'_>) -> Answer {
    if call.words.len() == 2 {
        return command(call);
    }
    let found = asked(call).map(|command| command.map_or(Value::Null, shown));
    Ok(Value::Array(found.collect()))
}

fn command_docs(call: &mut Call<'_>) -> Answer {
    let docs = |command: &Command| {
        let about = vec![
            ("summary".into(), command.summary.into()),
            ("group".into(), command.group.into()),
        ];
        (command.name.into(), Value::Map(about))
    };
    Ok(Value::Map(match call.words.len() {
        2 => all().map(docs).collect(),
        _ => asked(call).flatten().map(docs).collect(),
    }))
}

fn config(call: &mut Call<'_>) -> Answer {
    let config = &call.shared.config;
    let options = [
        ("appendonly", "no".into()),
        ("databases", DATABASES.to_string()),
        ("maxclients", config.max_clients.to_string()),
        ("maxmemory", config.max_memory.to_string()),
        ("maxmemory-policy", "noeviction".into()),
        ("port", call.shared.port.to_string()),
        ("proto-max-bulk-len", config.max_bulk.to_string()),
        ("save", String::new()),
        ("timeout", "0".into()),
    ];
    let fits = |name: &str| {
        let mut patterns = call.from(2).iter();
        patterns.any(|pattern| glob::fits(&pattern.to_ascii_lowercase(), name.as_bytes()))
    };
    let found = options.into_iter().filter(|(name, _)| fits(name));
    let found = found.map(|(name, value)| (name.into(), Value::bulk(value)));
    Ok(Value::Map(found.collect()))
}

type Section = fn(&Call<'_>, &mut String) -> std::fmt::Result;

const SECTIONS: [(&str, Section); 5] = [
    ("Server", server),
    ("Clients", clients),
    ("Memory", memory),
    ("Stats", stats),
    ("Keyspace", keyspace),
];

/// Sections of `name:value` lines. Redis has more of both; these are those that can be said truly.
fn info(call: &mut Call<'_>) -> Answer {
    let wanted: Vec<Vec<u8>> = call
        .from(1)
        .iter()
        .map(|w| w.to_ascii_lowercase())
        .collect();
    let all = ["all", "everything", "default"];
    let all = wanted.is_empty()
        || wanted
            .iter()
            .any(|one| all.iter().any(|a| one == a.as_bytes()));
    let mut text = String::new();
    for (name, section) in SECTIONS {
        if !all && !wanted.contains(&name.to_ascii_lowercase().into_bytes()) {
            continue;
        }
        let between = if text.is_empty() { "" } else { "\r\n" };
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{between}# {name}\r\n").and_then(|()| section(call, &mut text));
    }
    Ok(Value::Verbatim {
        format: *b"txt",
        text: text.into(),
    })
}

/// `redis_version` is the Redis whose answers these are; clients choose what they send by it.
/// `server_name` says who gives them.
fn server(call: &Call<'_>, text: &mut String) -> std::fmt::Result {
    let up = call.shared.started.elapsed().as_secs();
    write!(text, "redis_version:{VERSION}\r\n")?;
    write!(text, "server_name:l15-redis\r\n")?;
    write!(text, "redis_mode:standalone\r\n")?;
    write!(text, "process_id:{}\r\n", std::process::id())?;
    write!(text, "tcp_port:{}\r\n", call.shared.port)?;
    write!(
        text,
        "server_time_usec:{}\r\n",
        call.now().saturating_mul(1000)
    )?;
    write!(text, "uptime_in_seconds:{up}\r\n")?;
    write!(text, "uptime_in_days:{}\r\n", up / 86_400)
}

fn clients(call: &Call<'_>, text: &mut String) -> std::fmt::Result {
    write!(text, "connected_clients:{}\r\n", call.shared.connected())?;
    write!(text, "maxclients:{}\r\n", call.shared.config.max_clients)
}

fn memory(call: &Call<'_>, text: &mut String) -> std::fmt::Result {
    let buffers = call.shared.buffers.load(Ordering::Relaxed);
    write!(text, "used_memory:{}\r\n", call.state.bytes())?;
    write!(text, "mem_clients_normal:{buffers}\r\n")?;
    write!(text, "maxmemory:{}\r\n", call.shared.config.max_memory)?;
    write!(text, "maxmemory_policy:noeviction\r\n")
}

fn stats(call: &Call<'_>, text: &mut String) -> std::fmt::Result {
    let state = &call.state;
    let expired = state.spaces.iter().map(|space| space.expired());
    let clients = call.shared.clients.load(Ordering::Relaxed);
    let rejected = call.shared.rejected.load(Ordering::Relaxed);
    write!(text, "total_connections_received:{clients}\r\n")?;
    write!(text, "total_commands_processed:{}\r\n", state.commands)?;
    write!(text, "rejected_connections:{rejected}\r\n")?;
    write!(text, "expired_keys:{}\r\n", expired.sum::<u64>())?;
    write!(text, "keyspace_hits:{}\r\n", state.hits)?;
    write!(text, "keyspace_misses:{}\r\n", state.misses)
}

fn keyspace(call: &Call<'_>, text: &mut String) -> std::fmt::Result {
    for (number, space) in call.state.spaces.iter().enumerate() {
        let (keys, expires, left) = space.counts();
        if keys > 0 {
            let average = left / i64::try_from(expires.max(1)).unwrap_or(i64::MAX);
            write!(
                text,
                "db{number}:keys={keys},expires={expires},avg_ttl={average}\r\n"
            )?;
        }
    }
    Ok(())
}
