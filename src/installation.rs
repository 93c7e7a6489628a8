//! A data folder, opened: for reading by anybody, for writing by one process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use countersign_contract::file;
use countersign_kernel::evidence::note::VerifierKey;
use countersign_kernel::plan::{Persons, persons_of};
use countersign_kernel::run::bodies::KeyBody;
use countersign_kernel::workflow::model::Workflow;
use countersign_warrant::{JournalError, Kind, Stamped, Timestamp, VersionId};
use zeroize::Zeroizing;

use crate::catalog::{Catalog, CatalogError};
use crate::clock::{self, Clock, SystemClock};
use crate::folder::{Folder, FolderError, FolderLock};
use crate::ledger::{Ledger, LedgerKey, LedgerOptions, OpenLedgerError};
use crate::runner::Shared;
use crate::secrets::{KeyPublic, Keys, KeysError, ShieldError};
use crate::settings::{Settings, SettingsError};
use crate::store::{OpenStoreError, ReadStoreError, Store};

/// Who leases runs: whichever process holds the folder's lock.
const OWNER: &str = "folder";

/// How long a run's lease lasts without being renewed.
const LEASE: Duration = Duration::from_secs(15);

/// Why a data folder could not be opened. Nothing was changed in it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder itself.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// This process's memory could not be closed to others.
    #[error(transparent)]
    Shield(#[from] ShieldError),
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store.
    #[error(transparent)]
    Store(#[from] OpenStoreError),
    /// What is stored could not be read.
    #[error("the store could not be read")]
    Read(#[from] ReadStoreError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] OpenLedgerError),
    /// The clock says an earlier time than the ledger's last entry.
    #[error("the clock says {now}, and the ledger's last entry is of {last}: no deadline or expiry can be trusted")]
    ClockBehind {
        /// What the clock says.
        now: Timestamp,
        /// The stamp of the last entry.
        last: Timestamp,
    },
    /// The clock says a time that lies years ahead of the ledger's last entry.
    #[error(
        "the clock says {now}, and the ledger's last entry is of {last}: nobody has worked here for so long, or the clock is wrong"
    )]
    ClockAhead {
        /// What the clock says.
        now: Timestamp,
        /// The stamp of the last entry.
        last: Timestamp,
    },
    /// The connectors.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The ledger's key is no key.
    #[error("the ledger's key cannot be used")]
    LedgerKey(#[source] countersign_kernel::evidence::note::NoteError),
    /// The first entries could not be written.
    #[error("the keys of the new folder could not be recorded")]
    Record(#[source] JournalError),
    /// A `key` entry cannot be read.
    #[error("a `key` entry cannot be read")]
    KeyEntry(#[source] countersign_warrant::DecodeEntryError),
    /// The verifier's key could not be written.
    #[error("`{}` could not be written", path.display())]
    VerifierKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl OpenError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder(source) => source.code(),
            Self::Shield(source) => source.code(),
            Self::Settings(source) => source.code(),
            Self::Keys(source) => source.code(),
            Self::Store(source) => source.code(),
            Self::Read(source) => source.code(),
            Self::Ledger(source) => source.code(),
            Self::ClockBehind { .. } => "clock.behind",
            Self::ClockAhead { .. } => "clock.ahead",
            Self::Catalog(source) => source.code(),
            Self::LedgerKey(source) => source.code(),
            Self::Record(source) => source.code(),
            Self::KeyEntry(_) => "store.corrupt",
            Self::VerifierKey { .. } => "folder.unwritable",
        }
    }
}

/// A data folder opened for reading.
pub struct Reading {
    /// The folder.
    pub folder: Folder,
    /// Typed reads.
    pub store: Store,
}

impl Reading {
    /// Opens the folder for reading; another process may write meanwhile.
    ///
    /// # Errors
    /// When it is not there, or cannot be read.
    pub async fn open(path: &Path) -> Result<Self, OpenError> {
        let folder = Folder::open(path)?;
        let store = Store::open_read_only(&folder.store_path()).await?;
        Ok(Self { folder, store })
    }
}

impl Reading {
    /// Whom the workflow and the given inputs name, with their opaque ids. Only the person key is read; nothing is
    /// written.
    ///
    /// # Errors
    /// When the person key cannot be read.
    pub fn persons(&self, workflow: &Workflow, given: &BTreeMap<String, String>) -> Result<Persons, OpenError> {
        let named = persons_of(workflow, given).into_iter();
        named.map(|name| Ok((name.clone(), Keys::person_in(&self.folder, &name)?))).collect()
    }

    /// The opaque id of whoever has that name. Only the person key is read.
    ///
    /// # Errors
    /// When the person key cannot be read.
    pub fn person(&self, name: &str) -> Result<String, OpenError> {
        Ok(Keys::person_in(&self.folder, name)?)
    }

    /// Who asks: the user of the operating system, under an opaque id. Only the person key is read.
    ///
    /// # Errors
    /// When the person key cannot be read.
    pub fn asker(&self) -> Result<String, OpenError> {
        Ok(Keys::person_in(&self.folder, &os_user())?)
    }
}

/// What a look at the keys found: they are all there, ours alone, and those that the ledger knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysSeen {
    /// How many versions that are not retired were opened with them.
    pub opened: usize,
    /// Those that did not open, and why.
    pub shut: Vec<(VersionId, String)>,
}

impl Reading {
    /// Opens a folder of which the caller knows that nobody writes in it now: no file is made, not even for a moment.
    ///
    /// # Errors
    /// As [`Reading::open`].
    pub async fn open_still(folder: Folder) -> Result<Self, OpenError> {
        let store = Store::open_still(&folder.store_path()).await?;
        Ok(Self { folder, store })
    }

    /// Reads all keys, compares them with what the ledger says of them, and opens what is sealed. Nothing is written; plain
    /// material is wiped at once.
    ///
    /// # Errors
    /// When a key is missing, is not the one that the ledger knows, or can be read by others.
    pub async fn look_at_keys(&self) -> Result<KeysSeen, OpenError> {
        crate::secrets::shield()?;
        let keys = Keys::open(&self.folder)?;
        let known = known_keys(&self.store).await?;
        keys.confirm(&known)?;
        let verifier = ledger_key(&keys)?.verifier_key().map_err(OpenError::LedgerKey)?.to_string();
        if known.iter().any(|one| one.key == "ledger") && !known.iter().any(|one| one.public == verifier) {
            return Err(KeysError::Wrong { key: "ledger" }.into());
        }
        let mut seen = KeysSeen { opened: 0, shut: Vec::new() };
        for version in self.store.live_versions().await? {
            let why = match self.store.blob(&version.blob).await? {
                None => Some("its sealed bytes are not stored".to_owned()),
                Some(blob) => match keys.fits(&version.id, blob.bytes(), &version.fingerprint) {
                    Ok(true) => None,
                    Ok(false) => Some("it opens, and is not what its fingerprint says".to_owned()),
                    Err(error) => Some(error.to_string()),
                },
            };
            match why {
                None => seen.opened += 1,
                Some(why) => seen.shut.push((version.id, why)),
            }
        }
        Ok(seen)
    }
}

/// The name of the user that runs this process.
fn os_user() -> String {
    user_of(nix::unistd::geteuid())
}

/// The name of a user of the operating system.
pub(crate) fn user_of(uid: nix::unistd::Uid) -> String {
    let user = nix::unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| format!("uid-{uid}"), |user| user.name)
}

/// A data folder opened for writing, by this process alone.
pub struct Installation {
    /// The folder.
    pub folder: Folder,
    /// Typed reads.
    pub store: Store,
    /// The one journal.
    pub ledger: Arc<Ledger>,
    /// The settings that it was opened with.
    pub settings: Settings,
    /// The connectors of the settings.
    pub catalog: Arc<Catalog>,
    /// The keys.
    pub keys: Arc<Keys>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What the runners of this process share.
    pub shared: Arc<Shared>,
    lock: FolderLock,
}

impl Installation {
    /// Makes the folder, or what is missing of it, and opens it for writing.
    ///
    /// # Errors
    /// When the folder is held, or anything in it is not as it should be.
    pub async fn create(path: &Path, command: &str) -> Result<Self, OpenError> {
        crate::secrets::shield()?;
        let (folder, lock) = Folder::create(path, command, SystemClock.now())?;
        let keys = Keys::make_missing(&folder, &lock)?;
        Self::within(folder, lock, keys, Arc::new(SystemClock)).await
    }

    /// As [`Installation::create`], with another clock than the machine's: for simulations.
    ///
    /// # Errors
    /// As [`Installation::create`].
    pub async fn create_with_clock(path: &Path, command: &str, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let (folder, lock) = Folder::create(path, command, clock.now())?;
        let keys = Keys::make_missing(&folder, &lock)?;
        Self::within(folder, lock, keys, clock).await
    }

    /// Opens the folder for writing. `command` is what another process is told of this one.
    ///
    /// # Errors
    /// When it is not there or held, or anything in it is not as it should be.
    pub async fn open(path: &Path, command: &str) -> Result<Self, OpenError> {
        crate::secrets::shield()?;
        let folder = Folder::open(path)?;
        let lock = folder.lock(command, SystemClock.now())?;
        let keys = Keys::open(&folder)?;
        Self::within(folder, lock, keys, Arc::new(SystemClock)).await
    }

    async fn within(folder: Folder, lock: FolderLock, keys: Keys, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let settings = Settings::load(&folder.settings_path())?;
        let store = Store::open(&folder.store_path()).await?;
        check_clock(clock.now(), store.last_stamp().await?, settings.clock_trusted_until)?;
        let known = known_keys(&store).await?;
        keys.confirm(&known)?;
        let key = ledger_key(&keys)?;
        let verifier = key.verifier_key().map_err(OpenError::LedgerKey)?;
        let now = Arc::clone(&clock);
        let options = LedgerOptions {
            // WHY: the folder's lock proves that whoever leased a run here before has ended: all of them are one owner.
            owner: OWNER.to_owned(),
            lease: LEASE,
            head_file: folder.root().join("keys").join("ledger.head"),
            clock: Arc::new(move || now.now()),
        };
        let ledger = Arc::new(Ledger::open(store.clone(), key, options).await?);
        record_keys(&ledger, &keys, &verifier, &known).await?;
        write_verifier_key(&folder, &verifier)?;
        ledger.arrange_limits(settings.limits()).await.map_err(OpenError::Record)?;
        let shared = Arc::new(Shared::new(&settings));
        let catalog = Arc::new(Catalog::start(&settings, &folder).await?);
        Ok(Self { folder, store, ledger, settings, catalog, keys: Arc::new(keys), clock, shared, lock })
    }

    /// Who asks: the user of the operating system, under an opaque id. The name is entered in the erasable table, never
    /// in an entry.
    ///
    /// # Errors
    /// When the name cannot be entered.
    pub async fn asker(&self) -> Result<String, JournalError> {
        self.person(&os_user()).await
    }

    /// The opaque id of whoever has that name, which is entered in the erasable table.
    ///
    /// # Errors
    /// When the name cannot be entered.
    pub async fn person(&self, name: &str) -> Result<String, JournalError> {
        let id = self.keys.person(name);
        self.ledger.store_person(&id, name).await?;
        Ok(id)
    }

    /// Whom the workflow and the given inputs name, with their opaque ids.
    pub fn persons(&self, workflow: &Workflow, given: &BTreeMap<String, String>) -> Persons {
        persons_of(workflow, given).into_iter().map(|name| (name.clone(), self.keys.person(&name))).collect()
    }

    /// Writes what has queued, signs the tree, and gives the folder back.
    pub async fn close(self) {
        if let Err(error) = self.ledger.close().await {
            tracing::warn!(code = error.code(), "the last checkpoint was not signed; the next command signs it");
        }
        drop(self.lock);
    }
}

/// The longest time without an entry that a clock is believed, in milliseconds: 400 days.
const AHEAD_MS_MAX: u64 = 400 * 86_400_000;

/// Refuses a clock that was set back, or far forward: stamps, deadlines and expiries would lie. `trusted_until` is what a person
/// says of it in the settings.
// INVARIANT: inv:I4, rel:F21 a clock that cannot be trusted changes nothing.
fn check_clock(now: Timestamp, last: Timestamp, trusted_until: Option<Timestamp>) -> Result<(), OpenError> {
    if now.plus_millis(clock::BEHIND_MS_MAX) < last {
        return Err(OpenError::ClockBehind { now, last });
    }
    // A new ledger has no entry yet.
    let is_ahead = last.micros() > 0 && now > last.plus_millis(AHEAD_MS_MAX);
    if is_ahead && trusted_until.is_none_or(|until| now > until) {
        return Err(OpenError::ClockAhead { now, last });
    }
    Ok(())
}

/// The ledger's key; its origin names this installation.
fn ledger_key(keys: &Keys) -> Result<LedgerKey, OpenError> {
    let id: String =
        keys.publics().iter().map(|key| key.public.as_str()).collect::<String>().chars().take(16).collect();
    let seed = Zeroizing::new(*keys.ledger_seed());
    LedgerKey::new(&format!("countersign.local/{id}"), &seed).map_err(OpenError::LedgerKey)
}

/// What the ledger's first entries say of the keys.
async fn known_keys(store: &Store) -> Result<Vec<KeyPublic>, OpenError> {
    let mut known = Vec::new();
    for stored in store.entries_from(0, 16).await? {
        let entry: Stamped = stored.stamped()?;
        if entry.kind == Kind::Key {
            let body: KeyBody = entry.decode().map_err(OpenError::KeyEntry)?;
            known.push(KeyPublic { key: body.key, generation: body.generation, public: body.public });
        }
    }
    Ok(known)
}

/// The first entries of a new ledger: which keys it was made with.
// CRASH: one commit: a ledger that names some of the keys only could not tell a lost record from a wrong key.
async fn record_keys(
    ledger: &Ledger,
    keys: &Keys,
    verifier: &VerifierKey,
    known: &[KeyPublic],
) -> Result<(), OpenError> {
    let publics = keys.publics().iter().map(|key| (key.key.clone(), key.generation, key.public.clone()));
    let missing: Vec<KeyBody> = publics
        .chain([("ledger".to_owned(), 1, verifier.to_string())])
        .filter(|(key, generation, _)| !known.iter().any(|one| one.key == *key && one.generation == *generation))
        .map(|(key, generation, public)| KeyBody { key, generation, public })
        .collect();
    ledger.append_keys(&missing).await.map_err(OpenError::Record)
}

/// `ledger.vkey`: what an auditor needs, and should keep elsewhere.
fn write_verifier_key(folder: &Folder, key: &VerifierKey) -> Result<(), OpenError> {
    let path = folder.root().join("ledger.vkey");
    let text = format!("{key}\n");
    if file::read_text(&path, file::SMALL).is_ok_and(|there| there == text) {
        return Ok(());
    }
    std::fs::write(&path, text).map_err(|source| OpenError::VerifierKey { path, source })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test stops where something is not as it says")]
mod tests {
    use super::*;

    #[test]
    fn a_clock_may_be_corrected_and_not_set_back() {
        let last = Timestamp::from_micros(1_795_000_000_000_000);
        let said = |behind_ms: i64| check_clock(Timestamp::from_micros(last.micros() - behind_ms * 1000), last, None);
        assert!(said(-1).is_ok() && said(0).is_ok() && said(2000).is_ok());
        assert_eq!(said(2001).unwrap_err().code(), "clock.behind");
        assert!(said(-400 * 86_400_000).is_ok());
        assert_eq!(said(-401 * 86_400_000).unwrap_err().code(), "clock.ahead");
        let later = last.plus_millis(401 * 86_400_000);
        assert!(check_clock(later, last, Some(later)).is_ok(), "a person says that it is right");
        assert!(check_clock(later, last, Some(last)).is_err());
    }

    /// inv:I10: opening a folder, again and again, starts nothing and writes nothing but its own keys, once.
    #[tokio::test(flavor = "multi_thread")]
    async fn inv_i10_opening_a_folder_is_never_a_trigger() {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let installation = Installation::create(&path, "test").await.unwrap();
        let first = installation.store.counts().await.unwrap();
        assert_eq!(first.entries, 4, "its four keys");
        installation.close().await;
        for _ in 0..3 {
            let installation = Installation::open(&path, "test").await.unwrap();
            assert_eq!(installation.store.counts().await.unwrap(), first);
            installation.close().await;
        }
    }
}
