//! A look at a folder that changes nothing of it, not even the time of a file: who holds its lock, how much room is left, how
//! fast its disk says that something is durable.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Folder, FolderError, Holder, LOCK};

/// How long the disk is asked.
const ASKED: Duration = Duration::from_millis(60);

/// Who holds a folder's lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// Nobody.
    Free,
    /// A process that is there; who it is where that can be read.
    By(Option<Holder>),
    /// Nobody any more: that process ended without letting go of it, as a killed one does.
    LeftBy(Holder),
}

impl Folder {
    /// Who holds the lock. It is not taken, not even for a moment.
    ///
    /// # Errors
    /// When the lock's file cannot be read.
    pub fn held(&self) -> Result<Held, FolderError> {
        let path = self.root().join(LOCK);
        let about = match path.metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Held::Free),
            Err(error) => return Err(FolderError::io("look at", &path)(error)),
        };
        let text = std::fs::read_to_string(&path).map_err(FolderError::io("read", &path))?;
        let holder: Option<Holder> = serde_json::from_str(&text).ok();
        let is_held = match std::fs::read_to_string("/proc/locks") {
            Ok(locks) => is_locked(&locks, about.ino()),
            Err(_) => holder.as_ref().is_some_and(|holder| is_there(holder.pid)),
        };
        Ok(match holder {
            holder if is_held => Held::By(holder),
            Some(holder) => Held::LeftBy(holder),
            None => Held::Free,
        })
    }

    /// How many bytes this user can still write on the folder's file system.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn free_bytes(&self) -> Result<u64, FolderError> {
        let about = nix::sys::statvfs::statvfs(self.root());
        let about = about.map_err(io::Error::from).map_err(FolderError::io("ask for the room on", self.root()))?;
        Ok(about.blocks_available().saturating_mul(about.fragment_size()))
    }
}

/// Whether the kernel's list of locks has one on the file of that number.
fn is_locked(locks: &str, inode: u64) -> bool {
    let of_file = format!(":{inode}");
    locks
        .lines()
        .filter(|line| line.contains("FLOCK"))
        .any(|line| line.split_whitespace().any(|word| word.ends_with(&of_file)))
}

fn is_there(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_ok())
}

/// How often a second the file system of a folder says that a written block is durable; `None` where it has no nameless files.
// WHY: a nameless file is in no folder, and goes with its descriptor: the folder stays as it is, whatever happens.
pub fn fsyncs_per_second(folder: &Path) -> Option<f64> {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600).custom_flags(nix::fcntl::OFlag::O_TMPFILE.bits());
    let mut file = options.open(folder).ok()?;
    let began = Instant::now();
    let mut times = 0_u32;
    while began.elapsed() < ASKED {
        file.write_all(&[0; 4096]).ok()?;
        file.sync_data().ok()?;
        times += 1;
    }
    Some(f64::from(times) / began.elapsed().as_secs_f64())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use countersign_warrant::Timestamp;

    use super::*;

    #[test]
    fn a_lock_is_seen_and_not_taken() {
        let temporary = tempfile::tempdir().unwrap();
        let (folder, lock) = Folder::create(&temporary.path().join("data"), "run", Timestamp::from_micros(0)).unwrap();
        let Held::By(Some(holder)) = folder.held().unwrap() else { panic!("{:?}", folder.held()) };
        assert_eq!((holder.pid, holder.command.as_str()), (std::process::id(), "run"));
        drop(lock);
        assert_eq!(folder.held().unwrap(), Held::Free);
        let text = serde_json::to_string(&Holder { pid: 1, ..holder }).unwrap();
        std::fs::write(folder.root().join(LOCK), text).unwrap();
        assert!(matches!(folder.held().unwrap(), Held::LeftBy(Holder { pid: 1, .. })));
    }

    #[test]
    fn the_kernels_list_is_read_by_the_number_of_the_file() {
        let locks = "1: FLOCK  ADVISORY  WRITE 812 00:31:9817 0 EOF\n2: POSIX  ADVISORY  READ 9 00:31:55 128 128\n";
        assert_eq!([9817, 817, 55].map(|inode| is_locked(locks, inode)), [true, false, false]);
    }

    #[test]
    fn a_disk_is_asked_without_a_trace() {
        let temporary = tempfile::tempdir().unwrap();
        if let Some(rate) = fsyncs_per_second(temporary.path()) {
            assert!(rate > 0.0);
        }
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 0);
    }
}
