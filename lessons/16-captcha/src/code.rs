//! The answer of a picture, and everything else that nobody may guess: ids and sessions. All of it comes
//! from the operating system's own source of randomness.
