//! What of a set could not be read, why, and the page of each reason.

use std::path::Path;

use countersign_kernel::diagnostic::Diagnostic;
use countersign_kernel::page::Page;

use super::FileKind;

/// A file or folder of a set that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// As it was named.
    pub path: String,
    /// Why.
    pub why: ReadSetError,
}

/// Why a folder or file was not read; what it is about stands before it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadSetError {
    /// The operating system refused, in its own words.
    #[error("cannot be read: {0}")]
    Read(String),
    /// A link that leads out of the folder.
    #[error("is a link that leads out of the folder")]
    LeadsOut,
    /// A link that leads to a folder that it is in.
    #[error("is a link to a folder that it is in")]
    Loop,
    /// A pipe, a socket or a device.
    #[error("is a pipe, a socket or a device")]
    NoFile,
    /// Somebody wrote to the file meanwhile.
    #[error("changed while it was read")]
    Changed,
    /// More than a set may have.
    #[error("is more than the 10,000 files, or 64 MiB of them, that a set may have")]
    TooMuch,
    /// Nothing to read.
    #[error("holds no workflow (`*.yaml`) and no policy (`*.cedar`)")]
    Empty,
    /// Neither a workflow nor a policy by its name.
    #[error("is neither a workflow (`*.yaml`) nor a policy (`*.cedar`)")]
    OtherKind,
}

impl ReadSetError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read(_) => "set.unreadable",
            Self::LeadsOut => "set.link_leads_out",
            Self::Loop => "set.link_loops",
            Self::NoFile => "set.no_file",
            Self::Changed => "set.changed",
            Self::TooMuch => "set.too_much",
            Self::Empty => "set.empty",
            Self::OtherKind => "set.other_kind",
        }
    }

    /// What to do.
    const fn help(&self) -> &'static str {
        match self {
            Self::Read(_) => "name a path that is there, and that you may read",
            Self::LeadsOut => "copy what it leads to into the folder",
            Self::Loop => "remove the link",
            Self::NoFile => "write its text to a file",
            Self::Changed => "run the command again when the file is saved",
            Self::TooMuch | Self::Empty => "name the folder that holds the workflows",
            Self::OtherKind => "rename it, or name another file",
        }
    }
}

impl Unread {
    /// What is told of it: it has no text, and so no other place than its beginning.
    pub fn to_diagnostic(&self) -> Diagnostic {
        let path = self.path.replace(|c: char| c.is_control(), "\u{fffd}");
        let found = Diagnostic::error(self.why.code(), &self.path, "", 0..0);
        found.message(format!("`{path}` {}", self.why)).help(self.why.help())
    }

    /// True where a workflow of the set may be missing for it.
    pub fn may_be_workflows(&self) -> bool {
        let is_there = matches!(self.why, ReadSetError::Loop | ReadSetError::Empty | ReadSetError::OtherKind);
        // WHY: what has no such name may be a folder.
        !is_there && matches!(FileKind::of(Path::new(&self.path), &self.path), None | Some(FileKind::Workflow))
    }
}

/// The page of each code.
pub const PAGES: &[Page] = &[
    Page::told(
        "set.unreadable",
        "A file or folder cannot be read.",
        "What cannot be read cannot be checked, and the rest alone could mean something else: it is checked all the same, and \
         not activated. Name a path that is there, and give yourself the right to read it.",
        "`countersign lint workflow`, where the folder is named `workflows`",
        "`countersign lint workflows`",
    ),
    Page::told(
        "set.link_leads_out",
        "A link leads out of the folder.",
        "A folder is reviewed and activated as a whole; what lies elsewhere changes without it. Copy the file into the \
         folder.",
        "`workflows/rotate.yaml`, a link to `/home/dana/rotate.yaml`",
        "`workflows/rotate.yaml`, a file",
    ),
    Page::told(
        "set.link_loops",
        "A link leads to a folder that it is in.",
        "Reading would never end. Remove the link.",
        "`workflows/all`, a link to `workflows`",
        "`workflows` without the link",
    ),
    Page::told(
        "set.no_file",
        "Something with the name of a workflow or a policy is a pipe, a socket or a device.",
        "Its text would be another one each time that it is read. Write the text to a file.",
        "`countersign lint rotate.yaml`, where `rotate.yaml` was made by `mkfifo`",
        "`countersign lint rotate.yaml`, where `rotate.yaml` is a file",
    ),
    Page::told(
        "set.changed",
        "A file changed while it was read.",
        "Half of the old text and half of the new one are a text that nobody wrote. Run the command again when the file is \
         saved.",
        "a file that an editor, or a checkout, is still writing",
        "the same file a moment later",
    ),
    Page::told(
        "set.too_much",
        "The folder holds more than 10,000 workflow and policy files, or more than 64 MiB of them.",
        "Mostly the wrong folder was named. Name the folder that holds the workflows.",
        "`countersign lint /`",
        "`countersign lint workflows`",
    ),
    Page::told(
        "set.empty",
        "The folder holds no workflow and no policy.",
        "Mostly the wrong folder was named: a check of nothing would pass. Workflows end in `.yaml` or `.yml`, policies in \
         `.cedar`; names that begin with a dot are not read.",
        "`countersign lint docs`",
        "`countersign lint workflows`",
    ),
    Page::told(
        "set.other_kind",
        "The file is neither a workflow nor a policy by its name.",
        "Workflows end in `.yaml` or `.yml`, policies in `.cedar`. Rename the file, or name another one.",
        "`countersign lint rotate.txt`",
        "`countersign lint rotate.yaml`",
    ),
];
