//! A certificate authority made on the spot. It lives in one process and signs short certificates for services; a real site
//! has one in a program of its own, such as Vault or step-ca.

use std::io;
use std::path::Path;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use time::OffsetDateTime;

use super::secret;

/// An authority. Its key is in no file.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate before its time would confuse a peer whose clock is behind.
const CLOCKS: Duration = Duration::from_secs(60);

impl Authority {
    /// A new one.
    ///
    /// # Errors
    /// If the system has no random numbers, for example.
    pub fn new() -> Result<Self, rcgen::Error> {
        let mut about = CertificateParams::default();
        about.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        about.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // A unique name: two authorities of the same name would be taken for one.
        let key = KeyPair::generate()?;
        let end = key.public_key_raw().iter().rev().take(4);
        let end: String = end.map(|byte| format!("{byte:02x}")).collect();
        let name = format!("lesson 17: authority {end}");
        about.distinguished_name.push(DnType::CommonName, name);
        Ok(Authority(CertifiedIssuer::self_signed(about, key)?))
    }

    /// Returns the certificate in PEM, which is public: a peer that has it trusts what the authority has
    /// signed.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    // ANCHOR: issue
    /// A new key and a certificate for `names` that ends after `life`, together in one PEM text: DNS names and addresses. It is
    /// good for both sides of a connection.
    ///
    /// # Errors
    /// If a name is none.
    pub fn issue(&self, names: &[&str], life: Duration) -> Result<String, rcgen::Error> {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut about = CertificateParams::new(names.clone())?;
        about.not_before = OffsetDateTime::now_utc() - CLOCKS;
        about.not_after = OffsetDateTime::now_utc() + life;
        about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        about.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        about.distinguished_name.push(DnType::CommonName, &names[0]);
        let key = KeyPair::generate()?;
        let certificate = about.signed_by(&key, &self.0)?;
        Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
    }
    // ANCHOR_END: issue

    /// [`Authority::issue`] into a file, which is replaced in one step.
    ///
    /// # Errors
    /// As above, and what the file system says.
    pub fn issue_to(&self, file: &Path, names: &[&str], life: Duration) -> io::Result<()> {
        let pem = self.issue(names, life).map_err(io::Error::other)?;
        secret::write(file, &pem)
    }
}
