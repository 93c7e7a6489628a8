//! What the built binary does, one module per capability.

fn main() {}
