//! Certificates generated at the start: an authority, and a server certificate that it has signed. They exist
//! as long as one folder does. A real service has a certificate from a public authority; the rest is the
//! same.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tonic::transport::{
    Certificate, ClientTlsConfig, Endpoint, Error, Identity, Server, ServerTlsConfig,
};

/// The names of this server in its certificate. Clients compare them with the name that they dialled.
pub const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// What a server with TLS needs, and what its clients need.
pub struct Certificates {
    /// The server's certificate and its private key.
    pub identity: Identity,
    /// The authority's certificate. It is public: clients trust the server because of it.
    pub authority: String,
}

impl Certificates {
    /// New certificates, which are not written to a file.
    ///
    /// # Errors
    /// If the system has no random numbers, for example.
    pub fn make() -> Result<Self, rcgen::Error> {
        make().map(|(made, ..)| made)
    }
}

// ANCHOR: make
/// Makes an authority and a certificate for this machine that it has signed; also returns that certificate
/// and its key as text. The authority's own key is dropped at the end, so it cannot sign anything
/// else.
fn make() -> Result<(Certificates, String, String), rcgen::Error> {
    let mut about = CertificateParams::default();
    about.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    about.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // A unique name: two authorities of the same name would be taken for one.
    let key = KeyPair::generate()?;
    let name = format!("lesson 07: authority {}", fingerprint(&key));
    about.distinguished_name.push(DnType::CommonName, name);
    let authority = CertifiedIssuer::self_signed(about, key)?;

    let mut about = CertificateParams::new(NAMES.map(String::from))?;
    about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    about.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    about
        .distinguished_name
        .push(DnType::CommonName, "lesson 07: a server");
    let key = KeyPair::generate()?;
    let certificate = about.signed_by(&key, &authority)?.pem();
    let key = key.serialize_pem();
    let made = Certificates {
        identity: Identity::from_pem(&certificate, &key),
        authority: authority.pem(),
    };
    Ok((made, certificate, key))
}
// ANCHOR_END: make

/// The server speaks TLS with these certificates; `handshake` limits the time of a handshake.
///
/// # Errors
/// If the certificate and its key cannot be read.
pub(crate) fn offer(
    server: Server,
    certificates: Certificates,
    handshake: Duration,
) -> Result<Server, Error> {
    let tls = ServerTlsConfig::new().identity(certificates.identity);
    server.tls_config(tls.timeout(handshake))
}

// ANCHOR: trust
/// The client speaks TLS, and trusts what `authority` has signed; `handshake` limits the time of a handshake.
///
/// # Errors
/// If this is no certificate.
pub(crate) fn trust(
    endpoint: Endpoint,
    authority: &str,
    handshake: Duration,
) -> Result<Endpoint, Error> {
    // The client compares the names in the certificate with the one that it dialled.
    let tls = ClientTlsConfig::new()
        .ca_certificate(Certificate::from_pem(authority))
        .timeout(handshake);
    endpoint.tls_config(tls)
}
// ANCHOR_END: trust

/// What rustls says about a certificate that it does not trust, in words.
pub(crate) fn untrusted(why: &str) -> &str {
    match why {
        "UnknownIssuer" => "it is signed by an unknown authority",
        why if why.contains("not valid for name") => "it is for another name",
        why => why,
    }
}

/// The last bytes of a public key: enough to tell two of them apart.
fn fingerprint(key: &KeyPair) -> String {
    let last = key.public_key_raw().iter().rev().take(4);
    last.map(|byte| format!("{byte:02x}")).collect()
}

/// Where certificates lie in a folder.
struct Files {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Files {
    fn within(folder: &Path) -> Self {
        Files {
            authority: folder.join("ca.pem"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        }
    }
}

/// Takes the certificates in `folder`, or makes new ones there, so that callers who trust the folder's
/// authority still do after the server was started again. Returns the path of `ca.pem` as well.
///
/// # Errors
/// What the file system says, or that no certificate could be made.
pub fn within(folder: &Path) -> io::Result<(Certificates, PathBuf)> {
    fs::create_dir_all(folder)?;
    let files = Files::within(folder);
    if !(files.authority.is_file() && files.certificate.is_file() && files.key.is_file()) {
        let (made, certificate, key) = make().map_err(io::Error::other)?;
        write_new(&files.authority, made.authority.as_bytes(), false)?;
        write_new(&files.certificate, certificate.as_bytes(), false)?;
        write_new(&files.key, key.as_bytes(), true)?;
    }
    let certificate = fs::read(&files.certificate)?;
    let certificates = Certificates {
        identity: Identity::from_pem(certificate, fs::read(&files.key)?),
        authority: fs::read_to_string(&files.authority)?,
    };
    Ok((certificates, files.authority))
}

/// Writes a file of which no part was there before. A secret is never readable for others, not even
/// for the moment between writing and protecting it: it is created that way.
fn write_new(path: &Path, bytes: &[u8], secret: bool) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(if secret { 0o600 } else { 0o644 });
    }
    #[cfg(not(unix))]
    let _ = secret;
    options.open(path)?.write_all(bytes)
}
