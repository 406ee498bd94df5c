//! consulrs 0.1.0, the client of lessons 09 to 11, against both sides: the real Consul 1.8.7 and the
//! agent of lesson 08. What works is used, and what does not is pinned: when a new version of the
//! crate mends it, a test here fails and says that a way around it can go. Keys and the catalog are asked for by
//! other clients only, in the tests of lesson 08.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use consulrs::api::ApiResponse;
use consulrs::api::check::common::{AgentServiceCheck, AgentServiceCheckBuilder};
use consulrs::api::check::requests::{
    RegisterCheckRequest, TtlCheckPassRequest, TtlCheckUpdateRequest,
};
use consulrs::api::service::requests::RegisterServiceRequest;
use consulrs::client::{ConsulClient, ConsulClientSettingsBuilder};
use consulrs::error::ClientError;
use consulrs::{catalog, check, kv, service};
use services::Side;
use services::consul::Setup;

/// One call. consulrs gives up on its own never.
async fn call<T>(
    asking: impl Future<Output = Result<ApiResponse<T>, ClientError>>,
) -> Result<ApiResponse<T>, ClientError> {
    let limit = Duration::from_secs(30);
    let answer = tokio::time::timeout(limit, asking).await;
    answer.expect("an answer within half a minute")
}

/// The answer of a call that has to work.
async fn ok<T>(asking: impl Future<Output = Result<ApiResponse<T>, ClientError>>) -> T {
    match call(asking).await {
        Ok(answer) => answer.response,
        Err(error) => panic!("{error:?}"),
    }
}

/// The refusal of a call that Consul has to refuse: its code and its words.
async fn refused<T: std::fmt::Debug>(
    asking: impl Future<Output = Result<ApiResponse<T>, ClientError>>,
) -> (u16, String) {
    match call(asking).await {
        Err(ClientError::APIError { code, message }) => {
            (code, message.unwrap_or_default().trim().to_owned())
        }
        other => panic!("a refusal was expected, not {other:?}"),
    }
}

/// The words of a 200 that consulrs cannot read.
async fn unreadable<T: std::fmt::Debug>(
    asking: impl Future<Output = Result<ApiResponse<T>, ClientError>>,
) -> String {
    match call(asking).await {
        Err(ClientError::RestClientError { source }) => format!("{source:?}"),
        other => panic!("an answer that consulrs cannot read was expected, not {other:?}"),
    }
}

async fn on(side: Side) {
    let consul = Setup::of(side).start().await.unwrap();
    let settings = ConsulClientSettingsBuilder::default()
        .address(format!("http://{}", consul.addr()))
        .build()
        .unwrap();
    let client = ConsulClient::new(settings).unwrap();
    services(&client).await;
    checks(&client).await;
    what_it_cannot_read(&client).await;
    what_it_says_wrong(&client).await;
}

#[tokio::test]
async fn the_real_consul() {
    on(Side::Real).await;
}

#[tokio::test]
async fn the_agent_of_lesson_08() {
    on(Side::Embedded).await;
}

fn ttl() -> AgentServiceCheck {
    let mut builder = AgentServiceCheckBuilder::default();
    builder.ttl("10m").status("passing").build().unwrap()
}

async fn services(client: &ConsulClient) {
    ok(service::register(client, "bare", None)).await;
    let tags = vec!["a".to_owned(), "b".to_owned()];
    let meta = HashMap::from([("k".to_owned(), "v".to_owned())]);
    let mut web = RegisterServiceRequest::builder();
    web.id("web:1").port(80_u64).tags(tags.clone()).meta(meta);
    ok(service::register(client, "web", Some(web.check(ttl())))).await;

    let read = ok(service::read(client, "web:1", None)).await;
    assert_eq!(read.service.as_deref(), Some("web"));
    assert_eq!((read.port, read.tags), (Some(80), Some(tags)));
    let list = ok(service::list(client, None)).await;
    let ids: BTreeSet<_> = list.keys().map(String::as_str).collect();
    assert_eq!(ids, BTreeSet::from(["bare", "web:1"]));
    let health = ok(service::health(client, "web", None)).await;
    assert_eq!(health[0].aggregated_status, "passing");

    ok(service::maintenance(client, "web:1", true, None)).await;
    let (code, body) = refused(service::health(client, "web", None)).await;
    assert_eq!(
        code, 503,
        "the health is in the code, which consulrs takes for an error"
    );
    assert!(body.contains("maintenance"), "{body}");
    ok(service::maintenance(client, "web:1", false, None)).await;
    assert_eq!(ok(service::health(client, "web", None)).await.len(), 1);
    let absent = service::maintenance(client, "absent", true, None);
    let words = "No service registered with ID \"absent\"".to_owned();
    assert_eq!(refused(absent).await, (404, words));

    ok(service::deregister(client, "web:1", None)).await;
    ok(service::deregister(client, "web:1", None)).await;
    let words = "unknown service ID: web:1".to_owned();
    assert_eq!(
        refused(service::read(client, "web:1", None)).await,
        (404, words)
    );
    ok(service::deregister(client, "bare", None)).await;
}

async fn state(client: &ConsulClient, id: &str) -> (String, String) {
    let check = ok(check::list(client, None)).await.remove(id).unwrap();
    (check.status.unwrap(), check.output.unwrap())
}

async fn checks(client: &ConsulClient) {
    let mut beat = RegisterCheckRequest::builder();
    ok(check::register(client, "beat", Some(beat.ttl("10m")))).await;
    assert_eq!(state(client, "beat").await.0, "critical", "no report yet");
    ok(check::pass(client, "beat", None)).await;
    assert_eq!(state(client, "beat").await.0, "passing");
    ok(check::warn(client, "beat", None)).await;
    assert_eq!(state(client, "beat").await.0, "warning");
    ok(check::fail(client, "beat", None)).await;
    assert_eq!(state(client, "beat").await.0, "critical");
    let mut words = TtlCheckUpdateRequest::builder();
    ok(check::set_status(
        client,
        "beat",
        "passing",
        Some(words.output("all well")),
    ))
    .await;
    assert_eq!(
        state(client, "beat").await,
        ("passing".into(), "all well".into())
    );

    let odd = refused(check::set_status(client, "beat", "fine", None)).await;
    assert_eq!(odd, (400, "Invalid check status: 'fine'".to_owned()));
    let absent = refused(check::pass(client, "absent", None)).await;
    let words = "CheckID \"absent\" does not have associated TTL".to_owned();
    assert_eq!(absent, (500, words));
    ok(check::deregister(client, "beat", None)).await;
    assert!(!ok(check::list(client, None)).await.contains_key("beat"));

    let args = vec!["true".to_owned()];
    let mut script = RegisterCheckRequest::builder();
    let script = check::register(client, "s", Some(script.args(args).interval("10s")));
    let (code, words) = refused(script).await;
    assert_eq!(code, 500);
    assert!(words.starts_with("Scripts are disabled"), "{words}");
}

/// consulrs takes `TaggedAddresses` for a map of texts. Consul sends a map of objects, and makes one by
/// itself for every service whose address is an IP address.
async fn what_it_cannot_read(client: &ConsulClient) {
    let mut host = RegisterServiceRequest::builder();
    let host = host.address("localhost").port(1_u64);
    ok(service::register(client, "host", Some(host))).await;
    ok(service::read(client, "host", None)).await;
    assert_eq!(ok(service::list(client, None)).await.len(), 1);

    let mut ip = RegisterServiceRequest::builder();
    let ip = ip.address("127.0.0.1").port(1_u64).check(ttl());
    ok(service::register(client, "ip", Some(ip))).await;
    let wrong = "invalid type: map, expected a string";
    let words = unreadable(service::read(client, "ip", None)).await;
    assert!(words.contains(wrong), "{words}");
    let words = unreadable(service::list(client, None)).await;
    assert!(words.contains(wrong), "one is enough to hide all: {words}");
    let words = unreadable(service::health(client, "ip", None)).await;
    assert!(words.contains(wrong), "{words}");
    // One object comes where it wants a list, whatever is in it.
    let words = unreadable(service::health_by_id(client, "host", None)).await;
    assert!(
        words.contains("invalid type: map, expected a sequence"),
        "{words}"
    );
    // The catalog calls the same thing `ServiceTaggedAddresses`, which it does not look at.
    let found = ok(catalog::nodes_with_service(client, "ip", None)).await;
    assert_eq!(found[0].service_address.as_deref(), Some("127.0.0.1"));

    ok(service::deregister(client, "ip", None)).await;
    ok(service::deregister(client, "host", None)).await;
}

async fn what_it_says_wrong(client: &ConsulClient) {
    // The words about the reason are those of each JSON library.
    let decode = "Request decode failed: json: ";
    let texts = HashMap::from([("a".to_owned(), "b".to_owned())]);
    let mut tagged = RegisterServiceRequest::builder();
    let tagged = tagged.tagged_addresses(texts.clone());
    let (code, words) = refused(service::register(client, "odd", Some(tagged))).await;
    assert!(code == 400 && words.starts_with(decode), "{code} {words}");
    let mut http = AgentServiceCheckBuilder::default();
    let http = http
        .http("http://127.0.0.1:1")
        .interval("10s")
        .header(texts);
    let mut odd = RegisterServiceRequest::builder();
    let odd = odd.check(http.build().unwrap());
    let (code, words) = refused(service::register(client, "odd", Some(odd))).await;
    assert!(code == 400 && words.starts_with(decode), "{code} {words}");

    // The note goes into the body; Consul looks for it after the question mark.
    let mut beat = RegisterCheckRequest::builder();
    ok(check::register(client, "note", Some(beat.ttl("10m")))).await;
    let mut note = TtlCheckPassRequest::builder();
    ok(check::pass(client, "note", Some(note.note("lost")))).await;
    assert_eq!(
        state(client, "note").await,
        ("passing".into(), String::new())
    );
    ok(check::deregister(client, "note", None)).await;

    // A path is escaped twice.
    assert!(ok(kv::set(client, "a b", b"1", None)).await);
    assert_eq!(ok(kv::keys(client, "a", None)).await, ["a%20b"]);
    assert!(ok(kv::delete(client, "a b", None)).await);
}
