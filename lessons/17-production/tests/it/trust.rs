//! Who may call whom: certificates on both sides, tokens of Consul and users of Redis with the least rights.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use l13_framework::registry::{Error, Instance, Registry};
use l17_production::machines::authority::Authority;
use l17_production::machines::consul::{Node, SERVER, Tokens, gossip_key, registry};
use l17_production::machines::https::Api;
use l17_production::machines::mtls::{Mtls, incoming};
use l17_production::machines::network::Network;
use l17_production::machines::redis::{Login, Users};
use l17_production::machines::roles::{CAPTCHA, WEB};
use l17_production::machines::secret;
use l17_production::machines::tls::{self, Identity};
use rustls::pki_types::ServerName;
use serde_json::Value;
use stage::load::Load;
use testkit::server::Server;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const LIMIT: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A captcha service, as far as trust goes: the health service behind mTLS.
struct Service {
    addr: SocketAddr,
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Service {
    async fn start(life: Duration) -> Service {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new().unwrap();
        let service = |addr| Service {
            addr,
            folder,
            authority,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = service(listener.local_addr().unwrap());
        let identity = service.identity("server", &[CAPTCHA], life);
        identity.follow(Duration::from_millis(50));
        let config = tls::server(&service.authority.pem(), identity).unwrap();
        let web = ServerName::try_from(WEB).unwrap();
        let (_, health) = tonic_health::server::health_reporter();
        let mut server = tonic::transport::Server::builder();
        let serving = server.add_service(health);
        tokio::spawn(serving.serve_with_incoming(incoming(listener, config, Some(&web))));
        service
    }

    fn identity(&self, file: &str, names: &[&str], life: Duration) -> Arc<Identity> {
        let file = self.folder.path().join(format!("{file}.pem"));
        self.authority.issue_to(&file, names, life).unwrap();
        Identity::load(&file).unwrap()
    }

    /// One call on a new connection, with this identity, to a service of this name.
    async fn call(
        &self,
        identity: Option<Arc<Identity>>,
        name: &'static str,
    ) -> Result<(), tonic::Status> {
        call(&self.authority.pem(), self.addr, identity, name).await
    }
}

async fn call(
    authority: &str,
    addr: SocketAddr,
    identity: Option<Arc<Identity>>,
    name: &'static str,
) -> Result<(), tonic::Status> {
    let mtls = Mtls {
        config: tls::client(authority, identity, &["h2"]).unwrap(),
        name: ServerName::try_from(name).unwrap(),
    };
    let channel = mtls.channel(addr, LIMIT).await?;
    let call = async {
        HealthClient::new(channel)
            .check(HealthCheckRequest::default())
            .await
    };
    timeout(LIMIT, call).await.expect("an answer")?;
    Ok(())
}

#[tokio::test]
async fn only_the_web_is_served_and_only_by_the_captcha_service() {
    let service = Service::start(DAY).await;
    let web = service.identity("web", &[WEB], DAY);
    service.call(Some(Arc::clone(&web)), CAPTCHA).await.unwrap();

    // Without a certificate, with one of another service, with one that has ended, and with one of another authority.
    let refused = async |identity| service.call(identity, CAPTCHA).await.unwrap_err();
    refused(None).await;
    refused(Some(service.identity("other", &[CAPTCHA], DAY))).await;
    let ended = service.identity("ended", &[WEB], Duration::ZERO);
    sleep(Duration::from_millis(1100)).await;
    refused(Some(ended)).await;
    let file = service.folder.path().join("foreign.pem");
    let foreign = Authority::new().unwrap();
    foreign.issue_to(&file, &[WEB], DAY).unwrap();
    refused(Some(Identity::load(&file).unwrap())).await;

    // The client refuses, too: a server of another name, and one of another authority.
    let words = service.call(Some(Arc::clone(&web)), WEB).await.unwrap_err();
    assert!(words.message().contains("not valid for name"), "{words}");
    let words = call(&foreign.pem(), service.addr, Some(web), CAPTCHA).await;
    let words = words.unwrap_err();
    assert!(words.message().contains("UnknownIssuer"), "{words}");
}

#[tokio::test]
async fn a_certificate_is_renewed_under_load_and_no_call_is_lost() {
    const LIFE: Duration = Duration::from_secs(4);
    let service = Arc::new(Service::start(LIFE).await);
    let web = service.identity("web", &[WEB], DAY);
    let load = {
        let (service, web) = (Arc::clone(&service), Arc::clone(&web));
        Load::start(4, Duration::from_millis(10), move || {
            let (service, web) = (Arc::clone(&service), Arc::clone(&web));
            async move {
                let called = service.call(Some(web), CAPTCHA).await;
                called
                    .map(|()| "served".to_owned())
                    .map_err(|status| status.to_string())
            }
        })
    };
    sleep(LIFE / 2).await;
    // A file that cannot be used changes nothing.
    let file = service.folder.path().join("server.pem");
    secret::write(&file, "no certificate").unwrap();
    sleep(Duration::from_millis(200)).await;
    service.authority.issue_to(&file, &[CAPTCHA], DAY).unwrap();
    // Well beyond the end of the first one.
    sleep(LIFE).await;
    let count = load.stop().await;
    assert!(count.failed.is_empty(), "{:?}", count.failures());
    assert!(count.answered() > 50, "{}", count.answered());
}

/// The proof that time matters: the same without a renewal.
#[tokio::test]
async fn a_certificate_that_has_ended_is_refused() {
    let service = Service::start(Duration::from_secs(1)).await;
    let web = service.identity("web", &[WEB], DAY);
    let since = Instant::now();
    loop {
        match service.call(Some(Arc::clone(&web)), CAPTCHA).await {
            Err(status) => {
                assert!(status.message().contains("xpired"), "{status}");
                return;
            }
            Ok(()) => assert!(since.elapsed() < LIMIT),
        }
        sleep(Duration::from_millis(100)).await;
    }
}

/// An address that no other test of this run has.
fn network() -> Network {
    // `machines.rs` takes the odd numbers.
    Network::Loopback(u8::try_from(20 + std::process::id() % 100 * 2).unwrap())
}

/// One Consul with the configuration of machine one, alone.
async fn consul(folder: &Path, tokens: &Tokens) -> (Server, Api, SocketAddr) {
    let network = network();
    let authority = Authority::new().unwrap();
    let ip = network.ip(0).to_string();
    let file = |name: &str| folder.join(name);
    secret::write(&file("authority.pem"), &authority.pem()).unwrap();
    let names = [SERVER, "localhost", &ip];
    authority
        .issue_to(&file("consul.pem"), &names, DAY)
        .unwrap();
    let node = Node {
        network,
        machine: 0,
        data: &file("data"),
        authority: &file("authority.pem"),
        identity: &file("consul.pem"),
        operator: &tokens.operator,
        token: &tokens.agents[0],
        gossip: &gossip_key().unwrap(),
        plain: None,
    };
    let mut config = node.config();
    config["bootstrap_expect"] = 1.into();
    config["retry_join"] = Value::Array(Vec::new());
    let port = testkit::free_port().unwrap();
    config["ports"]["https"] = port.into();
    config["ports"]["server"] = testkit::free_port().unwrap().into();
    config["ports"]["serf_lan"] = testkit::free_port().unwrap().into();
    secret::write(&file("consul.json"), &config.to_string()).unwrap();
    let mut server = Server::new(&testkit::consul::KIND).unwrap();
    let mut command = Command::new(testkit::consul::find().expect("the real Consul"));
    command
        .args(["agent", "-config-file"])
        .arg(file("consul.json"));
    server.run(&mut command).unwrap();
    let api = Api {
        config: tls::client(&authority.pem(), None, &[]).unwrap(),
        token: Some(tokens.operator.clone()),
    };
    let addr = SocketAddr::new(network.ip(0), port);
    let since = Instant::now();
    while !matches!(get(&api, addr, "/v1/acl/tokens").await, Ok((200, _))) {
        assert!(since.elapsed() < LIMIT, "{}", server.last_words());
        sleep(Duration::from_millis(100)).await;
    }
    tokens.create(&api, addr).await.unwrap();
    (server, api, addr)
}

async fn get(api: &Api, addr: SocketAddr, path: &str) -> std::io::Result<(u16, Value)> {
    api.ask(addr, "GET", path, &Value::Null).await
}

fn instance(name: &str) -> Instance {
    Instance {
        id: format!("{name}-1"),
        name: name.to_owned(),
        version: "v1".to_owned(),
        addr: SocketAddr::from(([127, 0, 0, 1], 9)),
        metadata: [].into(),
    }
}

#[tokio::test]
async fn tokens_of_the_real_consul_have_the_least_rights() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = Tokens::fresh().unwrap();
    let (_server, api, addr) = consul(folder.path(), &tokens).await;
    let authority = folder.path().join("authority.pem");
    let captcha = registry(addr, &authority, &tokens.captcha).unwrap();
    let web = registry(addr, &authority, &tokens.web).unwrap();
    let (captchas, webs) = (l16_captcha::service::NAME, l16_captcha::web::NAME);
    let ttl = Duration::from_secs(30);

    captcha.register(&instance(captchas), ttl).await.unwrap();
    web.register(&instance(webs), ttl).await.unwrap();
    // Each sees the other, and neither may take the other's name, nor take it off the list.
    assert_eq!(web.get_service(captchas).await.unwrap().len(), 1);
    for outcome in [
        captcha.register(&instance(webs), ttl).await,
        captcha.deregister(&instance(webs)).await,
        web.register(&instance(captchas), ttl).await,
    ] {
        assert!(
            matches!(&outcome, Err(Error::Refused(words)) if words.contains("403")),
            "{outcome:?}"
        );
    }
    assert_eq!(captcha.get_service(webs).await.unwrap().len(), 1);

    // The plane only reads; the anonymous token sees nothing; a service's token is none for the operator's work.
    let plane = registry(addr, &authority, &tokens.plane).unwrap();
    assert_eq!(plane.get_service(webs).await.unwrap().len(), 1);
    assert!(plane.register(&instance(webs), ttl).await.is_err());
    let with = |token| Api {
        token,
        ..api.clone()
    };
    let anonymous = with(None);
    let list = get(&anonymous, addr, "/v1/catalog/services").await.unwrap();
    assert_eq!(list, (200, Value::Object(serde_json::Map::new())));
    for api in [anonymous, with(Some(tokens.web.clone()))] {
        assert_eq!(get(&api, addr, "/v1/acl/tokens").await.unwrap().0, 403);
        let put = api.ask(addr, "PUT", "/v1/kv/x", &Value::Null).await;
        assert_eq!(put.unwrap().0, 403);
    }
    // Without TLS there is no API.
    assert!(
        l08_consul::ask::get(addr, "/v1/status/leader")
            .await
            .map_or(true, |it| it.status == 400)
    );
}

/// A Redis with the users of the site, alone: it may write without a replica.
fn redis(users: &Users, more: &str) -> (Server, SocketAddr) {
    let port = testkit::free_port().unwrap();
    let mut server = Server::new(&testkit::redis::KIND).unwrap();
    let ip = IpAddr::from([127, 0, 0, 1]);
    let config = users.redis(ip, None, server.folder());
    let config = config.replace("port 6379", &format!("port {port}"));
    let file = server.folder().join("redis.conf");
    secret::write(&file, &format!("{config}{more}")).unwrap();
    let mut command = Command::new(testkit::redis::find().expect("the real Redis"));
    server.run(command.arg(file)).unwrap();
    let addr = SocketAddr::new(ip, port);
    server
        .wait(|| std::net::TcpStream::connect(addr).is_ok())
        .unwrap();
    (server, addr)
}

#[tokio::test]
async fn users_of_the_real_redis_have_the_least_rights() {
    let users = Users::fresh().unwrap();
    let (_server, addr) = redis(&users, "min-replicas-to-write 0\n");
    let login = Login {
        user: "captcha",
        password: users.captcha.clone(),
    };
    let client = redis::Client::open(login.at(addr).unwrap()).unwrap();
    let mut captcha = client.get_multiplexed_async_connection().await.unwrap();
    let mut run = async |words: &str| {
        let mut words = words.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        command.arg(words.collect::<Vec<_>>());
        command.query_async::<redis::Value>(&mut captcha).await
    };
    for allowed in [
        "SET site:a 1 EX 9",
        "GET site:a",
        "INCRBY site:a 1",
        "GETDEL site:a",
        "PING",
    ] {
        run(allowed).await.unwrap();
    }
    for refused in [
        "FLUSHALL",
        "CONFIG GET dir",
        "KEYS *",
        "SET other 1",
        "GET other",
        "DEL site:a",
        "ACL LIST",
        "EVAL x 0",
        "REPLICAOF 127.0.0.1 1",
        "SUBSCRIBE a",
        "INFO",
    ] {
        let error = run(refused).await.expect_err(refused);
        assert!(
            error.to_string().contains("NoPerm") || error.code() == Some("NOPERM"),
            "{refused}: {error}"
        );
    }
    // Without a password, or with that of another user, there is nothing.
    let anonymous = redis::Client::open(format!("redis://{addr}/")).unwrap();
    let connected = anonymous.get_multiplexed_async_connection().await;
    if let Ok(mut connection) = connected {
        let ping = redis::cmd("PING")
            .query_async::<String>(&mut connection)
            .await;
        assert_eq!(ping.unwrap_err().code(), Some("NOAUTH"));
    }
    let wrong = Login {
        user: "captcha",
        password: users.replica.clone(),
    };
    let wrong = redis::Client::open(wrong.at(addr).unwrap()).unwrap();
    assert!(wrong.get_multiplexed_async_connection().await.is_err());
}
