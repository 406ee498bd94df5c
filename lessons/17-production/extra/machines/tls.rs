//! TLS with certificates that are renewed while the program runs: each handshake takes the newest one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use anyhow::{Context, ensure};
use rustls::client::{ResolvesClientCert, Resumption};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SignatureScheme};

// ANCHOR: identity
/// A certificate and its key, out of one file: so they change together.
#[derive(Debug)]
pub struct Identity {
    file: PathBuf,
    current: RwLock<Arc<CertifiedKey>>,
}

impl Identity {
    /// Reads the file.
    ///
    /// # Errors
    /// If it has no certificate or no key, or the key belongs to another certificate.
    pub fn load(file: &Path) -> anyhow::Result<Arc<Self>> {
        let current = RwLock::new(Arc::new(read(file)?));
        let file = file.to_owned();
        Ok(Arc::new(Identity { file, current }))
    }

    /// Looks at the file so often, until the runtime ends, and takes over a new certificate. One that cannot be used is logged,
    /// and the old one stays.
    pub fn follow(self: &Arc<Self>, every: Duration) {
        let identity = Arc::clone(self);
        tokio::spawn(async move {
            let mut seen = identity.changed();
            loop {
                tokio::time::sleep(every).await;
                let changed = identity.changed();
                if changed == seen {
                    continue;
                }
                seen = changed;
                match read(&identity.file) {
                    Ok(new) => {
                        identity.replace(new);
                        tracing::info!("a new certificate: {}", identity.file.display());
                    }
                    Err(error) => tracing::warn!("the old certificate stays: {error:#}"),
                }
            }
        });
    }
    // ANCHOR_END: identity

    fn changed(&self) -> Option<SystemTime> {
        std::fs::metadata(&self.file).ok()?.modified().ok()
    }

    fn replace(&self, new: CertifiedKey) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
    }

    fn newest(&self) -> Arc<CertifiedKey> {
        let current = self.current.read();
        Arc::clone(&current.unwrap_or_else(PoisonError::into_inner))
    }
}

// ANCHOR: resolve
impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.newest())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.newest())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
// ANCHOR_END: resolve

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

fn read(file: &Path) -> anyhow::Result<CertifiedKey> {
    let what = || file.display().to_string();
    let pem = std::fs::read(file).with_context(what)?;
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.with_context(what)?;
    ensure!(!certificates.is_empty(), "{}: no certificate", what());
    let key = PrivateKeyDer::from_pem_slice(&pem).with_context(what)?;
    // It compares the key with the certificate.
    CertifiedKey::from_der(certificates, key, &provider()).with_context(what)
}

fn roots(authority: &str) -> anyhow::Result<Arc<RootCertStore>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(authority.as_bytes()) {
        let certificate = certificate.context("the authority")?;
        roots.add(certificate).context("the authority")?;
    }
    ensure!(!roots.is_empty(), "the authority: no certificate");
    Ok(Arc::new(roots))
}

// ANCHOR: one_sided
/// For a server that serves any client: the client knows the server, and not the other way round.
///
/// # Errors
/// If the cryptography has no version of TLS.
pub fn server_for_all(identity: Arc<Identity>) -> anyhow::Result<Arc<ServerConfig>> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}
// ANCHOR_END: one_sided

// ANCHOR: configs
/// For a server that serves only peers with a certificate of this authority.
///
/// # Errors
/// If the authority is none.
pub fn server(authority: &str, identity: Arc<Identity>) -> anyhow::Result<Arc<ServerConfig>> {
    let verifier = WebPkiClientVerifier::builder_with_provider(roots(authority)?, provider());
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier.build()?)
        .with_cert_resolver(identity);
    config.alpn_protocols = vec![b"h2".to_vec()];
    // A resumed session would carry the client's certificate beyond its end.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Arc::new(config))
}

/// For a client that trusts this authority. With an identity it shows a certificate.
///
/// # Errors
/// If the authority is none.
pub fn client(
    authority: &str,
    identity: Option<Arc<Identity>>,
    protocols: &[&str],
) -> anyhow::Result<Arc<ClientConfig>> {
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots(authority)?);
    let mut config = match identity {
        Some(identity) => config.with_client_cert_resolver(identity),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
// ANCHOR_END: configs
