//! A run as a pure fold over its stamped entries.

pub mod bodies;
