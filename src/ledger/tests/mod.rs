//! The ledger against its promises.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod commits;
mod faults;
mod house;
mod leases;
mod limits;
mod measure;
mod rules;
mod signing;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::batch::Statement;
use super::writer::Writer;

/// What a test breaks in the pipeline.
#[derive(Debug)]
pub(super) enum Break {
    /// The next statement is written, and its answer is lost.
    LoseAnswer,
    /// The next statement is lost.
    LoseStatement,
    /// The next statement is refused by a constraint that names no entry.
    Bare,
    /// The file may not grow beyond its present pages; or may again.
    Full(bool),
    /// Nothing: how many batches were committed.
    Count(Arc<AtomicU64>),
}

impl Break {
    pub(super) async fn apply(self, writer: &mut Writer) {
        match self {
            Self::Full(full) => {
                let pages = if full { "pragma max_page_count = 1" } else { "pragma max_page_count = 1073741823" };
                sqlx::query(pages).execute(&mut writer.connection).await.unwrap();
            }
            Self::Count(count) => count.store(writer.batches.load(Ordering::Relaxed), Ordering::Relaxed),
            broken => writer.broken = Some(broken),
        }
    }

    pub(super) async fn write(self, writer: &mut Writer, statement: Statement) -> Result<(), sqlx::Error> {
        match self {
            Self::LoseAnswer => statement.run(&mut writer.connection, None).await?,
            Self::Bare => {
                let second = sqlx::query("insert into tree values (2, 0, x'', zeroblob(32))");
                second.execute(&mut writer.connection).await?;
            }
            _ => {}
        }
        Err(sqlx::Error::WorkerCrashed)
    }
}
