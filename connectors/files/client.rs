//! The folders themselves: where a resource lies, what lies there, and how it is swapped.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_contract::{Digest, EntryId, Refusal, RefusalClass, ResourceName, VersionId, file};
use serde::{Deserialize, Serialize};

/// The file in each delivery that says where it comes from.
pub(crate) const LABEL: &str = ".countersign.json";

/// What a delivery says of itself; public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Label {
    /// The intent that made it.
    pub(crate) entry: EntryId,
    /// SHA-256 of the public fields' canonical JSON.
    pub(crate) digest: Digest,
    /// The names of all fields, sorted.
    pub(crate) fields: Vec<String>,
    /// Which version each field of material is.
    pub(crate) versions: BTreeMap<String, VersionId>,
    /// The folder that was in place before, if one was.
    pub(crate) previous: Option<String>,
}

/// What lies at a resource's path.
#[derive(Debug)]
pub(crate) enum Lying {
    /// Nothing.
    Nothing,
    /// A delivery of ours: its folder's name, and its label.
    Delivery(String, Label),
    /// Something that we did not make.
    Foreign,
}

/// The places, and one lock for each of 64 groups of resources.
#[derive(Debug)]
pub(crate) struct Places {
    folders: BTreeMap<String, PathBuf>,
    locks: Vec<Mutex<()>>,
}

impl Places {
    pub(crate) fn new(folders: BTreeMap<String, PathBuf>) -> Self {
        Self { folders, locks: (0..64).map(|_| Mutex::default()).collect() }
    }

    pub(crate) fn folders(&self) -> &BTreeMap<String, PathBuf> {
        &self.folders
    }

    /// Keeps attempts and observations of a resource apart, so that no attempt goes on behind an observation.
    pub(crate) fn lock(&self, resource: &ResourceName) -> Option<MutexGuard<'_, ()>> {
        let mut hasher = DefaultHasher::new();
        resource.hash(&mut hasher);
        let group = usize::try_from(hasher.finish() % 64).unwrap_or_default();
        self.locks.get(group).map(|lock| lock.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The path of a resource.
    pub(crate) fn site(&self, resource: &ResourceName) -> Result<Site, Refusal> {
        let place = resource.kind();
        let folder = self.folders.get(place).ok_or_else(|| {
            refuse(RefusalClass::Permanent, "files.no_place", format!("settings name no place `{place}`"))
        })?;
        let mut segments: Vec<String> = resource.name().split('/').map(str::to_owned).collect();
        let name = segments.pop().unwrap_or_default();
        if name.starts_with('.') || segments.iter().any(|segment| segment.starts_with('.')) {
            let message = format!("`{resource}` has a hidden segment; these are the connector's own");
            return Err(refuse(RefusalClass::Permanent, "files.hidden_path", message));
        }
        Ok(Site { place: place.to_owned(), folder: folder.clone(), segments, name })
    }
}

/// The path of one resource within its place.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    place: String,
    folder: PathBuf,
    segments: Vec<String>,
    name: String,
}

impl Site {
    /// The folder that holds the link.
    pub(crate) fn parent(&self) -> PathBuf {
        self.segments.iter().fold(self.folder.clone(), |path, segment| path.join(segment))
    }

    /// The link.
    pub(crate) fn link(&self) -> PathBuf {
        self.parent().join(&self.name)
    }

    /// The name of the folder that `entry` delivers. `~` is no character of a name, so it cannot be another's.
    pub(crate) fn delivery(&self, entry: &EntryId) -> String {
        format!("{}{}", self.prefix(), entry.as_str().replace(['/', ':'], "~"))
    }

    fn prefix(&self) -> String {
        format!(".{}~", self.name)
    }

    /// Whether the place may be written to: a folder of ours that nobody else can change.
    pub(crate) fn check_place(&self) -> Result<(), Refusal> {
        let no =
            |code, what: &str| Err(refuse(RefusalClass::Permanent, code, format!("place `{}` {what}", self.place)));
        match fs::metadata(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => no("files.place_missing", "has no folder"),
            Err(error) => Err(from_io(&error, "the place")),
            Ok(found) if !found.is_dir() => no("files.place_not_a_folder", "is not a folder"),
            Ok(found) if found.uid() != nix::unistd::geteuid().as_raw() => {
                no("files.place_of_another_user", "belongs to another user")
            }
            Ok(found) if found.mode() & 0o002 != 0 => no("files.place_open_to_all", "can be written to by everybody"),
            Ok(_) => Ok(()),
        }
    }

    /// Makes the folders above the link, durably: one that is there may not be durable yet. A link among them is
    /// refused: it could lead outside.
    pub(crate) fn make_parents(&self) -> Result<(), Refusal> {
        let mut path = self.folder.clone();
        for segment in &self.segments {
            let above = path.clone();
            path.push(segment);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(self.foreign()),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    let made = fs::DirBuilder::new().mode(0o755).create(&path);
                    made.map_err(|error| from_io(&error, "a folder"))?;
                }
                Err(error) => return Err(from_io(&error, "a folder")),
            }
            sync_folder(&above).map_err(|error| from_io(&error, "a folder"))?;
        }
        Ok(())
    }

    pub(crate) fn foreign(&self) -> Refusal {
        let path: Vec<&str> = self.segments.iter().map(String::as_str).chain([self.name.as_str()]).collect();
        let message = format!("`{}` in place `{}` is there already, and not by us", path.join("/"), self.place);
        refuse(RefusalClass::Conflict, "files.occupied", message)
    }

    /// What lies there. No link above the resource's own is followed.
    pub(crate) fn look(&self) -> io::Result<Lying> {
        let mut path = self.folder.clone();
        for segment in &self.segments {
            path.push(segment);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Ok(Lying::Foreign),
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lying::Nothing),
                Err(error) => return Err(error),
            }
        }
        match fs::symlink_metadata(self.link()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Lying::Nothing),
            Err(error) => return Err(error),
            Ok(found) if !found.is_symlink() => return Ok(Lying::Foreign),
            Ok(_) => {}
        }
        let target = fs::read_link(self.link())?;
        let ours = target.to_str().filter(|target| target.starts_with(&self.prefix()) && !target.contains('/'));
        let Some(name) = ours else { return Ok(Lying::Foreign) };
        match self.label(name)? {
            Some(label) => Ok(Lying::Delivery(name.to_owned(), label)),
            None => Ok(Lying::Foreign),
        }
    }

    /// The label of a delivery's folder; none where it is not one.
    fn label(&self, delivery: &str) -> io::Result<Option<Label>> {
        let path = self.parent().join(delivery);
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
            return Ok(None);
        }
        match file::read(&path.join(LABEL), file::SMALL) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(io::Error::other),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// True when that earlier delivery is still kept.
    pub(crate) fn keeps(&self, delivery: &str) -> bool {
        delivery.starts_with(&self.prefix()) && matches!(self.label(delivery), Ok(Some(_)))
    }

    /// An empty folder for a delivery; what a crashed attempt of the same entry left there is gone.
    pub(crate) fn stage(&self, delivery: &str) -> io::Result<PathBuf> {
        let path = self.parent().join(delivery);
        match fs::remove_dir_all(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        fs::DirBuilder::new().mode(0o755).create(&path)?;
        Ok(path)
    }

    /// Prepares the link to a delivery beside the one in place: one rename away from being it.
    pub(crate) fn stage_link(&self, delivery: &str) -> io::Result<PathBuf> {
        let staged = self.parent().join(format!("{}link", self.prefix()));
        match fs::remove_file(&staged) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        symlink(delivery, &staged)?;
        Ok(staged)
    }

    /// Removes every delivery of this path but the one named. What cannot be removed now is removed the next time.
    pub(crate) fn sweep(&self, keep: Option<&str>) {
        let prefix = self.prefix();
        let Ok(entries) = fs::read_dir(self.parent()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && name.starts_with(&prefix) && keep != Some(name) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Writes one file of a new folder, durably.
pub(crate) fn write_file(folder: &Path, name: &str, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(folder.join(name))?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

pub(crate) fn refuse(class: RefusalClass, code: &str, message: String) -> Refusal {
    Refusal { class, code: code.to_owned(), message }
}

/// A fault of the file system before anything was changed. The message holds no path of the machine.
pub(crate) fn from_io(error: &io::Error, what: &str) -> Refusal {
    let (class, code) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            (RefusalClass::Transient, "files.disk_full")
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            (RefusalClass::PermissionDenied, "files.not_writable")
        }
        _ => (RefusalClass::Transient, "files.io"),
    };
    refuse(class, code, format!("{what} could not be written: {}", error.kind()))
}
