//! TLS: which server is trusted, which is not, and which does not speak it.

use std::fs;

use crate::running::{Server, order, patient};
use l07_streaming::client::{self, ConnectError};
use l07_streaming::extra::tls::{self, Certificates};
use l07_streaming::pb::GreetRequest;
use l07_streaming::server::Settings;
use l07_streaming::service::Streams;

fn greet() -> GreetRequest {
    GreetRequest {
        name: "wire".to_string(),
    }
}

async fn sealed() -> (Server, client::Settings) {
    let certificates = Certificates::make().unwrap();
    let settings = trusting(&certificates);
    let server = Server::with(Streams::default(), Settings::default(), Some(certificates)).await;
    (server, settings)
}

fn trusting(certificates: &Certificates) -> client::Settings {
    client::Settings {
        authority: Some(certificates.authority.clone()),
        ..client::Settings::default()
    }
}

#[tokio::test]
async fn a_client_that_trusts_the_authority_is_served() {
    let (server, settings) = sealed().await;
    let mut client = server.client_with(&settings).await;
    let reply = patient(client.greet(greet())).await.unwrap();
    assert_eq!(reply.get_ref().message, "hello wire");
    let mut replies = client
        .repeat(order(100, 0, 8000))
        .await
        .unwrap()
        .into_inner();
    let mut came = 0;
    while patient(replies.message()).await.unwrap().is_some() {
        came += 1;
    }
    assert_eq!(came, 100);
    server.ended().await;
}

#[tokio::test]
async fn a_client_that_trusts_another_authority_gets_the_reason() {
    let (server, _) = sealed().await;
    let another = Certificates::make().unwrap();
    let error = patient(client::connect(server.addr, &trusting(&another)))
        .await
        .unwrap_err();
    assert_eq!(error, ConnectError::Untrusted("UnknownIssuer".to_string()));
    assert!(error.to_string().contains("signed by an unknown authority"));
    server.ended().await;
}

#[tokio::test]
async fn a_client_without_tls_gets_a_hint() {
    let (server, _) = sealed().await;
    let clear = client::Settings::default();
    let mut client = server.client_with(&clear).await;
    let status = patient(client.greet(greet())).await.unwrap_err();
    let hint = client::hint(&status, &clear);
    assert!(hint.is_some_and(|hint| hint.contains("TLS")), "{status:?}");
    server.ended().await;
}

#[tokio::test]
async fn tls_to_a_server_without_it_has_its_own_error() {
    let server = Server::start().await;
    let settings = trusting(&Certificates::make().unwrap());
    let error = patient(client::connect(server.addr, &settings)).await;
    assert_eq!(error.unwrap_err(), ConnectError::ServerIsPlain);
    server.ended().await;
}

#[tokio::test]
async fn an_authority_that_is_none_is_no_connection() {
    let (server, _) = sealed().await;
    for nonsense in [
        "",
        "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n",
    ] {
        let settings = client::Settings {
            authority: Some(nonsense.to_string()),
            ..client::Settings::default()
        };
        let error = patient(client::connect(server.addr, &settings)).await;
        assert!(error.is_err(), "{nonsense:?} was trusted");
    }
    server.ended().await;
}

#[test]
fn the_folder_keeps_its_certificates_and_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let within = folder.path().join("new");
    let (first, authority) = tls::within(&within).unwrap();
    assert_eq!(authority, within.join("ca.pem"));
    let (second, _) = tls::within(&within).unwrap();
    assert_eq!(first.authority, second.authority);
    let key = within.join("server.key");
    assert!(fs::read_to_string(&key).unwrap().contains("PRIVATE KEY"));
    for public in ["ca.pem", "server.pem"] {
        let text = fs::read_to_string(within.join(public)).unwrap();
        assert!(!text.contains("PRIVATE"), "{public}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // One of them is gone: none of the others is of any use without it.
    fs::remove_file(within.join("server.pem")).unwrap();
    let (third, _) = tls::within(&within).unwrap();
    assert_ne!(first.authority, third.authority);
}
