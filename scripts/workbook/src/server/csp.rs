//! Writes the content security policy of a page: what the browser may load and run for it.
//!
//! Inline scripts are allowed by the hash of their text, never by `unsafe-inline`: a script that
//! slips into a chapter or a program's output does not run. Our theme has none; if a page has one
//! after all, it is one that was built into it.

use sha2::{Digest, Sha256};

use crate::book::html::Tag;

/// For answers that are no pages.
pub const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// The policy of a page with these tags.
pub fn policy(tags: &[Tag<'_>]) -> String {
    let hashes = |name: &str| -> String {
        tags.iter()
            .filter(|tag| tag.name == name && tag.get("src").is_none())
            .map(|tag| format!(" 'sha256-{}'", base64(&Sha256::digest(tag.text.as_bytes()))))
            .collect()
    };
    // The page for unknown addresses is shown at any depth and says where its links start.
    let base = if tags.iter().any(|tag| tag.name == "base") {
        "'self'"
    } else {
        "'none'"
    };
    format!(
        "default-src 'none'; script-src 'self'{}; style-src 'self'{}; img-src 'self'; \
         font-src 'self'; connect-src 'self'; base-uri {base}; form-action 'none'; \
         frame-ancestors 'none'",
        hashes("script"),
        hashes("style"),
    )
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            out.push(if at <= group.len() {
                char::from(LETTERS[(bits >> shift & 63) as usize])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::html::tags;

    #[test]
    fn base64_is_the_known_one() {
        let known = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, encoded) in known {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn inline_scripts_are_allowed_by_their_hash() {
        // The hash of `alert(1)`, from `openssl dgst -sha256 -binary | base64`.
        let page = "<script src=a.js></script><script>alert(1)</script><style>p{}</style>";
        let policy = policy(&tags(page));
        assert!(
            policy.contains(
                "script-src 'self' 'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='; style"
            ),
            "{policy}"
        );
        assert!(policy.contains("style-src 'self' 'sha256-"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(policy.contains("base-uri 'none'"), "{policy}");
    }
}
