//! What HTTP/2 calls its numbers: types of frames, flags, settings, errors (RFC 9113, sections 6, 7).

/// Types of frames.
pub const DATA: u8 = 0;
/// The start of a header block.
pub const HEADERS: u8 = 1;
/// Ends one stream at once.
pub const RST_STREAM: u8 = 3;
/// What the sender wants the receiver to keep to.
pub const SETTINGS: u8 = 4;
/// A stream that the server wants to open.
pub const PUSH_PROMISE: u8 = 5;
/// Are you there, and how far away.
pub const PING: u8 = 6;
/// No more streams, please.
pub const GOAWAY: u8 = 7;
/// More bytes may be sent.
pub const WINDOW_UPDATE: u8 = 8;
/// More of a header block.
pub const CONTINUATION: u8 = 9;

/// Flags. Their meaning depends on the type.
pub const END_STREAM: u8 = 1;
/// The answer to SETTINGS or PING.
pub const ACK: u8 = 1;
/// The header block is whole.
pub const END_HEADERS: u8 = 4;
/// The payload ends with padding.
pub const PADDED: u8 = 8;
/// HEADERS holds a priority as well.
pub const PRIORITY_FLAG: u8 = 0x20;

/// The setting for the longest frame.
pub const MAX_FRAME_SIZE: u16 = 5;

/// The name of a type of frame.
pub fn kind(kind: u8) -> String {
    let name = match kind {
        DATA => "DATA",
        HEADERS => "HEADERS",
        2 => "PRIORITY",
        RST_STREAM => "RST_STREAM",
        SETTINGS => "SETTINGS",
        PUSH_PROMISE => "PUSH_PROMISE",
        PING => "PING",
        GOAWAY => "GOAWAY",
        WINDOW_UPDATE => "WINDOW_UPDATE",
        CONTINUATION => "CONTINUATION",
        0x10 => "PRIORITY_UPDATE",
        other => return format!("type 0x{other:02x}"),
    };
    name.to_string()
}

/// The names of the flags that are set on a frame of this type.
pub fn flags(kind: u8, flags: u8) -> Vec<String> {
    let known: &[(u8, &str)] = match kind {
        DATA => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
        HEADERS => &[
            (END_STREAM, "END_STREAM"),
            (END_HEADERS, "END_HEADERS"),
            (PADDED, "PADDED"),
            (PRIORITY_FLAG, "PRIORITY"),
        ],
        SETTINGS | PING => &[(ACK, "ACK")],
        PUSH_PROMISE => &[(END_HEADERS, "END_HEADERS"), (PADDED, "PADDED")],
        CONTINUATION => &[(END_HEADERS, "END_HEADERS")],
        _ => &[],
    };
    let mut names: Vec<String> = known
        .iter()
        .filter(|(bit, _)| flags & bit != 0)
        .map(|(_, name)| (*name).to_string())
        .collect();
    let rest = known.iter().fold(flags, |rest, (bit, _)| rest & !bit);
    if rest != 0 {
        names.push(format!("0x{rest:02x}"));
    }
    names
}

/// The settings in a payload, as numbers.
pub fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> + Clone + '_ {
    let (settings, _) = payload.as_chunks::<6>();
    settings.iter().map(|[a, b, value @ ..]| {
        let id = u16::from_be_bytes([*a, *b]);
        (id, u32::from_be_bytes(*value))
    })
}

/// The name of a setting.
pub fn setting(id: u16) -> String {
    let name = match id {
        1 => "HEADER_TABLE_SIZE",
        2 => "ENABLE_PUSH",
        3 => "MAX_CONCURRENT_STREAMS",
        4 => "INITIAL_WINDOW_SIZE",
        MAX_FRAME_SIZE => "MAX_FRAME_SIZE",
        6 => "MAX_HEADER_LIST_SIZE",
        8 => "ENABLE_CONNECT_PROTOCOL",
        9 => "NO_RFC7540_PRIORITIES",
        // gRPC's own, from before the binary metadata could be sent as it is.
        0xfe03 => "GRPC_ALLOW_TRUE_BINARY_METADATA",
        other => return format!("0x{other:04x}"),
    };
    name.to_string()
}

/// The name of an error.
pub fn error(code: u32) -> String {
    match code {
        0..=13 => format!("{:?}", h2::Reason::from(code)),
        other => format!("error 0x{other:x}"),
    }
}
