//! The service of this lesson: a calculator with two keys, and a third one that may not be pressed twice.

use std::sync::{Mutex, PoisonError};

use tonic::{Request, Response, Status};

use super::pb::arith::arith_server::Arith;
use super::pb::arith::{
    DivRequest, DivResponse, MulRequest, MulResponse, RememberRequest, RememberResponse,
};

/// Calculates.
#[derive(Debug)]
pub struct Calculator {
    /// What it calls itself in its replies.
    name: String,
    memory: Mutex<i64>,
}

impl Calculator {
    /// One with this name, and nothing in its memory.
    pub fn new(name: impl Into<String>) -> Self {
        Calculator {
            name: name.into(),
            memory: Mutex::new(0),
        }
    }
}

// ANCHOR: arith
#[tonic::async_trait]
impl Arith for Calculator {
    async fn mul(&self, request: Request<MulRequest>) -> Result<Response<MulResponse>, Status> {
        let MulRequest { a, b } = request.into_inner();
        Ok(Response::new(MulResponse {
            product: a.checked_mul(b).ok_or_else(|| too_big("the product"))?,
            answered_by: self.name.clone(),
        }))
    }

    async fn div(&self, request: Request<DivRequest>) -> Result<Response<DivResponse>, Status> {
        let DivRequest { a, b } = request.into_inner();
        if b == 0 {
            return Err(Status::invalid_argument("b: nothing is divided by zero"));
        }
        // The smallest number divided by -1 is one more than the largest.
        let quotient = a.checked_div(b).ok_or_else(|| too_big("the quotient"))?;
        Ok(Response::new(DivResponse {
            quotient,
            remainder: a - quotient * b,
            answered_by: self.name.clone(),
        }))
    }

    async fn remember(
        &self,
        request: Request<RememberRequest>,
    ) -> Result<Response<RememberResponse>, Status> {
        let n = request.into_inner().n;
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        *memory = (memory.checked_add(n)).ok_or_else(|| too_big("the memory"))?;
        Ok(Response::new(RememberResponse {
            memory: *memory,
            answered_by: self.name.clone(),
        }))
    }
}
// ANCHOR_END: arith

fn too_big(what: &str) -> Status {
    Status::out_of_range(format!("{what} does not fit into 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    async fn mul(a: i64, b: i64) -> Result<i64, Code> {
        let request = Request::new(MulRequest { a, b });
        let reply = Calculator::new("one").mul(request).await;
        reply
            .map(|reply| reply.into_inner().product)
            .map_err(|status| status.code())
    }

    async fn div(a: i64, b: i64) -> Result<(i64, i64), Code> {
        let request = Request::new(DivRequest { a, b });
        let reply = Calculator::new("one").div(request).await;
        reply
            .map(|reply| (reply.get_ref().quotient, reply.get_ref().remainder))
            .map_err(|status| status.code())
    }

    #[tokio::test]
    async fn products() {
        assert_eq!(mul(25, 4).await, Ok(100));
        assert_eq!(mul(-25, 4).await, Ok(-100));
        assert_eq!(mul(i64::MAX, 1).await, Ok(i64::MAX));
        assert_eq!(mul(i64::MAX, 2).await, Err(Code::OutOfRange));
        assert_eq!(mul(i64::MIN, -1).await, Err(Code::OutOfRange));
    }

    #[tokio::test]
    async fn quotients() {
        assert_eq!(div(25, 4).await, Ok((6, 1)));
        assert_eq!(div(-25, 4).await, Ok((-6, -1)));
        assert_eq!(div(25, -4).await, Ok((-6, 1)));
        assert_eq!(div(i64::MIN, 2).await, Ok((i64::MIN / 2, 0)));
        assert_eq!(div(25, 0).await, Err(Code::InvalidArgument));
        assert_eq!(div(i64::MIN, -1).await, Err(Code::OutOfRange));
    }

    #[tokio::test]
    async fn a_memory_that_is_full_stays_as_it_is() {
        let one = Calculator::new("one");
        let press = async |n| {
            let reply = one.remember(Request::new(RememberRequest { n })).await;
            reply
                .map(|reply| reply.into_inner().memory)
                .map_err(|status| status.code())
        };
        assert_eq!(press(5).await, Ok(5));
        assert_eq!(press(-7).await, Ok(-2));
        assert_eq!(press(i64::MIN).await, Err(Code::OutOfRange));
        assert_eq!(press(2).await, Ok(0));
    }
}
