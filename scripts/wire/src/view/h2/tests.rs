//! Tests of this view.
