//! A service with two methods.

use tonic::{Request, Response, Status};

use crate::pb::hello::hello_service_server::HelloService;
use crate::pb::hello::{HelloRequest, HelloResponse, NameRequest, NameResponse};
use crate::refuse::given;

/// Greets, and repeats names, in Chinese.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hello;

#[tonic::async_trait]
impl HelloService for Hello {
    async fn say_hello(
        &self,
        request: Request<HelloRequest>,
    ) -> Result<Response<HelloResponse>, Status> {
        let name = given(request.into_inner().name)?;
        Ok(Response::new(HelloResponse {
            msg: format!("你好,{name}"),
        }))
    }

    async fn say_name(
        &self,
        request: Request<NameRequest>,
    ) -> Result<Response<NameResponse>, Status> {
        let name = given(request.into_inner().name)?;
        Ok(Response::new(NameResponse {
            msg: format!("你的名字是：{name}"),
        }))
    }
}
