//! Two services whose request and reply are the same message.

use tonic::{Request, Response, Status};

use crate::pb::say::say_name_server::SayName;
use crate::pb::say::say_server::Say;
use crate::pb::say::{Person, Teacher};
use crate::refuse::{Violations, given};

/// The service `SayName`: returns a teacher with a longer name.
#[derive(Clone, Copy, Debug, Default)]
pub struct Names;

#[tonic::async_trait]
impl SayName for Names {
    async fn say_hello(&self, request: Request<Teacher>) -> Result<Response<Teacher>, Status> {
        let Teacher { age, name } = request.into_inner();
        Violations::default().name(&name).age(age).none()?;
        let name = format!("{name}chi");
        Ok(Response::new(Teacher { age, name }))
    }
}

/// The service `Say`: a person says something.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sayings;

#[tonic::async_trait]
impl Say for Sayings {
    async fn say_something(&self, request: Request<Person>) -> Result<Response<Person>, Status> {
        let name = given(request.into_inner().name)?;
        let say = format!("{name}hello");
        Ok(Response::new(Person { name, say }))
    }
}
