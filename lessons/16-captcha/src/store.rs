//! What the rules of a captcha ask of a store, and Redis as one.
