//! Authentication by a token. One interceptor in front of *everything*: services, reflection, health, and
//! names that do not exist. A check in each method would be missing in the next method that is added.

use tonic::{Request, Status};

/// Lets a request through, or says what is wrong with it. It sees headers and no message.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    /// Without one, every caller may call.
    token: Option<String>,
}

impl Guard {
    /// A guard that asks for this token.
    pub fn new(token: Option<String>) -> Self {
        Guard { token }
    }
}

// ANCHOR: interceptor
impl tonic::service::Interceptor for Guard {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let Some(token) = &self.token else {
            return Ok(request);
        };
        let Some(given) = request.metadata().get("authorization") else {
            return Err(Status::unauthenticated(
                "this server wants a token: authorization: Bearer TOKEN",
            ));
        };
        let given = given
            .as_bytes()
            .strip_prefix(b"Bearer ")
            .unwrap_or_default();
        if same(given, token.as_bytes()) {
            Ok(request)
        } else {
            // Not which part of it is wrong, and not what would be right.
            Err(Status::unauthenticated("this token is not the right one"))
        }
    }
}
// ANCHOR_END: interceptor

/// Compares to the end: `==` stops at the first difference, and its time tells where that was.
fn same(given: &[u8], token: &[u8]) -> bool {
    let differences = given.iter().zip(token).fold(0, |sum, (a, b)| sum | (a ^ b));
    given.len() == token.len() && differences == 0
}
