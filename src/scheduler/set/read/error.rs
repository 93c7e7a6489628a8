//! Why a set cannot be read, and the page of each reason.

use std::path::PathBuf;

use countersign_kernel::page::Page;

/// A folder or file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadSetError {
    /// The operating system refused.
    #[error("`{}` cannot be read", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A link that leads out of the folder.
    #[error("`{}` is a link that leads out of the folder", path.display())]
    LeadsOut {
        /// The link.
        path: PathBuf,
    },
    /// A link that leads to a folder that it is in.
    #[error("`{}` is a link to a folder that it is in", path.display())]
    Loop {
        /// The link.
        path: PathBuf,
    },
    /// A pipe, a socket or a device.
    #[error("`{}` is a pipe, a socket or a device", path.display())]
    NoFile {
        /// The path.
        path: PathBuf,
    },
    /// Somebody wrote to the file meanwhile.
    #[error("`{}` changed while it was read", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// More than a set may have.
    #[error("more than 10,000 files, or 64 MiB of them, up to `{}`", path.display())]
    TooMuch {
        /// The file that was not read any more.
        path: PathBuf,
    },
    /// Nothing to read.
    #[error("`{}` holds no workflow (`*.yaml`) and no policy (`*.cedar`)", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// Neither a workflow nor a policy by its name.
    #[error("`{}` is neither a workflow (`*.yaml`) nor a policy (`*.cedar`)", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
    },
}

impl ReadSetError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "set.unreadable",
            Self::LeadsOut { .. } => "set.link_leads_out",
            Self::Loop { .. } => "set.link_loops",
            Self::NoFile { .. } => "set.no_file",
            Self::Changed { .. } => "set.changed",
            Self::TooMuch { .. } => "set.too_much",
            Self::Empty { .. } => "set.empty",
            Self::OtherKind { .. } => "set.other_kind",
        }
    }
}

/// The page of each code.
pub const PAGES: &[Page] = &[
    Page::told(
        "set.unreadable",
        "A file or folder cannot be read.",
        "What cannot be read cannot be checked, and the rest alone could mean something else. Name a path that is there, \
         and give yourself the right to read it.",
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
