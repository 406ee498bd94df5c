//! The captcha site of lesson 16 for a load test, and the same site written the naive way beside it.

pub mod naive;
pub mod site;
