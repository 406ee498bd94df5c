//! The faults of the notes' design, each attacked: here the attack works. The site of this lesson has the
//! same routes, and there the same attack fails.

mod answers;
mod cost;
mod http;
mod pictures;
mod site;
mod tap;
