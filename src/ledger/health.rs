//! Whether the ledger takes entries at this moment, and how much of it is signed: for those who watch over it.

use countersign_warrant::JournalError;
use sqlx::{Connection as _, SqliteConnection};

use super::Ledger;
use super::lease::unwritten;
use super::order::Order;

/// How far the ledger has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// How many entries are committed.
    pub committed: u64,
    /// How many of them are under a signed checkpoint.
    pub signed: u64,
}

impl Ledger {
    /// Writes something that nobody reads, takes it back, and waits until the device has both: what an entry needs, without
    /// one.
    ///
    /// # Errors
    /// When an entry would not be taken now.
    pub async fn confirm(&self) -> Result<(), JournalError> {
        self.ask(Order::Confirm).await?
    }

    /// How far it has come.
    pub fn extent(&self) -> Extent {
        let signed = self.signatures.borrow().checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size);
        Extent { committed: self.committed.borrow().size(), signed }
    }
}

// WHY: a row that is set to what it is dirties no page, and so would not meet a full disk.
pub(super) async fn write(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    let written = async {
        let mut transaction = connection.begin().await?;
        sqlx::query("insert into due (workflow, kind, subject, rule) values ('', 'schedule', '', '')")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("delete from due where workflow = ''").execute(&mut *transaction).await?;
        transaction.commit().await
    };
    written.await.map_err(|error| unwritten(&error))
}
