//! INFO: what the server says about itself.

use std::sync::atomic::Ordering;

use crate::resp::Value;
use crate::server::VERSION;
use crate::server::command::Call;
use crate::server::refused::Answer;

/// Sections of `name:value` lines. Redis has more of both; these are those that can be said truly.
/// `redis_version` is the Redis whose answers these are: clients choose what they send by it. `server_name`
/// is this server.
pub(super) fn info(call: &mut Call<'_>) -> Answer {
    let (shared, state) = (call.shared, &call.state);
    let expired = state.spaces.iter().map(|space| space.expired());
    let mut text = format!(
        "# Server\r\nredis_version:{VERSION}\r\nserver_name:l15-redis\r\nredis_mode:standalone\r\n\r\n\
         # Clients\r\nconnected_clients:{}\r\nmaxclients:{}\r\n\r\n\
         # Memory\r\nused_memory:{}\r\nmem_clients_normal:{}\r\nmaxmemory:{}\r\n\r\n\
         # Stats\r\nexpired_keys:{}\r\n\r\n# Keyspace\r\n",
        shared.connected(),
        shared.config.max_clients,
        state.bytes(),
        shared.buffers.load(Ordering::Relaxed),
        shared.config.max_memory,
        expired.sum::<u64>(),
    );
    for (number, space) in state.spaces.iter().enumerate() {
        let (keys, expires) = space.counts();
        if keys > 0 {
            text += &format!("db{number}:keys={keys},expires={expires}\r\n");
        }
    }
    let wanted: Vec<_> = call
        .from(1)
        .iter()
        .map(|w| w.to_ascii_lowercase())
        .collect();
    let whole = wanted.is_empty() || wanted.iter().any(|one| one == b"all");
    let sections = text.split_inclusive("\r\n\r\n").filter(|section| {
        let name = section
            .trim_start_matches("# ")
            .lines()
            .next()
            .unwrap_or("");
        whole || wanted.contains(&name.to_ascii_lowercase().into_bytes())
    });
    Ok(Value::Text(sections.collect::<String>().into()))
}
