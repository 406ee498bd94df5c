//! What this lesson shows: a phone book that checks who is alive.
