// Given in given.rs, beside this file: `Registration`, `Refused`.
pub use super::given::*;

/// Reads the params of a call: `{"service":"greeter","ports":[8080,8081],"tag":"blue"}`.
///
/// * The client may use any white space, order of members and escapes that JSON allows.
/// * Ignore members that are not known here.
/// * `ports` is an array of whole numbers from 0 to 65535. It may be empty.
/// * `tag` may be missing or `null`: then it is `None`.
/// * A text that is not JSON is `NotJson`. A missing member, or a value of a wrong type, is `Member` with the
///   name of that member. Where several are wrong, any of them may be named.
pub fn read(text: &str) -> Result<Registration, Refused> {
    let service = between(text, "\"service\":\"", "\"").ok_or(Refused::Member("service"))?;
    let ports = between(text, "\"ports\":[", "]").ok_or(Refused::Member("ports"))?;
    let ports = ports.split(',').map(|port| port.parse().unwrap_or(0));
    Ok(Registration {
        service: service.to_string(),
        ports: ports.collect(),
        tag: between(text, "\"tag\":\"", "\"").map(str::to_string),
    })
}

/// Confirms a registration, in JSON: `{"registered":"greeter","ports":2}`, the name and the number of its ports.
pub fn confirm(registration: &Registration) -> String {
    format!(
        "{{\"registered\":\"{}\",\"ports\":{}}}",
        registration.service,
        registration.ports.len()
    )
}

/// The text between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    let from = text.find(before)? + before.len();
    let length = text[from..].find(after)?;
    Some(&text[from..from + length])
}
