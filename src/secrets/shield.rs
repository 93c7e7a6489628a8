//! Keeps this process's memory out of files and out of other processes' reach.

/// The system refused to shield this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system refused to {doing}")]
pub struct ShieldError {
    doing: &'static str,
    #[source]
    source: nix::Error,
}

impl ShieldError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        "secrets.shield"
    }
}

/// No core file of this process is written, and on Linux no other process of the same user can read its memory or
/// environment, or trace it. To be called before the first key is read; it holds until the process ends.
///
/// # Errors
/// When the system refuses: then no key is to be read.
pub fn shield() -> Result<(), ShieldError> {
    use nix::sys::resource::{Resource, setrlimit};
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|source| ShieldError { doing: "forbid core files", source })?;
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_dumpable(false)
        .map_err(|source| ShieldError { doing: "close the memory to other processes", source })?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    #[test]
    fn a_shielded_process_leaves_no_core() {
        use nix::sys::resource::{Resource, getrlimit};
        super::shield().unwrap();
        assert_eq!(getrlimit(Resource::RLIMIT_CORE).unwrap(), (0, 0));
        #[cfg(target_os = "linux")]
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}
