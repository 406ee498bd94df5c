//! What is given in this exercise: the answer uses it and does not change it.

use std::collections::HashMap;

/// What each token opens: the full names of services, such as `hello.v1.HelloService`.
pub type Rights = HashMap<String, Vec<String>>;
