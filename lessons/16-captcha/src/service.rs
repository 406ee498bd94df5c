//! `go.micro.srv.getCaptcha`: makes captchas and judges answers.

/// The name that callers ask for.
pub const NAME: &str = "go.micro.srv.getCaptcha";
