//! Definitions: what a registration may hold, and what is refused.

use l08_consul::definition::ServiceDefinition;
use l08_consul::extra::decode;
use l08_consul::refused::Refused;
use l08_consul::service::Weights;

fn service(json: &str) -> Result<ServiceDefinition, Refused> {
    ServiceDefinition::read(decode::value(json.as_bytes())?)
}

fn words(json: &str) -> String {
    service(json).unwrap_err().words
}

#[test]
fn a_name_is_enough() {
    let web = service(r#"{"Name":"web"}"#).unwrap();
    assert_eq!(
        (web.service.id.as_str(), web.service.name.as_str()),
        ("web", "web")
    );
    assert_eq!(
        web.service.weights,
        Weights {
            passing: 1,
            warning: 1
        }
    );
    assert!(web.checks.is_empty());
}

#[test]
fn checks_are_named_after_their_service_and_numbered_if_several() {
    let one = service(r#"{"Name":"web","Check":{"TTL":"1s"}}"#).unwrap();
    assert_eq!(one.checks[0].id, "service:web");
    assert_eq!(one.checks[0].name, "Service 'web' check");
    let two = service(r#"{"Name":"w","ID":"w1","Check":{"TTL":"1s"},"Checks":[{"TTL":"2s"}]}"#);
    let ids: Vec<_> = two
        .unwrap()
        .checks
        .into_iter()
        .map(|check| check.id)
        .collect();
    assert_eq!(ids, ["service:w1:1", "service:w1:2"]);
}

#[test]
fn what_is_wrong_is_said_in_consuls_words() {
    assert_eq!(words("{}"), "Missing service name");
    assert_eq!(
        words(r#"{"Name":"x","Address":"0.0.0.0"}"#),
        "Invalid service address"
    );
    assert_eq!(
        words(r#"{"Name":"x","Check":{"HTTP":"http://x"}}"#),
        "Invalid check: Interval must be > 0 for Script, HTTP, or TCP checks"
    );
    assert_eq!(
        words(r#"{"Name":"x","Check":{"Script":"zz","Interval":"1s"}}"#),
        "Request decode failed: json: unknown field \"Script\""
    );
    let refused = service(r#"{"Name":"x","Check":{"HTTP":5}}"#).unwrap_err();
    assert_eq!(
        (refused.status, refused.member.as_str()),
        (400, "check.HTTP")
    );
}

#[test]
fn the_reaper_waits_a_minute_at_least() {
    let json = r#"{"Name":"x","Check":{"TTL":"5s","deregister_critical_service_after":"1s"}}"#;
    assert_eq!(
        service(json).unwrap().checks[0].deregister_after,
        Some(std::time::Duration::from_secs(60))
    );
}
