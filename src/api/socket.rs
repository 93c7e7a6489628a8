//! `control.sock` in the data folder: only its owner may speak there, and the kernel says who does.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::net::UnixListener;
use tokio::net::unix::UCred;
use tokio::sync::watch;

use super::router;
use crate::folder::Folder;
use crate::installation::user_of;
use crate::serve::Handle;

/// Why there is no socket.
#[derive(Debug, thiserror::Error)]
pub enum SocketError {
    /// Something stands there that is not ours to take away.
    #[error("`{}` is {what}", path.display())]
    Taken {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// It could not be made.
    #[error("`{}` could not be made", path.display())]
    Make {
        /// Where.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl SocketError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Taken { .. } => "socket.taken",
            Self::Make { .. } => "socket.make",
        }
    }
}

/// Where the socket of a folder is.
pub fn path_of(folder: &Folder) -> PathBuf {
    folder.root().join("control.sock")
}

/// Who speaks, as the kernel says.
#[derive(Debug, Clone)]
pub(super) struct Caller(Option<UCred>);

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        Self(stream.io().peer_cred().ok())
    }
}

impl Caller {
    /// The name of the user who speaks; `None` of one who does not own the folder, as this process does, and is not root.
    // INVARIANT: inv:I4 whoever cannot be told apart from a stranger is one.
    pub(super) fn name(&self) -> Option<String> {
        let own = nix::unistd::geteuid();
        let uid = nix::unistd::Uid::from_raw(self.0.as_ref()?.uid());
        (uid == own || uid.is_root()).then(|| user_of(uid))
    }
}

/// The folder's socket, which listens until it is dropped.
pub struct Socket {
    path: PathBuf,
    listener: UnixListener,
}

impl Socket {
    /// Makes the socket. The folder's lock says that nobody serves here: one that is there is left over.
    ///
    /// # Errors
    /// When something else stands there, or it cannot be made.
    pub fn bind(folder: &Folder) -> Result<Self, SocketError> {
        let path = path_of(folder);
        let failed = |source| SocketError::Make { path: path_of(folder), source };
        match fs::symlink_metadata(&path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(SocketError::Taken { path, what: "no socket; take it away" });
            }
            Ok(there) if there.uid() != nix::unistd::geteuid().as_raw() => {
                return Err(SocketError::Taken { path, what: "a socket of another user; take it away" });
            }
            Ok(_) => fs::remove_file(&path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        // WHY: the folder itself is open to its owner alone, so that nobody slips in before this.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { path, listener })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Answers until `stop` turns true and what was asked before is answered.
    pub async fn answer(self, handle: Handle, mut stop: watch::Receiver<bool>) {
        let Self { path, listener } = self;
        let app = router(handle).into_make_service_with_connect_info::<Caller>();
        let asked = async move { drop(stop.wait_for(|stop| *stop).await) };
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(asked).await {
            tracing::warn!(reason = %error, "the socket does not answer any more");
        }
        // WHY: one that is left over is taken away by the next process that serves.
        let _ = fs::remove_file(path);
    }
}
