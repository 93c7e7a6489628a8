//! Workflow text to [`model::Workflow`], or spanned errors.

pub mod model;
