//! Reading workflows: what is taken, what is refused and how it is said, and what hostile bytes do.

mod cases;
mod documents;
mod drawing;
mod hostile;
pub(crate) mod known;
mod lived;
mod mutants;
mod pages;
mod shipped;
mod trials;
mod waits;

/// Reads a good file of the embedded connectors.
pub(crate) fn read(text: &str) -> super::model::Workflow {
    known::with_known(|known| super::parse("f.yaml", text.as_bytes(), known)).unwrap()
}
