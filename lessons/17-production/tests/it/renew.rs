//! New certificates for a site that runs, and a release of it: no process starts again that need not, and no visitor is lost.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use l16_captcha::pb::CallRequest;
use l16_captcha::pb::get_captcha_client::GetCaptchaClient;
use l17_production::machines::mtls::Mtls;
use l17_production::machines::roles::CAPTCHA;
use l17_production::machines::tls::{self, Identity};
use rustls::pki_types::ServerName;
use stage::tap::Tap;
use tonic::transport::Channel;

use crate::machines::{LIMIT, Site};
#[path = "../../demo/machines/visitor.rs"]
mod visitor;

/// The serial number of the certificate that is served there, as Python's `ssl` reads it.
fn serial(site: &Site, addr: &str, name: &str) -> String {
    let program = "import socket, ssl, sys
host, port = sys.argv[2].split(':')
context = ssl.create_default_context(cafile=sys.argv[1])
with socket.create_connection((host, int(port)), timeout=20) as stream:
    with context.wrap_socket(stream, server_hostname=sys.argv[3]) as stream:
        print(stream.getpeercert()['serialNumber'])";
    let authority = site.folder.path().join("one/authority.pem");
    let mut python = testkit::python();
    let told = python.args(["-c", program]).arg(authority);
    let told = told.args([addr, name]).output().unwrap();
    let words = String::from_utf8_lossy(&told.stderr);
    assert!(told.status.success(), "{addr}: {words}");
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

/// What is served by a captcha service, a Consul server and the agent at the front.
fn serials(site: &Site) -> [String; 3] {
    let net = &site.net;
    [
        serial(site, &format!("127.{net}.1.1:8880"), CAPTCHA),
        serial(site, &format!("127.{net}.1.1:8501"), "localhost"),
        serial(site, &format!("127.{net}.4.1:8501"), "localhost"),
    ]
}

/// Waits until a serial number of each is another one.
async fn changed(site: &Site, before: &[String; 3]) -> [String; 3] {
    let since = Instant::now();
    loop {
        let now = serials(site);
        if now.iter().zip(before).all(|(now, before)| now != before) {
            return now;
        }
        assert!(since.elapsed() < LIMIT, "{now:?} are {before:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The lines of the status that name a process.
fn processes(site: &Site) -> Vec<String> {
    let status = site.order(&["status"]);
    let lines = status.lines().filter(|line| line.contains("process "));
    lines.map(str::to_owned).collect()
}

/// A connection as the web of machine one makes it, through a tap that counts connections.
async fn connect(site: &Site) -> (Tap, GetCaptchaClient<Channel>) {
    let captcha: SocketAddr = format!("127.{}.1.1:8880", site.net).parse().unwrap();
    let tap = Tap::open(captcha).await.unwrap();
    let file = |name: &str| site.folder.path().join("one").join(name);
    let authority = std::fs::read_to_string(file("authority.pem")).unwrap();
    let identity = Identity::load(Path::new(&file("web.pem"))).unwrap();
    let mtls = Mtls {
        config: tls::client(&authority, Some(identity), &["h2"]).unwrap(),
        name: ServerName::try_from(CAPTCHA).unwrap(),
    };
    let channel = mtls.channel(tap.addr, LIMIT).await.unwrap();
    (tap, GetCaptchaClient::new(channel))
}

async fn call(client: &mut GetCaptchaClient<Channel>) {
    let status = client.call(CallRequest::default()).await.unwrap_err();
    // The answer of the service, which knows no captcha without an id.
    assert_eq!(status.code(), tonic::Code::InvalidArgument, "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn renewal_and_release_under_load_on_the_real_consul_and_the_real_redis() {
    let site = Site::up(&["--no-limits"]);
    let proxy: SocketAddr = format!("127.{}.4.1:8080", site.net).parse().unwrap();
    let visitors = visitor::crowd(proxy);
    let (running, first) = (processes(&site), serials(&site));
    assert_eq!(running.len(), 19);
    let (tap, mut client) = connect(&site).await;
    call(&mut client).await;

    // By hand; and so short that the next renewal comes by itself.
    let told = site.order(&["renew", "24"]);
    let issued = Instant::now();
    assert!(told.contains("they end in 2"), "{told}");
    let second = changed(&site, &first).await;
    call(&mut client).await;
    changed(&site, &second).await;
    assert!(issued.elapsed() >= Duration::from_secs(16));

    // Beyond the end of the second certificates: nothing has started again, and the old connection goes on.
    let rest = Duration::from_secs(25).saturating_sub(issued.elapsed());
    tokio::time::sleep(rest).await;
    call(&mut client).await;
    assert_eq!(tap.read().connections, 1);
    assert_eq!(processes(&site), running);
    let count = visitors.stop().await;
    assert!(count.failed.is_empty(), "{}", visitor::meanwhile(&count));
    assert!(count.answered() > 50, "{}", count.answered());

    // A release has visitors of its own.
    site.order(&["renew", "3600"]);
    let told = site.order(&["roll", "v2"]);
    assert!(told.contains(" solved a captcha, 0 lost\n"), "{told}");
    let last = processes(&site);
    let kept = running.iter().filter(|line| last.contains(line));
    assert_eq!(kept.count(), 10, "Consul, Redis and Sentinel stay");
}
