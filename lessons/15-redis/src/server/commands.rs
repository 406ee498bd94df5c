//! The table of commands; what each does is in the files below, by what it is about.

mod about;
mod client;
mod keys;
mod scan;
mod strings;
mod transaction;
mod ttl;

use super::command::{Call, Command, Kind};
use super::refused::Answer;

/// All commands: the name, how many words (at least so many, if negative), the kind, the function. A
/// subcommand has the name of its command before it, as `client|id`.
pub const TABLE: &[Command] = &[
    row("get", 2, Kind::Plain, strings::get),
    row("set", -3, Kind::Grows, strings::set),
    row("setex", 4, Kind::Grows, strings::setex),
    row("getdel", 2, Kind::Plain, strings::getdel),
    row("getex", -2, Kind::Plain, strings::getex),
    row("mget", -2, Kind::Plain, strings::mget),
    row("mset", -3, Kind::Grows, strings::mset),
    row("incr", 2, Kind::Grows, strings::incr),
    row("incrby", 3, Kind::Grows, strings::incr_by),
    row("expire", -3, Kind::Plain, ttl::expire),
    row("pexpire", -3, Kind::Plain, ttl::expire),
    row("ttl", 2, Kind::Plain, ttl::ttl),
    row("pttl", 2, Kind::Plain, ttl::ttl),
    row("del", -2, Kind::Plain, keys::del),
    row("exists", -2, Kind::Plain, keys::exists),
    row("dbsize", 1, Kind::Plain, keys::db_size),
    row("flushdb", -1, Kind::Plain, keys::flush),
    row("flushall", -1, Kind::Plain, keys::flush),
    row("scan", -2, Kind::Plain, scan::scan),
    row("multi", 1, Kind::AtOnce, transaction::multi),
    row("exec", 1, Kind::AtOnce, transaction::exec),
    row("discard", 1, Kind::AtOnce, transaction::discard),
    row("ping", -1, Kind::Plain, client::ping),
    row("echo", 2, Kind::Plain, client::echo),
    row("quit", -1, Kind::AtOnce, client::quit),
    row("select", 2, Kind::Plain, client::select),
    row("hello", -1, Kind::Plain, client::hello),
    row("client", -2, Kind::Container, client::get_name),
    row("client|getname", 2, Kind::Plain, client::get_name),
    row("client|setname", 3, Kind::Plain, client::set_name),
    row("client|setinfo", 4, Kind::Plain, client::set_info),
    row("info", -1, Kind::Plain, about::info),
];

const fn row(
    name: &'static str,
    arity: i64,
    kind: Kind,
    run: fn(&mut Call<'_>) -> Answer,
) -> Command {
    Command {
        name,
        arity,
        kind,
        run,
    }
}
