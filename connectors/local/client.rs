//! The directory itself: one JSON file per object, replaced atomically, never holding material.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_contract::{Applied, Digest, EntryId, ResourceName, Timestamp, VersionId, file};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The largest object that is read, in bytes.
const OBJECT_MAX: u64 = 16 << 20;

/// One object of the directory, with the entries that changed it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object<T> {
    /// False after its deletion: then only the log is left.
    pub(crate) exists: bool,
    /// The entry that created it.
    pub(crate) created_by: Option<EntryId>,
    /// The entry that removed it for good: its name is not given again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) removed_by: Option<EntryId>,
    /// What it is.
    pub(crate) state: T,
    /// The last changes, oldest first.
    pub(crate) log: Vec<Logged>,
}

/// One change, by the entry that asked for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Logged {
    pub(crate) entry: EntryId,
    pub(crate) applied: Applied,
}

/// A service account, or a role: what is kept of both is the same.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Account {
    pub(crate) attributes: BTreeMap<String, Value>,
    /// Oldest first.
    pub(crate) keys: Vec<Key>,
}

/// A key of an account, or the password of one of a role's users: what tells that a presented key is it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) version: VersionId,
    /// SHA-256 of the key. No salt, no stretching: the key has 128 bits or more. Of a key pair it is that of the public
    /// key's `SubjectPublicKeyInfo`, as DER.
    pub(crate) verifier: Digest,
    /// The public half, as it is published (RFC 7517); of a key pair only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jwk: Option<Value>,
    pub(crate) enabled: bool,
    pub(crate) staged_by: EntryId,
    pub(crate) staged_at: Timestamp,
}

/// The certificates of a subject.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Certificates {
    /// Oldest first; the last is the one in use.
    pub(crate) issued: Vec<Issued>,
    /// Those that are valid no more, oldest first; each stays until it would have ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revoked: Vec<Revoked>,
    /// The list that was signed when the last of them was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) list: Option<RevocationList>,
}

/// One revoked certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoked {
    pub(crate) serial: String,
    pub(crate) issuer: ResourceName,
    /// One of the words of the manifest.
    pub(crate) reason: String,
    pub(crate) at: Timestamp,
    /// When it would have ended.
    pub(crate) not_after: Timestamp,
}

/// A list of all that an authority had revoked at some time (RFC 5280 section 5). The newest has the highest number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevocationList {
    pub(crate) issuer: ResourceName,
    pub(crate) number: u64,
    /// PEM.
    pub(crate) crl: String,
}

/// One certificate.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issued {
    pub(crate) entry: EntryId,
    pub(crate) version: Option<VersionId>,
    /// Who signed; none for a root.
    pub(crate) issuer: Option<ResourceName>,
    pub(crate) serial: String,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// SHA-256 of the DER bytes.
    pub(crate) sha256: Digest,
    pub(crate) names: Vec<String>,
    /// PEM.
    pub(crate) certificate: String,
    /// PEM: this one first, then the intermediates; no root, unless it is one.
    pub(crate) chain: String,
}

impl<T> Object<T> {
    /// What the entry did here, if it did.
    pub(crate) fn applied(&self, entry: &EntryId) -> Option<&Applied> {
        self.log.iter().find(|logged| logged.entry == *entry).map(|logged| &logged.applied)
    }

    /// Logs a change; of older ones so many are kept.
    pub(crate) fn log(&mut self, entry: &EntryId, applied: Applied, keep: usize) {
        self.log.push(Logged { entry: entry.clone(), applied });
        let surplus = self.log.len().saturating_sub(keep);
        self.log.drain(..surplus);
    }
}

/// An object that cannot be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The connector has no such kind, or the name is not one of the directory.
    Name,
    /// The file is not what we write.
    Corrupt,
    /// The file system's fault.
    Io(ErrorKind),
}

/// The folder of an instance, and one lock for each of 64 groups of objects.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
    locks: Vec<Mutex<()>>,
    /// The folders that are known to be there durably.
    made: Mutex<BTreeSet<PathBuf>>,
    /// Held while a list of revoked certificates is made, so that each knows those before it.
    listing: Mutex<()>,
}

impl Directory {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self {
            root,
            locks: (0..64).map(|_| Mutex::default()).collect(),
            made: Mutex::default(),
            listing: Mutex::default(),
        }
    }

    /// Keeps attempts and observations of an object apart, so that no attempt goes on behind an observation.
    pub(crate) fn lock(&self, resource: &ResourceName) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        resource.hash(&mut hasher);
        let group = usize::try_from(hasher.finish() % 64).unwrap_or_default();
        self.locks.get(group).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The folder of a kind.
    pub(crate) fn folder(&self, kind: &str) -> Option<PathBuf> {
        let folder = match kind {
            "account" => "accounts",
            "role" => "roles",
            "webhook" => "webhooks",
            "jwks" => "jwks",
            "certificate" => "certificates",
            "ca" => "ca",
            _ => return None,
        };
        Some(self.root.join(folder))
    }

    /// The file of an object. A name of several segments is none of the directory's.
    fn path(&self, resource: &ResourceName) -> Option<PathBuf> {
        let name = resource.name();
        let folder = self.folder(resource.kind())?;
        (!name.contains('/')).then(|| folder.join(format!("{name}.json")))
    }

    /// Reads an object; one that is not there is none.
    pub(crate) fn load<T: DeserializeOwned>(&self, resource: &ResourceName) -> Result<Option<Object<T>>, Unread> {
        let path = self.path(resource).ok_or(Unread::Name)?;
        match file::read(&path, OBJECT_MAX) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| Unread::Corrupt),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Unread::Io(error.kind())),
        }
    }

    /// Writes the new object beside the old one, durably; [`Staged::replace`] puts it in place.
    pub(crate) fn stage<T: Serialize>(&self, resource: &ResourceName, object: &Object<T>) -> io::Result<Staged> {
        let path = self.path(resource).ok_or(ErrorKind::InvalidFilename)?;
        let folder = self.folder(resource.kind()).ok_or(ErrorKind::InvalidFilename)?;
        self.make_folder(&folder)?;
        let staged = Staged { temporary: path.with_added_extension("tmp"), path, folder };
        let bytes = serde_json::to_vec_pretty(object).map_err(io::Error::other)?;
        write_durably(&staged.temporary, &bytes)?;
        Ok(staged)
    }

    /// Makes a kind's folder, durably. A folder that is there may not be durable yet: an earlier process may have
    /// ended between the two.
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.contains(folder) && folder.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        sync_folder(&self.root)?;
        sync_folder(self.root.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")))?;
        made.insert(folder.to_owned());
        Ok(())
    }

    /// Keeps the makers of revocation lists apart.
    pub(crate) fn listing(&self) -> MutexGuard<'_, ()> {
        self.listing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What of the authority is revoked, and its newest list.
    pub(crate) fn revocations(&self, issuer: &ResourceName) -> Result<(Vec<Revoked>, Option<RevocationList>), Unread> {
        let (mut revoked, mut newest) = (Vec::new(), None::<RevocationList>);
        for name in self.names("certificate").map_err(|error| Unread::Io(error.kind()))? {
            let Ok(resource) = format!("local/certificate/{name}").parse::<ResourceName>() else { continue };
            let Some(object) = self.load::<Certificates>(&resource)? else { continue };
            revoked.extend(object.state.revoked.into_iter().filter(|one| one.issuer == *issuer));
            let list = object.state.list.filter(|list| list.issuer == *issuer);
            newest = newest.into_iter().chain(list).max_by_key(|list| list.number);
        }
        Ok((revoked, newest))
    }

    /// The names of a kind's objects, sorted; deleted ones too.
    pub(crate) fn names(&self, kind: &str) -> io::Result<Vec<String>> {
        let Some(folder) = self.folder(kind) else { return Ok(Vec::new()) };
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(".json")).map(str::to_owned));
        }
        names.sort();
        Ok(names)
    }

    /// When the endpoint last saw each version's key.
    pub(crate) fn seen(&self, of: &ResourceName) -> BTreeMap<VersionId, Timestamp> {
        let seen = file::read(&self.seen_path(of), file::SMALL).ok();
        seen.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Notes that the endpoint saw a version's key. Not synced: what a crash forgets is seen again at the next call.
    pub(crate) fn note_seen(&self, of: &ResourceName, version: &VersionId, at: Timestamp) -> io::Result<()> {
        let mut seen = self.seen(of);
        seen.insert(version.clone(), at);
        let path = self.seen_path(of);
        DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(&self.root))?;
        let temporary = path.with_added_extension("tmp");
        fs::write(&temporary, serde_json::to_vec(&seen).map_err(io::Error::other)?)?;
        fs::rename(temporary, path)
    }

    fn seen_path(&self, of: &ResourceName) -> PathBuf {
        let folder = if of.kind() == "account" { "seen" } else { "seen-roles" };
        self.root.join(folder).join(format!("{}.json", of.name()))
    }
}

/// A new object, written and one rename away from being in place. Dropping it removes it.
#[derive(Debug)]
pub(crate) struct Staged {
    temporary: PathBuf,
    path: PathBuf,
    folder: PathBuf,
}

impl Staged {
    /// Puts the new object in the place of the old one, durably.
    ///
    /// # Errors
    /// Then it is not known which of the two is in place: a rename that failed may still have reached the disk.
    pub(crate) fn replace(self) -> io::Result<()> {
        fs::rename(&self.temporary, &self.path)?;
        sync_folder(&self.folder)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.temporary);
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path);
    }
    written
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}
