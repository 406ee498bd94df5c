//! The site: pages, pictures and verdicts for a browser.

/// Its name in the registry.
pub const NAME: &str = "go.micro.web.captcha";
