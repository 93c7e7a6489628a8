//! A server whose clock a test moves: years in seconds.

mod house;
mod waiting;
mod year;
