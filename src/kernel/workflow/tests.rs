//! Reading workflows: what is taken, what is refused and how it is said, and what hostile bytes do.

mod cases;
mod drawing;
mod hostile;
mod known;
mod shipped;
mod trials;
